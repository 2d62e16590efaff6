"""What a sender's share is worked out from: records of each day, what is usual, and quotas; by hand, in whole numbers.

Usual numbers are in 64ths of a record a day.
"""

import msgspec
import pytest

from detectors.values.legal_calendar import DAY_US
from detectors.values.shares import AT_ONCE, IDLE_US, MOST_SHARES, OTHERS, GivenShare, Shares


def sent(shares, day, **records):
    """Each sender sends so many records on a day."""
    for sender, number in records.items():
        for _ in range(number):
            shares.give(sender, day * DAY_US)


def usual(shares):
    """What each sender usually sends."""
    volumes = msgspec.msgpack.decode(shares.to_state())[3]
    return {sender: parts for sender, parts, _ in volumes}


def test_a_new_table_is_empty():
    assert Shares().to_state() == msgspec.msgpack.encode((0, [], 0, []))


def test_quotas_change_with_each_power_of_two_of_a_days_records():
    shares = Shares()
    changed = [shares.give("A", number) == GivenShare(None, changed=True) for number in range(9)]
    # the 1st, 2nd, 4th and 8th
    assert changed == [True, True, False, True, False, False, False, True, False]
    assert shares.give("B", 10) == GivenShare(None, changed=True)
    assert shares.give("A", 11) == GivenShare(None, changed=False)
    assert shares.give("A", DAY_US) == GivenShare(None, changed=True)


def test_the_first_day_is_usual_as_it_was_and_days_without_records_before_the_next_take_nothing():
    shares = Shares()
    sent(shares, 5, A=3, B=1)
    assert usual(shares) == {"A": 0, "B": 0}
    sent(shares, 8, A=1)
    assert usual(shares) == {"A": 3 * 64, "B": 64}


def test_an_eighth_of_what_is_usual_is_the_last_day():
    shares = Shares()
    sent(shares, 0, A=3, B=1)
    sent(shares, 1, A=1)
    sent(shares, 2, A=1)
    # (7 x 192 + 64) / 8, and (7 x 64 + 0) / 8
    assert usual(shares) == {"A": 176, "B": 56}


def test_a_day_without_records_takes_an_eighth_and_rounds_down():
    shares = Shares()
    sent(shares, 0, A=3, B=1)
    sent(shares, 1, A=3, B=1)
    sent(shares, 5, A=1)
    # as usual on day 1, then three empty days: 192, 168, 147, 128; 64, 56, 49, 42
    assert usual(shares) == {"A": 128, "B": 42}


@pytest.mark.parametrize(("records", "expected"), [(10, 136), (16, 184), (17, 184), (100, 184)])
def test_a_day_counts_for_sixteen_records_at_most_where_little_is_usual(records, expected):
    """1 a day is usual: (7 x 64 + 64 x 10) / 8, and with 16 and more (448 + 1 024) / 8."""
    shares = Shares()
    sent(shares, 0, A=1)
    sent(shares, 1, A=records)
    sent(shares, 2, A=1)
    assert usual(shares) == {"A": expected}


def test_a_sender_that_is_listed_no_more_loses_its_share_and_what_was_known_of_it():
    shares = Shares()
    shares.list(["A"])
    sent(shares, 0, A=3, B=1)
    shares.list([])
    assert shares.quotas(100) == {"B": 100}
    shares.list(["A"])
    # the first record again, not the fourth
    assert [shares.give("A", 1).changed for _ in range(3)] == [True, True, False]
    assert usual(shares) == {"B": 0, "A": 0}


def test_who_gives_a_share_up_has_none_any_more():
    """64 at once and one a day to 256; the one silent for longest, for more than 35 days, gives way."""
    shares = Shares()
    for number in range(MOST_SHARES):
        day = max(0, number - AT_ONCE + 1)
        assert shares.give(f"N{number}", day * DAY_US).given_up is None
    assert MOST_SHARES - AT_ONCE > IDLE_US // DAY_US
    given = shares.give("NEW", (MOST_SHARES - AT_ONCE + 1) * DAY_US)
    assert given == GivenShare("N0", changed=True)
    assert len(shares.quotas(10_000)) == MOST_SHARES
    assert not {"N0", OTHERS} & shares.quotas(10_000).keys()


def test_on_the_first_day_powers_of_two_of_what_came_count_and_nobody_more_than_all_others():
    shares = Shares()
    sent(shares, 0, A=8, B=1, C=1)
    # a quarter of 1 200 in equal parts; of 900 half to A, which counts for B and C together
    assert shares.quotas(1200) == {"A": 100 + 450, "B": 325, "C": 325}
    # 1 001: 83 each, and of 752 a half and two quarters
    assert shares.quotas(1001) == {"A": 83 + 376, "B": 83 + 188, "C": 83 + 188}
    assert shares.quotas(1003) == {"A": 83 + 377, "B": 83 + 188, "C": 83 + 188}


def test_a_sender_of_which_nothing_is_usual_any_more_has_its_equal_part():
    """B's one record of a hundred days ago counts for nothing, and so does a day on which it sent nothing."""
    shares = Shares()
    sent(shares, 0, A=100, B=1, C=100)
    for day in range(1, 60):
        sent(shares, day, A=100, C=100)
    assert usual(shares)["B"] == 0
    # a quarter of 60 000 by three is 5 000
    assert shares.quotas(60_000) == {"A": 5000 + 22_500, "B": 5000, "C": 5000 + 22_500}


def test_a_sender_that_sent_nothing_today_counts_for_what_is_usual():
    """B's usual 56 is less than one record's 64, and less than the mean of 152."""
    shares = Shares()
    sent(shares, 0, A=3, B=1, C=4)
    sent(shares, 1, A=3, C=4)
    sent(shares, 2, A=1)
    assert usual(shares) == {"A": 192, "B": 56, "C": 256}
    # C counts for no more than A and B together, 248: 192 + 56 + 248 = 496
    equal, rest = 4960 // 12, 4960 - 3 * (4960 // 12)
    assert shares.quotas(4960) == {
        "A": equal + rest * 192 // 496,
        "B": equal + rest * 56 // 496,
        "C": equal + rest * 248 // 496,
    }


def test_one_that_counts_beside_one_that_does_not_has_half():
    """Nobody counts for more than all others together: where these count for nothing, all have the same."""
    shares = Shares()
    sent(shares, 0, A=100, B=1)
    for day in range(1, 60):
        sent(shares, day, A=100)
    assert usual(shares)["B"] == 0
    assert shares.quotas(101) == {"A": 50, "B": 50}
