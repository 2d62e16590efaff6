"""T18: goods or a route that do not go with the firm's line of business.

Published: the supervisor speaks of unrelated business lines among the firms of 2022; the definitions give an unseen HS
chapter and USD 100,000. Cases here are a firm's three to eight trades of USD 100,000 to 350,000. The deviation of
registered exchangers and small remitters, the typology's third form, is not planted: they are institutions here, no
parties.

template: a firm imports goods of a chapter it never dealt in from a country that does not ship to the payee's, three to
five times in four weeks. slow: five to seven over three and a half months, growing. adversarial: a usual partner sells
the odd goods in parts below USD 100,000, the payee's country is usual and only the origin is not, between usual trades.

An investigator should find: the registered line, the goods, the route, peers. Illicit value: what was paid for them.
"""

from streams.generator.calendar import HOUR_MS
from streams.generator.industries import INDUSTRIES
from streams.generator.population import GOODS, Resident
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Entry, Order, Scenario

ORIGINS = ("AU", "DE", "US", "VN", "CN", "JP")
Goods = tuple[str, str, float]


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
        entry = Entry(firm, partner, at_ms - 2 * HOUR_MS, "import", usd, due_days=60, origin=origin)
        more = stage.declared(firm, stage.declare(entry), partner)
        due = due or stage.events[-1][1]
        stage.pay(Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more))
    stage.finish(due=due)


def _template(stage: Stage) -> None:
    _odd_trades(stage, 28, (3, 5), growing=False)


def _slow(stage: Stage) -> None:
    _odd_trades(stage, 105, (5, 7), growing=True)


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(90), stage.draw
    firm = stage.companies(1, "importer")[0]
    goods, partner = _odd_goods(stage, firm), firm.counterparties[0]
    origin = draw.pick([each for each in ORIGINS if each != partner.country])
    for number, at_ms in enumerate(stage.office_times(begin, 90, 2 * stage.count(5, 8))):
        usd = draw.uniform(35_000, 96_000)
        if number % 2:
            stage.honest_trade(firm, at_ms, usd)
            continue
        entry = Entry(firm, partner, at_ms - 2 * HOUR_MS, "import", usd, goods=goods, due_days=60, origin=origin)
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
