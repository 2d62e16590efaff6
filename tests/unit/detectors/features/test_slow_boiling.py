"""Slow growth by hand: the fast sum over the slow one."""

from math import exp, log

import pytest

from detectors.features import (
    Feature,
    slow_boiling,
)
from tests.support.feature_moment import moment


def flows(fast: float, slow: float, amount: float, gap: float, age: float) -> float:
    """The 7-day flow with this payment over the slow flow, each for the days there were."""
    quick = (fast * exp(-gap / 7) + amount) / (7 * (1 - exp(-age / 7)))
    calm = slow * 0.5 ** (gap / 90) / (90 / log(2) * (1 - exp(-age * log(2) / 90)))
    return quick / calm


def test_growth_is_the_logarithm_of_fast_over_slow():
    """And 0 where it shrinks."""
    for amount in (1000.0, 9000.0):
        ratio = flows(500.0, 30_000.0, amount, 2.0, 60.0)
        found = slow_boiling.measure(moment(ago=2.0, first_ago=60.0, amount_usd=amount), [500.0, 30_000.0, 20.0, 25.0])
        assert found == Feature(
            "slow_boiling", pytest.approx(ratio), "ratio", pytest.approx(max(0.0, log(ratio))), 1.0, 25, None
        )
    assert flows(500.0, 30_000.0, 1000.0, 2.0, 60.0) < 1 < flows(500.0, 30_000.0, 9000.0, 2.0, 60.0)


@pytest.mark.parametrize(
    ("own", "changes", "known"),
    [
        ([1.0, 1.0, 1.0, 5.0], {"first_ago": 14.0}, True),
        ([1.0, 1.0, 1.0, 4.0], {"first_ago": 14.0}, False),
        ([1.0, 1.0, 1.0, 5.0], {"first_ago": 13.99}, False),
        ([1.0, 0.5, 0.5, 5.0], {}, True),
        ([1.0, 0.0, 1.0, 5.0], {}, False),
        ([1.0, 1.0, 0.0, 5.0], {}, False),
        ([1.0, 1.0, 1.0, 5.0], {"amount_usd": None}, False),
        ([1.0, 1.0, 1.0, 5.0], {"ago": -1.0}, False),
        ([0.0, 1.0, 1.0, 5.0], {"amount_usd": 5e-324}, False),  # too small a flow for a number
        ([1.0, 1.0, 1.0, 5.0], {"ago": 400_000.0, "first_ago": 500_000.0}, False),  # all of it has faded
    ],
)
def test_growth_needs_two_weeks_and_five_payments(own, changes, known):
    """And a payment that is not late, of a known amount, after others that have not faded to nothing."""
    found = slow_boiling.measure(moment(**changes), list(own))
    assert (found.value is not None) == (found.deviation is not None) == (found.own_baseline is not None) == known
    assert (found.name, found.unit, found.own_n, found.peer_baseline) == ("slow_boiling", "ratio", int(own[3]), None)


def test_a_burst_does_not_carry_its_own_yardstick():
    """The slow sum takes at most three times the mean payment, from the fifth payment on."""
    own = [100.0, 4000.0, 10.0, 5.0]
    slow_boiling.learn(moment(ago=90.0, amount_usd=9000.0), own)
    assert own == pytest.approx([100 * exp(-90 / 7) + 9000, 2000 + 1200, 6.0, 6.0])
    young = [100.0, 4000.0, 10.0, 4.0]
    slow_boiling.learn(moment(amount_usd=9000.0), young)
    assert young == [9100.0, 13_000.0, 11.0, 5.0]  # at the same second as the one before: nothing has faded
    small = [100.0, 4000.0, 10.0, 5.0]
    slow_boiling.learn(moment(amount_usd=1000.0), small)
    assert small == pytest.approx([1100.0, 5000.0, 11.0, 6.0])
    half = [100.0, 300.0, 0.5, 5.0]
    slow_boiling.learn(moment(amount_usd=9000.0), half)
    assert half == pytest.approx([9100.0, 300 + 1800, 1.5, 6.0])
    none = [100.0, 4000.0, 0.0, 5.0]
    slow_boiling.learn(moment(amount_usd=9000.0), none)
    assert none == pytest.approx([9100.0, 13_000.0, 1.0, 6.0])


def test_a_late_payment_adds_what_is_left_of_it_and_an_unknown_one_fades():
    """A week late: 1/e of it in the fast sum, 2^(-7/90) in the slow one; without an amount nothing is counted."""
    own = [0.0, 0.0, 0.0, 0.0]
    slow_boiling.learn(moment(ago=-7.0), own)
    left = 0.5 ** (7 / 90)
    assert own == pytest.approx([1000 * exp(-1), 1000 * left, left, 1.0])
    own = [100.0, 4000.0, 10.0, 5.0]
    slow_boiling.learn(moment(ago=90.0, amount_usd=None), own)
    assert own == pytest.approx([100 * exp(-90 / 7), 2000.0, 5.0, 5.0])
