"""T09: goods declared at a price nobody else pays, and paid at it, so that value leaves with the invoice.

No published scale; the definitions give it: a robust z of 4 and USD 50,000 an item. Honest unit values here lie within
15 % of the good's, so four times the usual is beyond doubt and twice it is not.

template: three or four imports in three weeks at five to nine times the usual unit value. slow: five to seven over
three months at 2.6 to 3.6 times. adversarial: six to nine over three months at 1.35 to 1.8 times in three different
goods, between imports of the same goods at the usual price: as honest prices lie so close together, many items still
pass a robust z of 4, but few also the USD 50,000 an item.

An investigator should find: unit value, median and quantiles of its HS code, sample size, direction, the estimated
excess. Illicit value: what was paid beyond the usual price.
"""

from streams.generator.calendar import HOUR_MS
from streams.generator.population import GOODS
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import CustomsEntry, Order, Scenario


def _dear(stage: Stage, days: int, items: tuple[int, int], price: tuple[float, float]) -> None:
    begin, draw = stage.window(days), stage.draw
    firm, excess, due = stage.firm("importer", "trader"), 0.0, None
    partner = firm.counterparties[0]
    goods = (partner.hs_code, partner.unit, partner.unit_usd) if partner.hs_code else draw.pick(GOODS)
    for at_ms in stage.office_times(begin, days, stage.count(*items)):
        usd, times = stage.size(90_000, 350_000), draw.uniform(*price)
        excess += usd * (1 - 1 / times)
        entry = CustomsEntry(firm, partner, at_ms - 2 * HOUR_MS, "import", usd, times, goods, due_days=60)
        more = {**stage.declared(firm, stage.declare(entry), partner), "hs_code": goods[0]}
        due = due or stage.events[-1][1]
        stage.pay(Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more))
    stage.finish(due=due, illicit_usd=excess)


def _template(stage: Stage) -> None:
    _dear(stage, 21, (3, 4), (5.0, 9.0))


def _slow(stage: Stage) -> None:
    _dear(stage, 90, (5, 7), (2.6, 3.6))


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(90), stage.draw
    firm, excess = stage.firm("importer", "trader"), 0.0
    partners = [stage.foreign(firm) for _ in range(3)]
    for number, at_ms in enumerate(stage.office_times(begin, 90, 2 * stage.count(6, 9))):
        partner, usd, hidden = partners[number // 2 % 3], stage.size(60_000, 200_000), number % 2 == 0
        times = draw.uniform(1.35, 1.8) if hidden else 1.0
        entry = CustomsEntry(firm, partner, at_ms - 2 * HOUR_MS, "import", usd, times, due_days=60)
        more = stage.declared(firm, stage.declare(entry, cover=not hidden), partner)
        order = Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more)
        if hidden:
            excess += usd * (1 - 1 / times)
            stage.pay(order)
        else:
            stage.cover(order)
    stage.finish(illicit_usd=excess)


SCENARIO = Scenario(
    "T09",
    ("amount_own", "amount_corridor", "week_sum"),
    54,
    _template,
    _slow,
    _adversarial,
    beside=("T08",),
)
