"""T18: goods or a route that do not go with the firm's line of business; an operator beyond its registration.

Published: the supervisor speaks of unrelated business lines among the firms of 2022; the definitions give an unseen HS
chapter and USD 100,000, and for operators a volume four standard deviations above registration and peers. Two cases in
five are registered exchangers, while no more than a quarter of them play one; all others are a firm's three to eight
trades of USD 100,000 to 350,000. Small remitters are institutions here, no parties, and are not planted.

template: a firm imports goods of a chapter it never dealt in from a country that does not ship to the payee's, three to
five times in four weeks; an exchanger deals in 3 to 6 times its usual amounts for four weeks. slow: five to seven
trades over three and a half months, growing; an exchanger's dealings grow to nearly six times the usual. adversarial: a
usual partner sells the odd goods in parts below USD 100,000, the payee's country is usual and only the origin is not,
between usual trades; an exchanger deals in usual amounts, three a week beside its honest ones.

An investigator should find: the registered line or the registered size, the goods, the route, peers. Illicit value:
what was paid for the goods; the operator's dealings beside its honest ones.
"""

from collections.abc import Callable

from streams.generator.calendar import HOUR_MS
from streams.generator.habits import hours
from streams.generator.habits.transfer import known_partner
from streams.generator.industries import INDUSTRIES
from streams.generator.population import GOODS, Resident
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import CustomsEntry, Order, Scenario

ORIGINS = ("AU", "DE", "US", "VN", "CN", "JP")
Goods = tuple[str, str, float]


# of an operator's dealings, those that come in, as honest ones do
DEALT_IN = 0.4
# of the cases, those of operators
OPERATORS = 0.4
# what tells of more dealings of a known kind with known partners
OPERATOR_FEATURES = ("amount_own", "amount_corridor", "week_sum", "cadence", "slow_boiling")


def own_chapters(firm: Resident) -> set[str]:
    """HS chapters of the goods of the firm's registered line of business."""
    industry = INDUSTRIES.get(firm.industry)
    return {hs_code[:2] for hs_code, _, _ in industry.goods} if industry else set()


def _odd_goods(stage: Stage, firm: Resident) -> Goods:
    """Goods of a chapter that no partner of the firm deals in, and that its registered industry does not deal in."""
    known = {partner.hs_code[:2] for partner in firm.counterparties} | own_chapters(firm)
    return stage.draw.pick([good for good in GOODS if good[0][:2] not in known] or GOODS)


def _odd_trades(stage: Stage, days: int, trades: tuple[int, int], *, growing: bool) -> None:
    begin, draw = stage.window(days), stage.draw
    firm, due = stage.companies(1, "importer", "exporter")[0], ""
    goods = _odd_goods(stage, firm)
    country, currency = draw.pick((("HK", "USD"), ("SG", "USD"), ("US", "USD")))
    partner = stage.foreign(firm, country=country, currency=currency)
    partner.hs_code, partner.unit, partner.unit_usd = goods
    origin = draw.pick([each for each in ORIGINS if each != country])
    times = stage.office_times(begin, days, stage.count(*trades))
    for number, at_ms in enumerate(times):
        usd = draw.uniform(105_000, 180_000) * (1 + number / len(times) if growing else 1)
        entry = CustomsEntry(firm, partner, at_ms - 2 * HOUR_MS, "import", usd, due_days=60, origin=origin)
        more = stage.declared(firm, stage.declare(entry), partner)
        due = due or stage.events[-1][1]
        stage.pay(Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more))
    stage.finish(due=due)


def _by_operator(stage: Stage, days: int, deals: tuple[int, int], grows: Callable[[float], float]) -> bool:
    """A registered exchanger's dealings, where the case is an operator's; False when it is not, and nothing was booked.

    `grows` tells how many times the usual amount an exchanger deals in, of the part played (0-1).
    """
    operator = stage.operator() if stage.draw.chance(OPERATORS) else None
    if operator is None:
        return False
    draw, times = stage.draw, stage.office_times(stage.window(days), days, stage.count(*deals), hours.OFFICE)
    for number, at_ms in enumerate(times):
        usd = operator.usual_usd * draw.uniform(0.5, 1.6) * grows(number / len(times))
        direction = "in" if draw.chance(DEALT_IN) else "out"
        partner, institution = known_partner(draw, operator), operator.institutions[0]
        stage.pay(Order(operator, partner, at_ms, usd, "other", direction, "verified", institution, "exchanger"))
    stage.finish(expected={"typologies": ["T18"], "features": list(OPERATOR_FEATURES)})
    return True


def _template(stage: Stage) -> None:
    if not _by_operator(stage, 28, (10, 16), lambda _: stage.draw.uniform(3, 6)):
        _odd_trades(stage, 28, (3, 5), growing=False)


def _slow(stage: Stage) -> None:
    if not _by_operator(stage, 105, (14, 20), lambda part: 1 + 5 * part):
        _odd_trades(stage, 105, (5, 7), growing=True)


def _adversarial(stage: Stage) -> None:
    if _by_operator(stage, 60, (24, 30), lambda _: 1.0):
        return
    begin, draw = stage.window(90), stage.draw
    firm = stage.companies(1, "importer")[0]
    goods, partner = _odd_goods(stage, firm), firm.counterparties[0]
    origin = draw.pick([each for each in ORIGINS if each != partner.country])
    for number, at_ms in enumerate(stage.office_times(begin, 90, 2 * stage.count(5, 8))):
        usd = draw.uniform(35_000, 96_000)
        if number % 2:
            stage.honest_trade(firm, at_ms, usd)
            continue
        entry = CustomsEntry(firm, partner, at_ms - 2 * HOUR_MS, "import", usd, goods=goods, due_days=60, origin=origin)
        more = {**stage.declared(firm, stage.declare(entry), partner), "hs_code": goods[0]}
        stage.pay(Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more))
    stage.finish()


SCENARIO = Scenario(
    "T18",
    ("amount_own", "amount_corridor", "counterparty_novelty", "week_sum"),
    50,
    _template,
    _slow,
    _adversarial,
    beside=("T09",),
)
