"""An output topic with too few replicas in sync, one broker of three away: waited for, for as long as it takes."""

import time
from pathlib import Path

import pytest

from streams.kafka import topics
from tests.support.chaos import MANY_ALERTS
from tests.support.cluster import Cluster, assert_exact
from tests.support.three_brokers import ThreeBrokers
from tests.support.topic_settings import assert_not_acknowledged, assert_nothing_skipped, named, send_bad, set_topic
from tests.support.worker_process import reasons

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

EVENTS = 3_000
# three replicas, of which one is away: every write is answered with NotEnoughReplicas until it is back
ALL_THREE, TWO = {"min.insync.replicas": "3"}, {"min.insync.replicas": "2"}
# longer than the transaction time-out (10 s) and the broker's look for such transactions (10 s): it ends ours itself
UNWRITABLE_SECONDS = 45.0
DESK = topics.desk_topic("compliance")


@pytest.mark.parametrize("topic", [topics.ALERTS, DESK, topics.DEADLETTER, topics.LEDGER])
def test_input_stands_still_until_the_topic_takes_writes(tmp_path: Path, topic: str) -> None:
    """/readyz names topic, cause and remedy, nothing is acknowledged; then it goes on by itself, exact."""
    with (
        ThreeBrokers(tmp_path / "kafka") as brokers,
        Cluster(brokers.bootstrap, tmp_path, MANY_ALERTS, cold=True, transaction_timeout_seconds=10) as cluster,
    ):
        workers = cluster.start("ingest", "monitor")
        waiting = workers[topic in (topics.ALERTS, DESK)]
        brokers.kill([3])
        set_topic(brokers.bootstrap, topic, ALL_THREE)
        place, bad = send_bad(brokers.bootstrap)
        cluster.fxwatch("simulate", "--events", EVENTS, "--seed", 5, "--publish")
        told = cluster.until(lambda: named(waiting, topic, "NotEnoughReplicas"), 60, f"{topic} is not named")
        [reason] = [reason for reason in reasons(waiting) if reason.startswith(topic)]
        assert "min.insync.replicas" in reason
        began = time.monotonic()
        while time.monotonic() - began < UNWRITABLE_SECONDS:
            assert all(worker.alive() for worker in workers), "\n".join(worker.words() for worker in workers)
            assert waiting.answer("/healthz")[0] == 200, "a worker that waits for a topic is alive"
            time.sleep(1)
        if waiting is workers[1]:
            assert_not_acknowledged(cluster, topic)
        elif topic == topics.LEDGER:  # the bad record's letter can be written
            assert_nothing_skipped(cluster)
        else:
            assert cluster.when_answered(lambda: cluster.committed("ingest")).get(place, 0) <= bad
        set_topic(brokers.bootstrap, topic, TWO)
        mended = cluster.until(lambda: not any(reasons(worker) for worker in workers), 120, "not ready again")
        drained = cluster.wait_drained(180)
        assert all(worker.alive() for worker in workers)
        assert_exact(cluster, cluster.replay())
        print(
            f"\n{topic}: told after {told:.1f} s, unwritable {UNWRITABLE_SECONDS:.0f} s, ready {mended:.1f} s after, "
            f"drained {drained:.1f} s later"
        )
