"""A key rotation in mid-stream changes names and nothing else: the short one. `make chaos` runs the long one."""

from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from tests.support.rotated_stream import rotate

pytestmark = pytest.mark.broker


def test_a_rolling_rotation_changes_names_only(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Two workers restarted one by one, one by kill -9: nothing twice, no break in totals, alerts or verdicts."""
    figures = rotate(empty_broker.bootstrap, tmp_path, events=2_400, rounds=2, session_timeout_seconds=6)
    print(f"\nkey rotation: {figures}")
    assert figures.kills == 1
