"""What a firm pays or receives abroad in a year's pace, against its reported yearly turnover.

Value: ratio of the flow in the payment's direction (half-life 90 days, this payment included, as of a year) to the
turnover in the party's newest profile. Deviation: natural logarithm of the ratio, signed; above 0 more passes than the
firm reports to earn. None without a profile that tells a turnover. Fails for agents who pass on what is not theirs, and
for firms that grew since the profile was made.
"""

from math import exp, log

from detectors.features.moment import DAY, HALF_LIFE_S, Definition, Moment
from detectors.features.view import Feature

NAME = "turnover_share"
SLOW_S = HALF_LIFE_S / log(2.0)
YEAR_S = 365.0 * DAY
# A young past counts as one of 90 days. Failure prevented: the first payment of a firm, taken as a day's pace, is more
# than any firm earns.
LEAST_FILLED = 1.0 - exp(-HALF_LIFE_S / SLOW_S)
# A firm that reports less is compared with this, USD a year: one of no turnover at all would be infinitely far.
LEAST_TURNOVER = 10_000.0


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value a ratio; no baseline: 1 is all of the turnover."""
    turnover, amount = moment.view.turnover_usd, moment.amount
    if turnover is None or amount is None:
        return Feature(NAME, None, "ratio", None, None, moment.seen, None)
    kept = own[moment.view.direction == "out"]
    filled = max(1.0 - exp(-moment.age_s / SLOW_S), LEAST_FILLED)
    ratio = (kept * moment.fade + amount) * YEAR_S / (SLOW_S * filled) / max(turnover, LEAST_TURNOVER)
    if ratio <= 0.0:  # too small a flow for a number
        return Feature(NAME, None, "ratio", None, None, moment.seen, None)
    return Feature(NAME, ratio, "ratio", log(ratio), None, moment.seen, None)


def learn(moment: Moment, own: list[float]) -> None:
    """Fade both directions' flow and add the payment to its own."""
    own[0] *= moment.fade
    own[1] *= moment.fade
    own[moment.view.direction == "out"] += (moment.amount or 0.0) * moment.weight


FEATURE = Definition(NAME, 2, measure, learn, "yearly flow against reported turnover", side="business")
