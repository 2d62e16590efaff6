"""Compiled trees as objects: copies, states of others, rows that do not fit. Their numbers: test_tree_kernels.py."""

import copy
import pickle
import random

import numpy as np
import pytest

from detectors.models import compiled_code
from detectors.models.flat_trees import FlatHalfSpaceTrees
from detectors.models.tree_state import Shape

KERNELS = compiled_code.kernels()
if KERNELS is None:
    pytest.skip(compiled_code.prepare().said, allow_module_level=True)

from detectors.models.compiled_trees import CompiledTrees  # noqa: E402
from detectors.models.tree_kernels import SPLITS  # noqa: E402

SHAPE = Shape(4, 3, 20, 7)
NAMES = ("a", "b")


def learned(count: int, floor: float | None = None) -> CompiledTrees:
    rng = random.Random(count)
    model = CompiledTrees(KERNELS, SHAPE, 5, NAMES, floor)
    for _ in range(count):
        model.learn_one({"b": rng.random(), "a": rng.random()})
    return model


@pytest.mark.parametrize("floor", [None, 0.5])
@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_arrays_of_its_own(floor, again):
    """The frame holds addresses: a copy that kept them would write into the original, or into what is gone."""
    model = learned(33, floor)
    other = again(model)
    state, scales = model.to_state(), model.scales
    assert (other.to_state(), other.scales, list(other.scales)) == (state, scales, list(scales))
    assert list(scales) == ([] if floor is None else ["b", "a"])
    x = {"a": 0.9, "b": 0.1}
    assert other.score_then_learn_one(x) == model.score_then_learn_one(x, learn=False)
    assert other.to_state() != state == model.to_state()


def test_a_copy_without_compiled_code_is_refused(monkeypatch):
    """What is pickled here may be read where there is none."""
    saved = pickle.dumps(learned(3))
    monkeypatch.setattr(compiled_code, "kernels", lambda: None)
    with pytest.raises(RuntimeError, match="compiled trees need compiled code"):
        pickle.loads(saved)


def test_the_first_event_names_the_features():
    """Before it nothing is unusual, and nothing is known."""
    model = CompiledTrees(KERNELS, SHAPE)
    assert (model.score_one({"a": 0.5}), model.leaves_of({"a": 0.5}), model.nodes, model.scales) == (0.0, [], None, {})
    assert model.score_then_learn_one({"a": 0.5}, learn=False) == (0.0, {})
    assert (model.names, model.n_learned) == ((), 0)
    assert model.to_state() == FlatHalfSpaceTrees(4, 3, 20, seed=7).to_state()
    assert model.score_then_learn_one({"b": 0.5, "a": 0.5}) == (0.0, {})
    assert (model.names, model.n_learned, model.reference) == (NAMES, 1, 0)


def test_leaves_and_masses_are_those_of_plain_trees():
    """They explain a score."""
    model, plain = learned(12), FlatHalfSpaceTrees(4, 3, 20, 5, NAMES, 7)
    plain.restore(model.to_state())
    for x in ({"a": 0.2, "b": 0.9}, {"a": 0.2}, {}):
        assert model.leaves_of(x) == plain.leaves_of(x)
    assert model.nodes is not None
    assert plain.nodes is not None
    assert model.nodes.tolist() == plain.nodes.tolist()


@pytest.mark.parametrize("changes", [{"n_trees": 5}, {"height": 2}, {"window_size": 50}, {"seed": 8}])
def test_a_state_of_others_is_refused(changes):
    """As plain trees refuse it."""
    with pytest.raises(ValueError, match="half-space trees of another shape"):
        CompiledTrees(KERNELS, SHAPE._replace(**changes), 5, NAMES).restore(learned(3).to_state())
    with pytest.raises(ValueError, match="other features"):
        CompiledTrees(KERNELS, SHAPE, 5, ("a", "c")).restore(learned(3).to_state())


def test_without_a_seed_no_two_models_have_the_same_trees():
    """As River's."""
    one, two = (CompiledTrees(KERNELS, Shape(9, 5, 20, None), 5, NAMES) for _ in range(2))
    assert one._arrays[SPLITS]["threshold"].tolist() != two._arrays[SPLITS]["threshold"].tolist()
    same, other = learned(0), learned(1)
    assert same._arrays[SPLITS]["threshold"].tolist() == other._arrays[SPLITS]["threshold"].tolist()
    assert same._arrays[SPLITS]["balance"].tolist() != other._arrays[SPLITS]["balance"].tolist()


def test_rows_are_for_trees_without_a_scaler():
    """And must have the features' width."""
    with pytest.raises(ValueError, match="rows are for trees without a scaler"):
        learned(3, 0.5).score_then_learn_block(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="a block does not fit"):
        learned(3).score_then_learn_block(np.zeros((2, 3)))
    assert learned(3).score_then_learn_block(np.zeros((0, 2))).tolist() == []
