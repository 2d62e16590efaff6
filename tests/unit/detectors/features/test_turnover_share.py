"""A year's pace against the reported turnover, by hand."""

from math import exp, log

import pytest

from detectors.features import Feature, turnover_share
from tests.support.feature_moment import moment

SLOW_DAYS = 90 / log(2)


@pytest.mark.parametrize(("direction", "kept"), [("in", 20_000.0), ("out", 50_000.0)])
def test_a_years_pace_of_the_direction_is_compared_with_the_turnover(direction, kept):
    """Kept flow of 120 days, this payment on top, as of a year."""
    event = moment(first_ago=120.0, direction=direction, turnover_usd=100_000.0)
    ratio = (kept + 1000) * 365 / (SLOW_DAYS * (1 - exp(-120 / SLOW_DAYS))) / 100_000
    assert turnover_share.measure(event, [20_000.0, 50_000.0]) == Feature(
        "turnover_share", pytest.approx(ratio), "ratio", pytest.approx(log(ratio)), None, 10, None
    )


def test_a_young_past_counts_as_90_days_and_no_turnover_as_ten_thousand():
    """Half of the slow mean's life has gone by after 90 days."""
    found = turnover_share.measure(moment(seen=0, first_ago=0.0, turnover_usd=0.0), [0.0, 0.0])
    assert found.value == pytest.approx(1000 * 365 / (SLOW_DAYS * 0.5) / 10_000)
    assert found.deviation == pytest.approx(log(1000 * 365 / (SLOW_DAYS * 0.5) / 10_000))
    assert found.deviation < 0


def test_what_is_not_told_is_not_compared():
    """No turnover, no amount, or too small a one for a number."""
    nothing = Feature("turnover_share", None, "ratio", None, None, 10, None)
    assert turnover_share.measure(moment(), [1.0, 1.0]) == nothing
    assert turnover_share.measure(moment(turnover_usd=5.0, amount_usd=None), [1.0, 1.0]) == nothing
    assert turnover_share.measure(moment(turnover_usd=1e30, amount_usd=5e-324), [0.0, 0.0]) == nothing


def test_both_directions_fade_and_the_payments_own_takes_it_in():
    """A late payment counts what is left of it; one of unknown worth counts nothing."""
    own = [100.0, 200.0]
    turnover_share.learn(moment(ago=90.0), own)
    assert own == pytest.approx([50.0, 1100.0])
    turnover_share.learn(moment(ago=-90.0, direction="in"), own)
    assert own == pytest.approx([550.0, 1100.0])
    turnover_share.learn(moment(ago=90.0, amount_usd=None), own)
    assert own == pytest.approx([275.0, 550.0])
