"""Logistic regression with a ridge, fitted anew from all lessons by a fixed number of Newton steps, bit for bit alike.

Why not River's `LogisticRegression`, which learns by a gradient step a lesson: its weights depend on the order of all
lessons, so none can be taken back. Here the weights are a function of the lessons as a set, and a test holds them to
what River's comes to after many passes.

Inputs, weights and residuals are whole numbers, and every sum of them stays below 2^53. Such sums are exact in floating
point, so neither their order nor the processor's way of adding matters. The small system of each step is solved
element by element, without a library whose rounding differs between processors.
"""

from math import exp

import numpy as np
from numpy.typing import NDArray

from detectors.contracts.learning import INPUT_PART

Floats = NDArray[np.float64]
# Weights of the model are kept in parts of this; the largest is 16.
WEIGHT_PART = 4096
LARGEST_WEIGHT = 16 * WEIGHT_PART
# A lesson's weight of 1; at most `MOST_WEIGHT` of them count for one lesson.
LESSON_PART = 256
MOST_WEIGHT = 4
# With a ridge of 1 the eighth step moves no weight by a hundredth (tests); a step moves none by more than 1.
STEPS = 8
LONGEST_STEP = 1.0
# Chances are read from a table: 1/256 of a unit of the log odds, up to 12, beyond which the odds are 160 000 to 1.
_TABLE_PART = 256
_FURTHEST = 12 * _TABLE_PART
_CHANCE_PART = 65536
_CURVE_PART = 256
_EXACT = [1.0 / (1.0 + exp(-place / _TABLE_PART)) for place in range(-_FURTHEST, _FURTHEST + 1)]
_CHANCES = np.array([round(chance * _CHANCE_PART) for chance in _EXACT], np.float64)
# at least 1: a curve of 0 would make a step endless
_CURVES = np.array([max(1, round(chance * (1.0 - chance) * _CURVE_PART)) for chance in _EXACT], np.float64)
# Lessons added up at once: a larger product has the library start threads, which cost more than they save.
_BLOCK = 256
_GRADIENT_PARTS = float(INPUT_PART * LESSON_PART * _CHANCE_PART)
_CURVE_PARTS = float(INPUT_PART * INPUT_PART * LESSON_PART * _CURVE_PART)


def fitted(inputs: Floats, confirmed: Floats, weights: Floats, ridge: Floats, offset: Floats | None = None) -> Floats:
    """The model's weights by column, in parts of `WEIGHT_PART`.

    `inputs` has a row a lesson (parts of `INPUT_PART`, at most 8 units), `confirmed` 0 or 1, `weights` parts of
    `LESSON_PART`; all are whole numbers. `ridge` pulls each column's weight to 0 as so many lessons would. `offset` is
    added to the log odds, in parts of `INPUT_PART * WEIGHT_PART`.
    Cost: 4 ms for 1 000 lessons of 30 columns. Exact up to 4 096 lessons and 64 columns.
    """
    model = np.zeros(inputs.shape[1])
    wanted = confirmed * _CHANCE_PART
    for _ in range(STEPS):
        gradient, curve = np.zeros(len(model)), np.zeros((len(model), len(model)))
        for first in range(0, len(inputs), _BLOCK):
            rows = slice(first, first + _BLOCK)
            part, odds = inputs[rows], log_odds(inputs[rows], model, None if offset is None else offset[rows])
            places = _places(odds)
            gradient += part.T @ (weights[rows] * (wanted[rows] - _CHANCES[places]))
            curve += (part.T * (weights[rows] * _CURVES[places])) @ part
        # the ridge comes last: only sums of whole numbers are the same in any order
        gradient = gradient / _GRADIENT_PARTS - ridge * model / WEIGHT_PART
        curve = curve / _CURVE_PARTS + np.diag(ridge)
        step = np.clip(_solved(curve, gradient), -LONGEST_STEP, LONGEST_STEP)
        model = np.clip(np.rint(model + step * WEIGHT_PART), -LARGEST_WEIGHT, LARGEST_WEIGHT)
    return model


def log_odds(inputs: Floats, model: Floats, offset: Floats | None = None) -> Floats:
    """The log odds of each row, in parts of `INPUT_PART * WEIGHT_PART`; exact."""
    odds: Floats = inputs @ model
    return odds if offset is None else odds + offset


def _places(odds: Floats) -> NDArray[np.int64]:
    steps = np.rint(odds / (INPUT_PART * WEIGHT_PART // _TABLE_PART))
    places: NDArray[np.int64] = (np.clip(steps, -_FURTHEST, _FURTHEST) + _FURTHEST).astype(np.int64)
    return places


def _solved(matrix: Floats, vector: Floats) -> Floats:
    """The solution of a symmetric positive system, by Gauss and Jordan, each operation rounded by itself."""
    table = np.column_stack((matrix, vector))
    for place in range(len(vector)):
        factors = table[:, place] / table[place, place]
        factors[place] = 0.0
        table -= factors[:, None] * table[place]
    solution: Floats = table[:, -1] / table.diagonal()
    return solution
