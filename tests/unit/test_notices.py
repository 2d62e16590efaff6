"""The dead letters of conflicts: what is written when the original is gone, and what is told when none is."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)

from detectors.core import Notice
from detectors.events import Source
from streams import clients, notices
from streams.commitments import Committer, EvidenceKeys
from streams.deadletter import Letter
from streams.errors import NotAuthorizedError
from streams.notices import BATCH, TOLD_FAILURES, ConflictLetters
from streams.pseudonyms import parse_keys
from streams.record_sets import Unreadable
from streams.settings import Settings

TP = TopicPartition("fx.notices.v1", 0)
INPUT = "fx.transactions.v1"
KEYS = parse_keys(f"k1 = {'1f' * 32}", "f")


def notice(offset: int, value: bytes = b"v") -> Notice:
    """A conflict of the input's record at an offset, whose bytes were `value`."""
    source = Source(INPUT, 4, offset)
    return Notice(code="event.conflict", source=source, identity="i", first=Source(INPUT, 4, 2),
                  commitment=Committer(KEYS).commitment(source, value).decode())  # fmt: skip


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
    """Nobody has moved anything (tests/unit/test_notice_positions.py)."""

    async def begin(self, _consumer: NoticeConsumer) -> None:
        """Nothing to do."""

    async def readable(self, consumer: NoticeConsumer) -> list[TopicPartition]:
        """All that is held."""
        return sorted(consumer.assignment())

    async def commit(self, consumer: NoticeConsumer, places: Any) -> None:
        """What was read."""
        assert list(places) == [TP]
        await consumer.commit()


class InputConsumer:
    """A reader of an input topic that holds the offsets 5 to 8; `marker`: at 8 there is no record."""

    marker = False

    def assign(self, _partitions: list[TopicPartition]) -> None:
        """Nothing to do."""

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def partitions_for_topic(self, _topic: str) -> set[int]:
        """Twelve."""
        return set(range(12))

    async def position(self, _tp: TopicPartition) -> int:
        """Where reading stands: behind a marker that has the last offset."""
        return 9 if self.marker else self.at

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The first."""
        return dict.fromkeys(partitions, 5)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """One after the last."""
        return dict.fromkeys(partitions, 9)

    def seek(self, _tp: TopicPartition, offset: int) -> None:
        """Go there."""
        self.at = offset

    async def getone(self, _tp: TopicPartition) -> Any:
        """The record; beyond the end one waits for ever."""
        if self.at >= 8 + (not self.marker):
            await asyncio.Event().wait()
        return SimpleNamespace(offset=self.at, key=b"k", value=b"v", headers=(), timestamp=3)


def letters_of(deliver: Any) -> ConflictLetters:
    """Letters that go to `deliver`; an unexpected fault ends the test."""

    def die(fault: BaseException) -> None:
        raise Enough from fault

    return ConflictLetters(Settings(), deliver, Positions(), "1", EvidenceKeys.of(KEYS), die)


@pytest.mark.parametrize(
    ("offset", "original", "said"),
    [
        (4, b"v", "past their topic's retention"),
        (6, b"v", None),
        (6, b"w", "created anew, and holds another record there"),
        (9, b"v", "their topic ends at offset 9"),
        (12, b"v", "ends at offset 9"),
    ],
    ids=["before the first", "there", "another there", "at the end", "beyond the end"],
)
def test_an_original_that_is_gone_leaves_a_letter_without_its_bytes(
    monkeypatch: pytest.MonkeyPatch, offset: int, original: bytes, said: str | None
) -> None:
    """Before the first record, beyond the last, or not the bytes that conflicted: the letter says what happened."""
    written: list[Letter] = []

    async def deliver(letter: Letter) -> None:
        written.append(letter)

    monkeypatch.setattr(clients, "reader", lambda *_, **__: InputConsumer())
    monkeypatch.setattr(notices, "ORIGINAL_SECONDS", 0.05)
    asyncio.run(letters_of(deliver).write(notice(offset, original), 7))
    [letter] = written
    if said is None:
        assert (letter.value, letter.timestamp_ms, letter.topic_id) == (b"v", 3, b"")
        assert "original bytes" not in letter.message
    else:
        assert (letter.value, letter.timestamp_ms) == (None, 7)
        assert said in letter.message


def test_a_letter_names_the_topic_and_the_time_of_the_record_that_conflicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice tells both: a topic created again has the same name, and a notice is written when it is found."""
    written: list[Letter] = []

    async def deliver(letter: Letter) -> None:
        written.append(letter)

    monkeypatch.setattr(clients, "reader", lambda *_, **__: InputConsumer())
    told = msgspec.structs.replace(notice(4, b"v"), topic_id="AAAAAAAAAAAAAAAAAAAAAQ", timestamp_ms=11)
    asyncio.run(letters_of(deliver).write(told, 7))
    assert (written[0].topic_id, written[0].timestamp_ms) == (b"AAAAAAAAAAAAAAAAAAAAAQ", 11)


def written(monkeypatch: pytest.MonkeyPatch, one: Notice, *, marker: bool = False) -> list[Letter]:
    """The letters of a notice."""
    found: list[Letter] = []

    async def deliver(letter: Letter) -> None:
        found.append(letter)

    monkeypatch.setattr(InputConsumer, "marker", marker)
    monkeypatch.setattr(clients, "reader", lambda *_, **__: InputConsumer())
    monkeypatch.setattr(notices, "ORIGINAL_SECONDS", 0.05)
    asyncio.run(letters_of(deliver).write(one, 7))
    return found


def test_an_original_that_can_never_come_holds_no_letter_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a topic created anew with fewer partitions, or where a transaction's marker stands now.

    Failure prevented: it was asked for again every 2 s for ever, and no conflict of anybody had a letter any more.
    """
    elsewhere = msgspec.structs.replace(notice(6), source=Source(INPUT, 63, 6))
    [letter] = written(monkeypatch, elsewhere)
    assert letter.message.endswith("the original bytes are gone: their topic has no such partition any more")
    [letter] = written(monkeypatch, notice(8), marker=True)
    assert letter.message.endswith("holds another record there")
    monkeypatch.setattr(InputConsumer, "position", lambda self, _: asyncio.sleep(0, self.at))
    with pytest.raises(TimeoutError):  # a broker that is slow: it may still come
        written(monkeypatch, notice(8), marker=True)


def test_a_code_of_a_newer_release_is_written_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Monitors are upgraded first; their notices must not end the ingest workers of the release before."""
    [letter] = written(monkeypatch, msgspec.structs.replace(notice(6), code="event.brand_new"))
    assert (letter.codes, letter.value) == (("event.brand_new",), b"v")
    assert letter.message.startswith(notices.NEWER)


def record(value: bytes | None) -> Any:
    return SimpleNamespace(topic=TP.topic, partition=0, offset=3, value=value, timestamp=7)


def changed(**fields: Any) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(notice(6), **fields))


@pytest.mark.parametrize(
    "value",
    [b"", None, b"garbage", b"[]", b"\xff", changed(source=None), changed(source=Source("fx.audit.v1", 0, 1)),
     changed(source=Source(INPUT, -1, 1)), changed(source=Source(INPUT, 1, -1)), changed(code="\x1b[2J"),
     changed(code="x" * 5000)],
)  # fmt: skip
def test_what_is_no_notice_is_told_and_passed(value: bytes | None, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever may write to the topic; ingest ended at it at every start."""
    assert notices.understood(record(value)) is None
    assert "fx.notices.v1[0] offset 3 is no notice of a monitor, and is passed" in caplog.text
    assert notices.understood(record(changed())) == notice(6)


def test_a_record_set_that_cannot_be_read_is_told_and_passed(caplog: pytest.LogCaptureFixture) -> None:
    """Its place is handed over (streams/record_sets.py)."""
    unreadable = Unreadable(TP.topic, 0, 3, 9, -1, 100, "ab", "set.too_large", "it would be 1.9 GB")
    assert notices.understood(unreadable) is None
    assert "it would be 1.9 GB" in caplog.text


def told(monkeypatch: pytest.MonkeyPatch, failures: int, idle: int = 1) -> tuple[list[list[str]], NoticeConsumer]:
    """What is told before each attempt at one letter that fails so often, and after it; and the consumer."""
    consumer = NoticeConsumer([[notice(6)]], idle)
    monkeypatch.setattr(notices, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(notices, "RETRY_SECONDS", 0.0)
    seen: list[list[str]] = []
    left = failures

    async def write(_notice: Notice, _timestamp: int) -> None:
        nonlocal left
        seen.append(letters.unready())
        if left:
            left -= 1
            raise TimeoutError

    async def deliver(*_: Any) -> None:
        """Nothing is delivered."""

    letters = letters_of(deliver)
    monkeypatch.setattr(letters, "write", write)
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
    monkeypatch.setattr(notices, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(notices, "RETRY_SECONDS", 0.0)
    letters = letters_of(None)
    with pytest.raises(Enough):
        asyncio.run(letters._run())
    assert len(letters.unready()) == left


def test_no_letter_is_written_once_the_letters_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that overhears its cancellation, as one does in `asyncio.wait_for`, is asked again until it has ended.

    Failure prevented: its next letter met a closed producer, and an orderly stop ended with an error.
    """
    monkeypatch.setattr(notices, "CLOSING_SECONDS", 0.02)
    stopped, late, deaf = False, [], [True]

    async def write(one: Notice, _timestamp: int) -> None:
        if stopped:
            late.append(one)
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

    many = [[notice(6) for _ in range(1000)]]
    monkeypatch.setattr(notices, "AIOKafkaConsumer", lambda *_, **__: NoticeConsumer(many))
    asyncio.run(asyncio.wait_for(story(), 5))
    assert late == []


def test_a_reader_that_cannot_be_stopped_does_not_end_the_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its group forgets it anyway; the next one reads on."""

    async def stop() -> None:
        raise KafkaConnectionError("gone")

    consumer = NoticeConsumer([[notice(6)]])
    consumer.stop = stop
    failing = [True]

    async def write(_notice: Notice, _timestamp: int) -> None:
        if failing:
            failing.clear()
            raise TimeoutError

    monkeypatch.setattr(notices, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(notices, "RETRY_SECONDS", 0.0)
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
    monkeypatch.setattr(notices, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(notices, "RETRY_SECONDS", 0.0)
    letters = ConflictLetters(Settings(), None, Positions(), "1", EvidenceKeys.of(KEYS), ends.append)
    asyncio.run(asyncio.wait_for(letters._run(), 5))
    [told] = ends
    assert isinstance(told, NotAuthorizedError)
    assert type(fault).__name__ in told.message
    assert "fxwatch topics acls --apply" in told.message
