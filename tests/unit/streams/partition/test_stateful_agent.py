"""Two stateful agents in one process: none has a name, a partition or a series of metrics of the other's."""

from typing import Any

import pytest
from faust.types import TP

from streams import worker
from streams.errors import PartitionStoppedError
from streams.kafka import clients
from streams.monitor.agent import MONITOR_AGENT
from streams.operations import health
from streams.operations.metrics import Metrics
from streams.partition.stateful_agent import StatefulAgent
from streams.settings import Settings
from tests.support.counting_agent import COUNTING

SETTINGS = Settings()


class Process:
    """Both agents as a worker has them, before Faust starts, each with its partition 0 assigned and running."""

    def __init__(self) -> None:
        names = (MONITOR_AGENT.identity.name, COUNTING.identity.name)
        self.metrics: Metrics = worker._metrics(SETTINGS, 12, None, names)
        self.monitor, self.counting = self.agents = [self.agent(one) for one in (MONITOR_AGENT, COUNTING)]

    def agent(self, parameters: Any) -> StatefulAgent[Any]:
        """One of them."""
        made: StatefulAgent[Any] = StatefulAgent(
            parameters,
            SETTINGS,
            self.metrics,
            health.BrokerWatch(SETTINGS),
            topic_id="an id",
            code_version="1",
            config_version="c",
            web=False,
        )
        made.assigned = {0}
        made._create(0)
        made.partitions[0]._become("running")
        return made

    def series(self, name: str, **labels: str) -> float | None:
        """A sample of the metrics page; None where there is none."""
        return self.metrics.registry.get_sample_value(f"fxwatch_{name}", labels)


def test_each_has_names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Group, producers, positions: what one did the other neither fences nor reads."""
    monkeypatch.setattr(clients, "make_transactional_producer", lambda _settings, name: name)
    process = Process()
    assert [agent.app.conf.id for agent in process.agents] == ["fxwatch-monitor", "fxwatch-counting"]
    producers: list[Any] = [
        [agent.partitions[0].outputs._new_producer(), agent.writers[0]._new_producer()] for agent in process.agents
    ]
    assert producers == [
        ["fxwatch-monitor-0", "fxwatch-monitor-0-snapshot"],
        ["fxwatch-counting-0", "fxwatch-counting-0-snapshot"],
    ]
    keys = [agent.partitions[0].place.published_key for agent in process.agents]
    assert keys == [b"monitor/0", b"counting/0"]
    assert [agent.plan.schema for agent in process.agents] == [MONITOR_AGENT.identity.state_schema, 1]


def test_each_takes_runs_of_its_own_topic() -> None:
    """Partition 0 of the other's is none of its business."""
    process = Process()
    ledger, amounts = TP("fx.ledger.v1", 0), TP("test.amounts.v1", 0)
    assert [agent.ready(ledger) for agent in process.agents] == [True, False]
    assert [agent.ready(amounts) for agent in process.agents] == [False, True]


def test_one_that_stops_leaves_the_other_ready() -> None:
    """`/readyz` names the partition by its agent, and the gauges of the other stay."""
    process = Process()
    assert [agent.unready() for agent in process.agents] == [[], []]
    process.counting.partitions[0]._stop(PartitionStoppedError("counting[0] stopped at ledger offset 3", todo="mend"))
    assert process.monitor.unready() == []
    assert process.counting.unready() == ["counting[0] stopped at ledger offset 3; to do: mend"]
    for agent, state in (("monitor", "running"), ("counting", "stopped")):
        assert process.series("partition_state", agent=agent, partition="0", state=state) == 1
    assert process.series("partition_state", agent="monitor", partition="0", state="stopped") == 0


def test_one_that_loses_a_partition_leaves_the_others_series() -> None:
    """Lag and the age of snapshots bear the agent's name; both agents have snapshots."""
    process = Process()
    for agent in ("monitor", "counting"):
        process.metrics.set_lag(agent, 0, 7)
        process.metrics.note_snapshot(agent, 0, 0.0, 100)
    process.counting.partitions[0]._become("closed")
    for name in ("lag_records", "snapshot_age_seconds"):
        assert process.series(name, agent="counting", partition="0") is None
        assert process.series(name, agent="monitor", partition="0") is not None
    again = Process()
    again.metrics.note_snapshot("counting", 0, 0.0, 100)
    assert again.series("snapshot_age_seconds", agent="counting", partition="0") > 1e9
