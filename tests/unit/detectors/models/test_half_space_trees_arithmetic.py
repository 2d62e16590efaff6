"""Half-Space Trees by hand: parameters, saves, and credits along the paths."""

import random
from math import log2

import msgspec
import pytest

from detectors.features import NAMES
from detectors.models import compiled_code
from detectors.models.half_space_trees import HalfSpaceTrees


@pytest.fixture(autouse=True)
def plain_python(monkeypatch):
    """The pure path by hand; the compiled one is compared with it in test_compiled_code.py."""
    monkeypatch.setattr(compiled_code, "kernels", lambda: None)


def test_parameters_reach_the_trees():
    """Each in its place, the seed too, and the defaults that DETECTION names."""
    given = {"trees": 3.0, "height": 2.0, "window": 64.0, "first_window": 8.0, "floor": 0.25}
    model = HalfSpaceTrees.build(given, 11)
    trees = model.model
    assert (model.trees, model.height, model.window, model.first_window, model.floor, model.seed) == (
        3,
        2,
        64,
        8,
        0.25,
        11,
    )
    assert (trees.n_trees, trees.height, trees.window_size, trees.first_window, trees.seed) == (3, 2, 64, 8, 11)
    assert model.scaler.floor == 0.25
    usual = HalfSpaceTrees.build({}, 4)
    assert (usual.trees, usual.height, usual.window, usual.first_window, usual.floor) == (25, 6, 1000, 32, 0.5)
    with pytest.raises(ValueError, match="detector half_space_trees: height = 13"):
        HalfSpaceTrees.build({"height": 13.0}, 1)


@pytest.mark.parametrize(("trees", "height"), [(512.0, 6.0), (8.0, 12.0)])
def test_trees_together_have_a_bound(trees, height):
    """32 768 leaves: what each parameter allows alone would take minutes together."""
    assert HalfSpaceTrees.build({"trees": trees, "height": height}, 1).trees == int(trees)
    more = (int(trees) + 1) << int(height)
    with pytest.raises(ValueError, match=rf"trees x 2\^height = {more}, must be at most 32768"):
        HalfSpaceTrees.build({"trees": trees + 1, "height": height}, 1)


def test_a_save_of_trees_is_counter_floor_scales_and_masses():
    """What is loaded goes on alike; a state of another floor is refused with both."""
    given = {"trees": 3.0, "height": 2.0, "window": 8.0, "first_window": 4.0}
    model = HalfSpaceTrees.build(given, 11)
    for number in range(11):
        model.learn_one({name: (number + place) % 3 - 1.0 for place, name in enumerate(NAMES)})
    state = model.to_state()
    n_learned, floor, scales, trees = msgspec.msgpack.decode(state)
    assert (n_learned, floor, scales, trees) == (11, 0.5, model.scaler.scales, model.model.to_state())
    loaded = HalfSpaceTrees.from_state(given, 11, state)
    assert (loaded.n_learned, loaded.scaler.scales, loaded.to_state()) == (11, model.scaler.scales, state)
    x = dict.fromkeys(NAMES, 4.0)
    assert loaded.explain_one(x) == model.explain_one(x) != {}
    with pytest.raises(
        ValueError,
        match=r"half_space_trees state is of other parameters; got: floor 0\.5; "
        r"expected: 0\.25",
    ):
        HalfSpaceTrees.from_state(given | {"floor": 0.25}, 11, state)


def credits_by_hand(model: HalfSpaceTrees, reached: list[int]) -> dict[str, float]:
    """Over each tree's path, the fall of log2(mass x 2^depth) for the feature of each split; only what is above 0."""
    trees = model.model
    assert trees.nodes is not None
    totals = dict.fromkeys(trees.names, 0.0)
    for tree, leaf in enumerate(reached):
        for depth in range(model.height):
            node = (leaf >> (model.height - depth)) + 2**depth - 1
            child = (leaf >> (model.height - depth - 1)) + 2 ** (depth + 1) - 1
            name = trees.names[trees.splits[tree][0][node]]
            masses = [max(float(trees.nodes[tree][at]), 0.5) for at in (node, child)]
            totals[name] += log2(masses[0]) - log2(masses[1]) - 1.0
    return {name: pytest.approx(total) for name, total in totals.items() if total > 0.0}


# of two features, every path splits on one of them twice
@pytest.mark.parametrize(("features", "between"), [(NAMES[:10], 1.0), (("a", "b"), 5.0)])
def test_one_descent_scores_credits_and_learns_as_three_do(features, between):
    """Two trees, through two pivots; credits are those of the paths, and empty before the first."""
    rng = random.Random(4)
    one, three = (HalfSpaceTrees(2, 3, 32, 16, features=features, seed=5) for _ in range(2))
    shown = set()
    for number in range(80):
        x = {name: rng.gauss(0, 1) for name in one.features}
        before = one.to_state()
        expected = three.score_one(x), three.explain_one(x)
        assert one.score_then_learn_one(x, learn=False) == expected
        assert one.to_state() == before
        if number < 16:
            assert expected == (0.0, {})
        else:
            assert expected[1] == credits_by_hand(three, three.model.leaves_of(three._squashed(x)))
            shown |= {round(credit, 3) for credit in expected[1].values()}
        assert one.score_then_learn_one(x) == expected
        three.learn_one(x)
        assert one.to_state() == three.to_state()
        assert one.n_learned == three.n_learned == number + 1
    assert min(shown) < between < max(shown)
