"""Progress and snapshot topics in memory, behind the product's own reader, writer, core and partition runtime."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import pytest

from detectors.memory.frozen_state import STATE_SCHEMA
from detectors.memory.state import PartitionState
from streams.kafka import clients, topics
from streams.ledger.progress import AgentPartition, Published, encode
from streams.monitor.core import MonitorCore
from streams.partition.kafka_log import KafkaLog
from streams.partition.outputs import PartitionOutputs
from streams.partition.partition import Partition
from streams.partition.snapshot_writer import SnapshotPlan, SnapshotWriter
from streams.settings import Settings

TOPIC_ID = "ledger-topic-id"


class Kept(NamedTuple):
    """A committed record."""

    offset: int
    key: bytes
    value: bytes


class MemoryProducer:
    """A transactional producer whose records are in `held` at once; nothing here fails."""

    def __init__(self, held: dict[str, list[Kept]]) -> None:
        self.held = held

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def begin_transaction(self) -> None:
        """Nothing to do."""

    async def commit_transaction(self) -> None:
        """Nothing to do."""

    async def send(self, topic: str, value: bytes, key: bytes, _partition: int, *_: Any) -> "asyncio.Future[Kept]":
        """Append; the delivery is done when the call returns."""
        log = self.held.setdefault(topic, [])
        log.append(Kept(len(log), key, value))
        delivery: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        delivery.set_result(log[-1])
        return delivery


class MemoryLog(KafkaLog):
    """The product's reader with three things replaced: end offsets, record fetches, and the ledger itself."""

    def __init__(self, held: dict[str, list[Kept]], ledger: Sequence[Any], first: int = 0) -> None:
        super().__init__(
            Settings(),
            ledger=topics.LEDGER,
            snapshots_topic=topics.SNAPSHOTS,
            schema=STATE_SCHEMA,
            topic_id=TOPIC_ID,
            group="test",
        )
        self.held, self.ledger, self.first = held, ledger, first

    async def _end(self, topic: str, partition: int) -> int:
        return len(self.held.get(topic, ()))

    async def bounds(self, place: AgentPartition) -> tuple[int, int, int]:
        """The ledger as it is; the group has committed nothing."""
        return self.first, len(self.ledger), 0

    async def records(self, partition: int, start: int, stop: int) -> AsyncIterator[list[Any]]:
        """The ledger's records."""
        yield list(self.ledger[max(start, self.first) : stop])


class Found(NamedTuple):
    """What opening a partition came to."""

    partition: Partition[PartitionState]
    core: MonitorCore

    @property
    def outcome(self) -> str:
        """`stopped`, or the digest of the state."""
        state = self.partition.state
        return self.partition.status if state is None else state.freeze().digest()


class MemoryTopics:
    """One ledger partition, its progress and its snapshots."""

    def __init__(self, number: int, ledger: Sequence[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.ledger, self.place = ledger, AgentPartition(topics.PROGRESS, "monitor", number)
        self.held: dict[str, list[Kept]] = {}
        monkeypatch.setattr(clients, "read_range", self._read_range)

    async def _read_range(
        self, _settings: Settings, topic: str, _partition: int, start: int | None, stop: int, **_: Any
    ) -> AsyncIterator[list[Kept]]:
        log = self.held.get(topic, [])
        assert stop <= len(log), f"a reader of {topic} would wait for ever for offset {stop - 1}"
        yield [record for record in log if (start or 0) <= record.offset < stop]

    def learn(self, saves: Sequence[int]) -> str:
        """Apply the ledger, saving at the positions `saves`; returns the digest at its end."""
        core, number = MonitorCore("test"), self.place.partition
        plan = SnapshotPlan(
            topic=topics.SNAPSHOTS,
            schema=STATE_SCHEMA,
            code="test",
            config="c",
            topic_id=TOPIC_ID,
            every_events=1,
            every_seconds=1,
        )
        writer = SnapshotWriter(lambda: MemoryProducer(self.held), self.place, plan)

        async def story() -> str:
            state = core.new(number)
            for record in self.ledger:
                core.apply(state, number, record, muted=True)
                if state.next in saves:
                    writer.begin(state.freeze(), state.next, None)
                    await writer.finish()
            return state.freeze().digest()

        return asyncio.run(story())

    def publish(self, position: int, ledger: str = TOPIC_ID) -> None:
        """Say on the progress topic that outputs below `position` are published."""
        log = self.held.setdefault(topics.PROGRESS, [])
        log.append(Kept(len(log), self.place.published_key, encode(Published(next=position, ledger=ledger))))

    def change(self, topic: str, place: int, value: bytes) -> None:
        """Put other bytes in the place of a record's value."""
        log = self.held[topic]
        log[place] = log[place]._replace(value=value)

    def open(self, *, first: int = 0, end: int | None = None) -> Found:
        """Open the partition as a new worker would; the ledger holds the offsets from `first` to `end`."""
        log, core = MemoryLog(self.held, self.ledger[:end], first), MonitorCore("test")

        async def read_published() -> int:
            return (await log.progress(self.place)).next

        outputs = PartitionOutputs(lambda: MemoryProducer(self.held), read_published, lambda: False, self.place, 5.0)

        async def keep_nothing(*_: Any, **__: Any) -> None:
            """No snapshots beside those of `learn`."""

        async def story() -> Found:
            partition = Partition(self.place, core, log, outputs, keep_nothing)
            await partition.open()
            rest = list(self.ledger[:end])
            if partition.status == "running" and partition.state is not None and rest:
                await partition.run(rest[-1:])
            return Found(partition, core)

        return asyncio.run(story())
