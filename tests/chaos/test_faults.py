"""Faults of workers and brokers on a real three-broker cluster, kind by kind and mixed. `make chaos` runs them.

Each test is some minutes long. CHAOS_SEED draws other victims, moments and another random schedule.
"""

import os
from pathlib import Path

import pytest

from tests.support.chaos import run_with_faults
from tests.support.faults import (
    ELECT_LEADERS,
    KILL_BROKER,
    KILL_IN_TRANSACTION,
    STOP_WORKER,
    TERMINATE_WORKER,
    all_away,
    random_schedule,
    scale_to,
)
from tests.support.three_brokers import ThreeBrokers

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(2400)]

SEED = int(os.environ.get("CHAOS_SEED", "11"))
FAULTS = int(os.environ.get("CHAOS_FAULTS", "15"))
AWAY_SECONDS = 60.0


def test_workers_come_and_go(brokers: ThreeBrokers, tmp_path: Path) -> None:
    """1 -> 3 -> 2 workers ten times: nobody can tell, and each that goes exits 0 in time."""
    schedule = [scale_to(count) for _ in range(10) for count in (1, 3, 2)]
    figures = run_with_faults(brokers, tmp_path, schedule, events=60_000, seed=SEED, roles=("all",))
    print(f"\n1 -> 3 -> 2 workers ten times: {figures}")
    assert len(figures.exits) >= 19


def test_brokers_fail(brokers: ThreeBrokers, tmp_path: Path) -> None:
    """Brokers killed one by one, leaders elected, all away for 60 s: workers go on by themselves, nothing is lost."""
    schedule = [
        KILL_BROKER,
        ELECT_LEADERS,
        KILL_BROKER,
        all_away(AWAY_SECONDS),
        ELECT_LEADERS,
        KILL_BROKER,
        KILL_IN_TRANSACTION,
    ]
    figures = run_with_faults(brokers, tmp_path, schedule, events=60_000, seed=SEED, roles=("all", "all"))
    print(f"\nbroker faults: {figures}")
    assert (figures.broker_kills, figures.elections, figures.outages) == (3, 2, 1)
    assert figures.kills_in_transaction == 1


def test_zombies_write_nothing_that_is_seen(brokers: ThreeBrokers, tmp_path: Path) -> None:
    """Stopped until others have taken over, most in the middle of a transaction, then continued: as if never there."""
    figures = run_with_faults(
        brokers, tmp_path, [STOP_WORKER] * 6, events=60_000, seed=SEED, roles=("all", "ingest", "monitor")
    )
    print(f"\nSIGSTOP and SIGCONT: {figures}")
    assert figures.zombies_back + figures.zombies_ended == 6
    assert figures.stops_in_transaction > 0, "no zombie had anything to write: they prove little"


def test_workers_are_told_to_stop(brokers: ThreeBrokers, tmp_path: Path) -> None:
    """SIGTERM ten times: each drains and exits 0 in less than 5 s, and its work is taken over exactly."""
    figures = run_with_faults(
        brokers, tmp_path, [TERMINATE_WORKER] * 10, events=40_000, seed=SEED, roles=("all", "ingest", "monitor")
    )
    print(f"\nSIGTERM: {figures}")
    assert len(figures.exits) == 10


def test_faults_at_random(brokers: ThreeBrokers, tmp_path: Path) -> None:
    """CHAOS_FAULTS faults drawn by their weights from CHAOS_SEED: nobody can tell what befell workers and brokers."""
    schedule = random_schedule(SEED, FAULTS)
    print(f"\nCHAOS_SEED={SEED} CHAOS_FAULTS={FAULTS}: {', '.join(fault.name for fault in schedule)}")
    figures = run_with_faults(brokers, tmp_path, schedule, events=100_000, seed=SEED, roles=("all", "all"))
    print(f"random schedule, CHAOS_SEED={SEED}: {figures}")
