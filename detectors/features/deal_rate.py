"""Deal rate against the reference rate, beside what is usual for the party, else for its currency and direction.

Value and baselines: basis points over the reference rate, signed. Deviation: spreads, signed; own baseline from 3 own
deals on, peers' from 20; None when neither is known or the rate is missing. Fails when the reference rate is daily and
the market moved within the day: the spread then includes that movement.
"""

from detectors.features import moments
from detectors.features.moment import LEAST_OBSERVATIONS, Definition, Moment
from detectors.features.view import Feature

NAME = "deal_rate"
# 5 bp: about the tick of a retail quote; smaller differences say nothing.
FLOOR = 5.0
# 50 bp: a usual retail spread, assumed before any deal was seen.
PRIOR = 50.0
LEAST_PEERS = 20


def _key(moment: Moment) -> str:
    view = moment.view
    return f"rate|{view.direction}|{view.channel}|{view.currency}"


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value, own and peer baseline in bp."""
    seen = int(own[0])
    usual = own[2] if seen else None
    peers = moment.shared.peek(_key(moment))
    peers = peers if peers is not None and peers[0] >= LEAST_PEERS else None
    peer = peers[2] if peers else None
    value = moment.rate
    if value is None:
        return Feature(NAME, None, "bp", None, usual, seen, peer)
    far: float | None = None
    if seen >= LEAST_OBSERVATIONS:
        far = moments.deviation(own, value)
    elif peers:
        far = moments.deviation(peers, value)
    return Feature(NAME, value, "bp", far, usual, seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Move own and peer location and spread."""
    value = moment.rate
    if value is not None:
        moments.learn(own, value, moment.fade, moment.weight, PRIOR, FLOOR)
        moments.learn(moment.shared.touch(_key(moment), moments.SLOTS), value, 1.0, 1.0, PRIOR, FLOOR)


FEATURE = Definition(NAME, moments.SLOTS, measure, learn, "deal rate against the reference rate")
