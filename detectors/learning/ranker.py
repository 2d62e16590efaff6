"""The chance that an investigator confirms an alert, learned from the lessons that stand.

Three parts, each a function of the standing lessons as a set, so that one taken back is as if it never was:

1. A logistic regression of the alert's inputs (logistic.py). An alert counts once, its officers share it. An alert that
   was chosen with a small probability counts for those that were not, up to `MOST_WEIGHT`. No officer counts for more
   than all others together.
2. A second regression of what the first says of lessons that it did not see (Platt): each half of the cases is told by
   the other half. It corrects a model that is too sure of itself.
3. Few lessons say little: the chance is the base rate of the alert's lead, and the model's word has weight
   n / (n + 200) (docs/DETECTION.md, "Learning from verdicts").
"""

from collections import Counter, defaultdict
from math import exp
from typing import NamedTuple

import numpy as np

from detectors.contracts.learning import INPUT_PART, Lesson
from detectors.learning import logistic
from detectors.learning.inputs import LARGEST
from detectors.learning.kept_lessons import KeptLesson, KeptLessons
from detectors.learning.logistic import LESSON_PART, WEIGHT_PART, Floats

# docs/DETECTION.md, "Learning from verdicts": the model's word weighs as much as the base rate's from 200 lessons on.
HALF_WAY = 200.0
# Under so many lessons nothing is said. Ten of one kind leave its rate unknown within 30 points either way.
LEAST_LESSONS = 20
# a lead's own rate counts as much as that of all from ten lessons on
LEAD_HALF_WAY = 10.0
# The pull to 0 in lessons: one for an input, whose weight is then within 1 or so unless lessons say otherwise; nearly
# none for the base rate; and for the correction enough that 20 lessons do not turn it.
_RIDGE, _BASE_RIDGE = 1.0, 0.01
_CORRECTION_RIDGE = (4.0, 20.0)
# of the exact sums in logistic.py
MOST_COLUMNS = 64
_ODDS = float(INPUT_PART * WEIGHT_PART)


class Likelihood(NamedTuple):
    """`probability` (0-1, higher is likelier) that an investigator confirms an alert; `lessons` is how many stand."""

    probability: float
    lessons: int


class _Model(NamedTuple):
    """What the lessons come to: the columns' names and weights, the correction, base rates, and their number."""

    names: tuple[str, ...]
    weights: Floats
    correction: Floats
    rate: float
    rates: dict[str, float]
    lessons: float


class Ranker:
    """Learns each lesson once, in ledger order; its state is the lessons, the model follows from them."""

    def __init__(self) -> None:
        self._lessons = KeptLessons()
        self._model: _Model | None = None

    def learn(self, lesson: Lesson) -> bool:
        """Take a lesson in and out what it takes back; whether anything changed. Raises `ValueError` for a bad id."""
        changed = self._lessons.take(lesson)
        if changed:
            self._model = None
        return changed

    @property
    def standing(self) -> int:
        """How many lessons stand."""
        return sum(1 for _ in self._lessons)

    def chance(self, lead: str, inputs: dict[str, int]) -> Likelihood | None:
        """The chance that an alert is confirmed; None while fewer than `LEAST_LESSONS` stand.

        Cost: 20 us, and after a change of lessons that of the fits: 10 ms for 1 000 lessons, 15 for 2 048.
        """
        if self._model is None:
            self._model = _model(self._lessons)
        model = self._model
        if model.lessons < LEAST_LESSONS:
            return None
        row = np.array([INPUT_PART, *(inputs.get(name, 0) for name in model.names)], np.float64)
        odds = float(row @ model.weights) / _ODDS
        shift, slope = float(model.correction[0]) / WEIGHT_PART, float(model.correction[1]) / WEIGHT_PART
        said = _chance(odds + shift + slope * min(max(odds, -LARGEST / INPUT_PART), LARGEST / INPUT_PART))
        base = model.rates.get(lead, model.rate)
        sure = model.lessons / (model.lessons + HALF_WAY)
        return Likelihood(round(sure * said + (1.0 - sure) * base, 4), round(model.lessons))

    def to_state(self) -> bytes:
        """The lessons; the model is made again from them, bit for bit."""
        return self._lessons.to_state()

    @classmethod
    def from_state(cls, packed: bytes) -> "Ranker":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        found = cls()
        found._lessons = KeptLessons.from_state(packed)
        return found


def _chance(odds: float) -> float:
    return 1.0 / (1.0 + exp(-min(max(odds, -30.0), 30.0)))


def _model(lessons: KeptLessons) -> _Model:
    standing = list(lessons)
    weights = _weights(standing)
    total = float(weights.sum()) / LESSON_PART
    confirmed = np.array([kept.confirmed for _, kept in standing], np.float64)
    rate, rates = _rates(lessons, standing, confirmed, weights)
    if total < LEAST_LESSONS:
        return _Model((), np.zeros(1), np.zeros(2), rate, rates, total)
    names, inputs = _table(lessons, standing)
    folds = np.array([kept.fold for _, kept in standing])
    correction = _correction(inputs, confirmed, weights, folds)
    return _Model(names, _fit(inputs, confirmed, weights), correction, rate, rates, total)


def _fit(inputs: Floats, confirmed: Floats, weights: Floats) -> Floats:
    ridge = np.full(inputs.shape[1], _RIDGE)
    ridge[0] = _BASE_RIDGE
    return logistic.fitted(inputs, confirmed, weights, ridge)


def _correction(inputs: Floats, confirmed: Floats, weights: Floats, folds: Floats) -> Floats:
    """Shift and further slope of the log odds, from what each half of the cases says of the other."""
    odds = np.zeros(len(inputs))
    for half in (0, 1):
        seen, told = folds != half, folds == half
        if seen.any():
            odds[told] = logistic.log_odds(inputs[told], _fit(inputs[seen], confirmed[seen], weights[seen]))
    column = np.clip(np.rint(odds / WEIGHT_PART), -LARGEST, LARGEST)
    table = np.column_stack((np.full(len(odds), float(INPUT_PART)), column))
    return logistic.fitted(table, confirmed, weights, np.array(_CORRECTION_RIDGE), odds)


def _rates(
    lessons: KeptLessons, standing: list[tuple[int, KeptLesson]], confirmed: Floats, weights: Floats
) -> tuple[float, dict[str, float]]:
    """The share confirmed of all, and by lead, where few of a lead count as all do."""
    rate = (float((confirmed * weights).sum()) + LESSON_PART) / (float(weights.sum()) + 2.0 * LESSON_PART)
    told: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (_, kept), weight in zip(standing, weights.tolist(), strict=True):
        told[kept.lead][0] += weight * kept.confirmed
        told[kept.lead][1] += weight
    pull = LEAD_HALF_WAY * LESSON_PART
    return rate, {
        lessons.name(lead): (yes + pull * rate) / (every + pull) for lead, (yes, every) in sorted(told.items())
    }


def _weights(standing: list[tuple[int, KeptLesson]]) -> Floats:
    """What each lesson counts, whole parts of `LESSON_PART`."""
    opinions = Counter(kept.alert for _, kept in standing)
    plain = [kept.weight // opinions[kept.alert] for _, kept in standing]
    totals: Counter[int] = Counter()
    for (officer, _), weight in zip(standing, plain, strict=True):
        totals[officer] += weight
    every = sum(totals.values())
    # who is alone counts as told: there is nobody to be drowned
    most = {officer: own if own == every else min(own, every - own) for officer, own in totals.items()}
    return np.array(
        [
            weight * most[officer] // max(totals[officer], 1)
            for (officer, _), weight in zip(standing, plain, strict=True)
        ],
        np.float64,
    )


def _table(lessons: KeptLessons, standing: list[tuple[int, KeptLesson]]) -> tuple[tuple[str, ...], Floats]:
    """The inputs as a table: a row a lesson, first the base rate's column, then one for each name, in their order."""
    flat = np.array([part for _, kept in standing for part in kept.inputs], np.int64)
    rows = np.repeat(np.arange(len(standing)), [len(kept.inputs) // 2 for _, kept in standing])
    numbers, values = flat[::2], flat[1::2]
    used = sorted((lessons.name(int(number)), int(number)) for number in np.unique(numbers))[: MOST_COLUMNS - 1]
    columns = np.zeros(max((number for _, number in used), default=0) + 1, np.int64)
    for place, (_, number) in enumerate(used, 1):
        columns[number] = place
    table = np.zeros((len(standing), len(used) + 1))
    inside = numbers < len(columns)
    table[rows[inside], columns[numbers[inside]]] = values[inside]
    table[:, 0] = INPUT_PART
    return tuple(name for name, _ in used), table
