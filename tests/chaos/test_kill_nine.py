"""The promise to users under `kill -9`: 100 000 events, five kills, two workers throughout. `make chaos` runs it."""

from pathlib import Path

import pytest

from streams.broker import EmbeddedBroker
from tests.support.chaos import run_with_kills

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

FOR_EVER_DAYS = 36_500


@pytest.mark.parametrize("victims", ["monitor", "ingest"])
def test_nobody_can_tell_that_workers_were_killed(empty_broker: EmbeddedBroker, tmp_path: Path, victims: str) -> None:
    """Every alert once for a read_committed reader, as the ledger's pure replay has it; states and inputs add up."""
    figures = run_with_kills(empty_broker.bootstrap, tmp_path, events=100_000, victims=victims, kills=5, seed=5,
                             raw_retention_days=FOR_EVER_DAYS)  # fmt: skip
    print(f"\nkill -9 of {victims} workers: {figures}")
    assert figures.kills == 5


def test_two_hundred_thousand_events_add_up(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Without kills: all of it reconciled, no worker restarts, and the state is that of the ledger."""
    figures = run_with_kills(empty_broker.bootstrap, tmp_path, events=200_000, victims=None, kills=0, seed=6,
                             raw_retention_days=FOR_EVER_DAYS)  # fmt: skip
    print(f"\n200 000 events: {figures}")
    assert figures.redelivered == 0
