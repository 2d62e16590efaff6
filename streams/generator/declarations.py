"""Customs declarations as traders make them: one or more lines, at times amended days later."""

from dataclasses import dataclass
from typing import Any

from streams.contracts.input_record import DECLARATIONS
from streams.generator.calendar import DAY_MS
from streams.generator.draw import Draw
from streams.generator.population import Counterparty, Resident
from streams.generator.world import World

# shares of declarations; plausible, not measured
SEVERAL_LINES, AMENDED = 0.12, 0.025
MOST_LINES = 3
# unit values differ between deals by this much
PRICES = (0.85, 1.15)
LEAST_PARTS = 2


@dataclass(slots=True)
class Goods:
    """What is declared: `amount` in `currency` is the value of all lines; `unit_price` multiplies the usual one.

    `kind` is `import` or `export`; `due` the ISO date it is to be settled by, empty for none.
    """

    resident: Resident
    partner: Counterparty
    kind: str
    amount: float
    currency: str
    due: str = ""
    unit_price: float = 1.0


def declaration_number(world: World, draw: Draw) -> str:
    """A new number in the customs' form: two digits of the year and ten more."""
    return f"{world.calendar.start.year % 100:02}{draw.integer(10**9, 10**10 - 1)}"


def declare(world: World, draw: Draw, goods: Goods, number: str, at_ms: int) -> list[str]:
    """Write the declaration's lines, at times amended later; their event_ids. One place, more while there is room."""
    lines = draw.integer(LEAST_PARTS, MOST_LINES) if draw.chance(SEVERAL_LINES) and world.room > MOST_LINES else 1
    left = goods.amount
    written = []
    for line in range(1, lines + 1):
        part = left if line == lines else left * draw.uniform(0.3, 0.6)
        left -= part
        body = _body(world, draw, goods, part, at_ms)
        body["declaration_no"] = number
        if lines > 1:
            body["line"] = line
        written.append(body["event_id"])
        if draw.chance(AMENDED) and world.room > lines and at_ms + 6 * DAY_MS < world.calendar.end_ms:
            _amended(world, draw, body, at_ms)
        else:
            world.put(DECLARATIONS, goods.resident.id, body, at_ms)
    return written


def _amended(world: World, draw: Draw, body: dict[str, Any], at_ms: int) -> None:
    """First with a wrong quantity and value, then, days later, as it is; the second replaces the first."""
    wrong = draw.pick((0.9, 1.1, 0.5))
    first = {**body, "quantity": str(max(1, int(int(body["quantity"]) * wrong)))}
    first["value"] = _written(float(body["value"]) * wrong, body["currency"])
    world.put(DECLARATIONS, body["party_id"], first, at_ms)
    later_ms = at_ms + draw.integer(1, 5) * DAY_MS
    again = {**body, "event_id": world.event_id(), "amends": body["event_id"]}
    again["declared_time"] = world.calendar.text(later_ms)
    world.put(DECLARATIONS, body["party_id"], again, later_ms)


def _body(world: World, draw: Draw, goods: Goods, amount: float, at_ms: int) -> dict[str, Any]:
    partner = goods.partner
    usd = world.rates.usd(amount, goods.currency, at_ms)
    body: dict[str, Any] = {
        "event_id": world.event_id(),
        "declaration_no": "",
        "declared_time": world.calendar.text(at_ms),
        "kind": goods.kind,
        "party_id": goods.resident.id,
        "counterparty_id": partner.id,
        "counterparty_country": partner.country,
        "hs_code": partner.hs_code,
        "quantity": str(max(1, int(usd / (partner.unit_usd * goods.unit_price * draw.uniform(*PRICES))))),
        "quantity_unit": partner.unit,
        "value": _written(amount, goods.currency),
        "currency": goods.currency,
        "incoterm": draw.pick(("FOB", "CIF", "EXW", "DAP")),
        "origin_country": partner.country if goods.kind == "import" else "KR",
    }
    if goods.due:
        body["settlement_due"] = goods.due
    return body


def _written(amount: float, currency: str) -> str:
    return f"{amount:.0f}" if currency == "JPY" else f"{amount:.2f}"
