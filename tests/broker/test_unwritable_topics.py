"""An output topic that does not take writes: input stops, health says why, nothing is acknowledged past the write."""

import time
from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from tests.support.chaos import MANY_ALERTS
from tests.support.cluster import PATIENCE, Cluster, assert_exact
from tests.support.topic_deletion import delete_topics
from tests.support.topic_settings import assert_not_acknowledged, named, send_bad, set_topic
from tests.support.worker_process import reasons

pytestmark = pytest.mark.broker

EVENTS = 1_500
# smaller than any dead letter or alert, so that the broker refuses each of them for good
TOO_SMALL = {"max.message.bytes": "150"}
# longer than a commit interval (2.8 s at most), by which committed offsets follow the work
STANDSTILL_SECONDS = 3.0
SETTLE_SECONDS = 30.0 * PATIENCE


def assert_standing_still(cluster: Cluster) -> None:
    """Nothing is acknowledged any more, by either agent: two readings agree within a while, then a third does too."""
    deadline, before = time.monotonic() + SETTLE_SECONDS, (-1, -1)
    while (now := (cluster.ingested(), cluster.monitored())) != before:
        assert time.monotonic() < deadline, f"input goes on: {now} after {before}"
        before = now
        time.sleep(STANDSTILL_SECONDS)
    time.sleep(STANDSTILL_SECONDS)
    assert (cluster.ingested(), cluster.monitored()) == before


def test_input_stands_still_while_topics_are_missing(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Alert and dead-letter topic deleted: both are named with the remedy, nothing moves; then it goes on, exact."""
    gone = (topics.ALERTS, topics.DEADLETTER)
    with Cluster(empty_broker.bootstrap, tmp_path, MANY_ALERTS, session_timeout_seconds=6) as cluster:
        workers = cluster.start("ingest", "monitor")
        delete_topics(empty_broker.bootstrap, *gone)
        cluster.fxwatch("simulate", "--events", EVENTS, "--seed", 5, "--publish")
        place, bad = send_bad(empty_broker.bootstrap)
        for topic, worker in zip(gone, reversed(workers), strict=True):
            cluster.until(
                lambda topic=topic, worker=worker: named(worker, topic, "fxwatch topics apply"),
                40,
                f"{topic} is not named",
            )
            assert worker.answer("/healthz")[0] == 200, "a worker that waits for a topic is alive"
        assert_standing_still(cluster)
        assert cluster.committed("ingest").get(place, 0) <= bad
        cluster.fxwatch("topics", "apply")
        mended = cluster.until(lambda: not any(reasons(worker) for worker in workers), 60, "not ready again")
        drained = cluster.wait_drained(60)
        assert_exact(cluster, cluster.replay())
        print(f"\ntopics missing: ready {mended:.1f} s after they were there again, drained {drained:.1f} s later")


def test_a_topic_that_refuses_for_good_ends_the_worker(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """One message with topic and remedy, exit 1, nothing acknowledged; after mending everything is there once."""
    with Cluster(empty_broker.bootstrap, tmp_path, MANY_ALERTS, session_timeout_seconds=6) as cluster:
        workers = dict(zip((topics.DEADLETTER, topics.ALERTS), cluster.start("ingest", "monitor"), strict=True))
        for topic in workers:
            set_topic(empty_broker.bootstrap, topic, TOO_SMALL)
        cluster.fxwatch("simulate", "--events", EVENTS, "--seed", 5, "--publish")
        cluster.until(lambda: not workers[topics.ALERTS].alive(), 30, "the monitor goes on", may_end=workers.values())
        place, bad = send_bad(empty_broker.bootstrap)
        cluster.until(lambda: not workers[topics.DEADLETTER].alive(), 30, "ingest goes on", may_end=workers.values())
        for topic, worker in workers.items():
            assert worker.process.returncode == 1
            told = [line for line in worker.log.read_text().splitlines() if line.startswith("fxwatch: fx.")]
            assert len(told) == 1, worker.words()
            assert told[0].startswith(f"fxwatch: {topic}[")
            assert "max.message.bytes" in told[0]
            assert "fxwatch topics apply" in told[0]
            assert "Traceback" not in worker.log.read_text()
        assert cluster.committed("ingest").get(place, 0) <= bad
        assert_not_acknowledged(cluster, topics.ALERTS)
        cluster.fxwatch("topics", "apply")
        cluster.workers.clear()  # those two have ended, as they should
        cluster.start("ingest", "monitor")
        cluster.wait_drained(60)
        assert_exact(cluster, cluster.replay())
