"""A cluster in memory under `streams.partition.kafka_log`: it shows a committed reader less than any other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.kafka import clients
from streams.ledger.progress import AgentPartition
from streams.partition.kafka_log import KafkaLog
from streams.settings import Settings

SETTINGS = Settings()
PLACE = AgentPartition("progress", "monitor", 2)
SCHEMA, TOPIC_ID = 3, "ledger-id"


class Cluster:
    """Logs by topic and partition. A committed reader sees `hidden` records less: a transaction is open there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.logs: dict[TopicPartition, list[Any]] = {}
        self.begins: dict[TopicPartition, int] = {}
        self.hidden = 1
        self.positions: list[Any] = [None]
        self.readers: list[Reader] = []
        self.reads: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        monkeypatch.setattr(clients, "make_reader", self.reader)
        monkeypatch.setattr(clients, "read_range", self.read_range)

    def append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp: int = 0,
        headers: Sequence[tuple[str, bytes]] | None = (),
    ) -> None:
        """Write a record."""
        log = self.logs.setdefault(TopicPartition(topic, partition), [])
        log.append(SimpleNamespace(offset=len(log), key=key, value=value, timestamp=timestamp, headers=headers))

    def reader(self, settings: Settings, *, committed: bool, group: str | None = None) -> "Reader":
        """A consumer."""
        assert settings.bootstrap == SETTINGS.bootstrap
        self.readers.append(Reader(self, committed, group))
        return self.readers[-1]

    async def read_range(
        self,
        settings: Settings,
        topic: str,
        partition: int,
        start: int | None,
        stop: int,
        *,
        committed: bool = True,
        unreadable: str = "raise",
    ) -> AsyncIterator[list[Any]]:
        """Records one by one, as in the product."""
        assert settings.bootstrap == SETTINGS.bootstrap
        assert all(one.stopped for one in self.readers)
        self.reads.append((topic, partition, start, stop, committed, unreadable))
        log = self.logs.get(TopicPartition(topic, partition), [])
        assert stop <= len(log), "a reader would wait for ever"
        if self.fault is not None:
            raise self.fault
        for record in log[start or 0 : stop]:
            await asyncio.sleep(0)
            yield [record]


class Reader:
    """A consumer that must be started and assigned before it is asked."""

    def __init__(self, cluster: Cluster, committed: bool, group: str | None) -> None:
        self.cluster, self.committed_only, self.group = cluster, committed, group
        self.started = self.stopped = False
        self.assigned: list[TopicPartition] = []

    async def start(self) -> None:
        """Start."""
        self.started = True

    async def stop(self) -> None:
        """Stop."""
        self.stopped = True

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Assign."""
        assert self.started
        self.assigned = list(partitions)

    async def beginning_offsets(self, asked: list[TopicPartition]) -> dict[TopicPartition, int]:
        """First offsets."""
        assert asked == self.assigned
        return {tp: self.cluster.begins.get(tp, 0) for tp in asked}

    async def end_offsets(self, asked: list[TopicPartition]) -> dict[TopicPartition, int]:
        """End offsets, as the isolation level sees them."""
        assert self.started
        hidden = self.cluster.hidden if self.committed_only else 0
        return {tp: max(0, len(self.cluster.logs.get(tp, ())) - hidden) for tp in asked}

    async def offsets_for_times(self, asked: dict[TopicPartition, int]) -> dict[TopicPartition, Any]:
        """The first record of a time or later; None where there is none."""
        assert self.started
        return {
            tp: next((one for one in self.cluster.logs.get(tp, ()) if one.timestamp >= at), None)
            for tp, at in asked.items()
        }

    async def committed(self, tp: TopicPartition) -> int | None:
        """The group's offset."""
        assert ([tp], self.group) == (self.assigned, "the group")
        answer = self.cluster.positions.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def log_of(**more: Any) -> KafkaLog:
    """The product's reader."""
    return KafkaLog(
        SETTINGS,
        ledger="ledger",
        snapshots_topic="snapshots",
        schema=SCHEMA,
        topic_id=TOPIC_ID,
        group="the group",
        **more,
    )
