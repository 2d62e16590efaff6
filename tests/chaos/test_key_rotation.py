"""A key rotation in mid-stream changes names and nothing else: 60 000 events, four workers. `make chaos` runs it."""

from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from tests.support.rotated_stream import rotate

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

FOR_EVER_DAYS = 36_500


def test_a_rolling_rotation_of_four_workers_changes_names_only(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Four workers restarted one by one, two by kill -9: nothing twice, no break in totals, alerts and verdicts."""
    figures = rotate(
        empty_broker.bootstrap, tmp_path, events=60_000, rounds=4, seed=3, raw_retention_days=FOR_EVER_DAYS
    )
    print(f"\nkey rotation: {figures}")
    assert figures.kills == 2
    assert figures.old_after_new > 0, "no worker was behind: the test proves too little"
