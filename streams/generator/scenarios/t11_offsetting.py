"""T11: receivables and payables are set off against each other and only the difference moves, without a report.

No published count; the lines are the definitions' (residual within 3 %, gross at least three times what is paid). Cases
here are a firm's two to six declarations each way of USD 60,000 to 300,000 with one foreign group.

template: within a month imports and exports with one partner, one settlement of the difference within 2 %. slow: three
such rounds over three months. adversarial: two names of one group that share an account, the difference paid in two
parts and rounded up by 4 to 9 % of "fees", a third of the items paid honestly in gross.

An investigator should find: gross both ways, the net, the missing legs, the missing report. Illicit value: what was
declared and never paid.
"""

from dataclasses import replace

from streams.generator.population import Counterparty, Resident
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import CustomsEntry, Order, Scenario


def _round(stage: Stage, firm: Resident, names: list[Counterparty], begin: int, days: int) -> tuple[float, float]:
    """Declarations both ways in the window's first part; returns (imports, exports) in USD."""
    draw, sums = stage.draw, {"import": 0.0, "export": 0.0}
    usd = stage.size(80_000, 260_000)
    for number, at_ms in enumerate(stage.office_times(begin, days, 2 * stage.count(1, 2))):
        # exports lag behind, so that a difference remains to be paid
        kind, part = ("import", 1.0) if number % 2 == 0 else ("export", draw.uniform(0.62, 0.72))
        worth = usd * part * draw.uniform(0.95, 1.05)
        sums[kind] += worth
        entry = CustomsEntry(firm, names[number % len(names)], at_ms, "import" if kind == "import" else "export", worth)
        entry.due_days = 60
        stage.declare(entry)
    return sums["import"], sums["export"]


def _settle(stage: Stage, firm: Resident, partner: Counterparty, day: int, usd: float) -> str:
    at_ms = stage.office_times(day, 4, 1)[0]
    more = stage.on_terms(firm, partner)
    return stage.pay(Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more))


def _template(stage: Stage) -> None:
    begin = stage.window(29)
    firm = stage.firm("importer", "exporter")
    partner = stage.foreign(firm)
    imports, exports = _round(stage, firm, [partner], begin, 20)
    net = (imports - exports) * stage.draw.uniform(0.98, 1.02)
    due = _settle(stage, firm, partner, begin + 22, net)
    stage.finish(due=due, illicit_usd=imports + exports - net)


def _slow(stage: Stage) -> None:
    begin = stage.window(92)
    firm, unpaid, due = stage.firm("importer", "exporter"), 0.0, None
    partner = stage.foreign(firm)
    for start in (begin, begin + 30, begin + 60):
        imports, exports = _round(stage, firm, [partner], start, 22)
        net = (imports - exports) * stage.draw.uniform(0.98, 1.02)
        due = _settle(stage, firm, partner, start + 24, net)
        unpaid += imports + exports - net
    stage.finish(due=due, illicit_usd=unpaid)


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(65), stage.draw
    firm = stage.firm("importer", "exporter")
    one = stage.foreign(firm)
    names = [one, replace(stage.foreign(firm, country=one.country, currency=one.currency), account=one.account)]
    unpaid = 0.0
    for start in (begin, begin + 30):
        imports, exports = _round(stage, firm, names, start, 22)
        net = (imports - exports) * draw.uniform(1.04, 1.09)
        _settle(stage, firm, names[0], start + 22, net * 0.55)
        _settle(stage, firm, names[1], start + 27, net * 0.45)
        unpaid += imports + exports - net
        stage.honest_trade(firm, stage.office_times(start, 28, 1)[0], stage.size(60_000, 200_000))
    stage.finish(illicit_usd=unpaid)


SCENARIO = Scenario(
    "T11",
    ("amount_own", "counterparty_novelty", "cadence", "week_sum"),
    32,
    _template,
    _slow,
    _adversarial,
    beside=("T06", "T07", "T08"),
)
