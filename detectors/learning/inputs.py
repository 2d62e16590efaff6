"""What may be known of an alert when it is told how likely it is to be confirmed: named whole numbers, a closed list.

The list holds the features of the models, the strength of each typology, the rank, the amount at risk, and what
officers decided about the party before. Nothing else gets in, whatever a lesson names. What a person is (nationality,
sex, age, birth, faith, where they live) is on no list, and a feature whose name says such a thing is refused.
"""

import re
from collections.abc import Iterable, Mapping
from math import isfinite, log, log1p, log10

from detectors.contracts.learning import INPUT_PART
from detectors.features import NAMES

RANK, AT_RISK = "rank", "amount_at_risk"
# what officers decided about the party before (entity_risk.py)
CONFIRMED, REFUTED = "party_confirmed", "party_refuted"
_TYPOLOGY = re.compile(r"T[0-9]{2}")
# Words that no input's name may hold: what a person is, and no conduct. A firm's age is `registered`, no `age`.
BARRED = frozenset(
    [
        "age",
        "birth",
        "birthday",
        "born",
        "citizenship",
        "disability",
        "ethnicity",
        "faith",
        "gender",
        "health",
        "marital",
        "nationality",
        "origin",
        "race",
        "region",
        "religion",
        "residence",
        "residency",
        "sex",
        "union",
    ]
)
# An input counts for at most so many units on either side: one value of 1e9 says no more than one of 3 000.
MOST = 8
LARGEST = MOST * INPUT_PART - 1
# 10 000 USD is 0, ten times as much is 1: the middle of what alerts are about
_MIDDLE_CENTS = 1_000_000.0
_DOLLAR = 100.0


def is_barred(name: str) -> bool:
    """Whether a name says what a person is: one of its words is on the barred list."""
    return not BARRED.isdisjoint(name.lower().split("_"))


def is_allowed(name: str) -> bool:
    """Whether an input of this name may be used at all. Cost: under 1 us."""
    known = name in NAMES or name in {RANK, AT_RISK, CONFIRMED, REFUTED} or _TYPOLOGY.fullmatch(name) is not None
    return known and not is_barred(name)


def inputs_of(
    values: Mapping[str, float],
    rank: float | None,
    strengths: Iterable[tuple[str, float]],
    at_risk: int,
    party: tuple[float, float] = (0.0, 0.0),
) -> dict[str, int]:
    """The inputs of an alert, in parts of `INPUT_PART`; those that are 0 or not allowed are left out.

    `values` are the features as the models saw them, by name (0 = usual): ln(1 + |value|). `rank` is the p-value:
    -ln(p) / 2, 0 where there is none. `strengths` (0-1) are those of the typologies that fired. `at_risk` (USD cents)
    becomes log10 of the amount over 10 000 USD. `party` are the faded numbers of alerts of the party that officers
    confirmed and refuted: ln(1 + n). Cost: 10 us.
    """
    found = {name: log1p(abs(value)) for name, value in values.items() if isfinite(value)}
    if rank is not None:
        found[RANK] = -log(max(rank, 1e-9)) / 2.0
    found |= dict(strengths)
    found[AT_RISK] = log10((max(at_risk, 0) + _DOLLAR) / _MIDDLE_CENTS)
    found[CONFIRMED], found[REFUTED] = log1p(party[0]), log1p(party[1])
    whole = {name: clipped(round(value * INPUT_PART)) for name, value in sorted(found.items())}
    return {name: value for name, value in whole.items() if value and is_allowed(name)}


def clipped(part: int) -> int:
    """An input within its bounds."""
    return max(-LARGEST, min(LARGEST, part))
