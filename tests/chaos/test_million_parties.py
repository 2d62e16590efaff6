"""State of a million parties: how long saving and loading take, and whether the event loop ever stands still."""

import os
from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from tests.support.cluster import Cluster
from tests.support.million_parties import measured_apart

pytestmark = pytest.mark.chaos

PARTIES = int(os.environ.get("PARTIES", "1_000_000"))
# DESIGN section 4: all partitions in one process
SECONDS, STALL_MS = 60.0, 50.0
# what the default interval (60 s a partition) brings at 1 000 events/s
EVENTS_PER_INTERVAL = 60_000


def test_a_million_parties_are_saved_and_loaded(tmp_path: Path) -> None:
    """All twelve partitions are saved and loaded in under 60 s each, and the loop is never held for 50 ms."""
    with EmbeddedBroker(tmp_path / "kafka") as broker, Cluster(broker.bootstrap, tmp_path, cold=True) as cluster:
        saved = measured_apart(cluster, "save", PARTIES)
        print(f"\n{PARTIES:,} parties: saved {saved}")
        loaded = measured_apart(cluster, "load", PARTIES)
    share = saved["cpu_seconds"] / EVENTS_PER_INTERVAL * 1e6
    print(
        f"{PARTIES:,} parties: loaded {loaded}, "
        f"full copies at the default interval and 1 000 events/s cost {share:.0f} us an event"
    )
    assert loaded["parties"] >= PARTIES // 12 * 12
    assert saved["seconds"] < SECONDS
    assert loaded["seconds"] < SECONDS
    assert max(saved["stall_ms_max"], loaded["stall_ms_max"]) <= STALL_MS
