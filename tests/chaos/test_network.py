"""Workers behind a proxy: 100 ms +- 50 latency, resets every 2 s, a blackhole of 20 s. Short version: tests/broker."""

from pathlib import Path

import pytest

from tests.support.network import Trouble, dead, resetting, run_behind, slow
from tests.support.tcp_proxy import ProxiedBroker

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

EVENTS = 6_000


@pytest.mark.parametrize(
    "trouble",
    [("latency", 30.0, slow), ("resets", 30.0, resetting), ("blackhole", 20.0, dead)],
    ids=lambda trouble: trouble[0],
)
def test_a_bad_network_leaves_no_trace(tmp_path: Path, trouble: Trouble) -> None:
    """Nothing lost, alerts once each as the ledger's pure replay has them, and no worker ends."""
    with ProxiedBroker(tmp_path / "kafka", seed=2) as broker:
        figures = run_behind(broker, tmp_path, [trouble, trouble], events=EVENTS, seed=8)
    print(f"\ntwice {trouble[1]:.0f} s of {trouble[0]}: {figures}")
    assert (figures.resets > 0) == (trouble[0] == "resets")
