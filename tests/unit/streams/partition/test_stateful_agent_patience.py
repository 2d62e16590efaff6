"""A broker that is away while a partition opens, or while a run reads the ledger, ends no worker at once."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError, TransactionalIdAuthorizationFailed

from streams.errors import (
    BrokerUnavailableError,
    ClusterBusyError,
    DeliveryError,
    RefusedError,
    TopicUnreadableError,
)
from streams.ledger.progress import AgentPartition
from streams.monitor.tally import Tally
from streams.operations import health
from streams.partition import stateful_agent
from streams.partition.stateful_agent import StatefulAgent

PLACE = AgentPartition("fx.progress.v1", "monitor", 3)


class Ended(BaseException):
    """Stands for the end of the process."""


class FailingPartition:
    """A partition whose opening, or run, fails with `faults` one after the other and then succeeds."""

    def __init__(self, agent: StatefulAgent[Any], *faults: Exception) -> None:
        self.agent, self.faults = agent, list(faults)
        self.place, self.status, self.replayed, self.cause = PLACE, "running", 0, None
        self.outputs = SimpleNamespace(outstanding=SimpleNamespace(reasons=list))
        self.ready: list[list[str]] = []
        self.done = 0

    async def open(self) -> None:
        """Open, or fail."""
        self.ready.append(self.agent.unready())
        if self.faults:
            raise self.faults.pop(0)
        self.done, self.status = self.done + 1, "running"

    async def run(self, _records: list[Any]) -> None:
        """Run, or fail."""
        await self.open()


class NoMetrics:
    """Metrics that nobody reads: whatever is asked of them, and of what they answer, comes to nothing."""

    def __getattr__(self, _name: str) -> "NoMetrics":
        return NoMetrics()

    def __call__(self, *_: Any, **__: Any) -> "NoMetrics":
        return self


async def start() -> None:
    """A snapshot writer that starts."""


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> StatefulAgent[Any]:
    """An agent as far as one partition needs it; its end is `Ended`."""
    one = StatefulAgent.__new__(StatefulAgent)
    one.metrics, one.core, one.opening, one.unread = NoMetrics(), SimpleNamespace(tally=Tally()), {}, {}
    one.unopened, one.name = {}, "monitor"
    one.settings, one.broker = SimpleNamespace(broker_patience_seconds=60.0), SimpleNamespace(reachable=True)
    one.writers, one.assigned, one.partitions = {3: SimpleNamespace(start=start)}, {3}, {}

    def die(fault: BaseException) -> None:
        raise Ended(fault)

    monkeypatch.setattr(health, "die", die)
    monkeypatch.setattr(stateful_agent, "RETRY_SECONDS", 0.0)
    return one


AWAY = [BrokerUnavailableError("no Kafka broker answers"), ClusterBusyError("not now"), KafkaConnectionError("gone")]


def test_an_opening_waits_for_the_broker(agent: StatefulAgent[Any]) -> None:
    """Whichever client noticed its absence, the partition is opened when it is back; meanwhile /readyz says why."""
    partition = agent.partitions[3] = FailingPartition(agent, *AWAY)
    partition.status = "replaying"
    asyncio.run(agent._open(partition))
    assert partition.done == 1
    first, *later = partition.ready
    assert first == ["monitor[3]: replaying"]
    for fault, [reason] in zip(AWAY, later, strict=True):
        assert reason == f"monitor[3]: cannot be opened now, trying again: {fault!r}"
    assert agent.unready() == []


def test_an_opening_that_ends_though_nobody_asked_ends_the_worker(agent: StatefulAgent[Any]) -> None:
    """What it waited for was cancelled by somebody else: as a cancelled task it would leave its partition closed."""
    with pytest.raises(Ended) as end:
        asyncio.run(agent._open(FailingPartition(agent, asyncio.CancelledError())))
    [told] = end.value.args
    assert told.message.startswith("the opening of monitor[3] ended, and nobody had asked for that")


@pytest.mark.parametrize("fault", [TopicAuthorizationFailedError(), TransactionalIdAuthorizationFailed()])
def test_an_opening_that_the_cluster_refuses_ends_the_worker(agent: StatefulAgent[Any], fault: Exception) -> None:
    """Tried again it would be refused again: one message says what is missing."""
    with pytest.raises(Ended) as end:
        asyncio.run(agent._open(FailingPartition(agent, fault)))
    [told] = end.value.args
    assert isinstance(told, RefusedError)
    assert told.fields["got"] == repr(fault)
    assert "grant what is missing to this worker" in told.message


@pytest.mark.parametrize("fault", [TopicUnreadableError("no"), DeliveryError("patience is over")])
def test_an_opening_does_not_try_again_what_is_final(agent: StatefulAgent[Any], fault: Exception) -> None:
    """A refusal, or an output whose patience is over, ends the worker with that message."""
    with pytest.raises(Ended) as end:
        asyncio.run(agent._open(FailingPartition(agent, fault)))
    assert end.value.args == (fault,)


def test_a_run_waits_for_the_broker_and_the_page_says_so(agent: StatefulAgent[Any]) -> None:
    """It is applied when the broker is back; meanwhile /readyz names partition and cause, afterwards nothing."""
    partition = agent.partitions[3] = FailingPartition(agent, *AWAY)
    asyncio.run(agent._run(3, [SimpleNamespace(offset=0)]))
    assert partition.done == 1
    first, *later = partition.ready
    assert first == []
    for fault, [reason] in zip(AWAY, later, strict=True):
        assert reason.startswith("monitor[3]: the ledger cannot be read now")
        assert repr(fault) in reason
    assert agent.unready() == []


def test_a_run_that_waits_is_no_standstill(agent: StatefulAgent[Any]) -> None:
    """The watchdog's time begins anew while the broker is waited for."""
    agent.app, agent.unread, agent.last_progress = SimpleNamespace(_consumer=None), {3: "cannot be read"}, 0.0
    agent.observe_lag()
    assert time.monotonic() - agent.last_progress < 60


def test_a_ledger_that_cannot_be_read_for_longer_than_the_patience_is_one_message(agent: StatefulAgent[Any]) -> None:
    """A broker that answers and does not serve the ledger ends the wait, with the setting and the cause."""
    agent.settings.broker_patience_seconds = -1.0
    agent.partitions[3] = FailingPartition(agent, *AWAY)
    with pytest.raises(BrokerUnavailableError, match=r"the ledger of monitor\[3\].*no Kafka broker answers.*patience"):
        asyncio.run(agent._run(3, [SimpleNamespace(offset=0)]))


def test_how_long_an_absent_broker_is_waited_for_is_the_broker_watchs_business(agent: StatefulAgent[Any]) -> None:
    """While no broker answers at all, the run's own patience does not begin."""
    agent.settings.broker_patience_seconds, agent.broker.reachable = 0.05, False
    partition = agent.partitions[3] = FailingPartition(agent, *AWAY)
    earlier, partition.open = partition.open, None

    async def slow(_records: list[Any]) -> None:
        await asyncio.sleep(0.06)
        await earlier()

    partition.run = slow
    asyncio.run(agent._run(3, [SimpleNamespace(offset=0)]))
    assert partition.done == 1
