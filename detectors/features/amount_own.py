"""Amount against the party's own past payments, and against what it was before.

Two means of the log amount: a fast one that follows the payments, and a slow one whose location and spread move by at
most 1 % for each day that passes. Deviation: spreads of the log amount from the one that it is further above, signed;
None under 3 own payments. Own baseline: that one's. Failure prevented: who raises his amounts by a few percent a
payment takes a mean that follows them along, and is never unusual. Source of the fast one: DETECTION, "Own past
first". Fails for parties with several habits (salary and tuition): the spread widens. An honest party that doubles its
amounts is above its slow mean for two months.
"""

from math import exp, log

from detectors.features import moments
from detectors.features.moment import DAY, LEAST_OBSERVATIONS, Definition, Moment
from detectors.features.view import Feature

NAME = "amount_own"
# Amounts of one habit rarely agree better than this (fees, rates): 5 % in the logarithm.
FLOOR = 0.05
# Before anything is known, amounts are taken to spread by a factor of e.
PRIOR = 1.0


# Until there are so many own payments the slow mean is the fast one: a young party has no "before".
SETTLED = 10
# A slow location moves by so much of a log amount a day, a slow spread by such a share: 30 % in a month.
A_DAY = 0.01
# What was not used of it is kept for so many days, so that a party that pays once a month is followed too.
MOST_DAYS = 30.0
# Behind the fast mean's four numbers: slow location, slow spread, and how much each of them may still move.
_FAST, _LOCATION, _SPREAD, _FAR, _WIDE = moments.SLOTS, 4, 5, 6, 7
SLOTS = 8


def slow_of(own: list[float]) -> list[float]:
    """The slow mean in the form of a fast one: its location and spread rest on the same payments."""
    return [own[0], own[1], own[_LOCATION], own[_SPREAD]]


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value in USD, own baseline in USD (geometric), peers of the same direction and type in USD."""
    amount = moment.amount
    seen = int(own[0])
    location = own[2]
    peers = moment.shared.peek("amount|" + moment.key)
    peer = exp(peers[2]) if peers else None
    far: float | None = None
    if amount is not None and seen >= LEAST_OBSERVATIONS:
        far = moments.deviation(own, log(amount))
        if seen >= SETTLED:
            before = moments.deviation(slow_of(own), log(amount))
            if before > far:
                far, location = before, own[_LOCATION]
    return Feature(NAME, amount, "USD", far, exp(location) if seen else None, seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Move location and spread of the log amount: the fast ones by steps, the slow ones by what a day allows."""
    amount = moment.amount
    if amount is None:
        return
    value, fast = log(amount), own[:_FAST]
    moments.learn(fast, value, moment.fade, moment.weight, PRIOR, FLOOR)
    if own[0] < SETTLED:
        own[:] = [*fast, fast[2], fast[3], 0.0, 0.0]
        return
    slow = slow_of(own)
    moments.learn(slow, value, moment.fade, moment.weight, PRIOR, FLOOR)
    gained = A_DAY * (moment.gap_s or 0.0) / DAY
    far = min(A_DAY * MOST_DAYS, own[_FAR] + gained)
    wide = min(A_DAY * MOST_DAYS, own[_WIDE] + gained)
    step = max(-far, min(slow[2] - own[_LOCATION], far))
    spread = max(own[_SPREAD] * (1.0 - wide), min(slow[3], own[_SPREAD] * (1.0 + wide)))
    used = abs(spread / own[_SPREAD] - 1.0)
    own[:] = [*fast, own[_LOCATION] + step, spread, far - abs(step), max(0.0, wide - used)]


FEATURE = Definition(NAME, SLOTS, measure, learn, "amount against own past payments")
