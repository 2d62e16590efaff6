"""Deal rate against the reference rate, beside what others get at the same time on the same channel.

Value, own and peer baseline: basis points over the reference rate, signed. The peers are deals of the same currency,
direction and channel, so cash exchangers are compared with cash exchangers. The reference may be 26 hours old. So where
at least two other institutions dealt within the last hour, their median is what is usual now: a move of the whole
market raises nothing. Deviation: spreads of what is usual, signed; against the peers from 20 of their deals on, else
against the own past from 3 own deals on. None when neither is known or the rate is missing.

Each institution has one word, its last deal, and the payment's own has none. Failure prevented: one sender deals dear
all day, and dear becomes the market. Fails where only one institution deals in a currency.
"""

from functools import lru_cache
from statistics import median

from detectors.features import moments
from detectors.features.baselines import token_hash
from detectors.features.moment import LEAST_OBSERVATIONS, Definition, Moment
from detectors.features.view import Feature

NAME = "deal_rate"
# 5 bp: about the tick of a retail quote; smaller differences say nothing.
FLOOR = 5.0
# 50 bp: a usual retail spread, assumed before any deal was seen.
PRIOR = 50.0
LEAST_PEERS = 20
# A deal says what the market is for so long.
MARKET_S = 3600.0
LEAST_OTHERS = 2
# The institutions whose last deals are kept, the newest; each is three numbers: hash, bp, event time.
MOST_INSTITUTIONS = 5
# In a group: location and spread of bp over the reference, the same of bp over the market, then the institutions.
_OVER_REFERENCE, _OVER_MARKET, _INSTITUTIONS = 0, moments.SLOTS, 2 * moments.SLOTS
_SLOTS = 2 * moments.SLOTS + 3 * MOST_INSTITUTIONS


def _key(moment: Moment) -> str:
    view = moment.view
    return f"rate|{view.direction}|{view.channel}|{view.currency}"


@lru_cache(maxsize=4096)
def _hashed(institution: str) -> float:
    """32 bits, which a float holds exactly; never 0, which stands for none."""
    return float((token_hash(institution) & 0xFFFFFFFF) or 1)


def _market(group: list[float], moment: Moment) -> float | None:
    """The median of other institutions' last deals of the hour, in bp over the reference; None of too few."""
    own, now = _hashed(moment.view.institution), moment.view.event_time_s
    others = [
        group[place + 1]
        for place in range(_INSTITUTIONS, _SLOTS, 3)
        if group[place] not in {0.0, own} and abs(now - group[place + 2]) <= MARKET_S
    ]
    return median(others) if len(others) >= LEAST_OTHERS else None


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value, own and peer baseline in bp."""
    seen = int(own[0])
    usual = own[2] if seen else None
    group = moment.shared.peek(_key(moment))
    if group is not None and group[_OVER_REFERENCE] < LEAST_PEERS:
        group = None
    value = moment.rate
    market = None if group is None or group[_OVER_MARKET] < LEAST_PEERS else _market(group, moment)
    peer = group[2] if group is not None and market is None else market
    if value is None:
        return Feature(NAME, None, "bp", None, usual, seen, peer)
    far: float | None = None
    if group is not None and market is not None:
        far = moments.deviation(group[_OVER_MARKET:_INSTITUTIONS], value - market)
    elif group is not None:
        far = moments.deviation(group, value)
    elif seen >= LEAST_OBSERVATIONS:
        far = moments.deviation(own, value)
    return Feature(NAME, value, "bp", far, usual, seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Move own and peer location and spread, and keep the institution's last deal."""
    value = moment.rate
    if value is None:
        return
    moments.learn(own, value, moment.fade, moment.weight, PRIOR, FLOOR)
    group = moment.shared.touch(_key(moment), _SLOTS)
    over_reference, over_market = group[:_OVER_MARKET], group[_OVER_MARKET:_INSTITUTIONS]
    moments.learn(over_reference, value, 1.0, 1.0, PRIOR, FLOOR)
    market = _market(group, moment)
    if market is not None:
        moments.learn(over_market, value - market, 1.0, 1.0, PRIOR, FLOOR)
    group[:_INSTITUTIONS] = over_reference + over_market
    _keep(group, moment, value)


def _keep(group: list[float], moment: Moment, value: float) -> None:
    """Put the institution's last deal in its place, else in the place of the one that dealt longest ago."""
    own, places = _hashed(moment.view.institution), range(_INSTITUTIONS, _SLOTS, 3)
    place = next((one for one in places if group[one] == own), None)
    if place is None:
        place = min(places, key=lambda one: group[one + 2] if group[one] else float("-inf"))
    elif moment.view.event_time_s < group[place + 2]:
        return  # a late deal says nothing of the market now
    group[place : place + 3] = [own, value, moment.view.event_time_s]


# Both: who pays too dear and who sells too cheap move value abroad alike.
FEATURE = Definition(
    NAME, moments.SLOTS, measure, learn, "deal rate against the market of the hour", direction="both", side="rate"
)
