"""Compiled tails as objects: copies, and the bound on features. Their numbers: test_tree_kernels.py."""

import copy
import pickle
from array import array

import numpy as np
import pytest

from detectors.models import compiled_code
from detectors.models.windowed_tails import MOST_FEATURES, WindowedTails

KERNELS = compiled_code.kernels()
if KERNELS is None:
    pytest.skip(compiled_code.prepare().said, allow_module_level=True)

from detectors.models.compiled_tails import CompiledTails  # noqa: E402


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_arrays_of_its_own(again):
    """Also where the ring has gone round."""
    model = CompiledTails(KERNELS, 4, 3)
    for number in range(6):
        model.learn_one({"b": float(number), "a": -number})
    kept = {"b": array("d", [2, 3, 4, 5]).tobytes(), "a": array("d", [-2, -3, -4, -5]).tobytes()}
    other = again(model)
    assert other.kept() == model.kept() == kept
    other.learn_one({"a": 9.0})
    assert other.kept() != model.kept() == kept


def test_a_copy_without_compiled_code_is_refused(monkeypatch):
    saved = pickle.dumps(CompiledTails(KERNELS, 4, 3))
    monkeypatch.setattr(compiled_code, "kernels", lambda: None)
    with pytest.raises(RuntimeError, match="compiled tails need compiled code"):
        pickle.loads(saved)


def test_features_have_a_bound_on_either_path():
    """Names that change with each event: the first 256 have windows, later ones add -1 as any unknown one does."""
    models = [WindowedTails(10), WindowedTails(10)]
    models[1].stay_plain()
    for number in range(MOST_FEATURES + 50):
        x = {f"n{number}": 1.0, "n3": float(number), "nan": float("nan")}
        one, two = (model.score_then_learn_one(x) for model in models)
        assert one == two
        assert "nan" not in one[1]
    assert models[0].to_state() == models[1].to_state()
    assert len(models[0]._compiled.kept()) == MOST_FEATURES
    assert models[0].score_one({"n9999": 1.0}) == models[1].score_one({"n9999": 1.0}) == -1.0
    long = {f"n{number}": 0.5 for number in range(400)}
    assert models[0].explain_one(long) == models[1].explain_one(long)


def test_a_block_makes_windows_in_the_order_in_which_features_come():
    """The state's order is that of one call after another; a column without any value gets no window."""
    rows = np.array([[np.nan, 1.0, 5.0, 2.0], [3.0, 1.0, 5.0, np.nan]])
    present = np.array([[True, False, False, True], [True, True, False, True]])
    models = [WindowedTails(10), WindowedTails(10)]
    models[1].stay_plain()
    for model in models:
        model.score_then_learn_block("abcd", rows, present)
    assert models[0].to_state() == models[1].to_state()
    assert list(models[0]._compiled.kept()) == ["d", "a", "b"]
