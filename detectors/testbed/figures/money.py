"""Illicit USD found, and USD that left before the first alert."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.statistics import Estimate


class Money(msgspec.Struct, frozen=True):
    """USD. `found` is the value of the cases found, of `total`; `found_share` their ratio.

    `leaked` is the sum of cases' payments before their first alert (all of them where it never came), of `moved`;
    `leaked_share` their ratio. Value and payments are different measures: of a deal off the market rate the value is
    the gap, the payments are the whole deals.
    """

    found: Estimate
    found_share: Estimate
    total: float
    leaked: Estimate
    leaked_share: Estimate
    moved: float


def found_cents(ground: Ground, found: Mask) -> NDArray[np.int64]:
    """By case, its value in USD cents where it was found, else 0."""
    return np.where(found, ground.illicit_cents, 0)


def leaked_cents(ground: Ground, first_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """By case, USD cents of its payments before its first alert; the alerted payment itself is not counted."""
    leaked = np.zeros(ground.cases, np.int64)
    before = ground.sheet.time_us[ground.events.row] < first_us[ground.events.thing]
    np.add.at(leaked, ground.events.thing[before], ground.moved_cents[before])
    return leaked


def money(ground: Ground, found: Mask, first_us: NDArray[np.int64], draws: Draws) -> Money:
    """Money found and leaked; cases are resampled."""
    moved = np.zeros(ground.cases, np.int64)
    np.add.at(moved, ground.events.thing, ground.moved_cents)
    value, leaked = found_cents(ground, found), leaked_cents(ground, first_us)
    return Money(
        found=draws.total("cases", value),
        found_share=draws.ratio("cases", value, ground.illicit_cents),
        total=int(ground.illicit_cents.sum()) / 100,
        leaked=draws.total("cases", leaked),
        leaked_share=draws.ratio("cases", leaked, moved),
        moved=int(moved.sum()) / 100,
    )
