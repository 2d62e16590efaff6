"""Configurations that earlier releases put in force are read today, and are the same ones.

Failure prevented: a field that a new release writes where nobody gave it changes every configuration's fingerprint.
Then no worker of that release starts with the file that is in force, and workers of both cannot stand side by side.
"""

from pathlib import Path

import msgspec
import pytest

from detectors.contracts.configuration import fingerprint
from streams.contracts.inputs import RulesRecord
from streams.ledger.configuration_in_force import find_differing_tables
from streams.settings import load_settings

KEPT = Path(__file__).parent / "configuration-0.2.0"


@pytest.mark.parametrize("name", ["shipped", "configured"])
def test_what_0_2_0_wrote_has_todays_bytes_and_fingerprint(name: str) -> None:
    """A record of `fx.rules.v1`, read and written again; its id begins with the fingerprint that 0.2.0 gave it."""
    written = (KEPT / f"{name}.json").read_bytes().rstrip(b"\n")
    record = msgspec.json.decode(written, type=RulesRecord)
    assert msgspec.json.encode(record) == written
    assert fingerprint(record.configuration) == record.event_id.partition("-")[0]


def test_a_file_of_0_2_0_says_today_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table that it gives, over the tables that 0.2.0 shipped: only what is shipped may be another today."""
    monkeypatch.setenv("FXWATCH_CONFIG", str(KEPT / "configured.toml"))
    ours = load_settings().effective
    theirs = msgspec.json.decode((KEPT / "configured.json").read_bytes(), type=RulesRecord).configuration
    told = [line.split()[0] for line in find_differing_tables(ours, theirs)]
    assert "[admission]" not in told, "the file gives all of it"
    assert ours.rates.jump == theirs.rates.jump == 0.2  # type: ignore[union-attr]  # both have the table
    assert ours.detectors.warm_up == theirs.detectors.warm_up == 30
