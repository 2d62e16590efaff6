"""Amounts by hand: measured against an own past that is written down, and what they teach."""

from math import exp, log

import pytest

from detectors.features import Feature, amount_own, cadence, week_sum
from tests.support.feature_moment import PEERS, moment, shared_of, spreads


def test_an_amount_is_measured_in_logarithms_of_the_own_past():
    """Own location 500 USD, spread 0.5, weight 4; peers' usual amount is shown beside it."""
    shared = shared_of(**{f"amount|{PEERS}": [3.0, 3.0, log(800.0), 1.0]})
    own = [5.0, 4.0, log(500.0), 0.5]
    assert amount_own.measure(moment(shared=shared), own) == Feature(
        "amount_own",
        1000.0,
        "USD",
        spreads(log(1000), log(500), 0.5, 4.0),
        pytest.approx(500.0),
        5,
        pytest.approx(800.0),
    )
    assert amount_own.measure(moment(shared=shared, amount_usd=None), own) == Feature(
        "amount_own", None, "USD", None, pytest.approx(500.0), 5, pytest.approx(800.0)
    )


@pytest.mark.parametrize(("seen", "known"), [(2.0, False), (3.0, True)])
@pytest.mark.parametrize(("feature", "name"), [(amount_own, "amount"), (cadence, "gap"), (week_sum, "week")])
def test_three_own_observations_make_a_spread(feature, name, seen, known):
    """With two there is a usual value and no deviation."""
    measured = feature.measure(moment(ago=1.0), [seen, 2.0, 1.0, 0.5])
    assert (measured.deviation is not None) == known
    assert measured.own_baseline is not None
    assert measured.peer_baseline is None
    assert feature.measure(moment(ago=1.0), [0.0, 0.0, 0.0, 0.0]).own_baseline is None


def test_what_amounts_teach():
    """The first value is the location, with a spread of 1 in the logarithm; a gap of 90 days halves older weight."""
    own = [0.0] * 4
    amount_own.learn(moment(), own)
    assert own == [1.0, 1.0, log(1000.0), 1.0]
    amount_own.learn(moment(ago=90.0, amount_usd=1000.0 * exp(0.3)), own)
    # weight 1.5: a step of 1 / 1.5 towards it; the spread counts two prior observations in
    assert own == pytest.approx([2.0, 1.5, log(1000) + 0.3 / 1.5, 1 + (1.25 * 0.3 - 1) / 3.5])
    before = list(own)
    amount_own.learn(moment(amount_usd=None), own)
    assert own == before
    flat = [10.0, 1.0, log(1000.0), 0.05]
    amount_own.learn(moment(), flat)
    assert flat[3] == 0.05  # fees and rates alone make this much
