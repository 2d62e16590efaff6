"""Record sets at the edges of what a sender or a broker may send: formats, bounds, times, causes, and what is kept."""

import hashlib
import struct
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import ConsumerRecord

from streams.kafka import bounded_fetching, record_sets
from streams.kafka.bounded_fetching import HandOver, hand_over
from streams.kafka.fetched_bytes import BoundedResult
from streams.kafka.record_sets import RecordSets
from streams.kafka.unreadable_sets import Unreadable, UnreadableSetError
from tests.support.own_cpu import own_cpu
from tests.support.record_batches import CODECS, Raw, batch, body, concealed, varint
from tests.unit.streams.kafka.test_record_sets import GOOD, THREE, TP, contents, marker, read

NOON = 1_700_000_000_000
NEXT = batch([Raw(b"next")], base=3)
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


# What is delivered


@pytest.mark.parametrize("headers", [[(b"h", b"x")], [ODD]])
def test_a_record_is_delivered_with_all_that_aiokafka_tells(headers: list[Any]) -> None:
    """Topic, partition, times, both sizes (-1 for none); the same however the set had to be read."""
    data = batch([Raw(b"value", b"key", headers, later=250), Raw(None, None, headers)], timestamp=NOON, base=7)
    told = tuple((name.decode("utf-8", "replace"), content) for name, content in headers)
    assert read(data, 7)[:-1] == [
        ConsumerRecord(TP.topic, 3, 7, NOON + 250, 0, b"key", b"value", None, 3, 5, told),
        ConsumerRecord(TP.topic, 3, 8, NOON, 0, None, None, None, -1, -1, told),
    ]


@pytest.mark.parametrize("headers", [[(b"h", b"x")], [ODD]])
def test_where_brokers_say_the_time_it_is_that_of_the_append(headers: list[Any]) -> None:
    """`message.timestamp.type=LogAppendTime`: the set's latest time, for every record, and for what stands for it."""
    data = batch([Raw(b"v", None, headers, later=250)], timestamp=NOON, appended=NOON + 9)
    [record, _] = read(data)
    assert (record.timestamp, record.timestamp_type) == (NOON + 9, 1)
    [unreadable, _] = read(batch([Raw(b"v")], "zstd", timestamp=NOON, appended=NOON + 9, contents=b"no zstd"))
    assert unreadable.timestamp == NOON + 9


def test_a_consumer_that_was_not_told_gets_records_as_aiokafka_gives_them() -> None:
    """With its own deserializer, at its own place."""
    [record, *_] = read(GOOD, handed=lambda value: (value or b"").decode())
    assert (record.topic, record.partition, record.offset, record.value) == (TP.topic, 3, 0, "one")


def test_empty_is_not_absent_in_a_set_with_an_odd_header() -> None:
    """Key, value and header: of no bytes, and none at all. A name of none is an empty one."""
    records = [Raw(b"", b"", [ODD, (b"n", None), (b"e", b"")]), Raw(None, None, [(None, b"x")])]
    assert contents(read(batch(records))) == [
        (0, b"", b"", (("gr\ufffd\ufffde", b"1"), ("n", None), ("e", b""))),
        (1, None, None, (("", b"x"),)),
    ]


@pytest.mark.parametrize("odd", [0, 1, 2, 3])
def test_an_odd_header_anywhere_in_a_set_doubles_or_loses_no_record(odd: int) -> None:
    """Those before it were delivered already when aiokafka refuses; the last byte of the set may be its own."""
    records = [Raw(b"%d" % number, None, [ODD] if number == odd else []) for number in range(4)]
    assert [one.value for one in read(batch(records))[:-1]] == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("attributes", [b"\x01", b"\x80", b"\xff"])
def test_attributes_of_a_record_are_one_byte_without_a_meaning(attributes: bytes) -> None:
    """Aiokafka takes 0x80 for the beginning of a longer number, and what follows for something else."""
    inner = attributes + body([Raw(b"value", b"key")])[2:]
    found = read(batch([Raw(None)], contents=varint(len(inner)) + inner, timestamp=NOON))
    assert contents(found) == [(0, b"key", b"value", ())]
    assert found[0].timestamp == NOON


# Bounds


def test_headers_that_are_concealed_from_the_count_are_never_made() -> None:
    """7 million of them, 2.7 KB as sent, took 1 GB. By Kafka's format they are a long key, and that is what is read."""
    data = batch([Raw(None)] * 2, "zstd", contents=CODECS["zstd"][1](concealed(7_000_000) + body([Raw(b"x", delta=1)])))
    with own_cpu() as spent:
        [record, second, _] = read(data)
    assert (len(record.key), record.headers, second.value) == (28_000_006, (), b"x")
    assert spent.seconds < 0.5


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_sets, "RECORDS_LIMIT", 3)
    monkeypatch.setattr(bounded_fetching, "RECORDS_LIMIT", 3)
    monkeypatch.setattr(record_sets, "HEADERS_LIMIT", 4)
    monkeypatch.setattr(record_sets, "_UNCOUNTED", 0)


def headed(*counts: int) -> list[Raw]:
    return [Raw(b"v" * 70, b"k" * 70, [(b"h", b"x")] * count) for count in counts]


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("compression", CODECS)
@pytest.mark.parametrize(
    ("counts", "good"),
    [
        ((4,), True),
        ((0, 4, 0), True),
        ((2, 0, 2), True),
        ((2, 2), True),
        ((5,), False),
        ((3, 0, 2), False),
        ((2, 2, 1), False),
        ((0, 0, 5), False),
    ],
)
def test_headers_of_all_records_of_a_set_are_counted_together(
    compression: str, counts: tuple[int, ...], good: bool
) -> None:
    """As many as the limit are read, one more is none; a record without key or value is counted like another."""
    for records in (headed(*counts), [one._replace(key=None, value=None) for one in headed(*counts)]):
        found = read(batch(records, compression))
        if good:
            assert [len(one.headers) for one in found[:-1]] == list(counts)
        else:
            assert [(one.code, one.first, one.offset) for one in found[:-1]] == [("set.too_large", 0, len(counts) - 1)]
            assert found[0].cause.endswith("cannot be read: more than 4 headers")


@pytest.mark.usefixtures("small_limits")
def test_a_fault_hides_no_headers_from_the_count() -> None:
    """Attributes, a count below 0, a length that is not the record's: what follows is counted, or never made."""
    many = body(headed(0, 5))[len(body(headed(0))) :]
    [unreadable, _] = read(batch([Raw(None)] * 2, contents=concealed(9) + many))
    assert (unreadable.code, unreadable.first) == ("set.too_large", 0)
    negative = b"\0\0\0" + varint(-1) * 2 + varint(-3)
    [unreadable, _] = read(batch([Raw(None)] * 2, contents=varint(len(negative)) + negative + many))
    assert (unreadable.code, unreadable.first) == ("set.undecodable", 0)
    [record, unreadable, _] = read(batch([Raw(None)] * 3, contents=body(headed(1)) + varint(-3) + many))
    assert (record.offset, unreadable.code, unreadable.first) == (0, "set.undecodable", 1)
    [record, unreadable, _] = read(batch([Raw(None)] * 3, contents=body(headed(1)) + b"\x90"))
    assert (record.offset, unreadable.code, unreadable.first) == (0, "set.undecodable", 1)


class Spied:
    """aiokafka's reader, which tells whether it was asked for records."""

    asked = 0

    def __init__(self, data: bytes) -> None:
        self._batch = DefaultRecordBatch(data)

    def validate_crc(self) -> bool:
        return bool(self._batch.validate_crc())

    def __iter__(self) -> Any:
        Spied.asked += 1
        return iter(self._batch)


def record_of(inner: bytes) -> bytes:
    return varint(len(inner)) + inner


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(
    ("contents", "asked"),
    [
        (body(headed(2, 2)), 1),
        (concealed(9), 0),
        (body(headed(1)) + concealed(9), 0),
        (concealed(9) + body(headed(1)), 0),
        # what the count cannot follow: a key beyond the set, a number without an end, fewer than no headers
        (record_of(b"\x80\0\0" + varint(99) + varint(-1) + varint(9) + b"\x04ab\0" * 9), 0),
        (record_of(b"\x80" + b"\xff" * 20), 0),
        (record_of(b"\x80\0\0" + varint(-1) + varint(-1) + varint(-1) + varint(9) + b"\x04ab\0" * 9), 0),
    ],
    ids=["honest", "concealed", "second", "first", "long", "endless", "negative"],
)
def test_aiokafka_makes_no_headers_that_were_not_counted(
    monkeypatch: pytest.MonkeyPatch, contents: bytes, asked: int
) -> None:
    """It is ten times quicker, and reads what is honest. It is not asked where it might read what nobody counted."""
    monkeypatch.setattr(record_sets, "DefaultRecordBatch", Spied)
    monkeypatch.setattr(Spied, "asked", 0)
    read(batch([Raw(None)] * 2, contents=contents))
    assert Spied.asked == asked


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


# Why not


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


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (GOOD[:40], "it is torn"),
        (GOOD[:8] + struct.pack(">i", 28) + GOOD[12:40], "it is torn"),
        (GOOD[:-1], "it is torn"),
        (GOOD[:16] + b"\x03" + GOOD[17:], "its format is of version 3"),
        (GOOD[:-1] + b"\xff", "its checksum (CRC-32C) does not match"),
        (GOOD[:8], "it is torn"),
    ],
)
def test_what_is_damaged_says_how(data: bytes, why: str) -> None:
    """And nothing of it is trusted, neither its time nor, here, its last offset."""
    assert cause(data) == why
    [unreadable, _] = read(data)
    assert (unreadable.code, unreadable.timestamp, unreadable.timestamp_type) == ("set.damaged", -1, 0)


def test_what_stands_in_the_place_of_a_set_says_all_of_it() -> None:
    """Topic, partition, offsets, time, size, hash; for each offset where a reader needs it so."""
    data = batch(THREE, "zstd", contents=b"no zstd at all", timestamp=NOON, base=10)
    [made, end] = read(data, 11)
    digest = hashlib.sha256(data).hexdigest()
    assert (made.topic, made.partition, made.first, made.offset, made.timestamp, made.size, made.sha256, end) == (
        TP.topic,
        3,
        11,
        12,
        NOON,
        len(data),
        digest,
        13,
    )
    assert read(data, 11, HandOver(each_offset=True)) == [
        Unreadable(
            TP.topic,
            3,
            offset,
            offset,
            NOON,
            len(data),
            digest,
            "set.undecodable",
            f"{made.cause} (the set reaches to offset 12)",
        )
        for offset in (11, 12)
    ] + [13]


@pytest.mark.parametrize(("base", "told"), [(10, "offsets 10 to 12"), (8, "offset 10")])
def test_an_error_says_where_and_has_what_stands_there(base: int, told: str) -> None:
    with pytest.raises(UnreadableSetError) as caught:
        read(batch(THREE, codec_number=5, base=base), 10, handed=object())
    assert str(caught.value) == (
        f"UnreadableSetError: a record set cannot be read: fx.transactions.v1[3] {told}: "
        "the record set there cannot be read: codec 5 is not known to this release"
    )
    assert (caught.value.unreadable.first, caught.value.unreadable.code) == (10, "set.codec")


# Where a damaged set ends


def damaged(base: int = 0, delta: int = 2) -> bytes:
    """Three records; the last offset's delta was damaged with the checksum."""
    data = batch(THREE, base=base)
    return data[:17] + b"\0\0\0\0" + data[21:23] + struct.pack(">i", delta) + data[27:]


@pytest.mark.parametrize(
    ("delta", "following", "last"),
    [
        (2**30, NEXT, 2),
        (2**30, NEXT[:12], 2),
        (2**30, NEXT[:20], 2),
        (2**30, NEXT[:11], 0),
        (2**30, b"", 0),
        (-7, b"", 0),
        (2, b"", 2),
        (2, batch([Raw(b"")], base=0), 2),
        (2, batch([Raw(b"")], base=2**40), 2),
        (2, NEXT[:16] + b"\1" + NEXT[17:], 2),
        (1, NEXT[:16] + b"\1" + NEXT[17:], 1),
        (0, NEXT[:16] + b"\0", 0),
    ],
)
def test_a_damaged_set_ends_where_the_next_begins_else_where_it_says(delta: int, following: bytes, last: int) -> None:
    """A false end passes over what can be read. An old set tells its last offset, and one's own end may be damaged."""
    found = read(damaged(delta=delta) + following)
    assert (found[0].code, found[0].first, found[0].offset) == ("set.damaged", 0, last)
    if following is NEXT:
        assert contents(found)[1:] == [(3, None, b"next", ())]


def moved(data: bytes, base: int) -> bytes:
    """With another first offset, which no checksum covers."""
    return struct.pack(">q", base) + data[8:]


@pytest.mark.parametrize("base", [4, 2, 1, 0, -7, 2**40, 8, 7])
def test_a_set_whose_offset_was_damaged_hides_nothing(base: int) -> None:
    """Its checksum is true. Moved down, its records would be passed over in silence; up, they would hide the next."""
    behind = batch([Raw(b"last")], base=6)
    data = GOOD + moved(batch(THREE, base=3), base) + behind
    [_, _, _, unreadable, record, end] = read(data)
    assert (unreadable.code, unreadable.first, unreadable.offset) == ("set.damaged", 3, 5)
    assert unreadable.cause.endswith("its offsets are not between those of the sets before and behind it")
    assert (record.value, end) == (b"last", 7)


def test_sets_in_their_places_are_read_whatever_is_missing_between_them() -> None:
    """Compaction leaves gaps; a set may end the answer, or begin before the position if it is the first."""
    data = GOOD + batch(THREE, base=10) + batch(THREE, base=13) + batch(THREE, base=2**40)
    expected = [*range(3), *range(10, 16), *range(2**40, 2**40 + 3)]
    assert [one.offset for one in read(data)[:-1]] == expected
    assert [one.offset for one in read(data, 2)[:-1]] == expected[2:]


def test_a_set_before_the_position_is_no_answer_to_it() -> None:
    """Nothing would be read, and the same be fetched again without end."""
    [unreadable, end] = read(GOOD, 3)
    assert (unreadable.code, unreadable.first, unreadable.offset, end) == ("set.damaged", 3, 3, 4)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(("following", "last"), [(3, 2), (4, 1)])
def test_no_damaged_set_takes_more_offsets_than_a_set_may_have(following: int, last: int) -> None:
    """Of 3 here: the fourth is not believed, and the set's own word is asked."""
    found = read(damaged(delta=1) + batch([Raw(b"next")], base=following))
    assert found[0].offset == last


def test_a_length_of_nothing_ends_no_reading() -> None:
    """Twelve bytes that say so are a damaged set, at any place; what follows them is read."""
    for length in (0, -5):
        empty = struct.pack(">qi", 3, length)
        [*three, unreadable, end] = read(GOOD + empty)
        assert (len(three), unreadable.code, unreadable.first, end) == (3, "set.damaged", 3, 4)
        [unreadable, record, _] = read(empty + batch([Raw(b"next")], base=1))
        assert (unreadable.offset, record.value) == (0, b"next")


# Transactions


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


# The patch


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
