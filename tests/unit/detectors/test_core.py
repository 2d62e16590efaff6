"""The pure core: gate, duplicates, conflicts, configuration, order, key overlap."""

import msgspec
import pytest

from detectors.books.party import unpack
from detectors.contracts.events import ConfigurationChange, Origin, Profile, Source
from detectors.core import CONFLICT, apply
from detectors.memory.marks import MOST_TOPICS
from detectors.memory.state import PartitionState
from tests.support.ledger import START, TOPIC, Ledger, configuration, digest16, later, payment, stamp


def test_nothing_is_applied_before_the_configuration():
    """A payment before the ledger's first configuration is refused with what to do, and nothing moves."""
    state = PartitionState.new(0)
    origin = Origin(offset=0, source=Source(TOPIC, 0, 0), commitment="0" * 64, timestamp_ms=0)
    with pytest.raises(ValueError, match="topics apply"):
        apply(state, payment("a", START), origin)
    assert state.next == 0
    assert not state.parties


def test_a_redelivered_source_record_changes_only_position_and_counter():
    """What is at or below its source partition's mark was applied before, whatever it says."""
    ledger = Ledger()
    ledger.pay("a", START)
    before = dict(ledger.state.parties)
    event, origin = ledger.log[-1]
    again = msgspec.structs.replace(origin, offset=origin.offset + 1)
    outputs = ledger.put(event, again)
    assert outputs.outcome == "redelivered"
    assert ledger.state.parties == before
    assert ledger.state.next == again.offset + 1
    assert ledger.state.counters["redelivered"] == 1


def test_equal_identity_and_body_is_a_duplicate_and_teaches_nothing():
    """A sender's repeated event leaves models, parties and totals as they were."""
    ledger = Ledger()
    event = payment("a", START)
    ledger.put(event, ledger.origin())
    before = (dict(ledger.state.parties), ledger.state.scorer.learned())
    assert ledger.put(event, ledger.origin()).outcome == "duplicate"
    assert (dict(ledger.state.parties), ledger.state.scorer.learned()) == before


def test_equal_identity_and_another_body_is_a_conflict_with_both_positions():
    """The notice names the refused record and the one that stands, so that ingest can dead-letter the bytes."""
    ledger = Ledger()
    event = payment("a", START)
    ledger.put(event, ledger.origin())
    before = dict(ledger.state.parties)
    other = msgspec.structs.replace(event, amount="1", body=digest16("other"))
    outputs = ledger.put(other, ledger.origin())
    assert outputs.outcome == "conflict"
    assert outputs.notice.code == CONFLICT
    assert outputs.notice.source == Source(TOPIC, 0, 1)
    assert outputs.notice.first == Source(TOPIC, 0, 0)
    assert outputs.notice.commitment == ledger.log[-1][1].commitment
    assert ledger.state.parties == before


def test_duplicates_are_told_among_the_last_events_only():
    """With a window of two, the third event back is taken as new: the window is stated, not unbounded."""
    ledger = Ledger(configuration(engine={"fingerprints": 2}))
    events = [payment(name, later(hours=number)) for number, name in enumerate("abc")]
    for event in events:
        ledger.put(event, ledger.origin())
    assert ledger.put(events[1], ledger.origin()).outcome == "duplicate"
    assert ledger.put(events[0], ledger.origin()).outcome == "applied"


@pytest.mark.parametrize("rates", [0, 200], ids=["honest", "flood"])
def test_no_flood_of_rates_makes_a_payment_count_twice(rates):
    """Each kind has its own window: a payment sent again is told after any number of rates, and a rate after payments.

    The window is of 50 here; 50 000 rates between did the same to the window of 50 000.
    """
    ledger = Ledger(configuration(engine={"fingerprints": 50}))
    first = payment("a", START)
    ledger.put(first, ledger.origin())
    for number in range(rates):
        ledger.rate(later(minutes=number))
    assert ledger.put(first, ledger.origin()).outcome == "duplicate"
    assert len(ledger.state.fingerprints["rate"]) == min(rates, 50)


def test_no_flood_of_payments_makes_a_rate_new_again():
    """The other way round, and over a save and load; 51 rates in a window of 50 are still the oldest one's end."""
    ledger = Ledger(configuration(engine={"fingerprints": 50}))
    for number in range(51):
        ledger.rate(later(minutes=number))
    rates = [event for event, _ in ledger.log[1:]]
    for number in range(60):
        ledger.pay(f"p{number}", later(hours=number), "10")
    ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
    assert ledger.put(rates[1], ledger.origin("fx.rates.v1")).outcome == "duplicate"
    assert ledger.put(rates[0], ledger.origin("fx.rates.v1")).outcome == "applied"


def test_an_offset_applied_before_is_refused():
    """Applying the same ledger offset twice would learn twice; the core says so instead."""
    ledger = Ledger()
    ledger.pay("a", START)
    with pytest.raises(ValueError, match="applied before"):
        apply(ledger.state, *ledger.log[-1])


def test_a_bad_amount_is_refused_before_anything_changes():
    """The partition stops at a value that is no number, with the state as it was."""
    ledger = Ledger()
    ledger.pay("a", START)
    before = ledger.state.freeze().digest()
    event = msgspec.structs.replace(payment("b", later(hours=1)), amount="abc")
    with pytest.raises(ValueError, match="not a decimal number"):
        apply(ledger.state, event, ledger.origin())
    assert ledger.state.freeze().digest() == before


def test_models_start_anew_only_with_another_detector_set():
    """New limits keep what was learned; another detector set does not."""
    ledger = Ledger(configuration())
    ledger.pay("a", START)
    scorer = ledger.state.scorer
    limits = configuration(engine={"case_window_days": 10})
    assert (
        ledger.put(ConfigurationChange(configuration=limits), ledger.origin("fx.rules.v1")).outcome == "configuration"
    )
    assert ledger.state.scorer is scorer
    ledger.put(ConfigurationChange(configuration=configuration(detectors={"seed": 5})), ledger.origin("fx.rules.v1"))
    assert ledger.state.scorer is not scorer


def test_history_counts_and_never_alerts():
    """Pieces loaded as history raise nothing, yet the first live piece after them completes the pattern."""
    ledger = Ledger()
    loaded = [ledger.pay(f"h{hour}", later(hours=hour), history=True) for hour in range(5)]
    assert not any(outputs.alerts for outputs in loaded)
    assert ledger.state.counters["scored"] == 5
    (alert,) = ledger.pay("live", later(hours=6)).alerts
    assert alert.evidence_total == 6


def test_a_party_moves_to_its_new_token_and_its_beneficiaries_stay_the_same():
    """Pieces before, during and after a key rotation are one splitting to one beneficiary."""
    ledger = Ledger()
    ledger.pay("old", START)
    new = {"party": "k2.0a3.remitter2", "counterparty": "k2.111.payee2"}
    previous = {"k2.0a3.remitter2": "k1.0a3.remitter", "k2.111.payee2": "k1.111.payee"}
    ledger.pay("overlap", later(hours=1), **new, previous=previous)
    assert list(ledger.state.parties) == ["k2.0a3.remitter2"]
    (alert,) = ledger.pay("after", later(hours=2), **new).alerts
    assert {measured.name: measured.value for measured in alert.typologies[0].measured}["beneficiaries"] == 1
    assert alert.party == "k2.0a3.remitter2"


def test_a_party_known_under_both_tokens_becomes_one():
    """When a record without the previous token came first, both records' payments count together."""
    ledger = Ledger()
    ledger.pay("old1", START)
    ledger.pay("old2", later(hours=1))
    new = {"party": "k2.0a3.remitter2", "counterparty": "k1.111.payee"}
    ledger.pay("new1", later(hours=2), **new)
    assert len(ledger.state.parties) == 2
    (alert,) = ledger.pay("new2", later(hours=3), **new, previous={"k2.0a3.remitter2": "k1.0a3.remitter"}).alerts
    assert alert.evidence_total == 4
    assert len(ledger.state.parties) == 1


def test_profiles_are_kept_with_the_party():
    """The newest facts by `as_of` stand in the party's record; verdicts: test_verdicts.py."""
    ledger = Ledger()
    party = "k1.0a3.remitter"
    ids = {"identity": digest16("p1"), "body": digest16("p1"), "event_id": "p1"}
    ledger.put(
        Profile(party=party, party_type="person", as_of=later(days=2), region="KR-11", **ids), ledger.origin("p")
    )
    ids = {"identity": digest16("p0"), "body": digest16("p0"), "event_id": "p0"}
    ledger.put(Profile(party=party, party_type="person", as_of=START, region="KR-26", **ids), ledger.origin("p"))
    kept = unpack(ledger.state.parties[party])
    assert kept.facts.region == "KR-11"


def test_a_profile_dated_ahead_does_not_stand_against_those_of_the_next_day():
    """One says `bank`, 24 h ahead of its Kafka timestamp; an hour later the right one comes, then an older."""
    ledger, party = Ledger(), "k1.0a3.p"
    for name, kind, at, sent in (("a", "bank", 24, 0), ("b", "person", 1, 1), ("c", "company", 0.5, 2)):
        profile = Profile(
            party=party,
            party_type=kind,
            as_of=later(hours=at),
            event_id=name,
            identity=digest16(name),
            body=digest16(name),
        )
        ledger.put(profile, msgspec.structs.replace(ledger.origin("p"), timestamp_ms=stamp(later(hours=sent))))
    facts = unpack(ledger.state.parties[party]).facts
    assert facts is not None
    assert facts.party_type == "person"


def test_idle_parties_leave_memory_in_event_time():
    """A party silent for more than 435 days is let go when the watermark passes; a recent one stays."""
    ledger = Ledger()
    ledger.pay("a", START, party="k1.000.idle")
    ledger.pay("b", later(days=300), party="k1.001.busy")
    ledger.pay("c", later(days=440), party="k1.002.new")
    assert list(ledger.state.parties) == ["k1.001.busy", "k1.002.new"]


def recreated(ledger, topic_id, offset, event_id):
    """The outcome of a payment whose source is a topic of this id."""
    origin = Origin(
        offset=len(ledger.log), source=Source(TOPIC, 0, offset), commitment="0" * 64, timestamp_ms=0, topic_id=topic_id
    )
    return ledger.put(payment(event_id, START), origin).outcome


def test_records_of_a_recreated_input_topic_are_not_taken_for_redelivered():
    """Its offsets begin anew below the old mark; what ingest repeats, of either topic, still is dropped."""
    ledger = Ledger()
    for offset in range(3):
        assert recreated(ledger, "X", offset, f"x{offset}") == "applied"
    assert [recreated(ledger, "Y", offset, f"y{offset}") for offset in (0, 1)] == ["applied", "applied"]
    assert [recreated(ledger, one, 1, "again") for one in "XY"] == ["redelivered", "redelivered"]
    assert recreated(ledger, "X", 3, "late") == "applied"  # from a worker that was slow
    assert recreated(ledger, "Y", 1, "again") == "redelivered"
    assert recreated(ledger, "Y", 2, "x0") == "duplicate"  # the sender's own repetition is told by what it is
    assert PartitionState.thaw(ledger.state.freeze().sections()).marks == ledger.state.marks


def test_records_that_do_not_tell_their_topics_id_count_as_one_topic_with_the_first_that_does():
    """An upgrade of ingest, in the middle of a redelivery or with an old worker still writing, repeats nothing."""
    ledger = Ledger()
    assert [recreated(ledger, "", offset, f"a{offset}") for offset in range(3)] == ["applied"] * 3
    assert [recreated(ledger, "X", offset, f"a{offset}") for offset in (1, 2, 3)] == [*["redelivered"] * 2, "applied"]
    assert [recreated(ledger, "", offset, f"b{offset}") for offset in (3, 4)] == ["redelivered", "applied"]
    assert recreated(ledger, "X", 4, "again") == "redelivered"
    assert recreated(ledger, "Y", 0, "y") == "applied"


def test_marks_of_topics_that_were_deleted_do_not_grow_for_ever():
    """The newest few of each partition are kept."""
    ledger = Ledger()
    for number in range(MOST_TOPICS + 5):
        assert recreated(ledger, f"T{number}", 0, f"e{number}") == "applied"
    assert [name for *_, name in ledger.state.marks] == [f"T{number}" for number in range(5, MOST_TOPICS + 5)]
