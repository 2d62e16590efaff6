"""Which alerts belong together: a series that grows is one alert brought up to date, a party's alerts are one case."""

import hashlib
from collections.abc import Callable, Iterable, Sequence

from detectors.alerting.legal_ground import Ground
from detectors.alerting.unusual import Told
from detectors.books.party import MOST_ALERTED, MOST_PARTS, Alerted, Party
from detectors.typologies.base import Finding
from detectors.values.legal_calendar import DAY_US

# An institution with less than a third of a series is a small part of it (our judgement).
LEAST_PART = 3
# An institution's own part is news by itself once it has tripled at least, in hundredths (our judgement): 20 honest
# banks alert in a year as often as eight, and what others sent of the party, under whatever names, mutes nothing.
LEAST_GROWTH_ALONE = 300


def remembered_as(typology: str, finding: Finding) -> str:
    """The name under which a finding is remembered: a disputed one, or a bound, apart, so that it mutes no exact one.

    Its first word is the typology's id.
    """
    return typology + (" bound" if finding.bound else "") + (" disputed" if finding.reading is not None else "")


def last_alerted(party: Party, typology: str, finding: Finding, at_us: int) -> Alerted | None:
    """What this typology last alerted on in the same series, if that lies within the finding's memory."""
    name = remembered_as(typology, finding)
    for alerted in reversed(party.alerted):
        if alerted.typology == name and alerted.series == finding.series:
            return alerted if abs(at_us - alerted.time_us) <= finding.memory_us else None
    return None


def grown(finding: Finding, last: Alerted | None) -> bool:
    """Whether a finding is news: a new series, or one that grew to `growth` hundredths of what was alerted.

    So is one whose payments without one other institution's, or its own institution's alone, satisfy the rule, and grew
    so. Failures prevented: one alert for every further piece of the same splitting; and large payments of one bank, or
    of one sender under two made-up names, after which no others of that party and series were ever large enough.
    """
    if _grown_in_all(finding, last):
        return True
    assert last is not None
    for other, size in finding.without:
        # `parts` forgets small ones, and holds what was news at one institution alone beside the size
        known = sum(cents for name, cents in last.parts.items() if name != other)
        before = max(last.size - last.parts.get(other, 0), known)
        if size * 100 >= before * finding.growth:
            return True
    return _grown_alone(finding, last)


def case_of(party: Party, alert_id: str, at_us: int, window_days: int, superseded: Alerted | Told | None) -> str:
    """The case of a new alert: that of the alert it supersedes, else the party's open case, else a new one.

    A case is open while alerts come within `window_days` of event time of the last one in it. The id is a hash of the
    first alert's, so a replay opens the same case.
    """
    if superseded is not None:
        return superseded.case_id
    if party.case is not None and abs(at_us - party.case[1]) <= window_days * DAY_US:
        return party.case[0]
    return "case-" + hashlib.sha256(f"case|{alert_id}".encode()).hexdigest()[:24]


def had_finding(party: Party, at_us: int, window_days: int, superseded: Iterable[Alerted | None]) -> bool:
    """Whether the case that a finding belongs to had one before: of the same series, or of any other that stands."""
    if any(one is not None for one in superseded):
        return True
    if party.case is None or abs(at_us - party.case[1]) > window_days * DAY_US:
        return False
    return any(one.case_id == party.case[0] for one in party.alerted)


def remember(
    party: Party,
    hits: Sequence[tuple[str, Finding, Ground]],
    alert_id: str,
    case_id: str,
    at_us: int,
    has_share: Callable[[str], bool],
    desks: tuple[str, ...] = (),
) -> None:
    """Keep what was alerted, so that only growth alerts again, and hold the case open.

    `has_share` says which institutions have a share of their own (shares.py): their parts are kept first. `desks` are
    all that get the alert.
    """
    for typology, finding, ground in hits:
        name = remembered_as(typology, finding)
        last = last_alerted(party, typology, finding, at_us)
        kept = [each for each in party.alerted if (each.typology, each.series) != (name, finding.series)]
        parts = _parts(finding, last, has_share)
        size = min(_size(finding, last), 2**62)
        now = Alerted(
            name,
            finding.series,
            size,
            at_us,
            alert_id,
            case_id,
            parts,
            desks,
            finding.strength,
            min(finding.at_risk, 2**62),
            ground,
        )
        party.alerted = [*kept, now][-MOST_ALERTED:]
    newest = at_us if party.case is None or party.case[0] != case_id else max(at_us, party.case[1])
    party.case = (case_id, newest)


def _grown_in_all(finding: Finding, last: Alerted | None) -> bool:
    return last is None or finding.size * 100 >= last.size * finding.growth


def _grown_alone(finding: Finding, last: Alerted) -> bool:
    """Whether a finding is news by the own institution's payments, whatever the others sent."""
    if not finding.alone:
        return False
    # one that may have been forgotten is news: its part is not known, and a repetition is better than silence
    known = last.parts.get(finding.institution, 0)
    return finding.alone * 100 >= known * max(finding.growth, LEAST_GROWTH_ALONE)


def _counts_for_all(finding: Finding, last: Alerted | None) -> bool:
    """Whether from now on the whole series has to grow from what this finding says.

    Not where it is news without another institution alone, and its own institution has a small part of it. Failure
    prevented: one bank's small payments, each news by itself, from which another bank's had to double again.
    """
    own = dict(finding.parts).get(finding.institution, 0)
    return _grown_in_all(finding, last) or own * LEAST_PART >= finding.size


def _size(finding: Finding, last: Alerted | None) -> int:
    """The size from which the series has to grow."""
    if last is None:
        return finding.size
    return max(finding.size, last.size) if _counts_for_all(finding, last) else last.size


def _parts(finding: Finding, last: Alerted | None, has_share: Callable[[str], bool]) -> dict[str, int]:
    """How much of a series each institution has been alerted for; this payment's own first, then the largest.

    Those with a share of their own go before all others, because made-up names cost nothing.
    """
    told = {name: min(cents, 2**62) for name, cents in finding.parts}
    # of a shared thing no institution is its own: there each keeps what it was alerted for
    if finding.institution and not _counts_for_all(finding, last):
        told = {name: cents for name, cents in told.items() if name == finding.institution}
    both = ({} if last is None else last.parts) | told
    ordered = sorted(both, key=lambda name: (name != finding.institution, not has_share(name), -both[name], name))
    return {name: both[name] for name in ordered[:MOST_PARTS]}
