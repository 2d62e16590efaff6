"""The scaler's terms by hand: bounded steps, a floor of the spread, and the squash."""

from math import exp

import pytest

from detectors.models.bounded_scaler import BoundedScaler, squash


@pytest.mark.parametrize(
    ("value", "error"), [(10.5, 0.5), (9.5, -0.5), (13.0, 3.0), (14.0, 3.0), (1e9, 3.0), (7.0, -3.0), (-1e9, -3.0)]
)
def test_a_step_is_clipped_at_three_spreads(value, error):
    """The fourth value of a feature: steps of a quarter, from location 10 and spread 1."""
    scaler = BoundedScaler()
    scaler.scales["a"] = [3.0, 10.0, 1.0]
    scaler.learn_one({"a": value})
    assert scaler.scales["a"] == pytest.approx([4.0, 10 + error / 4, max(0.5, 1 + (1.25 * abs(error) - 1) / 4)])


def test_the_clip_is_three_spreads_whatever_the_spread():
    """Three times 2 and three times a half."""
    scaler = BoundedScaler()
    scaler.scales.update({"wide": [3.0, 10.0, 2.0], "narrow": [3.0, 10.0, 0.5]})
    scaler.learn_one({"wide": 1e9, "narrow": -1e9})
    assert scaler.scales["wide"] == pytest.approx([4.0, 10 + 6 / 4, 2 + (7.5 - 2) / 4])
    assert scaler.scales["narrow"] == pytest.approx([4.0, 10 - 1.5 / 4, 0.5 + (1.875 - 0.5) / 4])


def test_a_feature_begins_at_0_with_a_spread_of_1():
    """The first step is a whole one, clipped at 3; every present feature moves, and no other."""
    scaler = BoundedScaler()
    scaler.learn_one({"a": 2.0, "b": -9.0})
    assert scaler.scales == {"a": [1.0, 2.0, 2.5], "b": [1.0, -3.0, 3.75]}
    scaler.learn_one({"b": -3.0})
    assert scaler.scales == {"a": [1.0, 2.0, 2.5], "b": [2.0, -3.0, 1.875]}


def test_the_scaler_follows_for_ever_and_its_spread_has_a_floor():
    """Steps of two thousandths at least; the floor is half a unit by default."""
    scaler = BoundedScaler()
    scaler.scales["a"] = [1e6, 10.0, 1.0]
    scaler.learn_one({"a": 11.0})
    assert scaler.scales["a"] == pytest.approx([1e6 + 1, 10.002, 1 + 0.002 * 0.25])
    scaler.scales["a"] = [400.0, 10.0, 1.0]
    scaler.learn_one({"a": 11.0})
    assert scaler.scales["a"] == pytest.approx([401.0, 10 + 1 / 401, 1 + 0.25 / 401])
    for given, floor in ((BoundedScaler(), 0.5), (BoundedScaler(0.25), 0.25)):
        for _ in range(50):
            given.learn_one({"a": 0.0})
        assert given.scales["a"] == [50.0, 0.0, floor]


@pytest.mark.parametrize(
    ("value", "z"), [(12.0, 4.0), (8.0, -4.0), (14.0, 8.0), (14.5, 8.0), (1e300, 8.0), (6.0, -8.0), (-1e300, -8.0)]
)
def test_z_counts_spreads_and_ends_at_eight(value, z):
    """Location 10, spread 0.5; one that was never seen stands for itself within the same limits."""
    scaler = BoundedScaler()
    scaler.scales["a"] = [3.0, 10.0, 0.5]
    assert scaler.transform_one({"a": value, "new": z, "far": 2 * z}) == {
        "a": z,
        "new": z,
        "far": max(-8.0, min(8.0, 2 * z)),
    }


def test_the_squash_is_a_logistic_of_a_quarter_of_z():
    """Logistic of 2 z / 8."""
    assert squash(0.0) == 0.5
    assert squash(8.0) == pytest.approx(1 / (1 + exp(-2)))
    assert squash(-4.0) == pytest.approx(1 / (1 + exp(1)))
