"""Tails by hand: twice the smaller side, each present feature learned once, and a save."""

from array import array
from math import log

import msgspec
import pytest

from detectors.models import compiled_code
from detectors.models.windowed_tails import WindowedTails


@pytest.fixture(autouse=True)
def plain_python(monkeypatch):
    """The pure path by hand; the compiled one is compared with it in test_compiled_code.py."""
    monkeypatch.setattr(compiled_code, "kernels", lambda: None)


def tails(*values: float, size: int = 10) -> WindowedTails:
    model = WindowedTails(size)
    for value in values:
        model.learn_one({"a": value})
    return model


@pytest.mark.parametrize(
    ("value", "credit"),
    [
        (9.0, log(10 / 2)),  # beyond all nine: p = 2 / 10
        (-1.0, log(10 / 2)),  # on either side
        (8.0, log(10 / 4)),  # as large as the largest: p = 4 / 10
        (0.0, log(10 / 4)),
        (4.0, 0.0),  # in the middle p would be 1.2, and is 1
        (3.0, 0.0),  # p = 1
    ],
)
def test_a_tail_is_twice_the_smaller_side(value, credit):
    """Nine values from 0 to 8; the score is less 1, and a feature never seen has no credit."""
    model = tails(*map(float, range(9)))
    assert model.explain_one({"a": value}) == {"a": pytest.approx(credit)}
    assert model.score_one({"a": value}) == pytest.approx(credit - 1)
    assert model.score_one({"a": value, "new": 5.0}) == pytest.approx(credit - 2)
    assert model.explain_one({"new": 5.0, "a": value}) == {"new": 0.0, "a": pytest.approx(credit)}


def test_tails_learn_each_present_feature_once():
    """One pass scores, credits and learns, unless it is told not to."""
    model = tails(1.0, 2.0)
    before = model.to_state()
    scored = model.score_then_learn_one({"a": 9.0, "b": 1.0}, learn=False)
    assert scored == (pytest.approx(log(3 / 2) - 2), {"a": pytest.approx(log(3 / 2)), "b": 0.0})
    assert (model.to_state(), model.n_learned) == (before, 2)
    assert model.score_then_learn_one({"a": 9.0, "b": 1.0}) == scored
    assert (model.n_learned, list(model.windows["a"].order), list(model.windows["b"].order)) == (
        3,
        [1.0, 2.0, 9.0],
        [1.0],
    )


def test_a_save_of_tails_is_counter_length_and_windows():
    """A window of ten keeps ten; a state of another length is refused with both."""
    model = WindowedTails.build({"window": 10.0}, 1)
    for number in range(12):
        model.learn_one({"a": float(number)})
    state = model.to_state()
    kept = array("d", map(float, range(2, 12))).tobytes()
    assert msgspec.msgpack.decode(state) == [12, 10, {"a": kept}]
    loaded = WindowedTails.from_state({"window": 10.0}, 1, state)
    assert (loaded.n_learned, loaded.window, loaded.windows["a"].size) == (12, 10, 10)
    assert loaded.to_state() == state
    assert (WindowedTails.build({}, 1).window, WindowedTails().window) == (1000, 1000)
    with pytest.raises(ValueError, match="windowed_tails state is of other parameters; got: window 10; expected: 1000"):
        WindowedTails.from_state({}, 1, state)
    with pytest.raises(ValueError, match="detector windowed_tails: window = 9"):
        WindowedTails.build({"window": 9.0}, 1)
