"""The dead letters of conflicts: what is written when the original is gone, and what is told when none is."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
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
from streams import notices, originals
from streams.commitments import Committer, EvidenceKeys
from streams.deadletter import Letter
from streams.errors import NotAuthorizedError
from streams.notices import BATCH, TOLD_FAILURES, ConflictLetters
from streams.originals import Originals
from streams.pseudonyms import parse_keys
from streams.record_sets import Unreadable
from streams.settings import Settings
from tests.support.input_log import InputLog, input_record

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


def letters_of(deliver: Any) -> ConflictLetters:
    """Letters that go to `deliver`; an unexpected fault ends the test."""

    def die(fault: BaseException) -> None:
        raise Enough from fault

    return ConflictLetters(Settings(), deliver, Positions(), "1", EvidenceKeys.of(KEYS), die)


def deliveries(monkeypatch: pytest.MonkeyPatch, *told: Notice) -> list[list[Letter]]:
    """The letters of notices that come at once, by delivery."""
    found: list[list[Letter]] = []

    async def deliver(letters: Sequence[Letter]) -> None:
        found.append(list(letters))

    monkeypatch.setattr(originals, "ORIGINAL_SECONDS", 0.05)
    asyncio.run(letters_of(deliver).write([(one, 7) for one in told]))
    return found


def written(monkeypatch: pytest.MonkeyPatch, one: Notice, last: int = 8, *, stuck: bool = False) -> list[Letter]:
    """The letters of a notice; the inputs hold records from 5 to `last`, and end at 9."""
    log = InputLog.install(monkeypatch, [input_record(offset) for offset in range(5, last + 1)], 5, 9)
    log.stuck = stuck
    return [letter for some in deliveries(monkeypatch, one) for letter in some]


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
    [letter] = written(monkeypatch, notice(offset, original))
    if said is None:
        assert (letter.value, letter.timestamp_ms, letter.topic_id) == (b"v", 3, b"")
        assert "original bytes" not in letter.message
    else:
        assert (letter.value, letter.timestamp_ms) == (None, 7)
        assert said in letter.message


def test_a_letter_names_the_topic_and_the_time_of_the_record_that_conflicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice tells both: a topic created again has the same name, and a notice is written when it is found."""
    told = msgspec.structs.replace(notice(4, b"v"), topic_id="AAAAAAAAAAAAAAAAAAAAAQ", timestamp_ms=11)
    [letter] = written(monkeypatch, told)
    assert (letter.topic_id, letter.timestamp_ms) == (b"AAAAAAAAAAAAAAAAAAAAAQ", 11)


def test_an_original_that_can_never_come_holds_no_letter_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a topic created anew with fewer partitions, or where a transaction's marker stands now.

    Failure prevented: it was asked for again every 2 s for ever, and no conflict of anybody had a letter any more.
    """
    elsewhere = msgspec.structs.replace(notice(6), source=Source(INPUT, 63, 6))
    [letter] = written(monkeypatch, elsewhere)
    assert letter.message.endswith("the original bytes are gone: their topic has no such partition any more")
    [letter] = written(monkeypatch, notice(8), last=7)
    assert letter.message.endswith("holds another record there")
    with pytest.raises(TimeoutError):  # a broker that is slow: it may still come
        written(monkeypatch, notice(8), stuck=True)


def test_a_batch_of_notices_has_one_reader_and_each_its_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever order they came: one letter each, at its own place, with its own bytes; those twice said, two.

    Failure prevented: a reader was opened for each, and 5 000 conflicts of one bank took 75 s.
    """
    values = {offset: b"v%d" % offset for offset in range(100)}
    log = InputLog.install(monkeypatch, [input_record(*one) for one in values.items()], 0, 100)
    told = [notice(offset, values[offset]) for offset in (*range(99, -1, -1), 50)]
    lost = [msgspec.structs.replace(notice(6), source=Source(INPUT, partition, 6)) for partition in (3, 63)]
    letters = [letter for some in deliveries(monkeypatch, *told, *lost) for letter in some]
    assert len(log.readers) == 1
    found = Counter((one.partition, one.offset, one.value) for one in letters)
    assert found == Counter({(4, offset, value): 1 + (offset == 50) for offset, value in values.items()}
                            | {(3, 6, None): 1, (63, 6, None): 1})  # fmt: skip
    assert sum("original bytes" in one.message for one in letters) == 2


def test_letters_are_delivered_before_many_large_ones_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 originals of a megabyte are never in memory together, and small ones go at once."""
    large = b"x" * 1_000_000
    InputLog.install(monkeypatch, [input_record(offset, large) for offset in range(12)], 0, 12)
    found = deliveries(monkeypatch, *(notice(offset, large) for offset in range(12)))
    assert [[one.offset for one in some] for some in found] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]
    InputLog.install(monkeypatch, [input_record(offset) for offset in range(100)], 0, 100)
    assert [len(some) for some in deliveries(monkeypatch, *map(notice, range(100)))] == [100]


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
    assert notices.understood(record(value), notices.ForeignNotices()) is None
    assert "fx.notices.v1[0] offset 3 is no notice of a monitor, and is passed" in caplog.text
    assert notices.understood(record(changed()), notices.ForeignNotices()) == notice(6)


def test_a_flood_of_foreign_notices_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """10 000 of them, and another a minute later, which says how many there were."""
    clock = SimpleNamespace(now=0.0)
    tell = notices.ForeignNotices(lambda: clock.now)
    for _ in range(10_000):
        notices.understood(record(b"garbage"), tell)
    clock.now = notices.FOREIGN_SECONDS
    notices.understood(record(b"garbage"), tell)
    assert [one.getMessage().count("; 9999 before it") for one in caplog.records] == [0, 1]


def test_a_record_set_that_cannot_be_read_is_told_and_passed(caplog: pytest.LogCaptureFixture) -> None:
    """Its place is handed over (streams/record_sets.py)."""
    unreadable = Unreadable(TP.topic, 0, 3, 9, -1, 100, "ab", "set.too_large", "it would be 1.9 GB")
    assert notices.understood(unreadable, notices.ForeignNotices()) is None
    assert "it would be 1.9 GB" in caplog.text


def told(monkeypatch: pytest.MonkeyPatch, failures: int, idle: int = 1) -> tuple[list[list[str]], NoticeConsumer]:
    """What is told before each attempt at one letter that fails so often, and after it; and the consumer."""
    consumer = NoticeConsumer([[notice(6)]], idle)
    monkeypatch.setattr(notices, "AIOKafkaConsumer", lambda *_, **__: consumer)
    monkeypatch.setattr(notices, "RETRY_SECONDS", 0.0)
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
    monkeypatch.setattr(Originals, "at", at)
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
    monkeypatch.setattr(notices, "AIOKafkaConsumer", lambda *_, **__: consumer)
    found: list[list[tuple[int, int]]] = []

    async def deliver(letters: Sequence[Letter]) -> None:
        found.append([(one.partition, one.offset) for one in letters])

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
    monkeypatch.setattr(notices, "AIOKafkaConsumer", lambda *_, **__: consumer)
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

    async def write(_batch: Collection[tuple[Notice, int]]) -> None:
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
