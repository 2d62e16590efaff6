"""Record sets of before Kafka 0.11 (formats 0 and 1), byte by byte as the protocol guide says, plain and compressed."""

import gzip
import random
import struct
import zlib
from typing import Any

import pytest
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder

from streams.kafka import record_sets
from streams.kafka.bounded_fetching import HandOver
from streams.kafka.old_record_sets import OldRecordSet
from tests.support.record_batches import CODECS, Raw, batch
from tests.unit.streams.kafka.test_record_sets import contents, read

NOON = 1_400_000_000_000
LOG_APPEND_TIME = 8


def field(content: bytes | None) -> bytes:
    return struct.pack(">i", -1) if content is None else struct.pack(">i", len(content)) + content


def message(
    offset: int,
    value: bytes | None,
    key: bytes | None = None,
    *,
    magic: int = 1,
    attributes: int = 0,
    timestamp: int = NOON,
    tail: bytes = b"",
) -> bytes:
    """One message, its length and its CRC-32 true. `tail` stands behind its value."""
    covered = struct.pack(">bb", magic, attributes) + (struct.pack(">q", timestamp) if magic == 1 else b"")
    covered += field(key) + field(value) + tail
    return struct.pack(">qiI", offset, 4 + len(covered), zlib.crc32(covered)) + covered


def compressed(offset: int, inner: bytes, codec: str = "gzip", **others: Any) -> bytes:
    number, compress = CODECS[codec]
    return message(offset, compress(inner), attributes=number | others.pop("attributes", 0), **others)


def three(magic: int, first: int = 0, times: tuple[int, int, int] = (1, 2, 3)) -> bytes:
    return b"".join(
        message(
            first + number, (b"one", b"", None)[number], (b"k", None, b"")[number], magic=magic, timestamp=NOON + at
        )
        for number, at in enumerate(times)
    )


NEXT = message(43, b"next")


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4"])
def test_both_formats_are_read_with_every_codec(magic: int, codec: str) -> None:
    """Offsets inside are absolute in format 0, and count from the first record in format 1; only that one has times."""
    if codec == "none":
        data = three(magic, 40)
    else:
        data = compressed(42, three(magic, 0 if magic else 40), codec, magic=magic, timestamp=NOON + 3)
    found = read(data + NEXT, 40)
    assert contents(found) == [
        (40, b"k", b"one", ()),
        (41, None, b"", ()),
        (42, b"", None, ()),
        (43, None, b"next", ()),
    ]
    assert [one.timestamp for one in found[:3]] == ([NOON + 1, NOON + 2, NOON + 3] if magic else [-1, -1, -1])
    assert {one.timestamp_type for one in found[:-1]} == {0}
    assert found[-1] == 44
    assert contents(read(data, 42)) == [(42, b"", None, ())], "a position in the middle of a set"


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("codec", [0, 1, 2])
def test_what_aiokafka_writes_is_read(magic: int, codec: int) -> None:
    """An independent writer, of two records."""
    builder = LegacyRecordBatchBuilder(magic, codec, 10_000)
    for number in range(2):
        builder.append(number, timestamp=NOON, key=None, value=b"%d" % number)
    data = bytes(builder.build())
    # brokers write the last record's offset in front
    data = (struct.pack(">q", 1) + data[8:]) if codec else data
    assert contents(read(data)) == [(0, None, b"0", ()), (1, None, b"1", ())]


def test_absolute_offsets_inside_format_1_are_read_too() -> None:
    assert [one.offset for one in read(compressed(42, three(1, 40)))[:-1]] == [40, 41, 42]


def test_what_compaction_left_keeps_its_offsets() -> None:
    """Of a compressed set, the records with the offsets 1 and 3 of 0 to 4; the last that is left says the set's."""
    inner = message(1, b"a") + message(3, b"b")
    assert contents(read(compressed(13, inner))) == [(11, None, b"a", ()), (13, None, b"b", ())]


@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_where_brokers_say_the_time_it_is_the_outer_one(codec: str) -> None:
    """A broker that wrote its own time did so once, in front of the compressed set."""
    data = three(1, times=(1, 2, 3)) if codec == "none" else compressed(2, three(1), attributes=LOG_APPEND_TIME)
    if codec == "none":
        data = message(0, b"one", attributes=LOG_APPEND_TIME, timestamp=NOON + 1)
    found = read(data)[:-1]
    assert {(one.timestamp, one.timestamp_type) for one in found} == {(NOON + (codec == "none"), 1)}
    old = read(message(0, b"one", magic=0, attributes=LOG_APPEND_TIME))[0]
    assert (old.timestamp, old.timestamp_type) == (-1, 0), "format 0 has no times"


def changed(data: bytes, at: int, new: bytes) -> bytes:
    """With other bytes there, and a true checksum."""
    data = data[:at] + new + data[at + len(new) :]
    return data[:12] + struct.pack(">I", zlib.crc32(data[16:])) + data[16:]


ONE = message(0, b"value", b"k")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (ONE[:-1] + b"\xff", "its checksum (CRC-32) does not match"),
        (ONE[:17], "it is torn"),
        (ONE[:20], "it is torn"),
        (ONE[:-1], "a field is longer than the set"),
        (changed(ONE, 26, struct.pack(">i", 100)), "a field is longer than the set"),
        (changed(ONE, 26, struct.pack(">i", -2)), "a field is longer than the set"),
        (changed(ONE, 31, struct.pack(">i", 4)), "its format or its length is none of a message"),
        (message(0, b"value", tail=b"!"), "its format or its length is none of a message"),
    ],
)
def test_a_message_that_no_broker_took_is_damaged(data: bytes, why: str) -> None:
    """At its offset, with its cause, without a time; the set behind it is read where it can be told from it."""
    [unreadable, _] = read(data)
    assert (unreadable.code, unreadable.first, unreadable.offset, unreadable.timestamp) == ("set.damaged", 0, 0, -1)
    assert unreadable.cause.endswith(f"cannot be read: {why}")


def test_a_set_behind_a_damaged_one_is_read() -> None:
    """An old set says where it ends, so that its neighbour is not believed to reach there."""
    good = compressed(3, three(1))
    [unreadable, *records, end] = read(ONE[:-1] + b"\xff" + good)
    assert (unreadable.code, unreadable.offset, [one.offset for one in records], end) == (
        "set.damaged",
        0,
        [1, 2, 3],
        4,
    )


def test_a_checksum_is_not_asked_where_a_consumer_does_not() -> None:
    assert OldRecordSet(ONE[:-1] + b"\xff", 1).check(crc=False) is None


def test_records_are_not_given_before_the_check() -> None:
    with pytest.raises(ValueError, match="not checked"):
        next(OldRecordSet(ONE, 1).read_records())


TORN, LONG, LENGTH = "it is torn", "a field is longer than the set", "its format or its length is none of a message"
OFFSETS, TWICE = "offsets that are not its own, or not in order", "a set inside a set"


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        (b"", OFFSETS),
        (three(1)[:-1], TORN),
        (three(1) + bytes(5), TORN),
        (three(1) + bytes(14), TORN),
        (message(0, b"a") + message(0, b"b") + message(2, b"c"), OFFSETS),
        (message(0, b"a") + message(5, b"b") + message(2, b"c"), OFFSETS),
        (message(-9, b"a") + message(2, b"b"), OFFSETS),
        (message(0, b"a") + compressed(2, three(1)), TWICE),
        # a false length inside: one of these ended the process
        (message(0, b"a") + changed(message(2, b"b"), 26, struct.pack(">i", 2**31 - 1)), LONG),
        (message(0, b"a") + message(2, b"b")[:8] + struct.pack(">i", -12) + message(2, b"b")[12:], LENGTH),
        (message(0, b"a") + message(2, b"b")[:8] + struct.pack(">i", 2**31 - 1) + message(2, b"b")[12:], LENGTH),
        (message(0, b"a") + message(2, b"b")[:16] + b"\x02" + message(2, b"b")[17:], LENGTH),
    ],
)
def test_a_false_set_inside_is_its_senders_and_nothing_of_it_is_believed(inner: bytes, why: str) -> None:
    """Where the last record is not found, nothing tells what offsets the others have. What is behind it is read."""
    [unreadable, record, end] = read(compressed(2, inner) + message(3, b"next"))
    assert (unreadable.code, unreadable.first, unreadable.offset) == ("set.undecodable", 0, 2)
    assert unreadable.timestamp == NOON
    assert unreadable.cause.endswith(f"cannot be read: inside the set: {why}")
    assert (record.value, end) == (b"next", 4)


@pytest.mark.parametrize("last", [1, 900])
def test_format_0_may_not_say_an_offset_that_is_not_its_sets(last: int) -> None:
    """Committed, one far ahead would hide all that comes up to it."""
    inner = message(0, b"a", magic=0) + message(last, b"b", magic=0)
    [unreadable, record, _] = read(compressed(2, inner, magic=0) + message(3, b"next"))
    assert (unreadable.code, unreadable.first, unreadable.offset, record.value) == ("set.undecodable", 0, 2, b"next")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (message(2, b"no gzip", attributes=1), "set.undecodable"),
        (message(2, None, attributes=1), "set.undecodable"),
        (message(2, b"later", attributes=5), "set.codec"),
        (message(2, gzip.compress(bytes(40_000_000), 1), attributes=1), "set.too_large"),
    ],
)
def test_what_cannot_be_decompressed_has_the_code_of_its_cause(data: bytes, code: str) -> None:
    [unreadable, record, end] = read(data + message(3, b"next"))
    assert (unreadable.code, unreadable.first, unreadable.offset, record.value, end) == (code, 0, 2, b"next", 4)


@pytest.mark.parametrize(("limit", "code"), [(3, None), (2, "set.too_large")])
def test_a_set_has_so_many_records_at_most(monkeypatch: pytest.MonkeyPatch, limit: int, code: str | None) -> None:
    monkeypatch.setattr(record_sets, "RECORDS_LIMIT", limit)
    found = read(compressed(2, three(1)))
    assert len(found) == (4 if code is None else 2)
    assert getattr(found[0], "code", None) == code
    assert code is None or found[0].cause.endswith("cannot be read: more than 2 records")


def test_an_old_set_among_new_ones_is_read_also_for_each_offset() -> None:
    """A log that was written across an upgrade."""
    data = batch([Raw(b"new")], base=2) + message(3, b"old", magic=0) + batch([Raw(b"new")], base=4)
    found = read(data, handed=HandOver(each_offset=True))
    assert [one.value for one in found[:-1]] == [b"new", b"old", b"new"]


def test_sets_changed_at_random_end_nothing_and_silence_nobody() -> None:
    """With a true length and checksum around whatever became of the rest; the set behind each one is read."""
    chance = random.Random(5)
    good = [compressed(2, three(magic, 0), codec, magic=magic) for magic in (0, 1) for codec in ("gzip", "snappy")]
    good += [message(2, b"value", b"key", magic=magic) for magic in (0, 1)]
    for _ in range(3000):
        data = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(17, len(data))] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
        data = data[: chance.choice((len(data), len(data), chance.randrange(17, len(data) + 1)))]
        data[8:12] = struct.pack(">i", len(data) - 12)
        data[12:16] = struct.pack(">I", zlib.crc32(bytes(data[16:])))
        found = read(bytes(data) + message(3, b"next"))
        assert (found[-2].value, found[-1]) == (b"next", 4), bytes(data).hex()
        assert found[-3].offset == 2 or found[-3].code == "set.damaged", bytes(data).hex()
