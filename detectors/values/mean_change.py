"""Whether a mean has changed over days: ADWIN's test (Bifet and Gavalda 2007), on the sums of whole days.

ADWIN compares the means of the older and the newer part of a window at every cut, and calls a difference a change where
chance makes one of that size too rarely. It takes values as independent of one another. Payments are not: one party
pays ten like amounts in a day, and Mondays are alike. So the variance here is the larger of two, that of payments and
that of days about the mean of their part. With it a payday is no change.

Everything kept is a whole number, so sums are exact whatever order they come in. River's ADWIN keeps floating-point
buckets that it gives nobody, and the order of its values counts, so it can neither be saved as explicit bytes nor be
fed by several partitions at once. `tests/unit/detectors/values/test_mean_change.py` compares the bound with River's.
"""

from collections.abc import Sequence
from math import log, sqrt

import msgspec

from detectors.values.float_sums import add_up

# ADWIN's confidence: the chance of a false alarm at one look, by its bound. River's default is 0.002. Each of some 30
# means is looked at each day, so that one in 0.002 would be a false alarm every two weeks, were the bound not as wide
# as it is. Measured: docs/DETECTION.md, "Drift".
DELTA = 0.0005
# The fewest days of a window, and of each of its parts. Failure prevented: the spread between days is a guess where
# there are few, and one odd day (a payday, a holiday) reads as a change.
LEAST_DAYS, LEAST_PART = 14, 3


class DaySums(msgspec.Struct, array_like=True):
    """Values of one local day (ordinal): how many, their sum and the sum of their squares, in whole parts."""

    day: int
    count: int = 0
    total: int = 0
    squares: int = 0

    def add(self, count: int, total: int, squares: int) -> None:
        """Add the sums of further values of the day."""
        self.count += count
        self.total += total
        self.squares += squares


def least_difference(before: int, after: int, variance: float, span: float, delta: float = DELTA) -> float:
    """The least difference of two means that is a change, by ADWIN's bound; in the unit of `span`.

    `before` and `after` are counts of values, `variance` is theirs, `span` is the largest value less the smallest that
    there can be.
    """
    confidence = log(2.0 * log(before + after) / delta)
    parts = 1.0 / before + 1.0 / after
    return sqrt(2.0 * parts * variance * confidence) + 2.0 / 3.0 * parts * confidence * span


def find_change(days: Sequence[DaySums], span: int, least: float = 0.0) -> int | None:
    """The index of the first day of another mean; None where the means of no two parts differ beyond chance.

    `days` in order, each with at least one value; `span` as in `least_difference`; `least` is a difference below which
    a change is not worth a word. The day is that at which the two parts differ most for what they hold, which may be
    one of the last days: the shortest parts say whether, and not where. Cost: 2 us a day.
    """
    if len(days) < LEAST_DAYS:
        return None
    count, total = sum(one.count for one in days), sum(one.total for one in days)
    of_payments = max(0.0, sum(one.squares for one in days) / count - (total / count) ** 2)
    of_days = add_up(one.total**2 / one.count for one in days)
    changed, best, most = False, 0, 0.0
    before_count, before_total = days[0].count, days[0].total
    for at in range(1, len(days)):
        after_count, after_total = count - before_count, total - before_total
        difference = abs(after_total / after_count - before_total / before_count)
        weight = difference * difference / (1.0 / before_count + 1.0 / after_count)
        if weight > most:
            best, most = at, weight
        if not changed and at >= LEAST_PART and len(days) - at >= LEAST_PART and difference > least:
            within = of_days - before_total**2 / before_count - after_total**2 / after_count
            variance = max(of_payments, within / (len(days) - 2))
            changed = difference > least_difference(before_count, after_count, variance, span)
        before_count += days[at].count
        before_total += days[at].total
    return best if changed else None
