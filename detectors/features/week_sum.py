"""Sum of the last 7 days against the party's own usual 7-day sum at the time of a payment.

Deviation: spreads of the log sum, signed; None under 3 own payments. Many small payments show here when no single one
is large. The sum is exact (it comes from the legal windows), not decayed. Fails on seasonal businesses.
"""

from math import exp, log

from detectors.features import moments
from detectors.features.moment import LEAST_OBSERVATIONS, Definition, Moment
from detectors.features.view import Feature

NAME = "week_sum"
FLOOR = 0.1
PRIOR = 1.0


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value, own and peer baseline in USD."""
    total = moment.week
    seen = int(own[0])
    usual = exp(own[2]) if seen else None
    peers = moment.shared.peek("week|" + moment.key)
    peer = exp(peers[2]) if peers else None
    if total is None:
        return Feature(NAME, None, "USD", None, usual, seen, peer)
    far = moments.deviation(own, log(total)) if seen >= LEAST_OBSERVATIONS else None
    return Feature(NAME, total, "USD", far, usual, seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Move own and peer location and spread of the log sum."""
    total = moment.week
    if total is not None:
        value = log(total)
        moments.learn(own, value, moment.fade, moment.weight, PRIOR, FLOOR)
        moments.learn(moment.shared.touch("week|" + moment.key, moments.SLOTS), value, 1.0, 1.0, PRIOR, FLOOR)


FEATURE = Definition(NAME, moments.SLOTS, measure, learn, "sum of 7 days against own usual sum", side="flow")
