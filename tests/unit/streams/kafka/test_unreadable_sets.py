"""Damaged record sets: how each is told, where it ends, and that it hides nothing beside it."""

import hashlib
import struct

import pytest

from streams.kafka import bounded_fetching, record_sets
from streams.kafka.bounded_fetching import HandOver
from streams.kafka.unreadable_sets import Unreadable, UnreadableSetError
from tests.support.record_batches import Raw, batch
from tests.unit.streams.kafka.test_record_sets import GOOD, THREE, TP, contents, read
from tests.unit.streams.kafka.test_record_sets_edges import NOON, cause

NEXT = batch([Raw(b"next")], base=3)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_sets, "RECORDS_LIMIT", 3)
    monkeypatch.setattr(bounded_fetching, "RECORDS_LIMIT", 3)
    monkeypatch.setattr(record_sets, "HEADERS_LIMIT", 4)
    monkeypatch.setattr(record_sets, "_UNCOUNTED", 0)


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
