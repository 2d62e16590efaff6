"""Verdicts of investigators: each counts for an alert that was raised, once per officer.

Failure prevented: anybody who may write to `fx.dispositions.v1` could name alerts that never were, of parties that
never paid, and grow the state with every record (60 of them made one party's record 3 MB); or repeat one verdict until
it looks like the opinion of many.
"""

import re
from typing import NamedTuple

from detectors.books.party import MOST_RAISED, MOST_VERDICTS, Given, Party, token_number
from detectors.contracts.events import Disposition
from detectors.memory.grounds import Replaced
from detectors.memory.officers import Officers, officer_number
from detectors.values.shares import fairly_cut

ALERT_BYTES = 16
# an alert that is known: its id, and the hash of whose share it takes a place in
RAISED_BYTES = ALERT_BYTES + 8
_ALERT = re.compile(r"[0-9a-f]{32}")
# Two officers decide, others review. Of more opinions on one alert those of the `SENIOR` officers who were there first
# (officers.py) are kept, and the newest of the others. Where the configuration lists the officers all of theirs are.
MOST_OFFICERS = 8
SENIOR = 6

UNKNOWN_OFFICER, UNKNOWN, REPEATED, OUTDATED = (
    "verdict.unknown_officer",
    "verdict.unknown_alert",
    "verdict.repeated",
    "verdict.outdated",
)


def note_raised(party: Party, alert_id: str, sender: str) -> None:
    """Know an alert of the party, raised at a payment of a sender (shares.py)."""
    party.raised = kept_alerts(party.raised + bytes.fromhex(alert_id) + token_number(sender).to_bytes(8))


def kept_alerts(packed: bytes) -> bytes:
    """At most `MOST_RAISED` alerts, each sender its share of them, the newest. Cost: 0.2 ms where some go.

    Failure prevented: 300 payments of a bank under 21 purposes raised 256 alerts, and an officer's verdict on another
    bank's alert of that party was refused.
    """
    if len(packed) <= MOST_RAISED * RAISED_BYTES:
        return packed
    known = [packed[at : at + RAISED_BYTES] for at in range(0, len(packed), RAISED_BYTES)]
    left = fairly_cut(known, MOST_RAISED, lambda one: one[ALERT_BYTES:])
    return b"".join(left)


class VerdictOutcome(NamedTuple):
    """Why a verdict does not count, None if it does; what it was kept as, and which ones it took the place of."""

    refused: str | None
    given: Given | None = None
    replaced: Replaced = Replaced()


def judge(party: Party, event: Disposition, at_us: int, officers: Officers) -> VerdictOutcome:
    """Take a verdict given at `at_us` into the party's record, or say why it does not count.

    An officer who changes their mind replaces the earlier verdict. Cost: about 5 us, and 100 where 256 are kept.
    """
    officer = officer_number(event.investigator)
    if not officers.may_judge(officer):
        return VerdictOutcome(UNKNOWN_OFFICER)
    if not was_raised(party, event.alert_id):
        return VerdictOutcome(UNKNOWN)
    alert = bytes.fromhex(event.alert_id)
    others = [one for one in party.verdicts if (one.alert, one.officer) != (alert, officer)]
    own: Given | None = None
    gives_way: Given | None = None
    if len(others) < len(party.verdicts):
        own = next(one for one in party.verdicts if (one.alert, one.officer) == (alert, officer))
        if own.verdict == event.verdict:
            return VerdictOutcome(REPEATED)
        if at_us < own.decided_us:
            return VerdictOutcome(OUTDATED)
    elif not officers.are_listed and sum(one.alert == alert for one in others) >= MOST_OFFICERS:
        gives_way = _who_gives_way([one for one in others if one.alert == alert], officers)
        others.remove(gives_way)
    given = Given(alert, officer, event.verdict, at_us)
    party.verdicts = kept([*others, given])
    return VerdictOutcome(None, given, Replaced(own, gives_way))


def kept(verdicts: list[Given]) -> list[Given]:
    """At most `MOST_VERDICTS`, each alert its share: verdicts on one push out none that another has alone."""
    return fairly_cut(verdicts, MOST_VERDICTS, lambda one: one.alert)


def _who_gives_way(on_alert: list[Given], officers: Officers) -> Given:
    """Of those beyond the senior ones, the verdict that was given first.

    Failure prevented: eight made-up names were first, and no officer's verdict counted on that alert.
    """
    ranks = [officers.rank(one.officer) for one in on_alert]
    by_rank = sorted(range(len(on_alert)), key=lambda place: (ranks[place], place))
    return on_alert[min(by_rank[SENIOR:])]


def was_raised(party: Party, alert_id: str) -> bool:
    """Whether an alert of this id is among those known of the party; by whole ids, not anywhere in their bytes."""
    if not _ALERT.fullmatch(alert_id):
        return False
    alert = bytes.fromhex(alert_id)
    return any(party.raised[at : at + ALERT_BYTES] == alert for at in range(0, len(party.raised), RAISED_BYTES))
