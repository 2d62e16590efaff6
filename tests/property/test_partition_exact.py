"""Whatever crashes, redeliveries, fences and failed transactions come: state and outputs of an undisturbed run."""

import asyncio
import zlib
from dataclasses import dataclass, field
from types import SimpleNamespace

from aiokafka.errors import KafkaConnectionError, ProducerFenced
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import FencedError, SnapshotError
from streams.ledger.progress import AgentPartition, Progress, Published, Skip, SnapshotPointer, encode
from streams.partition.outputs import Output, PartitionOutputs
from streams.partition.partition import Partition

PLACE = AgentPartition("fx.progress.v1", "monitor", 0)


def alerts(offset, value):
    """Every fifth record alerts, by its content."""
    return [b"%d" % offset] if zlib.crc32(value) % 5 == 0 else []


@dataclass
class OrderSensitiveState:
    """A state in which any lost, doubled or reordered record changes `hash`."""

    next: int = 0
    hash: int = 0
    learned: int = 0

    def freeze(self):
        return (self.next, self.hash, self.learned)


class HashingCore:
    """The smallest core: learns a rolling hash."""

    agent, schema = "monitor", 1

    def new(self, partition):
        return OrderSensitiveState()

    def thaw(self, partition, sections):
        return OrderSensitiveState(*sections)

    def skip(self, state, offset):
        state.next = offset + 1

    def apply(self, state, partition, record, *, muted):
        if record.value == b"poison":
            raise ValueError("poison")
        state.hash = (state.hash * 1000003 + zlib.crc32(record.value)) % (1 << 61)
        state.learned += 1
        state.next = record.offset + 1
        return (
            []
            if muted
            else [Output("fx.alerts.v1", 0, key, b"a", [], 0) for key in alerts(record.offset, record.value)]
        )


@dataclass
class MemoryCluster:
    """An in-memory log, progress, snapshots and committed outputs, with producer epochs that fence."""

    ledger: list = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)
    outputs: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    epoch: int = 0
    committed: int = 0
    fail_next: str | None = None

    def record(self, offset):
        return SimpleNamespace(offset=offset, value=self.ledger[offset])


class MemoryLog:
    """streams.partition.partition.Log over a MemoryCluster."""

    def __init__(self, cluster):
        self.cluster = cluster

    async def progress(self, place):
        found = self.cluster.progress
        return Progress(next=found.next, snapshots=dict(found.snapshots), skips=dict(found.skips))

    async def snapshots(self, place, progress):
        for pointer in sorted(progress.snapshots.values(), key=lambda one: -one.next):

            async def load(pointer=pointer):
                content = self.cluster.kept[pointer.slot]
                if content == "torn":
                    raise SnapshotError("torn")
                return content

            yield pointer.next, load

    async def bounds(self, place):
        return 0, len(self.cluster.ledger), self.cluster.committed

    async def records(self, partition, start, stop):
        for begin in range(start, stop, 3):
            yield [self.cluster.record(offset) for offset in range(begin, min(begin + 3, stop))]


class MemoryProducer:
    """A transactional producer that can be fenced, or fail just before or just after its commit took effect."""

    def __init__(self, cluster):
        self.cluster, self.pending = cluster, []

    async def start(self):
        self.cluster.epoch += 1
        self.epoch = self.cluster.epoch

    async def stop(self):
        self.pending = []

    async def begin_transaction(self):
        self.pending = []

    async def send(self, topic, value, key, partition, timestamp=None, headers=None):
        self.pending.append((topic, key, value))
        acknowledged = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged

    async def commit_transaction(self):
        cluster = self.cluster
        if self.epoch != cluster.epoch:
            raise ProducerFenced
        failure, cluster.fail_next = cluster.fail_next, None
        if failure == "before":
            raise KafkaConnectionError("gone before the commit")
        for topic, key, value in self.pending:
            if topic == PLACE.topic:
                cluster.progress.absorb("monitor", 0, key, value)
            else:
                cluster.outputs.append(key)
        if failure == "after":
            raise KafkaConnectionError("gone after the commit")


class Worker:
    """One worker's view of the partition; crashing is forgetting it."""

    def __init__(self, cluster):
        self.cluster = cluster
        log = MemoryLog(cluster)

        async def read_published():
            return (await log.progress(PLACE)).next

        outputs = PartitionOutputs(lambda: MemoryProducer(cluster), read_published, lambda: False, PLACE, patience=5)
        self.partition = Partition(PLACE, HashingCore(), log, outputs, self.keep_nothing)

    async def keep_nothing(self, partition, state, *, now=False):
        """Snapshots are taken by the schedule, not by the worker."""

    def snapshot(self, slot, torn):
        state = self.partition.state
        if state is None:
            return
        cluster = self.cluster
        cluster.kept[slot] = "torn" if torn else state.freeze()
        pointer = SnapshotPointer(slot=slot, snapshot_id=slot, first=0, last=0, next=state.next)
        cluster.progress.absorb("monitor", 0, PLACE.snapshot_key(slot), encode(pointer))


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 12)),
        st.tuples(st.just("run"), st.integers(0, 30), st.integers(1, 8)),
        st.tuples(st.just("replace")),
        st.tuples(st.just("other_worker")),
        st.tuples(st.just("suspend_and_open")),
        st.tuples(st.just("fail"), st.sampled_from(["before", "after"])),
        st.tuples(st.just("snapshot"), st.sampled_from(["slot-0", "slot-1"]), st.booleans()),
        st.tuples(st.just("commit")),
    ),
    max_size=40,
)


class Schedule:
    """Plays operations on one cluster; a method each."""

    def __init__(self):
        self.cluster, self.zombies = MemoryCluster(), []
        self.worker = Worker(self.cluster)

    async def replace(self):
        self.worker = Worker(self.cluster)
        await self.worker.partition.open()

    async def append(self, count):
        ledger = self.cluster.ledger
        ledger += [b"%d/%d" % (len(ledger) + number, number) for number in range(count)]

    async def run(self, start, length):
        ledger = self.cluster.ledger
        if not ledger:
            return
        start = min(start, len(ledger) - 1)
        records = [self.cluster.record(offset) for offset in range(start, min(start + length, len(ledger)))]
        for owner in [*self.zombies, self.worker]:
            try:
                await owner.partition.run(records)
            except FencedError:
                if owner is self.worker:
                    await self.replace()
        self.zombies = []

    async def other_worker(self):
        self.zombies.append(self.worker)
        await self.replace()

    async def suspend_and_open(self):
        await self.worker.partition.suspend()
        await self.worker.partition.open()

    async def fail(self, when):
        self.cluster.fail_next = when

    async def snapshot(self, slot, torn):
        self.worker.snapshot(slot, torn)

    async def commit(self):
        self.cluster.committed = max(self.cluster.committed, self.worker.partition.state.next)


async def play(operations):
    schedule = Schedule()
    await schedule.worker.partition.open()
    for operation, *arguments in operations:
        await getattr(schedule, operation)(*arguments)
    await schedule.replace()
    cluster, partition = schedule.cluster, schedule.worker.partition
    if cluster.ledger:
        await partition.run([cluster.record(len(cluster.ledger) - 1)])
    return cluster, partition


@given(OPERATIONS)
@settings(max_examples=150, deadline=None)
def test_any_schedule_equals_an_undisturbed_run(operations):
    """State, learned count and published alerts equal those of one run over the same ledger."""
    original, asyncio.sleep = asyncio.sleep, lambda _seconds, *_: original(0)  # the retry pause, without waiting
    try:
        cluster, partition = asyncio.run(play(operations))
    finally:
        asyncio.sleep = original
    expected = OrderSensitiveState()
    core, published = HashingCore(), []
    for offset in range(len(cluster.ledger)):
        published += [output.key for output in core.apply(expected, 0, cluster.record(offset), muted=False)]
    assert partition.state.freeze() == expected.freeze()
    assert cluster.outputs == published


def test_a_record_that_cannot_be_applied_stops_its_partition_and_a_skip_lets_it_go_on():
    """What came before it is published, the position is named, and an operator's decision is honoured by replays."""

    async def story():
        cluster = MemoryCluster(ledger=[b"1/1", b"1/4", b"2/2", b"poison", b"4/4"])
        worker = Worker(cluster)
        await worker.partition.open()
        await worker.partition.run([cluster.record(offset) for offset in range(5)])
        stopped = worker.partition.status, worker.partition.cause.position, cluster.progress.next
        before = list(cluster.outputs)
        decision = Skip(offset=3, reason="r", who="w", at="t")
        cluster.progress.absorb("monitor", 0, PLACE.skip_key(3), encode(decision))
        await worker.partition.open()
        await worker.partition.run([cluster.record(4)])
        return stopped, before, worker.partition

    stopped, before, partition = asyncio.run(story())
    assert stopped[:2] == ("stopped", 3)
    assert before == [b"1"]  # of the three before it, this one alerts
    assert (partition.status, partition.state.next, partition.state.learned) == ("running", 5, 4)


def test_a_ledger_that_was_truncated_stops_the_partition_with_a_named_error():
    """A position beyond the ledger's end means another ledger; nothing is learned from it."""

    async def story():
        cluster = MemoryCluster(ledger=[b"a", b"b"])
        worker = Worker(cluster)
        await worker.partition.open()
        await worker.partition.run([cluster.record(0), cluster.record(1)])
        await worker.partition.suspend()
        cluster.ledger = [b"z"]
        await worker.partition.open()
        return worker.partition

    partition = asyncio.run(story())
    assert partition.status == "stopped"
    assert "truncated or recreated" in partition.cause.message


def test_progress_ignores_records_of_other_agents_and_partitions():
    """One partition's log is shared by agents; only the own keys count."""
    found = Progress()
    found.absorb("monitor", 0, b"network/0", encode(Published(next=9)))
    found.absorb("monitor", 0, b"monitor/1", encode(Published(next=9)))
    found.absorb("monitor", 0, b"monitor/0", encode(Published(next=4)))
    assert found.next == 4
