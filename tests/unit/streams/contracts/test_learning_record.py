"""What the door takes of `fx.learning.v1`: what a monitor writes, in the partition that it says."""

import msgspec
import pytest

from detectors.contracts.learning import Learning, ScoreCounts
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.learning_record import LEARNING, SIZE_LIMIT, read_learning
from streams.contracts.refusal_codes import CODES, Fault
from streams.kafka import topics

GOOD = Learning(partition=3, number=7, told=ScoreCounts(segments={"person.out": (2, 5)}, detectors="f00d"))
WRITTEN = msgspec.json.encode(GOOD)


def arrived(value: bytes | None, partition: int = 3) -> ArrivedRecord:
    """A record of the topic."""
    return ArrivedRecord(LEARNING, partition, 40, 0, b"3", value)


def test_what_a_monitor_writes_is_read() -> None:
    assert LEARNING == topics.LEARNING
    assert read_learning(arrived(WRITTEN), 12) == GOOD


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "value.missing"),
        (b" " * (SIZE_LIMIT + 1), "size.exceeded"),
        (b"", "learning.malformed"),
        (b"\xff\xfe", "learning.malformed"),
        (b"[" * 60_000, "learning.malformed"),
        (b"{}", "learning.malformed"),
        (WRITTEN.replace(b"score_counts", b"gossip"), "learning.malformed"),
        (WRITTEN.replace(b'"number":7', b'"number":0'), "learning.malformed"),
        (WRITTEN.replace(b"[2,5]", b"[2,-5]"), "learning.malformed"),
        (WRITTEN[:-9], "learning.malformed"),
    ],
)
def test_what_none_writes_is_refused_by_a_code(value: bytes | None, code: str) -> None:
    found = read_learning(arrived(value), 12)
    assert isinstance(found, Fault)
    assert found.code == code
    assert code in CODES


@pytest.mark.parametrize(("partition", "partitions"), [(2, 12), (3, 3)])
def test_a_record_stands_in_the_partition_that_tells_it(partition: int, partitions: int) -> None:
    """And that is one of the ledger's: memory is kept for each."""
    found = read_learning(arrived(WRITTEN, partition), partitions)
    assert isinstance(found, Fault)
    assert found.code == "learning.partition"
