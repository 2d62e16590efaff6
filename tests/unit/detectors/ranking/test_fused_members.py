"""Members fused: a River detector on any numeric dict, whose strangeness its credits add up to."""

import math
import random

import pytest
from river.base import AnomalyDetector

from detectors.models.fitted_tail import surprise
from detectors.models.robust_z import RobustZ
from detectors.models.windowed_tails import WindowedTails
from detectors.ranking.fused_members import FusedMembers


def fused(weights=None, window=200):
    return FusedMembers({"robust_z": RobustZ(), "windowed_tails": WindowedTails(100)}, weights or {}, window)


def raw_rows(count, seed=5):
    """Raw columns, which no feature of ours made."""
    rng = random.Random(seed)
    for _ in range(count):
        yield {"width": rng.gauss(3, 1), "height": rng.gauss(-2, 1), "colour": float(rng.randrange(5))}


def test_it_is_a_river_detector_on_any_columns():
    """A row far out in one column scores higher than all ordinary ones, and that column has the most credit."""
    model = fused()
    assert isinstance(model, AnomalyDetector)
    rows = list(raw_rows(400))
    for row in rows[:350]:
        model.learn_one(row)
    odd = rows[0] | {"height": 9.0}
    assert model.score_one(odd) > max(model.score_one(row) for row in rows[350:])
    credited = model.explain_one(odd)
    assert max(credited, key=credited.__getitem__) == "height"
    assert math.fsum(credited.values()) == pytest.approx(model.score_one(odd))


def test_scoring_and_explaining_learn_nothing():
    """Members and windows stand as they stood."""
    model = fused()
    for row in raw_rows(50):
        model.learn_one(row)

    def state():
        return [one.to_state() for one in model.members.values()], [one.to_bytes() for one in model.ranks.values()]

    before = state()
    model.score_one({"width": 99.0})
    model.explain_one({"width": 99.0})
    model.judge_then_learn_one({"width": 99.0}, learn=False)
    assert state() == before
    model.learn_one({"width": 99.0})
    assert state() != before


def test_strangeness_is_the_weighted_sum_of_log_p():
    """Of what each member's surprise is, by its weight; above all of n kept scores it is more than ln(n + 1)."""
    for weights in ({}, {"robust_z": 3.0}, {"robust_z": 0.0}):
        model = fused(weights)
        for row in raw_rows(150):
            model.learn_one(row)
        odd = {"width": 50.0, "height": 50.0, "colour": 50.0}
        each = {
            name: surprise(model.ranks[name], member.score_one(odd), 1e-9, 20.7)
            for name, member in model.members.items()
        }
        assert min(each.values()) > math.log(151)
        expected = sum(told * weights.get(name, 1.0) for name, told in each.items())
        assert model.score_one(odd) == pytest.approx(expected)
