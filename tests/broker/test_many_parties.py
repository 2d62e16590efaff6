"""State of 60 000 parties is saved and loaded. The million, and the bound on stalls of the loop: tests/chaos."""

from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from tests.support.cluster import Cluster, patiently
from tests.support.million_parties import measured_apart

pytestmark = pytest.mark.broker

PARTIES = 60_000
# a million in 60 s, by proportion, and what a machine that runs other tests takes besides
SECONDS = 10.0


def test_many_parties_are_saved_and_loaded(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Every party comes back; stalls are printed and not judged, because this machine may be busy."""
    with Cluster(empty_broker.bootstrap, tmp_path) as cluster:
        saved = measured_apart(cluster, "save", PARTIES)
        loaded = measured_apart(cluster, "load", PARTIES)
    print(f"\n{PARTIES:,} parties: saved {saved}, loaded {loaded}")
    assert loaded["parties"] >= PARTIES
    assert saved["seconds"] < patiently(SECONDS)
    assert loaded["seconds"] < patiently(SECONDS)
