"""A broker that dies under load: waited for while it is short, one message and a non-zero exit when it is not."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from kafka.errors import KafkaError

from streams.broker import EmbeddedBroker
from tests.support.cluster import Cluster, Worker, assert_exact

pytestmark = pytest.mark.broker

EVENTS = 6_000


def ready_page(worker: Worker) -> dict:
    """What /readyz says, whatever its status."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/readyz", timeout=5) as answer:
            return {"status": 200, **json.loads(answer.read())}
    except urllib.error.HTTPError as refusal:
        return {"status": refusal.code, **json.loads(refusal.read())}


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
        cluster.fxwatch("simulate", "--events", str(EVENTS), "--seed", "5", "--publish")
        cluster.until(lambda: cluster.monitored() > EVENTS // 20, 60, "the stream does not begin")
        fresh_broker.kill()
        began = time.monotonic()
        cluster.until(lambda: all(ready_page(one)["status"] == 503 for one in workers), 15, "not told as not ready")
        told = time.monotonic() - began
        assert all("the broker does not answer" in ready_page(one)["reasons"] for one in workers)
        while time.monotonic() - began < 20:
            assert all(worker.alive() for worker in workers), "\n".join(worker.words() for worker in workers)
            assert all(worker.page("/healthz") for worker in workers), "a worker that waits is alive"
            time.sleep(1)
        fresh_broker.start()
        back = time.monotonic()
        cluster.until(lambda: all(ready_page(one)["status"] == 200 for one in workers), 60, "not ready again")
        resumed = time.monotonic() - back
        cluster.until(lambda: answers(cluster), 60, "the test's own client does not come back")
        drained = cluster.wait_drained(120)
        print(f"\ntold after {told:.1f} s, ready {resumed:.1f} s after the broker, drained {drained:.1f} s later")
        assert_exact(cluster, cluster.replay())
        assert cluster.alerts()
        assert cluster.stop(workers) == [0, 0]


@pytest.mark.parametrize("role", ["ingest", "monitor", "all"])
def test_an_outage_longer_than_the_patience_ends_the_worker(
    fresh_broker: EmbeddedBroker, tmp_path: Path, role: str
) -> None:
    """One message that names the broker and the patience, exit code 1, within ten seconds of the patience."""
    with Cluster(fresh_broker.bootstrap, tmp_path, broker_patience_seconds=8, session_timeout_seconds=6) as cluster:
        [worker] = cluster.start(role)
        fresh_broker.kill()
        began = time.monotonic()
        worker.process.wait(25)
        took = time.monotonic() - began
        print(f"\n{role} ended after {took:.1f} s")
        assert worker.process.returncode == 1
        told = [line for line in worker.log.read_text().splitlines() if line.startswith("fxwatch: no broker answered")]
        assert len(told) == 1
        assert fresh_broker.bootstrap in told[0]
        assert "broker_patience_seconds = 8" in told[0]
        assert "Traceback" not in worker.log.read_text()
        assert 8 <= took <= 18
        fresh_broker.start()  # what the fixture stops
