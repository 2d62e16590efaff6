"""Amount against the party's own past payments.

Deviation: spreads of the log amount from the own decayed location, signed; None under 3 own payments. Source:
DETECTION, "Own past first". Fails for parties with several habits (salary and tuition): the spread widens.
"""

from math import exp, log

from detectors.features import moments
from detectors.features.moment import LEAST_OBSERVATIONS, Definition, Moment
from detectors.features.view import Feature

NAME = "amount_own"
# Amounts of one habit rarely agree better than this (fees, rates): 5 % in the logarithm.
FLOOR = 0.05
# Before anything is known, amounts are taken to spread by a factor of e.
PRIOR = 1.0


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value in USD, own baseline in USD (geometric), peers of the same direction and type in USD."""
    amount = moment.amount
    seen = int(own[0])
    usual = exp(own[2]) if seen else None
    peers = moment.shared.peek("amount|" + moment.key)
    peer = exp(peers[2]) if peers else None
    if amount is None:
        return Feature(NAME, None, "USD", None, usual, seen, peer)
    far = moments.deviation(own, log(amount)) if seen >= LEAST_OBSERVATIONS else None
    return Feature(NAME, amount, "USD", far, usual, seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Move the own location and spread of the log amount."""
    amount = moment.amount
    if amount is not None:
        moments.learn(own, log(amount), moment.fade, moment.weight, PRIOR, FLOOR)


FEATURE = Definition(NAME, moments.SLOTS, measure, learn, "amount against own past payments")
