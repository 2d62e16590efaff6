"""No raw identifier leaves ingest: 5 000 events full of them. `make chaos` runs the long one."""

from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from tests.support.no_identifier import assert_nothing_found, prove

pytestmark = pytest.mark.broker


def test_no_identifier_is_found_behind_the_door(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Ledger, legs, alerts, notices, snapshots, progress, clock, identities, dead-letter headers, logs and pages."""
    proof = prove(empty_broker.bootstrap, tmp_path, events=5_000, session_timeout_seconds=6)
    print(f"\n{proof}")
    assert_nothing_found(proof)
