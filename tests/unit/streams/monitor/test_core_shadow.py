"""What challengers would have alerted is published with the payment, to its own topic alone, and counted."""

from datetime import UTC, datetime

import msgspec
import pytest

from detectors.contracts.alert import Position, Selection, Versions
from detectors.contracts.shadow import Shadow, Share
from detectors.core import Outputs
from streams.contracts.inputs import TRANSACTIONS
from streams.kafka import topics
from streams.monitor.agent import MONITOR_AGENT
from streams.operations.metrics import Metrics
from streams.partition.outputs import Output
from tests.support.challenged import challenged
from tests.support.monitor_bench import Bench, assessed
from tests.support.pipeline import TIMESTAMP_MS, TRANSACTION

SHADOW = Shadow(
    challenger="robust",
    detectors="f00d",
    trigger_event_id="e1",
    institution="BANKA",
    party="k1.0a3.remitter",
    created_for=datetime(2026, 3, 2, tzinfo=UTC),
    score=0.999,
    rank=0.001,
    rank_among=4000,
    contributions=(Share(feature="hour", contribution=0.8),),
    selection=Selection(budget="anomaly", probability=1.0, explored=False),
    amount_usd="4903.00",
    champion_alert_id=None,
    champion_score=0.5,
    champion_rank=0.5,
    versions=Versions(code="test", config="c", detectors="d", rules="r"),
    position=Position(topic="fx.ledger.v1", partition=5, offset=7),
)


def test_it_is_published_to_its_own_topic_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, Outputs(outcome="applied", assessed=assessed(), shadow=(SHADOW,)), partition=5)
    [output] = bench.take(TRANSACTIONS, TRANSACTION)
    assert output == Output(topics.SHADOW, 5, b"k1.0a3.remitter", msgspec.json.encode(SHADOW), [], TIMESTAMP_MS)
    assert MONITOR_AGENT.may_write(topics.SHADOW)
    assert bench.core.tally.shadow == {("robust", "alone"): 1}


def test_a_replay_publishes_nothing_and_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers have it already."""
    bench = Bench(monkeypatch, Outputs(outcome="applied", assessed=assessed(), shadow=(SHADOW,)), partition=5)
    assert bench.take(TRANSACTIONS, TRANSACTION, muted=True) == []
    assert not bench.core.tally.shadow


def test_counts_show_challengers_of_the_configuration_by_name_and_any_other_as_one() -> None:
    """So the number of series is bounded, whatever a ledger says."""
    metrics = Metrics(
        partitions=2,
        desks=[],
        typologies=[],
        topics=[],
        codes=[],
        detectors=[],
        versions=SHADOW.versions,
    )
    metrics.show_rules(challenged())
    metrics.count_shadow("robust", "both")
    metrics.count_shadow("x1", "alone", 2)
    metrics.count_shadow("x2", "alone", 3)
    shown = {
        (one.labels["challenger"], one.labels["who"]): one.value
        for family in metrics.registry.collect()
        if family.name == "fxwatch_shadow"
        for one in family.samples
    }
    assert shown == {
        ("other", "both"): 0,
        ("other", "alone"): 5,
        ("robust", "both"): 1,
        ("robust", "alone"): 0,
        ("tails", "both"): 0,
        ("tails", "alone"): 0,
    }
