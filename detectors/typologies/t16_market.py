"""What is usual for T16: the spread that a pair's deals taught by channel, and what other institutions deal at now.

**Spread.** A pair has one, and each of its channels another, which begins at the pair's. Cash over a counter costs more
than a transfer, so a counter's deals must not widen the limit of transfers, nor be called off the market by it.

**Market of the hour.** The reference may be 26 hours old. So where it is older than an hour, and at least three other
institutions dealt in the pair, direction and channel within the hour before, the median of their last deals is what the
market is now. A deal is off the market only if it is beyond the limit from both, on the same side. Each institution has
one word, all without a share of their own (shares.py) have one together, and the payment's own has none. So no single
sender moves a median of three beyond what the other two say. Failures prevented: a market that moved since the
morning's rate makes everybody's deals alerts; or one bank's dear deals make dear deals usual.
"""

from statistics import median
from typing import NamedTuple

from detectors.books.party import token_number
from detectors.typologies.base import Context, Deal
from detectors.values.legal_calendar import HOUR_US

ID = "T16"
# shared: "pair direction channel" -> the last deals of institutions, each hash, hundredths of a bp, event time in s
MARKET = "T16 market"
# DETECTION's bounded step: a = max(0.002, 1/n), one deal is clipped at 3 spreads, so a burst cannot teach its own rate.
SLOWEST = 0.002
CLIP = 3.0
# Bank customers pay up to about 1 % for cash and 0.2-0.5 % for transfers; a pair starts there and counts as 20 deals.
PRIOR_CENTIBP = 3_000.0
PRIOR_DEALS = 20.0
# A deal says what the market is for so long, and a reference of that age needs no other word.
HOUR_S = HOUR_US // 1_000_000
# With two the mean of both would be in the hands of either.
LEAST_OTHERS = 3
# Institutions whose last deals are kept in a pair, direction and channel, the newest.
MOST_INSTITUTIONS = 8
# Pairs, directions and channels with deals of the hour. When all places are taken, those of more than an hour ago go.
MOST_MARKETS = 4_096
_WORDS = 3


class Spread(NamedTuple):
    """A normal spread in hundredths of a bp, how many deals taught it, and the channel where it is a channel's own."""

    deals: int
    centibp: float
    channel: str | None


class Market(NamedTuple):
    """The median of other institutions' last deals of the hour, in hundredths of a bp over the reference; how many."""

    centibp: int
    institutions: int


def spread_of(context: Context, deal: Deal) -> Spread:
    """The channel's spread, else the pair's, else what is assumed before any deal; before its cap."""
    known, channel = context.shared.get(ID, {}), context.transaction.channel
    own = known.get(f"{deal.pair} {channel}")
    if own is not None:
        return Spread(int(own[0] - PRIOR_DEALS), own[1], channel)
    seen, spread = known.get(deal.pair, (PRIOR_DEALS, PRIOR_CENTIBP))
    return Spread(int(seen - PRIOR_DEALS), spread, None)


def teach_spread(context: Context, deal: Deal) -> None:
    """Let a deal teach the pair's spread and its channel's, by one bounded step each."""
    known = context.shared.setdefault(ID, {})
    pair = known.setdefault(deal.pair, [PRIOR_DEALS, PRIOR_CENTIBP])
    channel = known.setdefault(f"{deal.pair} {context.transaction.channel}", [PRIOR_DEALS, pair[1]])
    for spread in (pair, channel):
        spread[0] += 1.0
        step = min(float(abs(deal.deviation)), CLIP * spread[1]) - spread[1]
        spread[1] += max(SLOWEST, 1.0 / spread[0]) * step


def market_of(context: Context, deal: Deal) -> Market | None:
    """What other institutions deal at, where at least three did within the hour before; None elsewhere. Cost: 2 us."""
    found = context.shared.get(MARKET, {}).get(_key(context, deal))
    if found is None:
        return None
    own, now = _hashed(context), _seconds(context)
    others = [
        round(found[place + 1])
        for place in range(0, len(found), _WORDS)
        if found[place] != own and 0 <= now - found[place + 2] <= HOUR_S
    ]
    return Market(round(median(others)), len(others)) if len(others) >= LEAST_OTHERS else None


def is_stale(context: Context, deal: Deal) -> bool:
    """Whether the reference is older than an hour, so that the market may have moved away from it."""
    return context.recent_reference(*deal.pair.split("/")) is None


def keep_deal(context: Context, deal: Deal) -> None:
    """Keep the institution's last deal in its place, else in a free one, else in that of the oldest. Cost: 2 us."""
    markets, key = context.shared.setdefault(MARKET, {}), _key(context, deal)
    now = _seconds(context)
    found = markets.get(key)
    if found is None:
        if len(markets) >= MOST_MARKETS:
            _forget_old(markets, now)
        if len(markets) >= MOST_MARKETS:
            return
        found = markets[key] = []
    own = _hashed(context)
    places = range(0, len(found), _WORDS)
    place = next((one for one in places if found[one] == own), None)
    if place is None:
        place = len(found)
        if place >= _WORDS * MOST_INSTITUTIONS:
            place = min(places, key=lambda one: found[one + 2])
    elif now < found[place + 2]:
        return  # a late deal says nothing of the market now
    found[place : place + _WORDS] = [own, float(deal.deviation), now]


def _forget_old(markets: dict[str, list[float]], now: float) -> None:
    oldest = now - HOUR_S
    for key in [key for key, found in markets.items() if max(found[2::_WORDS]) < oldest]:
        del markets[key]


def _key(context: Context, deal: Deal) -> str:
    return f"{deal.pair} {context.transaction.direction} {context.transaction.channel}"


def _hashed(context: Context) -> float:
    """32 bits of the institution's share, which a float holds exactly."""
    return float(token_number(context.sender) & 0xFFFFFFFF)


def _seconds(context: Context) -> float:
    return float(context.payment.time // 1_000_000)
