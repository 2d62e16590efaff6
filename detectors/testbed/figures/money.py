"""Illicit USD found, and USD that left before the first alert."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.figures.recall import NEVER_US
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.statistics import Estimate


class Money(msgspec.Struct, frozen=True):
    """USD. `found` is the value of the cases found, of `total`; `found_share` their ratio.

    `illicit_leaked` is what of that value was gone before the first alert, `illicit_leaked_share` its share of `total`.
    `moved_before` is the sum of cases' payments before their first alert (all of them where it never came), of `moved`;
    `moved_before_share` their ratio. Value and payments are different measures: of a deal off the market rate the value
    is the gap, the payments are the whole deals; payments count whichever way they went.
    """

    found: Estimate
    found_share: Estimate
    total: float
    illicit_leaked: Estimate
    illicit_leaked_share: Estimate
    moved_before: Estimate
    moved_before_share: Estimate
    moved: float


def found_cents(ground: Ground, found: Mask) -> NDArray[np.int64]:
    """By case, its value in USD cents where it was found, else 0."""
    return np.where(found, ground.illicit_cents, 0)


def moved_before_cents(ground: Ground, first_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """By case, USD cents of its payments before its first alert; the alerted payment itself is not counted."""
    moved = np.zeros(ground.cases, np.int64)
    before = ground.sheet.time_us[ground.events.row] < first_us[ground.events.thing]
    np.add.at(moved, ground.events.thing[before], ground.moved_cents[before])
    return moved


def moved_cents(ground: Ground) -> NDArray[np.int64]:
    """By case, USD cents of all its payments."""
    moved = np.zeros(ground.cases, np.int64)
    np.add.at(moved, ground.events.thing, ground.moved_cents)
    return moved


def illicit_leaked_cents(ground: Ground, first_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """By case, USD cents of its value times the share of its payments (by USD) made before its first alert.

    All of the value where it was never found, none where it was found and no payment moved money. Rounded down to the
    cent.
    """
    moved, before = moved_cents(ground).tolist(), moved_before_cents(ground, first_us).tolist()
    # Python's whole numbers: value times payments, both in cents, may pass 2^63
    shares = [
        value * gone // whole if whole else 0
        for value, gone, whole in zip(ground.illicit_cents.tolist(), before, moved, strict=True)
    ]
    return np.where(first_us == NEVER_US, ground.illicit_cents, np.array(shares, np.int64))


def money(ground: Ground, found: Mask, first_us: NDArray[np.int64], draws: Draws) -> Money:
    """Money found and leaked; cases are resampled."""
    moved, before = moved_cents(ground), moved_before_cents(ground, first_us)
    value, leaked = found_cents(ground, found), illicit_leaked_cents(ground, first_us)
    return Money(
        found=draws.total("cases", value),
        found_share=draws.ratio("cases", value, ground.illicit_cents),
        total=int(ground.illicit_cents.sum()) / 100,
        illicit_leaked=draws.total("cases", leaked),
        illicit_leaked_share=draws.ratio("cases", leaked, ground.illicit_cents),
        moved_before=draws.total("cases", before),
        moved_before_share=draws.ratio("cases", before, moved),
        moved=int(moved.sum()) / 100,
    )
