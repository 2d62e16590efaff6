"""What a feed says of a pair, record by record: which one goes on with its word, begins a new one, or breaks it."""

import pytest

from detectors.rates.rate_sources import Asked, FeedWord, most_say, near, say

TEN, STALE = 600, 3600


def asked(at, passed=10_000):
    return Asked(at_us=at, passed_us=passed, factor=1.1, confirm_us=TEN, stale_us=STALE)


@pytest.mark.parametrize(
    ("at", "mid", "current", "after"),
    [
        # later: goes on, or begins anew
        (301, "1410", True, FeedWord(100, 301, "1410")),
        (301, "1820", True, FeedWord(301, 301, "1820")),
        # of the same time: nothing new, and another rate breaks the repetition
        (300, "1410", False, FeedWord(100, 300, "1400")),
        (300, "1820", False, FeedWord(300, 300, "1400")),
        # between the beginning, which counts, and the last
        (100, "1410", False, FeedWord(100, 300, "1400")),
        (100, "1820", False, FeedWord(300, 300, "1400")),
        # of before
        (99, "1410", False, FeedWord(100, 300, "1400")),
        (99, "1820", False, FeedWord(100, 300, "1400")),
    ],
)
def test_a_record_beside_the_feeds_word(at, mid, current, after):
    words = {"A": FeedWord(100, 300, "1400")}
    assert say(words, "A", mid, asked(at)) is current
    assert words == {"A": after}


def test_a_word_dated_ahead_of_all_time_that_passed_gives_way():
    """By a second ahead; one that begins just now stays."""
    words = {"A": FeedWord(1001, 1001, "1400")}
    assert say(words, "A", "1820", asked(50, passed=1000))
    assert words == {"A": FeedWord(50, 50, "1820")}
    words = {"A": FeedWord(1000, 1000, "1400")}
    assert not say(words, "A", "1820", asked(50, passed=1000))
    assert words == {"A": FeedWord(1000, 1000, "1400")}


def test_a_word_counts_until_it_is_older_than_stale():
    """One feed says 1 820 now, another last said 1 400 so long ago: a half while it counts, all of them after."""
    words = {"A": FeedWord(5000 - TEN, 5000, "1820"), "B": FeedWord(0, 5000 - STALE, "1400")}
    assert not most_say(words, 1820.0, asked(5000))
    words["B"] = FeedWord(0, 5000 - STALE - 1, "1400")
    assert most_say(words, 1820.0, asked(5000))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (100.0, 110.0, True),
        (110.0, 100.0, True),
        (100.0, 111.0, False),
        (111.0, 100.0, False),
        (0.5, 0.5, True),
        (0.0, 0.0, False),
        (float("inf"), float("inf"), False),
        (1.0, float("inf"), False),
        (0.0, 1.0, False),
    ],
)
def test_near_is_within_a_factor_either_way(one, other, expected):
    assert near(one, other, 1.1000001) is expected
