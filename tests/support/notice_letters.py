"""Notices of conflicts, the consumer that hands them over, and the letters that come of them."""

from types import SimpleNamespace
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from detectors.contracts.events import Source
from detectors.core import Notice
from streams.ingest.conflict_letters import ConflictLetters
from streams.keys.commitments import Committer, EvidenceKeys
from streams.keys.pseudonyms import parse_keys
from streams.settings import Settings

TP = TopicPartition("fx.notices.v1", 0)
INPUT = "fx.transactions.v1"
KEYS = parse_keys(f"k1 = {'1f' * 32}", "f")


def notice(offset: int, value: bytes = b"v") -> Notice:
    """A conflict of the input's record at an offset, whose bytes were `value`."""
    source = Source(INPUT, 4, offset)
    return Notice(
        code="event.conflict",
        source=source,
        identity="i",
        first=Source(INPUT, 4, 2),
        commitment=Committer(KEYS).commitment(source, value).decode(),
    )


class Enough(BaseException):
    """Stands for the end of the process."""


class NoticeConsumer:
    """Hands over `batches`, each once committed; then nothing, `idle` times, and the process ends."""

    def __init__(self, batches: list[list[Notice]], idle: int = 1) -> None:
        self.batches, self.idle, self.most, self.read = batches, idle, [], 0
        self.lost = False

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def assignment(self) -> set[TopicPartition]:
        """One partition."""
        return {TP}

    def last_stable_offset(self, _tp: TopicPartition) -> int:
        """Where it ends."""
        return 10

    async def position(self, _tp: TopicPartition) -> int:
        """How far it was read."""
        if self.lost:
            raise IllegalStateError("Partition is not assigned")
        return 0 if self.batches else 10

    async def getmany(
        self, *places: TopicPartition, timeout_ms: int, max_records: int | None = None
    ) -> dict[TopicPartition, list[Any]]:
        """The next batch."""
        assert places == (TP,)
        self.most.append(max_records)
        if self.batches:
            values = [msgspec.json.encode(one) for one in self.batches[0]]
            return {TP: [SimpleNamespace(value=value, timestamp=7) for value in values]}
        if self.idle == 0:
            raise Enough
        self.idle -= 1
        return {}

    async def commit(self) -> None:
        """The batch does not come again."""
        del self.batches[0]


class Positions:
    """Nobody has moved anything (tests/unit/streams/ingest/test_conflict_positions.py)."""

    async def begin(self, _consumer: NoticeConsumer) -> None:
        """Nothing to do."""

    async def find_readable(self, consumer: NoticeConsumer) -> list[TopicPartition]:
        """All that is held."""
        return sorted(consumer.assignment())

    async def commit(self, consumer: NoticeConsumer, places: Any) -> None:
        """What was read."""
        assert list(places) == [TP]
        await consumer.commit()


def letters_of(deliver: Any) -> ConflictLetters:
    """Letters that go to `deliver`; an unexpected fault ends the test."""

    def die(fault: BaseException) -> None:
        raise Enough from fault

    return ConflictLetters(Settings(), deliver, Positions(), "1", EvidenceKeys.of(KEYS), die)
