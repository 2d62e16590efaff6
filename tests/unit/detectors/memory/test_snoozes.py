"""What of a party rests until when: whose word counts, and when it ends."""

from datetime import timedelta
from typing import Any

import pytest

from detectors.books.party import Party, pack, unpack
from detectors.contracts.events import Disposition
from detectors.memory.officers import Officers
from detectors.memory.snoozes import MOST_DAYS, MOST_SNOOZES, SLOT, Snooze, resting, take
from detectors.memory.verdicts import note_raised
from detectors.values.legal_calendar import DAY_US, from_us, to_us
from tests.support.ledger import START

ALERT = "0123456789abcdef" * 2
NOW = to_us(START)


def said(typology: str = "T16", days: float = 30, *, at_us: int = NOW, **changed: Any) -> Disposition:
    """A snooze given at a time for so many days."""
    fields = {
        "event_id": "e",
        "identity": "0" * 32,
        "body": "1" * 32,
        "alert_id": ALERT,
        "party": "p",
        "verdict": "inconclusive",
        "reason_hash": "0",
        "investigator": "I-1",
        "decided_at": from_us(at_us),
        "snooze_until": from_us(at_us) + timedelta(days=days),
        "snooze_typology": typology,
    }
    return Disposition(**fields | changed)


def alerted() -> Party:
    party = Party()
    note_raised(party, ALERT, "BANKA")
    return party


def asleep(*words: Disposition) -> Party:
    """An alerted party of which this was said, each at its time."""
    party = alerted()
    for offset, event in enumerate(words):
        assert take(party, event, to_us(event.decided_at), offset, Officers()) is None
    return party


@pytest.mark.parametrize(("at_us", "rests"), [(NOW, True), (NOW + 30 * DAY_US - 1, True), (NOW + 30 * DAY_US, False)])
def test_it_rests_until_its_time(at_us, rests):
    """To the microsecond; what came before it was given rests too, because it came later."""
    found = resting(asleep(said()), ("T16",), at_us)
    assert found == (Snooze("T16", NOW + 30 * DAY_US, NOW, 0) if rests else None)


def test_only_what_was_named_rests_and_only_where_all_does():
    """An alert of two typologies rests when both do, until the first ends."""
    party = asleep(said("T16"), said("T02", 20))
    assert resting(party, ("T01",), NOW) is None
    assert resting(party, ("T16", "T01"), NOW) is None
    assert resting(party, ("T16", "T02"), NOW) == Snooze("T02", NOW + 20 * DAY_US, NOW, 1)
    assert resting(party, ("T02", "T16"), NOW) == Snooze("T02", NOW + 20 * DAY_US, NOW, 1)
    assert resting(party, ("T16", "T02"), NOW + 20 * DAY_US) is None
    assert resting(alerted(), ("T16",), NOW) is None


def test_the_newest_word_counts_and_may_end_it():
    """A longer one takes its place, and one whose time is over ends it; other typologies go on."""
    party = asleep(said(days=1), said("T02"), said(days=60, at_us=NOW + 5))
    assert resting(party, ("T16",), NOW + 59 * DAY_US) == Snooze("T16", NOW + 5 + 60 * DAY_US, NOW + 5, 2)
    assert take(party, said(days=0, at_us=NOW + 6), NOW + 6, 3, Officers()) is None
    assert resting(party, ("T16",), NOW + 6) is None
    assert resting(party, ("T02",), NOW + 6) is not None


def test_an_earlier_word_that_comes_late_changes_nothing():
    """What ended stays ended; a word of the same time takes its place."""
    party = asleep(said(days=0, at_us=NOW + 5))
    before = dict(party.slots)
    assert take(party, said(), NOW + 4, 1, Officers()) == "verdict.outdated"
    assert party.slots == before
    assert take(party, said(at_us=NOW + 5), NOW + 5, 2, Officers()) is None
    assert resting(party, ("T16",), NOW + 5) is not None


@pytest.mark.parametrize(
    ("changed", "officers", "code"),
    [
        ({"investigator": "I-2"}, ("I-1",), "verdict.unknown_officer"),
        ({"alert_id": "f" * 32}, (), "verdict.unknown_alert"),
        ({"alert_id": "no id"}, (), "verdict.unknown_alert"),
    ],
)
def test_a_word_that_does_not_count_leaves_the_party_as_it_was(changed, officers, code):
    """As a verdict: of a listed officer, on an alert that was raised."""
    party, known = alerted(), Officers()
    known.list(officers)
    assert take(party, said(**changed), NOW, 1, known) == code
    assert party.slots == {}
    assert take(party, said(), NOW, 1, known) is None


def test_nothing_rests_for_longer_than_a_quarter():
    """Whatever an old ledger says: 90 days from when it was given."""
    party = asleep(said(days=4000))
    assert resting(party, ("T16",), NOW + MOST_DAYS * DAY_US - 1) is not None
    assert resting(party, ("T16",), NOW + MOST_DAYS * DAY_US) is None


def test_a_party_keeps_the_newest_few():
    """32 of 40 made-up typologies, under 1.5 KB; they are saved with the party."""
    party = asleep(*[said(f"T{number}") for number in range(40)])
    kept = [number for number in range(40) if resting(party, (f"T{number}",), NOW)]
    assert kept == list(range(40 - MOST_SNOOZES, 40))
    assert len(party.slots[SLOT]) < 1_500
    assert unpack(pack(party)).slots == party.slots
