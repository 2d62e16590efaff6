"""What goods firms do: a contract a turn, on the firm's own terms, each shipment declared and each declaration paid."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from streams.generator.calendar import DAY_MS
from streams.generator.declarations import Goods, declaration_number, declare
from streams.generator.draw import Draw
from streams.generator.habits import hours
from streams.generator.habits.loan import loan
from streams.generator.habits.transfer import known_partner, transfer
from streams.generator.population import Counterparty, Resident
from streams.generator.roles import EXPORT_ROLES
from streams.generator.world import PURPOSES, BookedPayment, World

# of an exporter's deals, imports of materials, and the other way round
OTHER_WAY = {"importer": 0.07, "exporter": 0.15, "trader": 0.05, "online_seller": 0.1, "commission_agent": 0.1}
# and of those other payments, loans
SERVICE_SHARE, LOAN_SHARE = 0.07, 0.25
# a contract takes at most this many places; with less room a service fee is paid instead
MOST_PLACES = 40
CREDIT_DAYS = {"open_account": (25, 60), "consignment": (40, 90), "usance": (90, 150)}
ADVANCE_DAYS = (10, 60)
DEPOSIT = 0.3
SHIPMENTS = (2, 4)
# banks take their charges off some payments; USD
CHARGES_SHARE, CHARGES = 0.1, (5, 30)
NAMED_DECLARATION, ABROAD_BANK = 0.7, 0.06
BANK_PLACES = ("HK", "SG", "US")


@dataclass(slots=True)
class Deal:
    """A contract: its firm, its partner, goods in or out, its amount in the partner's currency, its business day."""

    resident: Resident
    partner: Counterparty
    kind: str
    amount: float
    day: int


def contract(world: World, resident: Resident, partner: Counterparty, kind: str, usd: float, day: int) -> Deal:
    """A deal worth `usd` on that day; later its amount stands, whatever the rates do."""
    noon_ms = world.calendar.start_ms + day * DAY_MS + DAY_MS // 2
    return Deal(resident, partner, kind, world.rates.from_usd(usd, partner.currency, noon_ms), day)


def trade(world: World, resident: Resident, day: int) -> None:
    """One contract on one of the firm's terms; now and then, or where there is little room, a fee or a loan."""
    draw = world.stream("trade")
    weekday = world.calendar.business_day(day)
    partner = known_partner(draw, resident)
    usd = resident.usual_usd * draw.spread(0.25, 2.0)
    if weekday is None or world.room < MOST_PLACES or draw.chance(SERVICE_SHARE):
        if weekday is not None and draw.chance(LOAN_SHARE):
            loan(world, draw, resident, partner, weekday)
            return
        _fee(world, draw, resident, partner, min(usd * 0.1, 20_000), day if weekday is None else weekday)
        return
    usual = "export" if resident.role in EXPORT_ROLES else "import"
    other = "import" if usual == "export" else "export"
    kind = other if draw.chance(OTHER_WAY.get(resident.role, 0.5)) else usual
    FORMS[draw.pick(resident.forms)](world, draw, contract(world, resident, partner, kind, usd, weekday))


def _fee(world: World, draw: Draw, resident: Resident, partner: Counterparty, usd: float, day: int) -> None:
    at_ms = world.calendar.moment_among(day, draw, hours.FIRM)
    payment = BookedPayment(resident, partner, at_ms, 0.0, partner.currency, PURPOSES["service"])
    payment.evidence = draw.pick(("shown", "verified"))
    transfer(world, draw, payment, usd, "service fee")


def pay(world: World, draw: Draw, deal: Deal, amount: float, day: int, more: dict[str, object]) -> None:
    """A payment of the deal on a business day, in its direction, with papers; `more` are its trade fields."""
    partner = deal.partner
    at_ms = world.calendar.moment_among(day, draw, hours.FIRM)
    direction = "out" if deal.kind == "import" else "in"
    payment = BookedPayment(deal.resident, partner, at_ms, amount, partner.currency, PURPOSES[deal.kind], direction)
    payment.evidence = "verified" if draw.chance(0.2) else "shown"
    payment.channel = draw.pick(("web", "web", "branch"))
    payment.more = {"hs_code": partner.hs_code, **more}
    if draw.chance(ABROAD_BANK):
        payment.more["counterparty_bank_country"] = draw.pick(BANK_PLACES)
    if draw.chance(CHARGES_SHARE):
        payment.amount -= min(amount * 0.005, world.rates.from_usd(draw.uniform(*CHARGES), partner.currency, at_ms))
    transfer(world, draw, payment, None, f"invoice {draw.integer(1000, 9999)}")


def ship(world: World, draw: Draw, deal: Deal, amount: float, day: int, due_day: int | None = None) -> str:
    """Declare goods of the deal on a business day before the firm's payments of that day; returns the number."""
    at_ms = world.calendar.moment(day, draw, 6, 8)
    number = declaration_number(world, draw)
    due = "" if due_day is None else (world.calendar.start + timedelta(days=due_day)).isoformat()
    goods = Goods(deal.resident, deal.partner, deal.kind, amount, deal.partner.currency, due)
    declare(world, draw, goods, number, at_ms)
    return number


def named(draw: Draw, terms: str, number: str) -> dict[str, object]:
    """Terms, and mostly the declaration that is paid."""
    return {"trade_terms": terms, **({"declaration_no": number} if draw.chance(NAMED_DECLARATION) else {})}


def _sight(world: World, draw: Draw, deal: Deal) -> None:
    number = ship(world, draw, deal, deal.amount, deal.day)
    paid = world.calendar.business_day(deal.day + draw.integer(0, 5))
    if paid is not None:
        pay(world, draw, deal, deal.amount, paid, named(draw, "sight", number))


def credit(world: World, draw: Draw, deal: Deal, terms: str, days: tuple[int, int]) -> None:
    """Goods first, paid when due; a due day beyond the span is not seen any more."""
    due = deal.day + draw.integer(*days)
    number = ship(world, draw, deal, deal.amount, deal.day, due)
    paid = world.calendar.business_day(max(deal.day + 1, due + draw.integer(-4, 2)))
    if paid is not None:
        pay(world, draw, deal, deal.amount, paid, named(draw, terms, number))


def _open_account(world: World, draw: Draw, deal: Deal) -> None:
    credit(world, draw, deal, "open_account", CREDIT_DAYS["open_account"])


def _usance(world: World, draw: Draw, deal: Deal) -> None:
    credit(world, draw, deal, "usance", CREDIT_DAYS["usance"])


def _consignment(world: World, draw: Draw, deal: Deal) -> None:
    credit(world, draw, deal, "consignment", CREDIT_DAYS["consignment"])


def prepaid(world: World, draw: Draw, deal: Deal, days: int) -> None:
    """Paid in advance; the goods come before they are due, or are due after the span."""
    due = world.calendar.start + timedelta(days=deal.day + days)
    pay(world, draw, deal, deal.amount, deal.day, {"trade_terms": "advance", "goods_due": due.isoformat()})
    arrived = world.calendar.business_day(deal.day + max(2, int(days * draw.uniform(0.6, 0.95))))
    if arrived is not None:
        ship(world, draw, deal, deal.amount, arrived)


def _advance(world: World, draw: Draw, deal: Deal) -> None:
    prepaid(world, draw, deal, draw.integer(*ADVANCE_DAYS))


def _deposit(world: World, draw: Draw, deal: Deal) -> None:
    """A deposit in advance, the goods, then the rest at sight."""
    days = draw.integer(*ADVANCE_DAYS)
    due = world.calendar.start + timedelta(days=deal.day + days)
    arrived = world.calendar.business_day(deal.day + max(2, int(days * draw.uniform(0.6, 0.95))))
    fields: dict[str, object] = {"trade_terms": "advance", "goods_due": due.isoformat()}
    pay(world, draw, deal, deal.amount * DEPOSIT, deal.day, fields)
    if arrived is None:
        return
    number = ship(world, draw, deal, deal.amount, arrived)
    paid = world.calendar.business_day(arrived + draw.integer(0, 5))
    if paid is not None:
        pay(world, draw, deal, deal.amount * (1 - DEPOSIT), paid, named(draw, "sight", number))


def _partial(world: World, draw: Draw, deal: Deal) -> None:
    """Shipments weeks apart, each declared, and paid together with the next one or by itself."""
    shipments, day = draw.integer(*SHIPMENTS), deal.day
    part, owed = deal.amount / shipments, 0.0
    for number in range(shipments):
        shipped = world.calendar.business_day(day)
        if shipped is None:
            return
        declaration = ship(world, draw, deal, part, shipped)
        owed += part
        paid = world.calendar.business_day(shipped + draw.integer(1, 8))
        if paid is not None and (number == shipments - 1 or draw.chance(0.7)):
            pay(world, draw, deal, owed, paid, named(draw, "open_account", declaration))
            owed = 0.0
        day = shipped + draw.integer(9, 20)


FORMS: dict[str, Callable[[World, Draw, Deal], None]] = {
    "sight": _sight,
    "open_account": _open_account,
    "usance": _usance,
    "consignment": _consignment,
    "advance": _advance,
    "deposit": _deposit,
    "partial": _partial,
}
