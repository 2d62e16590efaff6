"""A broker that dies under load: waited for while it is short, one message and a non-zero exit when it is not."""

import itertools
import time
from pathlib import Path

import pytest
from kafka.errors import KafkaError

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from tests.support.at_work import freeze_at_work
from tests.support.cluster import Cluster, assert_exact
from tests.support.worker_process import Worker, reasons

pytestmark = pytest.mark.broker

EVENTS = 6_000
AWAY_SECONDS = 20.0
NO_BROKER = "the broker does not answer"
PATIENCE, LATEST = 8, 28.0


def assert_ended_well(worker: Worker, address: str) -> None:
    """One message with the broker and the patience, and exit code 1."""
    assert worker.process.returncode == 1, worker.words()
    log = worker.log.read_text()
    told = [line for line in log.splitlines() if line.startswith("fxwatch: no broker answered")]
    assert len(told) == 1
    assert address in told[0]
    assert f"broker_patience_seconds = {PATIENCE}" in told[0]
    assert "Traceback" not in log


def answers(cluster: Cluster) -> bool:
    """Whether the test's own admin client has got over the outage."""
    try:
        cluster.committed("monitor")
    except KafkaError:
        return False
    return True


def test_an_outage_is_survived(fresh_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Broker killed for 20 s: nobody ends, /readyz says why, then nothing is missing and each alert stands once."""
    with Cluster(fresh_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        workers = cluster.start("all", "all")
        seeds = itertools.count(5)

        def more() -> None:
            cluster.fxwatch("simulate", "--events", EVENTS, "--seed", next(seeds), "--publish")

        more()
        cluster.until(lambda: cluster.monitored() > EVENTS // 20, 60, "the stream does not begin")
        # all done before the broker died would prove nothing
        freeze_at_work(cluster, workers, lambda: cluster.lag("ingest", *topics.INPUTS) > 0, more)
        fresh_broker.kill()
        for worker in workers:
            worker.thaw()
        began = time.monotonic()
        # a rebalance may be the reason at first
        cluster.until(lambda: all(NO_BROKER in reasons(one) for one in workers), 15, "the outage is not told")
        told = time.monotonic() - began
        while time.monotonic() - began < AWAY_SECONDS:
            assert all(worker.alive() for worker in workers), "\n".join(worker.words() for worker in workers)
            assert {worker.answer("/healthz")[0] for worker in workers} == {200}, "a worker that waits is alive"
            time.sleep(1)
        fresh_broker.start()
        back = time.monotonic()
        cluster.until(lambda: not any(reasons(one) for one in workers), 60, "not ready again")
        resumed = time.monotonic() - back
        cluster.until(lambda: answers(cluster), 60, "the test's own client does not come back")
        drained = cluster.wait_drained(120)
        print(f"\ntold after {told:.1f} s, ready {resumed:.1f} s after the broker, drained {drained:.1f} s later")
        assert_exact(cluster, cluster.replay())
        assert cluster.alerts()


def test_an_outage_longer_than_the_patience_ends_workers_of_each_role(
    fresh_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """One message that names the broker and the patience, exit code 1, not before the patience and soon after it."""
    with Cluster(
        fresh_broker.bootstrap, tmp_path, broker_patience_seconds=PATIENCE, session_timeout_seconds=6
    ) as cluster:
        left = set(cluster.start("ingest", "monitor", "all"))
        began = time.monotonic()
        fresh_broker.kill()
        while left:
            took = time.monotonic() - began
            assert took <= LATEST, "\n".join(worker.words() for worker in left)
            for worker in [worker for worker in left if not worker.alive()]:
                left.remove(worker)
                print(f"\n{worker.role} ended after {took:.1f} s")
                assert took >= PATIENCE
                assert_ended_well(worker, fresh_broker.bootstrap)
            time.sleep(0.1)
        fresh_broker.start()  # what the fixture stops
