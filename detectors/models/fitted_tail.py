"""How rare a value is among those of a window: counted in the body, by a fitted tail where few reach it."""

from math import log

from detectors.models.sliding_window import SlidingWindow
from detectors.values.float_sums import add_up

# The tail is fitted to the largest tenth of the window: at least 10 values, or its scale is a guess, and at most 100,
# so that where there is much to count it is counted. Failure prevented: of two values beyond all kept ones, one by a
# hair and one by ten spreads, both count the same.
LEAST_TAIL, MOST_TAIL, TAIL_SHARE = 10, 100, 10
# The body's scale counts as so many values of the tail.
SHRINKAGE = 10


def surprise(window: SlidingWindow, value: float, least_scale: float, most: float) -> float:
    """-ln of the share of values at least this high: nats, 0 for what is as low as any, at most `most`.

    By counting, (1 + #(kept >= value)) / (1 + n), but for what fewer than a tenth reach. There the excess over where
    that tenth begins is taken as exponential, of a scale that is known by the tail's own values and, as `SHRINKAGE`
    more, by how far the tail's beginning is from the median, and at least `least_scale` (in the values' unit).
    (1 + x / (sum + k scale))^-(count + k) is the predictive distribution (Lomax), heavier than an exponential one where
    few stand behind it.
    Failure prevented: a window of 50 calls no value rarer than one in 51, however far out it is, and two values that
    are each the highest ever are alike. Fails where values reach further than exponentially: the highest are then
    called too rare. Cost: 1 us, 3 us in the tail.

    >>> window = SlidingWindow(100)
    >>> for value in range(100):
    ...     window.add(value)
    >>> [round(surprise(window, value, 1.0, 20.0), 2) for value in (0, 50, 150)]
    [0.0, 0.68, 5.94]
    """
    order = window.order
    known, above = len(order), window.at_least(value)
    in_tail = min(MOST_TAIL, max(LEAST_TAIL, known // TAIL_SHARE))
    if known < LEAST_TAIL or above >= in_tail:
        return min(most, log((1 + known) / (1 + above)))
    begins, middle = order[known - in_tail], order[known // 2]
    excess = add_up(order[known - in_tail :]) - in_tail * begins
    # of an exponential distribution: from its median to where the share of the tail begins
    halves = log(0.5 * known / in_tail) if 2 * in_tail < known else 1.0
    scale = max(least_scale, (begins - middle) / halves)
    further = log(1.0 + (value - begins) / (excess + SHRINKAGE * scale))
    return min(most, log((1 + known) / (1 + in_tail)) + (in_tail + SHRINKAGE) * further)
