"""Verdicts of investigators: each counts for an alert that was raised, once per officer.

Failure prevented: anybody who may write to `fx.dispositions.v1` could name alerts that never were, of parties that
never paid, and grow the state with every record (60 of them made one party's record 3 MB); or repeat one verdict until
it looks like the opinion of many.
"""

import re

from detectors.events import Disposition
from detectors.party import MOST_RAISED, MOST_VERDICTS, Given, Party, token_number

ALERT_BYTES = 16
_ALERT = re.compile(r"[0-9a-f]{32}")
# Two officers decide, others review; a ninth on one alert is no colleague.
MOST_OFFICERS = 8

UNKNOWN, REPEATED, OUTDATED, TOO_MANY = (
    "verdict.unknown_alert",
    "verdict.repeated",
    "verdict.outdated",
    "verdict.too_many_officers",
)


def raised(party: Party, alert_id: str) -> None:
    """Know an alert of the party, for the newest `MOST_RAISED` of them."""
    party.raised = (party.raised + bytes.fromhex(alert_id))[-MOST_RAISED * ALERT_BYTES :]


def judge(party: Party, event: Disposition, at_us: int) -> str | None:
    """Take a verdict given at `at_us` into the party's record, or say why it does not count.

    An officer who changes their mind replaces the earlier verdict. Cost: about 5 us.
    """
    if not _ALERT.fullmatch(event.alert_id):
        return UNKNOWN
    alert = bytes.fromhex(event.alert_id)
    if not _is_raised(party, alert):
        return UNKNOWN
    officer = token_number(event.investigator)
    others = [one for one in party.verdicts if (one.alert, one.officer) != (alert, officer)]
    if len(others) < len(party.verdicts):
        own = next(one for one in party.verdicts if (one.alert, one.officer) == (alert, officer))
        if own.verdict == event.verdict:
            return REPEATED
        if at_us < own.decided_us:
            return OUTDATED
    elif sum(one.alert == alert for one in others) >= MOST_OFFICERS:
        return TOO_MANY
    party.verdicts = [*others, Given(alert, officer, event.verdict, at_us)][-MOST_VERDICTS:]
    return None


def _is_raised(party: Party, alert: bytes) -> bool:
    """Whether the alert is among those known; by whole ids, not anywhere in their bytes."""
    return any(party.raised[at : at + ALERT_BYTES] == alert for at in range(0, len(party.raised), ALERT_BYTES))
