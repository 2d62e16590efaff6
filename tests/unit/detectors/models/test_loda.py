"""LODA by hand: signs, bins, counts that leave with the window, and credits that add up."""

import math
import random

import msgspec
import numpy as np
import pytest

from detectors.models.loda import BINS, Loda, signs_of


def learned(count=300, **parameters):
    model, rng = Loda(**parameters), random.Random(4)
    for _ in range(count):
        model.learn_one({"a": rng.gauss(0, 1), "b": rng.gauss(0, 1), "c": rng.gauss(0, 1)})
    return model


def test_a_third_of_the_columns_is_in_a_projection_with_signs_at_random():
    """A sixth up, a sixth down, within what chance allows; another seed or name draws other signs."""
    drawn = [sign for number in range(100) for sign in signs_of(f"column {number}", 50, 1)]
    assert drawn.count(1.0) / 5000 == pytest.approx(43 / 256, abs=0.02)
    assert drawn.count(-1.0) / 5000 == pytest.approx(43 / 256, abs=0.02)
    assert len({tuple(signs_of(name, 50, seed)) for name in "ab" for seed in (1, 2)}) == 4


def test_the_score_is_the_mean_surprise_of_the_projections():
    """One column in every live projection: all fall into one bin, whose count gives the score."""
    model = Loda(projections=30, window=100)
    for _ in range(9):
        model.learn_one({"a": 0.0})
    assert model.score_one({"a": 0.0}) == pytest.approx(math.log(29 / 9.5))
    # the scaler holds the spread above its floor of .5, so 100 lies in an outermost bin, which is empty
    assert model.score_one({"a": 100.0}) == pytest.approx(math.log(29 / 0.5))


def test_counts_are_those_of_the_last_window_alone():
    """After twice the window, counts equal those made anew from the ring, and each projection counts `window`."""
    model = learned(count=130, window=50)
    counts = model.counts.reshape(model.projections, BINS)
    assert counts.sum(axis=1).tolist() == [50] * model.projections
    again = np.zeros_like(counts)
    for row in model.ring:
        for projection, place in enumerate(row):
            again[projection, place] += 1
    assert np.array_equal(again, counts)


def test_credits_add_up_to_the_score_and_name_the_odd_column():
    """For ordinary and odd events, with a column missing, too."""
    model = learned()
    for x in ({"a": 0.3, "b": -0.2, "c": 1.0}, {"a": 7.0, "b": 0.1, "c": 0.1}, {"b": 6.0}, {}):
        assert math.fsum(model.explain_one(x).values()) == pytest.approx(model.score_one(x))
    credited = model.explain_one({"a": 0.1, "b": 7.0, "c": 0.1})
    assert max(credited, key=credited.__getitem__) == "b"


def test_a_column_that_comes_later_is_projected_from_then_on():
    """Before it is learned it counts for nothing."""
    model = learned()
    before = model.score_one({"a": 0.1, "b": 0.1, "c": 0.1})
    assert model.score_one({"a": 0.1, "b": 0.1, "c": 0.1, "new": 50.0}) == before
    for _ in range(100):
        model.learn_one({"a": 0.1, "b": 0.1, "c": 0.1, "new": 0.0})
    assert model.score_one({"a": 0.1, "b": 0.1, "c": 0.1, "new": 50.0}) > model.score_one({"a": 0.1, "new": 0.0})


def test_nothing_learned_gives_nothing():
    """No score and no credit before the first event."""
    assert Loda().score_one({"a": 5.0}) == 0.0
    assert Loda().explain_one({"a": 5.0}) == {}
    assert Loda().score_then_learn_one({"a": 5.0}, learn=False) == (0.0, {})


def test_a_damaged_or_foreign_save_is_refused():
    """Of other parameters or another seed, torn, or with a bin that does not exist."""
    state = learned(count=20, window=50).to_state()
    with pytest.raises(ValueError, match="other parameters"):
        Loda.from_state({"window": 50.0}, 2, state)
    shape, seen, names, scales, kept = msgspec.msgpack.decode(state)
    for wrong in (kept[:-1], bytes([BINS]) + kept[1:]):
        with pytest.raises(ValueError, match="does not fit"):
            Loda.from_state({"window": 50.0}, 1, msgspec.msgpack.encode((shape, seen, names, scales, wrong)))
