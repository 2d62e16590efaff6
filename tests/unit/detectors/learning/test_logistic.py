"""The regression: against River's after many passes, in any order of lessons, and at the ends of its range."""

import random

import numpy as np
import pytest
from river import linear_model, optim

from detectors.contracts.learning import INPUT_PART
from detectors.learning import logistic
from detectors.learning.logistic import LARGEST_WEIGHT, LESSON_PART, WEIGHT_PART, Floats
from tests.support.taught import BASE, WEIGHTS, drawn_lessons

COLUMNS = ("amount_own", "hour", "cadence", "T03")


def drawn(count: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Inputs, verdicts and weights of 1."""
    lessons = drawn_lessons(count, seed)
    inputs = [[INPUT_PART, *(lesson.inputs.get(name, 0) for name in COLUMNS)] for lesson in lessons]
    confirmed = [float(lesson.confirmed is True) for lesson in lessons]
    return np.array(inputs, float), np.array(confirmed), np.full(count, float(LESSON_PART))


def test_the_weights_that_the_verdicts_were_drawn_with_are_found() -> None:
    found = logistic.fitted(*drawn(4000, 3), np.full(5, 0.01)) / WEIGHT_PART

    assert found[0] == pytest.approx(BASE, abs=0.25)
    for name, weight in zip(COLUMNS, found[1:], strict=True):
        assert weight == pytest.approx(WEIGHTS[name], abs=0.45), name


def test_it_comes_to_what_rivers_regression_comes_to() -> None:
    """River's has a decay in the place of a ridge, of each step, so 400 lessons' ridge of 1 is l2 = 1/400."""
    inputs, confirmed, weights = drawn(400, 5)
    ridge = np.full(5, 1.0)
    ours = logistic.fitted(inputs, confirmed, weights, ridge) / WEIGHT_PART
    river = linear_model.LogisticRegression(
        optim.SGD(optim.schedulers.InverseScaling(0.5, 0.4)), l2=1 / 400, intercept_lr=0.0
    )
    lots, order = random.Random(1), list(range(400))
    for _ in range(120):
        lots.shuffle(order)
        for row in order:
            river.learn_one(dict(enumerate((inputs[row] / INPUT_PART).tolist())), bool(confirmed[row]))

    for place, weight in enumerate(ours):
        assert river.weights[place] == pytest.approx(weight, abs=0.08), place


def test_the_order_of_the_lessons_changes_no_bit() -> None:
    inputs, confirmed, weights = drawn(700, 9)
    ridge = np.array([0.01, 1.0, 1.0, 1.0, 1.0])
    first = logistic.fitted(inputs, confirmed, weights, ridge)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(700)
        assert np.array_equal(logistic.fitted(inputs[order], confirmed[order], weights[order], ridge), first)


def test_the_last_step_moves_no_weight_by_a_hundredth(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, confirmed, weights = drawn(300, 2)
    confirmed = (inputs[:, 1] > INPUT_PART).astype(float)  # a verdict that one input tells without a fault
    found = logistic.fitted(inputs, confirmed, weights, np.ones(5))
    monkeypatch.setattr(logistic, "STEPS", logistic.STEPS + 1)

    further = logistic.fitted(inputs, confirmed, weights, np.ones(5))
    assert np.abs(further - found).max() < 0.01 * WEIGHT_PART


def test_sums_stay_exact_at_the_largest_of_everything() -> None:
    """The bound of 2^53 with every number at its end, counted in Python's whole numbers."""
    largest, lessons, columns = 8 * INPUT_PART, 4096, 64
    assert largest * LARGEST_WEIGHT * columns * 2 < 2**53
    assert largest * logistic.MOST_WEIGHT * LESSON_PART * 65536 * lessons < 2**53
    assert largest**2 * logistic.MOST_WEIGHT * LESSON_PART * 64 * lessons < 2**53


def test_weights_end_at_their_bound_where_nothing_pulls_them_back() -> None:
    inputs = np.array([[2047.0], [2047.0]])
    found = logistic.fitted(inputs, np.ones(2), np.full(2, 1024.0), np.array([1e-9]))

    assert 0 < found[0] <= LARGEST_WEIGHT


def test_an_offset_is_part_of_the_log_odds() -> None:
    inputs, confirmed = np.full((200, 1), float(INPUT_PART)), np.array([1.0, 0.0] * 100)
    offset = np.full(200, 2.0 * INPUT_PART * WEIGHT_PART)
    found = logistic.fitted(inputs, confirmed, np.full(200, 256.0), np.array([0.01]), offset)

    assert found[0] / WEIGHT_PART == pytest.approx(-2.0, abs=0.01)
