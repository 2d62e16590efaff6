"""Reference rates at their edges: order, staleness, directions, crosses, what an event used, bounds, a snapshot."""

from array import array

import msgspec
import pytest

from detectors.rates import reference_rates as rates_module
from detectors.rates.reference_rates import (
    EFFORT_OF_A_LOOK,
    KEPT_US,
    MOST_PASSED,
    DisorderError,
    History,
    Point,
    Rates,
    directions,
    ratio_of,
)
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import ONE, Ratio

STALE = 100


def rates_of(*quoted):
    """Rates of (pair, mid, time, ledger position), taken in this order."""
    rates = Rates()
    for pair, mid, at_us, offset in quoted:
        rates.add(*pair.split("/"), mid, at_us, offset, None)
    return rates


def state(history):
    """Times, rates and ledger positions."""
    return history.times, history.mids, history.offsets.tolist()


# -- names and numbers -----------------------------------------------------------------------------------------------


def test_a_rate_is_its_decimal_without_loss():
    """1 387.50 is 13 875 over 10."""
    assert ratio_of("1387.50") == Ratio(13_875, 10)
    with pytest.raises(ValueError, match="not a number above zero"):
        ratio_of("0")


@pytest.mark.parametrize(
    ("base", "quote", "convention"),
    [
        ("USD", "KRW", 1),
        ("EUR", "USD", 1),
        ("EUR", "GBP", 1),
        ("CAD", "CHF", 1),
        ("CHF", "KRW", 1),
        ("CHF", "JPY", 1),
        ("JPY", "KRW", 1),
        ("CNY", "THB", 0),
        ("KRW", "KRW", 0),
    ],
)
def test_who_is_quoted_in_whom(base, quote, convention):
    """The euro before all, the won after all, and of two that no convention names neither."""
    assert directions(base, quote) == (f"{base}/{quote}", f"{quote}/{base}", convention)
    assert directions(quote, base) == (f"{quote}/{base}", f"{base}/{quote}", -convention)


# -- one pair --------------------------------------------------------------------------------------------------------


def test_rates_stand_in_order_of_their_own_time_with_the_position_they_came_at():
    """Later, earlier, between; another rate of the same time is told and stands from the first one's position on."""
    history = History([], [], [])
    assert [history.add(*each) for each in ((20, "2", 5), (40, "4", 6), (10, "1", 7), (30, "3", 8))] == [False] * 4
    assert state(history) == ([10, 20, 30, 40], ["1", "2", "3", "4"], [7, 5, 8, 6])
    assert [history.add(40, "4", 9), history.add(40, "4.4", 10), history.add(20, "2.2", 11)] == [False, True, True]
    assert state(history) == ([10, 20, 30, 40], ["1", "2.2", "3", "4.4"], [7, 5, 8, 6])


@pytest.mark.parametrize(("horizon", "dropped"), [(None, 0), (-1, 0), (255, 0), (256, 256), (270, 270)])
def test_old_rates_go_in_lots_but_for_the_one_in_force_at_the_horizon(horizon, dropped):
    """Of rates at 0 to 299 the one at the horizon itself is in force there; fewer than 256 are not worth a cut."""
    history = History(list(range(300)), [str(each) for each in range(300)], range(1000, 1300))
    history.prune(horizon)
    assert state(history) == (
        list(range(dropped, 300)),
        [str(each) for each in range(dropped, 300)],
        list(range(1000 + dropped, 1300)),
    )


@pytest.mark.parametrize(
    ("excess", "gone"),
    [(0, []), (1, [31]), (2, [10, 31]), (3, [10, 12, 31]), (9, [10, 12, 31])],
)
def test_of_every_second_point_those_go_that_leave_the_smallest_hole(excess, gone):
    """10 leaves one of 11 between 0 and 11, 12 one of 19, 31 one of 10; the first and the last stay."""
    times = [0, 10, 11, 12, 30, 31, 40]
    history = History(list(times), [str(each) for each in times], range(7))
    assert history.thin(excess) == len(gone)
    left = [each for each in times if each not in gone]
    assert state(history) == (left, [str(each) for each in left], [times.index(each) for each in left])
    assert isinstance(history.offsets, array)


def test_of_equal_holes_the_oldest_goes():
    """A hundred points, one a microsecond; and a few of them, of which the last never goes."""
    history = History(list(range(100)), ["1"] * 100, range(100))
    assert history.thin(3) == 3
    assert history.times == [0, 2, 4, *range(6, 100)]
    # holes of 20 and 10 in turn: of those of 10 the first three go (some processors sort ties otherwise)
    times = [at_us for start in range(0, 300, 30) for at_us in (start, start + 5, start + 20, start + 25)] + [300]
    history = History(list(times), ["1"] * 41, range(41))
    assert history.thin(3) == 3
    assert sorted(set(times) - set(history.times)) == [25, 55, 85]
    for count, left in ((1, [0]), (2, [0, 1]), (3, [0, 2]), (4, [0, 2, 3])):
        history = History(list(range(count)), ["1"] * count, range(count))
        assert history.thin(5) == count - len(left)
        assert history.times == left


@pytest.mark.parametrize(
    ("most", "at_once", "count", "left"),
    [(10, 4, 13, 13), (10, 4, 14, 10), (10, 4, 15, 10), (3, 9, 5, 5), (3, 9, 6, 4)],
)
def test_more_rates_than_a_pair_may_have_are_thinned_out_in_lots(monkeypatch, most, at_once, count, left):
    """When a lot is too many, down to the number allowed; at most every second point at a time."""
    monkeypatch.setattr(rates_module, "MOST", most)
    monkeypatch.setattr(rates_module, "_THINNED_AT_ONCE", at_once)
    history = History(list(range(count)), ["1"] * count, range(count))
    history.prune(-1)
    assert (len(history.times), history.times[-1]) == (left, count - 1)


@pytest.mark.parametrize(
    ("at_us", "place"), [(9, None), (10, 0), (110, 0), (111, None), (199, None), (200, 1), (300, 1), (301, None)]
)
def test_a_rate_is_in_force_from_its_time_until_it_is_stale(at_us, place):
    """At 10 and at 200, each for 100 microseconds and no longer; the same by all three ways to ask."""
    history = History([10, 200], ["1", "2"], [5, 6])
    assert history.place(at_us, STALE) == place
    assert history.place_before(at_us, STALE, 7) == (place, 0)
    assert history.at(at_us, STALE) == (None if place is None else Ratio(place + 1, 1))


def test_an_empty_history_says_nothing():
    """No rate is no rate at any time."""
    history = History([], [], [])
    assert (history.place(0, STALE), history.place_before(0, STALE, 1), history.at(0, STALE)) == (None, (None, 0), None)


@pytest.mark.parametrize(
    ("before", "found"),
    [(100, (4, 0)), (31, (4, 0)), (30, (2, 5)), (21, (2, 5)), (20, (1, 5)), (11, (1, 5)), (10, (0, 5)), (5, (None, 5))],
)
def test_the_rate_an_event_used_is_the_latest_that_stood_before_its_position(before, found):
    """Rates of five times came at 5, 10, 20, 31 and 30; one that came at the event's own position stood after it."""
    history = History([1, 2, 3, 4, 5], ["1"] * 5, [5, 10, 20, 31, 30])
    assert history.place_before(5, STALE, before) == found


def test_a_rate_that_stood_may_be_stale_when_later_ones_are_passed_over():
    """The one before is 101 old; exactly 100 is in force."""
    history = History([9, 10, 111], ["1"] * 3, [5, 6, 50])
    assert history.place_before(111, STALE, 40) == (None, 3)
    assert history.place_before(111, STALE + 1, 40) == (1, 3)


@pytest.mark.parametrize(("later", "expected"), [(2, (7, 3)), (3, None)])
def test_only_so_many_later_points_are_passed_over(monkeypatch, later, expected):
    """Three are looked at: with two later ones the third is found, with three it cannot be told."""
    monkeypatch.setattr(rates_module, "MOST_PASSED", 3)
    history = History(list(range(10)), ["1"] * 10, [*range(10 - later), *range(100, 100 + later)])
    if expected is None:
        with pytest.raises(DisorderError):
            history.place_before(9, STALE, 50)
    else:
        assert history.place_before(9, STALE, 50) == expected


def test_where_all_points_of_a_pair_are_later_none_was_used(monkeypatch):
    """Three looked at are all there are, so that this is known and no disorder."""
    monkeypatch.setattr(rates_module, "MOST_PASSED", 3)
    assert History([0, 1, 2], ["1"] * 3, [100, 101, 102]).place_before(2, STALE, 50) == (None, 3)


# -- directions and crosses ------------------------------------------------------------------------------------------


def both_ways(rates, base, quote, at_us=0):
    """What a conversion gives, asked as of now and as of a late ledger position; both must agree."""
    now = rates.ratio(base, quote, at_us, STALE)
    then, points = rates.used(base, quote, at_us, STALE, 1_000)
    assert now == then
    return now, points


def test_the_markets_own_direction_goes_first():
    """Dollars in won and won in dollars are both quoted: the former counts, for either question."""
    rates = rates_of(("USD/KRW", "1400", 0, 1), ("KRW/USD", "0.0008", 0, 2))
    point = (Point("USD/KRW", 0),)
    assert both_ways(rates, "USD", "KRW") == ((1400, 1), point)
    assert both_ways(rates, "KRW", "USD") == ((1, 1400), point)


def test_the_other_direction_serves_where_the_markets_own_is_missing_or_stale():
    """0.0008 dollars a won are 10 000 over 8 won a dollar."""
    for rates in (
        rates_of(("KRW/USD", "0.0008", 200, 2)),
        rates_of(("USD/KRW", "1400", 0, 1), ("KRW/USD", "0.0008", 200, 2)),
    ):
        assert both_ways(rates, "USD", "KRW", 200) == ((10_000, 8), (Point("KRW/USD", 200),))
        assert both_ways(rates, "KRW", "USD", 200) == ((8, 10_000), (Point("KRW/USD", 200),))


def test_without_convention_what_was_asked_for_goes_first():
    """Baht and yuan, both ways quoted by a feed: each question finds its own."""
    rates = rates_of(("CNY/THB", "4.8", 0, 1), ("THB/CNY", "0.2", 0, 2))
    assert both_ways(rates, "CNY", "THB") == ((48, 10), (Point("CNY/THB", 0),))
    assert both_ways(rates, "THB", "CNY") == ((2, 10), (Point("THB/CNY", 0),))


def test_a_cross_is_the_product_of_its_two_rates():
    """Yen by the won: 9.25 won a yen over 1 400 a dollar; in the other direction it is the inverse."""
    rates = rates_of(("JPY/KRW", "9.25", 3, 1), ("USD/KRW", "1400", 5, 2))
    assert both_ways(rates, "JPY", "USD", 9) == ((925, 140_000), (Point("JPY/KRW", 3), Point("USD/KRW", 5)))
    assert both_ways(rates, "USD", "JPY", 9) == ((140_000, 925), (Point("USD/KRW", 5), Point("JPY/KRW", 3)))


def test_crosses_are_tried_through_won_dollar_and_euro_in_this_order():
    """Swiss francs in yen; as quoted goes before any cross."""
    quoted = [
        ("EUR/CHF", "0.9", 0, 1),
        ("EUR/JPY", "160", 0, 2),
        ("USD/CHF", "0.8", 0, 3),
        ("USD/JPY", "150", 0, 4),
        ("CHF/KRW", "1700", 0, 5),
        ("JPY/KRW", "9", 0, 6),
        ("CHF/JPY", "180", 0, 7),
    ]
    assert both_ways(rates_of(*quoted[:2]), "CHF", "JPY")[0] == (10 * 160, 9)
    assert both_ways(rates_of(*quoted[:3]), "CHF", "JPY")[0] == (10 * 160, 9)
    assert both_ways(rates_of(*quoted[:4]), "CHF", "JPY")[0] == (10 * 150, 8)
    assert both_ways(rates_of(*quoted[:5]), "CHF", "JPY")[0] == (10 * 150, 8)
    assert both_ways(rates_of(*quoted[:6]), "CHF", "JPY")[0] == (1700, 9)
    assert both_ways(rates_of(*quoted), "CHF", "JPY")[0] == (180, 1)
    assert rates_of(*quoted).cross("CHF", "JPY", 0, STALE) == (1700, 9)


def test_a_currency_is_no_pivot_of_its_own():
    """Won in yen goes through dollars, yen in won alike: the won itself, first of the pivots, is passed over."""
    rates = rates_of(("USD/KRW", "1400", 0, 1), ("USD/JPY", "150", 0, 2))
    assert both_ways(rates, "KRW", "JPY")[0] == (150, 1400)
    assert both_ways(rates, "JPY", "KRW")[0] == (1400, 150)


def test_what_nobody_quotes_is_none_and_a_currency_in_itself_is_one():
    """Also where one half of a cross is known; and no rate is needed for dollars in dollars."""
    rates = rates_of(("JPY/KRW", "9.25", 0, 1))
    assert both_ways(rates, "JPY", "USD") == (None, ())
    assert both_ways(rates, "USD", "JPY") == (None, ())
    assert both_ways(Rates(), "USD", "USD") == (ONE, ())
    assert both_ways(rates_of(("USD/USD", "2", 0, 1)), "USD", "USD") == (ONE, ())


# -- what an event used ----------------------------------------------------------------------------------------------


def test_an_event_used_what_stood_at_its_position():
    """The inverse, while the market's own direction had not come; and the earlier of two points."""
    rates = rates_of(("KRW/USD", "0.0008", 0, 5), ("USD/KRW", "1400", 0, 10), ("USD/KRW", "1500", 9, 20))
    assert rates.used("USD", "KRW", 9, STALE, 5) == (None, ())
    assert rates.used("USD", "KRW", 9, STALE, 6) == ((10_000, 8), (Point("KRW/USD", 0),))
    assert rates.used("USD", "KRW", 9, STALE, 20) == ((1400, 1), (Point("USD/KRW", 0),))
    assert rates.used("USD", "KRW", 9, STALE, 21) == ((1500, 1), (Point("USD/KRW", 9),))


def test_each_look_counts_with_the_points_it_passed_over():
    """One look of one history; two histories; two histories and two points passed over; nothing for one in itself."""
    rates = rates_of(("USD/KRW", "1400", 0, 10), ("USD/KRW", "1500", 9, 20), ("KRW/USD", "0.0008", 0, 5))
    spent = []
    for base, quote, before in (("USD", "KRW", 21), ("USD", "USD", 21), ("USD", "KRW", 10), ("EUR", "GBP", 21)):
        so_far = rates.effort
        rates.used(base, quote, 9, STALE, before)
        spent.append(rates.effort - so_far)
    assert spent == [EFFORT_OF_A_LOOK, 0, 2 * EFFORT_OF_A_LOOK + 2, 0]


def test_the_second_rate_of_a_cross_is_not_looked_for_without_the_first():
    """Dollars in yen with no dollar rate at all: no look, no cost, though the yen has one in won."""
    rates = rates_of(("JPY/KRW", "9.25", 0, 1))
    assert rates.used("USD", "JPY", 0, STALE, 9) == (None, ())
    assert rates.effort == 0
    assert rates.used("JPY", "USD", 0, STALE, 9) == (None, ())
    assert rates.effort == EFFORT_OF_A_LOOK


def test_disorder_is_no_rate_and_costs_what_was_looked_at(monkeypatch):
    """Three later points are looked at, and what stood before them cannot be told."""
    monkeypatch.setattr(rates_module, "MOST_PASSED", 3)
    rates = rates_of(*(("USD/KRW", "1400", at_us, at_us if at_us < 5 else 50) for at_us in range(8)))
    assert rates.used("USD", "KRW", 7, STALE, 60)[0] == (1400, 1)
    spent = rates.effort
    assert spent == EFFORT_OF_A_LOOK
    assert rates.used("USD", "KRW", 7, STALE, 40) == (None, ())
    assert rates.effort - spent == EFFORT_OF_A_LOOK + 3
    assert MOST_PASSED == 4_096


# -- bounds ----------------------------------------------------------------------------------------------------------


def test_a_rate_tells_whether_it_corrected_one_and_a_wrong_number_changes_nothing():
    """The count is that of points; what is no decimal above zero raises before anything is kept."""
    rates = Rates()
    assert [rates.add("USD", "KRW", mid, 5, 1, None) for mid in ("1400", "1400", "1500")] == [False, False, True]
    assert rates.add("EUR", "USD", "1.1", 5, 2, None) is False
    assert (rates.count, list(rates.pairs)) == (2, ["USD/KRW", "EUR/USD"])
    with pytest.raises(ValueError, match="number"):
        rates.add("GBP", "USD", "0", 5, 3, None)
    assert (rates.count, list(rates.pairs)) == (2, ["USD/KRW", "EUR/USD"])


def test_what_the_horizon_lets_go_of_is_counted_off():
    """300 rates, of which 256 are older than the one in force at the horizon."""
    rates = Rates()
    for at_us in range(299):
        rates.add("USD", "KRW", "1", at_us, at_us, None)
    assert rates.count == 299
    rates.add("USD", "KRW", "1", 299, 299, 256)
    assert (rates.count, rates.pairs["USD/KRW"].times[0]) == (44, 256)


def test_the_pair_with_most_rates_gives_way_when_all_are_too_many(monkeypatch):
    """Ten in all are kept: the eleventh costs the longest pair two points, and at most every second one of it."""
    monkeypatch.setattr(rates_module, "MOST_OF_ALL", 10)
    monkeypatch.setattr(rates_module, "_THINNED_AT_ONCE", 2)
    rates = Rates()
    for at_us in range(3):
        rates.add("EUR", "USD", "1.1", at_us, at_us, None)
    for at_us in range(7):
        rates.add("USD", "KRW", "1400", at_us, at_us, None)
    assert rates.count == 10
    rates.add("EUR", "GBP", "0.9", 0, 0, None)
    assert rates.count == 9
    assert {pair: kept.times for pair, kept in rates.pairs.items()} == {
        "EUR/USD": [0, 1, 2],
        "USD/KRW": [0, 2, 4, 5, 6],
        "EUR/GBP": [0],
    }
    monkeypatch.setattr(rates_module, "MOST_OF_ALL", 2)
    monkeypatch.setattr(rates_module, "_THINNED_AT_ONCE", 9)
    rates.add("EUR", "CHF", "0.9", 0, 0, None)
    assert (rates.count, rates.pairs["USD/KRW"].times) == (8, [0, 4, 6])


# -- a snapshot ------------------------------------------------------------------------------------------------------


def test_a_copy_is_made_in_steps_and_later_rates_do_not_change_it(monkeypatch):
    """A pair of 30 points costs 50, and a step ends beyond 100: after three pairs, and after three more."""
    monkeypatch.setattr(rates_module, "_COPIED_AT_ONCE", 100)
    rates, into = Rates(), Rates()
    for number in range(7):
        for at_us in range(30):
            rates.add(f"A{number}", "KRW", "1", at_us, at_us + number, None)
    assert [len(into.pairs) for _ in rates.copying(into)] == [3, 6]
    assert list(into.sections()) == list(rates.sections())
    before = list(into.sections())
    rates.add("A0", "KRW", "2", 0, 999, None)
    rates.add("A0", "KRW", "2", 99, 999, None)
    assert list(into.sections()) == before


def test_a_save_keeps_every_point_and_the_order_of_pairs():
    """Times, rates, positions; the count is that of all."""
    rates = rates_of(("USD/KRW", "1400", 9, 3), ("USD/KRW", "1390.5", 4, 5), ("EUR/USD", "1.1", 7, 4))
    sections = list(rates.sections())
    assert [name for name, _ in sections] == ["USD/KRW", "EUR/USD"]
    assert msgspec.msgpack.decode(sections[0][1]) == [[4, 9], ["1390.5", "1400"], [5, 3]]
    restored = Rates.from_state(sections)
    assert (restored.count, list(restored.sections())) == (3, sections)
    assert state(restored.pairs["USD/KRW"]) == ([4, 9], ["1390.5", "1400"], [5, 3])
    assert isinstance(restored.pairs["USD/KRW"].offsets, array)


@pytest.mark.parametrize(
    "columns",
    [
        ([1, 2], ["1"], [1, 2]),
        ([1, 2], ["1", "1"], [1]),
        ([1], ["1", "1"], [1, 2]),
        ([2, 1], ["1"] * 2, [1, 2]),
        ([1, 1], ["1"] * 2, [1, 2]),
        ([1, 3, 2], ["1"] * 3, [1, 2, 3]),
        ([1, 1, 2], ["1"] * 3, [1, 2, 3]),
    ],
)
def test_damaged_rates_are_refused(columns):
    """Columns of different lengths, times out of order or twice: with the pair's name and what was found."""
    expected = f"the rates of USD/KRW are damaged: {len(columns[0])} times, {len(columns[1])} rates, {len(columns[2])}"
    with pytest.raises(ValueError, match=expected):
        Rates.from_state([("USD/KRW", msgspec.msgpack.encode(columns))])


def test_rates_are_kept_for_lateness_and_staleness():
    """35 days that an event may be late, and a day beyond, in which a rate of 26 hours is in force: 36 days."""
    assert KEPT_US == 36 * DAY_US
