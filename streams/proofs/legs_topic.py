"""Compares ledger records with what stands of them on `fx.legs.v1`, record by record.

Each ledger record says by itself and its header `__fx.legs` what must stand there: legs (leg_places.py), or a copy in
each partition (broadcast_places.py).
"""

from typing import Any

from detectors.contracts.events import ConfigurationChange, Declaration, Disposition, Leg, Rate, Transaction
from detectors.contracts.legs import SharedThing, name_shared
from streams.errors import LedgerError
from streams.kafka import topics
from streams.ledger import envelope
from streams.ledger.envelope import Told
from streams.ledger.input_positions import InputPartition
from streams.proofs.broadcast_places import BroadcastPlaces, print_of_broadcast
from streams.proofs.leg_places import NO_PRINT, UNREADABLE, UNTOLD, LegPlaces, print_of_leg, prints_of_record
from streams.proofs.reconcile import Reconciliation


def expect_on_legs(record: Any, told: Told, place: InputPartition, found: Reconciliation, _number: int) -> None:
    """Note what a ledger record has on the legs topic, by itself and its header alone. 5 us."""
    there = found.on_legs(*place)
    if isinstance(there, LegPlaces) and told.kind in envelope.HAVE_LEGS:
        _expect_legs(record, told, there)
    elif isinstance(there, BroadcastPlaces) and told.kind in envelope.BROADCAST:
        _expect_copies(record, told, there)


def _expect_legs(record: Any, told: Told, there: LegPlaces) -> None:
    if not told.legs:
        # of an earlier release: one leg, of the payment's counterparty
        there.expect(told.offset, [NO_PRINT] if told.kind == b"transaction" else [])
        return
    try:
        event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
        if told.legs != envelope.LEGS_LAYOUT or not isinstance(event, (Transaction, Declaration, Disposition)):
            there.note(told.offset, UNTOLD)
        else:
            there.expect(told.offset, prints_of_record(event))
    except (LedgerError, ValueError):
        there.note(told.offset, UNTOLD)


def _expect_copies(record: Any, told: Told, there: BroadcastPlaces) -> None:
    if not told.legs:
        return  # of an earlier release, which wrote no copies
    try:
        event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
    except LedgerError:
        there.note(told.offset, UNTOLD)
        return
    if told.legs != envelope.LEGS_LAYOUT or not isinstance(event, (Rate, ConfigurationChange)):
        there.note(told.offset, UNTOLD)
    else:
        there.expect(told.offset, print_of_broadcast(event))


def take_from_legs(record: Any, told: Told, place: InputPartition, found: Reconciliation, number: int) -> None:
    """Compare a record that stands in partition `number` of the legs. 5 us."""
    there = found.on_legs(*place)
    if isinstance(there, LegPlaces):
        _take_leg(record, told, there, found.partitions, number)
    elif isinstance(there, BroadcastPlaces):
        _take_copy(record, told, there, number)
    elif place[0] == topics.LEGS and place[1] < found.partitions and told.number >= 0:
        found.trails(*place).take(record, told, found.partitions, number)
    else:
        found.count_foreign(*place)


def _take_leg(record: Any, told: Told, there: LegPlaces, partitions: int, number: int) -> None:
    if told.number < 0:
        there.take(number, told.offset, 0)
        return
    try:
        leg, _ = envelope.decode_shared(record.value, record.headers, record.offset, record.timestamp)
        checksum, thing = _print_of(leg)
    except (LedgerError, ValueError):
        there.note(told.offset, UNREADABLE)
        return
    placed = thing.slot % partitions == number and record.key == thing.name.encode()
    there.take(number, told.offset, told.number, checksum, placed=placed)


def _print_of(leg: envelope.Shared) -> tuple[int, SharedThing]:
    """The checksum of a leg or of an officer's record, and whose it is. Raises ValueError for what is neither."""
    if isinstance(leg, Leg):
        return print_of_leg(leg)
    if not isinstance(leg, Disposition) or not (things := name_shared(leg)):
        raise ValueError("it is no leg, and no officer's record on an alert about a shared thing")
    return prints_of_record(leg)[0], things[0]


def _take_copy(record: Any, told: Told, there: BroadcastPlaces, number: int) -> None:
    try:
        event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
    except LedgerError:
        there.note(told.offset, UNREADABLE)
        return
    if isinstance(event, (Rate, ConfigurationChange)):
        there.take(number, told.offset, print_of_broadcast(event))
    else:
        there.note(told.offset, UNREADABLE)
