"""How rare a member's own score is among its last ones, also where it is higher than nearly all of them."""

from math import log

from detectors.models.sliding_window import SlidingWindow

# The tail is fitted to the highest tenth of the window: at least 10 scores, or its scale is a guess, and at most 100,
# so that where there is much to count it is counted.
LEAST_TAIL, MOST_TAIL, TAIL_SHARE = 10, 100, 10
# The body's scale counts as so many scores of the tail.
SHRINKAGE = 10
# Scores of one value have no scale at all.
LEAST_SCALE = 1e-9
# No score says more: a window of 10 000 can bear witness to 1e-4, and a fitted tail is believed for a few more powers.
FINEST = 1e-9


def rarity(window: SlidingWindow, score: float) -> float:
    """The share of scores at least as high: 0 (excluded) to 1, lower is rarer; 1 when nothing is known.

    By counting (conformal, as `SlidingWindow.p_value`), but for what fewer than a tenth reach. There the excess over
    where that tenth begins is taken as exponential, of a scale that is known by the tail's own scores and, as
    `SHRINKAGE` more, by how far the tail's beginning is from the median. (1 + x / (sum + k scale))^-(count + k) is the
    predictive distribution (Lomax), heavier than an exponential one where few stand behind it.
    Failure prevented: a partition that has scored 50 payments calls none rarer than one in 51, however far out it is,
    and two payments that are each the highest ever are alike. Fails where scores reach further than exponentially: the
    highest are then called too rare, which the calibration of the strangeness makes up for.
    Cost: 1 us, 3 us in the tail.
    """
    known = len(window)
    counted = window.at_least(score)
    in_tail = min(MOST_TAIL, max(LEAST_TAIL, known // TAIL_SHARE))
    if known < LEAST_TAIL or counted >= in_tail:
        return (1 + counted) / (1 + known)
    order = window.order
    begins, middle = order[known - in_tail], order[known // 2]
    excess = sum(order[known - in_tail :]) - in_tail * begins
    # of an exponential distribution: from its median to where the share of the tail begins
    halves = log(0.5 * known / in_tail) if 2 * in_tail < known else 1.0
    scale = max(LEAST_SCALE, (begins - middle) / halves)
    further = 1.0 + (score - begins) / (excess + SHRINKAGE * scale)
    return max(FINEST, (1 + in_tail) / (1 + known) * further ** -(in_tail + SHRINKAGE))
