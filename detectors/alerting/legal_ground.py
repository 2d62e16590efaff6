"""On what legal ground a finding stands: a hard line of the law, a test of the law, or signs alone."""

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

from detectors.typologies.base import Finding
from detectors.typologies.declared import Words

# The weakest first. `sign`: a pattern that supervisors publish, or a default of fxwatch; no article sets it. `law`: a
# test is met, of a finding that was measured against a limit of the law. `line`: an amount that an article sets is
# passed, and the input alone tells all that the article asks for (`hard_lines` of typologies/declared.py).
Ground = Literal["sign", "law", "line"]
GROUNDS: tuple[Ground, ...] = get_args(Ground)


class Worded(Protocol):
    """A rule over a party's payments or over a node, as far as it is asked here."""

    @property
    def words(self) -> Words:
        """Its own words, with its hard lines."""
        ...


def passes_line(finding: Finding) -> bool:
    """Whether a test of the law is met, of a finding that was measured against a limit of the law."""
    of_law = any(limit.provenance == "L" for limit in finding.limits)
    return of_law and any(test.outcome == "met" for test in finding.tests)


def ground_of(rule: Worded, finding: Finding) -> Ground:
    """The strongest ground of a rule's finding.

    A disputed finding holds under one reading of the party's type alone, so it stands on signs: what is not known never
    counts against a person.
    """
    if finding.reading is not None or not passes_line(finding):
        return "sign"
    hard = any(test.outcome == "met" and test.id in rule.words.hard_lines for test in finding.tests)
    return "line" if hard else "law"


def strongest(grounds: Sequence[Ground]) -> Ground:
    """The strongest of several; `sign` where there is none."""
    return max(grounds, key=GROUNDS.index, default="sign")
