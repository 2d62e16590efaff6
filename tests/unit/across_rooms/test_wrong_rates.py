"""Wrong reference rates: what is not believed is held and told, what was believed is corrected; honest cases beside."""

from datetime import timedelta

import msgspec
import pytest

from detectors.configuration_faults import configuration_faults
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange
from detectors.core import Notice, apply
from detectors.memory.state import PartitionState
from streams.contracts.inputs import RATES
from streams.contracts.refusal_codes import CODES, TOLD_BY_MONITOR
from streams.kafka.topics import NOTICES
from streams.settings import overlay_configuration
from tests.support.ledger import START, Ledger, configuration, later
from tests.support.pipeline import RATE, Pipeline
from tests.support.won_payments import MINUTE, alerts, minutes, paid, total


@pytest.mark.parametrize("wrong", [None, "0.000000001", "1000000000000", "14", "140000"])
def test_a_wrong_rate_of_a_minute_touches_nobody(wrong):
    """20 people pay 10 000 USD in that minute: totals, alerts and what comes later are those of a day without it."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    if wrong is not None:
        assert ledger.rate(START + 5 * MINUTE, wrong).rate == "rate.held"
    people = [f"k1.00{number:02}.p" for number in range(20)]
    found = [paid(ledger, f"a{name}", START + 5.5 * MINUTE, party=name) for name in people]
    minutes(ledger, 6, 20)
    assert [total(ledger, name) for name in people] == [1_000_000] * 20
    assert alerts(found) == []
    # ten such payments reach the cap of 100 000, the eleventh crosses it
    later_ones = [paid(ledger, f"b{month}", later(minutes=8 + month)) for month in range(11)]
    assert [len(one.alerts) for one in later_ones] == [0] * 10 + [1]
    assert ledger.state.counters["rates_held"] == (wrong is not None)
    assert ledger.state.checked.held == {}


@pytest.mark.parametrize(
    ("share", "verdict"), [("1540", None), ("1540.01", "rate.held"), ("1272.73", None), ("1272.72", "rate.held")]
)
def test_the_limit_is_a_tenth_either_way(share, verdict):
    """1 400 to 1 540, and the same factor downwards."""
    ledger = Ledger()
    ledger.rate(START, "1400")
    assert ledger.rate(later(minutes=1), share).rate == verdict


def test_a_devaluation_counts_after_ten_minutes():
    """30 % in a day: the first record is held, the second one ten minutes later is believed, and so are all after."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    assert [ledger.rate(later(minutes=5 + each), "1820").rate for each in (0, 5, 10, 11)] == [
        "rate.held",
        "rate.held",
        "rate.confirmed",
        None,
    ]
    paid(ledger, "a", later(minutes=17), "1820000")
    assert total(ledger) == 100_000


def test_a_ladder_of_small_steps_is_a_jump():
    """A hundred records in a minute, each 9 % above the one before, made the dollar 7 million won; the first counts."""
    ledger = Ledger()
    minutes(ledger, 0, 30)
    found = [
        ledger.rate(START + 30 * MINUTE + timedelta(seconds=each / 2), f"{1400 * 1.09 ** (each + 1):.4f}").rate
        for each in range(100)
    ]
    assert found == [None] + ["rate.held"] * 99
    assert ledger.rate(START + 31 * MINUTE, "1400").rate is None
    paid(ledger, "a", START + 31 * MINUTE)
    assert total(ledger) == 1_000_000


def test_a_slow_rise_is_no_ladder():
    """2 % each ten minutes for five hours is the market, not a fault: nothing is held."""
    ledger = Ledger()
    for each in range(30):
        assert ledger.rate(later(minutes=10 * each), f"{1400 * 1.02**each:.4f}").rate is None


def test_a_second_wrong_record_confirms_nothing_that_others_contradict():
    """One feed says 1 400 each minute, another 1 820 each five: the second is never believed."""
    ledger = Ledger()
    for minute in range(60):
        assert ledger.rate(START + minute * MINUTE, "1400").rate is None
        if minute % 5 == 1:
            assert ledger.rate(START + minute * MINUTE + timedelta(seconds=30), "1820").rate == "rate.held"


@pytest.mark.parametrize("pieces", [(29.5, 40), (29.5, 40.5)], ids=["correction", "in between"])
def test_two_wrong_records_of_the_past_sent_at_once_are_no_repetition(pieces):
    """14 times away, ten minutes apart by their own times: 10 000 USD paid between them stay 10 000."""
    ledger = Ledger()
    minutes(ledger, 0, 60)
    paid(ledger, "a", START + 40.5 * MINUTE)
    paid(ledger, "b", START + 40.9 * MINUTE)
    sent = START + 60 * MINUTE
    assert [ledger.rate(START + at * MINUTE, "100", sent=sent).rate for at in pieces] == ["rate.held"] * 2
    minutes(ledger, 61, 63)
    paid(ledger, "late", START + 40.8 * MINUTE)
    assert total(ledger) == 3_000_000


def test_a_devaluation_of_the_past_that_is_loaded_late_counts_after_ten_minutes():
    """Rates of a day that the feed was silent, sent a day later and before the next ones: as if they had come in time.

    Rates that are loaded a year after others of theirs are not contradicted by these.
    """
    ledger = Ledger()
    minutes(ledger, 0, 5)
    sent = START + timedelta(days=1)
    late = [ledger.rate(START + each * MINUTE, "1820", sent=sent).rate for each in (100, 105, 110, 111)]
    assert late == ["rate.held", "rate.held", "rate.confirmed", None]
    ledger.rate(START - timedelta(days=400), "1000", sent=sent)
    loaded = [ledger.rate(START - timedelta(days=399) + each * MINUTE, "1300", sent=sent).rate for each in (0, 10, 11)]
    assert loaded == ["rate.held", "rate.confirmed", None]


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(0, "rate.confirmed"), (10, "rate.confirmed"), (10.01, "rate.held"), (600, "rate.held")]
)
def test_what_is_dated_ahead_is_confirmed_by_no_repetition(ahead, verdict):
    """Two records sent at once, of this evening and ten minutes later; a feed's clock may be ten minutes ahead."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    at = START + (20 + ahead) * MINUTE
    ledger.rate(at - 10 * MINUTE, "5000", sent=START + 20 * MINUTE)
    assert ledger.rate(at, "5000", sent=START + 20 * MINUTE).rate == verdict


def test_a_feed_whose_timestamps_are_an_hour_ahead_confirms_nothing_that_has_not_come():
    """Both records carry the Kafka timestamp that brokers take at most; payments of now say what time it is."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    paid(ledger, "a", START + 4.9 * MINUTE)
    sent = START + 64 * MINUTE
    assert [ledger.rate(START + at * MINUTE, "5000", sent=sent).rate for at in (4.1, 14.1)] == ["rate.held"] * 2
    assert [ledger.rate(START + at * MINUTE, "5000", sent=sent).rate for at in (54, 64)] == ["rate.held"] * 2
    minutes(ledger, 5, 70)
    paid(ledger, "b", START + 69.5 * MINUTE)
    assert total(ledger) == 2_000_000


def test_a_devaluation_counts_though_payments_are_few():
    """The feed says it from ten on; the first payment after it is an hour later, the next rate confirms."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    paid(ledger, "a", START + 4.9 * MINUTE)
    assert {ledger.rate(later(minutes=each), "1820").rate for each in range(10, 70)} == {"rate.held"}
    paid(ledger, "b", later(minutes=70), "14000000")
    assert [ledger.rate(later(minutes=each), "1820").rate for each in (71, 72)] == ["rate.confirmed", None]


@pytest.mark.parametrize(
    ("mid", "verdict"),
    [("6500", "rate.confirmed"), ("6501", "rate.held"), ("260", "rate.confirmed"), ("259", "rate.held")],
)
def test_a_repetition_confirms_nothing_out_of_its_order_of_magnitude(mid, verdict):
    """Five times the typical rate, either way; beyond it is for an officer."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    assert [ledger.rate(later(minutes=each), mid).rate for each in (5, 15)] == ["rate.held", verdict]


def test_a_wrong_inverse_does_not_let_a_first_rate_past_crosses():
    """A first JPY/USD near the crosses is believed; a USD/JPY of 30 repeated beside it, and crosses say 150."""
    ledger = Ledger()
    minutes(ledger, 0, 3)
    ledger.rate(START, "9.3", "JPY", "KRW")
    assert ledger.rate(later(minutes=3), "0.0066", "JPY", "USD").rate is None
    assert [ledger.rate(later(minutes=each), "30", "USD", "JPY").rate for each in (4, 14, 15)] == ["rate.held"] * 3


def test_a_ladder_into_the_future_ends_at_twice_the_rate():
    """140 records of a second, each of ten minutes after the one before and a tenth above it: 7e8 won to the dollar."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    for step in range(1, 140):
        ledger.rate(START + (5 + 10 * step) * MINUTE, f"{1400 * 1.099**step:.4f}", sent=START + 5 * MINUTE)
    assert float(ledger.state.rates.pairs["USD/KRW"].mids[-1]) < 2 * 1400


def test_a_feed_that_drifts_does_not_shut_out_the_one_that_does_not():
    """One says 1 400 each minute, the other goes up by a tenth each ten minutes: the first is always believed.

    Before, it was held from the 20th minute on, and after ten hours the dollar was worth 403 635 won.
    """
    ledger, wrong = Ledger(), 1400.0
    for minute in range(600):
        at = START + minute * MINUTE
        assert ledger.rate(at, "1400").rate in {None, "rate.confirmed"}
        ledger.rate(at + timedelta(seconds=20), f"{wrong:.4f}")
        if minute % 10 == 9 and ledger.rate(at + timedelta(seconds=30), f"{wrong * 1.099:.4f}").rate is None:
            wrong *= 1.099
    assert wrong < 2 * 1400


def test_a_slow_feed_does_not_undo_a_devaluation():
    """Once 1 820 is confirmed, another feed's 1 400 of yesterday is held."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    assert [ledger.rate(later(minutes=5 + each), "1820").rate for each in (0, 10)] == ["rate.held", "rate.confirmed"]
    assert ledger.rate(later(minutes=16), "1400").rate == "rate.held"
    assert ledger.rate(later(minutes=17), "1820").rate is None


@pytest.mark.parametrize(("mid", "verdicts"), [("670", ["rate.held"] * 3), ("151", [None] * 3)])
def test_a_pair_that_nobody_quoted_does_not_override_crosses(mid, verdicts):
    """The feed quotes yen and dollars in won. A first USD/JPY of 670 made the yen worth a fifth, 10 000 USD 2 239."""
    ledger = Ledger()
    for minute in range(3):
        ledger.rate(START + minute * MINUTE, "1400")
        ledger.rate(START + minute * MINUTE, "9.3", "JPY", "KRW")
    assert [ledger.rate(later(minutes=each), mid, "USD", "JPY").rate for each in (3, 13, 14)] == verdicts
    ledger.pay("yen", later(minutes=15), "1505376", currency="JPY")
    assert abs(total(ledger) - 1_000_000) < 10_000


def test_a_wrong_cross_keeps_the_right_rate_out_for_ten_minutes_only():
    """A first EUR/KRW of 7 000 is believed; EUR/USD of 1.1 is nearer to the typical rate than 5 is."""
    ledger = Ledger()
    minutes(ledger, 0, 3)
    assert ledger.rate(START, "7000", "EUR", "KRW").rate is None
    found = [ledger.rate(later(minutes=each), "1.1", "EUR", "USD").rate for each in (3, 13, 14)]
    assert found == ["rate.held", "rate.confirmed", None]


def test_a_unit_error_is_confirmed_by_no_repetition_but_by_an_officer():
    """A hundred times the rate for two hours stays held; with the officer's entry in force the next one counts."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    assert {ledger.rate(later(minutes=5 + each), "140000").rate for each in range(120)} == {"rate.held"}
    confirmed = configuration(rates={"confirmed": {"USD/KRW": "140000"}})
    ledger.put(ConfigurationChange(configuration=confirmed), ledger.origin("fx.rules.v1"))
    assert ledger.rate(later(minutes=130), "140100").rate == "rate.confirmed"
    assert ledger.rate(later(minutes=131), "140200").rate is None


def test_crosses_that_say_the_same_confirm_at_once():
    """The dollar falls by a fifth against won and euro: USD/KRW is believed, because EUR/KRW by EUR/USD says it."""
    ledger = Ledger()
    minutes(ledger, 0, 5)
    for base, quote, mid in (("EUR", "KRW", "1540"), ("EUR", "USD", "1.1")):
        ledger.rate(START, mid, base, quote)
    ledger.rate(later(minutes=5), "1.375", "EUR", "USD")
    ledger.rate(later(minutes=16), "1.375", "EUR", "USD")
    assert ledger.rate(later(minutes=17), "1120").rate == "rate.confirmed"
    assert ledger.rate(later(minutes=17), "1400", "EUR", "KRW").rate is None


@pytest.mark.parametrize(
    ("mid", "verdict"),
    [
        ("1400", None),
        ("300", None),
        ("6500", None),
        ("250", "rate.held"),
        ("6501", "rate.held"),
        ("0.000000001", "rate.held"),
    ],
)
def test_a_first_rate_is_compared_with_the_order_of_magnitude(mid, verdict):
    """Within five times of 1 300 won to the dollar; a pair that is not in the table is believed."""
    assert Ledger().rate(START, mid).rate == verdict
    assert Ledger().rate(START, mid, "ARS", "USD").rate is None


def test_the_other_direction_does_not_override_the_markets():
    """A KRW/USD of a hostile or careless sender is refused while USD/KRW is in force, and converts nothing."""
    ledger = Ledger()
    ledger.rate(START, "1400")
    assert ledger.rate(later(hours=1), "0.9", "KRW", "USD").rate == "rate.direction"
    assert ledger.rate(later(hours=1), "0.00071", "KRW", "USD").rate == "rate.direction"
    paid(ledger, "a", later(hours=2))
    assert total(ledger) == 1_000_000
    assert ledger.state.counters["rates_refused"] == 2


def test_a_sender_that_quotes_only_the_other_direction_is_served():
    """KRW/USD alone is used; once the market's own comes, it stands, and a wrong inverse cannot keep it out."""
    ledger = Ledger()
    assert ledger.rate(START, "0.000714285714", "KRW", "USD").rate is None
    paid(ledger, "a", later(minutes=1))
    assert total(ledger) == 1_000_000
    assert ledger.rate(later(minutes=2), "1400").rate is None
    assert ledger.rate(later(minutes=3), "0.0007", "KRW", "USD").rate == "rate.direction"


def test_a_wrong_inverse_that_came_first_keeps_the_market_out_for_ten_minutes_only():
    """The first quotation is wrong by four; the market's own is held, then believed, and the inverse refused."""
    ledger = Ledger()
    ledger.rate(START, "0.0028", "KRW", "USD")
    assert [ledger.rate(later(minutes=each), "1400").rate for each in (1, 11, 12)] == [
        "rate.held",
        "rate.confirmed",
        None,
    ]
    assert ledger.rate(later(minutes=13), "0.0028", "KRW", "USD").rate == "rate.direction"


def test_only_configured_pairs_are_taken_where_there_are_any():
    """By configuration: one pair, in the direction written."""
    ledger = Ledger(configuration(rates={"pairs": ["KRW/USD"]}))
    assert ledger.rate(START, "1400").rate == "rate.pair"
    assert ledger.rate(START, "0.000714", "KRW", "USD").rate is None


@pytest.mark.parametrize(("partition", "told"), [(0, 1), (3, 0)])
def test_what_is_not_used_is_told_once(partition, told):
    """A rate comes to every partition; the first one tells of it, and ingest writes its dead letter."""
    ledger = Ledger()
    ledger.state = PartitionState.new(partition)
    apply(ledger.state, ConfigurationChange(configuration=configuration()), ledger.log[0][1])
    ledger.rate(START, "1400")
    outputs = ledger.rate(later(minutes=1), "14")
    assert outputs.rate == "rate.held"
    assert [one.code for one in [outputs.notice] if one is not None] == ["rate.held"] * told
    if outputs.notice is not None:
        assert outputs.notice.source == ledger.log[-1][1].source


def test_a_held_rate_is_a_notice_for_ingest_and_counted():
    """Through the door and the monitor: one notice with the source's position, one count, no alert, nothing refused."""
    pipeline = Pipeline()
    assert pipeline.send(RATES, RATE | {"rate_time": "2026-01-05T00:00:00Z"}) == []
    (output,) = pipeline.send(RATES, RATE | {"rate_time": "2026-01-05T00:01:00Z", "mid": "0.000000001"})
    notice = msgspec.json.decode(output.value, type=Notice)
    assert (output.topic, notice.code, notice.source.topic, notice.source.offset) == (NOTICES, "rate.held", RATES, 1)
    assert pipeline.core.tally.rates == {"rate.held": 1}
    assert notice.code in TOLD_BY_MONITOR & set(CODES)
    again = RATE | {"rate_time": "2026-01-05T00:00:00Z", "mid": "1388", "event_id": "correction"}
    assert pipeline.send(RATES, again) == []
    assert pipeline.core.tally.rates == {"rate.held": 1, "rate.corrected": 1}


def test_held_rates_of_a_pair_are_bounded():
    """A thousand different wrong ones: four are remembered."""
    ledger = Ledger()
    ledger.rate(START, "1400")
    for number in range(1000):
        ledger.rate(later(minutes=1), str(2000 * 1.2 ** (number % 15)))
    assert len(ledger.state.checked.held["USD/KRW"]) == 4


@pytest.mark.parametrize(
    "table",
    [
        {"jump": 0.0},
        {"jump": float("nan")},
        {"most": 1.0},
        {"confirm_minutes": -1.0},
        {"magnitude": float("inf")},
        {"pairs": ("USDKRW",)},
        {"typical": {"KRW": "0"}},
        {"confirmed": {"USD/KRW": "1e400"}},
        {"confirmed": {"KRW": "1"}},
    ],
)
def test_limits_out_of_range_are_refused_at_the_door(table):
    """Each would stop a partition or switch the check off unseen."""
    good = overlay_configuration({})
    rates = msgspec.structs.replace(good.rate_rules, **table)
    assert configuration_faults(good) == []
    assert len(configuration_faults(msgspec.structs.replace(good, rates=rates))) == 1


def test_a_configuration_of_before_has_the_default_limits_and_its_fingerprint():
    """A ledger whose configuration does not name them is protected too, and its encoding is what it was."""
    old = msgspec.structs.replace(configuration(), rates=msgspec.UNSET)
    assert b'"rates"' not in msgspec.json.encode(old)
    assert msgspec.json.decode(msgspec.json.encode(old), type=Configuration) == old
    ledger = Ledger(old)
    ledger.rate(START, "1400")
    assert ledger.rate(later(minutes=1), "0.000000001").rate == "rate.held"
