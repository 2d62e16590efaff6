"""The events behind an alert: what each payment or declared line was, where it stands, and what proves it.

What a payment's row knows is shown as it counts now, with its returns taken back; the rest is what its proof kept.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from msgspec import UNSET

from detectors.books.party import Party, token_number
from detectors.books.payments import OUT, RATE_MISSING, REVERSED, SETTLED, Payment, at, rows
from detectors.books.proofs import (
    MOST_PROOFS,
    DeclaredLine,
    Proof,
    commitment_text,
    packed_commitment,
    said_beside,
    token_text,
)
from detectors.books.trade_book import TradeBook
from detectors.books.trade_items import RATE_MISSING as ITEM_RATE_MISSING
from detectors.books.trade_items import Item, currency_code
from detectors.contracts.alert import EvidenceItem
from detectors.contracts.configuration import Legend
from detectors.contracts.events import Declaration, Origin, Status, Transaction
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import from_us, to_us
from detectors.values.money import Exact, decimal_text, plain


class Trigger(NamedTuple):
    """The payment that an alert is made at, with what its evidence is looked up in; `usd` in cents, None unknown.

    `known`: it is no payment but a declared line, or the passing of a due date; what it names is among `offsets`.
    """

    state: PartitionState
    legend: Legend
    party: Party
    event: Transaction
    origin: Origin
    usd: int | None
    known: bool = False


def evidence(trigger: Trigger, offsets: Iterable[int]) -> tuple[tuple[EvidenceItem, ...], int]:
    """The newest 50 events at these ledger positions with the trigger, in ledger order, and how many there are in all.

    What has no row any more is shown as the trade ledger holds it. What is kept in totals only (folded_payments.py), or
    no more, is among the number, never among the events shown, as nothing says its time and institution. Cost: 0.1 ms,
    and 5 us an event.
    """
    party, wanted = trigger.party, set(offsets)
    proofs = {proof.offset: proof for proof in party.proofs}
    own = [] if trigger.known else [trigger.origin.offset]
    if own:
        proofs[own[0]] = proof_of(trigger.state, trigger.event, trigger.origin)
        wanted.update(own)
    kept = rows(party)["offset"]
    there = {*own, *kept.tolist(), *(proof.offset for proof in party.proofs if proof.line is not None)}
    named = wanted & proofs.keys() & there
    traded = {item.offset: item for item in _trade_items(party, wanted - named)}
    shown = sorted(named | traded.keys())[-MOST_PROOFS:]
    rows_of = np.flatnonzero(np.isin(kept, shown))
    places = dict(zip(kept[rows_of].tolist(), rows_of.tolist(), strict=True))
    found = [
        _traded(trigger, traded[offset], proofs.get(offset))
        if offset in traded
        else _item(trigger, proofs[offset], places.get(offset))
        for offset in shown
    ]
    return tuple(found), len(wanted)


def _trade_items(party: Party, offsets: set[int]) -> list[Item]:
    """The trade ledger's items at these ledger positions."""
    if not offsets or not party.trade:
        return []
    return [item for item in TradeBook(party.trade).items() if item.offset in offsets]


def proof_of(state: PartitionState, event: Transaction, origin: Origin, *, piece: bool = False) -> Proof:
    """What names this payment in later alerts. An event without a source is named by the ledger's topic."""
    share = state.shares.known_as(event.institution)
    return _proof(state, event, origin, piece=piece, sender=token_number(share) >> 48)


def line_proof_of(state: PartitionState, event: Declaration, origin: Origin) -> Proof:
    """The same of a line of a customs declaration."""
    line = DeclaredLine(to_us(event.declared_time), event.kind, event.value, event.currency, event.line)
    return _proof(state, event, origin, line=line)


def _proof(state: PartitionState, event: Transaction | Declaration, origin: Origin, **more: Any) -> Proof:
    topic = origin.source.topic if origin.source is not None else state.ledger_topic
    commitment = packed_commitment(origin.commitment)
    return Proof(origin.offset, state.topic_number(topic), event.event_id, commitment, **said_beside(event), **more)


def _item(trigger: Trigger, proof: Proof, place: int | None) -> EvidenceItem:
    """An event as it is shown; `place` is its payment's row."""
    own = not trigger.known and proof.offset == trigger.origin.offset
    if proof.line is not None:
        said = _declared(proof.line)
    elif place is not None:
        said = _as_it_counts(trigger.party, at(trigger.party, place))
    else:
        said = _as_said(trigger.event, trigger.usd)
    if own:
        said |= {"institution": trigger.event.institution, "event_time": trigger.event.event_time}
    return EvidenceItem(**_named(trigger, proof), **said, **_purpose_texts(trigger.legend, said.get("purpose")))


def _named(trigger: Trigger, proof: Proof) -> dict[str, Any]:
    """What names an event, and what proves its original."""
    original = commitment_text(proof.original)
    keyed = ":" in original
    return {
        "event_id": proof.event_id,
        "topic": trigger.state.topics[proof.topic],
        "offset": proof.offset,
        "commitment": original if keyed else UNSET,
        "sha256": UNSET if keyed else original,
        "counterparty": token_text(proof.counterparty) or UNSET,
        "branch": proof.branch or UNSET,
        "declaration_no": proof.declaration_no or UNSET,
        "report_no": proof.report_no or UNSET,
    }


def _traded(trigger: Trigger, item: Item, proof: Proof | None) -> EvidenceItem:
    """An event as the trade ledger holds it; without a proof it is named by its ledger position."""
    state, names = trigger.state, trigger.party.names
    place = {"event_id": f"{state.ledger_topic}:{state.partition}:{item.offset}", "topic": state.ledger_topic}
    named = place | {"offset": item.offset} if proof is None else _named(trigger, proof)
    said: dict[str, Any] = {
        "institution": next((name for name in names if token_number(name) == item.institution), None),
        "event_time": from_us(item.time),
        "amount": decimal_text(Exact(item.own, 2)),
        "currency": currency_code(item.currency),
        "amount_usd": UNSET if item.flags & ITEM_RATE_MISSING else plain(item.usd),
    }
    said |= {"direction": "in" if item.trade == "export" else "out"} if item.is_money else {"kind": item.trade}
    return EvidenceItem(**named, **said)


def _as_it_counts(party: Party, row: Payment) -> dict[str, Any]:
    """What the row of a payment knows."""
    return {
        "institution": party.names[row.institution],
        "event_time": from_us(row.time),
        "direction": "out" if row.flags & OUT else "in",
        "status": _status(party, row),
        "amount": decimal_text(Exact(row.amount, row.exponent)),
        "currency": party.names[row.currency],
        "amount_usd": UNSET if row.flags & RATE_MISSING else plain(row.usd),
        "purpose": party.names[row.purpose] or UNSET,
    }


def _status(party: Party, row: Payment) -> Status:
    """Returned or cancelled where nothing is left of it; of a part that came back the amount alone tells."""
    if row.flags & REVERSED:
        whole = any(one.whole for one in party.reversals if one.taken == row.event)
        return "cancelled" if whole else "returned"
    return "settled" if row.flags & SETTLED else "ordered"


def _as_said(event: Transaction, usd: int | None) -> dict[str, Any]:
    """What the event itself says, of one that has no row of its own: a late one, or a second word on a payment."""
    return {
        "direction": event.direction,
        "status": event.status,
        "amount": event.amount,
        "currency": event.currency,
        "amount_usd": UNSET if usd is None else plain(usd),
        "purpose": event.purpose or UNSET,
    }


def _declared(line: DeclaredLine) -> dict[str, Any]:
    """What a line of a declaration said; customs is no institution."""
    return {
        "institution": None,
        "event_time": from_us(line.time_us),
        "amount": line.value,
        "currency": line.currency,
        "kind": line.kind,
        "line": UNSET if line.line is None else line.line,
    }


def _purpose_texts(legend: Legend, code: Any) -> dict[str, Any]:
    known = legend.purposes.get(code)
    return {} if known is None else {"purpose_en": known.text_en, "purpose_ko": known.text_ko}
