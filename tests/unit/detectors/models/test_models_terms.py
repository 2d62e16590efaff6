"""Windows, tails and the bounded-step scaler."""

import math
import random
from itertools import pairwise

import pytest

from detectors.models.bounded_scaler import BoundedScaler, squash
from detectors.models.sliding_window import SlidingWindow
from detectors.models.windowed_tails import WindowedTails


def test_the_window_counts_as_a_plain_list_does():
    """Counts and p-values equal brute force over the last values, ties included, while old values leave."""
    rng, window, kept = random.Random(4), SlidingWindow(50), []
    for _ in range(400):
        value = float(rng.randrange(12))
        assert window.at_least(value) == sum(v >= value for v in kept)
        assert window.at_most(value) == sum(v <= value for v in kept)
        assert window.p_value(value) == (1 + sum(v >= value for v in kept)) / (1 + len(kept))
        window.add(value)
        kept = [*kept, value][-50:]


def test_a_window_refuses_more_than_it_holds():
    """State longer than the window, or torn within a number, is refused."""
    window = SlidingWindow(4)
    for value in range(4):
        window.add(float(value))
    with pytest.raises(ValueError, match="does not fit"):
        SlidingWindow.from_bytes(3, window.to_bytes())
    with pytest.raises(ValueError, match="does not fit"):
        SlidingWindow.from_bytes(4, window.to_bytes()[:-1])


def test_p_values_are_uniform_on_a_stable_stream():
    """Conformal ranks of an unchanging stream are valid: 1 % of them are at most .01, 10 % at most .10."""
    rng, window, ranks = random.Random(1), SlidingWindow(2000), []
    for index in range(12_000):
        value = rng.gauss(0, 1)
        if index >= 2000:
            ranks.append(window.p_value(value))
        window.add(value)
    assert sum(p <= 0.01 for p in ranks) / len(ranks) == pytest.approx(0.01, abs=0.004)
    assert sum(p <= 0.10 for p in ranks) / len(ranks) == pytest.approx(0.10, abs=0.015)


def test_the_scaler_finds_location_and_spread():
    """On a normal stream the bounded steps settle near its mean and standard deviation."""
    rng, scaler = random.Random(2), BoundedScaler()
    for _ in range(5000):
        scaler.learn_one({"a": rng.gauss(3.0, 2.0)})
    seen, location, spread = scaler.scales["a"]
    assert seen == 5000
    assert location == pytest.approx(3.0, abs=0.3)
    assert spread == pytest.approx(2.0, abs=0.3)


def test_an_absurd_first_value_is_forgotten():
    """1e9 as the very first value moves the scaler by three units, not by 1e9."""
    scaler = BoundedScaler()
    scaler.learn_one({"a": 1e9})
    assert scaler.scales["a"][1] <= 3.0
    rng = random.Random(1)
    for _ in range(200):
        scaler.learn_one({"a": rng.gauss(0, 1)})
    assert abs(scaler.scales["a"][1]) < 0.5


def test_transforming_adds_no_state():
    """River's scalers may insert state when they transform; this one must not."""
    scaler = BoundedScaler()
    assert scaler.transform_one({"new": 2.0}) == {"new": 2.0}
    assert scaler.scales == {}


def test_the_squash_keeps_order_within_limits():
    """logistic(2z/8) of the clipped z lies within 0.11 to 0.89 and is strictly increasing."""
    values = [squash(z / 10) for z in range(-80, 81)]
    assert all(a < b for a, b in pairwise(values))
    assert 0.1 < values[0] < values[-1] < 0.9


def test_a_missing_feature_is_neutral_for_the_tails():
    """On average a present ordinary feature adds about nothing, as a missing one does."""
    rng, model, scores = random.Random(3), WindowedTails(), []
    for index in range(4000):
        x = {"a": rng.gauss(0, 1)}
        if index > 1000:
            scores.append(model.score_one(x))
        model.learn_one(x)
    assert abs(math.fsum(scores) / len(scores)) < 0.1
    assert model.score_one({}) == 0.0
