"""Intervals and calibration: how far a figure would move on other cases of the same kind.

Everything is drawn from `numpy.random.PCG64` by whole numbers only and summed exactly, so that equal arguments give
equal bytes on every machine, whatever its BLAS or numpy version.
"""

import hashlib
from collections.abc import Sequence
from math import exp, fsum, lgamma, log
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.values.wilson import wilson_ends

Floats = NDArray[np.float64]
LEVEL = 0.95
# Whole numbers up to here are exact in a float64, and so are their sums in any order.
_EXACT = 2**53
# The fewest units two systems must differ on before a two-sided test at 5 % can reject: 2 / 2^6 < 0.05 < 2 / 2^5.
FEWEST_DIFFERING = 6
# Draws are made this many numbers at a time: 32 MB.
_BLOCK = 4_000_000


class Interval(msgspec.Struct, frozen=True):
    """From `low` to `high`, both included."""

    low: float
    high: float


class Estimate(msgspec.Struct, frozen=True):
    """A figure with its interval. `n` is how many units it was taken over; `value` None when there is none.

    `interval` is the 95 % percentile bootstrap unless the figure's family says otherwise; None when it cannot be told.
    """

    value: float | None
    n: int
    interval: Interval | None = None


class Difference(msgspec.Struct, frozen=True):
    """`a` minus `b` over the same `n` units, with the paired bootstrap's interval; None where nothing can be told.

    `differing` is how many units the two differ on (None where it was not counted). With fewer than `FEWEST_DIFFERING`
    the interval always holds 0: no test could tell such a difference from chance.
    """

    a: float | None
    b: float | None
    difference: float | None
    n: int
    interval: Interval | None = None
    differing: int | None = None

    @property
    def too_few(self) -> bool:
        """Whether the two differ, but on too few units for any difference to be seen."""
        return self.differing is not None and 0 < self.differing < FEWEST_DIFFERING


class Bin(msgspec.Struct, frozen=True):
    """One bin of a reliability table: `n` scores in [low, high) (the last one closed), their mean and what came true.

    `mean` and `share` are None for an empty bin; `interval` is Wilson's of `share`.
    """

    low: float
    high: float
    n: int
    mean: float | None
    share: float | None
    interval: Interval | None


class Reliability(msgspec.Struct, frozen=True):
    """`error` 0-1 is the expected calibration error, `brier` 0-1 the mean squared error; None without any score."""

    error: float | None
    brier: float | None
    n: int
    bins: tuple[Bin, ...]


def draw_counts(units: int, resamples: int, seed: int, name: str = "") -> Floats:
    """How often each of `units` is drawn in each resample: resamples x units, rows sum to `units`.

    Equal `seed` and `name` give the same draws, so that systems are compared on the same resamples; `name` keeps the
    draws of different questions apart. Source: Efron, "Bootstrap methods: another look at the jackknife", Annals of
    Statistics 7 (1979). Indices are the upper half of PCG64's raw output scaled to `units`; the bias is below
    units / 2^32. Cost: about 20 ns a draw. Raises `ValueError` without units or resamples.
    """
    if units < 1 or resamples < 1:
        raise ValueError(f"nothing to resample; got: {units} units, {resamples} resamples; expected: 1 or more")
    digest = hashlib.blake2b(f"{seed}|{name}".encode(), digest_size=16).digest()
    source = np.random.PCG64(int.from_bytes(digest, "little"))
    counts = np.empty((resamples, units))
    block = max(1, _BLOCK // units)
    for first in range(0, resamples, block):
        rows = min(block, resamples - first)
        index = ((source.random_raw(rows * units) >> np.uint64(32)) * np.uint64(units)) >> np.uint64(32)
        place = index.astype(np.int64) + np.repeat(np.arange(rows) * units, units)
        counts[first : first + rows] = np.bincount(place, minlength=rows * units).reshape(rows, units)
    return counts


def resampled_sums(counts: Floats, values: NDArray[Any]) -> Floats:
    """Sums of whole-number `values` (units, or units x columns) in each resample; exact, whatever the order of adding.

    Values so large that a sum could pass 2^53 lose their lowest bits alike on every machine.
    """
    whole = np.asarray(values, dtype=np.int64)
    largest = int(np.abs(whole).max(initial=0)) * max(len(whole), 1)
    shift = max(0, largest.bit_length() - _EXACT.bit_length() + 1)
    sums: Floats = counts @ (whole >> shift)
    return sums * float(1 << shift)


def percentile_interval(samples: Floats, level: float = LEVEL) -> Interval | None:
    """The central `level` of the samples; NaN samples (resamples that say nothing) are left out, None when all are.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
    """
    told = samples[~np.isnan(samples)]
    if not len(told):
        return None
    tail = (1.0 - level) / 2
    low, high = np.quantile(told, [tail, 1.0 - tail])
    return Interval(float(low), float(high))


def ratios(numerators: Floats, denominators: Floats) -> Floats:
    """Element by element; NaN where the denominator is 0."""
    out = np.full(np.broadcast_shapes(numerators.shape, denominators.shape), np.nan)
    np.divide(numerators, denominators, out=out, where=np.broadcast_to(denominators != 0, out.shape))
    return out


def bootstrap_ratio(numerators: NDArray[Any], denominators: NDArray[Any], counts: Floats) -> Estimate:
    """Sum of whole `numerators` / sum of whole `denominators` over the units, with the percentile bootstrap's interval.

    A share is the case where every denominator is 1. `counts` comes from `draw_counts` for as many units.
    """
    below = int(denominators.sum())
    if not below:
        return Estimate(None, 0)
    samples = ratios(resampled_sums(counts, numerators), resampled_sums(counts, denominators))
    return Estimate(int(numerators.sum()) / below, below, percentile_interval(samples))


def paired_bootstrap(a: NDArray[Any], b: NDArray[Any], counts: Floats, below: NDArray[Any] | None = None) -> Difference:
    """Mean of `a` minus mean of `b`, both measured on the same units in the same order, resampled together.

    Because both sides see the same units, what makes a unit hard for both cancels: identical systems give exactly
    [0, 0]. `below` (default 1 each) are denominators common to both. For hits and misses use `paired_share`. Source:
    Efron and Tibshirani (1993), chapter 8; for systems judged on the same test cases: Koehn, "Statistical significance
    tests for machine translation evaluation", EMNLP 2004.
    """
    units = np.ones_like(a) if below is None else below
    return paired_ratio((a, units), (b, units), counts)


def paired_share(a: NDArray[Any], b: NDArray[Any], counts: Floats) -> Difference:
    """Share of hits of `a` minus that of `b` over the same units, by bootstrap and by exact test.

    The interval is the hull of the paired bootstrap's and of `exact_pairs`, which inverts McNemar's exact test: it
    leaves 0 only where both do. Failure prevented: where all units that differ differ alike (one case of one lost) the
    bootstrap has no width and would call any difference certain. Equal systems give exactly [0, 0].
    """
    told = paired_bootstrap(a, b, counts)
    first, second = np.asarray(a, np.bool_), np.asarray(b, np.bool_)
    exact = exact_pairs(int((first & ~second).sum()), int((second & ~first).sum()), len(first))
    if told.interval is None or exact is None:
        return told
    hull = Interval(min(told.interval.low, exact.low), max(told.interval.high, exact.high))
    return msgspec.structs.replace(told, interval=hull)


def exact_pairs(won: int, lost: int, units: int, level: float = LEVEL) -> Interval | None:
    """Interval of the difference of two shares over the same `units`, of which `won` and `lost` are hits of one alone.

    Conditional on how many units differ: Clopper and Pearson's interval of won / (won + lost), scaled. It leaves 0
    exactly where McNemar's exact (sign) test rejects, so never below `FEWEST_DIFFERING` units that differ. [0, 0] where
    none does, None without units. Sources: McNemar, Psychometrika 12 (1947); Clopper and Pearson, Biometrika 26 (1934).
    Raises `ValueError` for counts that do not fit.

    >>> [round(end, 3) for end in msgspec.structs.astuple(exact_pairs(0, 3, 3))]
    [-1.0, 0.415]
    """
    differing = won + lost
    if min(won, lost) < 0 or differing > units:
        raise ValueError(f"counts do not fit; got: {won} won and {lost} lost of {units}; expected: at most all of them")
    if not units:
        return None
    if not differing:
        return Interval(0.0, 0.0)
    # by symmetry the upper end of what was won is one less the lower end of what was lost
    low, high = _least_chance(won, differing, level), 1.0 - _least_chance(lost, differing, level)
    return Interval((2 * low - 1) * differing / units, (2 * high - 1) * differing / units)


def _least_chance(successes: int, trials: int, level: float) -> float:
    """Clopper and Pearson's lower end: the chance at which so many successes or more have half of 1 - `level`.

    By bisection to 12 digits; rounded to them, so that no machine's library shows.
    """
    if not successes:
        return 0.0
    tail, low, high = (1.0 - level) / 2, 0.0, 1.0
    ways = [lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) for k in range(successes, trials + 1)]
    while high - low > 1e-13:  # noqa: PLR2004 - below the digits that are kept
        chance = (low + high) / 2
        terms = (exp(way + k * log(chance) + (trials - k) * log(1.0 - chance)) for k, way in enumerate(ways, successes))
        low, high = (chance, high) if fsum(terms) < tail else (low, chance)
    return round((low + high) / 2, 12)


def holding_zero(interval: Interval | None, differing: int) -> Interval | None:
    """The interval, widened to hold 0 where fewer than `FEWEST_DIFFERING` units differ: a sign test cannot reject."""
    if interval is None or differing >= FEWEST_DIFFERING:
        return interval
    return Interval(min(interval.low, 0.0), max(interval.high, 0.0))


def paired_ratio(
    a: tuple[NDArray[Any], NDArray[Any]], b: tuple[NDArray[Any], NDArray[Any]], counts: Floats
) -> Difference:
    """As `paired_bootstrap` for ratios of sums whose denominators differ, such as precision over the same days.

    `a` and `b` are (numerators, denominators) over the same units. A side without any denominator has no value.
    """
    sides, samples = [], []
    for numerators, denominators in (a, b):
        below = int(denominators.sum())
        sides.append(int(numerators.sum()) / below if below else None)
        samples.append(ratios(resampled_sums(counts, numerators), resampled_sums(counts, denominators)))
    differing = int(((a[0] != b[0]) | (a[1] != b[1])).sum())
    first, second = sides
    if first is None or second is None:
        return Difference(first, second, None, len(a[0]), None, differing)
    interval = holding_zero(percentile_interval(samples[0] - samples[1]), differing)
    return Difference(first, second, first - second, len(a[0]), interval, differing)


def wilson(successes: int, trials: int, level: float = LEVEL) -> Interval | None:
    """Wilson's score interval of a share (detectors/values/wilson.py); None without trials.

    Raises `ValueError` when `successes` lies outside 0 to `trials`.
    """
    ends = wilson_ends(successes, trials, level)
    return None if ends is None else Interval(*ends)


def share_of(successes: int, trials: int) -> Estimate:
    """A share with Wilson's interval."""
    return Estimate(successes / trials if trials else None, trials, wilson(successes, trials))


def reliability(
    scores: Sequence[float] | Floats, outcomes: Sequence[bool] | NDArray[Any], bins: int = 10
) -> Reliability:
    """Expected calibration error of scores in 0-1 as probabilities, over `bins` bins of equal width.

    Sum over the bins of (share of the scores) x |mean score - share that came true|. Sources: Naeini, Cooper and
    Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015; Brier, Monthly Weather
    Review 78 (1950). Raises `ValueError` for scores outside 0-1.
    """
    given, true = np.asarray(scores), np.asarray(outcomes)
    if len(given) and not (given.min() >= 0.0 and given.max() <= 1.0):
        raise ValueError(f"not a probability; got: {given.min()} to {given.max()}; expected: 0 to 1")
    place = np.minimum((given * bins).astype(np.int64), bins - 1)
    numbers = np.bincount(place, minlength=bins)
    # bincount adds in order of the rows: the same rounding everywhere, unlike a vectorised sum
    sums = np.bincount(place, weights=given, minlength=bins)
    hits = np.bincount(place, weights=true, minlength=bins)
    table, error = [], 0.0
    for number in range(bins):
        n, hit, low, high = int(numbers[number]), int(hits[number]), number / bins, (number + 1) / bins
        if not n:
            table.append(Bin(low, high, 0, None, None, None))
            continue
        mean, share = float(sums[number]) / n, hit / n
        error += n * abs(mean - share) / len(given)
        table.append(Bin(low, high, n, mean, share, wilson(hit, n)))
    if not len(given):
        return Reliability(None, None, 0, tuple(table))
    brier = float(np.bincount(np.zeros(len(given), np.int64), weights=(given - true) ** 2)[0]) / len(given)
    return Reliability(error, brier, len(given), tuple(table))
