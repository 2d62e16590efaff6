"""Habits by hand: how surprising a country, currency, institution, purpose or terms are to a party."""

from math import log

import pytest

from detectors.features import (
    Shared,
    country_novelty,
    currency_novelty,
    institution_novelty,
    purpose_novelty,
    trade_terms_novelty,
)
from detectors.features.familiarity import FIELDS, habit, habits_of, learn, measure
from detectors.features.moment import Moment, weights_by_field
from detectors.features.view import Feature
from tests.support.feature_moment import moment, shared_of, view

PEERS = {"country|out|company": [190.0], "country|out|company|VN": [9.5]}
SHARE = 10.0 / 200.0


def remember(event: Moment, weights: dict[int, float]) -> None:
    event.habits, event.by_field = weights, weights_by_field(weights)


def habits(**weights: float) -> dict[int, float]:
    return {habit("country", "out", country): weight for country, weight in weights.items()}


def test_a_country_never_paid_to_surprises_by_the_peers_share():
    """Most paid to JP, 8 payments; VN stands for two payments' worth of the peers' 5 %."""
    event = moment(shared=shared_of(**PEERS))
    remember(event, habits(JP=8.0, CN=2.0))
    found = measure(event, "country", "country_novelty")
    assert found == Feature(
        "country_novelty", 0.0, "ratio", pytest.approx(log(8.0 / (2.0 * SHARE))), None, 10, pytest.approx(0.05)
    )


def test_the_most_usual_country_is_no_surprise_and_a_second_one_little():
    """0 for what is most usual, ln(6 / (3 + 0.1)) for one of half its weight."""
    event = moment(shared=shared_of(**PEERS))
    remember(event, habits(VN=6.0, JP=1.0))
    assert measure(event, "country", "x").deviation == 0.0
    remember(event, habits(VN=3.0, JP=6.0))
    found = measure(event, "country", "x")
    assert found.deviation == pytest.approx(log(6.0 / 3.1))
    assert found.value == pytest.approx(1 / 3)


def test_without_own_habits_or_a_value_nothing_is_said():
    """Not even where the peers have some: what is not known counts against nobody."""
    event = moment(shared=shared_of(**PEERS))
    assert measure(event, "country", "x") == Feature("x", None, "ratio", None, None, 0, pytest.approx(0.05))
    remember(event, {habit("country", "in", "VN"): 5.0, habit("currency", "out", "VN"): 5.0})
    assert measure(event, "country", "x").deviation is None
    remember(event, habits(VN=5.0))
    assert measure(event, "purpose", "x") == Feature("x", None, "ratio", None, None, 10, None)


def test_habits_that_faded_to_nothing_are_none():
    """A party that is back after 60 years; a weight of exactly 0 would divide by itself."""
    for weight in (0.0, 0.0009):
        event = moment(shared=shared_of(**PEERS))
        remember(event, habits(JP=weight))
        assert measure(event, "country", "x").deviation is None
    event = moment(shared=shared_of(**PEERS))
    remember(event, habits(JP=0.001))
    assert measure(event, "country", "x").deviation == 0.0


def test_peers_that_nobody_saw_have_a_prior_of_one_in_twenty():
    """And no baseline that could be read as theirs."""
    event = moment()
    remember(event, habits(JP=4.0))
    found = measure(event, "country", "x")
    assert (found.deviation, found.peer_baseline) == (pytest.approx(log(4.0 / (2.0 * 0.05))), None)


def test_payments_are_counted_among_the_peers():
    """In all and by value; a payment that does not tell the field counts nowhere."""
    shared = Shared()
    for country in ("VN", "VN", "JP"):
        learn(moment(shared=shared, country=country), "country")
    learn(moment(shared=shared), "purpose")
    assert shared.groups == {
        "country|out|company": [3.0],
        "country|out|company|VN": [2.0],
        "country|out|company|JP": [1.0],
    }


def test_a_habit_tells_field_and_direction_apart():
    """32 bits; equal values of two fields, or of two directions, are two habits."""
    made = {habit(field, direction, "USD") for field in FIELDS for direction in ("in", "out")}
    assert len(made) == 10
    assert all(0 <= one < 2**32 for one in made)
    told = habits_of(view(purpose="10101", trade_terms="advance"))
    assert told == (
        habit("country", "out", "VN"),
        habit("currency", "out", "USD"),
        habit("institution", "out", "bank"),
        habit("purpose", "out", "10101"),
        habit("trade_terms", "out", "advance"),
    )
    assert len(habits_of(view())) == 3


@pytest.mark.parametrize(
    ("module", "field", "name"),
    [
        (country_novelty, "country", "country_novelty"),
        (currency_novelty, "currency", "currency_novelty"),
        (institution_novelty, "institution", "institution_novelty"),
        (purpose_novelty, "purpose", "purpose_novelty"),
        (trade_terms_novelty, "trade_terms", "trade_terms_novelty"),
    ],
)
def test_each_feature_measures_its_own_field(module, field, name):
    """By the name that it is registered under."""
    event = moment(purpose="10101", trade_terms="advance")
    usual = {"country": "JP", "currency": "EUR", "institution": "other", "purpose": "1", "trade_terms": "sight"}
    remember(event, {habit(field, "out", usual[field]): 4.0})
    found = module.measure(event, [])
    assert (found.name, found.deviation) == (name, pytest.approx(log(4.0 / 0.1)))
    module.learn(event, [])
    assert event.shared.groups[f"{field}|out|company"] == [1.0]
