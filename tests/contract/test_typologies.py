"""What every typology must keep. A new one in the registry is tested here by itself, on its golden scenario."""

import math
import re
from datetime import UTC, datetime
from functools import cache

import msgspec
import pytest

from detectors.alerting import build
from detectors.contracts.alert import Alert
from detectors.contracts.events import Declaration
from detectors.core import Outputs
from detectors.typologies import REGISTRY
from detectors.typologies.base import Finding, Typology
from detectors.typologies.due import is_woken
from tests.support import golden_scenario
from tests.support.ledger import Ledger, configuration

IDS = [typology.id for typology in REGISTRY]


def stream(identifier: str, ledger: Ledger) -> list[Outputs]:
    """What comes of the typology's first firing golden scenario, under the configuration of a ledger."""
    file = golden_scenario.golden(identifier)
    return [outputs for _, outputs in golden_scenario.pour(ledger, file, golden_scenario.firing(identifier))]


def typology_of(identifier: str) -> Typology:
    """The rule of an id."""
    (found,) = [each for each in REGISTRY if each.id == identifier]
    return found


@cache
def fired(identifier: str) -> tuple[Ledger, list[Alert]]:
    """The ledger of the scenario and its alerts of the typology, for who only looks at them."""
    ledger = Ledger()
    found = [alert for outputs in stream(identifier, ledger) for alert in outputs.alerts]
    return ledger, [alert for alert in found if identifier in {hit.id for hit in alert.typologies}]


@pytest.mark.parametrize("identifier", IDS)
def test_every_typology_has_rules_and_a_name(identifier):
    """A typology without rules in the default configuration is not finished."""
    assert identifier in configuration().rules, f"to do: [rules.{identifier}] in detectors/packs/kr.toml"
    rules = configuration().rules[identifier]
    assert rules.legal_basis
    assert rules.limits
    (typology,) = [each for each in REGISTRY if each.id == identifier]
    assert typology.name_en
    assert typology.name_ko


@pytest.mark.parametrize("identifier", IDS)
def test_its_case_fires_with_limits_measures_and_evidence(identifier):
    """The alert shows dated limits, measured values, a strength above 0 and the trigger among its evidence."""
    ledger, found = fired(identifier)
    assert found
    alert = found[0]
    (hit,) = [each for each in alert.typologies if each.id == identifier]
    assert 0.0 < hit.strength <= 1.0
    assert hit.limits
    assert all(limit.effective_from <= alert.created_for.date() for limit in hit.limits)
    assert hit.measured
    # what a date that passed completes stands at the record that moved the time
    assert alert.trigger_event_id in {item.event_id for item in alert.evidence}
    assert typology_of(identifier).due_dates or alert.position.offset in {item.offset for item in alert.evidence}
    assert len(alert.evidence) <= alert.evidence_total
    by_offset = {origin.offset: (event, origin) for event, origin in ledger.log}
    for item in alert.evidence:
        event, origin = by_offset[item.offset]
        assert (item.event_id, item.commitment, item.topic) == (event.event_id, origin.commitment, origin.source.topic)
        declared = isinstance(event, Declaration)
        assert item.event_time == (event.declared_time if declared else event.event_time)
        assert item.institution == (None if declared else event.institution)


@pytest.mark.parametrize("identifier", IDS)
def test_its_findings_say_which_tests_of_the_law_are_met(identifier, monkeypatch):
    """Some tests with names of their own, texts in both languages, and a missing field only where it cannot be told."""
    findings: list[Finding] = []
    evaluated = build.evaluate

    def noted(context, config):
        fired = evaluated(context, config)
        if context.transaction.institution != "TRIAL":  # of payments by which a new configuration is tried
            findings.extend(finding for typology, finding in fired if typology.id == identifier)
        return fired

    monkeypatch.setattr(build, "evaluate", noted)
    typology = typology_of(identifier)
    if is_woken(typology):
        woken = typology.woken
        monkeypatch.setattr(type(typology), "woken", lambda _, wake: findings.append(woken(wake)) or findings[-1])
    stream(identifier, Ledger())
    findings = [finding for finding in findings if finding is not None]
    assert findings
    for finding in findings:
        names = [test.id for test in finding.tests]
        assert names
        assert len(names) == len(set(names))
        for test in finding.tests:
            assert re.fullmatch("[a-z][a-z0-9_]{0,39}", test.id)
            assert test.missing is None or test.outcome == "cannot_tell"
            assert not re.search("[가-힣]", test.text_en)
            assert re.search("[가-힣]", test.text_ko)


@pytest.mark.parametrize("identifier", IDS)
def test_its_reason_reads_in_both_languages_and_shares_sum_to_one(identifier):
    """Sentences in English and Korean with the amounts, and contributions that add up."""
    _, found = fired(identifier)
    for alert in found:
        (reason,) = [each for each in alert.reasons if each.feature == identifier]
        assert reason.text_en.endswith(".")
        assert any("가" <= letter <= "힣" for letter in reason.text_ko)
        assert "None" not in reason.text_en + reason.text_ko
        assert math.isclose(sum(each.contribution for each in alert.reasons), 1.0)


@pytest.mark.parametrize("identifier", IDS)
def test_its_counterfactuals_hold(identifier):
    """Each proposal that says the alert would not have come says so because the rules were evaluated on it."""
    _, found = fired(identifier)
    for alert in found:
        # where a date completes it, there is no payment that could have been another
        assert bool(alert.counterfactual) != bool(typology_of(identifier).due_dates)
        assert not alert.counterfactual or not alert.counterfactual[0].would_alert


@pytest.mark.parametrize("identifier", IDS)
def test_evaluating_changes_nothing(identifier, monkeypatch):
    """`evaluate` and `changes` are pure: evaluated more often at every event, the log gives the same state."""
    ledger, _ = fired(identifier)
    evaluated = build.evaluate

    def thrice(context, config):
        for typology, finding in evaluated(context, config):
            typology.changes(context, finding)
        evaluated(context, config)
        return evaluated(context, config)

    monkeypatch.setattr(build, "evaluate", thrice)
    again = Ledger()
    stream(identifier, again)
    assert again.state.freeze().digest() == ledger.state.freeze().digest()


@pytest.mark.parametrize("identifier", IDS)
def test_a_disabled_typology_is_silent(identifier):
    """`enabled = false` stops it from firing."""
    ledger = Ledger(configuration(rules={identifier: {"enabled": False}}))
    found = [alert for outputs in stream(identifier, ledger) for alert in outputs.alerts]
    assert identifier not in {hit.id for alert in found for hit in alert.typologies}


@pytest.mark.parametrize("identifier", IDS)
def test_before_its_first_limit_it_is_silent(identifier):
    """A stream of a time for which no limit is known raises nothing: no law of another time is applied."""
    rules = configuration().rules[identifier]
    far = datetime(2030, 1, 1, tzinfo=UTC).date()
    newest = {limit.name: msgspec.structs.replace(limit, effective_from=far) for limit in rules.limits}
    limits = [msgspec.to_builtins(limit) for limit in newest.values()]
    ledger = Ledger(configuration(rules={identifier: {"limits": limits}}))
    found = [alert for outputs in stream(identifier, ledger) for alert in outputs.alerts]
    assert identifier not in {hit.id for alert in found for hit in alert.typologies}


@pytest.mark.parametrize("identifier", IDS)
def test_the_same_log_gives_the_same_bytes(identifier):
    """Alerts depend on the log alone."""
    first = [msgspec.json.encode(alert) for alert in fired(identifier)[1]]
    assert first == [msgspec.json.encode(alert) for alert in fired.__wrapped__(identifier)[1]] != []
