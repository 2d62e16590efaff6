"""The lag of both agents while partitions come and go."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from streams.faust_runtime.lag import known_ends
from streams.ingest.agent import IngestAgent
from streams.kafka import topics
from streams.monitor.core import MONITOR
from streams.partition.stateful_agent import StatefulAgent

HELD, LOST = TP(topics.LEDGER, 0), TP(topics.LEDGER, 1)


class Consumer:
    """A Faust consumer that holds one partition; `lost` are listed as held and are gone at the next look."""

    def __init__(self, *lost: TP, started: bool = True) -> None:
        self.lost, self.started = lost, started
        self._committed_offset = {HELD: 4, LOST: 4}

    def assignment(self) -> set[TP]:
        """As Faust's: it has no thread to ask before it is started."""
        if not self.started:
            raise ConsumerNotStarted("Consumer thread not yet started")
        return {HELD, *self.lost}

    def highwater(self, tp: TP) -> int:
        """As aiokafka's."""
        if not self.started:
            raise ConsumerNotStarted("Consumer thread not yet started")
        assert tp == HELD, "Partition is not assigned"
        return 10

    def all_taken(self, _tp: TP) -> bool:
        """Something is not."""
        return False

    def nothing_left(self, _tp: TP, done: int) -> bool:
        """As the run transport's: what is left are records."""
        return done >= 10


class Gauges:
    """Metrics that keep the lags."""

    def __init__(self) -> None:
        self.lags: dict[int, int] = {}

    def set_lag(self, _agent: str, partition: int, lag: int) -> None:
        """Keep one."""
        self.lags[partition] = lag

    def set_partition_state(self, *_: Any) -> None:
        """Nothing to do."""

    set_hidden = set_partition_state


def monitor(consumer: Any) -> tuple[StatefulAgent[Any], Gauges]:
    """A monitor with two running partitions at offset 4."""
    agent, gauges = StatefulAgent.__new__(StatefulAgent), Gauges()
    agent.identity, agent.name = MONITOR, MONITOR.name
    outputs = SimpleNamespace(outstanding=SimpleNamespace(reasons=list))
    agent.partitions = {
        number: SimpleNamespace(state=SimpleNamespace(next=4), status="running", outputs=outputs) for number in (0, 1)
    }
    agent.app, agent.metrics, agent.last_progress, agent.unread = SimpleNamespace(_consumer=consumer), gauges, 0.0, {}
    return agent, gauges


def ingest(consumer: Any) -> tuple[IngestAgent, Gauges]:
    """An ingest agent that waits for no delivery."""
    agent, gauges = IngestAgent.__new__(IngestAgent), Gauges()
    agent.app, agent.metrics, agent.last_progress = SimpleNamespace(_consumer=consumer), gauges, 0.0
    agent.outstanding = SimpleNamespace(reasons=list)
    agent.stopped = SimpleNamespace(standing=set, observe=dict)
    return agent, gauges


def test_a_monitors_partition_that_a_rebalance_took_has_no_lag() -> None:
    """The one still held is reported with its lag, the lost one without any, and nothing is raised."""
    agent, gauges = monitor(Consumer())
    assert agent.observe_lag() == 6
    assert gauges.lags == {0: 6, 1: 0}


@pytest.mark.parametrize("agent", [monitor, ingest])
def test_a_partition_lost_between_two_looks_is_passed_over(agent: Any) -> None:
    """The consumer lives in another thread: what it listed a moment ago may be gone, and has no lag then."""
    one, gauges = agent(Consumer(LOST))
    assert one.observe_lag() == 6
    assert gauges.lags == {0: 6, 1: 0}


@pytest.mark.parametrize("consumer", [None, Consumer(started=False)], ids=["no consumer", "no thread"])
@pytest.mark.parametrize("agent", [monitor, ingest])
def test_an_agent_whose_consumer_is_not_up_yet_is_no_standstill(agent: Any, consumer: Any) -> None:
    """Nothing is known to wait, so that the watchdog's time begins anew at every look."""
    one, _ = agent(consumer)
    assert one.observe_lag() == 0
    assert time.monotonic() - one.last_progress < 60


def test_nothing_fetched_yet_is_not_known() -> None:
    """The partition is listed, without an end."""
    consumer = Consumer()
    consumer.highwater = lambda _tp: None
    assert known_ends(consumer) == {HELD: None}


@pytest.mark.parametrize("agent", [monitor, ingest])
def test_offsets_that_no_record_has_are_no_lag(agent: Any) -> None:
    """A transaction's marker at the end of a quiet partition: no lag, and the watchdog's time begins anew.

    With a record there, it does not: that is what a zombie looks like.
    """
    consumer = Consumer()
    consumer.nothing_left = lambda _tp, done: done == 4
    one, gauges = agent(consumer)
    assert one.observe_lag() == 0
    assert gauges.lags[0] == 0
    assert time.monotonic() - one.last_progress < 60
    consumer.nothing_left = lambda *_: False
    one, gauges = agent(consumer)
    assert one.observe_lag() == 6
    assert one.last_progress == 0.0


def test_the_lag_of_a_stopped_partition_is_shown_and_ends_no_worker() -> None:
    """Nobody can take its records: the page has them, the watchdog does not count them."""
    one, gauges = ingest(Consumer())
    states = []
    gauges.set_partition_state = lambda *state: states.append(state)
    one.stopped = SimpleNamespace(standing=lambda: {HELD}, observe=dict)
    assert one.observe_lag() == 6
    assert gauges.lags == {0: 6}
    assert states == [("ingest", 0, "stopped")]
    assert time.monotonic() - one.last_progress < 60


def test_offsets_that_cannot_be_committed_end_no_worker() -> None:
    """All is read and written, the broker takes no offset: a lag on the page, and no zombie."""
    consumer = Consumer()
    consumer.all_taken = lambda _tp: True
    one, gauges = ingest(consumer)
    assert one.observe_lag() == 6
    assert gauges.lags == {0: 6}
    assert time.monotonic() - one.last_progress < 60
