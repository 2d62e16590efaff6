"""What is counted for the metrics between two flushes."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from streams.monitor.agent import MONITOR_AGENT
from streams.monitor.core import MonitorCore
from streams.monitor.tally import Tally
from streams.partition import alert_tally
from streams.partition.stateful_agent import StatefulAgent


class Recorded:
    """Metrics that keep the calls made to them."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.rate_missing = SimpleNamespace(inc=lambda count: self.calls.append(("rate_missing", count)))
        self.payments_folded = SimpleNamespace(inc=lambda count: self.calls.append(("folded", count)))
        self.parties_forgotten = SimpleNamespace(inc=lambda count: self.calls.append(("forgotten", count)))
        self.rates = SimpleNamespace(labels=self._rate)
        self.payment_joins, self.sender_words = self._adding("joins"), self._adding("words")

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.calls.append((name, *map(_copied, arguments)))

    def _rate(self, verdict: str) -> SimpleNamespace:
        return SimpleNamespace(inc=lambda count: self.calls.append(("rates", verdict, count)))

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
    tally.quarantine["held"] = 2
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
    assert metrics.of("count_quarantine") == [("held", 2)]
    assert metrics.of("joins") == [({("payment.reused", "SHBKKRSE"): 3},)]
    assert metrics.of("words") == [({("exempt", "SHBKKRSE"): 4},)]
    again = Recorded()
    tally.flush(again, "monitor", 0)
    assert {call[0] for call in again.calls} == {"observe_run", "observe_stage"}
    assert again.of("observe_stage") == [("monitor", "decode", 0.0), ("monitor", "apply", 0.0)]
    assert tally.busy == 3.0


def test_a_new_tally_has_counted_nothing() -> None:
    """Nothing but the time of no event goes into the metrics."""
    tally, metrics = Tally(), Recorded()
    assert (tally.busy, tally.ruling, tally.rate_missing, tally.folded, tally.forgotten) == (0.0, None, 0, 0, 0)
    tally.flush(metrics, "monitor")
    assert metrics.calls == [("observe_stage", "monitor", "decode", 0.0), ("observe_stage", "monitor", "apply", 0.0)]


def test_what_is_counted_after_a_flush_is_told_alone() -> None:
    """Each counter begins anew; the time spent adds up."""
    tally, metrics = counted(), Recorded()
    tally.folded, tally.rates["rate.held"], tally.forgotten = 7, 2, 5
    tally.flush(metrics, "monitor", 2)
    assert (metrics.of("folded"), metrics.of("rates")) == ([(7,)], [("rate.held", 2)])
    assert metrics.of("forgotten") == [(5,)]
    tally.rate_missing += 1
    tally.folded += 2
    tally.forgotten += 3
    tally.decode_seconds += 0.5
    tally.apply_seconds += 0.25
    again = Recorded()
    tally.flush(again, "monitor", 1)
    assert (again.of("rate_missing"), again.of("folded"), again.of("rates")) == ([(1,)], [(2,)], [])
    assert again.of("forgotten") == [(3,)]
    assert again.of("observe_stage") == [("monitor", "decode", 0.5), ("monitor", "apply", 0.25)]
    assert tally.busy == 3.75


def test_the_rules_in_force_are_shown_once() -> None:
    """When a partition came under them."""
    tally, rules = Tally(), SimpleNamespace()
    tally.ruling = rules
    for expected in ([(rules,)], []):
        metrics = Recorded()
        tally.flush(metrics, "monitor")
        assert metrics.of("show_rules") == expected
        assert tally.ruling is None


def test_an_alert_is_counted_by_its_strongest_typology_and_how_old_its_payment_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seconds from the payment's Kafka timestamp (ms) to now; one that no rule explains has none."""
    monkeypatch.setattr(alert_tally.time, "time", lambda: 5000.0)
    tally, metrics = Tally(), Recorded()
    hits = [
        SimpleNamespace(id=name, strength=strength) for name, strength in [("T01", 0.5), ("T16", 0.9), ("T02", 0.7)]
    ]
    for typologies, desk, sent in [(hits, "customs", 4_998_500), ([], "aml", 4_000_000)]:
        tally.alerts.append((SimpleNamespace(typologies=typologies, desk=desk, severity="high"), sent))
    tally.flush(metrics, "monitor")
    assert metrics.of("count_alert") == [("customs", "T16", "high"), ("aml", None, "high")]
    assert metrics.of("observe_end_to_end") == [([1.5, 1000.0],)]


def test_a_replayed_batch_is_no_run() -> None:
    """Its events are counted; the histogram of runs is of live ones."""
    metrics = Recorded()
    counted().flush(metrics, "monitor")
    assert metrics.of("observe_run") == []
    assert metrics.of("count_events")


def test_the_monitor_flushes_each_replayed_batch() -> None:
    """The partition it makes is given the flush: after a batch nothing of it is kept."""
    agent: Any = StatefulAgent.__new__(StatefulAgent)
    agent.parameters, agent.identity, agent.name = MONITOR_AGENT, MONITOR_AGENT.identity, MONITOR_AGENT.identity.name
    agent.metrics, agent.core = Recorded(), MonitorCore("test", counted())
    agent.settings = SimpleNamespace(
        application="fxwatch", broker_patience_seconds=1.0, transaction_timeout_seconds=1.0
    )
    agent.broker = SimpleNamespace(was_away=lambda: False)
    agent.log = agent._writing = None
    agent.plan = SimpleNamespace(topic_id="an id")
    agent.writers, agent.partitions = {}, {}
    agent._create(0)
    agent.partitions[0]._on_replayed()
    assert agent.core.tally.alerts == []
    assert agent.metrics.of("observe_scores") == [("hst", [0.1, 0.2])]


def test_what_a_ceiling_held_back_is_counted_by_desk_once() -> None:
    """An alert that two desks did not get counts for each; a flush leaves nothing for the next."""
    tally, metrics = Tally(), Recorded()
    held = SimpleNamespace(snoozed=msgspec.UNSET, withheld=("aml", "customs"))
    sent = SimpleNamespace(snoozed=msgspec.UNSET, withheld=msgspec.UNSET)
    raised = [SimpleNamespace(alert=held), SimpleNamespace(alert=sent), SimpleNamespace(alert=held)]
    step: Any = SimpleNamespace(snooze=None, raised=raised)
    tally.count_snoozes(step)
    for _ in range(2):
        tally.flush(metrics, "monitor")  # type: ignore[arg-type]
    assert metrics.of("count_withheld") == [("aml", 2), ("customs", 2)]
