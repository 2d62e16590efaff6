"""Payments of a week by hand: the fast count against what the own pace makes of a week."""

from math import exp, log

import pytest

from detectors.features import Feature, payment_count
from tests.support.feature_moment import moment

SLOW_DAYS = 90 / log(2)


def test_a_week_is_counted_against_the_own_pace():
    """Four of the last days, faded for two, and this one, where about one in two weeks is usual."""
    event = moment(ago=2.0, first_ago=60.0)
    count = 4.0 * exp(-2 / 7) + 1
    usual = (5.0 * 0.5 ** (2 / 90) + 0.5) * 7 / (SLOW_DAYS * (1 - exp(-60 / SLOW_DAYS)))
    surprise = count * log(count / usual) - (count - usual)
    assert payment_count.measure(event, [4.0, 5.0]) == Feature(
        "payment_count", pytest.approx(count), "count", pytest.approx(surprise), pytest.approx(usual), 10, None
    )
    assert usual < count


def test_fewer_than_usual_is_no_surprise():
    """One in a week where five are usual."""
    found = payment_count.measure(moment(ago=30.0), [5.0, 60.0])
    assert found.deviation == 0.0
    assert found.own_baseline is not None
    assert found.value == pytest.approx(5.0 * exp(-30 / 7) + 1)


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"seen": 5, "first_ago": 14.0}, True),
        ({"seen": 4, "first_ago": 14.0}, False),
        ({"seen": 5, "first_ago": 13.99}, False),
        ({"ago": -1.0}, False),
    ],
)
def test_a_pace_needs_five_payments_and_two_weeks(changes, known):
    """And a payment that is not late."""
    found = payment_count.measure(moment(**changes), [1.0, 5.0])
    assert (found.value is not None) == (found.deviation is not None) == (found.own_baseline is not None) == known


def test_both_counts_fade_and_take_the_payment_in():
    """A late one counts what is left of it in each."""
    own = [4.0, 8.0]
    payment_count.learn(moment(ago=7.0), own)
    assert own == pytest.approx([4 / exp(1) + 1, 8 * 0.5 ** (7 / 90) + 1])
    own = [4.0, 8.0]
    payment_count.learn(moment(ago=-7.0), own)
    assert own == pytest.approx([4 + exp(-1), 8 + 0.5 ** (7 / 90)])
