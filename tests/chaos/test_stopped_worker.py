"""A worker that the kernel stops (SIGSTOP) long enough to lose its partitions, and that comes back as a zombie."""

import signal
import time
from pathlib import Path

import pytest

from streams import topics
from streams.broker import EmbeddedBroker
from streams.publish import publish_records
from streams.simulate import Simulation
from tests.support.cluster import PARTITIONS, Cluster, assert_exact

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

EVENTS = 40_000
STOPPED_SECONDS = 15.0


@pytest.mark.parametrize("role", ["monitor", "ingest"])
def test_a_zombie_writes_nothing_that_is_seen(empty_broker: EmbeddedBroker, tmp_path: Path, role: str) -> None:
    """Stopped for 15 s in the middle of a backlog, continued: alerts once each, states and inputs add up."""
    with Cluster(empty_broker.bootstrap, tmp_path, snapshot_every_events=1_000) as cluster:
        publish_records(
            empty_broker.bootstrap, Simulation(seed=7, events=EVENTS, bad_share=0.01), stamps="now", expected=EVENTS
        )
        workers = {other: cluster.start(other, other) for other in ("ingest", "monitor")}
        zombie, healthy = workers[role]
        cluster.until(
            lambda: (cluster.ingested() if role == "ingest" else cluster.monitored()) > EVENTS // 8,
            60,
            "nothing is done",
        )
        zombie.process.send_signal(signal.SIGSTOP)
        time.sleep(STOPPED_SECONDS)
        zombie.process.send_signal(signal.SIGCONT)
        continued = time.monotonic()
        # what it still had in hand is written, or refused, before it is ready again or gone
        cluster.until(lambda: not zombie.alive() or zombie.page("/readyz") is not None, 120, "the zombie is undecided",
                      may_end=[zombie])  # fmt: skip
        cluster.wait_drained(300, may_end=[zombie])
        code = zombie.process.poll()
        print(
            f"\n{role} stopped for {STOPPED_SECONDS:.0f} s: "
            f"drained {time.monotonic() - continued:.1f} s after it went on; "
            + ("it works on" if code is None else f"it ended with {code}")
        )
        assert_exact(cluster, cluster.replay())
        assert healthy.alive()
        assert cluster.lag("monitor", topics.LEDGER) == 0
        if code is None and role == "monitor":
            assert cluster.running_partitions() == PARTITIONS
