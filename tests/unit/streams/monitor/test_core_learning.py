"""What a partition tells is published in its own partition of `fx.learning.v1`, and counted when it is."""

import msgspec
import pytest

from detectors.contracts.learning import Learning, ScoreCounts
from detectors.core import Outputs
from streams.contracts.inputs import TRANSACTIONS
from streams.kafka import topics
from streams.monitor.agent import MONITOR_AGENT
from streams.partition.outputs import Output
from tests.support.monitor_bench import Bench, assessed
from tests.support.pipeline import TIMESTAMP_MS, TRANSACTION

TOLD = Learning(partition=5, number=7, told=ScoreCounts(segments={"person.out": (2, 5)}, detectors="f00d"))


def test_what_is_told_is_published_in_the_partition_that_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, Outputs(outcome="applied", assessed=assessed(), told=(TOLD,)), partition=5)

    [output] = bench.take(TRANSACTIONS, TRANSACTION)

    assert output == Output(topics.LEARNING, 5, b"5", msgspec.json.encode(TOLD), [], TIMESTAMP_MS)
    assert MONITOR_AGENT.may_write(topics.LEARNING)
    assert bench.core.tally.learning == {("score_counts", "told"): 1}


def test_a_replay_tells_nothing_and_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers have it already."""
    bench = Bench(monkeypatch, Outputs(outcome="applied", assessed=assessed(), told=(TOLD,)), partition=5)
    assert bench.take(TRANSACTIONS, TRANSACTION, muted=True) == []
    assert not bench.core.tally.learning
