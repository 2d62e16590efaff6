"""How severe an alert is: what it asks of an investigator, by what is known of it.

critical: opened before all others, today, and the head of the desk is told. Much money, on ground that the law itself
sets. high: opened today. medium: this week, in the order of the queue. low: when there is time, or with the party's
other alerts.

Two kinds of alert are never mixed. A *finding* rests on a rule: its severity follows the legal ground
(legal_ground.py), the rule's strength, the amount at risk, and whether the case had a finding before. An *unusual
payment* rests on the models alone: nobody knows what it is. Its severity follows how rare it is and how much there was
to compare it with; it is never critical, and never high for its amount alone. Failure prevented: of a judged stream all
eight critical alerts were ordinary payments, one of them at p = 0.07.
"""

from collections.abc import Sequence
from typing import NamedTuple, get_args

from detectors.alerting.legal_ground import GROUNDS, Ground, strongest
from detectors.books.party import Alerted
from detectors.contracts.alert import Severity
from detectors.ranking.fusion import fuse

# the mildest first
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

# Amounts at risk in USD cents. 20 000 USD is four payments at the document line of 5 000 USD, so more than one piece of
# a split; 100 000 USD is the yearly amount without documents. Both are our judgement of what a day's work is worth.
CONSIDERABLE = 2_000_000
LARGE = 10_000_000
# Strengths of rules, 0-1: as likely as not, three in four, nine in ten (our judgement).
LIKELY, VERY_LIKELY, NEARLY_SURE = 0.5, 0.75, 0.9

# p-values of an unusual payment. One in 1 000 is less than one a day by chance for a user of 1 000 payments a day, one
# in 5 000 less than one in a working day of a large one (3 000): what is more common is left for when there is time.
RARE = 0.001
VERY_RARE = 0.0002
# Own observations from which a rarity is no weak evidence (DETECTION, "Explanations": fewer than 20 are marked).
COMPARED_WELL = 20


class _Least(NamedTuple):
    """What a finding must have at least for a severity; `earlier`: an earlier finding in the case."""

    severity: Severity
    ground: Ground
    strength: float
    cents: int
    earlier: bool = False


# the first that fits
_FINDINGS: tuple[_Least, ...] = (
    _Least("critical", "line", 0.0, LARGE),
    _Least("critical", "law", NEARLY_SURE, LARGE, earlier=True),
    _Least("high", "line", 0.0, CONSIDERABLE),
    _Least("high", "sign", VERY_LIKELY, CONSIDERABLE),
    _Least("high", "sign", LIKELY, LARGE),
    _Least("high", "sign", LIKELY, CONSIDERABLE, earlier=True),
    _Least("medium", "line", 0.0, 0),
    _Least("medium", "sign", LIKELY, 0),
)


def of_finding(ground: Ground, strength: float, at_risk: int, *, earlier: bool = False) -> Severity:
    """The severity of what rules found: strength 0-1 of all of them together, USD cents at risk.

    `earlier`: its case had a finding before, of the same series or another. It never falls when one of them rises.
    """
    stands = GROUNDS.index(ground)
    for least in _FINDINGS:
        if (
            stands >= GROUNDS.index(least.ground)
            and strength >= least.strength
            and at_risk >= least.cents
            and earlier >= least.earlier
        ):
            return least.severity
    return "low"


def of_standing(standing: Sequence[Alerted]) -> Severity:
    """The severity of what is left of an alert, as it was last said; low where nothing is, as nobody need look."""
    strength = fuse(None, [one.strength for one in standing])
    return of_finding(
        # what an earlier release alerted on does not say its ground
        strongest([ground for ground in GROUNDS for one in standing if one.ground == ground]),
        strength,
        max((one.at_risk for one in standing), default=0),
    )


def of_unusual(rank: float | None, own: int, at_risk: int, *, beyond_money: bool, explored: bool = False) -> Severity:
    """The severity of a payment that the models alone raise: its p-value and the own observations behind its reasons.

    `at_risk` are USD cents, 0 where the worth is not known. `beyond_money`: something else than amounts speaks against
    it too. One that was `explored` was drawn by lot, so nothing speaks against it.
    """
    if explored or rank is None or rank > RARE or own < COMPARED_WELL:
        return "low"
    if rank <= VERY_RARE and at_risk >= CONSIDERABLE and beyond_money:
        return "high"
    return "medium"
