"""Flat trees in the small: River's own scores, saves in the middle of a window, and what is no state of theirs."""

import random
from typing import Any

import msgspec
import numpy as np
import pytest
from river import anomaly

from detectors.models.flat_trees import FlatHalfSpaceTrees

NAMES = ("a", "b", "c", "d")


def stream(count: int, seed: int, missing: float = 0.0, nan: float = 0.0):
    """Numbers around 0.5; some features missing, some NaN."""
    rng = random.Random(seed)
    for _ in range(count):
        x = {name: min(1.0, max(0.0, rng.gauss(0.5, 0.2))) for name in NAMES if rng.random() >= missing}
        yield {name: float("nan") if rng.random() < nan else value for name, value in x.items()}


def trees(**changes: Any) -> FlatHalfSpaceTrees:
    given = {"n_trees": 4, "height": 3, "window_size": 40, "first_window": 10, "features": NAMES, "seed": 7} | changes
    return FlatHalfSpaceTrees(**given)


@pytest.mark.parametrize(("missing", "nan"), [(0.0, 0.0), (0.3, 0.05)])
@pytest.mark.parametrize(("count", "height"), [(1, 1), (4, 3)])
def test_small_trees_score_as_rivers_do(count, height, missing, nan):
    """Bit for bit over three windows; the first event names the features, and the window is whole from the start."""
    ours = FlatHalfSpaceTrees(count, height, 20, seed=3)
    river = anomaly.HalfSpaceTrees(n_trees=count, height=height, window_size=20, seed=3)
    distinct = set()
    for x in [dict.fromkeys(reversed(NAMES), 0.5), *stream(70, 5, missing, nan)]:
        score = river.score_one(x)
        assert ours.score_one(x) == score
        distinct.add(score)
        river.learn_one(x)
        ours.learn_one(x)
    assert len(distinct) >= 2
    assert (ours.names, ours.n_learned, ours.pivots, ours.counter) == (NAMES, 71, 3, 11)


def test_windows_double_up_to_their_size():
    """10, 20, 40, 40: each score is by the size of the window that its masses come from."""
    ours = trees()
    river = anomaly.HalfSpaceTrees(n_trees=4, height=3, window_size=10, seed=7)
    sizes = []
    for number, x in enumerate(stream(150, 6)):
        if number in {10, 30, 70, 110}:
            sizes.append((ours.reference, ours.window, ours.counter))
        river.window_size = max(ours.reference, 10)
        assert ours.score_one(x) == river.score_one(x)
        river.window_size = ours.window
        river.learn_one(x)
        ours.learn_one(x)
    assert sizes == [(10, 20, 0), (20, 40, 0), (40, 40, 0), (40, 40, 0)]
    assert (trees(first_window=None).window, trees(first_window=90).window) == (40, 40)


def test_the_masses_of_a_window_are_in_the_nodes():
    """A root of all events, each node the sum of its two children, from left to right."""
    model = trees()
    for x in stream(10, 8):
        model.learn_one(x)
    assert model.nodes is not None
    assert model.nodes.shape == (4, 15)
    for masses in model.nodes.tolist():
        assert masses[0] == 10
        for node in range(7):
            assert masses[node] == masses[2 * node + 1] + masses[2 * node + 2]
    assert model.masses == [[0] * 8] * 4
    assert model.balances == [[0] * 7] * 4


def test_a_missing_feature_goes_to_the_heavier_child():
    """Right where more events of this window went right, else left; what is known goes by its threshold."""
    model = trees(n_trees=1, height=1, features=("a",), window_size=100, first_window=100)
    model.leaves_of({"a": 0.0})  # grows the tree
    ((_, (threshold,)),) = model.splits
    low, high = {"a": threshold - 0.01}, {"a": threshold}
    assert (model.leaves_of(low), model.leaves_of(high), model.leaves_of({})) == ([0], [1], [0])
    model.learn_one(high)
    assert model.leaves_of({}) == [1]
    model.learn_one(low)
    assert model.leaves_of({}) == [0]
    assert model.balances == [[0]]
    for _ in range(2):
        model.learn_one(high)
    assert (model.balances, model.masses) == ([[2]], [[1, 3]])
    two = trees(n_trees=1, height=1, features=("a", "b"))
    two.leaves_of({})
    (((split,), (threshold,)),) = two.splits
    known = "ab"[split]
    assert two.leaves_of({known: threshold}) == [1]  # also where another feature is missing
    assert two.leaves_of({known: threshold - 0.01}) == [0]


@pytest.mark.parametrize("learned", [0, 5, 10, 33])
def test_a_save_goes_on_exactly(learned):
    """Before, in and between windows, with missing features, whose way on is made from the masses."""
    model = trees()
    events = list(stream(learned + 60, 9, missing=0.3))
    for x in events[:learned]:
        model.learn_one(x)
    loaded = trees()
    loaded.restore(model.to_state())
    assert loaded.to_state() == model.to_state()
    assert loaded.balances == model.balances
    assert loaded.nodes is None or loaded.nodes.dtype == np.int64
    assert loaded.splits  # grown now, as loading has time
    for x in events[learned:]:
        assert loaded.score_one(x) == model.score_one(x)
        loaded.learn_one(x)
        model.learn_one(x)
    assert loaded.to_state() == model.to_state()
    assert loaded.n_learned == model.n_learned == learned + 60


def test_a_save_holds_shape_counters_names_and_masses():
    """Four bytes a mass, little-endian; without a full window there is no reference."""
    model = trees()
    for x in stream(13, 10):
        model.learn_one(x)
    shape, counters, names, current, reference = msgspec.msgpack.decode(model.to_state())
    assert (shape, counters, names) == ([4, 3, 40, 7], [13, 3, 20, 10], list(NAMES))
    assert np.frombuffer(current, "<i4").reshape(4, 8).sum(axis=1).tolist() == [3] * 4
    assert np.frombuffer(reference, "<i4").reshape(4, 8).sum(axis=1).tolist() == [10] * 4
    assert model.nodes is not None
    assert np.frombuffer(reference, "<i4").reshape(4, 8).tolist() == model.nodes[:, 7:].tolist()
    assert msgspec.msgpack.decode(trees().to_state())[4] == b""


@pytest.mark.parametrize(
    "changes", [{"n_trees": 5}, {"height": 2}, {"window_size": 50}, {"seed": 8}, {"features": ("a", "b", "c", "e")}]
)
def test_a_save_of_others_is_refused(changes):
    """Of another shape, seed or features; both are told."""
    state = trees().to_state()
    with pytest.raises(ValueError, match=r"got: \(4, 3, 40, 7\), \['a', 'b', 'c', 'd'\]; expected: \("):
        trees(**changes).restore(state)


def test_features_may_come_with_the_first_event_or_the_save():
    """A model without any takes those of the save; one that learned nothing has none to give."""
    model = trees(features=None)
    assert (model.names, model.leaves_of({"a": 0.5})) == ((), [])
    for x in stream(12, 11):
        model.learn_one(x)
    loaded = trees(features=None)
    loaded.restore(model.to_state())
    assert (loaded.names, loaded.to_state()) == (NAMES, model.to_state())
    empty = trees(features=None)
    empty.restore(trees(features=None).to_state())
    assert (empty.names, empty.splits) == ((), ())


def test_trees_are_grown_when_they_are_needed_and_once_for_a_seed():
    """Commands build models to check their parameters; two partitions share the trees of a seed, other seeds do not."""
    one, two, other = trees(), trees(), trees(seed=8)
    assert one.splits == ()
    for model in (one, two, other):
        model.leaves_of({"a": 0.5})
    assert one.splits is two.splits
    assert one.splits != other.splits
    assert (len(one.splits), len(one.splits[0][0]), len(one.splits[0][1])) == (4, 7, 7)
    free, again = trees(seed=None), trees(seed=None)
    for model in (free, again):
        model.leaves_of({"a": 0.5})
    assert free.splits != again.splits


def test_without_a_full_window_nothing_is_unusual():
    """A score of 0, by the event or by its leaves."""
    model = trees()
    for x in stream(9, 12):
        model.learn_one(x)
    assert model.score_one({"a": 0.0}) == 0.0
    assert model.score_leaves([0, 0, 0, 0]) == 0.0
    model.learn_one({"a": 0.5})
    assert 0.0 < model.score_one({"a": 0.0}) <= 1.0
