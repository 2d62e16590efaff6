"""T08: what a firm's banks paid and what customs saw drift apart, month by month.

Published (KCS 2026-01-13): firms with USD 50m of trade a year whose unreceived or unpaid part grew against both
baselines. Scaled down to a gap of USD 0.2m to 2m within the stream, which a firm of usual size shows.

template: six weeks of import payments of which the declarations name 45 to 60 %. slow: five months (100 days at least),
70 to 80 %. adversarial: 110 days, both directions, every document short by 8 to 18 % only and split over three
partners, between trades that match in full.

An investigator should find: the ledger by month, the gap in USD and per cent, both baselines, the top unmatched items,
the rank among peers. Illicit value: the gap. It is a sum over months: there is no due event.
"""

from streams.generator.calendar import HOUR_MS
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import CustomsEntry, Order, Scenario


def _overpaid(stage: Stage, days: int, trades: tuple[int, int], covered: tuple[float, float]) -> None:
    begin, draw = stage.window(days), stage.draw
    firm, gap = stage.companies(1, "importer")[0], 0.0
    for at_ms in stage.office_times(begin, days, stage.count(*trades)):
        partner, usd = draw.pick(firm.counterparties), stage.size(120_000, 480_000)
        declared_usd = usd * draw.uniform(*covered)
        gap += usd - declared_usd
        number = stage.declare(CustomsEntry(firm, partner, at_ms - 2 * HOUR_MS, "import", declared_usd, due_days=60))
        more = stage.declared(firm, number, partner)
        stage.pay(Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more))
    stage.finish(illicit_usd=gap)


def _template(stage: Stage) -> None:
    _overpaid(stage, 42, (8, 11), (0.45, 0.6))


def _slow(stage: Stage) -> None:
    _overpaid(stage, stage.days_up_to(150, 100), (12, 16), (0.7, 0.8))


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(110), stage.draw
    firm, gap = stage.companies(1, "exporter", "importer")[0], 0.0
    for number, at_ms in enumerate(stage.office_times(begin, 110, 3 * stage.count(4, 6))):
        partner, usd = firm.counterparties[number % 3 % len(firm.counterparties)], stage.size(100_000, 400_000)
        if number % 3 == 0:
            stage.honest_trade(firm, at_ms, usd)
            continue
        short, outward = draw.uniform(0.08, 0.18), number % 3 == 1
        gap += usd * short
        # value leaves both ways: paid more than was declared, received less
        declared_usd, paid_usd = (usd * (1 - short), usd) if outward else (usd, usd * (1 - short))
        kind, direction = ("import", "out") if outward else ("export", "in")
        entry = CustomsEntry(
            firm, partner, at_ms - 2 * HOUR_MS, "import" if outward else "export", declared_usd, due_days=60
        )
        more = stage.declared(firm, stage.declare(entry), partner)
        stage.pay(Order(firm, partner, at_ms, paid_usd, kind, direction, stage.papers(), more=more))
    stage.finish(illicit_usd=gap)


SCENARIO = Scenario(
    "T08",
    ("amount_own", "amount_corridor", "week_sum"),
    56,
    _template,
    _slow,
    _adversarial,
    beside=("T06", "T07", "T09"),
)
