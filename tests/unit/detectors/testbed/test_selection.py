"""Party-days under a daily budget."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.testbed.selection import party_day_ranks, within


def ranks(rows, eligible=None):
    """Ranks of (day, party, priority, usd) rows."""
    day, party, priority, usd = (np.array(column) for column in zip(*rows, strict=True))
    may = np.ones(len(rows), np.bool_) if eligible is None else np.array(eligible)
    return party_day_ranks(day, party, priority.astype(np.float64), usd, may).tolist()


def test_a_party_stands_in_a_days_queue_once():
    """Party 1's best event of the day stands for it; the next day it is there again."""
    rows = [(0, 1, 0.5, 10), (0, 1, 0.9, 10), (0, 2, 0.7, 10), (1, 1, 0.2, 10)]
    assert ranks(rows) == [0, 1, 2, 1]


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
    order = party_day_ranks(np.zeros(4), np.arange(4), np.array([0.0, 0.9, 0.5, 0.7]), np.ones(4), np.ones(4, np.bool_))
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
    order = np.array(ranks(rows), np.int32)
    before = np.zeros(len(rows), np.bool_)
    for budget in (1, 2, 3, 7):
        chosen = within(order, budget)
        assert (chosen | ~before).all()
        picked = [rows[place][:2] for place in np.flatnonzero(chosen)]
        assert len(set(picked)) == len(picked)
        assert all(sum(day == one for one, _ in picked) <= budget for day in range(4))
        before = chosen


@given(ROWS)
def test_the_queue_is_what_a_plain_sort_gives(rows):
    """Against the obvious implementation: sort, take each party's first of the day, number them."""
    best = {}
    for place, (day, party, priority, usd) in enumerate(rows):
        if priority > 0:
            held = best.get((day, party))
            if held is None or (-priority, -usd, place) < held:
                best[day, party] = (-priority, -usd, place)
    expected = [0] * len(rows)
    for day in range(4):
        for rank, (_, _, place) in enumerate(sorted(value for key, value in best.items() if key[0] == day), 1):
            expected[place] = rank
    assert ranks(rows) == expected
