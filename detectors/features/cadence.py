"""Time since the party's last payment against its own usual gap.

Deviation: spreads of the log gap, signed (negative = faster than usual); None under 3 own gaps, and for a late event,
whose true neighbours in time are not kept. Only faster counts: a long pause costs nobody anything by itself. Gaps under
a minute count as a minute: a file of payments booked at once is one burst, not many different speeds. Fails on weekly
habits with several payments a day: the spread widens.
"""

from math import exp, log

from detectors.features import moments
from detectors.features.moment import DAY, LEAST_OBSERVATIONS, Definition, Moment
from detectors.features.view import Feature

NAME = "cadence"
MINUTE = 60.0
FLOOR = 0.2
PRIOR = 1.0


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value, own and peer baseline in days."""
    seen = int(own[0])
    usual = exp(own[2]) / DAY if seen else None
    peers = moment.shared.peek("gap|" + moment.key)
    peer = exp(peers[2]) / DAY if peers else None
    gap = moment.gap_s
    if gap is None:
        return Feature(NAME, None, "days", None, usual, seen, peer)
    far = moments.deviation(own, log(max(gap, MINUTE))) if seen >= LEAST_OBSERVATIONS else None
    return Feature(NAME, gap / DAY, "days", far, usual, seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Move own and peer location and spread of the log gap."""
    if moment.gap_s is not None:
        value = log(max(moment.gap_s, MINUTE))
        moments.learn(own, value, moment.fade, moment.weight, PRIOR, FLOOR)
        moments.learn(moment.shared.touch("gap|" + moment.key, moments.SLOTS), value, 1.0, 1.0, PRIOR, FLOOR)


FEATURE = Definition(
    NAME,
    moments.SLOTS,
    measure,
    learn,
    "time since the last payment against own usual gap",
    direction="less",
    side="time",
)
