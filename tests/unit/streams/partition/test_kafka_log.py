"""What a partition reads from Kafka, over a cluster in memory that shows a committed reader less than any other."""

import asyncio
import logging
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError, TopicAuthorizationFailedError

from streams.errors import BrokerUnavailableError, LedgerError, ProgressError, SnapshotError
from streams.kafka.unreadable_sets import Unreadable, UnreadableSetError
from streams.ledger.progress import AgentPartition, Progress, Published, Skip, SnapshotPointer, encode
from streams.ledger.snapshot_format import CHUNK_BYTES, Header, chunk_key, cut_into_chunks, header_key, seal
from streams.partition import kafka_log
from streams.partition.kafka_log import KafkaLog, read_progress
from tests.support.log_cluster import PLACE, SCHEMA, SETTINGS, TOPIC_ID, Cluster, log_of
from tests.unit.streams.ledger.test_snapshot_format import resummed

SECTIONS = [("one", b"1" * CHUNK_BYTES), ("two", b"2")]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """An empty one."""
    return Cluster(monkeypatch)


def progress_of(cluster: Cluster) -> Progress:
    """What the log finds; every consumer is given back."""
    try:
        return asyncio.run(log_of().progress(PLACE))
    finally:
        assert all(one.stopped for one in cluster.readers)


def test_progress_is_read_to_the_end_that_an_uncommitted_reader_sees(cluster: Cluster) -> None:
    """Another partition's open transaction hides committed records: the previous owner's last commit among them."""
    for position in (4, 7):
        cluster.append("progress", 2, PLACE.published_key, encode(Published(next=position, ledger=TOPIC_ID)))
    cluster.append("progress", 2, None, b"nobody's")
    cluster.append("progress", 3, b"monitor/2", encode(Published(next=99)))
    assert progress_of(cluster) == Progress(next=7, ledger=TOPIC_ID)
    assert cluster.reads == [("progress", 2, None, 3, True, "raise")]
    assert [(one.committed_only, one.group) for one in cluster.readers] == [(False, None)]


def test_a_record_that_cannot_be_read_counts_until_its_key_is_written_again(cluster: Cluster) -> None:
    """What an operator decided is not known meanwhile; a later record of another key heals nothing."""
    skip = Skip(offset=5, reason="r", who="w", at="t")
    cluster.append("progress", 2, PLACE.skip_key(5), b"garbage")
    cluster.append("progress", 2, PLACE.published_key, encode(Published(next=7)))
    with pytest.raises(ProgressError):
        progress_of(cluster)
    cluster.append("progress", 2, PLACE.skip_key(5), encode(skip))
    assert progress_of(cluster) == Progress(next=7, skips={5: skip})


def test_a_pointer_that_cannot_be_read_is_passed_over_and_named(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """The next snapshot is loaded, whatever bytes its key is of; a fault of another kind beside it still counts."""
    for key in (PLACE.snapshot_key("slot-0"), PLACE.snapshot_key("") + b"\xff"):
        cluster.append("progress", 2, key, b"garbage")
    with caplog.at_level(logging.WARNING, logger=kafka_log.__name__):
        assert progress_of(cluster) == Progress()
    for message, slot in zip(caplog.messages, ("slot-0", "\ufffd"), strict=True):
        assert message.startswith(f"monitor[2]: the pointer monitor/2/snapshot/{slot} is passed over: a record of the ")
    cluster.append("progress", 2, PLACE.published_key, b"garbage")
    with pytest.raises(ProgressError):
        progress_of(cluster)


def test_a_position_of_another_ledger_is_told_with_both_ids(cluster: Cluster) -> None:
    """One that names no ledger is an earlier release's, and counts."""
    cluster.append("progress", 2, PLACE.published_key, encode(Published(next=4)))
    assert progress_of(cluster).next == 4
    cluster.append("progress", 2, PLACE.published_key, encode(Published(next=5, ledger="another")))
    with pytest.raises(LedgerError) as told:
        progress_of(cluster)
    assert told.value.message == (
        "what is published was published from another ledger, so this one was created anew; "
        "got: topic id ledger-id; expected: topic id another"
    )


def test_an_inputs_progress_is_in_the_partition_that_its_number_comes_to(cluster: Cluster) -> None:
    """An input may have more partitions than the progress topic (12): number 14 of one is in partition 2."""
    place = AgentPartition("progress", "ingest", 14)
    one = Skip(offset=5, reason="r", who="w", at="t", topic="fx.rates.v1")
    cluster.append("progress", 2, place.skip_key(5, "fx.rates.v1"), encode(one))
    cluster.append("progress", 2, None, b"nobody's")
    assert SETTINGS.effective.engine.partitions == 12
    assert asyncio.run(read_progress(SETTINGS, place)) == Progress(input_skips=[one])
    assert cluster.reads == [("progress", 2, None, 2, True, "raise")]
    assert [(reader.committed_only, reader.stopped) for reader in cluster.readers] == [(False, True)]


def saved(cluster: Cluster, slot: str, position: int, /, **changes: Any) -> SnapshotPointer:
    """Write a snapshot of the partition as the writer does; `changes` are to its header."""
    snapshot_id = f"monitor-2-{position}-{slot}"
    values = list(cut_into_chunks(snapshot_id, SECTIONS))
    first = len(cluster.logs.get(TopicPartition("snapshots", 2), ()))
    for index, value in enumerate(values):
        cluster.append("snapshots", 2, chunk_key("monitor", 2, slot, index), value)
    header = Header(
        snapshot_id=snapshot_id,
        agent="monitor",
        partition=2,
        slot=slot,
        schema=SCHEMA,
        code="c",
        config="f",
        next=position,
        topic_id=TOPIC_ID,
        chunks=0,
        bytes=0,
        sha256="",
    )
    header = seal(msgspec.structs.replace(resummed(header, values), **changes))
    cluster.append("snapshots", 2, header_key("monitor", 2, slot), msgspec.json.encode(header))
    return SnapshotPointer(slot=slot, snapshot_id=snapshot_id, first=first, last=first + len(values), next=position)


def loaded(pointer: SnapshotPointer) -> Any:
    """What its loading comes to: the sections, or the error."""

    async def story() -> Any:
        progress = Progress(snapshots={pointer.slot: pointer})
        [(position, load)] = [found async for found in log_of().snapshots(PLACE, progress)]
        assert position == pointer.next
        return await load()

    return asyncio.run(story())


def test_snapshots_come_newest_first(cluster: Cluster) -> None:
    """By position; of two at one position by the slot's name. Each loads its own sections."""
    pointers = {
        slot: saved(cluster, slot, position) for slot, position in [("slot-1", 9), ("day-a", 9), ("slot-0", 30)]
    }

    async def story() -> list[int]:
        found = [each async for each in log_of().snapshots(PLACE, Progress(snapshots=pointers))]
        for _, load in found:
            assert await load() == SECTIONS
        return [position for position, _ in found]

    assert asyncio.run(story()) == [30, 9, 9]
    places = [(pointers[slot].first, pointers[slot].last + 1) for slot in ("slot-0", "day-a", "slot-1")]
    assert cluster.reads == [("snapshots", 2, *place, True, "raise") for place in places]
    assert all(one.stopped and not one.committed_only for one in cluster.readers)


def test_records_of_others_between_a_snapshots_own_are_passed_over(cluster: Cluster) -> None:
    """Deleted ones, other slots' headers, and chunks of other snapshots, however far the pointer reaches."""
    saved(cluster, "slot-1", 20)
    cluster.append("snapshots", 2, b"monitor/2/slot-0/000000", None)
    cluster.append("snapshots", 2, header_key("monitor", 2, "slot-0"), None)
    pointer = saved(cluster, "slot-0", 30)
    saved(cluster, "slot-1", 40)
    cluster.append("snapshots", 2, header_key("monitor", 2, "slot-0"), None)
    end = len(cluster.logs[TopicPartition("snapshots", 2)])
    assert loaded(msgspec.structs.replace(pointer, first=0, last=end - 1)) == SECTIONS


@pytest.mark.parametrize("changes", [{"last": 3}, {"first": -1}, {"first": 3, "last": 2}])
def test_a_pointer_beyond_its_topic_is_refused_before_it_is_read(cluster: Cluster, changes: dict[str, int]) -> None:
    """Its three records are at 0 to 2; reading up to an offset that does not exist would wait for it for ever."""
    pointer = msgspec.structs.replace(saved(cluster, "slot-0", 30), **changes)
    with pytest.raises(SnapshotError) as told:
        loaded(pointer)
    assert told.value.message == (
        "the snapshot is not on its topic any more; got: a topic that ends at 3; "
        f"expected: offsets {pointer.first} to {pointer.last}"
    )
    assert cluster.reads == []


def test_a_snapshot_of_one_record_is_read(cluster: Cluster) -> None:
    """A state without sections is a header alone."""
    header = Header(
        snapshot_id="i",
        agent="monitor",
        partition=2,
        slot="s",
        schema=SCHEMA,
        code="c",
        config="f",
        next=3,
        topic_id=TOPIC_ID,
        chunks=0,
        bytes=0,
        sha256="",
    )
    value = msgspec.json.encode(seal(resummed(header, [])))
    cluster.append("snapshots", 2, header_key("monitor", 2, "s"), value)
    assert loaded(SnapshotPointer(slot="s", snapshot_id="i", first=0, last=0, next=3)) == []


@pytest.mark.parametrize(
    "changes",
    [{"snapshot_id": "x"}, {"slot": "slot-1"}, {"next": 31}, {"agent": "network"}, {"partition": 3}],
    ids=str,
)
def test_a_header_that_says_something_else_than_its_pointer_is_refused(
    cluster: Cluster, changes: dict[str, Any]
) -> None:
    """Whichever field it is: with a right checksum of its own."""
    with pytest.raises(SnapshotError) as told:
        loaded(saved(cluster, "slot-0", 30, **changes))
    assert told.value.message == "the snapshot is not on its topic any more; expected: monitor-2-30-slot-0"


def test_a_snapshot_without_its_header_is_refused(cluster: Cluster) -> None:
    """Compaction, or a fault, left the chunks alone."""
    pointer = saved(cluster, "slot-0", 30)
    cluster.logs[TopicPartition("snapshots", 2)][-1].key = b"another"
    with pytest.raises(SnapshotError, match="the snapshot is not on its topic any more; expected: monitor-2-30-slot-0"):
        loaded(pointer)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [({"schema": SCHEMA + 1}, "another state schema"), ({"topic_id": "another"}, "another ledger")],
)
def test_a_snapshot_is_proven_against_this_release_and_this_ledger(
    cluster: Cluster, changes: dict[str, Any], fault: str
) -> None:
    """What the header names is compared with what the process has."""
    with pytest.raises((SnapshotError, LedgerError), match=fault):
        loaded(saved(cluster, "slot-0", 30, **changes))


def test_a_damaged_record_set_costs_its_snapshot_only(cluster: Cluster) -> None:
    """A broker's disk must not keep a partition from opening: the message has place and cause."""
    damaged = Unreadable("snapshots", 2, 1, 1, -1, 100, "ab", "set.damaged", "its checksum is wrong")
    cluster.fault = UnreadableSetError(damaged)
    with pytest.raises(SnapshotError) as told:
        loaded(saved(cluster, "slot-0", 30))
    assert told.value.what == "a part of the snapshot cannot be read"
    assert "snapshots[2] offset 1: its checksum is wrong" in str(told.value.fields["got"])


def test_two_snapshots_are_read_at_once_and_no_more(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve partitions of a million parties would hold all their chunks at the same time."""
    pointers = {f"s{number}": saved(cluster, f"s{number}", number) for number in range(6)}
    now, most = [0], [0]
    read = KafkaLog._read

    async def counted(log: KafkaLog, *told: Any) -> Any:
        now[0] += 1
        most[0] = max(most[0], now[0])
        await asyncio.sleep(0.01)
        found = await read(log, *told)
        now[0] -= 1
        return found

    monkeypatch.setattr(KafkaLog, "_read", counted)

    async def story() -> None:
        loads = [load async for _, load in log_of().snapshots(PLACE, Progress(snapshots=pointers))]
        assert await asyncio.gather(*(load() for load in loads)) == [SECTIONS] * 6

    asyncio.run(story())
    assert most == [2]


def ledger(cluster: Cluster, *positions: Any, begin: int = 3) -> tuple[int, int, int]:
    """The bounds of a ledger partition of five records; `positions` are the coordinator's answers."""
    for number in range(5):
        cluster.append("ledger", 2, None, b"%d" % number)
    cluster.begins[TopicPartition("ledger", 2)] = begin
    cluster.positions = list(positions)
    try:
        return asyncio.run(log_of().bounds(PLACE))
    finally:
        assert [(one.committed_only, one.stopped) for one in cluster.readers] == [(False, True)]


@pytest.mark.parametrize(("position", "expected"), [(4, 4), (0, 0), (None, 0)])
def test_the_ledgers_bounds_are_its_first_offset_its_end_and_the_groups(
    cluster: Cluster, position: int | None, expected: int
) -> None:
    """To the uncommitted end: it is written without transactions. A group that committed nothing is at 0."""
    assert ledger(cluster, position) == (3, 5, expected)


def test_a_coordinator_that_is_not_there_yet_is_asked_again(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tenth of a second for two seconds; then its last word counts, whatever it is."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(kafka_log.asyncio, "sleep", sleep)
    away: list[KafkaError] = [GroupCoordinatorNotAvailableError() for _ in range(20)]
    assert ledger(cluster, *away, 4) == (3, 5, 4)
    assert slept == [0.1] * 20
    for answer, expected in [(None, 0), (4, 4)]:
        cluster.logs.clear()
        cluster.readers.clear()
        assert ledger(cluster, *away, answer)[2] == expected
    cluster.readers.clear()
    with pytest.raises(GroupCoordinatorNotAvailableError):
        ledger(cluster, *away, GroupCoordinatorNotAvailableError())


def test_a_coordinator_that_refuses_is_not_asked_again(cluster: Cluster) -> None:
    """The answer would be the same."""
    with pytest.raises(TopicAuthorizationFailedError):
        ledger(cluster, TopicAuthorizationFailedError(), 4)
    assert cluster.positions == [4]


def test_the_ledgers_records_are_read_one_place_each(cluster: Cluster) -> None:
    """Uncommitted ones too, for it has no transactions; in the place of one that cannot be read stands a note."""
    for number in range(5):
        cluster.append("ledger", 2, None, b"%d" % number)

    async def story() -> list[int]:
        return [record.offset async for records in log_of().records(2, 1, 4) for record in records]

    assert asyncio.run(story()) == [1, 2, 3]
    assert cluster.reads == [("ledger", 2, 1, 4, False, "each")]


def test_the_ledgers_id_is_looked_at_once_a_second(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the partitions that open together; a process that does not care never asks."""
    now, looks = [0.5], []
    monkeypatch.setattr(kafka_log.time, "monotonic", lambda: now[0])

    def read() -> str:
        looks.append(now[0])
        return TOPIC_ID if now[0] < 3 else "another"

    async def story() -> None:
        log = log_of(read_topic_id=read)
        for time in (0.5, 1.4, 1.5, 2.4):
            now[0] = time
            cluster.positions = [0]
            await log.bounds(PLACE)
        now[0] = 3.5
        await log.bounds(PLACE)

    with pytest.raises(LedgerError) as told:
        asyncio.run(story())
    assert looks == [0.5, 1.5, 3.5]
    assert told.value.message == (
        "the ledger was deleted, and perhaps created anew; got: topic id another; expected: topic id ledger-id; "
        "to do: restore the ledger, or begin new snapshot and progress topics"
    )
    asyncio.run(log_of()._require_same_ledger())


def test_a_watch_looks_every_ten_seconds_and_tells_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A broker that is away is the broker watch's business, and in the log of who looks for it alone."""
    slept: list[float] = []
    away, told = BrokerUnavailableError("away"), []
    answers: list[Any] = [away, "another", "another"]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    def read() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    monkeypatch.setattr(kafka_log.asyncio, "sleep", sleep)
    with caplog.at_level(logging.DEBUG, logger=kafka_log.__name__):
        asyncio.run(log_of(read_topic_id=read).watch(told.append))
    assert slept == [10.0, 10.0]
    assert [str(fault.fields["got"]) for fault in told] == ["topic id another"]
    assert caplog.messages == [f"the ledger's topic id cannot be read now: {away!r}"]
