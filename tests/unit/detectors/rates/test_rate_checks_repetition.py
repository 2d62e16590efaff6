"""Rates that a repetition, crosses, an officer or most of the feeds confirm, at each limit, and a snapshot of them.

Times are minutes, 1 400 is the rate of before, and the limits are the defaults: a tenth, ten minutes, twenty times.
"""

import pytest

from detectors.rates.rate_checks import MOST_HELD, Checked, Held, _Reference
from detectors.rates.rate_sources import Asked, FeedWord
from detectors.values.legal_calendar import MINUTE_US
from tests.support.rate_feed import DAY, HOUR, PAIR, STALE, Feed, believing, limits_of, us

# -- repetition ------------------------------------------------------------------------------------------------------


def test_a_repetition_ten_minutes_later_confirms():
    """Not a microsecond earlier; what was held is let go of, and the level is of that time."""
    feed = believing((0, "1400"))
    assert feed.all((1, "1820"), (11 - 1 / MINUTE_US, "1820")) == ["rate.held"] * 2
    assert feed.held() == [(1, "1820")]
    assert feed.say(11, "1820") == "rate.confirmed"
    assert (feed.held(), feed.checked.held, feed.checked.levels) == ([], {}, {PAIR: us(11)})
    assert feed.history()[-1] == (11, "1820", 3)


def test_a_repetition_may_differ_by_a_tenth_and_goes_on_with_what_was_said_last():
    """From 1 820 over 2 000 to 2 200; 2 201 would be new, and one of earlier counts from its own time."""
    feed = believing((10, "1400"))
    assert feed.all((11, "1820"), (12, "2000"), (20.5, "2201")) == ["rate.held"] * 3
    assert feed.held() == [(11, "2000"), (20, "2201")]
    assert feed.say(10.9, "2000") == "rate.held"
    assert feed.held()[0] == (10, "2000")
    assert feed.say(20.9, "2200") == "rate.confirmed"


def test_only_the_newest_of_different_wrong_rates_are_remembered():
    """Four; each of them may be confirmed."""
    feed = believing((0, "1400"), typical={})
    said = [(1 + number, str(2000 * 2**number)) for number in range(MOST_HELD + 1)]
    assert feed.all(*said) == ["rate.held"] * 5
    assert feed.held() == said[1:]
    assert feed.say(12, "4000") == "rate.confirmed"


@pytest.mark.parametrize(
    ("sent", "clock", "verdict"),
    [
        (1, None, "rate.confirmed"),
        (0.99, None, "rate.held"),
        (11, 6, "rate.confirmed"),
        (11, 5.99, "rate.held"),
        (81, 0, "rate.confirmed"),
        (80.99, 0, "rate.held"),
    ],
)
def test_what_is_dated_ahead_confirms_nothing(sent, clock, verdict):
    """Ten minutes beyond the Kafka timestamp, five beyond the clock, or surely past."""
    feed = believing((0, "1400"))
    feed.say(1, "1820")
    assert feed.say(11, "1820", sent=sent, clock=clock) == verdict


def contradicted(feed, first, at, value=1820.0):
    return feed.checked._contradicted(PAIR, value, us(first), us(at), feed.limits)


def test_a_repetition_is_contradicted_by_a_record_between_or_next_after():
    """What stands at the first record's time or before says nothing of it; nor what comes a week later."""
    assert not contradicted(Feed(), 1, 11)
    assert not contradicted(believing((1, "1400")), 1, 11)
    assert contradicted(believing((1.01, "1400")), 1, 11)
    assert not contradicted(believing((1.01, "1800")), 1, 11)
    assert contradicted(believing((5, "1800"), (6, "1400")), 1, 11)
    assert not contradicted(believing((5, "1400"), (6, "1800")), 1, 11)
    assert not contradicted(believing((11, "1400")), 1, 11)
    assert contradicted(believing((11.01, "1400")), 1, 11)
    assert not contradicted(believing((12, "1800"), (13, "1400")), 1, 11)
    assert contradicted(believing((11 + 7 * DAY, "1400")), 1, 11)
    assert not contradicted(believing((11 + 7 * DAY + 1, "1400")), 1, 11)
    assert contradicted(believing((5, "1400"), (12, "1800")), 1, 11)
    assert contradicted(believing((5, "1800"), (12, "1400")), 1, 11)


def test_a_contradicted_repetition_begins_anew_from_its_first_record():
    """1 400 was said at 5, by a record that came late: the pair at 1 and 11 is none, held on from 1."""
    feed = believing((0, "1400"))
    feed.say(1, "1820")
    feed.checked.rates.add("USD", "KRW", "1400", us(5), 0, None)
    assert feed.say(11, "1820") == "rate.held"
    assert feed.held() == [(1, "1820")]


def test_what_the_pair_says_again_ends_what_was_held_before_it():
    """Of that pair alone; what was held of a later time waits on."""
    feed = believing((0, "1400"))
    feed.say(0, "150", "USD/JPY")
    feed.all((2, "1820"), (4, "3000"))
    feed.say(4, "400", "USD/JPY")
    assert feed.say(3, "1400") is None
    assert (feed.held(), feed.held("USD/JPY")) == ([(4, "3000")], [(4, "400")])
    assert feed.say(4, "1400") is None
    assert feed.checked.held.keys() == {"USD/JPY"}


def test_what_is_held_of_one_pair_is_no_matter_of_another():
    """A pair of which nothing is held is believed as ever, and confirmed."""
    feed = believing((0, "1400"))
    feed.say(0, "150", "USD/JPY")
    assert feed.say(1, "400", "USD/JPY") == "rate.held"
    assert feed.say(2, "1401") is None
    assert feed.held("USD/JPY") == [(1, "400")]


# -- how far a repetition may go -------------------------------------------------------------------------------------


def possible(feed, reference, value, pair=PAIR, at=9):
    return feed.checked._possible(reference, *pair.split("/"), value, us(at), feed.limits, STALE)


def test_a_repetition_confirms_within_twenty_times_of_the_last_rate_and_five_of_the_typical():
    """Both ends; without a typical rate the former alone, where the pair says something itself."""
    known = _Reference(1400.0, 1.1, 20.0)
    feed = believing((0, "1400"), (1, "1400"), (2, "1400"))
    assert [possible(feed, known, value) for value in (6500.0, 6501.0, 260.0, 259.0)] == [True, False, True, False]
    feed = believing((0, "1400"), (1, "1400"), (2, "1400"), typical={})
    assert [possible(feed, known, value) for value in (28_000.0, 28_001.0, 70.0, 69.9)] == [True, False, True, False]


def test_an_established_pair_is_confirmed_by_its_own_rates_alone():
    """Three points are established; of fewer, and without a cross, a repetition counts."""
    for count, expected in ((2, True), (3, False)):
        feed = believing(*((minute, "1400") for minute in range(count)), typical={})
        assert possible(feed, _Reference(1400.0, 1.1, 20.0), 50_000.0) is expected
        assert possible(feed, _Reference(1400.0, 1.1, 0.0), 1500.0) is expected
    assert possible(Feed(), _Reference(1400.0, 1.1, 0.0), 1500.0)


def test_of_a_first_rate_and_crosses_the_one_nearer_to_the_typical_rate_is_right():
    """Crosses say 7 000, 5.4 times away: 1 300 x 2 is nearer; as near is not nearer, and unknown is for an officer."""
    feed = Feed()
    for pair, mid in (("EUR/KRW", "5200"), ("EUR/USD", "2")):
        feed.checked.rates.add(*pair.split("/"), mid, us(0), 0, None)
    reference = _Reference(2600.0, 1.1, 0.0)
    assert [possible(feed, reference, value) for value in (2599.0, 2600.0, 651.0, 650.0, 649.0)] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert possible(feed, reference, 1500.0, at=26 * HOUR)
    assert possible(feed, reference, 3000.0, at=26 * HOUR + 1)
    feed.limits = limits_of(typical={})
    assert not possible(feed, reference, 1500.0)


def test_a_first_rate_that_wrong_crosses_contradict_is_confirmed_by_a_repetition():
    """They say 2 600 until they are stale; 1 300 is the typical rate itself."""
    feed = Feed()
    for pair, mid in (("EUR/KRW", "5200"), ("EUR/USD", "2")):
        feed.checked.rates.add(*pair.split("/"), mid, us(0), 0, None)
    assert feed.all((2, "1300"), (12, "1300")) == ["rate.held", "rate.confirmed"]


def test_a_first_rate_out_of_order_is_for_an_officer():
    """Nothing of the pair is in force, so that no repetition confirms what is six times away."""
    feed = Feed()
    assert feed.all((0, "7800"), (10, "7800"), (20, "7800")) == ["rate.held"] * 3
    feed = Feed(confirmed={PAIR: "7100"})
    assert feed.all((0, "7811"), (1, "7810"), (2, "7810")) == ["rate.held", "rate.confirmed", None]


# -- crosses and officers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mid", "believed"), [("1540", True), ("1541", False), ("1273", True), ("1272", False)])
def test_an_officer_or_crosses_may_say_the_same(mid, believed):
    """Within a tenth; the officer's word is of one pair and direction, crosses count until they are stale."""
    asked = (mid, us(9))
    feed = Feed(confirmed={PAIR: "1400"})
    assert feed.checked._believed("USD", "KRW", *asked, feed.limits, STALE) is believed
    assert not feed.checked._believed("KRW", "USD", *asked, feed.limits, STALE)
    assert not Feed().checked._believed("USD", "KRW", *asked, limits_of(), STALE)
    feed = Feed(confirmed={PAIR: "9"})
    for pair, at in (("EUR/KRW", 0), ("EUR/USD", 1)):
        feed.checked.rates.add(*pair.split("/"), "1540" if at == 0 else "1.1", us(at), 0, None)
    assert feed.checked._believed("USD", "KRW", *asked, feed.limits, STALE) is believed
    assert not feed.checked._believed("USD", "KRW", mid, STALE + 1, feed.limits, STALE)


# -- several feeds ---------------------------------------------------------------------------------------------------


def test_a_feeds_word_is_heard_unless_it_is_of_another_time():
    """Ten minutes ahead of its Kafka timestamp at most; one of before its last word is judged without feeds."""
    feed = Feed(sources=("A", "B"))
    asked = Asked(us(20), us(20), 1.1, us(10), STALE)
    heard = feed.checked._heard
    assert heard(PAIR, "A", "1400", us(10), feed.limits, asked) == {"A": FeedWord(us(20), us(20), "1400")}
    assert heard(PAIR, "A", "1400", us(10) - 1, feed.limits, asked) is None
    earlier = asked._replace(at_us=us(19))
    assert heard(PAIR, "A", "1400", us(20), feed.limits, earlier) is None
    assert heard(PAIR, "B", "1400", us(20), feed.limits, earlier).keys() == {"A", "B"}
    feed.limits = limits_of(sources=("B",))
    assert heard(PAIR, "B", "1400", us(20), feed.limits, asked).keys() == {"B"}
    assert heard(PAIR, "B", "1400", us(20), limits_of(), asked) is None
    assert feed.checked.words.keys() == {PAIR}


def test_two_feeds_of_one_time_correct_each_other_not():
    """The first that was believed stands; a feed corrects a rate of before its last word."""
    feed = Feed(sources=("A", "B"))
    assert [feed.say(0, "1400", source="A"), feed.say(0, "1401", source="B")] == [None, None]
    assert feed.history() == [(0, "1400", 1)]
    feed.say(1, "1400", source="A")
    assert feed.say(0, "1402", source="A") == "rate.corrected"
    assert feed.say(2, "1403", source="B") is None
    assert [mid for _, mid, _ in feed.history()] == ["1402", "1400", "1403"]


def fed(*, clock=None):
    """A says 1 400 and B 1 820, each since minute 0; C has said nothing."""
    feed = Feed(sources=("A", "B", "C"))
    for minute in range(11):
        feed.say(minute, "1400", source="A", clock=clock)
        feed.say(minute + 0.1, "1820", source="B", clock=clock)
    return feed


def test_most_of_the_feeds_confirm_a_rate():
    """C says B's for ten minutes: two of three; a minute before, and dated ahead of passed time, not."""
    feed = fed()
    assert [feed.say(minute, "1820", source="C") for minute in (11, 20.9, 21)] == [
        "rate.held",
        "rate.held",
        "rate.confirmed",
    ]
    assert (feed.checked.held, feed.checked.levels) == ({}, {PAIR: us(21)})
    feed = fed()
    assert [feed.say(minute, "1820", source="C") for minute in (11, 20.9)] == ["rate.held"] * 2
    assert feed.say(21, "1820", source="C", clock=15) == "rate.held"
    assert feed.say(21.1, "1820", source="C", clock=16.1) == "rate.confirmed"


def test_what_most_feeds_contradict_is_held_though_it_is_near_the_last_rate():
    """A and C have said 1 500 since, and 1 400 is the rate in force; crosses or an officer may still say so."""
    feed = Feed(sources=("A", "B", "C"))
    feed.say(0, "1400", source="B")
    for minute in range(1, 12):
        for name in "AC":
            feed.checked._heard(
                PAIR, name, "1600", us(minute), feed.limits, Asked(us(minute), us(minute + 10), 1.1, us(10), STALE)
            )
    assert feed.say(12, "1400", source="B") == "rate.held"
    assert feed.held() == []
    feed.limits = limits_of(sources=("A", "B", "C"), confirmed={PAIR: "1400"})
    assert feed.say(13, "1400", source="B") == "rate.confirmed"


# -- a snapshot ------------------------------------------------------------------------------------------------------


def remembered(checked):
    """Everything."""
    return list(checked.rates.sections()), checked.held, checked.levels, checked.words


def test_a_save_and_a_copy_keep_everything_and_are_changed_by_nothing_later():
    """What is believed, held, confirmed, and what feeds say."""
    feed = fed()
    feed.checked.held = {PAIR: [Held(5, "2000"), Held(6, "3000")], "EUR/USD": [Held(7, "9")]}
    feed.checked.levels = {"EUR/USD": 4, PAIR: 3}
    restored = Checked.from_state(list(feed.checked.rates.sections()), feed.checked.held_to_state())
    copy = Checked()
    assert list(feed.checked.copying(copy)) == []
    assert remembered(restored) == remembered(copy) == remembered(feed.checked)
    assert restored.held_to_state() == copy.held_to_state() == feed.checked.held_to_state()
    before = copy.held_to_state()
    feed.checked.held[PAIR][0].first_us = 1
    feed.checked.levels[PAIR] = 9
    feed.checked.words[PAIR]["A"].mid = "1"
    feed.checked.words["new"] = {}
    assert copy.held_to_state() == before
    with pytest.raises(ValueError, match="of length 3, got 2"):
        Checked.from_state([], b"\x92\x90")
