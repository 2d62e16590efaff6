"""Fast (7 days) over slow (90 days) mean flow: growth that is too slow for every other baseline to notice.

Value: ratio of the two decayed mean flows, this payment included in the fast one; own baseline 1 by construction.
Deviation >= 0: natural logarithm of the ratio, 0 when it shrinks. The slow mean takes capped steps (3 times the slow
mean payment), so that a burst does not carry its own yardstick with it (DETECTION, "Slow boiling"). None in the first
14 days and under 5 payments. Fails on rare payers: one payment a quarter is always fast over slow, so compare with
`own_n`.
"""

from math import exp, log

from detectors.features.moment import DAY, HALF_LIFE_S, Definition, Moment
from detectors.features.view import Feature

NAME = "slow_boiling"
FAST_S = 7.0 * DAY
# The slow mean shares the moment's fade: a half-life of 90 days is a mean life of 130.
SLOW_S = HALF_LIFE_S / log(2.0)
YOUNGEST_S = 14.0 * DAY
LEAST_PAYMENTS = 5
LARGEST_STEP = 3.0


def _fast_fade(moment: Moment) -> float:
    return exp(-(moment.gap_s or 0.0) / FAST_S)


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value a ratio; own baseline 1 when enough is known."""
    fast, slow, payments, seen = own
    amount = moment.amount
    enough = seen >= LEAST_PAYMENTS and moment.age_s >= YOUNGEST_S and payments > 0.0
    if amount is None or not enough or moment.gap_s is None:
        return Feature(NAME, None, "ratio", None, None, int(seen), None)
    age = moment.age_s
    fast_flow = (fast * _fast_fade(moment) + amount) / (FAST_S * (1.0 - exp(-age / FAST_S)))
    slow_flow = slow * moment.fade / (SLOW_S * (1.0 - exp(-age / SLOW_S)))
    if slow_flow <= 0.0 or fast_flow <= 0.0:
        return Feature(NAME, None, "ratio", None, None, int(seen), None)
    ratio = fast_flow / slow_flow
    return Feature(NAME, ratio, "ratio", max(0.0, log(ratio)), 1.0, int(seen), None)


def learn(moment: Moment, own: list[float]) -> None:
    """Add the amount to both decayed sums; to the slow one by a capped step. A late event adds what is left of it."""
    amount = moment.amount
    if amount is None:
        own[0] *= _fast_fade(moment)
        own[1] *= moment.fade
        own[2] *= moment.fade
        return
    fast, slow, payments, seen = own
    step = amount
    if seen >= LEAST_PAYMENTS and payments > 0.0:
        step = min(amount, LARGEST_STEP * slow / payments)
    left = moment.weight ** (SLOW_S / FAST_S) if moment.weight < 1.0 else 1.0
    own[0] = fast * _fast_fade(moment) + amount * left
    own[1] = slow * moment.fade + step * moment.weight
    own[2] = payments * moment.fade + moment.weight
    own[3] = seen + 1.0


FEATURE = Definition(NAME, 4, measure, learn, "7-day flow over 90-day flow", side="flow")
