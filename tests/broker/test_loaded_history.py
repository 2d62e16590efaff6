"""A deployment that loads its past through real Kafka, and goes live: nothing of the past alerts, and ranks are there.

`fxwatch doctor` and the worker's page say so.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.input_record import InputRecord
from streams.contracts.record_headers import HISTORY_HEADER
from streams.demo.broker import EmbeddedBroker
from streams.generator import Simulation
from streams.kafka import topics
from streams.publication.sending import publish_records
from tests.support import history
from tests.support.cluster import PARTITIONS, Cluster

pytestmark = pytest.mark.broker

EVENTS = 6_000
SETTINGS: dict[str, Any] = {"raw_retention_days": 36_500, "session_timeout_seconds": 20}
# so few payments have few alerts under the shipped ceiling
TABLES = history.TABLES | {"detectors": {"rank_ceiling": 1.0, "most_by_chance": 1e9}}


def outlook_of(cluster: Cluster) -> dict[str, Any]:
    """What `fxwatch doctor` says of this deployment's volume."""
    told: dict[str, Any] = json.loads(cluster.fxwatch("doctor", "--json", check=False).stdout)
    return told["outlook"]


def test_the_past_is_loaded_and_the_first_live_payment_is_ranked(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Five sixths of a stream as history, the rest live: alerts are of the rest, and say among how many they rank."""
    stream = list(Simulation(seed=1, events=EVENTS))
    cut = len(stream) * 5 // 6
    past = [one._replace(headers=(*one.headers, HISTORY_HEADER)) for one in stream[:cut]]
    live: list[InputRecord] = stream[cut:]
    with Cluster(empty_broker.bootstrap, tmp_path, TABLES, **SETTINGS) as cluster:
        (worker,) = cluster.start("all")
        before = outlook_of(cluster)
        assert (before["warm_partitions"], before["payments_a_day"], before["among"]) == (0, 0.0, 0)
        assert before["advice"] == ["send_payments", "load_history"]

        publish_records(cluster.settings, past)
        cluster.wait_drained()
        assert cluster.alerts() == []
        loaded = outlook_of(cluster)
        assert loaded["warm_partitions"] == PARTITIONS
        assert loaded["among"] > EVENTS / 8
        page = worker.page("/startup")
        assert page is not None
        assert "Scores are in use" in page

        publish_records(cluster.settings, live, stamps="now", expected=len(live))
        cluster.wait_drained()
        alerts = cluster.alerts()
        began = min(datetime.fromtimestamp(one.timestamp_ms / 1000, UTC) for one in live)
        unusual = [one for one in alerts if not one.typologies and one.status == "raised"]
        assert unusual
        assert all(one.created_for >= began for one in unusual)
        # ranked from the first one on, by what all partitions had learned of the past
        assert all(isinstance(one.rank_among, int) and one.rank_among > EVENTS / 8 for one in unusual)
        today = outlook_of(cluster)
        assert today["payments_a_day"] == sum(one.topic == topics.TRANSACTIONS for one in live)
