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
    """The first value is the location, with a spread of 1 in the logarithm; a gap of 90 days halves older weight.

    Under ten payments the slow mean is the fast one.
    """
    own = [0.0] * amount_own.SLOTS
    amount_own.learn(moment(), own)
    assert own == [1.0, 1.0, log(1000.0), 1.0, log(1000.0), 1.0, 0.0, 0.0]
    amount_own.learn(moment(ago=90.0, amount_usd=1000.0 * exp(0.3)), own)
    # weight 1.5: a step of 1 / 1.5 towards it; the spread counts two prior observations in
    assert own[:4] == pytest.approx([2.0, 1.5, log(1000) + 0.3 / 1.5, 1 + (1.25 * 0.3 - 1) / 3.5])
    assert own[4:] == [own[2], own[3], 0.0, 0.0]
    before = list(own)
    amount_own.learn(moment(amount_usd=None), own)
    assert own == before
    flat = [10.0, 1.0, log(1000.0), 0.05, log(1000.0), 0.05, 0.0, 0.0]
    amount_own.learn(moment(), flat)
    assert flat[3] == 0.05  # fees and rates alone make this much


def settled(**changes):
    """Twenty payments of 1 000 USD, the slow mean at 500, and what else is said: by place in the list."""
    own = [20.0, 10.0, log(1000.0), 0.2, log(500.0), 0.1, 0.0, 0.0]
    for place, value in changes.items():
        own[int(place.removeprefix("at"))] = value
    return own


def test_the_mean_that_an_amount_is_further_above_is_told():
    """Who raised his amounts is usual to the fast mean, and not to the slow one; who came down is not let off."""
    grown = amount_own.measure(moment(), settled())
    assert grown.deviation == pytest.approx(spreads(log(1000), log(500), 0.1, 10.0))
    assert grown.own_baseline == pytest.approx(500.0)
    shrunk = amount_own.measure(moment(), settled(at4=log(3000.0)))
    assert (shrunk.deviation, shrunk.own_baseline) == (0.0, pytest.approx(1000.0))
    young = amount_own.measure(moment(), settled(at0=9.0))
    assert (young.deviation, young.own_baseline) == (0.0, pytest.approx(1000.0))


def test_the_slow_mean_moves_by_one_percent_a_day():
    """However large the amount and however many payments; what a month did not use is kept, and no more."""
    own = settled(at5=1.0)
    for _ in range(50):
        amount_own.learn(moment(ago=0.0, amount_usd=1e9), own)
    assert own[4:] == [log(500.0), 1.0, 0.0, 0.0]
    amount_own.learn(moment(ago=3.0, amount_usd=1e9), own)
    assert own[4:6] == [pytest.approx(log(500.0) + 0.03), pytest.approx(1.03)]
    quiet = settled(at4=log(1000.0), at5=0.2)
    amount_own.learn(moment(ago=400.0), quiet)
    assert quiet[6] == pytest.approx(0.3)
    assert quiet[7] <= 0.3


def test_a_spread_narrows_as_slowly_as_it_widens():
    """Failure prevented: many equal payments in a day, and the next usual one is called unusual."""
    own = settled(at4=log(1000.0), at5=0.5)
    for _ in range(100):
        amount_own.learn(moment(ago=0.0), own)
    assert own[5] == 0.5
