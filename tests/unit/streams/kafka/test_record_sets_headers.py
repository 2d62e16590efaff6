"""Headers of record sets at their edges: odd ones double or lose no record, and all are counted first."""

from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.structs import ConsumerRecord

from streams.kafka import bounded_fetching, record_sets
from tests.support.own_cpu import own_cpu
from tests.support.record_batches import CODECS, Raw, batch, body, concealed, varint
from tests.unit.streams.kafka.test_record_sets import GOOD, TP, contents, read
from tests.unit.streams.kafka.test_record_sets_edges import NOON, ODD


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
