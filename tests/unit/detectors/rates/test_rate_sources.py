"""Several feeds of rates: what most of them say counts, though one is stuck, lies or writes in others' names."""

from datetime import timedelta

import msgspec
import pytest

from detectors.configuration_faults import configuration_faults
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange
from detectors.core import apply
from detectors.memory.state import PartitionState
from streams.contracts.inputs import RATES
from streams.settings import overlay_configuration
from tests.support.ledger import START, Ledger, configuration, later
from tests.support.pipeline import RATE, Pipeline
from tests.support.won_payments import MINUTE, paid, total


def fed(*sources):
    """A ledger of these feeds, which have all said 1 400 for half an hour, each minute."""
    ledger = Ledger(configuration(rates={"sources": list(sources)}))
    for minute in range(30):
        for number, source in enumerate(sources):
            at = START + minute * MINUTE + timedelta(seconds=number)
            assert ledger.rate(at, "1400", source=source).rate is None
    return ledger


def say(ledger, first, last, mids, every=None):
    """Each feed says its rate once a minute, or as often as `every` says; the verdicts by feed."""
    verdicts = {source: [] for source in mids}
    for minute in range(first, last):
        for number, (source, mid) in enumerate(mids.items()):
            if (minute - first) % (every or {}).get(source, 1) == 0:
                at = START + minute * MINUTE + timedelta(seconds=number)
                verdicts[source].append(ledger.rate(at, mid, source=source).rate)
    return verdicts


def worth(ledger, minute):
    """USD cents of a payment of 14 000 000 won at that minute, 10 000 USD at 1 400."""
    party = f"k1.0a3.at{minute}"
    paid(ledger, f"e{minute}", later(minutes=minute, seconds=-1), party=party)
    return total(ledger, party)


def test_a_stuck_feed_does_not_keep_a_devaluation_out_when_two_others_say_it():
    """30 % in one step; the third repeats the old rate each ten minutes: believed after ten minutes."""
    ledger = fed("A", "B", "STUCK")
    verdicts = say(ledger, 30, 90, {"A": "1820", "B": "1820", "STUCK": "1400"}, {"STUCK": 10})
    # in the minute in which both have said it for ten minutes: the first is confirmed when the second is not asked yet
    assert verdicts["A"][:12] == ["rate.held"] * 11 + [None]
    assert verdicts["B"][:11] == ["rate.held"] * 10 + ["rate.confirmed"]
    assert set(verdicts["A"][12:] + verdicts["B"][11:]) == {None}
    assert verdicts["STUCK"] == [None] + ["rate.held"] * 5
    assert worth(ledger, 90) == 769_231


def test_without_configured_feeds_it_is_held_as_it_was():
    """What `sources` changes: by the records alone nothing tells a stuck feed from a contradiction."""
    ledger = Ledger()
    for minute in range(60):
        if minute % 10 == 0:
            assert ledger.rate(START + minute * MINUTE, "1400", source="STUCK").rate is None
        elif minute > 30:
            assert ledger.rate(START + minute * MINUTE, "1820", source="A").rate == "rate.held"


def test_one_feed_alone_confirms_itself():
    """As with no feeds configured: said twice, ten minutes apart, and nothing else in between."""
    ledger = fed("A")
    assert say(ledger, 30, 42, {"A": "1820"})["A"] == ["rate.held"] * 10 + ["rate.confirmed", None]
    other = fed("A")
    mids = ["1820", "1400", "1820", "1400"]
    found = [other.rate(START + (30 + 6 * place) * MINUTE, mid, source="A").rate for place, mid in enumerate(mids)]
    assert found == ["rate.held", None, "rate.held", None]


def test_of_two_feeds_that_contradict_each_other_an_officer_decides():
    """Neither is more than half: the rate of before stays in force until `[rates.confirmed]` says who is right."""
    ledger = fed("A", "STUCK")
    assert set(say(ledger, 30, 60, {"A": "1820", "STUCK": "1400"})["A"]) == {"rate.held"}
    assert worth(ledger, 60) == 1_000_000
    confirmed = configuration(rates={"sources": ["A", "STUCK"], "confirmed": {"USD/KRW": "1820"}})
    ledger.put(ConfigurationChange(configuration=confirmed), ledger.origin("fx.rules.v1"))
    verdicts = say(ledger, 61, 70, {"A": "1820", "STUCK": "1400"})
    assert verdicts == {"A": ["rate.confirmed"] + [None] * 8, "STUCK": ["rate.held"] * 9}
    assert worth(ledger, 70) == 769_231


def test_two_feeds_that_agree_are_believed():
    """Both say it for ten minutes."""
    ledger = fed("A", "B")
    verdicts = say(ledger, 30, 43, {"A": "1820", "B": "1820"})
    assert (verdicts["A"], verdicts["B"]) == (
        ["rate.held"] * 11 + [None] * 2,
        ["rate.held"] * 10 + ["rate.confirmed", None, None],
    )


@pytest.mark.parametrize("silent", [26, 27])
def test_a_feed_that_has_fallen_silent_has_no_say_once_its_word_is_stale(silent):
    """B's last word is 26 hours old and still counts against A; an hour later A is the only one that speaks."""
    ledger = fed("A", "B")
    first = 29 + 60 * silent - 11
    for minute in range(30, first, 60):
        ledger.rate(later(minutes=minute), "1400", source="A")
    verdicts = say(ledger, first, first + 11, {"A": "1820"})["A"]
    assert verdicts[-1] == ("rate.held" if silent == 26 else "rate.confirmed")


@pytest.mark.parametrize("mid", ["1820", "980", "1600", "0.001"])
def test_a_hostile_feed_of_three_is_never_believed_beyond_a_tenth(mid):
    """Said ten times a minute for an hour; people's payments are worth what the two true feeds say."""
    ledger = fed("A", "B", "EVIL")
    for minute in range(30, 90):
        say(ledger, minute, minute + 1, {"A": "1400", "B": "1400"})
        for tenth in range(10):
            at = START + minute * MINUTE + timedelta(seconds=5 + tenth)
            assert ledger.rate(at, mid, source="EVIL").rate == "rate.held"
    assert worth(ledger, 90) == 1_000_000


def test_a_hostile_feed_cannot_lead_away_in_small_steps():
    """A tenth each ten minutes: with one feed unnamed it ended at twice the rate, of three it ends at a tenth."""
    ledger, wrong = fed("A", "B", "EVIL"), 1400.0
    for minute in range(30, 300):
        verdicts = say(ledger, minute, minute + 1, {"A": "1400", "B": "1400", "EVIL": f"{wrong:.4f}"})
        assert set(verdicts["A"] + verdicts["B"]) <= {None, "rate.confirmed"}
        if minute % 10 == 9:
            wrong *= 1.09
    assert max(float(mid) for mid in ledger.state.rates.pairs["USD/KRW"].mids) < 1400 * 1.1


def test_the_market_of_two_true_feeds_moves_freely_beside_a_hostile_one():
    """The honest case: up by a half in five hours, both true feeds are believed at each step."""
    ledger = fed("A", "B", "EVIL")
    mid = 1400.0
    for step in range(50):
        mid *= 1.008
        found = say(
            ledger, 30 + 6 * step, 31 + 6 * step, {"A": f"{mid:.4f}", "B": f"{mid * 1.0002:.4f}", "EVIL": "1400"}
        )
        assert set(found["A"] + found["B"]) <= {None, "rate.confirmed"}
    assert found["EVIL"] == ["rate.held"]


@pytest.mark.parametrize(("ahead", "sent"), [(0, 0), (24 * 60, 0), (60, 60), (50, 60)])
def test_words_in_the_name_of_others_let_nothing_in(ahead, sent):
    """One feed writes as all three, each minute: of now, dated a day ahead, and with Kafka timestamps an hour ahead.

    10 000 USD stay 10 000. Once it stops, and the hour of its last words is over, a true devaluation counts.
    """
    ledger = fed("A", "B", "EVIL")
    for minute in range(30, 160):
        for number, source in enumerate(("A", "B")):
            ledger.rate(START + minute * MINUTE + timedelta(seconds=number), "1400", source=source)
        for number, source in enumerate(("A", "B", "EVIL")):
            at = START + minute * MINUTE + timedelta(seconds=10 + number)
            verdict = ledger.rate(at + ahead * MINUTE, "1820", sent=at + sent * MINUTE, source=source).rate
            assert verdict == "rate.held"
        paid(ledger, f"p{minute}", later(minutes=minute, seconds=30), party=f"k1.0a3.{minute}")
        assert total(ledger, f"k1.0a3.{minute}") == 1_000_000
    for minute in range(160, 240):
        verdicts = say(ledger, minute, minute + 1, {"A": "1820", "B": "1820", "EVIL": "1400"})
        worth(ledger, minute + 1)
    assert verdicts == {"A": [None], "B": [None], "EVIL": ["rate.held"]}
    assert worth(ledger, 241) == 769_231


def test_a_new_level_counts_though_payments_are_few():
    """A quiet partition does not know what time it is: the first rates after its next payment confirm."""
    ledger = fed("A", "B", "STUCK")
    paid(ledger, "a", later(minutes=30))
    verdicts = say(ledger, 30, 100, {"A": "1820", "B": "1820", "STUCK": "1400"}, {"STUCK": 10})
    assert set(verdicts["A"] + verdicts["B"]) == {"rate.held"}
    paid(ledger, "b", later(minutes=100), "10")
    verdicts = say(ledger, 100, 102, {"A": "1820", "B": "1820", "STUCK": "1400"})
    assert verdicts == {"A": ["rate.confirmed", None], "B": [None, None], "STUCK": ["rate.held"] * 2}


def test_two_feeds_that_quote_the_same_minute_correct_nothing():
    """The first stands; the feed's own second word on that time is a correction."""
    ledger = Ledger(configuration(rates={"sources": ["A", "B"]}))
    at = START + MINUTE
    assert [ledger.rate(at, mid, source=source).rate for source, mid in (("A", "1400"), ("B", "1401"))] == [None, None]
    assert ledger.state.rates.pairs["USD/KRW"].mids == ["1400"]
    assert ledger.rate(at, "1402", source="A").rate == "rate.corrected"
    assert ledger.state.counters["rates_corrected"] == 1


@pytest.mark.parametrize("source", [None, "C", "a", "A "])
def test_who_is_none_of_the_configured_feeds_is_refused(source):
    """And told by the first partition; a rate of it converts nothing."""
    ledger = fed("A")
    assert ledger.rate(later(minutes=31), "1401", source=source).rate == "rate.source"
    assert ledger.state.counters["rates_refused"] == 1
    assert worth(ledger, 32) == 1_000_000


def test_what_feeds_say_is_part_of_the_state():
    """Saved and loaded between the two words, the second one confirms, and the digests agree."""
    ledger = fed("A", "B")
    say(ledger, 30, 35, {"A": "1820", "B": "1820"})
    sections = list(ledger.state.freeze().sections())
    ledger.state = PartitionState.thaw(sections)
    verdicts = say(ledger, 35, 42, {"A": "1820", "B": "1820"})
    assert "rate.confirmed" in verdicts["B"]
    again = PartitionState.new(3)
    for event, origin in ledger.log:
        apply(again, event, origin)
    assert again.freeze().digest() == ledger.state.freeze().digest()


def test_feeds_that_are_configured_no_more_are_forgotten():
    """Their words count no longer, and take no room."""
    ledger = fed("A", "B", "C")
    changed = configuration(rates={"sources": ["A"]})
    ledger.put(ConfigurationChange(configuration=changed), ledger.origin("fx.rules.v1"))
    assert say(ledger, 31, 43, {"A": "1820"})["A"][10:] == ["rate.confirmed", None]
    assert list(ledger.state.checked.words["USD/KRW"]) == ["A"]


def test_the_same_id_of_two_feeds_is_no_conflict():
    """A feed that counts with the ids of another silences none of its rates; its own second word is one."""
    pipeline = Pipeline(overlay_configuration({"rates": {"sources": ["A", "EVIL"]}}))
    body = RATE | {"rate_time": "2026-01-05T00:00:00Z", "event_id": "1"}
    for source, mid in (("EVIL", "1388"), ("A", "1387.5")):
        assert pipeline.send(RATES, body | {"source": source, "mid": mid}) == []
    assert pipeline.state.counters["conflicts"] == 0
    pipeline.send(RATES, body | {"source": "A", "mid": "1390"})
    assert pipeline.state.counters["conflicts"] == 1
    # without ids: one of each feed for the same time
    for source in ("EVIL", "A"):
        assert pipeline.send(RATES, RATE | {"rate_time": "2026-01-05T00:01:00Z", "source": source}) == []
    assert pipeline.state.counters["conflicts"] == 1


@pytest.mark.parametrize("sources", [("A", "A"), ("",), (" ",), ("x" * 33,), tuple(map(str, range(17)))])
def test_sources_out_of_range_are_refused_at_the_door(sources):
    """Each would be no name, or make a rate costly."""
    good = overlay_configuration({})
    rates = msgspec.structs.replace(good.rate_rules, sources=sources)
    assert len(configuration_faults(msgspec.structs.replace(good, rates=rates))) == 1


def test_configurations_of_before_keep_their_encoding():
    """The field is not there while it is not given."""
    good = configuration()
    assert b'"sources"' not in msgspec.json.encode(good)
    assert msgspec.json.decode(msgspec.json.encode(good), type=Configuration) == good
