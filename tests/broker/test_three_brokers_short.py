"""The chaos suite in short, on a real three-broker cluster. `make chaos` runs the long one."""

import time
from pathlib import Path

import pytest

from tests.support.chaos import run_with_faults
from tests.support.faults import (
    ELECT_LEADERS,
    KILL_BROKER,
    KILL_IN_TRANSACTION,
    KILL_WORKER,
    STOP_WORKER,
)
from tests.support.three_brokers import ThreeBrokers

pytestmark = pytest.mark.broker

SCHEDULE = [KILL_IN_TRANSACTION, ELECT_LEADERS, STOP_WORKER, KILL_BROKER, KILL_WORKER]


def test_nobody_can_tell_what_befell_workers_and_brokers(tmp_path: Path) -> None:
    """Alerts once each, byte for byte as the ledger's pure replay has them; states and inputs add up; none lost."""
    began = time.monotonic()
    with ThreeBrokers(tmp_path) as brokers:
        figures = run_with_faults(
            brokers,
            tmp_path,
            SCHEDULE,
            events=9_000,
            seed=2,
            roles=("all", "all"),
            haste=2.0,
            snapshot_every_events=200,
            session_timeout_seconds=6,
        )
        assert {len(one["replica_nodes"]) for _, one in brokers.partitions()} == {3}
    print(f"\nthree brokers, {time.monotonic() - began:.0f} s in all: {figures}")
    assert figures.kills >= 2
    assert figures.kills_in_transaction == 1
    assert figures.seen_again_uncommitted > 0
