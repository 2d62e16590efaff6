"""What an officer's record does to its party and partition."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from detectors.books.party import unpack
from detectors.contracts.events import Disposition
from detectors.core import Outputs
from detectors.memory import dispositions
from detectors.memory.dispositions import Taken
from detectors.memory.officers import MOST_KNOWN, officer_number
from detectors.memory.snoozes import resting
from detectors.values.legal_calendar import to_us
from tests.support.ledger import Ledger, digest16, later, stamp

PARTY = "k1.0a3.remitter"


def alerted() -> tuple[Ledger, str]:
    """A party with an alert on its off-market rate."""
    ledger = Ledger()
    ledger.rate(later())
    terms = {"evidence": "shown", "settled_currency": "KRW", "deal_rate": "1500"}
    (alert,) = ledger.pay("d", later(hours=1), "50000", **terms).alerts
    return ledger, alert.alert_id


def word(ledger: Ledger, alert_id: str, *, sent: float = 2, until: float | None = None, **changed: Any) -> Outputs:
    """Apply an officer's record, decided and sent after so many hours; a snooze until so many hours after the start."""
    fields: dict[str, Any] = {
        "event_id": f"desk-{len(ledger.log)}",
        "identity": digest16(f"desk-{len(ledger.log)}"),
        "body": "1" * 32,
        "alert_id": alert_id,
        "party": PARTY,
        "verdict": "inconclusive",
        "reason_hash": "0",
        "investigator": "I-1",
        "decided_at": later(hours=sent),
    }
    if until is not None:
        fields |= {"snooze_until": later(hours=until), "snooze_typology": "T16"}
    origin = msgspec.structs.replace(ledger.origin("fx.dispositions.v1"), timestamp_ms=stamp(later(hours=sent)))
    return ledger.put(Disposition(**fields | changed), origin)


def party(ledger: Ledger) -> Any:
    return unpack(ledger.state.parties[PARTY])


def test_a_record_on_an_alert_about_a_shared_thing_is_passed_by():
    """The shared agent alone judges it: nothing is kept, refused or told, also where the id is one of the party's."""
    ledger, alert_id = alerted()
    before = ledger.state.parties[PARTY]
    for number in (1, 2):
        done = word(ledger, alert_id, event_id="same", shared_kind="device", shared_token=f"k1.77{number}.device")
        assert (done.outcome, done.notice) == ("applied", None)
    assert ledger.state.parties[PARTY] == before
    assert word(ledger, alert_id).outcome == "applied"


def test_a_verdict_is_kept_with_the_party():
    ledger, alert_id = alerted()
    done = word(ledger, alert_id, verdict="refuted")
    assert (done.outcome, done.snooze) == ("applied", None)
    assert [one.verdict for one in party(ledger).verdicts] == ["refuted"]


def test_a_snooze_is_no_verdict():
    """It begins and ends by its own fields, and says which of both."""
    ledger, alert_id = alerted()
    assert word(ledger, alert_id, until=50).snooze == "begun"
    assert resting(party(ledger), ("T16",), to_us(later(hours=49))).offset == len(ledger.log) - 1
    assert word(ledger, alert_id, sent=3, until=3).snooze == "ended"
    assert resting(party(ledger), ("T16",), to_us(later(hours=4))) is None
    assert party(ledger).verdicts == []
    assert ledger.state.counters["verdicts_displaced"] == 0


@pytest.mark.parametrize("until", [None, 50])
def test_what_does_not_count_is_told_with_its_code_and_keeps_nothing(until):
    ledger, _ = alerted()
    before = party(ledger)
    done = word(ledger, "f" * 32, until=until)
    assert done.outcome == "refused"
    assert done.notice is not None
    assert done.notice.code == "verdict.unknown_alert"
    assert party(ledger) == before
    assert list(ledger.state.parties) == [PARTY]
    word(ledger, "f" * 32, until=until, party="k1.0a3.nobody")
    assert list(ledger.state.parties) == [PARTY]


def test_a_date_ahead_of_its_arrival_counts_from_the_arrival():
    """A clock that is wrong by hours neither lengthens a snooze beyond its bound nor outdates the next one."""
    ledger, alert_id = alerted()
    word(ledger, alert_id, until=24 * 200, sent=2, decided_at=later(hours=20))
    assert resting(party(ledger), ("T16",), to_us(later(hours=2, days=90)) - 1) is not None
    assert resting(party(ledger), ("T16",), to_us(later(hours=2, days=90))) is None
    assert word(ledger, alert_id, sent=3, until=3).outcome == "applied"


def test_an_officer_whose_word_counts_is_known_from_then_on_and_the_party_stays():
    """By the partition's clock; a snooze counts as a verdict does."""
    for until in (None, 50):
        ledger, alert_id = alerted()
        event = Disposition(
            event_id="e",
            identity="0" * 32,
            body="1" * 32,
            alert_id=alert_id,
            party=PARTY,
            verdict="inconclusive",
            reason_hash="0",
            investigator="I-1",
            decided_at=later(days=9),
            snooze_until=None if until is None else later(days=9) + timedelta(hours=until),
            snooze_typology=None if until is None else "T16",
        )
        origin = msgspec.structs.replace(ledger.origin(), timestamp_ms=stamp(later(days=9)))
        ledger.state.advance(to_us(later(days=8)))
        taken = dispositions.take(ledger.state, event, origin)
        assert taken == Taken(None, snooze=None if until is None else "begun")
        assert party(ledger).last_us == to_us(later(days=8))
        ranks = [ledger.state.officers.rank(officer_number(name)) for name in ("I-1", "I-2")]
        assert ranks == [0, MOST_KNOWN]


def test_a_verdict_teaches_what_its_alert_was_raised_on_and_a_withdrawal_takes_it_back():
    ledger, alert_id = alerted()
    told = []

    def tell(verdict, **changed):
        record = _disposition(alert_id, verdict, **changed)
        origin = msgspec.structs.replace(ledger.origin("fx.dispositions.v1"), timestamp_ms=stamp(later(hours=9)))
        told.append(dispositions.take(ledger.state, record, origin).lesson)

    tell("confirmed", decided_at=later(hours=2))
    tell("withdrawn", decided_at=later(hours=3))
    first, second = told
    assert (first.confirmed, first.lead, first.takes_back) == (True, "T16", ())
    assert (second.confirmed, second.takes_back) == (None, (first.lesson,))


def test_a_verdict_dated_in_the_future_is_a_lesson_of_its_kafka_timestamp():
    ledger, alert_id = alerted()
    origin = msgspec.structs.replace(ledger.origin("fx.dispositions.v1"), timestamp_ms=stamp(later(hours=9)))
    record = _disposition(alert_id, "confirmed", decided_at=later(hours=9000))
    assert dispositions.take(ledger.state, record, origin).lesson.decided_us == stamp(later(hours=9)) * 1000


def test_who_is_not_listed_and_who_judges_what_never_was_teach_nothing():
    ledger, alert_id = alerted()
    origin = ledger.origin("fx.dispositions.v1")
    assert dispositions.take(ledger.state, _disposition("7" * 32, "confirmed"), origin).lesson is None
    ledger.state.officers.list(["I-2"])
    assert dispositions.take(ledger.state, _disposition(alert_id, "confirmed"), origin) == Taken(
        "verdict.unknown_officer"
    )
    ledger.state.officers.list([])
    for number in range(MOST_KNOWN):
        ledger.state.officers._known[number] = ledger.state.watermark_us
    # no list, and every rank is taken: the verdict counts and teaches nothing
    taken = dispositions.take(ledger.state, _disposition(alert_id, "confirmed"), origin)
    assert (taken.refused, taken.lesson) == (None, None)


def _disposition(alert_id, verdict, **changed):
    fields = {
        "event_id": f"{verdict}",
        "identity": digest16(verdict),
        "body": "1" * 32,
        "alert_id": alert_id,
        "party": PARTY,
        "verdict": verdict,
        "reason_hash": "0",
        "investigator": "I-1",
        "decided_at": later(hours=2),
    }
    return Disposition(**fields | changed)
