"""Record sets at their edges: limits, codecs, transactions and markers."""

import struct
from types import SimpleNamespace

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.util import calc_crc32c

from streams.kafka import bounded_fetching, record_sets
from streams.kafka.bounded_fetching import hand_over
from streams.kafka.fetched_bytes import BoundedResult
from streams.kafka.record_sets import RecordSets
from tests.support.record_batches import Raw, batch, body, varint
from tests.unit.streams.kafka.test_record_sets import GOOD, THREE, marker, read

NOON = 1_700_000_000_000


ODD = (
    b"gr\xf6\xdfe",
    b"1",
)  # a header's name that is not UTF-8: aiokafka refuses it, so that this reader reads the set


def cause(data: bytes) -> str:
    """Why the one set of an answer cannot be read."""
    [*_, unreadable, _] = read(data)
    prefix = "the record set there cannot be read: "
    assert unreadable.cause.startswith(prefix)
    return str(unreadable.cause).removeprefix(prefix)


def resealed(data: bytes) -> bytes:
    """With the checksum of what it holds now."""
    return data[:17] + struct.pack(">I", calc_crc32c(data[21:])) + data[21:]


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_sets, "RECORDS_LIMIT", 3)
    monkeypatch.setattr(bounded_fetching, "RECORDS_LIMIT", 3)
    monkeypatch.setattr(record_sets, "HEADERS_LIMIT", 4)
    monkeypatch.setattr(record_sets, "_UNCOUNTED", 0)


@pytest.mark.usefixtures("small_limits")
def test_as_many_records_as_the_limit_are_read_and_one_more_is_none() -> None:
    assert len(read(GOOD)) == 4
    [unreadable, end] = read(batch([*THREE, Raw(b"four")], timestamp=NOON))
    assert (unreadable.code, unreadable.first, unreadable.offset, unreadable.timestamp, end) == (
        "set.too_large",
        0,
        3,
        NOON,
        4,
    )
    assert unreadable.cause.endswith("cannot be read: 4 records")


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (body(THREE[:1]) + b"\x7f\0" + bytes(80), "record 2 of 3: its length"),
        (body(THREE[:1]) + b"\x0a\0\0\x02\x7e\0", "record 2 of 3: a field is longer than the set"),
        (body(THREE[:1]) + b"\x0c\0\0\x02\x01\x01\x01", "record 2 of 3: the number of headers"),
        (b"\xff" * 11, "record 1 of 3: a number is longer than 64 bits"),
        (body([Raw(b"a", delta=1), *THREE[1:]]), "offsets inside the set that are not its own, or not in order"),
    ],
)
def test_the_cause_says_which_record_and_what(contents: bytes, why: str) -> None:
    assert cause(batch(THREE, contents=contents)) == why


def test_numbers_have_ten_bytes_at_most() -> None:
    """The longest that Kafka writes, for a time far back, is read; one byte more is none."""
    inner = (
        b"\0\x81"
        + b"\x80" * 8
        + b"\x01"
        + b"\0"
        + varint(-1)
        + varint(1)
        + b"v"
        + varint(1)
        + (varint(len(ODD[0])) + ODD[0] + varint(-1))
    )
    [record, _] = read(batch([Raw(None)], contents=varint(len(inner)) + inner, timestamp=2**62))
    assert record.timestamp == -1


def test_an_unknown_codec_says_that_another_release_is_needed() -> None:
    assert cause(batch(THREE, codec_number=5)) == "codec 5 is not known to this release"


def test_a_marker_that_compaction_emptied_ends_its_transaction() -> None:
    """Kafka keeps such a marker for its producer's sequence; aiokafka raised at every fetch."""
    gone = resealed(marker(7, 2, commit=False)[:57] + struct.pack(">i", 0))
    gone = resealed(gone[:8] + struct.pack(">i", len(gone) - 12) + gone[12:])
    data = (
        batch([Raw(b"rolled back")] * 2, producer=7, transactional=True)
        + gone
        + batch([Raw(b"good")], base=3, producer=7, transactional=True)
    )
    [record, end] = read(data, aborted=[(7, 0)])
    assert (record.value, end) == (b"good", 4)


@pytest.mark.parametrize("producer", [0, 7])
def test_only_what_its_own_transaction_rolled_back_is_passed_over(producer: int) -> None:
    """Not another's, not what is of no transaction; all of it by who reads what is not committed."""
    data = (
        batch([Raw(b"rolled back")], producer=producer, transactional=True)
        + batch([Raw(b"alone")], base=1, producer=producer)
        + batch([Raw(b"other")], base=2, producer=9, transactional=True)
        + marker(producer, 3, commit=False)
    )
    aborted = [(producer, 0)]
    assert [one.value for one in read(data, aborted=aborted)[:-1]] == [b"alone", b"other"]
    assert len(read(data, aborted=aborted, committed=False)) == 4


def test_a_consumer_is_told_to_hand_over() -> None:
    consumer = SimpleNamespace(_value_deserializer=None)
    hand_over(consumer)
    assert consumer._value_deserializer.each_offset is False
    hand_over(consumer, each_offset=True)
    assert consumer._value_deserializer.each_offset is True


def test_the_patch_puts_all_three_classes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MemoryRecords", "PartitionRecords", "FetchResult"):
        monkeypatch.setattr(fetcher, name, None)
    bounded_fetching.read_within_bounds()
    assert (fetcher.MemoryRecords, fetcher.PartitionRecords, fetcher.FetchResult) == (
        RecordSets,
        bounded_fetching.BoundedRecords,
        BoundedResult,
    )
