"""The resamples of one judgement, drawn once and shared by all systems and budgets, so that they can be compared."""

import numpy as np
from numpy.typing import NDArray

from detectors.testbed.statistics import (
    Estimate,
    Floats,
    Interval,
    bootstrap_ratio,
    draw_counts,
    percentile_interval,
    resampled_sums,
    wilson,
)


class Draws:
    """Resamples by the name of what is resampled ("cases", "days", "cases of T01", ...).

    Equal name and number give equal draws: two systems judged with one seed are resampled together. Memory: 8 bytes a
    unit and resample of every name, kept as long as this object.
    """

    def __init__(self, resamples: int, seed: int) -> None:
        self.resamples, self.seed = resamples, seed
        self._kept: dict[tuple[str, int], Floats] = {}

    def of(self, name: str, units: int) -> Floats:
        """How often each unit is drawn in each resample. Raises `ValueError` without units."""
        key = (name, units)
        if key not in self._kept:
            self._kept[key] = draw_counts(units, self.resamples, self.seed, name)
        return self._kept[key]

    def share(self, name: str, hits: NDArray[np.bool_]) -> Estimate:
        """Share of hits with the percentile bootstrap; where all units agree it has no width, and Wilson's stands in.

        Failure prevented: five cases of five found would be shown as certain for all cases of their kind.
        """
        number, total = int(hits.sum()), len(hits)
        if number in {0, total}:
            return Estimate(number / total if total else None, total, wilson(number, total))
        return bootstrap_ratio(hits, np.ones(total, np.int64), self.of(name, total))

    def ratio(self, name: str, numerators: NDArray[np.int64], denominators: NDArray[np.int64]) -> Estimate:
        """Ratio of two sums over the units, such as USD found to USD planted over cases.

        Where the bootstrap has no width (all units agree, or there is one), Wilson's interval over the units that have
        a denominator stands in, as if they weighed alike: so few units say no more.
        """
        if not len(numerators):
            return Estimate(None, 0)
        told = bootstrap_ratio(numerators, denominators, self.of(name, len(numerators)))
        units = int((denominators > 0).sum())
        return _with_width(told, round((told.value or 0.0) * units), units)

    def counted(self, name: str, hits: NDArray[np.int64], trials: NDArray[np.int64]) -> Estimate:
        """Ratio of counts over the units, such as true alerts to alerts over days.

        Where the bootstrap has no width, Wilson's interval over all trials stands in, which takes them for independent.
        Failure prevented: no true alert among 40 would be shown as certainly none among any number.
        """
        if not len(hits):
            return Estimate(None, 0)
        told = bootstrap_ratio(hits, trials, self.of(name, len(hits)))
        return _with_width(told, int(hits.sum()), int(trials.sum()))

    def total(self, name: str, cents: NDArray[np.int64]) -> Estimate:
        """A sum of cents over the units, in USD, with the percentile bootstrap's interval; None without width."""
        if not len(cents):
            return Estimate(None, 0)
        found = percentile_interval(resampled_sums(self.of(name, len(cents)), cents))
        scaled = None if found is None or found.low == found.high else Interval(found.low / 100, found.high / 100)
        return Estimate(int(cents.sum()) / 100, len(cents), scaled)


def _with_width(told: Estimate, hits: int, trials: int) -> Estimate:
    """The estimate; with Wilson's interval where its own has no width."""
    if told.value is None or told.interval is None or told.interval.low < told.interval.high:
        return told
    return Estimate(told.value, told.n, wilson(hits, trials))
