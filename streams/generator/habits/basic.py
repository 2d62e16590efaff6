"""What honest residents of the preset `basic` do: one function a role, called when the resident acts on a day.

Each makes at least one record (there is always room for one) and more only while there is room.
"""

from collections.abc import Callable
from datetime import timedelta

from streams.contracts.input_record import DECLARATIONS
from streams.generator.calendar import DAY_MS, HOUR_MS
from streams.generator.habits.settlement import settle
from streams.generator.population import Counterparty, Resident, Role, counterparty
from streams.generator.world import PURPOSES, BookedPayment, World

DOCUMENT_LINE_USD = 5_000
NEW_PARTNER = 0.01
TEXTS = {
    "study": "tuition {year}",
    "living": "living expenses",
    "gift": "family support",
    "import": "invoice {serial}",
    "service": "service fee",
}


def act(world: World, resident: Resident, day: int) -> None:
    """The resident does what its role does on this day; at least one record."""
    ROLE_HABITS[resident.role](world, resident, day)


def _partner(world: World, resident: Resident) -> Counterparty:
    if world.draw.chance(NEW_PARTNER):
        resident.counterparties.append(counterparty(world.draw, resident.role, world.event_id()))
        return resident.counterparties[-1]
    # the first is the usual one
    return resident.counterparties[0] if world.draw.chance(0.6) else world.draw.pick(resident.counterparties)


def _transfer(world: World, resident: Resident, day: int, usd: float, purpose: str, *, direction: str = "out") -> None:
    draw = world.draw
    at_ms = world.calendar.moment(
        day, draw, *((8, 23) if resident.role != "salaried" or not world.calendar.business[day] else (9, 21))
    )
    partner = _partner(world, resident)
    evidence = world.honest_evidence(resident, usd, at_ms, inclined=usd > DOCUMENT_LINE_USD * 0.96)
    institution = resident.institutions[0] if draw.chance(0.85) else draw.pick(resident.institutions)
    more = (
        {"remittance_info": TEXTS[purpose].format(year=world.calendar.start.year, serial=draw.integer(1000, 9999))}
        if purpose in TEXTS and draw.chance(0.3)
        else None
    )
    settle(
        world,
        BookedPayment(
            resident,
            partner,
            at_ms,
            world.rates.from_usd(usd, partner.currency, at_ms),
            partner.currency,
            PURPOSES[purpose],
            direction,
            evidence,
            draw.pick(("app", "app", "web", "branch")),
            institution,
            more=more,
        ),
    )


def _usual(world: World, resident: Resident) -> float:
    return resident.usual_usd * world.draw.uniform(0.6, 1.5)


def _salaried(world: World, resident: Resident, day: int) -> None:
    if world.draw.chance(0.12):
        _transfer(world, resident, day, _usual(world, resident), "salary", direction="in")
    else:
        _transfer(world, resident, day, _usual(world, resident), world.draw.pick(("gift", "living", "living")))


def _parent(world: World, resident: Resident, day: int) -> None:
    if world.draw.chance(0.12):
        _transfer(world, resident, day, world.draw.size(5_500, 22_000), "study")
    else:
        _transfer(world, resident, day, _usual(world, resident), "living")


def _support(world: World, resident: Resident, day: int) -> None:
    _transfer(world, resident, day, _usual(world, resident), "gift")


def _trader(world: World, resident: Resident, day: int) -> None:
    if world.draw.chance(0.15):
        _transfer(world, resident, day, _usual(world, resident) * 0.4, "service")
    else:
        _trade(world, resident, day, "import")


def _importer(world: World, resident: Resident, day: int) -> None:
    _trade(world, resident, day, "import" if world.draw.chance(0.93) else "export")


def _exporter(world: World, resident: Resident, day: int) -> None:
    _trade(world, resident, day, "export" if world.draw.chance(0.85) else "import")


def _trade(world: World, resident: Resident, day: int, kind: str) -> None:
    """Goods against money: declared then paid, or paid in advance then declared, or small and without a declaration."""
    draw, calendar = world.draw, world.calendar
    weekday = calendar.business_day(day)
    if weekday is None:
        # the span ends on a holiday: firms' systems still send what was booked on the web
        weekday = day
    partner = _partner(world, resident)
    usd = resident.usual_usd * draw.size(0.25, 2.0)
    at_ms = calendar.moment(weekday, draw)
    evidence = world.honest_evidence(resident, usd, at_ms, inclined=usd > DOCUMENT_LINE_USD * 0.7 or draw.chance(0.5))
    direction = "out" if kind == "import" else "in"
    payment = BookedPayment(
        resident,
        partner,
        at_ms,
        world.rates.from_usd(usd, partner.currency, at_ms),
        partner.currency,
        PURPOSES[kind],
        direction,
        evidence,
        draw.pick(("web", "web", "branch")),
        draw.pick(resident.institutions),
    )
    if evidence == "none" or world.room <= 1 or draw.chance(0.35):
        payment.more = {"trade_terms": "open_account", "hs_code": partner.hs_code}
        settle(world, payment)
        return
    number = f"{calendar.start.year % 100:02}{draw.integer(10**9, 10**10 - 1)}"
    other = calendar.business_day(weekday + draw.integer(2, 20))
    payment.more = {"declaration_no": number, "hs_code": partner.hs_code}
    if other is not None and draw.chance(0.7):
        # goods first: declared now, paid later
        payment.more["trade_terms"] = draw.pick(("open_account", "usance", "sight"))
        _declare(world, payment, kind, number, at_ms, due_ms=at_ms + 60 * DAY_MS)
        payment.at_ms = calendar.moment(other, draw)
        settle(world, payment)
    elif other is not None:
        payment.more = {
            "trade_terms": "advance",
            "hs_code": partner.hs_code,
            "goods_due": (calendar.date(at_ms) + timedelta(days=30)).isoformat(),
        }
        settle(world, payment)
        if world.room > 0:
            _declare(world, payment, kind, number, calendar.moment(other, draw), due_ms=None)
    else:
        payment.more["trade_terms"] = "sight"
        _declare(world, payment, kind, number, at_ms - HOUR_MS, due_ms=None)
        settle(world, payment)


def _declare(world: World, payment: BookedPayment, kind: str, number: str, at_ms: int, *, due_ms: int | None) -> None:
    partner, calendar = payment.counterparty, world.calendar
    usd = world.rates.usd(payment.amount, payment.currency, payment.at_ms)
    quantity = max(1, int(usd / (partner.unit_usd * world.draw.uniform(0.85, 1.15))))
    value = f"{payment.amount:.0f}" if payment.currency == "JPY" else f"{payment.amount:.2f}"
    body: dict[str, object] = {
        "event_id": world.event_id(),
        "declaration_no": number,
        "declared_time": calendar.text(at_ms),
        "kind": kind,
        "party_id": payment.resident.id,
        "counterparty_id": partner.id,
        "counterparty_country": partner.country,
        "hs_code": partner.hs_code,
        "quantity": str(quantity),
        "quantity_unit": partner.unit,
        "value": value,
        "currency": payment.currency,
        "incoterm": world.draw.pick(("FOB", "CIF", "EXW", "DAP")),
        "origin_country": partner.country if kind == "import" else "KR",
    }
    if due_ms is not None:
        body["settlement_due"] = calendar.date(due_ms).isoformat()
    world.put(DECLARATIONS, payment.resident.id, body, at_ms)


ROLE_HABITS: dict[Role, Callable[[World, Resident, int], None]] = {
    "salaried": _salaried,
    "parent": _parent,
    "migrant": _support,
    "small_user": _support,
    "trader": _trader,
    "importer": _importer,
    "exporter": _exporter,
}
