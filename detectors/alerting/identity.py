"""What names an alert, and under which versions of code and configuration it came about."""

import hashlib

import msgspec

from detectors.contracts.alert import Versions
from detectors.contracts.events import Transaction
from detectors.memory.state import PartitionState

AGENT = "monitor"
ID_DIGITS = 32


def hashed_id(*parts: str) -> str:
    """The id of an alert of this agent: 32 hex digits of a hash of what decides it, so that a replay gives the same."""
    return hashlib.sha256("|".join((AGENT, *parts)).encode()).hexdigest()[:ID_DIGITS]


def alert_id(state: PartitionState, event: Transaction, typologies: tuple[str, ...]) -> str:
    """By event identity with party and institution, typologies, detector set version and rule-set hash."""
    effective = state.effective
    assert effective is not None
    named = ",".join(typologies or ("anomaly",))
    return hashed_id(
        event.identity, event.party, event.institution, named, effective.detectors_version, effective.rules_version
    )


def versions(state: PartitionState) -> Versions:
    """The code that runs, the fingerprints of what is in force, and who approved it where somebody had to."""
    effective = state.effective
    assert effective is not None
    return Versions(
        code=state.code_version,
        config=effective.config_version,
        detectors=effective.detectors_version,
        rules=effective.rules_version,
        approved_by=msgspec.UNSET if state.approvals is None else state.approvals.names,
    )
