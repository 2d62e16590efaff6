"""Sampled neighbours by hand: distances, the median, what is kept, and credits that add up."""

import math
import random

import msgspec
import numpy as np
import pytest

from detectors.models.sampled_neighbours import SampledNeighbours, drawn


def learned(count=300, **parameters):
    model, rng = SampledNeighbours(**parameters), random.Random(4)
    for _ in range(count):
        model.learn_one({"a": rng.gauss(0, 1), "b": rng.gauss(0, 1), "c": rng.gauss(0, 1)})
    return model


def test_the_score_is_the_median_of_the_nearest_distances():
    """Found again with plain loops over what is kept."""
    model = learned(samples=5, size=4)
    x = {"a": 2.0, "b": -1.0, "c": 0.5}
    z = model.columns.place(x)
    nearest = []
    for sample in range(5):
        members = [model.kept[:, place] for place in range(20) if place % 5 == sample]
        nearest.append(min(math.dist(z, member) for member in members))
    assert model.score_one(x) == pytest.approx(sorted(nearest)[2])


def test_credits_add_up_to_the_score_and_name_the_odd_column():
    """With missing columns, too, which may have a part: they lie at their usual place, and the neighbour does not."""
    model = learned()
    for x in ({"a": 0.3, "b": -0.2, "c": 1.0}, {"a": 7.0, "b": 0.1, "c": 0.1}, {"b": 6.0}, {}):
        assert math.fsum(model.explain_one(x).values()) == pytest.approx(model.score_one(x))
    credited = model.explain_one({"a": 0.1, "b": 7.0, "c": 0.1})
    assert max(credited, key=credited.__getitem__) == "b"


def test_an_event_that_was_just_kept_everywhere_is_at_no_distance():
    """Distance 0 has no credits."""
    model = SampledNeighbours(samples=3, size=2)
    for _ in range(400):
        model.learn_one({"a": 0.0})
    assert model.score_one({"a": 0.0}) == 0.0
    assert model.explain_one({"a": 0.0}) == {"a": 0.0}


def test_whole_rounds_are_compared_with():
    """No score until each sample holds an event; then one event more in each, and not before."""
    model = SampledNeighbours(samples=3, size=2)
    scores = []
    for number in range(7):
        scores.append(model.score_one({"a": 50.0}))
        model.learn_one({"a": float(number)})
    assert scores[:3] == [0.0, 0.0, 0.0]
    assert all(score > 0.0 for score in scores[3:])


def test_one_event_in_so_many_is_kept_and_stays_for_the_horizon():
    """20 places and a horizon of 200: one in ten is taken, within what chance allows."""
    model = learned(count=20, samples=5, size=4, horizon=200)
    rng, changed = random.Random(5), 0
    for _ in range(2000):
        before = model.kept.copy()
        model.learn_one({"a": rng.gauss(0, 1), "b": rng.gauss(0, 1), "c": rng.gauss(0, 1)})
        different = np.any(model.kept != before, axis=0)
        assert different.sum() <= 1
        changed += int(different.sum())
    assert 150 < changed < 250


def test_what_is_kept_follows_from_the_seed():
    """Whole numbers only, the same in every process."""
    assert drawn(0, 1) == 0x6E789E6AA1B965F4
    assert drawn(2**63, 7) != drawn(2**63 - 1, 7)


def test_a_damaged_or_foreign_save_is_refused():
    """Of other parameters or another seed, or torn."""
    state = learned(count=20).to_state()
    with pytest.raises(ValueError, match="other parameters"):
        SampledNeighbours.from_state({}, 2, state)
    shape, seen, names, scales, kept = msgspec.msgpack.decode(state)
    with pytest.raises(ValueError, match=f"got: {len(kept) - 8} bytes of kept events; expected: {len(kept)}"):
        SampledNeighbours.from_state({}, 1, msgspec.msgpack.encode((shape, seen, names, scales, kept[:-8])))


def test_too_many_kept_events_are_refused():
    """Each number is in range alone."""
    with pytest.raises(ValueError, match="samples x size = 50000, must be at most 4096"):
        SampledNeighbours.build({"samples": 50.0, "size": 1000.0}, 1)
