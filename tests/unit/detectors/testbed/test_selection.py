"""Alerts and party-days under a daily budget."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.testbed.selection import day_ranks, within


def ranks(rows, eligible=None, raised=None):
    """Ranks of (day, party, priority, usd) rows; `raised` tells which are alerts."""
    day, party, priority, usd = (np.array(column) for column in zip(*rows, strict=True))
    may = np.ones(len(rows), np.bool_) if eligible is None else np.array(eligible)
    alerts = None if raised is None else np.array(raised, np.bool_)
    return day_ranks(day, party, priority.astype(np.float64), usd, may, alerts).tolist()


def test_a_party_stands_in_a_days_queue_once():
    """Party 1's best event of the day stands for it; the next day it is there again."""
    rows = [(0, 1, 0.5, 10), (0, 1, 0.9, 10), (0, 2, 0.7, 10), (1, 1, 0.2, 10)]
    assert ranks(rows) == [0, 1, 2, 1]


def test_each_alert_costs_one_and_comes_before_what_was_not_raised():
    """Party 1 has two alerts that day, party 2 one; the payment of the best score and that of party 1 were not raised.

    The alerts go first, by priority, three places in all. Then party 3's payment. Party 1 is opened already.
    """
    rows = [(0, 1, 0.2, 10), (0, 1, 0.6, 10), (0, 2, 0.4, 10), (0, 3, 0.9, 10), (0, 1, 0.8, 10), (1, 1, 0.8, 10)]
    assert ranks(rows, raised=[True, True, True, False, False, False]) == [3, 1, 2, 4, 0, 1]


def test_an_alert_of_history_stands_in_no_queue_and_opens_nothing():
    """It was raised before what is judged: the party's payment of that day is there for what is left of the budget."""
    assert ranks([(0, 1, 0.9, 1), (0, 1, 0.3, 1)], [False, True], [True, False]) == [0, 1]


def test_ties_go_to_the_larger_amount_then_to_the_earlier_row():
    """Equal priority: the larger payment first; equal amounts too: the row that came first."""
    assert ranks([(0, 1, 0.5, 10), (0, 2, 0.5, 99), (0, 3, 0.5, 10)]) == [2, 1, 3]
    assert ranks([(0, 1, 0.5, 10), (0, 1, 0.5, 10)]) == [1, 0]


def test_history_and_what_has_nothing_to_say_never_alert():
    """A row of history is out, and so is a priority of 0: budget is a maximum."""
    assert ranks([(0, 1, 0.9, 1), (0, 2, 0.0, 1), (0, 3, 0.1, 1)], [False, True, True]) == [0, 0, 1]
    assert ranks([(0, 1, 0.0, 1)]) == [0]


def test_nonsense_is_refused():
    """A priority that is NaN and a budget below 1 are faults of the caller."""
    with pytest.raises(ValueError, match="not a number"):
        ranks([(0, 1, np.nan, 1)])
    with pytest.raises(ValueError, match="too small"):
        within(np.zeros(3, np.int32), 0)


def test_a_budget_takes_the_first_of_the_queue():
    """At a budget of 2 the first and the second alert: neither the third nor what never alerts."""
    order = day_ranks(np.zeros(4), np.arange(4), np.array([0.0, 0.9, 0.5, 0.7]), np.ones(4), np.ones(4, np.bool_))
    assert (order.tolist(), order.dtype) == ([0, 1, 3, 2], np.int32)
    assert within(order, 2).tolist() == [False, True, False, True]
    assert within(order, 1).tolist() == [False, True, False, False]


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from([0.0, 0.1, 0.5, 0.9]), st.integers(0, 3)),
    min_size=1,
    max_size=60,
)


@given(ROWS)
def test_a_larger_budget_keeps_every_alert(rows):
    """Alerts at a budget are among those at any larger one, at most one a party and day, at most the budget a day."""
    order = np.array(ranks(rows, raised=[False] * len(rows)), np.int32)
    before = np.zeros(len(rows), np.bool_)
    for budget in (1, 2, 3, 7):
        chosen = within(order, budget)
        assert (chosen | ~before).all()
        picked = [rows[place][:2] for place in np.flatnonzero(chosen)]
        assert len(set(picked)) == len(picked)
        assert all(sum(day == one for one, _ in picked) <= budget for day in range(4))
        before = chosen


@given(ROWS, st.data())
def test_the_queue_is_what_a_plain_sort_gives(rows, data):
    """Against the obvious implementation: alerts sorted, then of each party without one its best, all numbered."""
    raised = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    keys = [(-priority, -usd, place) for place, (_, _, priority, usd) in enumerate(rows)]
    said = [place for place, row in enumerate(rows) if row[2] > 0]
    expected = [0] * len(rows)
    for day in range(4):
        of_day = sorted((place for place in said if rows[place][0] == day), key=keys.__getitem__)
        queue = [place for place in of_day if raised[place]]
        opened = {rows[place][1] for place in queue}
        for place in of_day:
            if rows[place][1] not in opened:
                opened.add(rows[place][1])
                queue.append(place)
        for rank, place in enumerate(queue, 1):
            expected[place] = rank
    assert ranks(rows, raised=raised) == expected
    plain = ranks(rows)
    assert plain == ranks(rows, raised=[False] * len(rows))
