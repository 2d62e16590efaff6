"""Challengers on real Kafka: what they would have alerted is published once each through kill -9, beside the alerts."""

import json
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w

from detectors.contracts.alert import Alert
from detectors.contracts.shadow import Shadow
from streams.demo.broker import EmbeddedBroker
from streams.generator import Simulation
from streams.kafka import topics
from streams.publication.sending import publish_records
from tests.support.cluster import Cluster, assert_exact

pytestmark = pytest.mark.broker

EVENTS = 700
SETTINGS = {"session_timeout_seconds": 6, "run_records": 25, "snapshot_every_events": 60}
DIES = ("tests.support.dies_telling", "worker")
EAGER: dict[str, Any] = {"warm_up": 5, "daily_budget": 2_000.0, "rank_ceiling": 1.0, "most_by_chance": 1e9}
TABLES = {
    "detectors": EAGER,
    "challengers": {
        "robust": {"members": {"robust_z": {}}},
        "trees": {"members": {"half_space_trees": {"trees": 5.0, "height": 4.0}, "windowed_tails": {}}},
    },
}


def test_alerts_and_shadow_records_are_published_once_each_through_a_kill(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """A worker dies in its first transaction with a shadow record; others go on, from the snapshots that it left."""
    with Cluster(empty_broker.bootstrap, tmp_path, TABLES, **SETTINGS) as cluster:
        cluster.environment["DIES_WRITING_TO"] = topics.SHADOW
        victim = cluster.spawn("monitor", DIES)
        cluster.start("all")
        publish_records(cluster.settings, Simulation(seed=5, events=EVENTS), stamps="now", expected=EVENTS)
        cluster.until(lambda: victim.process.poll() is not None, 120, "the worker shadowed nothing")
        assert victim.process.returncode == -signal.SIGKILL
        cluster.start("monitor")
        cluster.wait_drained(120)

        found = [msgspec.json.decode(one.value, type=Shadow) for _, one in cluster.read(topics.SHADOW)]
        seen = sum(cluster.count_uncommitted(topics.SHADOW).values())
        assert seen > len(found), "no record of an open transaction was left by the kill"
        assert {one.challenger for one in found} == {"robust", "trees"}
        named = [(one.challenger, one.position.partition, one.position.offset) for one in found]
        assert len(set(named)) == len(named)
        alerts = {
            one.alert_id
            for one in (msgspec.json.decode(record.value, type=Alert) for _, record in cluster.read(topics.ALERTS))
        }
        both = {one.champion_alert_id for one in found} - {None}
        assert both
        assert both <= alerts
        # every topic of the monitor, this one too, is what a replay of the ledger gives, byte for byte
        assert_exact(cluster, cluster.replay(), from_ledger=True)
        cluster.fxwatch("rescore", "--all")


def test_a_promotion_is_put_in_force_by_a_report_alone_and_says_what_goes_on(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """Refused without one; with one the command says, before it sends, which models go on and which start anew."""
    with Cluster(empty_broker.bootstrap, tmp_path, TABLES) as cluster:
        before = cluster.settings.effective
        champion, robust = (msgspec.to_builtins(one) for one in (before.detectors, before.challenging["robust"]))
        promoted = {"detectors": robust, "challengers": {"former": champion}}
        file = tmp_path / "fxwatch.toml"
        file.write_text(tomli_w.dumps(promoted))
        refused = cluster.fxwatch("rules", "apply", check=False)
        assert refused.returncode != 0
        assert "promotes a challenger without a report" in refused.stderr

        file.write_text(tomli_w.dumps(promoted | {"promotion": {"report": "ab" * 32}}))
        shown = cluster.fxwatch("rules", "diff")
        told = cluster.fxwatch("rules", "apply").stdout
        for said in (shown.stdout, told):
            assert f"by report {'ab' * 32}: nobody compared it here (--report)" in said
            assert "go on with what they learned as [challengers.robust]" in said
            assert "go on with what they learned as [detectors]" in said
            assert "models of [challengers.trees]" in said
            assert "stop, and what they learned is forgotten" in said
        in_force = json.loads(cluster.fxwatch("rules", "show", "--json").stdout)["configuration"]
        assert in_force["promotion"] == {"report": "ab" * 32}
        assert in_force["detectors"]["members"] == {"robust_z": {}}
