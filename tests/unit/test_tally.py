"""What is counted for the metrics between two flushes."""

from types import SimpleNamespace
from typing import Any

from streams.monitor import MonitorAgent
from streams.monitor_core import MonitorCore
from streams.tally import Tally


class Recorded:
    """Metrics that keep the calls made to them."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.rate_missing = SimpleNamespace(inc=lambda count: self.calls.append(("rate_missing", count)))
        self.payment_joins, self.sender_words = self._adding("joins"), self._adding("words")

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.calls.append((name, *map(_copied, arguments)))

    def _adding(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(add=lambda counts: counts and self.calls.append((name, dict(counts))))

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """The calls of one name."""
        return [call[1:] for call in self.calls if call[0] == name]


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def counted() -> Tally:
    """A tally of two events."""
    tally = Tally()
    tally.outcomes.update(applied=2, late=1)
    tally.decode_seconds, tally.apply_seconds = 1.0, 2.0
    tally.late.append(5.0)
    tally.scores["hst"] = [0.1, 0.2]
    tally.rate_missing = 1
    tally.joins["payment.reused", "SHBKKRSE"] = 3
    tally.said["exempt", "SHBKKRSE"] = 4
    alert = SimpleNamespace(typologies=[], desk="aml", severity="high")
    tally.alerts.append((alert, 1000))
    return tally


def test_a_flush_tells_everything_once_and_keeps_nothing() -> None:
    """A second flush adds no event; the time spent on events is not forgotten."""
    tally, metrics = counted(), Recorded()
    tally.flush(metrics, "monitor", 2)
    assert metrics.of("count_events") == [("monitor", "applied", 2), ("monitor", "late", 1)]
    assert metrics.of("observe_run") == [("monitor", 2)]
    assert metrics.of("observe_stage") == [("monitor", "decode", 1.0), ("monitor", "apply", 2.0)]
    assert metrics.of("observe_lateness") == [([5.0],)]
    assert metrics.of("observe_scores") == [("hst", [0.1, 0.2])]
    assert metrics.of("count_alert") == [("aml", None, "high")]
    assert metrics.of("rate_missing") == [(1,)]
    assert metrics.of("joins") == [({("payment.reused", "SHBKKRSE"): 3},)]
    assert metrics.of("words") == [({("exempt", "SHBKKRSE"): 4},)]
    again = Recorded()
    tally.flush(again, "monitor", 0)
    assert {call[0] for call in again.calls} == {"observe_run", "observe_stage"}
    assert again.of("observe_stage") == [("monitor", "decode", 0.0), ("monitor", "apply", 0.0)]
    assert tally.busy == 3.0


def test_a_replayed_batch_is_no_run() -> None:
    """Its events are counted; the histogram of runs is of live ones."""
    metrics = Recorded()
    counted().flush(metrics, "monitor")
    assert metrics.of("observe_run") == []
    assert metrics.of("count_events")


def test_the_monitor_flushes_each_replayed_batch() -> None:
    """The partition it makes is given the flush: after a batch nothing of it is kept."""
    agent = MonitorAgent.__new__(MonitorAgent)
    agent.metrics, agent.core = Recorded(), MonitorCore("test", counted())
    agent.app = SimpleNamespace(conf=SimpleNamespace(id="fxwatch-monitor"))
    agent.settings = SimpleNamespace(broker_patience_seconds=1.0, transaction_timeout_seconds=1.0)
    agent.broker = SimpleNamespace(was_away=lambda: False)
    agent.log = agent.plan = agent._topic_id = agent._writing = None
    agent.writers, agent.partitions = {}, {}
    agent._create(0)
    agent.partitions[0]._on_replayed()
    assert agent.core.tally.alerts == []
    assert agent.metrics.of("observe_scores") == [("hst", [0.1, 0.2])]
