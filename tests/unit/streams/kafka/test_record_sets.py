"""Record sets of every codec, of hostile senders and of damaged disks, through aiokafka's own fetcher classes."""

import gzip
import struct
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from streams.kafka import bounded_fetching, record_sets
from streams.kafka.bounded_fetching import HandOver
from streams.kafka.decompression import DECOMPRESSED_LIMIT
from streams.kafka.fetched_bytes import BYTES_A_PARTITION, BoundedResult
from streams.kafka.record_sets import RecordSets
from streams.kafka.unreadable_sets import Unreadable, UnreadableSetError
from tests.support.own_cpu import own_cpu
from tests.support.record_batches import CODECS, Raw, batch, body, varint

TP = TopicPartition("fx.transactions.v1", 3)
THREE = [Raw(b"one", b"k"), Raw(b"two", b"k", [(b"h", b"x"), (b"n", None)]), Raw(None)]
GOOD = batch(THREE, timestamp=1_700_000_000_000)


def read(data: bytes, position: int = 0, handed: Any = None, aborted: Any = None, committed: bool = True) -> list[Any]:
    """What a consumer at `position` gets of a broker's answer."""
    level = fetcher.READ_COMMITTED if committed else fetcher.READ_UNCOMMITTED
    found = fetcher.PartitionRecords(
        TP,
        fetcher.MemoryRecords(data),
        aborted,
        position,
        None,
        handed or HandOver(),
        True,  # noqa: FBT003
        level,
    )
    records = list(found)
    records.append(found.next_fetch_offset)
    return records


def contents(records: list[Any]) -> list[Any]:
    return [(one.offset, one.key, one.value, one.headers) for one in records[:-1]]


def test_aiokafkas_fetcher_uses_these_classes() -> None:
    """The patch is in force wherever a client of the product is made: aiokafka has no setting for it."""
    assert fetcher.MemoryRecords is RecordSets
    assert fetcher.PartitionRecords is bounded_fetching.BoundedRecords
    assert fetcher.FetchResult is BoundedResult


@pytest.mark.parametrize("compression", CODECS)
def test_every_codec_gives_the_same_records(compression: str) -> None:
    data = batch(THREE, compression, timestamp=1_700_000_000_000, base=40)
    found = read(data, 40)
    assert contents(found) == [
        (40, b"k", b"one", ()),
        (41, b"k", b"two", (("h", b"x"), ("n", None))),
        (42, None, None, ()),
    ]
    assert {one.timestamp for one in found[:-1]} == {1_700_000_000_000}
    assert found[-1] == 43
    assert contents(read(data, 42)) == [(42, None, None, ())], "a position in the middle of a set"


@pytest.mark.parametrize("compression", [name for name in CODECS if name != "none"])
def test_a_set_of_gigabytes_is_one_unreadable_and_the_next_set_is_read(compression: str) -> None:
    """40 MB of zeros beside an honest set: bounded CPU, offsets, size and hash told, and nothing else lost."""
    bomb = batch([Raw(bytes(DECOMPRESSED_LIMIT + 8_000_000), b"k")], compression, base=0)
    with own_cpu() as spent:
        found = read(bomb + batch(THREE, compression, base=1))
    assert spent.seconds < 1.0
    assert [type(one).__name__ for one in found[:-1]] == ["Unreadable"] + 3 * ["ConsumerRecord"]
    first = found[0]
    assert (first.first, first.offset, first.code, first.damaged, first.size) == (
        0,
        0,
        "set.too_large",
        False,
        len(bomb),
    )


def test_a_set_as_large_as_an_honest_one_may_be_is_read() -> None:
    """20 MB of payments in one zstd batch: far above what clients send, below the bound."""
    found = read(batch([Raw(b"%07d" % number + b"x" * 993) for number in range(20_000)], "zstd"))
    assert len(found) == 20_001
    assert found[-2].value.startswith(b"0019999")


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("set.undecodable", batch(THREE, "zstd", contents=b"no zstd at all")),
        ("set.undecodable", batch(THREE, "snappy", contents=b"")),
        ("set.undecodable", batch(THREE, "gzip", contents=CODECS["gzip"][1](body(THREE))[:-9])),
        ("set.too_large", batch([Raw(b"")] * 3, count=record_sets.RECORDS_LIMIT + 1, contents=body([Raw(b"")]))),
        ("set.codec", batch(THREE, codec_number=5)),
        ("set.damaged", GOOD[:-3] + b"\xff" + GOOD[-2:]),
        ("set.damaged", GOOD[:16] + b"\x07" + GOOD[17:]),
    ],
)
def test_what_cannot_be_read_stands_as_one_record_with_its_cause(code: str, data: bytes) -> None:
    """At its position, up to its last offset; the set behind it is read. Who has no use for it is told by an error."""
    last = record_sets.RECORDS_LIMIT if code == "set.too_large" else 2
    following = batch([Raw(b"next")], base=last + 1)
    found = read(data + following)
    [unreadable, record, end] = found
    assert isinstance(unreadable, Unreadable)
    assert (unreadable.code, unreadable.first, unreadable.offset) == (code, 0, last)
    assert unreadable.damaged == (code in {"set.damaged", "set.codec"})
    assert (record.value, end) == (b"next", last + 2)
    with pytest.raises(UnreadableSetError, match=r"fx\.transactions\.v1\[3\] offset"):
        read(data + following, handed=object())


def test_records_before_the_fault_inside_a_set_are_kept() -> None:
    """The second record says it is longer than the set: the first is a record, the others stand as unreadable."""
    torn = body([Raw(b"good")]) + b"\x7f" + body([Raw(b"bad")])[1:]
    [record, unreadable, end] = read(batch(THREE, contents=torn))
    assert record.value == b"good"
    assert (unreadable.first, unreadable.offset, unreadable.code, end) == (1, 2, "set.undecodable", 3)


def test_a_set_with_more_or_less_than_it_says() -> None:
    """Bytes behind the last record cost nobody anything; a record that is missing stands as unreadable."""
    assert contents(read(batch(THREE, contents=body(THREE) + b"more"))) == contents(read(GOOD))
    [_, _, unreadable, end] = read(batch(THREE, "lz4", contents=CODECS["lz4"][1](body(THREE[:2]))))
    assert (unreadable.first, unreadable.offset, unreadable.code, end) == (2, 2, "set.undecodable", 3)


@pytest.mark.parametrize("compression", CODECS)
def test_a_headers_name_that_is_no_utf8_stops_no_payment(compression: str) -> None:
    """Brokers take it, aiokafka refuses the whole set: here it is read with a replacement, and the rest as it is."""
    odd = Raw(b"paid", b"k", [("größe".encode("latin-1"), b"1"), (b"fx.history", b"1")])
    found = read(batch([Raw(b"before"), odd, Raw(b"after")], compression))
    assert [one.value for one in found[:-1]] == [b"before", b"paid", b"after"]
    assert found[1].headers == (("gr\ufffd\ufffde", b"1"), ("fx.history", b"1"))


@pytest.mark.parametrize("deltas", [(0, 1_000_000_000, 2), (0, -5, 2)])
def test_an_offset_outside_its_set_silences_nobody(deltas: tuple[int, int, int]) -> None:
    """Committed, an offset far ahead would hide all that comes up to it, and one past the end rewinds the partition."""
    data = batch([Raw(b"%d" % delta, delta=delta) for delta in deltas])
    [record, unreadable, following, end] = read(data + batch([Raw(b"next")], base=3))
    assert (record.offset, unreadable.first, unreadable.offset) == (0, 1, 2)
    assert (following.value, end) == (b"next", 4)


@pytest.mark.parametrize(
    ("deltas", "delivered", "first"),
    [
        ((0, 0, 0), [0], 1),
        ((0, 0, 2), [0], 1),
        ((0, 2, 1), [0], 1),
        ((2, 1, 0), [], 0),
        ((2, 2, 2), [], 0),
        ((1, 2, 900), [], 0),
    ],
)
def test_records_that_share_an_offset_or_go_back_are_not_passed_in_silence(
    deltas: tuple[int, ...], delivered: list[int], first: int
) -> None:
    """Brokers take such sets, and acknowledge every record: what is not delivered stands as unreadable."""
    data = batch([Raw(b"%d" % number, delta=delta) for number, delta in enumerate(deltas)])
    found = read(data + batch([Raw(b"next")], base=3))
    assert [one.offset for one in found[:-3]] == delivered
    assert (found[-3].code, found[-3].first, found[-3].offset) == ("set.undecodable", first, 2)
    assert (found[-2].value, found[-1]) == (b"next", 4)


def test_a_set_that_compaction_thinned_out_is_read() -> None:
    """Its offsets have gaps and its last one may be gone: the header keeps both the count and the last offset true."""
    thinned = bytearray(batch([Raw(b"a", delta=1), Raw(b"b", delta=4)]))
    thinned[23:27] = struct.pack(">i", 6)  # the last offset's delta, of before
    thinned[17:21] = struct.pack(">I", calc_crc32c(bytes(thinned[21:])))
    found = read(bytes(thinned) + batch([Raw(b"next")], base=7))
    assert [(one.offset, one.value) for one in found[:-1]] == [(1, b"a"), (4, b"b"), (7, b"next")]


def headed(count: int, name: bytes = b"ab") -> bytes:
    """One record with so many headers, and one without."""
    inner = b"\0\0\0\1\1" + varint(count) + (varint(len(name)) + name + varint(0)) * count
    return varint(len(inner)) + inner + body([Raw(b"x"), Raw(b"second")])[len(body([Raw(b"x")])) :]


@pytest.mark.parametrize("name", [b"ab", b"\xff"])
def test_headers_are_counted_before_they_are_made(name: bytes) -> None:
    """8 million of them, some KB as sent: one unreadable; as many as an uncompressed set may hold are read."""
    bomb = batch([Raw(b"")] * 2, "zstd", contents=CODECS["zstd"][1](headed(8_000_000, name)))
    with own_cpu() as spent:
        [unreadable, following, _] = read(bomb + batch([Raw(b"next")], base=2))
    assert (unreadable.code, unreadable.first, unreadable.offset, following.value) == ("set.too_large", 0, 1, b"next")
    assert spent.seconds < 0.5
    honest = batch([Raw(b"")] * 2, "zstd", contents=CODECS["zstd"][1](headed(600_000)))
    [first, second, _] = read(honest)
    assert (len(first.headers), second.value) == (600_000, b"second")
    several = body([Raw(b"x" * 1000, b"k", [(b"h", b"1")] * 9, delta=number) for number in range(3000)])
    assert len(read(batch([Raw(b"")] * 3000, "zstd", contents=CODECS["zstd"][1](several)))) == 3001


def test_a_hundred_thousand_empty_gzip_members_cost_less_than_a_second() -> None:
    """Each copied all that followed it: 2.4 s. They are read in order, also where one begins in another piece."""
    member = gzip.compress(b"", mtime=0)
    data = batch(THREE, "gzip", contents=member * 100_000 + gzip.compress(body(THREE)))
    with own_cpu() as spent:
        found = read(data)
    assert contents(found) == contents(read(GOOD))
    assert spent.seconds < 1.2
    halves = body(THREE)[:7], body(THREE)[7:]
    assert contents(read(batch(THREE, "gzip", contents=b"".join(map(gzip.compress, halves))))) == contents(read(GOOD))


def marker(producer: int, base: int, *, commit: bool) -> bytes:
    """A transaction's end, as brokers write it."""
    key = struct.pack(">hh", 0, 1 if commit else 0)
    return batch([Raw(struct.pack(">hi", 0, 0), key)], base=base, producer=producer, transactional=True, control=True)


def test_rolled_back_records_are_passed_and_their_marker_too() -> None:
    """An unreadable set of a transaction that was rolled back is nobody's concern; the position is past the markers."""
    data = (
        batch([Raw(b"rolled back")], base=0, producer=7, transactional=True)
        + batch([Raw(b"x")], "zstd", contents=b"nonsense", base=1, producer=7, transactional=True)
        + marker(7, 2, commit=False)
        + batch([Raw(b"corrected")], base=3, producer=7, transactional=True)
        + marker(7, 4, commit=True)
    )
    [record, end] = read(data, aborted=[(7, 0)])
    assert (record.value, record.offset, end) == (b"corrected", 3, 5)
    assert len(read(data, committed=False)) == 4


def test_a_set_torn_at_the_end_of_an_answer_is_fetched_again_and_one_at_its_beginning_is_damage() -> None:
    assert contents(read(GOOD + GOOD[:40])) == contents(read(GOOD))
    [unreadable, end] = read(GOOD[:40])
    assert (unreadable.code, end) == ("set.damaged", 1)


def test_the_ledgers_readers_get_one_for_each_offset() -> None:
    data = batch(THREE, base=10)
    found = read(data[:-1] + b"\xff", 11, HandOver(each_offset=True))
    assert [(one.first, one.offset, one.value) for one in found[:-1]] == [(11, 11, None), (12, 12, None)]


def looks(data: bytes, most: int | None = None) -> list[list[Any]]:
    """What one look after another takes of an answer, through aiokafka's own class for it."""
    records = fetcher.PartitionRecords(TP, fetcher.MemoryRecords(data), None, 0, None, HandOver(), True, 1)  # noqa: FBT003
    state = SimpleNamespace(paused=False, position=0)
    state.consumed_to = lambda position: setattr(state, "position", position)
    assignment = SimpleNamespace(active=True, state_value=lambda _tp: state)
    result = fetcher.FetchResult(TP, assignment=assignment, partition_records=records, backoff=0)
    taken = []
    while result.has_more():
        taken.append(result.getall(most))
    assert state.position == records.next_fetch_offset
    return taken


def test_a_look_takes_so_many_bytes_and_the_rest_stays() -> None:
    """Ten sets of 30 MB of zeros: one a look. Payments as they are: as many as before, in order, none left out."""
    bombs = b"".join(batch([Raw(bytes(30_000_000), b"k")], "zstd", base=number) for number in range(10))
    assert [len(look) for look in looks(bombs) if look] == [1] * 10
    payments = b"".join(batch([Raw(b"x" * 400)] * 5000, base=5000 * number) for number in range(4))
    counts = [len(look) for look in looks(payments, 8192)]
    assert counts == [8192, 8192, 3616]
    halves = looks(b"".join(batch([Raw(bytes(BYTES_A_PARTITION // 2))], base=number) for number in range(5)))
    assert [[one.offset for one in look] for look in halves if look] == [[0, 1], [2, 3], [4]]
