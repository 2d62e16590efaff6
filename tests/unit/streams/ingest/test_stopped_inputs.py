"""Input partitions that stand still: told once, read again, passed by a decision; and what is no worker's fault."""

import asyncio
import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import IllegalStateError
from aiokafka.protocol.fetch import FetchRequest
from faust.types import TP

from streams.errors import ProgressError
from streams.faust_runtime import fetch_answers
from streams.faust_runtime.fetch_answers import FetchAnswers, Refused
from streams.ingest.stopped_inputs import OPEN_TOLD_SECONDS, OWED_TOLD_SECONDS, READ_AGAIN_SECONDS, StoppedInputs
from streams.kafka.unreadable_sets import Unreadable
from streams.ledger.progress import AgentPartition, Progress, Skip, decode, encode

PLACE = TP("fx.transactions.v1", 3)


class Consumer:
    """An ingest consumer that notes what it is told."""

    def __init__(self) -> None:
        self.stopped: dict[TP, Unreadable] = {}
        self.told: list[tuple[TP, bool]] = []
        self.open: dict[TP, tuple[int, int]] = {}
        self.owed_since: float | None = None
        self.errors: dict[TP, Refused] = {}
        self.position, self.held = 7, {PLACE}

    async def go_on(self, tp: TP, *, past: bool) -> None:
        self.told.append((tp, past))
        if past:
            self.stopped.pop(tp)

    def has_left(self, tp: TP, offset: int) -> bool:
        assert tp == PLACE
        return self.position != offset

    def assignment(self) -> set[TP]:
        return self.held

    def open_transactions(self) -> dict[TP, tuple[int, int]]:
        return self.open

    def refused(self) -> dict[TP, Refused]:
        return self.errors


class Made:
    """The object under test with a clock and decisions of the test's own."""

    def __init__(self) -> None:
        self.consumer, self.time, self.progress, self.fault = Consumer(), 1000.0, Progress(), False
        self.stopped = StoppedInputs(
            lambda: self.consumer,
            self.read,
            lambda: {PLACE.topic: b"id"},
            agent="ingest",
            topic="fx.progress.v1",
            now=lambda: self.time,
        )

    async def read(self, place: AgentPartition) -> Progress:
        assert place == AgentPartition("fx.progress.v1", "ingest", 3)
        if self.fault:
            raise ProgressError("not now")
        return self.progress

    def look(self, seconds: float = 2.0) -> None:
        self.time += seconds
        asyncio.run(self.stopped.look())

    def decide(self, **changes: Any) -> None:
        skip = Skip(
            **(
                {"offset": 7, "last": 9, "reason": "r", "who": "w", "at": "t", "topic": PLACE.topic, "topic_id": "id"}
                | changes
            )
        )
        place = AgentPartition("fx.progress.v1", "ingest", 3)
        self.progress.absorb("ingest", 3, place.skip_key(skip.offset, skip.topic), encode(skip))


def damaged() -> Unreadable:
    return Unreadable(*PLACE, 7, 9, -1, 500, "ab", "set.damaged", "its checksum does not match")


def test_a_damaged_set_is_logged_once_and_read_again(caplog: pytest.LogCaptureFixture) -> None:
    """Position, cause and the way out are on /readyz all the time; the log has them once; mended, it is ready."""
    made = Made()
    made.consumer.stopped[PLACE] = damaged()
    with caplog.at_level(logging.ERROR):
        for _ in range(8):
            made.look()
    assert len(caplog.records) == 1
    [reason] = made.stopped.unready()
    assert "fx.transactions.v1[3] stopped at offset 7: its checksum does not match" in reason
    assert "fxwatch skip ingest 3 7 --topic fx.transactions.v1" in reason
    assert made.stopped.standing() == {PLACE}
    assert made.consumer.told == [(PLACE, False)], f"once in {READ_AGAIN_SECONDS} s"
    made.consumer.stopped.clear()
    made.consumer.position = 10
    made.look(3)
    assert (made.stopped.unready(), made.stopped.standing()) == ([], set())


def test_a_set_that_is_read_again_for_long_has_neither_gone_on_nor_stopped_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A busy broker answers after many seconds: the partition stands all the while, and the log says nothing more."""
    made = Made()
    made.consumer.stopped[PLACE] = damaged()
    with caplog.at_level(logging.WARNING):
        made.look()
        made.consumer.stopped.clear()  # being read again
        for _ in range(10):
            made.look(5)
            assert len(made.stopped.unready()) == 1
        made.consumer.stopped[PLACE] = damaged()  # as damaged as before
        made.look()
        assert len(caplog.records) == 1
        made.consumer.stopped.clear()
        made.consumer.position = 8
        made.look(0.1)
    assert [one.getMessage() for one in caplog.records[1:]] == ["fx.transactions.v1[3] goes on"]


def test_a_partition_that_another_worker_took_is_told_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """Whether it goes on there is not known here."""
    made = Made()
    made.consumer.stopped[PLACE] = damaged()
    made.look()
    made.consumer.stopped.clear()
    made.consumer.held = set()
    with caplog.at_level(logging.WARNING):
        made.look()
    assert (made.stopped.unready(), made.stopped.standing(), "goes on" in caplog.text) == ([], set(), False)


def test_a_decision_passes_the_set_it_is_about_and_no_other() -> None:
    """Not one on another topic of that name, on another offset, or on a record that can be read since."""
    made = Made()
    made.consumer.stopped[PLACE] = damaged()
    for other in ({"topic_id": "old"}, {"offset": 10, "last": 12}, {"topic": "fx.rates.v1"}, {"offset": 3, "last": 6}):
        made.decide(**other)
    made.look()
    assert made.consumer.told == []
    made.fault = True
    made.look()
    assert made.consumer.told == [], "decisions that cannot be read now are asked for again"
    made.fault = False
    made.decide()
    made.look()
    assert made.consumer.told == [(PLACE, True)]
    assert made.stopped.unready() == []


def test_a_rebalance_at_the_wrong_moment_ends_no_worker() -> None:
    """It refuses to seek a partition that is not assigned; the next owner meets the set again."""
    made = Made()
    made.consumer.stopped[PLACE] = damaged()
    made.decide()

    async def gone(_tp: TP, *, past: bool) -> None:
        raise IllegalStateError(f"Partition is not assigned {past}")

    made.consumer.go_on = gone
    made.look()
    made.consumer.stopped.clear()
    made.consumer.held = set()
    made.look()
    assert made.stopped.unready() == []


def test_a_decision_on_a_ledger_range_is_one_on_each_offset() -> None:
    """And one that an earlier release wrote, without a range, is read as ever."""
    progress, place = Progress(), AgentPartition("fx.progress.v1", "monitor", 3)
    progress.absorb("monitor", 3, place.skip_key(5), encode(Skip(offset=5, last=7, reason="r", who="w", at="t")))
    progress.absorb("monitor", 3, place.skip_key(1), encode(Skip(offset=1, reason="r", who="w", at="t")))
    assert sorted(progress.skips) == [1, 5, 6, 7]
    assert progress.input_skips == []
    assert decode(encode(Skip(offset=1, reason="r", who="w", at="t")), Skip).last == -1


def test_an_open_transaction_is_a_note_after_a_while_and_no_reason() -> None:
    """One after another is none: the last stable offset moves. Closed, the note goes."""
    made = Made()
    for number in range(20):
        made.consumer.open = {PLACE: (number, number + 5)}
        made.time += 10
        assert made.stopped.observe() == {}
    made.time += OPEN_TOLD_SECONDS
    assert made.stopped.observe() == {3: 5}
    [note] = made.stopped.notes()
    assert note.startswith("ingest: fx.transactions.v1[3] waits at offset 19: a sender's transaction has been open for")
    assert made.stopped.unready() == []
    made.consumer.open = {PLACE: (24, 24)}
    assert (made.stopped.observe(), made.stopped.notes()) == ({}, [])


def test_of_a_partition_that_another_worker_took_nothing_is_told() -> None:
    """Its transaction may have ended long ago."""
    made = Made()
    made.consumer.open = {PLACE: (5, 9)}
    made.stopped.observe()
    made.time += OPEN_TOLD_SECONDS
    assert (made.stopped.observe(), len(made.stopped.notes())) == ({3: 4}, 1)
    made.consumer.open = {}
    assert (made.stopped.observe(), made.stopped.notes()) == ({}, [])


def test_offsets_that_no_broker_takes_are_a_note_after_a_while() -> None:
    """The records are read and written; who starts next reads them again."""
    made = Made()
    made.consumer.owed_since = made.time
    made.time += OWED_TOLD_SECONDS - 1
    assert made.stopped.notes() == []
    made.time += 2
    [note] = made.stopped.notes()
    assert "the group's offsets cannot be committed for 31 s now" in note
    assert made.stopped.unready() == []


def test_a_broker_that_cannot_read_its_log_is_told_and_an_election_is_not() -> None:
    made = Made()
    long_ago = time.monotonic() - 60
    made.consumer.errors = {PLACE: Refused("NotLeaderForPartitionError", long_ago)}
    assert (made.stopped.unready(), made.stopped.standing()) == ([], set())
    made.consumer.errors = {PLACE: Refused("CorruptRecordException", long_ago)}
    assert "is not served, the broker answers CorruptRecordException" in made.stopped.unready()[0]
    assert made.stopped.standing() == {PLACE}


def answered(
    *partitions: tuple[int, int, int, int, bytes], offset: int = 4, lost: list[tuple[TP, int]] | None = None
) -> tuple[FetchAnswers, float]:
    """What is noted of an answer: (partition, error, high-water mark, last stable offset, records) each; pauses, s.

    `lost` takes the offsets that were refused.
    """
    slept: list[float] = []

    class Client:
        async def send(self, *_: Any, **__: Any) -> Any:
            return SimpleNamespace(
                topics=[("t", [(one, code, high, stable, 0, [], data) for one, code, high, stable, data in partitions])]
            )

    async def pause(seconds: float) -> None:
        slept.append(seconds)

    answers = FetchAnswers(Client(), lambda tp, offset: None if lost is None else lost.append((tp, offset)))
    request = FetchRequest(1, 1, 1, 1, [("t", [(one[0], offset, 100) for one in partitions])])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch_answers.asyncio, "sleep", pause)
        asyncio.run(answers.send(0, request))
    return answers, sum(slept)


def test_only_an_answer_without_any_record_says_that_nothing_is_left() -> None:
    """Another partition's records may have filled it."""
    answers, _ = answered((0, 0, 9, 7, b""), (1, 0, 4, 4, b""))
    assert answers.nothing == {TP("t", 0): (4, 7), TP("t", 1): (4, 4)}
    assert answered((0, 0, 9, 7, b""), (1, 0, 4, 4, b"record"))[0].nothing == {}
    assert answered((0, 0, 9, 7, b""), (1, 56, -1, -1, b""))[0].nothing == {}


def test_an_answer_of_errors_alone_is_followed_by_a_pause() -> None:
    """Without one aiokafka asks again at once, for ever; beside records nobody waits."""
    answers, pause = answered((0, 2, -1, -1, b""))
    assert (answers.refused[TP("t", 0)].error, pause) == ("CorruptRecordException", fetch_answers.PAUSE_SECONDS)
    assert answered((0, 2, -1, -1, b""), (1, 0, 9, 9, b"record"))[1] == 0
    assert answered((0, 0, 9, 9, b""))[1] == 0


def test_an_offset_that_a_broker_refuses_is_told() -> None:
    """What is deleted unread; aiokafka goes on at the log's start."""
    lost: list[tuple[TP, int]] = []
    answered((0, 1, -1, -1, b""), (1, 0, 9, 9, b"record"), (2, 6, -1, -1, b""), lost=lost)
    assert lost == [(TP("t", 0), 4)]
