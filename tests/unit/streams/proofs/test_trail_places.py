"""Trails beside the legs that they follow from: each in its resident's partition, in order, the same each time."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from detectors.contracts.events import Leg, Origin, Source, Trail
from detectors.contracts.legs import shared_of
from streams.kafka import topics
from streams.ledger import envelope
from streams.proofs.legs_topic import take_from_legs
from streams.proofs.reconcile import Reconciliation
from streams.shared.trail_records import trail_headers
from tests.support.ledger import later

PARTITIONS = 4
# slots 1 and 2, so partitions 1 and 2
FIRST, SECOND = "k1.001." + "a" * 32, "k1.002." + "b" * 32


def trail(
    cause: int, number: int = 0, *, to: str = FIRST, amount: str = "5", partition: int = 0, **changes: Any
) -> tuple[Any, envelope.Told]:
    """A trail's record that follows from offset `cause` of partition `partition` of the legs, and what it says."""
    leg = Leg(
        event_id="e1",
        identity="",
        body="",
        event_time=later(),
        direction="out",
        party=FIRST,
        counterparty="k1.003." + "c" * 32,
        counterparty_country="HK",
        institution="BANKA",
        amount=amount,
        currency="USD",
        trail=Trail(resident=to, via="counterparty", event=7, topic=topics.TRANSACTIONS),
        kind="resident",
        number=number,
    )
    value = envelope.encode(msgspec.structs.replace(leg, **changes.pop("leg", {})))
    origin = Origin(offset=cause, source=None, commitment="", timestamp_ms=0)
    source = Source(topics.LEGS, partition, cause)
    headers = envelope.checked(trail_headers(source, "k1:" + "ab" * 32, number, origin), value)
    given = {"key": shared_of(leg).name.encode(), "value": value, "headers": headers, "offset": 0, "timestamp": 0}
    record = SimpleNamespace(**given | changes)
    told = envelope.told_source(headers)
    assert told is not None
    return record, told


def problems(*taken: tuple[int, tuple[Any, envelope.Told]], end: int | None = 100) -> list[str]:
    """What is found of trails that stand in these partitions, in this order."""
    return [str(one) for one in reconciled(*taken, end=end).find_problems()]


def reconciled(*taken: tuple[int, tuple[Any, envelope.Told]], end: int | None = 100) -> Reconciliation:
    found = Reconciliation({}, [], PARTITIONS)
    for number, (record, told) in taken:
        take_from_legs(record, told, (told.topic.decode(), int(told.partition)), found, number)
    if end is not None:
        found.note_end(topics.LEGS, 0, end)
    return found


def test_trails_in_order_and_written_again_are_well() -> None:
    """Counted once each; another partition has an order of its own."""
    taken = [(1, trail(5)), (1, trail(5, 1)), (2, trail(4, to=SECOND)), (1, trail(5)), (1, trail(9)), (1, trail(5, 1))]
    assert problems(*taken) == []
    found = reconciled(*taken)
    assert (found.count_trails(), found.foreign) == (4, {})


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("misplaced", [(2, trail(5))]),
        ("misplaced", [(1, trail(5, key=SECOND.encode()))]),
        ("misplaced", [(3, trail(5, leg={"kind": "counterparty"}))]),
        ("differs", [(1, trail(5)), (1, trail(5, amount="6"))]),
        ("behind", [(1, trail(9)), (1, trail(5))]),
        ("behind", [(1, trail(5, 1)), (1, trail(5, 0))]),
        ("unreadable", [(1, trail(5, value=b"{}"))]),
        ("unreadable", [(1, trail(5, leg={"trail": None}))]),
        ("without source", [(1, trail(5)), (1, trail(100))]),
    ],
)
def test_what_is_wrong_is_told_at_the_leg_that_it_follows_from(kind: str, taken: list[Any]) -> None:
    """One fault each."""
    offset = 100 if kind == "without source" else 5
    assert problems(*taken) == [f"fx.legs.v1[0]: {offset} trail {kind}"]


def test_while_the_legs_grow_no_cause_is_missed() -> None:
    """Where they end is asked last; before that nothing is beyond it."""
    assert problems((1, trail(100)), end=None) == []


@pytest.mark.parametrize("record", [trail(5, partition=PARTITIONS)])
def test_a_partition_that_is_not_there_is_foreign(record: tuple[Any, envelope.Told]) -> None:
    """No leg can stand in it."""
    assert reconciled((1, record)).foreign == {f"fx.legs.v1[{PARTITIONS}]": 1}
