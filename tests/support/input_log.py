"""An input topic as a reader of originals sees it (streams/kafka/original_records.py), and what it asked for."""

import asyncio
from types import SimpleNamespace
from typing import Any, Self

import pytest
from aiokafka import TopicPartition

from streams.kafka import clients
from streams.settings import Settings


def input_record(offset: int, value: bytes = b"v") -> Any:
    """A sender's record."""
    return SimpleNamespace(offset=offset, key=b"k", value=value, headers=(), timestamp=3)


class InputLog:
    """Topics of twelve partitions with the same records each, from offset `first` to `end`; and their readers.

    An offset without a record is a marker's, or was compacted away. `stuck`: nothing is handed over.
    """

    def __init__(self, records: list[Any], first: int, end: int) -> None:
        self.records, self.first, self.end, self.stuck = records, first, end, False
        self.readers: list[InputReader] = []

    @classmethod
    def install(cls, monkeypatch: pytest.MonkeyPatch, records: list[Any], first: int, end: int) -> Self:
        """What readers are opened on."""
        log = cls(records, first, end)
        monkeypatch.setattr(clients, "make_reader", lambda settings, **options: InputReader(log, settings, options))
        return log

    @property
    def seeks(self) -> list[int]:
        """Where reading was begun anew, of all readers."""
        return [offset for reader in self.readers for offset in reader.seeks]


class InputReader:
    """A consumer of aiokafka's, in the parts that are used."""

    def __init__(self, log: InputLog, settings: Settings, options: dict[str, Any]) -> None:
        assert isinstance(settings, Settings)
        assert options == {"committed": False, "unreadable": "set", "fetch_bytes": 1_000_000, "fetch_wait_ms": 10}
        self.log, self.seeks, self.assigned, self.at = log, [], list[TopicPartition](), 0
        self.running = False
        log.readers.append(self)

    async def start(self) -> None:
        """Nothing is asked of it before."""
        self.running = True

    async def stop(self) -> None:
        """Nothing is asked of it after."""
        self.running = False

    def assign(self, partitions: list[TopicPartition]) -> None:
        """What is read."""
        assert self.running
        self.assigned = partitions

    def partitions_for_topic(self, topic: str) -> set[int]:
        """Twelve."""
        assert [one.topic for one in self.assigned] == [topic]
        return set(range(12))

    def _there(self, partitions: list[TopicPartition]) -> None:
        """Aiokafka asks without end for the offsets of a partition that is not there."""
        for one in partitions:
            assert one.topic == self.assigned[0].topic
            assert one.partition in {0, self.assigned[0].partition} & set(range(12))

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The first."""
        self._there(partitions)
        return dict.fromkeys(partitions, self.log.first)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """One after the last."""
        self._there(partitions)
        return dict.fromkeys(partitions, self.log.end)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Go there."""
        assert self.assigned == [tp]
        self.at = offset
        self.seeks.append(offset)

    async def position(self, tp: TopicPartition) -> int:
        """Where reading stands."""
        assert self.assigned == [tp]
        return self.at

    async def getmany(
        self, tp: TopicPartition, *, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Any]]:
        """The next records; behind the last one nothing, and the position goes past the markers."""
        assert self.running
        assert self.assigned == [tp]
        assert 0 < timeout_ms <= 1000
        await asyncio.sleep(0)
        if self.log.stuck:
            return {}
        found = [one for one in self.log.records if one.offset >= self.at][:max_records]
        self.at = found[-1].offset + 1 if found else self.log.end
        return {tp: found} if found else {}
