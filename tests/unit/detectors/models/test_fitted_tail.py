"""How rare a value is among those of a window: counted in the body, fitted in the tail."""

import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.models.fitted_tail import surprise
from detectors.models.sliding_window import SlidingWindow

MOST = 20.7  # nats, p = 1e-9
FINEST = exp(-MOST)


def window_of(values, size=10_000):
    made = SlidingWindow(size)
    for value in values:
        made.add(value)
    return made


def rarity(window, value):
    """The share that `surprise` is the logarithm of."""
    return exp(-surprise(window, value, 1e-9, MOST))


def scores(count, seed, unit=1.0):
    rng = random.Random(seed)
    return [rng.expovariate(1.0) * unit for _ in range(count)]


def test_nothing_is_rare_when_nothing_is_known():
    """1 at first; of few scores, what was counted."""
    assert rarity(window_of([]), 5.0) == 1.0
    assert rarity(window_of([1.0] * 9), 2.0) == pytest.approx(1 / 10)
    assert rarity(window_of([1.0] * 9), 1.0) == 1.0


def test_the_body_is_counted():
    """A score that a tenth or more reach has the conformal p-value."""
    kept = window_of(range(100))
    for score in (0, 50, 89, 90):
        assert rarity(kept, score) == pytest.approx(kept.p_value(score)) == pytest.approx((1 + 100 - score) / 101)


def test_beyond_the_highest_a_score_is_rarer_the_further_out_it_is():
    """Where counting says 1 in 201 of each; in any unit the same, and never 0."""
    for unit in (1.0, 1e-3, 1e6):
        kept = window_of(scores(200, 1, unit))
        found = [rarity(kept, score * unit) for score in (8.0, 9.0, 12.0, 1e12)]
        assert found == sorted(found, reverse=True)
        assert found[0] < 1 / 201
        assert found[-1] >= FINEST
        assert found == pytest.approx([rarity(window_of(scores(200, 1)), score) for score in (8.0, 9.0, 12.0, 1e12)])


def test_identical_scores_are_not_rare():
    """Each as high as any: 1, in small windows and in large ones."""
    for count in (5, 50, 500):
        assert rarity(window_of([3.0] * count), 3.0) == 1.0


@pytest.mark.parametrize("kept", [50, 500, 5_000])
def test_rarities_of_exponential_scores_are_p_values(kept):
    """Of 40 000 new scores about one in 100 has a rarity of at most .01, and one in 1 000 one of at most .001."""
    rng, low, very_low, asked = random.Random(2), 0, 0, 40_000
    for _ in range(400):
        window = window_of([rng.expovariate(1.0) for _ in range(kept)] if kept < 5_000 else scores(kept, rng.random()))
        for _ in range(asked // 400):
            found = rarity(window, rng.expovariate(1.0))
            low += found <= 0.01
            very_low += found <= 0.001
    assert 0.6 < low / asked / 0.01 < 1.4
    assert 0.4 < very_low / asked / 0.001 < 1.8


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_higher_score_is_never_less_rare(values, one, other):
    """Whatever the window holds."""
    kept = window_of(values, 40)
    low, high = sorted((one, other))
    assert FINEST <= rarity(kept, high) <= rarity(kept, low) <= 1.0
