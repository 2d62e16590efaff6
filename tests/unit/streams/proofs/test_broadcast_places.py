"""Rates and configurations on the legs topic: in each partition once, as in the ledger, and counted by agents."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from detectors.contracts.events import ConfigurationChange
from streams.cli.reconcile import _take_positions
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import INPUTS, RATES, RULES
from streams.ingest.door import Admitted, Door
from streams.kafka import topics
from streams.keys.pseudonyms import Key, Keys, development_keys
from streams.ledger import envelope
from streams.proofs.broadcast_places import BroadcastPlaces, print_of_broadcast
from streams.proofs.reconcile import Reconciliation, Tokens
from streams.settings import overlay_configuration
from tests.support.pipeline import RATE, TIMESTAMP_MS

PARTITIONS = 3
Copies = list[tuple[int, Any]]


def admit(offset: int, mid: str = "1387.50", keys: Keys | None = None) -> Admitted:
    """What the door makes of a rate."""
    gate = Door(keys or development_keys(), PARTITIONS, {})
    gate.topic_ids = dict.fromkeys(INPUTS, b"id")
    body = RATE | {"mid": mid, "event_id": f"R{offset}"}
    answer = gate.admit(ArrivedRecord(RATES, 0, offset, TIMESTAMP_MS, b"USD/KRW", msgspec.json.encode(body)))
    assert isinstance(answer, Admitted), answer
    return answer


def written(count: int = 4) -> tuple[Copies, Copies]:
    """Ledger and legs of so many rates, each in every partition."""
    admitted = [admit(offset) for offset in range(count)]
    ledger = [(one.partition, one) for each in admitted for one in each.records]
    return ledger, [(one.partition, one) for each in admitted for one in each.legs]


def problems(ledger: Copies, legs: Copies, read: int = 4) -> list[str]:
    """What the command finds, by kind and source offset."""
    found = Reconciliation({(RATES, 0): (0, read)}, [RATES], PARTITIONS)
    found.read(RATES, 0, range(read))
    for topic, copies in ((topics.LEGS, legs), (topics.LEDGER, ledger)):
        for offset, (partition, one) in enumerate(copies):
            record = SimpleNamespace(
                key=one.key, value=one.value, headers=one.headers, offset=offset, timestamp=TIMESTAMP_MS
            )
            batch = TopicPartition(topic, partition), [record]
            assert _take_positions(batch, found, Tokens({}, settled=True), dict.fromkeys(INPUTS, b"id")) == 0
    found.note_end(RATES, 0, read)
    return [f"{one.kind} {one.first}-{one.last}" for one in found.find_problems()]


def test_what_ingest_writes_reconciles():
    ledger, legs = written()
    assert len(legs) == 4 * PARTITIONS
    assert problems(ledger, legs) == []


@pytest.mark.parametrize("place", range(4 * PARTITIONS))
def test_a_copy_that_is_missing_anywhere_is_told(place):
    """In one partition of the legs: the agent that owns it would not know the rate."""
    ledger, legs = written()
    offset = place // PARTITIONS
    assert problems(ledger, legs[:place] + legs[place + 1 :]) == [f"copy_missing {offset}-{offset}"]


def test_copies_written_again_are_none():
    """From any record on, in ledger and legs."""
    ledger, legs = written()
    for begun in range(0, len(legs), PARTITIONS):
        assert problems(ledger + ledger[begun:], legs + legs[begun:]) == []


def test_a_copy_behind_the_gate_is_told():
    """It came after a later one and never before: an agent takes it for one that it has counted."""
    ledger, legs = written()
    late = [one for one in legs if one[0] == 1]
    assert problems(ledger, [one for one in legs if one[0] != 1] + [late[1], late[0], *late[2:]]) == ["copy_behind 0-0"]


def test_a_copy_of_nothing_and_one_without_its_record_are_told():
    """Of an offset that holds no input, of one beyond its end, and of one that the ledger has not."""
    ledger, legs = written()
    assert problems(ledger[: 3 * PARTITIONS], legs) == ["missing 3-3", "copy_without_record 3-3"]
    assert problems(ledger[: 3 * PARTITIONS], legs, read=3) == ["copy_without_source 3-3"]


def test_another_rate_than_the_ledgers_is_told():
    """In one partition alone."""
    ledger, legs = written()
    legs[4] = (1, admit(1, "1400").legs[1])
    assert problems(ledger, legs) == ["copy_differs 1-1"]


def test_a_copy_or_record_that_cannot_be_read_is_told():
    """Such a copy is missing, too: an agent stops at it. A record of a later layout proves nothing."""
    ledger, legs = written()
    partition, copy = legs[5]
    legs[5] = partition, copy._replace(value=copy.value + b" ")
    assert problems(ledger, legs) == ["copy_missing 1-1", "copy_unreadable 1-1"]
    ledger, legs = written()
    partition, record = ledger[0]
    later = [(name, b"2" if name == envelope.LEGS else it) for name, it in record.headers[:-1]]
    ledger[0] = partition, record._replace(headers=envelope.checked(later, record.value))
    assert problems(ledger, legs) == ["copies_untold 0-0"]
    ledger[0] = partition, record._replace(value=record.value + b" ")
    assert problems(ledger, legs) == ["copies_untold 0-0"]


def test_rates_of_an_earlier_release_have_no_copies():
    """Their headers promise none; nor does it matter where a later release wrote some of them again."""
    ledger, legs = written()
    old = []
    for partition, record in ledger[: 2 * PARTITIONS]:
        headers = [header for header in record.headers[:-1] if header[0] != envelope.LEGS]
        old.append((partition, record._replace(headers=envelope.checked(headers, record.value))))
    assert problems(old + ledger[2 * PARTITIONS :], legs[2 * PARTITIONS :]) == []
    assert problems(old + ledger[PARTITIONS:], legs[PARTITIONS:]) == []
    assert problems(old + ledger[2 * PARTITIONS :], legs[2 * PARTITIONS + 1 :]) == ["copy_missing 2-2"]


def test_a_rotation_of_keys_changes_no_copy():
    """A rate written again under another key has other fingerprints, and is the same rate."""
    ledger, legs = written()
    fixed = development_keys()
    rotated = admit(3, keys=Keys(Key("k2", b"2" * 32), fixed.current, fixed.routing)).legs
    assert rotated[0].value != legs[-1][1].value
    assert problems(ledger, legs[: 3 * PARTITIONS] + [(one.partition, one) for one in rotated]) == []


def test_configurations_are_told_apart_by_all_that_they_say():
    one, other = (
        print_of_broadcast(ConfigurationChange(configuration=overlay_configuration(given)))
        for given in ({}, {"desks": {"audit": {"typologies": ["T01"]}}})
    )
    assert one != other


def test_a_configuration_has_copies_too():
    """The door writes it to every partition of the legs."""
    gate = Door(development_keys(), PARTITIONS, {})
    body = {"event_id": "X", "configuration": msgspec.to_builtins(overlay_configuration({}))}
    answer = gate.admit(ArrivedRecord(RULES, 0, 0, TIMESTAMP_MS, b"configuration", msgspec.json.encode(body)))
    assert isinstance(answer, Admitted), answer
    assert [one.partition for one in answer.legs] == [0, 1, 2]
    assert answer.legs == answer.records


def test_what_lies_outside_is_passed_over():
    """Offsets before the input's log start, and partitions that were added to the topic later."""
    places = BroadcastPlaces(5, 7, 2)
    places.take(0, 4, 1)
    places.take(2, 5, 1)
    places.expect(4, 1)
    places.note(4, 1)
    places.note(9, 1)
    assert not places.there.any()
    assert not places.due.any()
    assert not places.wrong.any()
