"""The scaler on streams: it finds location and spread, and forgets an absurd first value."""

import random
from itertools import pairwise

import pytest

from detectors.models.bounded_scaler import BoundedScaler, squash


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
