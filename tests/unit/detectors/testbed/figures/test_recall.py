"""Recall on streams of a few payments whose answer is worked out by hand."""

import numpy as np
import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.money import money
from detectors.testbed.figures.recall import NEVER_US, first_alerts, named_cases, recall
from detectors.testbed.ground import lay_ground
from detectors.testbed.statistics import wilson
from detectors.testbed.truth import Truth
from tests.support.synthetic_result import case, ground, lookalike, mask, payment, sheet, two_cases

DRAWS = Draws(300, 1)


def test_an_alert_inside_and_one_outside_a_case():
    """An alert on a's second payment finds a's case; one on b 36 days after its last event finds nothing."""
    found = first_alerts(two_cases(), mask(8, 1, 6)) != NEVER_US
    told = recall(two_cases(), mask(8, 1, 6), found, DRAWS)
    assert found.tolist() == [True, False]
    assert told.overall.value == 0.5
    assert (told.by_typology["T01"].value, told.by_typology["T02"].value) == (1.0, 0.0)
    assert (told.by_variant["template"].value, told.by_variant["slow"].value) == (1.0, 0.0)
    assert sorted(told.by_typology_variant) == ["T01/template", "T02/slow"]


def test_a_case_is_found_on_its_party_for_thirty_days():
    """29 days after the last event an alert on the party still finds the case; on another party it never does."""
    found = first_alerts(two_cases(), mask(8, 5)) != NEVER_US
    assert found.tolist() == [False, True]
    assert recall(two_cases(), mask(8, 5), found, DRAWS).on_events.value == 0.0
    assert (first_alerts(two_cases(), mask(8, 7)) == NEVER_US).all()


def test_a_case_is_named_only_where_its_own_typology_fired():
    """Three cases are found; at the alert the own typology of one fired, another's of the second, none of the third.

    What fired at a payment without an alert names nothing, and an alert on the party names as well as one on an event.
    """
    rows = [
        payment("a0", "a", 1, fired=[("T01", 0.9), ("T02", 0.4)]),
        payment("b0", "b", 1, fired=[("T02", 0.9)]),
        payment("c0", "c", 1),
        payment("c1", "c", 2, fired=[("T03", 0.9)]),
        payment("d0", "d", 1),
        payment("d1", "d", 2, fired=[("T02", 0.5)]),
    ]
    own = {"a": "T01", "b": "T01", "c": "T03", "d": "T02"}
    cases = [case(f"{name}-0001", party, [f"{party}0"], (1, 1)) for party, name in own.items()]
    told = ground(rows, cases)
    alerts = mask(6, 0, 1, 2, 5)
    named = named_cases(told, alerts)
    assert (named.tolist(), named.dtype) == ([True, False, False, True], np.bool_)
    figures = recall(told, alerts, first_alerts(told, alerts) != NEVER_US, DRAWS)
    assert (figures.overall.value, figures.named.value) == (1.0, 0.5)
    assert {name: one.value for name, one in figures.named_by_typology.items()} == {"T01": 0.5, "T02": 1.0, "T03": 0.0}
    assert {name: one.value for name, one in figures.named_by_typology_variant.items()} == {
        "T01/template": 0.5,
        "T02/template": 1.0,
        "T03/template": 0.0,
    }
    # drawn as the cases found are: the same share has the same interval
    many = ground(
        [payment(f"p{n}", f"p{n}", 1, fired=[("T01", 0.9)] * (n < 7)) for n in range(31)],
        [case(f"T01-{n:04}", f"p{n}", [f"p{n}"], (1, 1)) for n in range(31)],
    )
    everything = mask(31, *range(31))
    figures = recall(many, everything, named_cases(many, everything), DRAWS)
    assert figures.overall == figures.named


def test_the_thirtieth_day_still_counts():
    """An alert exactly 30 days after the last event finds the case; a second later finds nothing."""
    rows = [payment("e", "a", 1), payment("on", "a", 31), payment("late", "a", 31 + 1 / 86_400)]
    told = ground(rows, [case("T01-0001", "a", ["e"], (1, 1))])
    assert (first_alerts(told, mask(3, 1)) != NEVER_US).all()
    assert (first_alerts(told, mask(3, 2)) == NEVER_US).all()


def test_a_party_is_found_from_the_first_event_on_only():
    """An alert on the party the day before the case begins finds nothing; everybody involved counts afterwards."""
    rows = [payment("e0", "a", 1), payment("e1", "a", 2), payment("e2", "helper", 2)]
    told = ground(rows, [case("T03-0001", "a", ["e1"], (2, 2), party_ids=("a", "helper"))])
    assert (first_alerts(told, mask(3, 0)) == NEVER_US).all()
    assert (first_alerts(told, mask(3, 2)) != NEVER_US).all()


def test_what_all_or_none_find_has_wilsons_interval():
    """One case of one found: the bootstrap would say [1, 1]; Wilson says how little one case proves."""
    told = recall(two_cases(), mask(8, 0), np.array([True, False]), DRAWS)
    assert told.by_typology["T01"].interval == wilson(1, 1)
    assert told.by_typology["T02"].interval == wilson(0, 1)


def test_history_finds_nothing():
    """Rows of history never alert, although their payments are part of what leaked."""
    rows = [payment("a0", "a", 0, usd=100, history=True), payment("a1", "a", 1, usd=10)]
    told = ground(rows, [case("T01-0001", "a", ["a0", "a1"], (0, 1))])
    assert (first_alerts(told, mask(2, 0)) == NEVER_US).all()
    first = first_alerts(told, mask(2, 1))
    assert money(told, first != NEVER_US, first, DRAWS).moved_before.value == 100.0


def test_another_streams_truth_is_refused():
    """A truth none of whose events occurs would give a recall of 0 that means nothing."""
    rows = [payment("a0", "a", 0)]
    with pytest.raises(ValueError, match="another stream"):
        ground(rows, [case("T01-0001", "z", ["z0"], (0, 1))])
    with pytest.raises(ValueError, match="another stream"):  # other seeds have the same parties
        ground(rows, [case("T01-0001", "a", ["z0"], (0, 1))], [lookalike("rent", "a")])
    with pytest.raises(ValueError, match="no token"):
        lay_ground(sheet(rows), Truth(cases=(case("T01-0001", "a", ["a0"], (0, 1)),)), {})
