"""The chaos suite's network in short: slow, resetting, then dead for longer than a session. `make chaos`: long ones."""

from pathlib import Path

import pytest

from tests.support.network import dead, resetting, run_behind, slow
from tests.support.tcp_proxy import ProxiedBroker

pytestmark = pytest.mark.broker


def test_a_bad_network_leaves_no_trace(tmp_path: Path) -> None:
    """Latency, resets and a blackhole one after the other: nothing lost, alerts once each, no worker ends."""
    troubles = [("latency", 4.0, slow), ("resets", 4.5, resetting), ("blackhole", 8.0, dead)]
    with ProxiedBroker(tmp_path / "kafka", seed=1) as broker:
        figures = run_behind(broker, tmp_path, troubles, events=1_500, seed=5, session_timeout_seconds=6)
    print(f"\nbad network: {figures}")
    assert figures.resets > 0
