"""A trial of rules over nodes: every rule finds something in what is made up, and what fails in one is told."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.books.payments import Payment, rows_where
from detectors.configuration_trial import trial_fault
from detectors.contracts.limits import Rulebook
from detectors.typologies import NODE_REGISTRY, node_trial
from detectors.typologies.t03_fan import Fan
from detectors.values.legal_calendar import to_us
from tests.support.ledger import configuration

NOON = datetime(2026, 4, 2, 3, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")
KNOWN = configuration()
KINDS = sorted({(rule.id, kind) for rule in NODE_REGISTRY for kind in rule.kinds})


def looks(rule, kind, cents):
    """What a rule finds at the last payment of each direction."""
    view = node_trial._view(kind, cents, Rulebook(KNOWN), to_us(NOON), SEOUL, KNOWN.legend)
    payments = [Payment(*row.tolist()) for row in view.rows[-2:]]
    return [rule.look(view, series, one.time) for one in payments for series in rule.series(view, one)]


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_every_rule_finds_something_on_each_kind_of_thing_under_the_shipped_limits(name, kind):
    """Else its finding, its words and its tests of the law would be tried by nothing."""
    rule = next(one for one in NODE_REGISTRY if one.id == name and kind in one.kinds)
    found = [one for cents in node_trial._AMOUNTS for one in looks(rule, kind, cents)]
    assert [one for one in found if one is not None]


def test_what_is_tried_is_said_before_it_is():
    told = list(node_trial.try_rules(Rulebook(KNOWN), NOON, SEOUL, KNOWN.legend))
    assert len(told) == len(node_trial._AMOUNTS) * len(KINDS)
    assert told[0] == "at T01 over a foreign party"
    assert {one.split()[1] for one in told} == {rule.id for rule in NODE_REGISTRY}


def test_the_payments_are_of_many_residents_in_both_directions_and_hours_apart():
    found = node_trial._rows(450_000, to_us(NOON))
    out = found["flags"] & node_trial.OUT != 0
    for side in (rows_where(found, out), rows_where(found, ~out)):
        assert len(set(side["beneficiary"].tolist())) >= node_trial.RESIDENTS
    assert len(set(found["event"].tolist())) == len(found)
    assert (found["time"][1:] > found["time"][:-1]).all()


def test_a_rule_that_fails_refuses_the_configuration_and_is_named(monkeypatch):
    """Failure prevented: a configuration that every partition of the shared agent stops at."""

    def fails(*_):
        raise ZeroDivisionError("no names")

    changed = msgspec.structs.replace(KNOWN, engine=msgspec.structs.replace(KNOWN.engine, case_window_days=29))
    assert trial_fault(changed) is None
    monkeypatch.setattr(Fan, "look", fails)
    changed = msgspec.structs.replace(KNOWN, engine=msgspec.structs.replace(KNOWN.engine, case_window_days=28))
    fault = trial_fault(changed)
    assert fault is not None
    assert fault.startswith("a trial fails at T03 over a foreign party under the limits of ")
    assert fault.endswith("ZeroDivisionError: no names")


def test_a_rule_that_is_not_switched_on_is_tried_too(monkeypatch):
    """It may be switched on later, by a configuration that changes nothing else."""
    rules = KNOWN.rules | {"T03": msgspec.structs.replace(KNOWN.rules["T03"], enabled=False)}
    seen = []
    monkeypatch.setattr(Fan, "look", lambda *_: seen.append(1))
    # no other test's configuration: the answer of one that was tried is kept
    engine = msgspec.structs.replace(KNOWN.engine, case_window_days=27)
    assert trial_fault(msgspec.structs.replace(KNOWN, rules=rules, engine=engine)) is None
    assert seen


def dates_tried(monkeypatch, configuration):
    """The local days under whose limits Fan looked, in the trial of a configuration."""
    days = []
    monkeypatch.setattr(Fan, "look", lambda _, view, _series, at_us: days.append(view.day(at_us)))
    assert trial_fault(configuration) is None
    return sorted({day.year for day in days})


def test_each_date_that_changes_a_rule_over_shared_things_is_tried_and_no_other(monkeypatch):
    """Of the shipped dates three change T01 or T03; a fourth is tried as soon as one of their limits has it."""
    engine = msgspec.structs.replace(KNOWN.engine, case_window_days=26)
    changed = msgspec.structs.replace(KNOWN, engine=engine)
    assert dates_tried(monkeypatch, changed) == [2001, 2019, 2025]
    rules = KNOWN.rules["T03"]
    (least,) = (one for one in rules.limits if one.name == "names_min")
    later = msgspec.structs.replace(least, effective_from=date(2023, 3, 1), value="9")
    more = KNOWN.rules | {"T03": msgspec.structs.replace(rules, limits=(*rules.limits, later))}
    assert dates_tried(monkeypatch, msgspec.structs.replace(changed, rules=more)) == [2001, 2019, 2023, 2025]
