"""The chaos suite in short: one `kill -9` of each role in the middle of a stream. `make chaos` runs the long one."""

from pathlib import Path

import pytest

from streams.broker import EmbeddedBroker
from tests.support.chaos import run_with_kills

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("victims", ["monitor", "ingest"])
def test_nobody_can_tell_that_a_worker_was_killed(empty_broker: EmbeddedBroker, tmp_path: Path, victims: str) -> None:
    """Every alert once for a read_committed reader, as the ledger's pure replay has it; states and inputs add up."""
    figures = run_with_kills(empty_broker.bootstrap, tmp_path, events=8_000, victims=victims, kills=1,
                             snapshot_every_events=200, session_timeout_seconds=6)  # fmt: skip
    print(f"\nkill -9 of a {victims} worker: {figures}")
    assert figures.kills == 1
