"""Writes that are waited for: what is told, what ends the wait, and the form of aiokafka's log that it reads."""

import asyncio
import gc
import logging

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, NotEnoughReplicasError, ProducerFenced
from aiokafka.producer.sender import SendProduceReqHandler

from streams.errors import DeliveryError, RefusedError
from streams.kafka.deliveries import STOPPED_SECONDS, Awake, Outstanding, Write

TOPIC = "fx.deadletter.v1"


class Clock:
    """Seconds that pass when told to, and by `step` at every look."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def waited(patience: float, clock: Clock, after: float | None = None, fault: Exception | None = None) -> Outstanding:
    """Wait for one write that is acknowledged (or fails) after some real seconds, or never."""
    outstanding = Outstanding(patience, clock)

    async def wait() -> None:
        delivery = asyncio.get_running_loop().create_future()
        if after is not None:
            settle = delivery.set_result if fault is None else delivery.set_exception
            asyncio.get_running_loop().call_later(after, settle, fault)
        await outstanding.wait_acknowledged([Write(TOPIC, 3, delivery)])

    asyncio.run(wait())
    return outstanding


def test_an_acknowledged_write_leaves_nothing_to_tell() -> None:
    """No reason remains."""
    assert waited(60, Clock(), after=0.01).reasons() == []


def test_a_refusal_is_one_message_with_topic_and_remedy() -> None:
    """The broker's final word is not waited on."""
    with pytest.raises(RefusedError) as told:
        waited(60, Clock(), after=0.01, fault=MessageSizeTooLargeError())
    assert told.value.message.startswith(f"{TOPIC}[3] refuses")
    assert "max.message.bytes" in told.value.message
    assert not told.value.retriable


def test_an_unclear_end_is_raised_as_it_is() -> None:
    """Whether it was written must be found out by the caller."""
    with pytest.raises(KafkaConnectionError):
        waited(60, Clock(), after=0.01, fault=KafkaConnectionError())


def test_faults_of_the_other_writes_are_not_told_beside_the_first(caplog: pytest.LogCaptureFixture) -> None:
    """A transaction that a successor fenced fails all its writes: asyncio told those that nobody asked for."""

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        before, at_once, later = (loop.create_future() for _ in range(3))
        before.set_exception(ProducerFenced())
        at_once.set_exception(ProducerFenced())
        loop.call_later(0.01, later.set_exception, ProducerFenced())
        with pytest.raises(ProducerFenced):
            await Outstanding(60, Clock()).wait_acknowledged([Write(TOPIC, 3, one) for one in (before, at_once, later)])
        await asyncio.sleep(0.02)

    asyncio.run(wait())
    gc.collect()
    assert [one.getMessage() for one in caplog.records if one.name == "asyncio"] == []


def test_the_patience_ends_the_wait_with_the_topic_named() -> None:
    """After it, nothing is waited for any more."""
    with pytest.raises(DeliveryError, match=rf"{TOPIC}.*broker_patience_seconds = 10"):
        waited(10, Clock(step=4.0))


def test_a_process_that_was_stopped_has_not_waited() -> None:
    """A gap between two looks is no evidence that the broker ended a transaction that we held."""
    awake = waited(1e9, Clock(step=1.0), after=1.5)
    stopped = waited(1e9, Clock(step=STOPPED_SECONDS + 1), after=1.5)
    assert awake.awake_seconds > 0
    assert stopped.awake_seconds == 0


def test_the_brokers_answer_is_read_from_aiokafkas_log(caplog: pytest.LogCaptureFixture) -> None:
    """The sender logs a refusal that it will try again with partition and error as arguments; that is what is told."""
    clock = Clock()
    outstanding = Outstanding(60, clock)
    outstanding.note_begun(TOPIC, 3)
    clock.now = 10.0
    [reason] = outstanding.reasons()
    assert "no answer" in reason

    class Batch:
        """A batch that is not given up."""

    class Answer:
        """A produce response of version 7 for one partition."""

        API_VERSION = 7
        topics = ((TOPIC, [(3, NotEnoughReplicasError.errno, -1, -1, -1)]),)

    handler = SendProduceReqHandler.__new__(SendProduceReqHandler)
    handler._batches, handler._to_reenqueue = {TopicPartition(TOPIC, 3): Batch()}, []
    handler._sender = type("Sender", (), {"_txn_manager": object()})()
    with caplog.at_level(logging.WARNING, "aiokafka.producer.sender"):
        handler.handle_response(Answer())
    [reason] = outstanding.reasons()
    assert "NotEnoughReplicasError" in reason
    assert "min.insync.replicas" in reason
    outstanding.note_arrived(TOPIC, 3)
    assert outstanding.reasons() == []


def test_a_process_that_was_stopped_was_not_awake_all_the_time() -> None:
    """A gap between two looks, or since the last one, is told; an ordinary wait is none."""

    async def story(gap: float, *, looked: bool) -> bool:
        clock = Clock()
        with Awake(clock) as awake:
            clock.now += gap
            if looked:
                awake._look()
                clock.now += 1.0
            return awake.all_the_time

    assert asyncio.run(story(STOPPED_SECONDS - 1, looked=True))
    assert not asyncio.run(story(STOPPED_SECONDS, looked=True))
    assert not asyncio.run(story(STOPPED_SECONDS, looked=False))
