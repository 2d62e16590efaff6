"""Whether a rate is believed, rule by rule and at each limit; whole feeds stand in across_rooms/test_wrong_rates.py.

Times are minutes, 1 400 is the rate of before, and the limits are the defaults: a tenth, ten minutes, twenty times.
"""

from math import inf, log

import pytest

from detectors.rates.rate_checks import _away, _latest, _passed_us, _Reference
from detectors.rates.reference_rates import History
from tests.support.rate_feed import DAY, HOUR, PAIR, STALE, Feed, believing, limits_of, us

# -- limits ----------------------------------------------------------------------------------------------------------


def test_limits_are_those_of_the_rules():
    """A share becomes a factor, minutes microseconds, decimals numbers; no feed is configured by default."""
    found = limits_of(
        jump=0.25, confirm_minutes=2.5, most=30.0, magnitude=4.0, pairs=(PAIR,), confirmed={PAIR: "1820.5"}
    )
    assert (found.jump, found.confirm_us, found.most, found.magnitude) == (1.25, 150_000_000, 30.0, 4.0)
    assert (found.pairs, found.sources, found.confirmed) == ({PAIR}, frozenset(), {PAIR: 1820.5})
    assert found.typical == {"USD": 1.0, "KRW": 1300.0, "JPY": 130.0}
    assert limits_of(sources=("A",)).sources == {"A"}


def test_the_typical_rate_needs_both_currencies():
    """1 300 won and 130 yen to the dollar are 10 won to the yen."""
    found = limits_of()
    assert (found.typical_of("JPY", "KRW"), found.typical_of("KRW", "JPY"), found.typical_of("USD", "KRW")) == (
        10.0,
        0.1,
        1300.0,
    )
    assert found.typical_of("EUR", "KRW") is found.typical_of("KRW", "EUR") is None


@pytest.mark.parametrize(
    ("heard", "clock", "passed"),
    [
        (100, None, 110),
        (100, 100, 105),
        (100, 104, 109),
        (100, 105, 110),
        (100, 200, 110),
        (100, 26, 31),
        (100, 24, 30),
        (100, 0, 30),
    ],
)
def test_time_has_passed_as_far_as_payments_and_the_brokers_hour_say(heard, clock, passed):
    """Ten minutes beyond the Kafka timestamp, five beyond the clock, and surely until 70 minutes before the former."""
    clock_us = None if clock is None else us(clock)
    assert _passed_us(us(heard), clock_us, limits_of()) == us(passed)


def test_how_far_two_rates_are_apart_is_the_same_either_way():
    """A factor of e is 1; nothing and the endless are endlessly far."""
    assert _away(5.0, 5.0) == 0.0
    assert _away(2.0, 6.0) == pytest.approx(log(3))
    assert _away(6.0, 2.0) == pytest.approx(log(3))
    assert _away(0.5, 0.25) == _away(0.25, 0.5) == pytest.approx(log(2))
    assert {_away(*each) for each in ((0.0, 1.0), (1.0, 0.0), (inf, 1.0), (1.0, inf), (-1.0, 1.0))} == {inf}


@pytest.mark.parametrize(("at", "place"), [(0, None), (1, None), (2, 0), (5, 0), (6, 1), (9, 1), (10, 2), (99, 2)])
def test_the_latest_rate_before_a_time(at, place):
    """Of rates at 1, 5 and 9: what stands at the very time is not before it."""
    assert _latest(History([1, 5, 9], ["1"] * 3, range(3)), at) == place
    assert _latest(History([], [], []), at) is None


# -- who is heard ----------------------------------------------------------------------------------------------------


def test_a_pair_or_feed_that_is_not_configured_is_not_heard():
    """Nor read: its number may be none."""
    feed = Feed(pairs=("USD/KRW",), sources=("A",))
    assert feed.say(0, "much", "KRW/USD", source="A") == "rate.pair"
    assert [feed.say(0, "much", source=name) for name in ("B", "")] == ["rate.source"] * 2
    assert feed.say(0, "1400", source="A") is None
    with pytest.raises(ValueError, match="not a decimal number; got: 'much'"):
        feed.say(1, "much", source="A")
    assert feed.history() == [(0, "1400", 4)]


@pytest.mark.parametrize(("at", "verdict"), [(26 * HOUR, "rate.direction"), (26 * HOUR + 1, None)])
def test_the_other_direction_is_refused_while_the_markets_own_is_in_force(at, verdict):
    """For 26 hours; of two that no convention orders the first quoted one stands so long."""
    for pair, other, mid, inverse in ((PAIR, "KRW/USD", "1400", "0.000714"), ("CNY/THB", "THB/CNY", "5", "0.2")):
        feed = Feed()
        assert feed.say(0, mid, pair) is None
        assert feed.say(at, inverse, other) == verdict
        assert feed.say(-1, inverse, other) is None


def test_the_markets_own_direction_is_never_refused():
    """Nor a direction that the configuration names."""
    feed = Feed()
    assert [feed.say(0, "0.000714", "KRW/USD"), feed.say(1, "1400")] == [None, None]
    feed = Feed(pairs=(PAIR, "KRW/USD"))
    assert [feed.say(0, "1400"), feed.say(1, "0.000714", "KRW/USD")] == [None, None]


def test_a_believed_rate_stands_at_its_time_and_position():
    """Another of the same time corrects it, the same one says nothing new; what is too old is let go of."""
    feed = Feed()
    assert feed.all((0, "1400"), (1, "1401"), (0, "1400"), (0, "1399")) == [None, None, None, "rate.corrected"]
    assert feed.history() == [(0, "1399", 1), (1, "1401", 2)]
    for minute in range(300):
        feed.say(2 + minute, "1400")
    feed.say(400, "1400", horizon=us(301))
    assert feed.history()[0][0] == 301


# -- near the rate of before -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mid", "verdict"), [("1540", None), ("1540.01", "rate.held"), ("1272.73", None), ("1272.72", "rate.held")]
)
def test_a_tenth_either_way_is_believed(mid, verdict):
    """1 400 x 1.1 and 1 400 / 1.1."""
    feed = believing((0, "1400"))
    assert feed.say(1, mid) == verdict
    assert feed.held() == ([] if verdict is None else [(1, mid)])
    assert len(feed.history()) == (2 if verdict is None else 1)


def test_what_a_rate_is_compared_with():
    """Its pair's latest before it, else the inverse pair's, crosses, the typical one; with the factors of each."""
    feed = believing((0, "1400"), (5, "1500"))
    asked = (feed.limits, STALE)
    ref = feed.checked._reference
    assert ref("USD", "KRW", us(9), *asked) == _Reference(1500.0, 1.1, 20.0)
    assert ref("USD", "KRW", us(5), *asked) == _Reference(1400.0, 1.1, 20.0)
    assert ref("USD", "KRW", us(0), *asked) == _Reference(1300.0, 5.0, 0.0)
    assert ref("KRW", "USD", us(9), *asked) == _Reference(1 / 1500, 1.1, 0.0)
    assert ref("JPY", "KRW", us(9), *asked) == _Reference(10.0, 5.0, 0.0)
    assert ref("EUR", "GBP", us(9), *asked) is None
    for pair, mid in (("EUR/KRW", "1650"), ("KRW/USD", "0.5")):
        feed.checked.rates.add(*pair.split("/"), mid, us(2), 0, None)
    assert ref("EUR", "USD", us(9), *asked) == _Reference(1.1, 1.1, 0.0)
    assert ref("EUR", "USD", us(2) + STALE + 1, *asked) is None
    assert ref("USD", "KRW", us(9), *asked) == _Reference(1500.0, 1.1, 20.0)


def test_a_pair_of_which_nothing_is_known_is_believed():
    """No rate, no cross, no order of magnitude."""
    assert Feed().all((0, "7"), (1, "7.1"), pair="ARS/CLP") == [None, None]


@pytest.mark.parametrize(
    ("mid", "verdict"), [("6500", None), ("6501", "rate.held"), ("260", None), ("259", "rate.held")]
)
def test_a_first_rate_is_within_five_times_of_the_typical_one(mid, verdict):
    """1 300 x 5 and 1 300 / 5."""
    assert Feed().say(0, mid) == verdict


# -- ladders and yesterday -------------------------------------------------------------------------------------------


def no_ladder(feed, at, value):
    return feed.checked._no_ladder(PAIR, value, us(at), feed.limits)


def test_a_ladder_is_seen_by_the_rate_of_ten_minutes_ago():
    """1 400 stood ten minutes before 20; a level confirmed since is no step of a ladder."""
    feed = believing((9, "1000"), (10, "1400"), (11, "1900"))
    assert [no_ladder(feed, 20, value) for value in (1540.0, 1541.0, 1272.73, 1272.0)] == [True, False, True, False]
    assert no_ladder(feed, 19, 1100.0)
    assert not no_ladder(feed, 19, 1400.0)
    assert no_ladder(feed, 18, 5.0)
    assert no_ladder(Feed(), 20, 5.0)
    feed.checked.levels = {PAIR: us(10)}
    assert not no_ladder(feed, 20, 1900.0)
    feed.checked.levels = {PAIR: us(10) + 1, "EUR/KRW": 0}
    assert no_ladder(feed, 20, 1900.0)


@pytest.mark.parametrize(
    ("at", "level", "expected"),
    [
        (36 * HOUR, None, 1100.0),
        (36 * HOUR - 1, None, 1000.0),
        (20 * HOUR, None, 1000.0),
        (1, None, 1000.0),
        (0, None, None),
        (-1, None, None),
        (36 * HOUR, 30 * HOUR, 1200.0),
        (36 * HOUR, 30 * HOUR - 1, 1100.0),
        (36 * HOUR, 36 * HOUR - 1, 1200.0),
        (36 * HOUR, 36 * HOUR, 1100.0),
        (36 * HOUR, 40 * HOUR, 1100.0),
        (40 * HOUR, 1, 1100.0),
    ],
)
def test_yesterdays_rate_is_that_of_a_day_before_or_of_the_level_since(at, level, expected):
    """Rates of hours 0, 12 and 30; of a younger pair the first; a level of the time itself or later is none yet."""
    feed = believing((0, "1000"), (12 * HOUR, "1100"), (30 * HOUR, "1200"))
    feed.checked.levels = {} if level is None else {PAIR: us(level)}
    assert feed.checked._day_before(PAIR, us(at)) == expected
    assert feed.checked._day_before("EUR/KRW", us(at)) is None


def test_yesterday_of_a_young_pair_is_its_first_rate_even_at_the_beginning_of_time():
    """Two rates of the first microseconds of 1970; no level was confirmed, or none yet."""
    feed = believing((0, "1400"))
    feed.checked.rates.add("USD", "KRW", "1500", 1, 0, None)
    for levels in ({}, {PAIR: us(9)}):
        feed.checked.levels = levels
        assert feed.checked._day_before(PAIR, us(5)) == 1400.0


def test_a_rate_may_double_in_a_day_in_small_steps_and_no_more():
    """2 800 is twice 1 400 of a day before; of a pair without a past day its first rate counts."""
    feed = believing((0, "1400"), (DAY - 20, "2600"))
    assert feed.say(DAY + 0.5, "2801") == "rate.held"
    assert feed.say(DAY + 1, "2800") is None
    feed = believing((0, "1400"), (DAY - 20, "750"))
    assert feed.say(DAY + 0.5, "699") == "rate.held"
    assert feed.say(DAY + 1, "700") is None


def test_a_rate_near_yesterdays_is_believed_though_the_last_one_went_astray():
    """It is no new level, but the one of before."""
    feed = believing((0, "1400"), (DAY - 20, "2600"))
    assert feed.say(DAY, "1541") == "rate.held"
    assert feed.say(DAY + 1, "1540") == "rate.confirmed"
    assert feed.checked.levels == {}
    assert (feed.history()[-1][:2], feed.held()) == ((DAY + 1, "1540"), [])


def test_a_steady_rate_is_near_the_last_one_that_of_ten_minutes_ago_and_yesterdays():
    """Each of the three alone keeps it out."""
    feed = believing((0, "1000"), (DAY - 20, "1900"), (DAY - 1, "2050"))
    asked = (PAIR, 2000.0, us(DAY), feed.limits)
    assert feed.checked._steady(_Reference(2050.0, 1.1, 20.0), *asked)
    assert not feed.checked._steady(_Reference(2300.0, 1.1, 20.0), *asked)
    assert feed.checked._steady(_Reference(2300.0, 1.2, 20.0), *asked)
    assert not feed.checked._steady(_Reference(2050.0, 1.1, 20.0), PAIR, 2001.0, us(DAY), feed.limits)
    assert not feed.checked._steady(_Reference(2050.0, 1.2, 20.0), PAIR, 1710.0, us(DAY), feed.limits)
    assert Feed().checked._steady(_Reference(2050.0, 1.1, 20.0), *asked)
