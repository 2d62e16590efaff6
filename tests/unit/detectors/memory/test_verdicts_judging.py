"""One verdict at a time: whether it counts, which one it replaces, and which one gives way. See test_verdicts.py."""

import pytest

from detectors.books.party import MOST_RAISED, MOST_VERDICTS, Given, Party, token_number
from detectors.contracts.events import Disposition
from detectors.memory.officers import Officers, officer_number
from detectors.memory.verdicts import MOST_OFFICERS, RAISED_BYTES, SENIOR, judge, kept, note_raised
from tests.support.ledger import START

ALERT, OTHER = "0123456789abcdef" * 2, "f" * 32
COUNTS = (None, False)


def said(alert=ALERT, officer="I-1", verdict="refuted"):
    """A verdict."""
    return Disposition(
        event_id="e",
        identity="0" * 32,
        body="1" * 32,
        alert_id=alert,
        party="p",
        verdict=verdict,
        reason_hash="0",
        investigator=officer,
        decided_at=START,
    )


def given(at_us, alert=ALERT, officer="I-1", verdict="refuted"):
    """The same as it is kept."""
    return Given(bytes.fromhex(alert), officer_number(officer), verdict, at_us)


def judged(party, event, at_us, officers):
    """Why a verdict does not count, and whether another officer's gave way to it."""
    outcome = judge(party, event, at_us, officers)
    return outcome.refused, outcome.replaced.other is not None


def alerted(*verdicts):
    """A party with two alerts and these verdicts."""
    party = Party(verdicts=list(verdicts))
    note_raised(party, ALERT, "BANKA")
    note_raised(party, OTHER, "BANKA")
    return party


def test_a_verdict_on_either_alert_counts_once_for_each_officer():
    """Whatever others said of it, and the same officer of another alert."""
    party, officers = alerted(), Officers()
    for number, (alert, officer) in enumerate(((ALERT, "I-1"), (OTHER, "I-1"), (ALERT, "I-2"))):
        assert judged(party, said(alert, officer), number, officers) == COUNTS
    assert party.verdicts == [given(0), given(1, OTHER), given(2, officer="I-2")]


@pytest.mark.parametrize(
    "alert", ["", ALERT[:-1], ALERT + "0", ALERT.upper(), "g" * 32, "0" * 32, ALERT[16:] + OTHER[:16], "not an alert"]
)
def test_an_alert_that_was_never_raised_is_unknown(alert):
    """By its whole id of 32 small hex digits, not anywhere in the bytes of others."""
    party = alerted()
    assert judged(party, said(alert), 0, Officers()) == ("verdict.unknown_alert", False)
    assert party.verdicts == []


def test_where_officers_are_listed_others_are_not_heard():
    """That is said first, so that nobody learns by it which alerts there are."""
    party, officers = alerted(), Officers()
    officers.list(["I-1"])
    assert judged(party, said(officer="I-2"), 0, officers) == ("verdict.unknown_officer", False)
    assert judged(party, said("0" * 32, officer="I-2"), 0, officers)[0] == "verdict.unknown_officer"
    assert judged(party, said(), 0, officers) == COUNTS


def test_a_changed_mind_replaces_the_earlier_verdict_and_stands_last():
    """The same again is repeated; one of before the earlier is outdated, one of its own time is not."""
    before = [given(5), given(6, OTHER), given(7, officer="I-2")]
    party = alerted(*before)
    assert judged(party, said(), 9, Officers()) == ("verdict.repeated", False)
    assert judged(party, said(verdict="confirmed"), 4, Officers()) == ("verdict.outdated", False)
    assert party.verdicts == before
    assert judged(party, said(verdict="confirmed"), 5, Officers()) == COUNTS
    assert party.verdicts == [*before[1:], given(5, verdict="confirmed")]


def full(*, ranked=()):
    """Eight verdicts on one alert and one on another, by officers of whom these have ranks, first to last."""
    party = alerted(*(given(number, officer=f"X{number}") for number in range(MOST_OFFICERS)), given(9, OTHER))
    officers = Officers()
    for name in ranked:
        officers.note_counted(officer_number(name), 0)
    return party, officers


def displaced(party, officers):
    """Which of the eight gives way to a ninth."""
    assert judged(party, said(officer="new"), 20, officers) == (None, True)
    left = {one.officer for one in party.verdicts}
    assert party.verdicts[-1] == given(20, officer="new")
    assert given(9, OTHER) in party.verdicts
    (gone,) = [number for number in range(MOST_OFFICERS) if officer_number(f"X{number}") not in left]
    return gone


def test_of_eight_opinions_the_first_given_beyond_the_senior_six_gives_way():
    """Without ranks the six that came first are senior; with ranks those, whenever they came."""
    assert (MOST_OFFICERS, SENIOR) == (8, 6)
    assert displaced(*full()) == 6
    assert displaced(*full(ranked=["X7", "X6", "X5", "X4", "X3", "X2"])) == 0
    assert displaced(*full(ranked=["X7", "X0"])) == 5
    assert displaced(*full(ranked=["X0", "X1", "X2", "X4", "X6", "X7", "X3", "X5"])) == 3


def test_seven_opinions_leave_room_for_another():
    """So do eight that one of the eight changes, and eight where officers are listed; eight on another alert too."""
    party, officers = full()
    party.verdicts.pop(0)
    assert judged(party, said(officer="new"), 20, officers) == COUNTS
    party, officers = full()
    assert judged(party, said(officer="X0", verdict="confirmed"), 20, officers) == COUNTS
    assert judged(party, said(OTHER, officer="new"), 20, officers) == COUNTS
    officers.list([f"X{number}" for number in range(9)])
    assert judged(party, said(officer="X8"), 20, officers) == COUNTS
    assert len(party.verdicts) == 11


def test_each_alert_has_a_share_of_the_verdicts_kept():
    """A flood on one alert pushes out its own oldest."""
    flood = [given(number, officer=f"X{number}") for number in range(MOST_VERDICTS + 4)]
    assert kept([given(0, OTHER), *flood]) == [given(0, OTHER), *flood[5:]]
    assert kept(flood[:MOST_VERDICTS]) == flood[:MOST_VERDICTS]


def test_what_a_new_verdict_adds_is_cut_fairly_too():
    """257 of the officers that are listed, on one alert: the first goes."""
    officers = Officers()
    officers.list([*(f"X{number}" for number in range(MOST_VERDICTS)), "new"])
    party = alerted(*(given(number, officer=f"X{number}") for number in range(MOST_VERDICTS)))
    assert judged(party, said(officer="new"), 999, officers) == COUNTS
    assert (len(party.verdicts), party.verdicts[0].decided_us, party.verdicts[-1].decided_us) == (MOST_VERDICTS, 1, 999)


def test_the_newest_alerts_of_a_party_are_known():
    """24 bytes each; the oldest goes, and a verdict on it counts no more."""
    party = Party()
    alerts = [f"{number:032x}" for number in range(MOST_RAISED + 1)]
    for alert in alerts:
        note_raised(party, alert, "BANKA")
    sender = token_number("BANKA").to_bytes(8)
    assert party.raised == b"".join(bytes.fromhex(alert) + sender for alert in alerts[1:])
    assert judged(party, said(alerts[0]), 0, Officers())[0] == "verdict.unknown_alert"
    assert judged(party, said(alerts[1]), 0, Officers()) == COUNTS
    assert judged(party, said(alerts[-1]), 0, Officers()) == COUNTS


@pytest.mark.parametrize("many", [0, 1, 300])
def test_no_sender_pushes_out_another_ones_alerts(many):
    """BANKA's two came first, BANKX's 255 and so many more after them; of BANKX the newest are known."""
    party = alerted()
    theirs = [f"{number:032x}" for number in range(MOST_RAISED - 1 + many)]
    for alert in theirs:
        note_raised(party, alert, "BANKX")
    assert len(party.raised) == MOST_RAISED * RAISED_BYTES
    for known in (ALERT, OTHER, theirs[-1], theirs[many + 1]):
        assert judged(party, said(known), 0, Officers()) == COUNTS
    assert judged(party, said(theirs[many]), 0, Officers())[0] == "verdict.unknown_alert"


def test_an_alert_is_no_end_of_one_with_the_beginning_of_the_next():
    """Whole ids are compared, at their places."""
    party = alerted()
    for start in range(1, RAISED_BYTES):
        shifted = party.raised[start : start + 16].hex()
        assert judged(party, said(shifted), 0, Officers())[0] == "verdict.unknown_alert"
