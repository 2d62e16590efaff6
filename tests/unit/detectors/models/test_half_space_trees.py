"""Half-Space Trees: equal to River's, and River's traps that the detector avoids."""

import random
from math import log2

import pytest
from river import anomaly, preprocessing

from detectors.models.flat_trees import FlatHalfSpaceTrees
from detectors.models.half_space_trees import HalfSpaceTrees

NAMES = ("a", "b", "c", "d", "e")


def stream(count, seed, missing=0.0, nan=0.0):
    rng = random.Random(seed)
    for _ in range(count):
        x = {name: min(1.0, max(0.0, rng.gauss(0.5, 0.2))) for name in NAMES if rng.random() >= missing}
        for name in x:
            if rng.random() < nan:
                x[name] = float("nan")
        yield x


@pytest.mark.parametrize("seed", [1, 42, 2026])
@pytest.mark.parametrize(("trees", "height", "window"), [(1, 1, 10), (5, 3, 37), (25, 6, 100), (10, 8, 250)])
@pytest.mark.parametrize(("missing", "nan"), [(0.0, 0.0), (0.3, 0.0), (0.2, 0.05)])
def test_scores_equal_rivers_bit_for_bit(seed, trees, height, window, missing, nan):
    """Same seed, several windows, missing features and NaN: every score equals River's own exactly."""
    ours = FlatHalfSpaceTrees(trees, height, window, seed=seed)
    river = anomaly.HalfSpaceTrees(n_trees=trees, height=height, window_size=window, seed=seed)
    first = dict.fromkeys(NAMES, 0.5)  # River takes its features from the first event it learns
    distinct = set()
    for x in [first, *stream(4 * window + 20, seed, missing, nan)]:
        score = river.score_one(x)
        assert ours.score_one(x) == score
        distinct.add(score)
        river.learn_one(x)
        ours.learn_one(x)
    assert len(distinct) >= 3


def test_doubling_windows_equal_river_with_its_window_set_likewise():
    """Windows of 32, 64 .. 256 score as River's trees do when its window is set at each pivot."""
    ours = FlatHalfSpaceTrees(10, 5, 256, first_window=32, features=NAMES, seed=9)
    river = anomaly.HalfSpaceTrees(n_trees=10, height=5, window_size=32, seed=9)
    filling = reference = 32
    left = filling
    for x in stream(1500, 4):
        river.window_size = reference
        assert ours.score_one(x) == river.score_one(x)
        river.window_size = filling
        river.learn_one(x)
        ours.learn_one(x)
        left -= 1
        if left == 0:
            reference, filling = filling, min(2 * filling, 256)
            left = filling
    assert (ours.window, ours.reference) == (256, 256)


def test_none_raises_as_in_river():
    """None is no number: it raises instead of being scored as something."""
    model = FlatHalfSpaceTrees(3, 3, 5, seed=1)
    for x in stream(10, 1):
        model.learn_one(x)
    with pytest.raises(TypeError):
        model.score_one(dict.fromkeys(NAMES))


def test_the_documented_recipe_goes_blind_and_the_detector_does_not():
    """MinMaxScaler | HalfSpaceTrees gives one constant score after a value of 1e9; ours still tells events apart."""
    rng = random.Random(5)
    recipe = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(n_trees=10, height=6, window_size=50, seed=1)
    ours = HalfSpaceTrees(trees=10, height=6, window=50, features=("a",), seed=1)
    for index in range(400):
        x = {"a": 1e9 if index == 100 else rng.gauss(0, 1)}
        recipe.learn_one(x)
        ours.learn_one(x)
    probes = [{"a": value / 4} for value in range(-24, 25)]
    assert len({recipe.score_one(x) for x in probes}) == 1
    assert len({ours.score_one(x) for x in probes}) > 5
    assert ours.score_one({"a": 6.0}) > ours.score_one({"a": 0.0})


def test_scores_exist_early():
    """River's trees score 0 until the window is full; doubling windows score after 32 events."""
    river = anomaly.HalfSpaceTrees(n_trees=10, height=6, window_size=1000, seed=1)
    ours = HalfSpaceTrees(features=NAMES)
    for x in stream(32, 1):
        river.learn_one(x)
        ours.learn_one(x)
    assert river.score_one({"a": 0.9}) == 0
    assert 0 < ours.score_one({"a": 0.9}) <= 1


def test_a_feature_missing_from_the_first_event_is_still_split_on():
    """River never splits on a feature that its first event lacks; the detector knows its features from the start."""
    model = HalfSpaceTrees(trees=10, window=64, features=("a", "b"), seed=2)
    rng = random.Random(1)
    model.learn_one({"a": 0.0})
    for _ in range(300):
        model.learn_one({"a": rng.gauss(0, 1), "b": rng.gauss(0, 1)})
    assert model.score_one({"a": 0.0, "b": 7.0}) > model.score_one({"a": 0.0, "b": 0.0})


def test_path_shares_add_up_to_the_log_mass():
    """Credits of a single feature are log2 of the root's mass less that of the leaf at its depth, or none below 0."""
    model = HalfSpaceTrees(trees=1, height=3, window=64, features=("a",), seed=3)
    model.stay_plain()
    rng = random.Random(2)
    for _ in range(64 + 32):
        model.learn_one({"a": rng.gauss(0, 1)})
    shown = set()
    for value in (-4.0, -0.5, 0.0, 0.5, 4.0):
        (leaf,) = model.model.leaves_of(model._squashed({"a": value}))
        masses = model.model.nodes[0]
        expected = log2(masses[0]) - log2(max(masses[7 + leaf], 0.5)) - 3
        assert model.explain_one({"a": value}) == ({"a": pytest.approx(expected)} if expected > 0 else {})
        shown.add(expected > 0)
    assert shown == {True, False}
