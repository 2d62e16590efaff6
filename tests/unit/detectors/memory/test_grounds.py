"""What alerts were raised on: kept with the party, bounded fairly, and what a verdict makes of it."""

import msgspec
import pytest

from detectors.books.party import MOST_GROUNDS, Given, Party
from detectors.contracts.events import Disposition
from detectors.memory import grounds
from detectors.memory.grounds import Grounds, Replaced, lesson_id, lesson_of
from tests.support.ledger import START

ALERT, OTHER = "0123456789abcdef" * 2, "f" * 32
GROUNDS = Grounds("case 1", "T03", "person.out", {"T03": 128, "hour": 300}, 0.25, "f00d")


def said(verdict: str, officer: int = 7, at_us: int = 5) -> Given:
    """A verdict on the alert, as it is kept."""
    return Given(bytes.fromhex(ALERT), officer, verdict, at_us)


def event(verdict: str) -> Disposition:
    """The record of a verdict."""
    return Disposition(
        event_id="e",
        identity="0" * 32,
        body="1" * 32,
        alert_id=ALERT,
        party="p",
        verdict=verdict,  # type: ignore[arg-type]
        reason_hash="0",
        investigator="I-1",
        decided_at=START,
    )


def alerted() -> Party:
    """A party with grounds of one alert."""
    party = Party()
    grounds.remember(party, ALERT, "BANKA", GROUNDS)
    return party


def test_what_was_kept_is_found_by_the_whole_id() -> None:
    party = alerted()
    assert grounds.find(party, ALERT) == GROUNDS
    assert grounds.find(party, OTHER) is None


def test_of_an_alert_kept_twice_the_newest_counts() -> None:
    party = alerted()
    newer = msgspec.structs.replace(GROUNDS, selected=1.0)
    grounds.remember(party, ALERT, "BANKA", newer)
    assert grounds.find(party, ALERT) == newer


def test_the_newest_are_kept_and_no_sender_pushes_out_anothers() -> None:
    party = alerted()
    for number in range(3 * MOST_GROUNDS):
        grounds.remember(party, f"{number:032x}", "BANKB", GROUNDS)

    assert len(party.grounds) == MOST_GROUNDS
    assert grounds.find(party, ALERT) == GROUNDS
    assert grounds.find(party, f"{3 * MOST_GROUNDS - 1:032x}") == GROUNDS
    assert grounds.find(party, f"{0:032x}") is None


@pytest.mark.parametrize(("verdict", "confirmed"), [("confirmed", True), ("refuted", False)])
def test_a_verdict_that_decides_teaches_what_the_alert_was_raised_on(verdict: str, confirmed: bool) -> None:
    lesson = lesson_of(alerted(), event(verdict), said(verdict), Replaced(), teaches=True)

    assert lesson is not None
    assert (lesson.confirmed, lesson.takes_back) == (confirmed, ())
    assert (lesson.case_id, lesson.lead, lesson.segment) == ("case 1", "T03", "person.out")
    assert (lesson.inputs, lesson.selected, lesson.detectors) == (GROUNDS.inputs, 0.25, "f00d")
    assert (lesson.alert_id, lesson.officer, lesson.decided_us) == (ALERT, 7, 5)


@pytest.mark.parametrize("verdict", ["inconclusive", "duplicate", "withdrawn"])
def test_a_verdict_that_decides_nothing_teaches_nothing_and_takes_back_the_earlier(verdict: str) -> None:
    assert lesson_of(alerted(), event(verdict), said(verdict), Replaced(), teaches=True) is None
    before = said("confirmed", at_us=4)
    lesson = lesson_of(alerted(), event(verdict), said(verdict), Replaced(before), teaches=True)

    assert lesson is not None
    assert (lesson.confirmed, lesson.inputs, lesson.takes_back) == (None, {}, (lesson_id(before),))


def test_a_changed_mind_and_one_that_gave_way_are_taken_back_with_the_new_lesson() -> None:
    own, other = said("refuted", at_us=4), said("confirmed", officer=9)
    lesson = lesson_of(alerted(), event("confirmed"), said("confirmed"), Replaced(own, other), teaches=True)

    assert lesson is not None
    assert lesson.confirmed is True
    assert lesson.takes_back == (lesson_id(own), lesson_id(other))
    undecided = Replaced(said("inconclusive", at_us=4))
    again = lesson_of(alerted(), event("confirmed"), said("confirmed"), undecided, teaches=True)
    assert again is not None
    assert again.takes_back == ()


def test_without_grounds_or_without_a_known_officer_a_verdict_only_takes_back() -> None:
    before = Replaced(said("refuted", at_us=4))
    for party, teaches in ((Party(), True), (alerted(), False)):
        assert lesson_of(party, event("confirmed"), said("confirmed"), Replaced(), teaches=teaches) is None
        lesson = lesson_of(party, event("confirmed"), said("confirmed"), before, teaches=teaches)
        assert lesson is not None
        assert lesson.confirmed is None


def test_the_id_of_a_lesson_follows_from_each_part_of_the_verdict() -> None:
    other = Given(bytes.fromhex(OTHER), 7, "confirmed", 5)
    verdicts = [said("confirmed"), said("refuted"), said("confirmed", 8), said("confirmed", 7, 6), other]
    assert len({lesson_id(one) for one in verdicts}) == len(verdicts)
    assert lesson_id(said("confirmed")) == lesson_id(said("confirmed"))
    assert len(lesson_id(said("confirmed"))) == 32
