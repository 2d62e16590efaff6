"""Payments of a week against the party's own pace: many small ones where few are usual.

Value: payments of about the last 7 days (decayed, mean life 7 days), this one included. Own baseline: what the pace of
the last months (half-life 90 days) makes of a week. Deviation >= 0, nats: k ln(k / m) - (k - m) for k above m, the
logarithm of how rare k is where m is expected (Poisson, Chernoff's bound), 0 below. None in the first 14 days and under
5 payments. Fails on seasonal businesses.
"""

from math import exp, log

from detectors.features.moment import DAY, HALF_LIFE_S, Definition, Moment
from detectors.features.view import Feature

NAME = "payment_count"
WEEK_S = 7.0 * DAY
# The slow count shares the moment's fade: a half-life of 90 days is a mean life of 130.
SLOW_S = HALF_LIFE_S / log(2.0)
YOUNGEST_S = 14.0 * DAY
LEAST_PAYMENTS = 5


def _fast_fade(moment: Moment) -> float:
    return exp(-(moment.gap_s or 0.0) / WEEK_S)


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value and own baseline in payments a week."""
    fast, slow = own
    if moment.seen < LEAST_PAYMENTS or moment.age_s < YOUNGEST_S or moment.gap_s is None:
        return Feature(NAME, None, "count", None, None, moment.seen, None)
    count = fast * _fast_fade(moment) + 1.0
    # a young party's slow count has not filled up yet; half a payment stands for one that has none left
    filled = 1.0 - exp(-moment.age_s / SLOW_S)
    usual = (slow * moment.fade + 0.5) * WEEK_S / (SLOW_S * filled)
    surprise = count * log(count / usual) - (count - usual) if count > usual else 0.0
    return Feature(NAME, count, "count", surprise, usual, moment.seen, None)


def learn(moment: Moment, own: list[float]) -> None:
    """Count the payment in both; a late one counts what is left of it."""
    left = moment.weight ** (SLOW_S / WEEK_S) if moment.weight < 1.0 else 1.0
    own[0] = own[0] * _fast_fade(moment) + left
    own[1] = own[1] * moment.fade + moment.weight


FEATURE = Definition(NAME, 2, measure, learn, "payments of a week against own pace", side="flow")
