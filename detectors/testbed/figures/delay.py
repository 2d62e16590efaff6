"""Time from a case's first event to its first alert."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.figures.recall import NEVER_US
from detectors.testbed.ground import Ground
from detectors.testbed.statistics import Estimate, Floats, percentile_interval
from detectors.values.legal_calendar import DAY_US

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


class Delay(msgspec.Struct, frozen=True):
    """Days of event time, 0 = the first event alerted. Quantiles are by nearest rank: delays that really occurred.

    `median` and `quantiles` are over the cases found; that flatters a system that finds only the easy ones, hence
    `median_of_all`: over all cases, one never found counting as later than any other; None when fewer than half of
    them were found.
    """

    median: Estimate
    quantiles: dict[str, float | None]
    median_of_all: float | None
    by_typology: dict[str, Estimate]


def days_to_first_alert(ground: Ground, first_us: NDArray[np.int64]) -> Floats:
    """By case, days from its first event to its first alert; infinite where there is none."""
    late = np.full(ground.cases, np.inf)
    found = first_us != NEVER_US
    # an event a case names as its first may be told with a later time than one of its payments; no delay is negative
    late[found] = np.maximum(first_us[found] - ground.case_us[found], 0) / DAY_US
    return late


def nearest_rank(ordered: Floats, quantile: float) -> float | None:
    """The smallest value that at least `quantile` of the ordered values do not exceed; None of nothing or infinite."""
    if not len(ordered):
        return None
    value = float(ordered[max(0, int(np.ceil(quantile * len(ordered))) - 1)])
    return value if np.isfinite(value) else None


def delay(ground: Ground, first_us: NDArray[np.int64], draws: Draws) -> Delay:
    """Delays, with the bootstrap's interval of the median; cases are resampled, within the typology if one is told."""
    late = days_to_first_alert(ground, first_us)
    found = np.sort(late[np.isfinite(late)])
    return Delay(
        median=_median(late, draws, "cases"),
        quantiles={str(quantile): nearest_rank(found, quantile) for quantile in QUANTILES},
        median_of_all=nearest_rank(np.sort(late), 0.5),
        by_typology={
            name: _median(late[ground.named(name)], draws, f"cases of {name}") for name in sorted(set(ground.typology))
        },
    )


def _median(late: Floats, draws: Draws, name: str) -> Estimate:
    """Median over the cases found. A resample's median is that of the found cases it drew."""
    order = np.argsort(late)
    order = order[np.isfinite(late[order])]
    if not len(order):
        return Estimate(None, 0)
    drawn = np.cumsum(draws.of(name, len(late))[:, order], axis=1)
    # the first place at which at least half of the drawn are passed
    place = (2 * drawn < drawn[:, -1:]).sum(axis=1)
    samples = np.where(drawn[:, -1] > 0, late[order][place], np.nan)
    # one delay says nothing of how delays vary
    interval = percentile_interval(samples) if len(order) > 1 else None
    return Estimate(nearest_rank(late[order], 0.5), len(order), interval)
