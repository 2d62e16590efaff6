"""The reader of conflicts' notices: what is told while it fails, what is read when, and how it ends."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError

from detectors.contracts.events import Source
from detectors.core import Notice
from streams.contracts.dead_letters import Letter
from streams.errors import NotAuthorizedError
from streams.ingest import conflict_letters
from streams.ingest.conflict_letters import BATCH, TOLD_FAILURES, ConflictLetters
from streams.kafka.original_records import Originals
from streams.keys.commitments import EvidenceKeys
from streams.settings import Settings
from tests.support.input_log import InputLog, input_record
from tests.support.notice_letters import INPUT, KEYS, Enough, NoticeConsumer, Positions, letters_of, notice


def told(monkeypatch: pytest.MonkeyPatch, failures: int, idle: int = 1) -> tuple[list[list[str]], NoticeConsumer]:
    """What is told before each attempt at one letter that fails so often, and after it; and the consumer."""
    consumer = NoticeConsumer([[notice(6)]], idle)
    monkeypatch.setattr(conflict_letters, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(conflict_letters, "RETRY_SECONDS", 0.0)
    seen: list[list[str]] = []
    left = failures

    async def at(_originals: Originals, source: Source) -> tuple[Any, str]:
        nonlocal left
        seen.append(letters.unready())
        if left:
            left -= 1
            raise TimeoutError
        return input_record(source.offset), ""

    async def deliver(*_: Any) -> None:
        """Nothing is delivered."""

    letters = letters_of(deliver)
    InputLog.install(monkeypatch, [], 0, 0)
    monkeypatch.setattr(Originals, "read_at", at)
    with pytest.raises(Enough):
        asyncio.run(letters._run())
    return [*seen, letters.unready()], consumer


def test_a_letter_that_fails_again_and_again_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the first failure; from the second on with the place of the original, until it is written."""
    seen, _ = told(monkeypatch, TOLD_FAILURES + 1)
    assert seen[:TOLD_FAILURES] == [[]] * TOLD_FAILURES
    assert seen[-1] == []
    for number, [reason] in enumerate(seen[TOLD_FAILURES:-1], TOLD_FAILURES):
        assert reason.startswith(f"conflict letters stand still, tried {number} times")
        assert f"the letter of {INPUT}[4] offset 6 is not written: TimeoutError()" in reason
    assert len(seen) == TOLD_FAILURES + 3


def test_batches_are_small_and_committed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A storm of conflicts must not outlast the time that the group lets pass between two fetches."""
    _, consumer = told(monkeypatch, 0)
    assert set(consumer.most) == {BATCH}
    assert consumer.batches == []


class StormConsumer(NoticeConsumer):
    """As aiokafka: of several partitions the first one's notices come first, as many as it has."""

    def __init__(self, held: dict[TopicPartition, list[Notice]]) -> None:
        super().__init__([])
        self.held = held

    def assignment(self) -> set[TopicPartition]:
        """All of them."""
        return set(self.held)

    async def getmany(
        self, *places: TopicPartition, timeout_ms: int, max_records: int | None = None
    ) -> dict[TopicPartition, list[Any]]:
        """The next ones; when all are read, the process ends."""
        assert max_records == BATCH
        found = {}
        for tp in [one for one in self.held if one in places and self.held[one]]:
            some, self.held[tp] = self.held[tp][:max_records], self.held[tp][max_records:]
            found[tp] = [SimpleNamespace(value=msgspec.json.encode(one), timestamp=7) for one in some]
            max_records -= len(some)
            if not max_records:
                break
        if timeout_ms and not found:
            raise Enough
        return found

    async def commit(self) -> None:
        """They are gone already."""


def test_a_storm_in_one_partition_goes_before_one_batch_of_another_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failure prevented: what was fetched of one partition, 3 000 conflicts of one payment, came before all others."""
    storm, honest = TopicPartition("fx.notices.v1", 0), TopicPartition("fx.notices.v1", 7)
    log = InputLog.install(monkeypatch, [input_record(offset) for offset in range(1000)], 0, 1000)
    alone = msgspec.structs.replace(notice(3), source=Source(INPUT, 9, 3))
    consumer = StormConsumer({storm: [notice(offset) for offset in range(1000)], honest: [alone]})
    monkeypatch.setattr(conflict_letters, "AIOKafkaConsumer", lambda *_, **__: consumer)
    found: list[list[tuple[int, int]]] = []

    async def deliver(letters: Sequence[Letter]) -> None:
        found.append([(one.record.partition, one.record.offset) for one in letters])

    letters = letters_of(deliver)
    letters._positions.commit = lambda *_: asyncio.sleep(0)
    with pytest.raises(Enough):
        asyncio.run(letters._run())
    assert found[1] == [(9, 3)]
    assert [one for some in found[:1] + found[2:] for one in some] == [(4, offset) for offset in range(1000)]
    assert {len(some) for some in found} == {1, BATCH}
    assert [one.running for one in log.readers] == [False]  # one for the whole storm


def test_a_rate_that_all_partitions_tell_of_is_one_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written once a partition, counted once: else the share of rejected rates would be twelve times too large."""
    rate = msgspec.structs.replace(notice(3), source=Source("fx.rates.v1", 2, 3), code="rate.held")
    places = [TopicPartition("fx.notices.v1", number) for number in range(12)]
    InputLog.install(monkeypatch, [input_record(offset) for offset in range(10)], 0, 10)
    consumer = StormConsumer({tp: [rate, notice(tp.partition % 10)] for tp in places})
    monkeypatch.setattr(conflict_letters, "AIOKafkaConsumer", lambda *_, **__: consumer)
    counted: list[tuple[str, str]] = []
    letters = letters_of(lambda _: asyncio.sleep(0))
    letters._count = lambda topic, code: counted.append((topic, code))
    letters._positions.commit = lambda *_: asyncio.sleep(0)
    with pytest.raises(Enough):
        asyncio.run(letters._run())
    assert Counter(counted) == {("fx.rates.v1", "rate.held"): 1, (INPUT, "event.conflict"): 12}


@pytest.mark.parametrize(("lost", "left"), [(False, 0), (True, 1)], ids=["read to the end", "lost meanwhile"])
def test_a_failure_is_forgotten_when_nothing_is_left_to_write(
    monkeypatch: pytest.MonkeyPatch, lost: bool, left: int
) -> None:
    """The letter may have become another worker's; an assignment that changes at that moment says nothing."""
    consumer = NoticeConsumer([])
    consumer.lost = lost
    starts = 0

    async def start() -> None:
        nonlocal starts
        starts += 1
        if starts <= TOLD_FAILURES:
            raise KafkaConnectionError("gone")

    consumer.start = start
    monkeypatch.setattr(conflict_letters, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(conflict_letters, "RETRY_SECONDS", 0.0)
    letters = letters_of(None)
    with pytest.raises(Enough):
        asyncio.run(letters._run())
    assert len(letters.unready()) == left


def test_no_letter_is_written_once_the_letters_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that overhears its cancellation, as one does in `asyncio.wait_for`, is asked again until it has ended.

    Failure prevented: its next letter met a closed producer, and an orderly stop ended with an error.
    """
    monkeypatch.setattr(conflict_letters, "CLOSING_SECONDS", 0.02)
    stopped, late, deaf = False, [], [True]

    async def write(batch: Collection[tuple[Notice, int]]) -> None:
        if stopped:
            late.append(batch)
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            if not deaf:
                raise
            deaf.clear()

    async def story() -> None:
        nonlocal stopped
        letters = letters_of(None)
        monkeypatch.setattr(letters, "write", write)
        letters.start()
        await asyncio.sleep(0.015)
        await letters.stop()
        stopped = True
        await asyncio.sleep(0.05)

    many = [[notice(6)] for _ in range(1000)]
    monkeypatch.setattr(conflict_letters, "AIOKafkaConsumer", lambda *_, **__: NoticeConsumer(many))
    asyncio.run(asyncio.wait_for(story(), 60))
    assert late == []


def test_a_reader_that_cannot_be_stopped_does_not_end_the_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its group forgets it anyway; the next one reads on."""

    async def stop() -> None:
        raise KafkaConnectionError("gone")

    consumer = NoticeConsumer([[notice(6)]])
    consumer.stop = stop
    failing = [True]

    async def write(_batch: Collection[tuple[Notice, int]]) -> None:
        if failing:
            failing.clear()
            raise TimeoutError

    monkeypatch.setattr(conflict_letters, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(conflict_letters, "RETRY_SECONDS", 0.0)
    letters = letters_of(None)
    monkeypatch.setattr(letters, "write", write)
    with pytest.raises(Enough):
        asyncio.run(letters._run())
    assert consumer.batches == []


@pytest.mark.parametrize(
    "fault",
    [GroupAuthorizationFailedError("fxwatch-notices"), TopicAuthorizationFailedError(INPUT)],
    ids=["group", "topic"],
)
def test_a_right_that_is_missing_ends_the_worker(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    """With the one message of every denial.

    Failure prevented: a denied group was asked for again every 2 s for ever, and no conflict had a letter.
    """
    consumer, ends = NoticeConsumer([]), []

    async def start() -> None:
        raise fault

    consumer.start = start
    monkeypatch.setattr(conflict_letters, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(conflict_letters, "RETRY_SECONDS", 0.0)
    letters = ConflictLetters(Settings(), None, Positions(), "1", EvidenceKeys.of(KEYS), ends.append)
    asyncio.run(asyncio.wait_for(letters._run(), 60))
    [told] = ends
    assert isinstance(told, NotAuthorizedError)
    assert type(fault).__name__ in told.message
    assert "fxwatch topics acls --apply" in told.message
