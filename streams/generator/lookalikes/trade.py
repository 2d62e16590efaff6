"""Goods firms that come close to a rule and are honest: declared, on time within their terms, at a fair price."""

from dataclasses import replace
from datetime import timedelta

from streams.contracts.input_record import PROFILES
from streams.generator.calendar import DAY_MS, HOUR_MS
from streams.generator.habits.trade import Deal, contract, credit, named, pay, prepaid, ship
from streams.generator.industries import INDUSTRIES
from streams.generator.lookalikes.scene import LookAlike, Scene
from streams.generator.population import Counterparty

IMPORTERS, EXPORTERS, GOODS_FIRMS = ("importer", "trader"), ("exporter",), ("importer", "exporter")
LARGE_USD = (60_000, 400_000)
# a better grade costs more, but an item stays below the excess of USD 50,000 that T09 speaks of
PREMIUM, PREMIUM_USD = (1.5, 1.9), (50_000, 95_000)
SILENT_DAYS = 240
# the definition of T14 speaks of 180 days; before and after them are the seasons' own
SEASON_DAYS, LEAST_SILENT_DAYS = 16, 183
# million won
YOUNG_CAPITAL = (10, 300)
# the whole of a client's spread at a dear but legal bank, bp; rules begin at 150
DEAR_BP = 100.0


def _sight(scene: Scene, partner: Counterparty, kind: str, usd: float, day: int) -> None:
    """Declared in the morning, paid some days later."""
    open_day = scene.open_day(day)
    if open_day is None:
        return
    world, draw = scene.world, scene.draw
    deal = contract(world, scene.main, partner, kind, usd, open_day)
    number = ship(world, draw, deal, deal.amount, open_day)
    paid = scene.open_day(open_day + draw.integer(0, 3))
    if paid is not None:
        pay(world, draw, deal, deal.amount, paid, named(draw, "sight", number))


def _deal(scene: Scene, kind: str, usd: float, day: int) -> Deal | None:
    open_day = scene.open_day(day)
    if open_day is None:
        return None
    return contract(scene.world, scene.main, scene.main.counterparties[0], kind, usd, open_day)


def _long_prepayment(scene: Scene) -> None:
    """T06: paid months before the goods, which come within the contract's term or are not due yet."""
    for _ in range(scene.draw.integer(2, 3)):
        deal = _deal(scene, "import", scene.draw.spread(*LARGE_USD), scene.begin(30))
        if deal is not None:
            prepaid(scene.world, scene.draw, deal, scene.draw.integer(120, 200))


def _usance_export(scene: Scene) -> None:
    """T07: exported against bills of 120 to 150 days, and paid when they are due."""
    for _ in range(scene.draw.integer(2, 4)):
        deal = _deal(scene, "export", scene.draw.spread(*LARGE_USD), scene.begin(155))
        if deal is not None:
            credit(scene.world, scene.draw, deal, "usance", (120, 150))


def _rising_receivables(scene: Scene) -> None:
    """T08: sales on account grow by a quarter a month, so the open items grow, and all are paid when due."""
    usd = scene.main.usual_usd
    for day in range(scene.first_day + scene.draw.integer(0, 6), scene.days, 30):
        deal = _deal(scene, "export", min(usd, 3_000_000), day)
        usd *= 1.25
        if deal is not None:
            credit(scene.world, scene.draw, deal, "open_account", (50, 75))


def _premium_goods(scene: Scene) -> None:
    """T09: a better grade of the usual goods, always for half as much again or more, from a maker known for it."""
    maker = scene.stranger(scene.main)
    maker.unit_usd *= scene.draw.uniform(*PREMIUM)
    for _ in range(scene.draw.integer(4, 7)):
        _sight(scene, maker, "import", scene.draw.spread(*PREMIUM_USD), scene.begin(8))


def _young_importer(scene: Scene) -> None:
    """T05: founded some months ago, growing imports all declared, and no inflow from any crypto-asset exchange."""
    firm, draw, calendar = scene.main, scene.draw, scene.world.calendar
    founded = calendar.start - timedelta(days=draw.integer(60, 240))
    firm.profile |= {"registered_on": founded.isoformat(), "employees": draw.integer(1, 6)}
    firm.profile["capital_krw"] = str(draw.integer(*YOUNG_CAPITAL) * 1_000_000)
    usd = draw.uniform(12_000, 28_000)
    for day in sorted(scene.begin(8) for _ in range(draw.integer(5, 8))):
        _sight(scene, firm.counterparties[0], "import", usd, day)
        usd *= draw.uniform(1.1, 1.5)


def _seasonal_firm(scene: Scene) -> None:
    """T14: a season's trade, half a year of silence (eight months where the span is as long), and the next season."""
    firm, draw = scene.main, scene.draw
    # it does nothing else
    firm.weight = 0.0
    partner = firm.counterparties[0]
    again = min(scene.first_day + 12 + SILENT_DAYS, max(scene.first_day + 1, scene.days - 14))
    for begin, deals in ((scene.first_day, draw.integer(3, 5)), (again, draw.integer(6, 9))):
        for _ in range(deals):
            day = min(begin + draw.integer(0, 9), scene.days - 1)
            _sight(scene, partner, "import", firm.usual_usd * draw.uniform(0.7, 1.6), day)


def _dear_bank(scene: Scene) -> None:
    """T16: every deal at a dear but legal spread."""
    scene.main.spread_bp = DEAR_BP


def _diversified(scene: Scene) -> None:
    """T18: a new line of business, told to the register first, then imports of goods the firm never dealt in."""
    firm, draw, world = scene.main, scene.draw, scene.world
    others = [name for name in INDUSTRIES if name != firm.industry]
    begin, industry = scene.begin(40), draw.pick(others)
    at_ms = world.calendar.start_ms + begin * DAY_MS + 6 * HOUR_MS
    body = {**firm.profile, "industry_code": industry, "event_id": world.event_id()}
    world.put(PROFILES, firm.id, body | {"as_of": world.calendar.text(at_ms)}, at_ms)
    code, unit, usd = draw.pick(INDUSTRIES[industry].goods)
    maker = replace(scene.stranger(firm), hs_code=code, unit=unit, unit_usd=usd)
    for _ in range(draw.integer(3, 5)):
        _sight(scene, maker, "import", draw.spread(100_000, 400_000), begin + draw.integer(3, 30))


TRADERS_WHO = (
    LookAlike("young_importer", "T05", IMPORTERS, 48, _young_importer),
    LookAlike("long_prepayment", "T06", IMPORTERS, 18, _long_prepayment),
    LookAlike("usance_export", "T07", EXPORTERS, 24, _usance_export),
    LookAlike("rising_receivables", "T08", EXPORTERS, 72, _rising_receivables),
    LookAlike("premium_goods", "T09", IMPORTERS, 42, _premium_goods),
    LookAlike(
        "seasonal_firm",
        "T14",
        IMPORTERS,
        84,
        _seasonal_firm,
        whole=True,
        least_days=LEAST_SILENT_DAYS + 2 * SEASON_DAYS,
    ),
    LookAlike("dear_bank", "T16", GOODS_FIRMS, 1, _dear_bank, whole=True),
    LookAlike("diversified_firm", "T18", IMPORTERS, 32, _diversified),
)
