"""The pure core of the shared agent: `apply(state, record, origin) -> Outputs`, over legs, verdicts, rates and rules.

No clock, no I/O; the log of legs alone decides every alert. Rates and configurations come on the legs' topic as they
come on the ledger, and are applied by the monitor's own code, so that both value a payment alike.
"""

from typing import NamedTuple

import msgspec

from detectors import core
from detectors.alerting import evidence
from detectors.alerting.build import RaisedAlert
from detectors.alerting.woken import pass_time
from detectors.books import accounting, aliases, payments
from detectors.books.accounting import Incoming
from detectors.books.fingerprints import KINDS, Known, key
from detectors.books.party import MOST_NAMES, Party, unpack
from detectors.books.payment_ids import event_number, payment_number
from detectors.books.payments import Payment
from detectors.contracts.events import (
    ConfigurationChange,
    Disposition,
    Leg,
    LegKind,
    Origin,
    Rate,
    Source,
    Transaction,
)
from detectors.contracts.legs import SharedThing, name_shared, shared_of
from detectors.core import Outcome, Outputs
from detectors.memory import event_clock, roster
from detectors.memory.effective_configuration import Effective
from detectors.memory.taken_back import bring_others_up_to_date, bring_up_to_date
from detectors.shared import goods, nodes, payees, residents, trails
from detectors.shared.alerts import Judged, judge
from detectors.shared.retracted import retract
from detectors.shared.state import SharedState
from detectors.values import money
from detectors.values.legal_calendar import to_us
from detectors.values.shares import OFFICES

# Which of a record's legs an identity is of: each kind's leg is known apart, for several may stand in one partition.
_KINDS: tuple[LegKind, ...] = ("counterparty", "account", "device", "contact", "goods")


class SharedOutputs(Outputs, frozen=True, kw_only=True):
    """What came of one record of the legs: beside the rest, legs for other nodes.

    `trails` are those legs, in order, each with its commitment (trails.py); `cut` is how many payments more there were
    to tell, without a proof.
    """

    trails: tuple[tuple[Leg, str], ...] = ()
    cut: int = 0


def apply(state: SharedState, record: Leg | Disposition | Rate | ConfigurationChange, origin: Origin) -> SharedOutputs:
    """Apply one record of `fx.legs.v1`; `state.next` is then the offset after it.

    Raises `ValueError` when the record cannot be applied; a state that raised must not be used further: load it anew.
    A notice about a rate or a payment is the monitor's to give; here there are those about officers' records on this
    agent's alerts, which the monitor passes. Cost: 0.1 ms for a leg.
    """
    if isinstance(record, Disposition):
        return SharedOutputs(**msgspec.structs.asdict(core.apply(state, _of_node(record), origin)))
    if not isinstance(record, Leg):
        return SharedOutputs(**msgspec.structs.asdict(core.apply(state, record, origin)) | {"notice": None})
    if origin.offset < state.next:
        raise ValueError(f"a leg was applied before; got: offset {origin.offset}; expected: {state.next} or more")
    if state.configuration is None or state.effective is None:
        raise ValueError(
            f"no configuration is in force at offset {origin.offset} of the legs; expected: one before the first leg; "
            "to do: create the topics with `fxwatch topics apply`"
        )
    if origin.source is not None and not state.gate.enter(origin.source, origin.topic_id, record.number):
        outputs = SharedOutputs(outcome="redelivered")
    else:
        outputs = _apply_new(state, state.effective, record, origin)
    if state.restatement.waiting:
        bring_others_up_to_date(state, state.effective)
    _count(state, outputs)
    state.next = origin.offset + 1
    return outputs


def _of_node(record: Disposition) -> Disposition:
    """An officer's record with the node as its party, in whose form a node is kept, with alerts and snoozes too."""
    name, *_ = (*(thing.name for thing in name_shared(record)), record.party)
    previous = residents.with_nodes(record.previous) if record.shared_kind == "resident" else record.previous
    return msgspec.structs.replace(record, party=name, previous=previous, shared_token=None)


def _apply_new(state: SharedState, effective: Effective, leg: Leg, origin: Origin) -> SharedOutputs:
    thing = shared_of(leg)
    if thing.kind == "resident":
        return _follow(state, effective, residents.renamed(leg), thing, origin)
    # a party's own declarations come from one office, payments from many banks
    window = state.fingerprints[KINDS[Transaction]]
    identity, body = _of_kind(leg.identity, thing.kind), key(leg.body)
    former = None if leg.former is None else (_of_kind(leg.former[0], thing.kind), key(leg.former[1]))
    known, same = window.find(identity), body
    if known is None and former is not None:
        known, same = window.find(former[0]), former[1]
    if known is not None:
        outcome: Outcome = "duplicate" if known.body == same else "conflict"
        return SharedOutputs(outcome=outcome)
    outputs = (_declare if thing.kind == "goods" else _pay)(state, effective, leg, thing, origin)
    source = origin.source or Source(state.ledger_topic, state.partition, origin.offset)
    sender = state.shares.known_as(leg.institution)
    place = Known(body, state.topic_number(source.topic), source.partition, source.offset)
    window.add(identity, place, former, sender)
    return outputs


def _of_kind(identity: str, kind: LegKind) -> bytes:
    """A record's identity, as that of its leg of this kind."""
    packed = key(identity)
    return packed[:-1] + bytes([packed[-1] ^ _KINDS.index(kind)])


def _pay(state: SharedState, effective: Effective, leg: Leg, thing: SharedThing, origin: Origin) -> SharedOutputs:
    """A payment's leg: count it in the node, and bring the partition's clock up to date."""
    at_us, event = to_us(leg.event_time), as_payment(leg, thing)
    amount = money.parse(leg.amount)
    pass_time(state, event, origin)
    clock_us = event_clock.moved(state.watermark_us, at_us, origin.timestamp_ms)
    late = state.watermark_us is not None and at_us < state.watermark_us - effective.lateness_us
    state.give_share(leg.institution, clock_us)
    node = _recall(state, leg, thing)
    was = node.payments
    _begin(state, node, thing, at_us)
    if state.restatement.waiting:
        bring_up_to_date(state, effective, thing.name, node)
    row = _row(state, effective, node, leg, amount, at_us, origin.offset)
    counted = _account(effective, node, leg, row, state.shares.known_as(leg.institution), late=late)
    raised: list[RaisedAlert] = []
    told = trails.Written()
    if counted.outcome == "applied":
        assert state.configuration is not None
        case = Judged(state, state.configuration, effective, leg, thing, event, origin, node)
        raised = _judge(case, counted.payment, was)
        told = trails.told_by(case, was)
    node.first_us, node.last_us = min(node.first_us, at_us), max(node.last_us, at_us)
    state.advance(clock_us)
    cut = nodes.bound(node, state.kept_since_us, clock_us, state.shares.known_as)
    roster.store(state, thing.name, leg.previous, node, state.shares.known_as(leg.institution))
    return SharedOutputs(
        outcome=counted.outcome,
        late=late,
        raised=tuple(raised),
        join=counted.join,
        folded=counted.left_out + cut,
        trails=told.legs,
        cut=told.cut,
    )


def _follow(state: SharedState, effective: Effective, leg: Leg, thing: SharedThing, origin: Origin) -> SharedOutputs:
    """A trail's leg: keep the payment in the resident's node, and look for what comes round. It moves no clock."""
    assert leg.trail is not None
    assert state.configuration is not None
    if origin.source is not None:
        # its evidence names the topic of the payment's sender
        origin = msgspec.structs.replace(origin, source=msgspec.structs.replace(origin.source, topic=leg.trail.topic))
    at_us, event = to_us(leg.event_time), as_payment(leg, thing)
    node = _recall(state, leg, thing)
    was = node.payments
    _begin(state, node, thing, at_us)
    if state.restatement.waiting:
        bring_up_to_date(state, effective, thing.name, node)
    row = _row(state, effective, node, leg, money.parse_or_zero(leg.amount), at_us, origin.offset)
    kept = residents.put(node, leg, row)
    raised = _judge(Judged(state, state.configuration, effective, leg, thing, event, origin, node), kept, was)
    node.first_us, node.last_us = min(node.first_us, at_us), max(node.last_us, at_us)
    cut = nodes.bound(node, state.kept_since_us, state.watermark_us or at_us, state.shares.known_as, sampled=False)
    residents.forget_vias(node)
    roster.store(state, thing.name, leg.previous, node, state.shares.known_as(leg.institution))
    return SharedOutputs(outcome="applied", raised=tuple(raised), folded=cut)


def _declare(state: SharedState, effective: Effective, leg: Leg, thing: SharedThing, origin: Origin) -> SharedOutputs:
    """A declared line's leg: count it in the group's node, and judge it by its peers. It moves no clock."""
    at_us, event = to_us(leg.event_time), as_payment(leg, thing)
    late = state.watermark_us is not None and at_us < state.watermark_us - effective.lateness_us
    if late:
        return SharedOutputs(outcome="applied", late=True)
    node = _recall(state, leg, thing)
    was = node.payments
    _begin(state, node, thing, at_us)
    row = goods.row_of(state, effective, node, leg, origin.offset)
    counted = goods.declare(node, leg, row)
    assert state.configuration is not None
    raised = _judge(Judged(state, state.configuration, effective, leg, thing, event, origin, node), counted, was)
    node.first_us, node.last_us = min(node.first_us, at_us), max(node.last_us, at_us)
    now_us = state.watermark_us or at_us
    cut = nodes.bound(node, state.kept_since_us, now_us, state.shares.known_as, sampled=False)
    roster.store(state, thing.name, leg.previous, node, OFFICES)
    return SharedOutputs(outcome="applied", raised=tuple(raised), folded=cut)


def _judge(case: Judged, payment: Payment | None, was: bytes) -> list[RaisedAlert]:
    """The alerts of a leg: of what its payment completes, then of what it takes back."""
    found = None
    if payment is not None:
        if case.thing.kind == "goods":
            proof = evidence.line_proof_of(case.state, goods.as_declaration(case.leg), case.origin)
        else:
            proof = evidence.proof_of(case.state, case.event, case.origin)
        case.node.remember_proof(proof)
        found = judge(case, payment)
    return [*([] if found is None else [found]), *retract(case, was)]


def _recall(state: SharedState, leg: Leg, thing: SharedThing) -> Party:
    """The node, unpacked; in a key rotation with what is known of it under its former token."""
    node = roster.recall(state, thing.name, leg.previous)
    former = leg.previous.get(thing.name)
    record = None if former is None else state.parties.get(state.newest_name(former))
    if record is not None:
        other = unpack(record)
        nodes.join_residents(node, other)
        payees.join_payees(node, other)
    return node


def as_payment(leg: Leg, thing: SharedThing) -> Transaction:
    """The leg as a payment of the shared thing, with the resident as its counterparty."""
    return Transaction(
        event_id=leg.event_id,
        identity=leg.identity,
        body=leg.body,
        event_time=leg.event_time,
        direction=leg.direction,
        status=leg.status,
        payment_id=leg.payment_id,
        original_event_id=leg.original_event_id,
        party=thing.name,
        party_type="company",
        counterparty=leg.party,
        counterparty_country=leg.counterparty_country,
        institution=leg.institution,
        channel="interbank",
        amount=leg.amount,
        currency=leg.currency,
        purpose=leg.purpose,
        evidence=leg.evidence,
        previous=leg.previous,
    )


def _begin(state: SharedState, node: Party, thing: SharedThing, at_us: int) -> None:
    if not nodes.kind_of(node):
        node.slots[nodes.KIND] = thing.kind.encode()
        node.first_us = node.last_us = at_us
    if len(node.names) > MOST_NAMES:
        payments.forget_names(node)
    aliases.make_room(node, state.shares.known_as)


def _row(
    state: SharedState, effective: Effective, node: Party, leg: Leg, amount: money.Exact, at_us: int, offset: int
) -> Payment:
    rate = state.rates.ratio(leg.currency, "USD", at_us, effective.stale_us)
    flags = payments.OUT if leg.direction == "out" else 0
    flags |= payments.NO_DOCUMENT if leg.evidence == "none" else 0
    flags |= payments.RATE_MISSING if rate is None else 0
    flags |= {"settled": payments.SETTLED, "ordered": payments.ORDERED}.get(leg.status, 0)
    mantissa, exponent = money.fitted(amount)
    return Payment(
        time=at_us,
        amount_us=at_us,
        event=event_number(leg.institution, leg.event_id),
        payment=payment_number(leg.institution, leg.payment_id),
        usd=0 if rate is None else money.cents(amount, rate),
        beneficiary=node.canonical(leg.party, leg.previous),
        amount=mantissa,
        offset=offset,
        purpose=node.name_number(leg.purpose or ""),
        institution=node.name_number(leg.institution),
        currency=node.name_number(leg.currency),
        exponent=exponent,
        flags=flags,
    )


class _Counted(NamedTuple):
    """What became of a leg in its node: the payment that counts anew or otherwise, None where none does."""

    outcome: Outcome
    payment: Payment | None = None
    join: accounting.Join | None = None
    left_out: int = 0


def _account(effective: Effective, node: Party, leg: Leg, row: Payment, sender: str, *, late: bool) -> _Counted:
    """Count the leg once, or take back what it takes back; what a hub's sample leaves out is counted in whole."""
    sample = nodes.sample_of(node)
    paid = leg.status in {"ordered", "settled"}
    if paid and not late and not sample.holds(leg.party, sender):
        nodes.leave_out(node, sample, row)
        return _Counted("applied", left_out=1)
    if paid and payments.of_event(node, node.first_event(row.event)) is not None:
        # told before, longer ago than the window of fingerprints reaches
        return _Counted("duplicate")
    original = event_number(leg.institution, leg.original_event_id)
    incoming = Incoming(row, leg.status, original, leg.currency, leg.institution, late, effective.zone)
    effect = accounting.account(node, incoming)
    if effect.payment is not None:
        nodes.name_resident(node, row.beneficiary, leg.party)
        if leg.kind in payees.KINDS:
            payees.note_payee(node, leg, effect.payment.event)
    changed = effect.kind in {"new", "amended"}
    return _Counted("applied", effect.payment if changed else None, effect.join)


def _count(state: SharedState, outputs: SharedOutputs) -> None:
    counters, outcome = state.counters, outputs.outcome
    if outcome != "applied":
        counters["redelivered" if outcome == "redelivered" else f"{outcome}s"] += 1
        return
    counters["applied"] += 1
    counters["late"] += outputs.late
    counters["folded"] += outputs.folded
    counters["alerts"] += len(outputs.raised)
    if outputs.join is not None:
        counters[outputs.join] += 1
