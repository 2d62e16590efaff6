"""The robust z by hand, and a save of exactly this form."""

import msgspec
import pytest

from detectors.models.robust_z import RobustZ


def robust() -> RobustZ:
    model = RobustZ()
    model.scaler.scales = {"a": [3.0, 10.0, 0.5], "b": [3.0, 0.0, 1.0]}
    return model


def test_the_sum_of_robust_z_less_what_is_usual():
    """4 and 1 spreads, less 0.8 each; credits are the spreads, never below 0; learning comes after."""
    x = {"a": 8.0, "b": 1.0}
    model = robust()
    assert model.score_one(x) == pytest.approx(3.4)
    assert model.explain_one(x) == {"a": 4.0, "b": 1.0}
    assert model.score_one({}) == 0
    before = model.to_state()
    assert model.score_then_learn_one(x, learn=False) == (pytest.approx(3.4), {"a": 4.0, "b": 1.0})
    assert (model.to_state(), model.n_learned) == (before, 0)
    assert model.score_then_learn_one(x) == (pytest.approx(3.4), {"a": 4.0, "b": 1.0})
    assert (model.n_learned, model.scaler.scales["b"]) == (1, [4.0, 0.25, 1.0625])


def test_a_save_of_robust_z_is_counter_floor_and_scales():
    """A floor of its own is in the state and in the scaler; another one's state is refused with both."""
    model = RobustZ.build({"floor": 0.25}, 1)
    model.learn_one({"a": 0.0})
    model.learn_one({})
    state = model.to_state()
    assert msgspec.msgpack.decode(state) == [2, 0.25, {"a": [1.0, 0.0, 0.25]}]
    loaded = RobustZ.from_state({"floor": 0.25}, 1, state)
    assert (loaded.n_learned, loaded.floor, loaded.scaler.floor) == (2, 0.25, 0.25)
    assert loaded.scaler.scales == {"a": [1.0, 0.0, 0.25]}
    assert RobustZ.build({}, 1).floor == RobustZ().floor == RobustZ().scaler.floor == 0.5
    with pytest.raises(ValueError, match=r"robust_z state is of other parameters; got: floor 0\.25; expected: 0\.5"):
        RobustZ.from_state({}, 1, state)
    with pytest.raises(ValueError, match="detector robust_z: floor = 0"):
        RobustZ.build({"floor": 0.0}, 1)
