"""What names an alert."""

import hashlib

from detectors.alerting.identity import alert_id, hashed_id, versions
from detectors.contracts.alert import Versions
from detectors.contracts.approvals import Approvals
from tests.support.ledger import START, Ledger, later, payment


def test_the_id_is_a_hash_of_what_decides_the_alert():
    """Event, party, institution, typologies, detector set and rules; `anomaly` where no typology fired."""
    state = Ledger().state
    effective = state.effective
    assert effective is not None
    event = payment("e1", later())
    for typologies, named in ((("T01", "T02"), "T01,T02"), ((), "anomaly")):
        parts = ["monitor", event.identity, event.party, "BANKA", named]
        parts += [effective.detectors_version, effective.rules_version]
        assert alert_id(state, event, typologies) == hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def test_an_id_of_other_parts_is_of_this_agent_too():
    assert hashed_id("a", "b") == hashlib.sha256(b"monitor|a|b").hexdigest()[:32]


def test_the_versions_are_those_in_force():
    state = Ledger().state
    state.code_version = "1.2.3"
    effective = state.effective
    assert effective is not None
    config, detectors, rules = effective.config_version, effective.detectors_version, effective.rules_version
    assert versions(state) == Versions(code="1.2.3", config=config, detectors=detectors, rules=rules)


def test_the_versions_name_who_approved_the_configuration():
    """In the order of their names."""
    state = Ledger().state
    signed = {"Park": "b", "Kim": "a"}
    state.approvals = Approvals(replaces="0" * 64, proposed_at=START, reason="x", signatures=signed)
    assert versions(state).approved_by == ("Kim", "Park")
