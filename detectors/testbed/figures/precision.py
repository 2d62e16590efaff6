"""Precision: the share of alerts whose event belongs to a planted case."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.statistics import Estimate


class Precision(msgspec.Struct, frozen=True):
    """`share` 0-1 of `alerts` whose event belongs to a case; `on_parties` counts an event of a case's window too.

    `on_parties` is the share of alerts that find a case in the sense of recall: on its events, or on its party then.
    """

    alerts: int
    alerts_per_day: float | None
    share: Estimate
    on_parties: Estimate


def alerts_by_day(ground: Ground, alerts: Mask) -> NDArray[np.int64]:
    """Number of alerts of each of the ground's days."""
    days: NDArray[np.int64] = np.bincount(ground.day_of[alerts & ground.may_alert], minlength=len(ground.days))
    return days


def precision(ground: Ground, alerts: Mask, draws: Draws) -> Precision:
    """Precision; days are resampled, because a day's alerts compete for one budget."""
    every = alerts_by_day(ground, alerts)
    total = int(every.sum())
    reaching = ground.reach.touched(len(alerts))
    return Precision(
        alerts=total,
        alerts_per_day=total / len(every) if len(every) else None,
        share=draws.counted("days", alerts_by_day(ground, alerts & ground.illicit), every),
        on_parties=draws.counted("days", alerts_by_day(ground, alerts & reaching), every),
    )
