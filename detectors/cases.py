"""Which alerts belong together: a series that grows is one alert brought up to date, a party's alerts are one case."""

import hashlib

from detectors.calendar import DAY_US
from detectors.party import MOST_ALERTED, Alerted, Party
from detectors.typologies.base import Finding


def remembered_as(typology: str, finding: Finding) -> str:
    """The name under which a finding is remembered: a disputed one apart, so that it mutes none that is not.

    Its first word is the typology's id.
    """
    return f"{typology} disputed" if finding.reading is not None else typology


def last_alerted(party: Party, typology: str, finding: Finding, at_us: int) -> Alerted | None:
    """What this typology last alerted on in the same series, if that lies within the finding's memory."""
    name = remembered_as(typology, finding)
    for alerted in reversed(party.alerted):
        if alerted.typology == name and alerted.series == finding.series:
            return alerted if abs(at_us - alerted.time_us) <= finding.memory_us else None
    return None


def grown(finding: Finding, last: Alerted | None) -> bool:
    """Whether a finding is news: a new series, or one that grew to `growth` hundredths of what was alerted.

    Failure prevented: one alert for every further piece of the same splitting.
    """
    return last is None or finding.size * 100 >= last.size * finding.growth


def case_of(party: Party, alert_id: str, at_us: int, window_days: int, superseded: Alerted | None) -> str:
    """The case of a new alert: that of the alert it supersedes, else the party's open case, else a new one.

    A case is open while alerts come within `window_days` of event time of the last one in it. The id is a hash of the
    first alert's, so a replay opens the same case.
    """
    if superseded is not None:
        return superseded.case_id
    if party.case is not None and abs(at_us - party.case[1]) <= window_days * DAY_US:
        return party.case[0]
    return "case-" + hashlib.sha256(f"case|{alert_id}".encode()).hexdigest()[:24]


def remember(party: Party, hits: list[tuple[str, Finding]], alert_id: str, case_id: str, at_us: int) -> None:
    """Keep what was alerted, so that only growth alerts again, and hold the case open."""
    for typology, finding in hits:
        name = remembered_as(typology, finding)
        kept = [each for each in party.alerted if (each.typology, each.series) != (name, finding.series)]
        now = Alerted(name, finding.series, min(finding.size, 2**62), at_us, alert_id, case_id)
        party.alerted = [*kept, now][-MOST_ALERTED:]
    newest = at_us if party.case is None or party.case[0] != case_id else max(at_us, party.case[1])
    party.case = (case_id, newest)
