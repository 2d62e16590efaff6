"""The budget's account: what is overdrawn is owed, exploring has its own share, and history spends nothing."""

from datetime import timedelta

import msgspec

from detectors.ranking.budget import Budget
from tests.support.ledger import START, Ledger, configuration


def offered(budget: Budget, day: str, ranks: list[float]) -> int:
    """How many of a day's events are chosen."""
    return sum(budget.offer(rank, 0.0, day) is not None for rank in ranks)


def test_what_a_day_overdraws_the_next_one_owes():
    """A budget of half an alert a day: one on Monday leaves a debt, so that Tuesday has none to give."""
    budget = Budget.new(0.5, 1, 0.0, 7, finest_rank=1e-9)
    ordinary = [1.0] * 999
    assert offered(budget, "2026-01-05", [1e-8, *ordinary]) == 1
    assert offered(budget, "2026-01-06", [1e-8, *ordinary]) == 0
    assert sum(offered(budget, f"2026-01-{day:02d}", [1e-8, *ordinary]) for day in range(7, 27)) in range(9, 12)


def test_exploring_takes_its_share_from_the_budget():
    """With half of the budget for exploring, ranked alerts are half as many, and both together are the budget."""
    ranked = explored = 0
    budget = Budget.new(20.0, 1, 0.5, 7)
    ranks = [(number + 0.5) / 1000 for number in range(1000)]
    for day in range(1, 29):
        for place in range(1000):
            selection = budget.offer(ranks[place * 7919 % 1000], 0.0, f"2026-01-{day:02d}")
            if selection is not None:
                explored += selection.explored
                ranked += not selection.explored
    assert 9 * 28 <= ranked <= 11 * 28
    assert 8 * 28 <= explored <= 12 * 28


def test_history_spends_nothing_of_the_budget():
    """Loaded history is scored, and the budget does not know of it: not a lot drawn, not an event counted."""
    ledger = Ledger(
        configuration(
            detectors={
                "warm_up": 5,
                "calibration_window": 50,
                "daily_budget": 5000.0,
                "rank_ceiling": 1.0,
                "most_by_chance": 1e9,
            }
        )
    )
    for number in range(40):
        ledger.pay(f"h{number}", START + timedelta(hours=number), str(100 + number), history=True, evidence="shown")
    assert ledger.state.counters["scored"] == 40
    fresh = Ledger(
        configuration(
            detectors={
                "warm_up": 5,
                "calibration_window": 50,
                "daily_budget": 5000.0,
                "rank_ceiling": 1.0,
                "most_by_chance": 1e9,
            }
        )
    )
    # it says how many payments a day to expect, and nothing else
    told = msgspec.msgpack.decode(ledger.state.budget.to_state())
    assert (sum(told.pop("past").values()), told.pop("loaded")) == (40, True)
    untouched = msgspec.msgpack.decode(fresh.state.budget.to_state())
    assert (untouched.pop("past"), untouched.pop("loaded")) == ({}, False)
    assert told == untouched
    ledger.pay("live", START + timedelta(hours=41), "77777", evidence="shown")
    assert ledger.state.budget.to_state() != fresh.state.budget.to_state()
