"""The outputs of one partition: who may start another producer, how long it takes to give up, and what is told."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced

from streams.errors import DeliveryError, FencedError
from streams.kafka.deliveries import STOPPED_SECONDS, Outstanding
from streams.ledger.progress import AgentPartition
from streams.partition import outputs as module
from streams.partition.outputs import Output, PartitionOutputs

PLACE = AgentPartition("fx.progress.v1", "monitor", 3)
OUTPUT = Output("fx.alerts.v1", 3, b"k", b"v", [], 0)
TIMEOUT = 30.0


class Producer:
    """A transactional producer; `commit` and `begin` say what becomes of those."""

    def __init__(self, bench: "Bench") -> None:
        self.bench = bench

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def begin_transaction(self) -> None:
        """Begin, or fail."""
        await _happen(self.bench.begins)

    async def send(self, *_: Any) -> "asyncio.Future[None]":
        """Acknowledged after a moment, so that one look is taken."""
        delivery: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.005, lambda: delivery.done() or delivery.set_result(None))
        return delivery

    async def commit_transaction(self) -> None:
        """Commit, or fail."""
        await _happen(self.bench.commits)


async def _happen(events: list[Any]) -> None:
    event = events.pop(0) if events else None
    if event == "hang":
        await asyncio.Event().wait()
    if event is not None:
        raise event


class Bench:
    """`PartitionOutputs` over such producers. Each look at the clock takes `step` seconds."""

    def __init__(
        self,
        *,
        step: float = 0.0,
        outage: bool = False,
        patience: float = 300.0,
        read: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self.producers: list[Producer] = []
        self.begins: list[Any] = []
        self.commits: list[Any] = []
        self.now, self.step = 0.0, step

        async def published() -> int:
            return 0

        self.outputs = PartitionOutputs(
            self.new, read or published, lambda: outage, PLACE, patience, transaction_timeout=TIMEOUT
        )
        self.outputs.outstanding = Outstanding(1e9, self.clock)

    def clock(self) -> float:
        """Seconds."""
        self.now += self.step
        return self.now

    def new(self) -> Any:
        """The producer factory."""
        self.producers.append(Producer(self))
        return self.producers[-1]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.0)


async def published(bench: Bench, position: int = 1) -> None:
    """Publish one output."""
    if not bench.producers:
        await bench.outputs.start()
    await bench.outputs.publish([OUTPUT], position)


def test_a_process_that_was_stopped_does_not_fence_the_rightful_owner() -> None:
    """Fenced, no outage seen, stopped (SIGSTOP) in between: final, and no other producer is ever started."""
    bench = Bench(step=STOPPED_SECONDS + 40)
    bench.commits = [ProducerFenced()]
    with pytest.raises(FencedError, match=r"another worker owns monitor\[3\]"):
        asyncio.run(published(bench))
    assert len(bench.producers) == 1


def test_a_fence_without_any_wait_is_final() -> None:
    """Nothing took long enough for the broker to have ended the transaction: somebody else did."""
    bench = Bench(step=0.0)
    bench.commits = [ProducerFenced()]
    with pytest.raises(FencedError):
        asyncio.run(published(bench))
    assert len(bench.producers) == 1


@pytest.mark.parametrize("evidence", [{"outage": True}, {"step": STOPPED_SECONDS - 1}], ids=["outage", "awake"])
def test_a_transaction_that_timed_out_is_sent_again(evidence: dict[str, Any]) -> None:
    """An outage that was seen, or a wait as long as the time-out while awake, tells it from another owner."""
    bench = Bench(**evidence)
    bench.commits = [ProducerFenced()]
    bench.outputs._transaction_timeout = TIMEOUT if "outage" in evidence else 1.0
    asyncio.run(published(bench))
    assert len(bench.producers) == 2
    assert bench.outputs.published == 1


def test_an_earlier_transactions_wait_is_no_evidence_for_the_next() -> None:
    """A publish that was waited for long ago, and settled, lets no later fence pass for a time-out."""

    async def story(bench: Bench) -> None:
        bench.outputs._transaction_timeout = 1.0
        await published(bench)
        bench.step = 0.0
        assert bench.outputs._timed_out(), "the first one was waited for, or this proves nothing"
        bench.begins = [ProducerFenced()]
        await published(bench, 2)

    bench = Bench(step=STOPPED_SECONDS - 1)
    with pytest.raises(FencedError):
        asyncio.run(story(bench))
    assert len(bench.producers) == 1


def test_settling_ends_with_the_patience() -> None:
    """A progress topic that cannot be read does not hold it any longer; the message names topic and setting."""

    async def never() -> int:
        await asyncio.Event().wait()
        return 0

    bench = Bench(patience=0.05, read=never)
    bench.commits = [KafkaConnectionError("gone")]

    async def story() -> None:
        async with asyncio.timeout(60):
            await published(bench)

    with pytest.raises(DeliveryError, match=r"fx.progress.v1.*broker_patience_seconds"):
        asyncio.run(story())


def test_settling_is_told_from_its_beginning() -> None:
    """While it is not known what became of a transaction, a reason with the cause stands; afterwards none."""
    told: list[list[str]] = []

    async def read() -> int:
        told.append(bench.outputs.outstanding.reasons())
        return 0

    bench = Bench(read=read)
    bench.commits = [KafkaConnectionError("gone")]
    asyncio.run(published(bench))
    [[reason]] = told
    assert reason.startswith("monitor[3]: whether its outputs were committed is being found out")
    assert "gone" in reason
    assert bench.outputs.outstanding.reasons() == []


def test_a_commit_without_an_answer_is_told() -> None:
    """All writes are acknowledged, and still input stands: that may not look like a standstill without a reason."""

    async def story() -> list[list[str]]:
        bench.commits = ["hang"]
        run = asyncio.ensure_future(published(bench))
        await asyncio.sleep(0.05)
        told = [bench.outputs.outstanding.reasons()]
        bench.now += 5.0
        told.append(bench.outputs.outstanding.reasons())
        run.cancel()
        await asyncio.wait([run])
        return [*told, bench.outputs.outstanding.reasons()]

    bench = Bench()
    at_first, later, after = asyncio.run(story())
    assert at_first == []
    assert "monitor[3]: the commit of its outputs is not answered, for 5 s" in later[0]
    assert after == [], "nobody waits for it any more"


def test_a_publish_that_was_cancelled_takes_nothing_from_the_next_ones_patience() -> None:
    """A rebalance cancels a publish; when the partition is back minutes later, its writes have waited for nothing."""

    async def story() -> None:
        await bench.outputs.start()
        bench.outputs._producer.send = hanging
        run = asyncio.ensure_future(published(bench))
        await asyncio.sleep(0.01)
        run.cancel()
        await asyncio.wait([run])
        bench.now += 1000.0
        await bench.outputs.start()
        await published(bench)

    async def hanging(*_: Any) -> Any:
        return asyncio.get_running_loop().create_future()

    bench = Bench()
    bench.outputs.outstanding = Outstanding(300.0, bench.clock)
    asyncio.run(story())
    assert bench.outputs.published == 1


def test_another_workers_position_is_final() -> None:
    """Somebody published meanwhile: this worker does not send its transaction again."""

    async def read() -> int:
        return 77

    bench = Bench(outage=True, read=read)
    bench.commits = [ProducerFenced()]
    with pytest.raises(FencedError, match="another worker published"):
        asyncio.run(published(bench))
    assert len(bench.producers) == 2


def test_a_partition_without_a_producer_publishes_nothing() -> None:
    """A partition that was never opened is not ours to write for."""
    bench = Bench()
    bench.producers.append(SimpleNamespace())
    with pytest.raises(FencedError, match="has no producer"):
        asyncio.run(published(bench))


def test_what_is_for_the_relay_is_written_before_the_transaction_and_not_in_it() -> None:
    """A relay that fails begins no transaction: nothing says that its records are there."""
    calls: list[Any] = []

    class Relayed:
        topic = "fx.legs.v1"

        async def send(self, outputs: list[Output], _outstanding: Outstanding) -> None:
            calls.append([one.topic for one in outputs])
            if len(calls) > 1:
                raise DeliveryError("not acknowledged")

        async def close(self) -> None:
            calls.append("closed")

    bench = Bench()
    bench.outputs._relay = Relayed()  # type: ignore[assignment]
    sent: list[str] = []

    async def send(_producer: Any, outputs: list[Output], _position: int) -> list[Any]:
        sent.extend(one.topic for one in outputs)
        return []

    bench.outputs._send = send  # type: ignore[method-assign]
    trail = Output("fx.legs.v1", 1, b"k", b"v", [], 0)

    async def twice() -> None:
        await bench.outputs.start()
        calls.clear()
        await bench.outputs.publish([trail, OUTPUT, trail], 1)
        assert (calls, sent, bench.outputs.published) == ([["fx.legs.v1"] * 2], ["fx.alerts.v1"], 1)
        with pytest.raises(DeliveryError):
            await bench.outputs.publish([trail, OUTPUT], 2)
        assert (sent, bench.outputs.published) == (["fx.alerts.v1"], 1)
        await bench.outputs.close()
        assert calls[-1] == "closed"

    asyncio.run(twice())
