"""Verdicts count for alerts that were raised, once per officer, and forged ones leave nothing behind."""

import json

import msgspec
import pytest

from detectors.books.party import MOST_RAISED, MOST_VERDICTS, pack, unpack
from detectors.contracts.events import Disposition
from detectors.core import Notice, Outputs
from detectors.memory.officers import AT_ONCE, MOST_KNOWN, Officers, officer_number
from detectors.memory.state import PartitionState
from detectors.memory.verdicts import MOST_OFFICERS, SENIOR, note_raised
from detectors.values.legal_calendar import DAY_US
from streams.contracts.inputs import DISPOSITIONS, TRANSACTIONS
from streams.kafka import topics
from tests.support.ledger import Ledger, configuration, digest16, later, stamp
from tests.support.pipeline import DISPOSITION, TRANSACTION, Pipeline

PARTY = "k1.0a3.remitter"


def alerted(ledger: Ledger, day: float = 0, **fields) -> str:
    """The id of an alert on a party's payment beyond the yearly cap."""
    (alert,) = ledger.pay(f"a{day}{fields}", later(days=day), "150000", **fields).alerts
    return alert.alert_id


def verdict(
    ledger: Ledger,
    name: str,
    alert_id: str,
    said: str = "refuted",
    *,
    officer: str = "I-1",
    days: float = 1,
    party: str = PARTY,
) -> Outputs:
    event = Disposition(
        event_id=name,
        identity=digest16(name + party),
        body=digest16(name),
        alert_id=alert_id,
        party=party,
        verdict=said,
        reason_hash="0",
        investigator=officer,
        decided_at=later(days=days),
    )
    return ledger.put(event, ledger.origin(DISPOSITIONS))


def kept(ledger: Ledger) -> list[str]:
    return [one.verdict for one in unpack(ledger.state.parties[PARTY]).verdicts]


def refused(outputs: Outputs) -> str | None:
    assert (outputs.outcome == "refused") == (outputs.notice is not None)
    return None if outputs.notice is None else outputs.notice.code


def test_a_verdict_on_a_raised_alert_counts():
    """The honest case: confirmed by one officer, refuted by another, each once."""
    ledger = Ledger()
    alert = alerted(ledger)
    assert refused(verdict(ledger, "v1", alert, "confirmed")) is None
    assert refused(verdict(ledger, "v2", alert, officer="I-2")) is None
    assert kept(ledger) == ["confirmed", "refuted"]
    assert ledger.state.counters["refused"] == 0


def test_verdicts_on_alerts_that_never_were_make_no_party_and_no_state():
    """60 records with ids of 50 KB on an unknown party made 3 MB of state; now they leave the state as it is."""
    ledger = Ledger()
    ledger.pay("a", later(days=0))
    before = dict(ledger.state.parties)
    for number in range(60):
        answer = verdict(ledger, f"v{number}", f"{number}" * 25_000, party="k1.0a3.nobody", days=3000)
        assert refused(answer) == "verdict.unknown_alert"
        assert refused(verdict(ledger, f"w{number}", "b" * 32, days=3000)) == "verdict.unknown_alert"
    assert ledger.state.parties == before
    assert ledger.state.counters["refused"] == 120


def test_an_alert_of_another_party_is_unknown():
    """The id is real, the party is not the alert's; and half of one id with half of the next is no alert."""
    ledger = Ledger()
    alert, other = alerted(ledger), alerted(ledger, party="k1.0a3.other")
    assert refused(verdict(ledger, "v", other)) == "verdict.unknown_alert"
    second = alerted(ledger, day=400)
    assert refused(verdict(ledger, "half", alert[16:] + second[:16])) == "verdict.unknown_alert"
    assert refused(verdict(ledger, "upper", alert.upper())) == "verdict.unknown_alert"
    assert refused(verdict(ledger, "both", second)) is None


def test_a_verdict_repeated_is_not_the_opinion_of_many():
    """The same officer says the same again: refused with a reason; a changed mind, or a withdrawal, replaces it."""
    ledger = Ledger()
    alert = alerted(ledger)
    verdict(ledger, "v1", alert, "refuted", days=2)
    assert refused(verdict(ledger, "v2", alert, "refuted", days=3)) == "verdict.repeated"
    assert refused(verdict(ledger, "v3", alert, "confirmed", days=1)) == "verdict.outdated"
    assert kept(ledger) == ["refuted"]
    assert refused(verdict(ledger, "v4", alert, "confirmed", days=4)) is None
    assert kept(ledger) == ["confirmed"]
    assert refused(verdict(ledger, "v5", alert, "withdrawn", days=5)) is None
    assert kept(ledger) == ["withdrawn"]


def test_the_same_record_again_is_a_duplicate():
    """A resend is no second verdict, and needs no letter."""
    ledger = Ledger()
    alert = alerted(ledger)
    verdict(ledger, "v1", alert)
    assert verdict(ledger, "v1", alert).outcome == "duplicate"


def test_a_refused_verdict_is_judged_again_when_it_is_sent_again():
    """Decided before the alert was known here: once it is, the same record counts."""
    ledger, other = Ledger(), Ledger()
    alert = alerted(other)
    assert refused(verdict(ledger, "v1", alert)) == "verdict.unknown_alert"
    assert alerted(ledger) == alert
    assert refused(verdict(ledger, "v1", alert)) is None


@pytest.mark.parametrize("before", [0, 7, 8, 100])
def test_made_up_officers_shut_nobody_out(before):
    """So many names on one alert, and then an officer who was never seen: the verdict counts, and what is kept stays 8.

    The first six opinions stay, and what gives way is counted.
    """
    ledger = Ledger()
    alert = alerted(ledger)
    assert [refused(verdict(ledger, f"v{number}", alert, officer=f"X{number}")) for number in range(before)] == (
        [None] * before
    )
    assert refused(verdict(ledger, "real", alert, "confirmed")) is None
    assert kept(ledger)[-1] == "confirmed"
    assert len(kept(ledger)) == min(before + 1, MOST_OFFICERS)
    assert ledger.state.counters["verdicts_displaced"] == max(before + 1 - MOST_OFFICERS, 0)
    first = [one.officer for one in unpack(ledger.state.parties[PARTY]).verdicts][:SENIOR]
    assert first == [officer_number(f"X{number}") for number in range(before)][:SENIOR] or before == 0


@pytest.mark.parametrize("flood", [0, 300])
@pytest.mark.parametrize("saved", [True, False])
def test_no_made_up_names_push_out_an_officer_who_was_there_before(flood, saved):
    """He decided on another alert last week; 300 names before him, and 300 after him, leave his verdict."""
    ledger = Ledger()
    earlier, alert = alerted(ledger), alerted(ledger, day=400)
    verdict(ledger, "known", earlier, officer="I-1")
    for number in range(flood):
        verdict(ledger, f"v{number}", alert, officer=f"X{number}", days=401)
    if saved:
        ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
    assert refused(verdict(ledger, "real", alert, "confirmed", officer="I-1", days=402)) is None
    for number in range(flood):
        verdict(ledger, f"w{number}", alert, officer=f"Y{number}", days=403)
    assert "confirmed" in kept(ledger)
    assert len(kept(ledger)) == (1 + MOST_OFFICERS if flood else 2)


def test_officers_that_the_configuration_lists_are_alone_heard():
    """A made-up name is a dead letter with a reason; all of those listed count, though they are more than eight."""
    names = [f"I-{number}" for number in range(12)]
    ledger = Ledger(configuration(admission={"officers": names}))
    alert = alerted(ledger)
    for number in range(20):
        answer = verdict(ledger, f"x{number}", alert, officer=f"X{number}")
        assert refused(answer) == "verdict.unknown_officer"
    assert [refused(verdict(ledger, name, alert, officer=name)) for name in names] == [None] * 12
    assert len(kept(ledger)) == 12
    ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
    assert refused(verdict(ledger, "x", alert, officer="X1")) == "verdict.unknown_officer"


def test_a_flood_on_one_alert_pushes_out_no_verdict_on_another():
    """Many officers on many alerts fill what is kept of a party; the alert with one verdict keeps it."""
    ledger = Ledger(configuration(admission={"officers": [f"I-{number}" for number in range(20)]}))
    alone = alerted(ledger)
    verdict(ledger, "alone", alone, "confirmed", officer="I-0")
    party = unpack(ledger.state.parties[PARTY])
    ids = [digest16(str(number)) for number in range(100)]
    for alert_id in ids:
        note_raised(party, alert_id, "BANKA")
    ledger.state.parties[PARTY] = pack(party)
    for number, alert_id in enumerate(ids):
        for officer in range(4):
            verdict(ledger, f"v{number}.{officer}", alert_id, officer=f"I-{officer}")
    assert len(kept(ledger)) == MOST_VERDICTS
    assert kept(ledger)[0] == "confirmed"


@pytest.mark.parametrize("rounds", [0, 15])
def test_one_banks_alerts_shut_out_no_verdict_on_another_banks(rounds):
    """BANKX splits under 21 purposes, so that most of its payments are told of: 256 alerts and more of the party."""
    ledger = Ledger()
    alert = alerted(ledger, institution="BANKB")
    told = 0
    for number in range(21 * rounds):
        purpose = number % 21
        told += len(
            ledger.pay(
                f"x{number}",
                later(hours=1, minutes=number),
                "4900",
                institution="BANKX",
                purpose=f"P{purpose}",
                counterparty=f"k1.111.p{purpose}",
            ).alerts
        )
    assert told >= MOST_RAISED or not rounds
    assert refused(verdict(ledger, "v", alert, "confirmed", days=3)) is None
    assert kept(ledger) == ["confirmed"]


def test_officers_get_a_rank_one_a_day():
    """The first sixteen at once, then one a day of the clock; one silent for 400 days gives way when all are taken."""
    officers = Officers()
    for number in range(1000):
        officers.note_counted(number, DAY_US)
    assert [number for number in range(1000) if officers.rank(number) < MOST_KNOWN] == list(range(AT_ONCE))
    for day in range(2, 2 + MOST_KNOWN - AT_ONCE):
        officers.note_counted(10_000 + day, day * DAY_US)
        officers.note_counted(20_000 + day, day * DAY_US)
    assert officers.rank(10_002) == AT_ONCE
    assert officers.rank(20_002) == MOST_KNOWN
    assert officers.rank(0) == 0
    officers.note_counted(7, 401 * DAY_US)
    officers.note_counted(30_000, 401 * DAY_US)
    assert officers.rank(30_000) == MOST_KNOWN
    officers.note_counted(30_000, 402 * DAY_US)
    assert (officers.rank(30_000), officers.rank(0), officers.rank(7)) == (MOST_KNOWN - 1, MOST_KNOWN, 6)


def test_what_is_kept_of_a_party_is_bounded():
    """Alerts beyond the newest 256 are forgotten; each of these may have a verdict."""
    ledger = Ledger()
    alerted(ledger)
    party = unpack(ledger.state.parties[PARTY])
    ids = [digest16(str(number)) for number in range(MOST_RAISED + 10)]
    for alert_id in ids:
        note_raised(party, alert_id, "BANKA")
    ledger.state.parties[PARTY] = pack(party)
    assert len(party.raised) == MOST_RAISED * 24
    assert refused(verdict(ledger, "old", ids[9])) == "verdict.unknown_alert"
    for number, alert_id in enumerate(ids[10:]):
        assert refused(verdict(ledger, f"v{number}", alert_id)) is None
    assert len(kept(ledger)) == MOST_VERDICTS
    assert len(ledger.state.parties[PARTY]) < 20_000


def test_the_date_of_a_verdict_keeps_no_party_alive():
    """A verdict dated years ahead: the party leaves memory with the others that were idle as long."""
    for dated in (False, True):
        ledger = Ledger()
        alert = alerted(ledger)
        if dated:
            assert refused(verdict(ledger, "v", alert, days=3000)) is None
        ledger.pay("b", later(days=437), party="k1.0a3.later")
        assert list(ledger.state.parties) == ["k1.0a3.later"]


def test_two_names_of_a_party_merge_with_their_alerts_and_verdicts():
    """After a rotation in which both names had alerts, verdicts on either count."""
    ledger = Ledger()
    alert = alerted(ledger)
    new = "k2.0a3.remitter2"
    second = alerted(ledger, party=new)
    verdict(ledger, "v1", alert)
    ledger.pay("both", later(days=2), party=new, previous={new: PARTY})
    assert refused(verdict(ledger, "v2", second, party=new)) is None
    assert refused(verdict(ledger, "v3", alert, "confirmed", party=PARTY, days=3)) is None
    assert len(ledger.state.parties) == 1


def test_a_refused_verdict_becomes_a_notice_with_its_source():
    """Through the door: the ingest role learns which record to dead-letter, and why."""
    pipeline = Pipeline()
    pipeline.send(TRANSACTIONS, TRANSACTION | {"amount": "150000"})
    (token,) = pipeline.state.parties
    answer = pipeline.send(DISPOSITIONS, DISPOSITION | {"party": token})
    (output,) = answer
    assert output.topic == topics.NOTICES
    notice = msgspec.json.decode(output.value, type=Notice)
    assert (notice.code, notice.source.topic, notice.source.offset) == ("verdict.unknown_alert", DISPOSITIONS, 0)
    assert notice.first is None
    assert "sha256" not in json.loads(output.value)
    assert pipeline.core.tally.outcomes["refused"] == 1


def test_a_verdict_dated_ahead_does_not_outdate_those_of_the_next_day():
    """Somebody writes in an officer's name, dated 24 h ahead of the Kafka timestamp; an hour later the officer decides.

    A verdict that is older by its timestamp too is outdated.
    """
    ledger = Ledger()
    alert = alerted(ledger)
    for name, said, days, sent, wanted in (
        ("ahead", "refuted", 2, 1.0, None),
        ("own", "confirmed", 1.04, 1.04, None),
        ("older", "inconclusive", 1.02, 1.04, "verdict.outdated"),
    ):
        event = Disposition(
            event_id=name,
            identity=digest16(name),
            body=digest16(name),
            alert_id=alert,
            party=PARTY,
            verdict=said,
            reason_hash="0",
            investigator="I-1",
            decided_at=later(days=days),
        )
        origin = msgspec.structs.replace(ledger.origin(DISPOSITIONS), timestamp_ms=stamp(later(days=sent)))
        assert refused(ledger.put(event, origin)) == wanted
    assert kept(ledger) == ["confirmed"]
