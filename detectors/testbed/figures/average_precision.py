"""Average precision of an order of payments: how early the planted ones stand in it, whatever the budget.

Pure. The truth is a case's own events. Each level of equal scores counts as one step, so that nothing is gained or lost
by the order of equal ones.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.statistics import (
    Difference,
    Estimate,
    Floats,
    Interval,
    holding_zero,
    percentile_interval,
    ratios,
)

Ints = NDArray[np.int64]
HONEST = -1
"""The case of a unit that belongs to none."""
# Precisions are summed as whole billionths, whose sums are exact in any order and so on every machine.
_BILLION = 10**9
# Resamples that are weighed at a time: 8 MB for 4 000 planted units.
_AT_ONCE = 250


class OrderedUnits(NamedTuple):
    """Units to be ordered, payments or party-days: each one's score (higher comes first) and its case or `HONEST`."""

    score: Floats
    case: Ints


class AveragePrecision(NamedTuple):
    """The figure (None where nothing was planted), that of each resample of the cases, and each case's part of it."""

    value: float | None
    samples: Floats
    by_case: Ints
    cases: int

    def estimate(self) -> Estimate:
        """With the percentile bootstrap's interval; none where fewer than two cases could be resampled."""
        return Estimate(self.value, self.cases, percentile_interval(self.samples) if self.cases > 1 else None)


def average_precision(units: OrderedUnits, cases: int, draws: Draws) -> AveragePrecision:
    """Mean over the planted units of the precision at their place in the order: 0-1, higher is better.

    That is the sum over falling scores of (recall gained) x (precision until there); an order by lot gives the share of
    planted units. Cases are resampled (of `cases`), honest units are not: there are so many that what varies is the
    cases. A score of NaN comes last. Source: Manning, Raghavan and Schuetze, "Introduction to Information Retrieval"
    (2008), chapter 8; equal scores as in scikit-learn's `average_precision_score`. Cost: 0.2 s for 1 000 planted among
    600 000 units and 2 000 resamples.
    """
    score = np.where(np.isnan(units.score), -np.inf, units.score)
    planted = np.flatnonzero(units.case != HONEST)
    if not len(planted):
        return AveragePrecision(None, np.full(draws.resamples, np.nan), np.zeros(cases, np.int64), 0)
    planted = planted[np.argsort(-score[planted], kind="stable")]
    case, levels = units.case[planted], score[planted]
    honest = np.sort(score[units.case == HONEST])
    starts = np.flatnonzero(np.r_[True, levels[1:] != levels[:-1]])
    # honest units at least as high as each level
    false = len(honest) - np.searchsorted(honest, levels[starts], "left")
    each = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(levels)]))
    own = _precisions(np.diff(np.r_[starts, len(levels)])[None, :], false)[0][each]
    by_case = np.zeros(cases, np.int64)
    np.add.at(by_case, case, own)
    samples = np.empty(draws.resamples)
    counts = draws.of("cases", cases)
    for first in range(0, draws.resamples, _AT_ONCE):
        drawn = counts[first : first + _AT_ONCE].astype(np.int64)[:, case]
        weights = np.add.reduceat(drawn, starts, axis=1)
        summed = (weights * _precisions(weights, false)).sum(axis=1).astype(np.float64)
        samples[first : first + _AT_ONCE] = ratios(summed, _BILLION * weights.sum(axis=1).astype(np.float64))
    return AveragePrecision(int(own.sum()) / (_BILLION * len(planted)), samples, by_case, len(np.unique(case)))


def _precisions(weights: Ints, false: Ints) -> Ints:
    """By resample and level, the precision until there in billionths; 0 where nothing planted has come yet."""
    true = np.cumsum(weights, axis=1)
    shares: Ints = np.rint(_BILLION * (true / np.maximum(true + false, 1))).astype(np.int64)
    return shares


def difference(a: AveragePrecision, b: AveragePrecision) -> Difference:
    """`a` minus `b` on the same cases, resampled together; with fewer than six cases that differ 0 is never left."""
    if a.value is None or b.value is None:
        return Difference(a.value, b.value, None, a.cases)
    differing = int((a.by_case != b.by_case).sum())
    interval = holding_zero(percentile_interval(a.samples - b.samples), differing)
    return Difference(a.value, b.value, a.value - b.value, a.cases, interval, differing)


def gain(a: AveragePrecision, b: AveragePrecision) -> Estimate:
    """How much better `a` is than `b`, as a share of `b`: 0.3 = by 30 %. None where `b` is 0 or nothing was planted.

    The interval is of the quotient on the same resampled cases, and holds 0 where too few cases differ.
    """
    told = difference(a, b)
    if a.value is None or not b.value:
        return Estimate(None, a.cases)
    around: Interval | None = percentile_interval(ratios(a.samples, b.samples) - 1.0)
    return Estimate(a.value / b.value - 1.0, a.cases, holding_zero(around, told.differing or 0))
