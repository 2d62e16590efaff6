"""What a partition told comes into every partition of the ledger, and whatever else stands there into none."""

import msgspec
import pytest

from detectors.contracts.events import Source
from detectors.contracts.learning import Learning, ScoreCounts
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.learning_record import LEARNING
from streams.ingest.door import Admitted, Door, Rejected
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope

TOLD = Learning(partition=2, number=7, told=ScoreCounts(segments={"person.out": (2, 5)}, detectors="f00d"))


def record(value: bytes | None, headers: tuple[tuple[str, bytes], ...] = (), partition: int = 2) -> ArrivedRecord:
    """A record of the topic."""
    return ArrivedRecord(LEARNING, partition, 40, 1_767_580_000_000, b"2", value, headers)


def test_one_record_for_each_ledger_partition_and_none_for_the_legs() -> None:
    door = Door(development_keys(), 4, {})
    door.topic_ids = {LEARNING: b"an-id"}

    admitted = door.admit(record(msgspec.json.encode(TOLD), (("traceparent", b"00-x"), ("fx.history", b"1"))))

    assert isinstance(admitted, Admitted)
    assert (admitted.legs, admitted.identities, admitted.when) == ((), (), None)
    assert [one.partition for one in admitted.records] == [0, 1, 2, 3]
    for one in admitted.records:
        event, origin = envelope.decode_record(one.value, one.headers, 11, 5, one.partition)
        assert event == TOLD
        assert one.key == b"learning"
        assert (origin.source, origin.topic_id, origin.headers, origin.history) == (
            Source(LEARNING, 2, 40),
            "an-id",
            (),
            False,
        )


def test_what_a_later_release_adds_to_a_record_goes_no_further() -> None:
    """Behind the door stands what this release knows: somebody's identifier in a field of theirs does not."""
    added = msgspec.json.encode(msgspec.to_builtins(TOLD) | {"type": "learning", "x_name": "P-1"})
    admitted = Door(development_keys(), 4, {}).admit(record(added))
    assert isinstance(admitted, Admitted)
    assert {one.value for one in admitted.records} == {msgspec.json.encode(TOLD)}


@pytest.mark.parametrize(
    ("value", "partition", "code"),
    [
        (None, 2, "value.missing"),
        (b"\x00\xff not ours", 2, "learning.malformed"),
        (msgspec.json.encode(TOLD), 1, "learning.partition"),
    ],
)
def test_a_foreign_or_damaged_record_is_a_dead_letter(value: bytes | None, partition: int, code: str) -> None:
    rejected = Door(development_keys(), 4, {}).admit(record(value, partition=partition))
    assert isinstance(rejected, Rejected)
    assert rejected.codes == (code,)
    assert "not ours" not in rejected.message
