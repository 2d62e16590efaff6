"""The pure core, record by record: marks, fingerprints, configurations, payments, rates; see test_core_parties.py."""

from typing import Any

import msgspec
import pytest

from detectors.books import folded_payments
from detectors.books.restatement import Correction
from detectors.configuration_faults import stand_in
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange, Origin, Profile, Source
from detectors.core import CONFLICT, REFUSED, Notice, apply
from detectors.memory.state import PartitionState
from detectors.ranking.fusion import fuse
from detectors.values.legal_calendar import to_us
from tests.support.ledger import START, TOPIC, Ledger, configuration, digest16, later, payment, stamp


def ledger_of(partition: int, config: Configuration | None = None) -> Ledger:
    """A ledger partition of this number, with a configuration in force."""
    ledger = Ledger()
    ledger.state = PartitionState.new(partition)
    apply(ledger.state, ConfigurationChange(configuration=config or configuration()), origin(0, None))
    return ledger


def origin(offset: int, source: Source | None, **fields: Any) -> Origin:
    """Where a record came from, and its place in the ledger."""
    return Origin(
        **({"offset": offset, "source": source, "commitment": "k1:ab", "timestamp_ms": stamp(START)} | fields)
    )


def counted(state: PartitionState) -> dict[str, int]:
    """The counters that are not 0."""
    return {name: number for name, number in state.counters.items() if number}


# -- place in the ledger ---------------------------------------------------------------------------------------------


def test_the_next_record_may_stand_further_on_and_none_may_stand_before():
    """A transaction's marker leaves a gap; offset 1 is the next after 0."""
    ledger = ledger_of(3)
    assert apply(ledger.state, payment("a", START), origin(1, Source(TOPIC, 0, 0))).outcome == "applied"
    assert ledger.state.next == 2
    assert apply(ledger.state, payment("b", START), origin(9, Source(TOPIC, 0, 4))).outcome == "applied"
    assert ledger.state.next == 10
    for offset in (9, 8):
        message = f"applied before; got: offset {offset}; expected: 10 or more"
        with pytest.raises(ValueError, match=message):
            apply(ledger.state, payment("c", START), origin(offset, Source(TOPIC, 0, 5)))


def test_the_first_record_of_an_input_partition_is_none_that_was_here():
    """Offsets begin at 0; each input partition has its own mark, which the next must be beyond."""
    ledger = ledger_of(3)
    found = [
        apply(ledger.state, payment(name, START), origin(number, Source(TOPIC, partition, offset))).outcome
        for number, (name, partition, offset) in enumerate(
            (("a", 0, 0), ("b", 1, 0), ("c", 0, 0), ("d", 0, 1), ("e", 1, 5), ("f", 1, 4), ("g", 1, 6)), start=1
        )
    ]
    assert found == ["applied", "applied", "redelivered", "applied", "applied", "redelivered", "applied"]
    assert ledger.state.marks == {(TOPIC, 0, ""): 1, (TOPIC, 1, ""): 6}
    assert counted(ledger.state)["redelivered"] == 2


def test_a_record_that_cannot_be_applied_leaves_no_mark():
    """It stops its partition; loaded anew, it is the same record that comes next."""
    ledger = ledger_of(3)
    apply(ledger.state, payment("a", START), origin(1, Source(TOPIC, 0, 7)))
    with pytest.raises(ValueError, match="not a decimal number"):
        apply(ledger.state, payment("b", START, "abc"), origin(2, Source(TOPIC, 0, 8)))
    assert (ledger.state.marks, ledger.state.next) == ({(TOPIC, 0, ""): 7}, 2)


def test_an_event_without_a_source_is_known_by_its_place_in_the_ledger():
    """A conflict with it names the ledger's own topic, this partition and that offset."""
    ledger = ledger_of(5)
    event = payment("a", START)
    apply(ledger.state, event, origin(4, None))
    assert ledger.state.marks == {}
    found = apply(ledger.state, msgspec.structs.replace(event, body="1" * 32), origin(5, None))
    assert found.notice is not None
    assert found.notice.first == Source("fx.ledger.v1", 5, 4)


# -- told once -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commitment", "sha256", "keyed"), [("k1:ab", None, "k1:ab"), ("ab" * 32, "ab" * 32, None)], ids=["keyed", "plain"]
)
def test_a_conflict_says_everything_of_both_records(commitment, sha256, keyed):
    """The refused one by topic, its id, partition, offset, time and hash, and the one that stands by its place."""
    ledger = ledger_of(3)
    event = payment("a", START)
    apply(ledger.state, payment("x", START), origin(1, Source("fx.other.v1", 1, 1)))
    apply(ledger.state, event, origin(2, Source(TOPIC, 7, 40)))
    found = apply(
        ledger.state,
        msgspec.structs.replace(event, body="1" * 32),
        origin(3, Source(TOPIC, 8, 50), commitment=commitment, topic_id="T", timestamp_ms=99),
    )
    assert found.outcome == "conflict"
    assert found.notice == Notice(
        code=CONFLICT,
        source=Source(TOPIC, 8, 50),
        sha256=sha256,
        identity=event.identity,
        first=Source(TOPIC, 7, 40),
        commitment=keyed,
        topic_id="T",
        timestamp_ms=99,
    )
    assert counted(ledger.state) == {"applied": 3, "broadcast": 1, "scored": 2, "conflicts": 1}


def test_an_event_is_known_by_its_fingerprints_under_the_earlier_key_too():
    """In a key overlap it is a duplicate or a conflict by those; an event known by its own needs them no more."""
    ledger, old, new = ledger_of(3), ("1" * 32, "2" * 32), ("3" * 32, "4" * 32)

    def told(number, identity, body, former):
        event = payment(f"e{number}", later(minutes=number), identity=identity, body=body, former=former)
        return apply(ledger.state, event, origin(number, Source(TOPIC, 0, number))).outcome

    assert told(1, *old, None) == "applied"
    assert told(2, *new, old) == "duplicate"
    assert told(3, new[0], new[1], (old[0], "9" * 32)) == "conflict"
    assert told(4, *old, ("7" * 32, "8" * 32)) == "duplicate"
    assert told(5, *old, (old[0], "9" * 32)) == "duplicate"
    assert told(6, *new, ("7" * 32, "8" * 32)) == "applied"
    assert told(7, *new, None) == "duplicate"
    assert told(8, "7" * 32, "8" * 32, None) == "duplicate"
    assert counted(ledger.state)["duplicates"] == 5


# -- configurations --------------------------------------------------------------------------------------------------

STOPPING = configuration()
STOPPING = msgspec.structs.replace(STOPPING, engine=msgspec.structs.replace(STOPPING.engine, rate_stale_hours=1e300))


def test_a_configuration_of_another_partition_is_refused_with_everything_else_that_is_wrong():
    """Where it stands is said first; one of partition 0 needs only to be usable."""
    ledger = ledger_of(0)
    source = Source("fx.rules.v1", 5, 6)
    found = apply(ledger.state, ConfigurationChange(configuration=STOPPING), origin(1, source))
    assert found.faults[0] == "it stands in partition 5 of fx.rules.v1; expected: partition 0"
    assert len(found.faults) == 2
    good = ConfigurationChange(configuration=configuration())
    assert len(apply(ledger.state, good, origin(2, Source("fx.rules.v1", 5, 7))).faults) == 1
    assert apply(ledger.state, good, origin(3, Source("fx.rules.v1", 0, 8))).outcome == "configuration"


@pytest.mark.parametrize(("partition", "told"), [(0, True), (1, False)])
def test_a_configuration_that_is_refused_is_told_once_by_the_first_partition(partition, told):
    """It stands in every ledger partition; the former one stays in force in all of them."""
    ledger = ledger_of(partition)
    before = ledger.state.configuration
    found = apply(ledger.state, ConfigurationChange(configuration=STOPPING), origin(1, Source("fx.rules.v1", 0, 6)))
    assert (found.outcome, len(found.faults)) == ("refused", 1)
    expected = Notice(
        code=REFUSED,
        source=Source("fx.rules.v1", 0, 6),
        identity="",
        first=None,
        commitment="k1:ab",
        timestamp_ms=stamp(START),
    )
    assert found.notice == (expected if told else None)
    assert ledger.state.configuration is before
    assert counted(ledger.state) == {"applied": 1, "broadcast": 1, "refused": 1}


def test_a_first_configuration_that_cannot_be_used_is_told_to_nobody():
    """It is nobody's record. The fallback stands in, with the ledger's own partitions; without one it is said."""
    with pytest.raises(ValueError, match=r"the ledger begins with a configuration that cannot be used: .*rate_stale"):
        apply(PartitionState.new(0), ConfigurationChange(configuration=STOPPING), origin(0, None))
    state = PartitionState.new(0)
    state.fallback = configuration(engine={"case_window_days": 11, "partitions": 5})
    begun = msgspec.structs.replace(STOPPING, engine=msgspec.structs.replace(STOPPING.engine, partitions=3))
    found = apply(state, ConfigurationChange(configuration=begun), origin(0, None))
    assert (found.outcome, found.notice) == ("refused", None)
    assert state.configuration == stand_in(state.fallback, begun)
    assert (state.configuration.engine.case_window_days, state.configuration.engine.partitions) == (11, 3)
    apply(state, ConfigurationChange(configuration=STOPPING), origin(1, Source("fx.rules.v1", 0, 1)))
    assert state.configuration.engine.partitions == 3


@pytest.mark.parametrize(("begun", "partitions"), [(-1, 1), (0, 1), (1, 1), (2, 2)])
def test_a_ledger_has_at_least_one_partition(begun, partitions):
    """Whatever its first record says."""
    engine = msgspec.structs.replace(configuration().engine, partitions=begun)
    found = stand_in(configuration(), msgspec.structs.replace(configuration(), engine=engine))
    assert found.engine.partitions == partitions


# -- payments --------------------------------------------------------------------------------------------------------


def test_what_the_outputs_say_of_a_payment():
    """Its worth, how far its deal is from the reference (1.4 won of 1 400 are 10 bp), its type, its score."""
    ledger = Ledger()
    ledger.rate(START, "1400")
    deal = {"settled_currency": "KRW", "deal_rate": "1401.4"}
    found = ledger.pay("a", later(minutes=1), "150000", **deal)
    assert found.assessed is not None
    assert (found.assessed.usd, found.assessed.deal_deviation_bp) == (15_000_000, 10.0)
    assert [name for name, _ in found.assessed.fired] == ["T02"]
    assert found.assessed.scored is not None
    (alert,) = found.alerts
    assert found.assessed.score == alert.score
    assert (alert.desk, found.desks) == ("supervision", ("supervision",))
    assert (found.scored, found.rate_missing, found.late, found.folded) == (True, False, False, 0)
    assert (found.judged_as, found.type_differs, found.join, found.rate) == ("person", False, None, None)
    quiet = ledger.pay("b", later(minutes=2), "1", party="k1.0a3.other")
    assert (quiet.alerts, quiet.desks, quiet.assessed.fired, quiet.assessed.deal_deviation_bp) == ((), (), (), None)


def test_each_remarkable_thing_of_a_payment_is_counted_once():
    """One late, one without a rate, one whose type differs, one that takes back a payment that is not there."""
    ledger = Ledger()
    ledger.pay("a", later(days=40), "10")
    assert ledger.pay("b", START, "10").late
    lacking = ledger.pay("c", later(days=40), "10", currency="EUR")
    assert (lacking.rate_missing, lacking.assessed.usd) == (True, None)
    known = Profile(
        event_id="p",
        identity=digest16("p"),
        body=digest16("p"),
        party="k1.0a3.remitter",
        party_type="person",
        as_of=later(days=40),
    )
    ledger.put(known, ledger.origin("fx.profiles.v1"))
    other = ledger.pay("d", later(days=40), "10", party_type="company")
    assert (other.judged_as, other.type_differs) == ("person", True)
    ledger.pay("e", later(days=40), "10", payment_id="P1")
    for name in "fg":
        back = ledger.pay(name, later(days=40), "99", payment_id="P1", status="returned", direction="in")
        assert back.join == "reversal.mismatched"
    assert counted(ledger.state) == {
        "applied": 9,
        "broadcast": 1,
        "scored": 5,
        "late": 1,
        "rate_missing": 1,
        "reversal.mismatched": 2,
    }


def test_the_score_of_a_payment_is_fused_of_its_rank_and_of_what_is_news():
    """Once the models are warm a payment that no typology speaks of has the score of its rank alone."""
    ledger = Ledger(configuration(detectors={"warm_up": 5, "calibration_window": 50}))
    for number in range(40):
        found = ledger.pay(f"p{number}", later(hours=number), str(100 + number % 7), party=f"k1.00{number % 5}.p")
    assert found.assessed.scored.rank is not None
    assert found.assessed.score == fuse(found.assessed.scored.rank, ()) > 0


def test_folded_payments_are_counted_as_they_are_folded(monkeypatch):
    """Of eight rows the ninth leaves six: three are folded, and three more by the twelfth."""
    monkeypatch.setattr(folded_payments, "MOST_ROWS", 8)
    monkeypatch.setattr(folded_payments, "KEPT_ROWS", 6)
    ledger = Ledger()
    counts = [ledger.pay(f"p{number}", later(hours=number), "1").folded for number in range(13)]
    assert counts == [0] * 8 + [3] + [0] * 2 + [3] + [0]
    assert ledger.state.counters["folded"] == 6


def test_each_sender_with_a_share_has_its_own_fingerprints():
    """A window of four, of which a listed bank has one: ten payments of others push it out no more than each other."""
    ledger = Ledger(configuration(engine={"fingerprints": 4}, admission={"institutions": ["BANKA"]}))
    own, first = payment("own", START, institution="BANKA"), payment("first", START, institution="BANKX")
    for event in (own, first, *(payment(f"p{number}", START, institution="BANKX") for number in range(10))):
        assert ledger.put(event, ledger.origin()).outcome == "applied"
    assert ledger.put(own, ledger.origin()).outcome == "duplicate"
    assert ledger.put(first, ledger.origin()).outcome == "applied"


# -- rates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partition", [0, 1])
def test_what_is_made_of_a_rate_is_said_counted_and_told_by_the_first_partition(partition):
    """Believed, held as ten times too large, corrected, the wrong way round, of a feed or pair that is not heard."""
    ledger = ledger_of(partition, configuration(rates={"sources": ["ECB"], "pairs": ["USD/KRW", "KRW/USD", "EUR/USD"]}))
    ledger.log = [None]  # the configuration stands at offset 0
    said = [
        ledger.rate(START, "1400", source="ECB"),
        ledger.rate(later(minutes=1), "14000", source="ECB"),
        ledger.rate(START, "1410", source="ECB"),
        ledger.rate(later(minutes=2), "1400", source="ME"),
        ledger.rate(later(minutes=3), "1400", "GBP", "USD", source="ECB"),
        ledger.rate(later(minutes=4), "14001", source="ECB"),
        ledger.rate(START, "1420", source="ECB"),
    ]
    assert [one.rate for one in said] == [
        None,
        "rate.held",
        "rate.corrected",
        "rate.source",
        "rate.pair",
        "rate.held",
        "rate.corrected",
    ]
    assert {one.outcome for one in said} == {"applied"}
    codes = [None if one.notice is None else one.notice.code for one in said]
    told = [None, "rate.held", None, "rate.source", "rate.pair", "rate.held", None]
    assert codes == (told if partition == 0 else [None] * 7)
    if partition == 0:
        assert said[1].notice.identity == ledger.log[2][0].identity
        assert (said[1].notice.source, said[1].notice.first) == (Source("fx.rates.v1", 0, 1), None)
    assert counted(ledger.state) == {
        "applied": 8,
        "broadcast": 8,
        "rates_held": 2,
        "rates_corrected": 2,
        "rates_refused": 2,
    }
    assert ledger.state.rates.pairs["USD/KRW"].mids == ["1420"]


def test_a_rate_is_kept_at_its_own_time_and_ledger_position():
    """And a rate of both directions is refused in the wrong one."""
    ledger = Ledger()
    ledger.rate(START, "1400")
    history = ledger.state.rates.pairs["USD/KRW"]
    assert (history.times, history.mids, history.offsets.tolist()) == ([to_us(START)], ["1400"], [1])
    assert ledger.rate(later(hours=1), "0.0007", "KRW", "USD").rate == "rate.direction"
    assert ledger.state.counters["rates_refused"] == 1


def test_a_rate_dated_ahead_of_its_kafka_timestamp_is_not_confirmed_by_another():
    """A level of twelve minutes ago, said again, is confirmed; two records dated an hour ahead confirm nothing."""
    for ahead, verdict in ((0, "rate.confirmed"), (60, "rate.held")):
        ledger = Ledger()
        for minute, mid in ((0, "1400"), (1, "1400"), (2, "1400"), (10, "1800")):
            ledger.rate(later(minutes=minute), mid)
        ledger.rate(later(minutes=10 + ahead), "1800", sent=later(minutes=10))
        found = ledger.rate(later(minutes=22 + ahead), "1800", sent=later(minutes=22))
        assert found.rate == verdict


@pytest.mark.parametrize(("paid", "verdict"), [(0, "rate.held"), (22, "rate.confirmed")])
def test_a_rate_dated_ahead_of_the_partitions_clock_confirms_nothing(paid, verdict):
    """Payments moved the clock: to the first rate's time, from which 22 minutes are far ahead, or to the last one's."""
    ledger = Ledger()
    for minute, mid in ((0, "1400"), (1, "1400"), (2, "1400"), (10, "1800")):
        ledger.rate(later(minutes=minute), mid)
    ledger.pay("a", later(minutes=paid), "10")
    assert ledger.rate(later(minutes=22), "1800").rate == verdict


def test_rates_that_no_payment_can_need_are_forgotten_by_the_partitions_clock():
    """36 days before the newest payment, in lots of 256."""
    ledger = Ledger()
    for hour in range(300):
        ledger.rate(later(hours=hour), "1400")
    ledger.pay("a", later(days=60))
    ledger.rate(later(days=60), "1400")
    assert ledger.state.rates.pairs["USD/KRW"].times[0] == to_us(later(hours=299))


# -- corrections -----------------------------------------------------------------------------------------------------


def test_every_record_brings_parties_up_to_date_while_corrections_are_under_way():
    """24 parties a record, the one with the correction included, and a redelivered one brings none."""
    blind = configuration(rates={"jump": 10.0, "most": 1e6, "magnitude": 1e6, "typical": {}})
    ledger = Ledger(blind)
    ledger.rate(START, "7000")
    for number in range(60):
        ledger.pay(f"p{number}", later(minutes=1), "1400000", party=f"k1.100.{number}", currency="KRW")
    ledger.rate(START, "1400")
    assert len(ledger.state.restatement.waiting) == 36
    assert ledger.state.restatement.corrections == [Correction("USD/KRW", to_us(START), len(ledger.log) - 1)]
    event, at = ledger.log[-1]
    assert ledger.put(event, msgspec.structs.replace(at, offset=len(ledger.log))).outcome == "redelivered"
    assert len(ledger.state.restatement.waiting) == 36
    ledger.rate(later(minutes=3), "1400")
    assert len(ledger.state.restatement.waiting) == 12
    ledger.rate(later(minutes=4), "1400")
    assert (ledger.state.restatement.waiting, ledger.state.restatement.corrections) == ({}, [])
