"""What is told of writes that are waited for: when, in which words, of which topic, and until when."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidTopicError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    UnknownTopicOrPartitionError,
)
from aiokafka.errors import TopicAuthorizationFailedError as DeniedError

from streams.errors import DeliveryError, RefusedError
from streams.kafka import deliveries as module
from streams.kafka.deliveries import Awake, Outstanding, RetryLog, Write, make_refused_error
from tests.support.logged import fields

TOPIC, OTHER = "fx.alerts.v1", "fx.progress.v1"
TABLE = "compare with `fxwatch topics diff`, mend with `fxwatch topics apply`"


class Clock:
    """Seconds, as set; the times in `ahead` are read first, one a look."""

    def __init__(self, *ahead: float) -> None:
        self.now, self.ahead = 100.0, list(ahead)

    def __call__(self) -> float:
        if self.ahead:
            self.now = self.ahead.pop(0)
        return self.now


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(module._retries, "answers", {})


def waiting(clock: Clock, *places: tuple[str, int], patience: float = 300.0) -> Outstanding:
    """Writes to these places, begun now."""
    outstanding = Outstanding(patience, clock)
    for place in places:
        outstanding.note_begun(*place)
    return outstanding


def test_a_write_is_told_after_three_seconds_with_what_kafka_said() -> None:
    """Partitions of a topic in one sentence, the longest wait, each answer once, and what to do about it."""
    clock = Clock()
    outstanding = waiting(clock, (TOPIC, 7))
    clock.now = 101.0
    for place in [(TOPIC, 2), (OTHER, 1)]:
        outstanding.note_begun(*place)
    clock.now = 103.0
    assert outstanding.reasons() == []
    clock.now = 103.5
    [reason] = outstanding.reasons()
    assert reason == (
        f"{TOPIC}: partition 7 has not acknowledged a write for 4 s (no answer); "
        f"input stands still until it does; to do: see the broker's log about {TOPIC}; {TABLE}"
    )
    clock.now = 110.0
    for partition, fault in ((7, NotEnoughReplicasError()), (2, KafkaConnectionError())):
        outstanding.note_refused(TOPIC, partition, fault)
    outstanding.note_refused(OTHER, 1, UnknownTopicOrPartitionError())
    first, second = outstanding.reasons()
    assert first == (
        f"{TOPIC}: partition 2, 7 has not acknowledged a write for 10 s "
        "(KafkaConnectionError, NotEnoughReplicasError); input stands still until it does; "
        f"to do: bring the brokers of {TOPIC} back, or correct its min.insync.replicas: {TABLE}"
    )
    assert second == (
        f"{OTHER}: partition 1 has not acknowledged a write for 9 s (UnknownTopicOrPartitionError); "
        f"input stands still until it does; to do: {OTHER} is missing: create it with `fxwatch topics apply`"
    )


def test_a_write_that_is_sent_again_has_begun_before() -> None:
    """Its time is that of the first time."""
    clock = Clock()
    outstanding = waiting(clock, (TOPIC, 7))
    clock.now = 110.0
    outstanding.note_begun(TOPIC, 7)
    assert "for 10 s" in outstanding.reasons()[0]


def test_what_arrived_is_told_no_more_and_its_answer_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    """Of a topic that was told in the log, that it takes writes again: when the last of its partitions does."""
    clock = Clock()
    outstanding = waiting(clock, (TOPIC, 1), (TOPIC, 2), (OTHER, 1))
    outstanding._told = {TOPIC}
    outstanding.note_refused(TOPIC, 1, NotEnoughReplicasError())
    with caplog.at_level(logging.WARNING, logger=module.__name__):
        for place in [(TOPIC, 1), (TOPIC, 1), (OTHER, 1)]:
            outstanding.note_arrived(*place)
        assert (module._retries.answers, caplog.messages) == ({}, [])
        outstanding.note_arrived(TOPIC, 2)
        outstanding.note_arrived(TOPIC, 2)
    assert caplog.messages == [f"{TOPIC} takes writes again"]
    assert [fields(one) for one in caplog.records] == [{"topic": TOPIC}]
    assert outstanding._told == set()


def test_everything_written_is_everything_arrived(caplog: pytest.LogCaptureFixture) -> None:
    """And a commit that was waited for is no more."""
    clock = Clock()
    outstanding = waiting(clock, (TOPIC, 1), (TOPIC, 2), (OTHER, 1))
    outstanding._told = {TOPIC}
    outstanding.note_committing("monitor[3]", OTHER)
    with caplog.at_level(logging.WARNING, logger=module.__name__):
        outstanding.clear()
    clock.now = 1000.0
    assert (outstanding.reasons(), caplog.messages) == ([], [f"{TOPIC} takes writes again"])


def test_an_earlier_transaction_is_forgotten_whole() -> None:
    """Its writes, its answers, its end, what was told, and how long this process was awake."""
    clock = Clock()
    outstanding = waiting(clock, (TOPIC, 1))
    assert outstanding.awake_seconds == 0.0
    outstanding._told, outstanding.awake_seconds = {TOPIC}, 9.0
    outstanding.note_refused(TOPIC, 1, NotEnoughReplicasError())
    outstanding.note_committing("monitor[3]", OTHER)
    outstanding.forget()
    clock.now = 1000.0
    assert (outstanding.reasons(), outstanding.awake_seconds, outstanding._told) == ([], 0.0, set())
    assert module._retries.answers == {}


def end_of(text: str, seconds: int) -> str:
    """What is told of a transaction's end."""
    return (
        f"{text}, for {seconds} s now; input stands still until it is known; "
        f"to do: see the broker's log about {OTHER}; {TABLE}"
    )


def test_a_commit_is_told_after_three_seconds_from_its_beginning() -> None:
    """A second call does not begin it anew."""
    clock = Clock()
    outstanding = waiting(clock)
    outstanding.note_committing("monitor[3]", OTHER)
    clock.now = 102.9
    outstanding.note_committing("monitor[3]", TOPIC)
    assert outstanding.reasons() == []
    clock.now = 103.0
    assert outstanding.reasons() == [end_of("monitor[3]: the commit of its outputs is not answered", 3)]


def test_an_unknown_end_is_told_at_once_and_from_the_commits_beginning() -> None:
    """With the last cause."""
    clock, text = Clock(), "monitor[3]: whether its outputs were committed is being found out"
    outstanding = waiting(clock)
    outstanding.note_settling("monitor[3]", OTHER, "gone")
    assert outstanding.reasons() == [end_of(f"{text} (gone)", 0)]
    clock.now = 105.0
    outstanding.note_settling("monitor[3]", OTHER, "gone again")
    assert outstanding.reasons() == [end_of(f"{text} (gone again)", 5)]


def test_giving_up_names_every_topic_and_what_is_told_of_each() -> None:
    """Or the cause, where nothing is told yet."""
    clock = Clock()
    outstanding = waiting(clock, (TOPIC, 1), patience=60.4)
    message = (
        "Kafka did not acknowledge what was written to {}; got: {}; "
        "expected: an acknowledgement within broker_patience_seconds = 60; "
        "to do: nothing was committed past it: mend the topic or the broker, then start the worker again"
    )
    assert outstanding.make_given_up_error("why").message == message.format(TOPIC, "why")
    outstanding.note_settling("monitor[3]", OTHER, "gone")
    clock.now = 110.0
    told = "; ".join(outstanding.reasons())
    assert told.count("to do") == 2
    assert outstanding.make_given_up_error("why").message == message.format(f"{TOPIC}, {OTHER}", told)


@pytest.mark.parametrize(("seconds", "over"), [(60.0, False), (60.1, True)])
def test_the_patience_is_the_longest_waits(seconds: float, over: bool) -> None:
    """At it a write may still come; without a write there is none to give up."""
    clock = Clock()
    outstanding = waiting(clock, (TOPIC, 1), patience=60.0)
    clock.now = 130.0
    outstanding.note_begun(OTHER, 1)
    clock.now = 100.0 + seconds
    if not over:
        outstanding.check_patience()
        return
    outstanding.reasons = list
    with pytest.raises(DeliveryError, match="got: TimeoutError;"):
        outstanding.check_patience()
    waiting(clock, patience=-1.0).check_patience()


async def looked(outstanding: Outstanding, looks: int, *places: tuple[str, int]) -> None:
    """Wait for writes to these places that are acknowledged after some looks, one after the other."""
    loop = asyncio.get_running_loop()
    writes = [Write(*place, loop.create_future()) for place in places]
    done, look = [0], outstanding._look

    async def counted(waiting: Any) -> None:
        await look(waiting)
        done[0] += 1
        for write in writes:
            if done[0] >= looks and not write.delivery.done():
                write.delivery.set_result(None)
                break

    outstanding._look = counted
    await asyncio.wait_for(outstanding.wait_acknowledged(writes), 60)
    assert all(write.delivery.done() for write in writes)


def test_a_topic_that_is_late_is_logged_once_until_it_takes_writes_again(caplog: pytest.LogCaptureFixture) -> None:
    """However often it is looked at."""
    outstanding = Outstanding(300.0, Clock(100.0, 100.0, 100.0, 104.0))
    with caplog.at_level(logging.WARNING, logger=module.__name__):
        asyncio.run(looked(outstanding, 3, (TOPIC, 1), (TOPIC, 2)))
    first, *rest = caplog.messages
    assert first.startswith(f"{TOPIC}: partition 1, 2 has not acknowledged a write for 4 s (no answer)")
    assert rest == [f"{TOPIC} takes writes again"]
    assert [fields(one) for one in caplog.records] == [{"topic": TOPIC}] * 2


def test_time_awake_is_the_sum_of_looks_without_a_stop_between() -> None:
    """A look of five seconds or more is a process that was stopped: what it waited before counts no more."""

    def awake(*looks: float) -> float:
        times = [0.0]  # the write's beginning
        for took in looks:
            # beginning and end of the look, what is late, and the patience
            times += [times[-1], *[times[-1] + took] * 3]
        outstanding = Outstanding(1e9, Clock(*times))
        outstanding.awake_seconds = 50.0
        asyncio.run(looked(outstanding, len(looks), (TOPIC, 1)))
        return outstanding.awake_seconds

    assert awake(1.0, 2.0) == 3.0
    assert awake(1.0, 4.9) == pytest.approx(5.9)
    assert awake(1.0, 5.0) == 0.0
    assert awake(1.0, 5.0, 2.0) == 2.0


def test_who_waits_goes_on_with_the_first_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look ends when anything of it is settled, long before its time."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 60.0)
    asked: list[int] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        writes = [Write(TOPIC, number, loop.create_future()) for number in range(3)]
        outstanding = Outstanding(300.0)
        look = outstanding._look

        async def counted(waiting: Any) -> None:
            asked.append(len(waiting))
            loop.call_soon(waiting[0].delivery.set_result, None)
            await look(waiting)

        outstanding._look = counted
        await asyncio.wait_for(outstanding.wait_acknowledged(writes), 60)
        assert outstanding._since == {}

    asyncio.run(story())
    assert asked == [3, 2, 1]


def test_a_refused_write_names_its_place() -> None:
    """Of several: the one that was refused."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        writes = [Write(TOPIC, 1, loop.create_future()), Write(OTHER, 2, loop.create_future())]
        writes[1].delivery.set_exception(MessageSizeTooLargeError())
        await Outstanding(300.0).wait_acknowledged(writes)

    with pytest.raises(RefusedError) as told:
        asyncio.run(story())
    assert told.value.what == f"{OTHER}[2] refuses what was written to it"
    assert isinstance(told.value.__cause__, MessageSizeTooLargeError)
    assert f"max.message.bytes of {OTHER}" in told.value.message


class DescribedError(InvalidTopicError):
    """An error as aiokafka has them, with a sentence."""

    description = "no such name"


@pytest.mark.parametrize(
    ("fault", "got", "todo"),
    [
        (
            DeniedError("x"),
            f"TopicAuthorizationFailedError: {DeniedError.description}",
            f"grant this worker Write and Describe on {TOPIC}, then start it again",
        ),
        (DescribedError("x"), "DescribedError: no such name", f"see the broker's log about {TOPIC}; {TABLE}"),
        (ValueError("plain"), "ValueError: plain", f"see the broker's log about {TOPIC}; {TABLE}"),
    ],
    ids=["denied", "other", "without a description"],
)
def test_a_refusal_says_what_kafka_said_and_what_to_do(fault: Any, got: str, todo: str) -> None:
    """Kafka's own sentence where it has one; advice by its name, or the broker's log."""
    told = make_refused_error(TOPIC, 1, fault)
    assert told.message == (
        f"{TOPIC}[1] refuses what was written to it; got: {got}; "
        f"expected: an acknowledgement; nothing was acknowledged past this write, so nothing is lost; to do: {todo}"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((TopicPartition(TOPIC, 1), NotEnoughReplicasError), {(TOPIC, 1): "NotEnoughReplicasError"}),
        ((TopicPartition(TOPIC, 1), "a word"), {(TOPIC, 1): "a word"}),
        ((TopicPartition(TOPIC, 1), "a", "b"), {}),
        ((TopicPartition(TOPIC, 1),), {}),
        ({"two": 1, "names": 2}, {}),
        ((TOPIC, NotEnoughReplicasError), {}),
        ("ab", {}),
        (None, {}),
    ],
    ids=str,
)
def test_only_aiokafkas_word_on_a_partition_is_kept(arguments: Any, expected: dict[Any, str]) -> None:
    """Its other messages have other forms, and end nobody's write."""
    log = RetryLog()
    log.emit(SimpleNamespace(args=arguments))
    assert log.answers == expected


def test_a_process_is_looked_at_again_and_again_while_it_waits() -> None:
    """Each look sees a gap of its own; after the wait nobody looks any more."""
    clock, looks = Clock(), [0]

    async def story() -> tuple[bool, int, int]:
        several = asyncio.Event()

        def read() -> float:
            looks[0] += 1
            clock.now += 4.0
            if looks[0] == 5:
                several.set()
            return clock.now

        with Awake(read) as awake:
            await asyncio.wait_for(several.wait(), 60)
            awake_all_the_time = awake.all_the_time
        during = looks[0]
        await asyncio.sleep(0.05)
        return awake_all_the_time, during, looks[0]

    awake, during, after = asyncio.run(story())
    assert awake
    assert during > 4
    assert after == during


@pytest.mark.parametrize("gaps", [(5.0, 1.0), (1.0, 5.0)])
def test_a_gap_is_remembered(gaps: tuple[float, float]) -> None:
    """Whether it came first or last: five seconds between two looks are a stop."""
    clock = Clock()

    async def story() -> bool:
        with Awake(clock) as awake:
            for gap in gaps:
                clock.now += gap
                awake._note()
            return awake.all_the_time

    assert asyncio.run(story()) is False
