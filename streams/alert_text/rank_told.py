"""How rare an alert's payment is beside others, in words."""

from decimal import Decimal
from math import ceil, log10

from detectors.contracts.alert import Alert
from streams.alert_text.evidence_lines import Figure
from streams.alert_text.labels import Labels

# A rank above this reads as not unusual. One in twenty: what every twentieth payment is, nobody need explain.
SAYS_NOTHING = 0.05


def rank_told(alert: Alert, words: Labels, number: Figure) -> list[str]:
    """What the rank says, and that it is coarse where it is finer than what was counted; nothing of a finding without.

    Of a finding that is not ranked nothing is said: a rule stands alone, and "not ranked yet" beside it reads as if
    something were missing. `number` says a figure, as the page does (alert_text.number).
    """
    if alert.rank is None:
        return [] if alert.typologies else [words.warming]
    if alert.rank > SAYS_NOTHING:
        return [words.common.format(p=number(alert.rank))]
    told = [words.rarer.format(percent=rarer_than(alert.rank), p=number(alert.rank))]
    among = alert.rank_among
    if isinstance(among, int) and alert.rank * (among + 1) < 1.0:
        told.append(words.coarse.format(among=f"{among:,}"))
    return told


def rarer_than(p_value: float) -> str:
    """The percentage that a conformal rank (0-1, lower is rarer) is rarer than, cut, never rounded up to 100."""
    if p_value <= 0.0:
        return "99.99"
    places = max(1, ceil(-log10(p_value)) - 2)
    share = (1 - Decimal(repr(p_value))) * 100
    return str(share.quantize(Decimal(1).scaleb(-places), rounding="ROUND_DOWN"))
