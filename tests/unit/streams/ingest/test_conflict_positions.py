"""Where the notices are read on: an offset that somebody else moved forward hides no letter."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError
from aiokafka.structs import OffsetAndMetadata

from streams.errors import DeliveryError
from streams.ingest import conflict_positions
from streams.ingest.conflict_positions import NoticePositions
from streams.kafka import clients, topics
from streams.ledger.input_positions import Kept, position_record
from streams.ledger.progress import InputPosition
from streams.settings import Settings

TP, OTHER = TopicPartition(topics.NOTICES, 0), TopicPartition(topics.NOTICES, 13)
NOW, FORMER = "AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAAg"


class Consumer:
    """Holds partitions of a log that begins at 5; `committed` is what the group says."""

    def __init__(self, committed: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self.committed, self.held = committed, set(committed)
        self.sought: dict[TopicPartition, int] = {}
        self.subscribed: list[str] = []
        self._coordinator = self
        self.refusal: Exception | None = None

    def check_errors(self) -> None:
        """What the group's coordinator refused."""
        if self.refusal is not None:
            raise self.refusal

    def subscribe(self, names: list[str], listener: Any) -> None:
        """By these names."""
        self.subscribed, self.listener = names, listener

    def assignment(self) -> set[TopicPartition]:
        """What the group gave."""
        return set(self.held)

    async def fetch_committed_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
        """As the group's coordinator says; -1 where there is none."""
        return {tp: self.committed[tp] for tp in places}

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The first."""
        return dict.fromkeys(places, 5)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Go there."""
        self.sought[tp] = offset

    async def position(self, _tp: TopicPartition) -> int:
        """Behind the last that was read."""
        return 42

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        """Keep them."""
        self.committed |= offsets


@pytest.fixture
def progress(monkeypatch: pytest.MonkeyPatch) -> dict[int, list[Any]]:
    """Records of the progress topic by partition, which `NoticePositions` reads; and the notices' topic id."""
    kept: dict[int, list[Any]] = {}

    async def read_whole(_settings: Settings, topic: str, partition: int) -> Any:
        assert topic == topics.PROGRESS
        yield [_Record(key, value) for key, value in kept.get(partition, [])]

    monkeypatch.setattr(clients, "read_whole", read_whole)
    monkeypatch.setattr(conflict_positions, "_topic_id", lambda _settings: NOW)
    return kept


class _Record:
    def __init__(self, key: bytes, value: bytes) -> None:
        self.key, self.value = key, value


def positions(kept: dict[int, list[Any]]) -> NoticePositions:
    """They write to `kept`."""

    async def keep(partition: int, records: list[clients.Record]) -> None:
        kept.setdefault(partition, []).extend((key, value) for key, value, _, _ in records)

    return NoticePositions(Settings(), keep)


def noted(records: list[Any]) -> dict[Any, InputPosition]:
    """The newest position of each place."""
    kept = Kept()
    for key, value in records:
        kept.absorb(key, value)
    return kept.positions


async def _begun(found: NoticePositions, consumer: Consumer) -> list[TopicPartition]:
    await found.begin(consumer)
    assert (consumer.subscribed, consumer.listener) == ([topics.NOTICES], found)
    found.on_partitions_revoked([])
    found.on_partitions_assigned(consumer.held)
    return await found.find_readable(consumer)


@pytest.mark.parametrize(
    ("committed", "metadata", "kept", "at"),
    [
        (20, NOW, 10, None),  # ours: the kept position is older after a crash
        (20, "", 10, 10),
        (7, "", 10, None),
        (20, "", None, None),
        (-1, "", 10, None),
        (20, FORMER, 10, 5),
        (20, "", (10, FORMER), 5),
    ],
    ids=[
        "ours",
        "moved forward",
        "moved back",
        "of an earlier release",
        "no offset",
        "of a deleted topic",
        "moved on a topic created anew",
    ],
)
def test_where_reading_goes_on(
    progress: dict[int, list[Any]], committed: int, metadata: str, kept: Any, at: int | None
) -> None:
    """None: where the group says, or, where it says nothing, at the beginning. Kept is where reading begins."""
    if kept is not None:
        offset, topic_id = kept if isinstance(kept, tuple) else (kept, NOW)
        progress[0] = [position_record(tuple(TP), InputPosition(next=offset, topic_id=topic_id))]
    consumer = Consumer({TP: OffsetAndMetadata(committed, metadata)})
    assert asyncio.run(_begun(positions(progress), consumer)) == [TP]
    assert consumer.sought == ({} if at is None else {TP: at})
    begun = at if at is not None else committed if committed >= 0 else 5
    assert noted(progress[0]) == {tuple(TP): InputPosition(next=begun, topic_id=NOW)}


def test_what_is_committed_names_the_topic_and_is_kept(progress: dict[int, list[Any]]) -> None:
    """On the progress topic's partition of that number, of 12; what was taken meanwhile is the next owner's."""
    consumer = Consumer({TP: OffsetAndMetadata(-1, ""), OTHER: OffsetAndMetadata(-1, "")})
    found = positions(progress)

    async def read() -> None:
        assert await _begun(found, consumer) == [TP, OTHER]
        await found.commit(consumer, [OTHER])
        found.on_partitions_revoked([TP, OTHER])
        await found.commit(consumer, [TP])

    asyncio.run(read())
    assert consumer.committed == {TP: OffsetAndMetadata(-1, ""), OTHER: OffsetAndMetadata(42, NOW)}
    assert noted(progress[0]) == {tuple(TP): InputPosition(next=5, topic_id=NOW)}
    assert noted(progress[1]) == {tuple(OTHER): InputPosition(next=42, topic_id=NOW)}
    assert set(progress) == {0, 1}


def test_a_new_assignment_is_compared_anew(progress: dict[int, list[Any]]) -> None:
    """Somebody may have moved the offsets while this worker was out of its group."""
    consumer = Consumer({TP: OffsetAndMetadata(9, NOW)})
    found = positions(progress)
    progress[0] = [position_record(tuple(TP), InputPosition(next=9, topic_id=NOW))]

    async def read() -> None:
        assert await _begun(found, consumer) == [TP]
        consumer.committed[TP] = OffsetAndMetadata(30, "")
        assert await found.find_readable(consumer) == [TP]
        assert consumer.sought == {}
        found.on_partitions_revoked([TP])
        found.on_partitions_assigned([TP])
        assert await found.find_readable(consumer) == [TP]
        assert consumer.sought == {TP: 9}
        consumer.sought.clear()
        assert await found.find_readable(consumer) == [TP]
        assert consumer.sought == {}
        consumer.held = set()
        assert await found.find_readable(consumer) == []
        consumer.refusal = GroupAuthorizationFailedError("fxwatch-notices")
        with pytest.raises(GroupAuthorizationFailedError):  # else a worker without its right would look ready
            await found.find_readable(consumer)

    asyncio.run(read())


def test_what_is_held_during_a_rebalance_is_not_compared_but_after_it(progress: dict[int, list[Any]]) -> None:
    """The client names the former partitions as held until it has new ones, which begin at the group's offset again."""
    consumer = Consumer({TP: OffsetAndMetadata(30, "")})
    found = positions(progress)
    progress[0] = [position_record(tuple(TP), InputPosition(next=9, topic_id=NOW))]

    async def read() -> None:
        assert await _begun(found, consumer) == [TP]
        found.on_partitions_revoked([TP])
        consumer.sought.clear()
        assert await found.find_readable(consumer) == []
        assert consumer.sought == {}
        found.on_partitions_assigned([TP])
        assert await found.find_readable(consumer) == [TP]
        assert consumer.sought == {TP: 9}

    asyncio.run(read())


@pytest.mark.parametrize("given", [False, True], ids=["under way", "over"])
def test_a_comparison_that_a_rebalance_overtakes_is_made_again(progress: dict[int, list[Any]], given: bool) -> None:
    """What was sought of the former partitions is not of the new ones, even where they are the same."""
    consumer = Consumer({TP: OffsetAndMetadata(30, "")})
    found = positions(progress)
    progress[0] = [position_record(tuple(TP), InputPosition(next=9, topic_id=NOW))]
    begins, rebalances = consumer.beginning_offsets, 0

    async def overtaken(places: list[TopicPartition]) -> dict[TopicPartition, int]:
        nonlocal rebalances
        rebalances += 1
        if rebalances == 1:
            found.on_partitions_revoked([TP])
            if given:
                found.on_partitions_assigned([TP])
        return await begins(places)

    async def read() -> None:
        consumer.beginning_offsets = overtaken  # type: ignore[method-assign]
        assert await _begun(found, consumer) == []
        assert (consumer.sought, len(progress[0])) == ({}, 1)  # and nothing is kept of it
        found.on_partitions_assigned([TP])
        assert await found.find_readable(consumer) == [TP]
        assert consumer.sought == {TP: 9}

    asyncio.run(read())


@pytest.mark.parametrize("fault", [KafkaConnectionError("gone"), DeliveryError("no answer")], ids=["kafka", "ours"])
def test_a_position_that_is_not_kept_is_told_and_the_letters_go_on(
    progress: dict[int, list[Any]], caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    """The offset is committed; only a move forward before the next one would be followed less far back."""

    async def keep(_partition: int, _records: Any) -> None:
        raise fault

    consumer = Consumer({TP: OffsetAndMetadata(9, NOW)})
    found = NoticePositions(Settings(), keep)

    async def read() -> None:
        await _begun(found, consumer)
        await found.commit(consumer, [TP])

    asyncio.run(read())
    assert consumer.committed[TP] == OffsetAndMetadata(42, NOW)
    assert "how far the notices were read is not kept" in caplog.text
