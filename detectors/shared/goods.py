"""Lines of customs declarations in the node of their goods group: each counts once, and an amendment takes its place.

A line is kept as a payment's row is (detectors/books/payments.py): `usd` is its value in cents at the day's rate,
`amount` over 10 ** `exponent` its quantity, `beneficiary` the trader, and an import goes out. A corrected rate does not
value it anew, for its row does not hold the value in its own currency.
"""

import msgspec

from detectors.books import payments
from detectors.books.party import Party
from detectors.books.payment_ids import event_number
from detectors.books.payments import Payment, proofs_of, rows
from detectors.books.payments import rows_where as where
from detectors.contracts.events import Declaration, Leg
from detectors.memory.effective_configuration import Effective
from detectors.shared import nodes
from detectors.shared.state import SharedState
from detectors.values import money
from detectors.values.legal_calendar import to_us

AMENDED = "amended"
# Events that an amendment has replaced, the newest: an amendment may come before what it amends.
MOST_AMENDED = 256


def row_of(state: SharedState, effective: Effective, node: Party, leg: Leg, offset: int) -> Payment | None:
    """The line as a row; None without a quantity, a value or a rate. Raises `ValueError` for what is no number."""
    at_us, value = to_us(leg.event_time), money.parse_or_zero(leg.amount)
    quantity = money.fitted(money.parse_or_zero(leg.quantity or "0"))
    rate = state.rates.ratio(leg.currency, "USD", at_us, effective.stale_us)
    usd = 0 if rate is None else money.cents(value, rate)
    if usd <= 0 or quantity.mantissa <= 0:
        return None
    return Payment(
        time=at_us,
        amount_us=at_us,
        event=event_number("", leg.event_id),
        payment=0,
        usd=usd,
        beneficiary=node.canonical(leg.party, leg.previous),
        amount=quantity.mantissa,
        offset=offset,
        purpose=node.name_number(""),
        institution=node.name_number(""),
        # the value is in USD already, so a corrected rate finds nothing to convert
        currency=node.name_number("USD"),
        exponent=quantity.exponent,
        flags=payments.SETTLED | (payments.OUT if leg.direction == "out" else 0),
    )


def as_declaration(leg: Leg) -> Declaration:
    """The leg as the line that it is of, with the trader in the place of the foreign side, as in every node."""
    return Declaration(
        event_id=leg.event_id,
        identity=leg.identity,
        body=leg.body,
        declaration_no=leg.declaration_no or "",
        declared_time=leg.event_time,
        kind="import" if leg.direction == "out" else "export",
        party=leg.party,
        counterparty=leg.party,
        counterparty_country=leg.counterparty_country,
        hs_code=leg.hs_code or "",
        quantity=leg.quantity or "0",
        quantity_unit=leg.quantity_unit or "",
        value=leg.amount,
        currency=leg.currency,
        line=leg.line,
    )


def declare(node: Party, leg: Leg, row: Payment | None) -> Payment | None:
    """Count a line, or what takes its place; the row that counts now, None where none does."""
    amended = _amended(node)
    if leg.amends is not None:
        gone = event_number("", leg.amends)
        _remember(node, amended, gone)
        found = rows(node)
        if len(found) and (found["event"] == gone).any():
            staying = where(found, found["event"] != gone)
            node.payments, node.proofs = staying.tobytes(), proofs_of(node, staying)
    if row is None or row.event in amended or payments.of_event(node, row.event) is not None:
        return None
    payments.append(node, row)
    nodes.name_resident(node, row.beneficiary, leg.party)
    return row


def _amended(node: Party) -> list[int]:
    packed = node.slots.get(AMENDED)
    return [] if packed is None else msgspec.msgpack.decode(packed, type=list[int])


def _remember(node: Party, amended: list[int], event: int) -> None:
    if event not in amended:
        node.slots[AMENDED] = msgspec.msgpack.encode([*amended, event][-MOST_AMENDED:])
