"""No raw identifier leaves ingest: 100 000 events full of them. `make chaos` runs it."""

from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from tests.support.no_identifier import assert_nothing_found, prove

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]


def test_no_identifier_of_a_hundred_thousand_events_is_found(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Ledger, legs, alerts, notices, snapshots, progress, clock, identities, dead-letter headers, logs and pages."""
    proof = prove(empty_broker.bootstrap, tmp_path, events=100_000, seed=2)
    print(f"\nidentifier scan of 100 000 events: {proof}")
    assert_nothing_found(proof)
