"""What the outputs of a partition hand to Kafka, in which order, and what is left behind when that fails."""

import asyncio
import gc
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    ProducerFenced,
)
from aiokafka.producer.message_accumulator import MessageAccumulator
from aiokafka.producer.transaction_manager import TransactionManager

from streams.errors import DeliveryError, FencedError, RefusedError
from streams.kafka import deliveries
from streams.ledger.progress import AgentPartition, Published, decode
from streams.partition import outputs as module
from streams.partition.outputs import Output, PartitionOutputs, abandon

PLACE = AgentPartition("fx.progress.v1", "monitor", 3)
ALERT = Output("fx.alerts.v1", 5, b"alert key", b"alert", [("ce_id", b"1")], 1_700_000_000_000)
NOTICE = Output("fx.notices.v1", 6, b"notice key", b"notice", [], 1_600_000_000_000)


class Recorder:
    """Producers that write down what is asked of them; `faults` are raised by the calls named so, one a time.

    A fault "hang" never ends. `held` is what the progress topic says is published.
    """

    def __init__(self, *, patience: float = 300.0, outage: bool = False, timeout: float = 30.0) -> None:
        self.calls: list[Any] = []
        self.faults: dict[str, list[Any]] = {}
        self.held = 0
        self.made = 0

        async def read_published() -> int:
            self.calls.append("read")
            await self.happen("read")
            return self.held

        self.outputs = PartitionOutputs(self.new, read_published, lambda: outage, PLACE, patience, "ledger-id", timeout)

    def new(self) -> Any:
        """The factory: a producer with a number."""
        self.made += 1
        return SimpleNamespace(
            start=self.step(f"start {self.made}"),
            stop=self.step(f"stop {self.made}"),
            begin_transaction=self.step("begin"),
            commit_transaction=self.step("commit"),
            send=self.send,
            client=SimpleNamespace(close=self.step("close client")),
        )

    async def happen(self, name: str) -> None:
        """The next fault of that name, if any."""
        fault = self.faults[name].pop(0) if self.faults.get(name) else None
        if fault == "hang":
            await asyncio.Event().wait()
        if fault is not None:
            raise fault

    def step(self, name: str) -> Callable[[], Any]:
        """A call without arguments."""

        async def call() -> None:
            self.calls.append(name)
            await self.happen(name)

        return call

    async def send(self, *arguments: Any) -> "asyncio.Future[None]":
        """Acknowledged at once."""
        await self.happen("send")
        self.calls.append(arguments)
        delivery: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.faults.get("never acknowledged"):
            delivery.set_result(None)
        return delivery

    def publish(self, position: int = 9) -> None:
        """Start and publish both outputs."""

        async def story() -> None:
            await self.outputs.start()
            self.calls.clear()
            await self.outputs.publish([ALERT, NOTICE], position)

        asyncio.run(story())


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(module, "STOP_SECONDS", 0.02)
    monkeypatch.setattr(deliveries, "LOOK_SECONDS", 0.01)


def sent(calls: list[Any]) -> list[Any]:
    """The calls, with the position in the place of its record's value."""
    return [
        (*call[:1], decode(call[1], Published), *call[2:])
        if isinstance(call, tuple) and call[0] == PLACE.topic
        else call
        for call in calls
    ]


def transaction(position: int) -> list[Any]:
    """A whole transaction of both outputs: (topic, value, key, partition, timestamp, headers), the position last."""
    published = Published(next=position, ledger="ledger-id")
    return [
        "begin",
        ("fx.alerts.v1", b"alert", b"alert key", 5, 1_700_000_000_000, [("ce_id", b"1")]),
        ("fx.notices.v1", b"notice", b"notice key", 6, 1_600_000_000_000, []),
        ("fx.progress.v1", published, b"monitor/3", 3, None, []),
        "commit",
    ]


def test_outputs_and_position_are_one_transaction() -> None:
    """Each record goes where its output says, with its time and headers; the position names its ledger."""
    bench = Recorder()
    bench.publish(9)
    assert sent(bench.calls) == transaction(9)
    assert bench.outputs.published == 9


@pytest.mark.parametrize("fault", [ProducerFenced(), KafkaConnectionError("gone")], ids=["timed out", "gone"])
def test_a_transaction_that_was_committed_after_all_is_not_sent_again(fault: KafkaError) -> None:
    """The new producer's start ends the old transaction one way or the other; the position then says which."""
    bench = Recorder(outage=True)
    bench.faults["commit"], bench.held = [fault], 9
    bench.publish(9)
    assert sent(bench.calls) == [*transaction(9), "stop 1", "start 2", "read"]
    assert bench.outputs.published == 9


@pytest.mark.parametrize("fault", [ProducerFenced(), KafkaConnectionError("gone")], ids=["timed out", "gone"])
def test_a_transaction_that_was_not_committed_is_sent_again_whole(
    fault: KafkaError, caplog: pytest.LogCaptureFixture
) -> None:
    """Until it is: each time by a new producer, after a look at what is published."""
    bench = Recorder(outage=True)
    bench.faults["commit"] = [fault, KafkaConnectionError("gone again")]
    with caplog.at_level(logging.WARNING, logger=module.__name__):
        bench.publish(9)
    again = [*transaction(9), "stop 2", "start 3", "read", *transaction(9)]
    assert sent(bench.calls) == [*transaction(9), "stop 1", "start 2", "read", *again]
    assert bench.outputs.published == 9
    assert caplog.messages == [f"monitor[3]: whether its outputs were committed is being found out: {fault!r}"]


def test_a_position_that_is_neither_before_nor_after_is_another_workers() -> None:
    """The message has both: what the topic holds, and what this worker had published."""
    bench = Recorder()
    bench.faults["commit"], bench.held = [KafkaConnectionError("gone")], 8
    with pytest.raises(FencedError) as told:
        bench.publish(9)
    assert told.value.message == "another worker published for monitor[3]; got: 8; expected: 0"


def test_a_fence_is_told_with_what_kafka_said() -> None:
    """For who looks into two workers that think they own one partition."""
    bench, fault = Recorder(), ProducerFenced("epoch 3")
    bench.faults["commit"] = [fault]
    with pytest.raises(FencedError) as told:
        bench.publish()
    assert told.value.message == f"another worker owns monitor[3] now; got: {fault!r}"
    assert told.value.__cause__ is fault


@pytest.mark.parametrize(("awake", "expected"), [(26.9, False), (27.0, False), (27.1, True)])
def test_a_transaction_has_timed_out_after_nine_tenths_of_its_time(awake: float, expected: bool) -> None:
    """Of 30 s: 27 s. The tenth is for the difference of the two clocks' beginnings."""
    bench = Recorder(timeout=30.0)
    bench.outputs.outstanding.awake_seconds = awake
    assert bench.outputs._timed_out() is expected


def test_a_commit_that_is_not_answered_ends_with_the_patience() -> None:
    """Its outcome is then found out like that of one whose connection broke."""
    bench = Recorder(patience=0.2)
    bench.faults["commit"], bench.held = ["hang"], 9

    async def story() -> None:
        await bench.outputs.start()
        async with asyncio.timeout(60):
            await bench.outputs.publish([ALERT, NOTICE], 9)

    asyncio.run(story())
    assert bench.outputs.published == 9


def test_a_commit_that_is_not_answered_is_told_with_its_topic() -> None:
    """The progress topic's broker is the one that keeps it: what to do names that topic."""
    bench = Recorder()
    bench.faults["commit"] = ["hang"]

    async def story() -> list[str]:
        await bench.outputs.start()
        run = asyncio.ensure_future(bench.outputs.publish([ALERT], 9))
        await asyncio.sleep(0.02)
        bench.outputs.outstanding._clock = lambda: 1e9
        told = bench.outputs.outstanding.reasons()
        run.cancel()
        await asyncio.wait([run])
        return told

    [reason] = asyncio.run(story())
    assert "to do: see the broker's log about fx.progress.v1" in reason


def test_giving_up_names_the_setting_and_the_last_cause() -> None:
    """The patience is the one that was set; the cause is the last one, not the first."""
    bench, last = Recorder(patience=0.05), KafkaConnectionError("at last")
    bench.faults["commit"] = [KafkaConnectionError("at first")]
    bench.faults["read"] = [last] * 10_000
    bench.outputs.outstanding.reasons = list
    with pytest.raises(DeliveryError) as told:
        bench.publish()
    assert told.value.fields["got"] == repr(last)
    assert told.value.fields["expected"] == "an acknowledgement within broker_patience_seconds = 0"
    assert told.value.__cause__ is last


def test_a_write_that_is_never_acknowledged_ends_with_the_patience() -> None:
    """The message names every topic that was written to."""
    bench = Recorder(patience=0.05)
    bench.faults["never acknowledged"] = [True]
    with pytest.raises(DeliveryError, match=r"written to fx.alerts.v1, fx.notices.v1, fx.progress.v1"):
        bench.publish()
    assert bench.outputs.published == 0


def test_a_topic_that_refuses_an_output_is_named() -> None:
    """With its partition and what it said: sent again it would be refused again."""
    bench, fault = Recorder(), MessageSizeTooLargeError("too large")
    bench.faults["send"] = [fault]
    with pytest.raises(RefusedError) as told:
        bench.publish()
    assert told.value.what == "fx.alerts.v1[5] refuses what was written to it"
    assert str(told.value.fields["got"]).startswith("MessageSizeTooLargeError: ")
    assert told.value.__cause__ is fault
    assert bench.calls == ["begin", "stop 1"]


def test_a_write_that_is_not_taken_now_is_told_with_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is tried again, the topic's reason has what the broker last said."""
    told: list[dict[Any, str]] = []
    monkeypatch.setattr(deliveries._retries, "answers", {})  # those of other tests' brokers stand there too
    bench = Recorder()
    bench.faults["send"] = [NotEnoughReplicasError()]
    settling = bench.outputs.outstanding.note_settling

    def look(*arguments: str) -> None:
        told.append(dict(deliveries._retries.answers))
        settling(*arguments)

    monkeypatch.setattr(bench.outputs.outstanding, "note_settling", look)
    bench.publish()
    assert told == [{("fx.alerts.v1", 5): "NotEnoughReplicasError"}]
    assert bench.outputs.published == 9


def test_a_producer_that_does_not_start_is_abandoned() -> None:
    """Its sender would go on beside its successor's. Nothing is published by it, and it says what to do."""
    bench = Recorder()
    bench.faults["start 1"] = [KafkaConnectionError("away")]
    with pytest.raises(KafkaConnectionError):
        asyncio.run(bench.outputs.start())
    assert bench.calls == ["start 1", "stop 1"]
    with pytest.raises(FencedError, match=r"monitor\[3\] has no producer; to do: the partition must be opened first"):
        asyncio.run(bench.outputs.publish([ALERT], 1))


def test_a_second_start_stops_the_first_producer_and_a_closing_the_second() -> None:
    """At most one producer of a partition lives at any time; closing twice asks nothing of it again."""
    bench = Recorder()

    async def story() -> None:
        await bench.outputs.start()
        await bench.outputs.start()
        await bench.outputs.close()
        await bench.outputs.close()

    asyncio.run(story())
    assert bench.calls == ["start 1", "stop 1", "start 2", "stop 2"]


STUCK = ["hang", KafkaConnectionError("gone"), AssertionError("state"), OSError("socket")]


@pytest.mark.parametrize("fault", STUCK, ids=["hang", "kafka", "assertion", "socket"])
def test_a_producer_that_does_not_stop_cleanly_sends_no_more(fault: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Its sending task is cancelled and its connection closed; how it failed is in the log."""
    bench, cancelled = Recorder(), []
    producer = bench.new()
    producer._sender = SimpleNamespace(sender_task=SimpleNamespace(cancel=lambda: cancelled.append(True)))
    bench.faults["stop 1"] = [fault]
    with caplog.at_level(logging.INFO, logger=module.__name__):
        asyncio.run(asyncio.wait_for(abandon(producer), 60))
    assert (bench.calls, cancelled) == (["stop 1", "close client"], [True])
    told = TimeoutError() if fault == "hang" else fault
    assert caplog.messages == [f"a producer did not stop cleanly, it is abandoned: {told!r}"]


@pytest.mark.parametrize(
    "fault", ["hang", KafkaConnectionError("gone"), OSError("socket")], ids=["hang", "kafka", "socket"]
)
def test_a_client_that_does_not_close_is_left_to_itself(fault: Any) -> None:
    """Nor does a producer without a sending task, as one is that never started, keep anybody."""
    bench = Recorder()
    producer = bench.new()
    bench.faults["stop 1"], bench.faults["close client"] = [KafkaConnectionError("gone")], [fault]
    asyncio.run(asyncio.wait_for(abandon(producer), 60))
    assert bench.calls == ["stop 1", "close client"]


def test_what_a_fenced_producer_fails_beside_the_write_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """Aiokafka's sender fails its transaction and each batch that waits; asyncio told of them at `error`, later."""

    async def story() -> None:
        manager = TransactionManager("t", 1000)
        manager.set_pid_and_epoch(1, 0)
        manager.begin_transaction()
        accumulator = MessageAccumulator(None, 1000, 0, 1, txn_manager=manager)
        delivery = await accumulator.add_message(TopicPartition("fx.alerts.v1", 0), b"k", b"v", 5)
        accumulator.fail_all(ProducerFenced())
        manager.fatal_error(ProducerFenced())
        producer = Recorder().new()
        producer._txn_manager, producer._message_accumulator = manager, accumulator
        await abandon(producer)
        with pytest.raises(ProducerFenced):
            await delivery

    asyncio.run(story())
    gc.collect()
    assert [one.getMessage() for one in caplog.records if one.name == "asyncio"] == []
