"""Reference rates: by event time, exact, never guessed."""

import itertools
from fractions import Fraction

import pytest

from detectors.memory.state import PartitionState
from detectors.rates import reference_rates as rates_module
from detectors.rates.reference_rates import KEPT_US, History, Point, Rates
from detectors.values.legal_calendar import DAY_US, HOUR_US, MINUTE_US
from detectors.values.money import Exact, Ratio, cents, half_even, parse
from tests.support.ledger import Ledger, later
from tests.support.own_cpu import own_cpu

STALE = 26 * HOUR_US


def test_the_latest_rate_at_or_before_the_event_counts_whatever_order_it_came_in():
    """A rate that arrives late still takes its place in time."""
    rates = Rates()
    for at, mid in ((30, "3"), (10, "1"), (20, "2")):
        rates.add("USD", "KRW", mid, at, 0, None)
    assert [rates.ratio("USD", "KRW", at, STALE) for at in (9, 10, 25, 99)] == [None, (1, 1), (2, 1), (3, 1)]


def test_direct_inverse_and_cross_rates_are_exact():
    """JPY to USD through KRW is a ratio of integers, not a float."""
    rates = Rates()
    rates.add("USD", "KRW", "1387.50", 0, 0, None)
    rates.add("JPY", "KRW", "9.25", 0, 0, None)
    assert Fraction(*rates.ratio("KRW", "USD", 0, STALE)) == Fraction(2, 2775)
    assert Fraction(*rates.ratio("JPY", "USD", 0, STALE)) == Fraction(925, 138750)
    assert rates.ratio("USD", "USD", 0, STALE) == (1, 1)


def test_a_stale_or_missing_rate_is_none_and_the_event_is_marked():
    """26 hours and a microsecond is stale; the payment is scored without USD features and counted."""
    rates = Rates()
    rates.add("EUR", "USD", "1.1", 0, 0, None)
    assert rates.ratio("EUR", "USD", STALE, STALE) == (11, 10)
    assert rates.ratio("EUR", "USD", STALE + 1, STALE) is None
    ledger = Ledger()
    outputs = ledger.pay("a", later(hours=1), currency="EUR")
    assert outputs.rate_missing
    assert outputs.scored
    assert ledger.state.counters["rate_missing"] == 1


def test_old_rates_are_dropped_by_event_time_and_kept_while_payments_may_need_them():
    """The history is bounded by the newest payment; the rate in force at the horizon stays."""
    rates = Rates()
    for hour in range(2000):
        rates.add("USD", "KRW", "1", hour * HOUR_US, hour, -KEPT_US)
    assert rates.ratio("USD", "KRW", 0, STALE) is not None
    rates.add("USD", "KRW", "2", 2000 * HOUR_US, 2000, 2000 * HOUR_US - KEPT_US)
    assert rates.ratio("USD", "KRW", 2000 * HOUR_US - 36 * DAY_US, STALE) == (1, 1)
    assert rates.ratio("USD", "KRW", 0, STALE) is None


def test_the_number_of_rates_of_a_pair_is_bounded(monkeypatch):
    """Before any payment moves the watermark, memory is bounded by count; the first and the newest stay."""
    monkeypatch.setattr(rates_module, "MOST", 1000)
    rates = Rates()
    for at in range(3000):
        rates.add("USD", "KRW", "1", at, 0, None)
    history = rates.pairs["USD/KRW"]
    assert 1000 <= len(history.times) < 2000
    assert rates.count == len(history.times) == len(history.mids) == len(history.offsets)
    assert (history.times[0], history.times[-1]) == (0, 2999)


@pytest.mark.parametrize("flood", [0, 250_000])
def test_no_flood_of_rates_takes_the_rate_of_an_earlier_time(flood):
    """A rate a minute for 30 days, then 250 000 of one feed within four minutes: each earlier minute keeps its own.

    The oldest went, so that after 100 000 nothing before the flood had a rate.
    """
    rates, minutes = Rates(), 30 * 1440
    for minute in range(minutes):
        rates.add("USD", "KRW", str(1400 + minute % 100), minute * MINUTE_US, minute, None)
    for number in range(flood):
        rates.add("USD", "KRW", "1401", minutes * MINUTE_US + number * 1000, minutes + number, None)
    for minute in range(0, minutes, 97):
        at_us = minute * MINUTE_US + 30_000_000
        assert rates.ratio("USD", "KRW", at_us, STALE) == (1400 + minute % 100, 1)
        assert rates.used("USD", "KRW", at_us, STALE, 10**9)[1] == (Point("USD/KRW", minute * MINUTE_US),)
    assert rates.count <= 108_192


def test_a_feed_of_a_rate_each_five_seconds_reaches_back_over_all_days():
    """36 days of it are 622 080: the oldest 30 days had none; now none is further than some minutes from its time."""
    rates, each = Rates(), 5_000_000
    for number in range(36 * 1440 * 12):
        rates.add("USD", "KRW", "1400", number * each, number, None)
    times = rates.pairs["USD/KRW"].times
    assert times[0] == 0
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) <= 5 * MINUTE_US


def test_thinning_out_is_bounded():
    """A full pair, and one rate more: under 50 ms (measured: 9)."""
    history = History([number * MINUTE_US for number in range(108_192)], ["1400"] * 108_192, range(108_192))
    with own_cpu() as spent:
        assert history.thin(8_192) == 8_192
    assert spent.seconds < 0.05
    assert len(history.times) == 100_000


@pytest.mark.parametrize(("numerator", "expected"), [(5, 2), (15, 8), (25, 12), (24, 12), (26, 13)])
def test_halves_go_to_the_even_cent(numerator, expected):
    """Half-even: 2.5 -> 2, 7.5 -> 8, 12.5 -> 12."""
    assert half_even(numerator, 2) == expected


@pytest.mark.parametrize(
    "text", ["", "abc", "-1", "0", "0.00", "NaN", "Infinity", "1e400", "1.", "1_0", " 1", "\u0661"]
)
def test_what_is_no_number_above_zero_is_refused(text):
    """A clear ValueError with the text, never a silent zero."""
    with pytest.raises(ValueError, match="number"):
        parse(text)


def test_decimal_strings_are_read_exactly():
    """Trailing zeros do not matter; the exponent form is accepted."""
    assert parse("4900.00") == Exact(4900, 0)
    assert parse("0.000001") == Exact(1, 6)
    assert parse("1.5E+3") == Exact(1500, 0)
    assert cents(Exact(1, 0), Ratio(1, 3)) == 33


def test_no_step_of_a_snapshot_copies_rates_for_more_than_some_milliseconds():
    """40 pairs of a rate a minute for five weeks, and every pair there can be: 41 ms each in one step before."""
    ledger = Ledger()
    times = list(range(0, 52_000 * 60_000_000, 60_000_000))
    found = ledger.state.rates.pairs
    found |= {f"A{number:02}/KRW": History(times, ["1.1"] * len(times), times) for number in range(40)}
    found |= {f"B{number}/C": History([1], ["1.1"], [1]) for number in range(39_402)}
    frozen, steps = ledger.state.freezing()
    slowest, more = 0.0, True
    while more:
        with own_cpu() as taken:
            more = next(steps, steps) is None
        slowest = max(slowest, taken.seconds)
    print(f"{1000 * slowest:.1f} ms")
    assert slowest < 0.020
    assert frozen.digest() == PartitionState.thaw(list(frozen.sections())).freeze().digest()


def test_all_pairs_together_are_bounded_and_the_longest_gives_way(monkeypatch):
    """A feed quotes every pair there is: the one with most rates loses some, each keeps the rate in force.

    A state that was saved in between is bounded alike.
    """
    monkeypatch.setattr(rates_module, "MOST_OF_ALL", 1_000)
    rates = Rates()
    for minute in range(900):
        rates.add("USD", "KRW", "1400", minute, minute, None)
    for number in range(1_500):
        rates.add("EUR", f"{number:03}", "1.1", 0, number, None)
        if number == 700:
            rates = Rates.from_state(list(rates.sections()))
        assert rates.count == sum(len(kept.times) for kept in rates.pairs.values())
        assert rates.count <= max(1_000, len(rates.pairs) + 1)
        assert rates.ratio("USD", "KRW", 899, STALE) == (1400, 1)
