"""The budget as a ceiling: what is not rare among a day's payments does not alert, however much is left."""

import math
import random

import pytest

from detectors.ranking.budget import Budget, Ceiling


def uniform_days(budget, payments_a_day, days, seed=1, rank=lambda rng: rng.random()):
    """How many alert on each day, by rank and by lot, of payments that are as rare as chance has it."""
    rng, found = random.Random(seed), []
    for number in range(days):
        day, by_rank, by_lot = f"2026-{1 + number // 28:02}-{1 + number % 28:02}", 0, 0
        for _ in range(payments_a_day):
            selection = budget.offer(rank(rng), 0.0, day)
            by_rank += selection is not None and not selection.explored
            by_lot += selection is not None and selection.explored
        found.append((by_rank, by_lot))
    return found


def mean(values):
    values = list(values)
    return sum(values) / len(values)


@pytest.mark.parametrize("daily", [20.0, 200.0])
@pytest.mark.parametrize("partitions", [1, 4])
def test_without_crime_a_budget_is_not_used_up(daily, partitions):
    """At 3 000 payments a day two statistical alerts a day come by chance, lots included, whatever the budget is."""
    whole = []
    for partition in range(partitions):
        ceiling = Ceiling(0.002, 2.0)
        budget = Budget.new(daily, partitions, 0.05, partition, finest_rank=1e-9, ceiling=ceiling)
        whole.append(uniform_days(budget, 3_000 // partitions, 100, seed=partition)[20:])
    by_rank, by_lot = (mean(sum(day[kind] for day in one) for one in zip(*whole, strict=True)) for kind in (0, 1))
    assert by_rank == pytest.approx(1.0, abs=0.3)
    assert by_lot == pytest.approx(1.0, abs=0.3)


def test_at_few_payments_a_day_the_ceiling_on_the_rank_holds():
    """At 60 a day 0.12 a day by rank and at most as many by lot: one payment in 500 of each."""
    budget = Budget.new(20.0, 1, 0.05, 7, finest_rank=1e-9, ceiling=Ceiling(0.002, 2.0))
    found = uniform_days(budget, 60, 600)[50:]
    assert mean(day[0] for day in found) == pytest.approx(0.12, abs=0.05)
    assert mean(day[1] for day in found) == pytest.approx(0.12, abs=0.05)


def test_a_rank_above_the_ceiling_never_alerts():
    """However much of the budget is left; below it, and rare enough for the day's volume, it does."""
    budget = Budget.new(1000.0, 1, 0.0, 7, ceiling=Ceiling(0.002, 100.0))
    for _ in range(1000):
        assert budget.offer(0.0021, 0.0, "2026-01-05") is None
    assert budget.offer(0.0019, 0.0, "2026-01-05") is not None


def test_the_days_volume_narrows_the_ceiling():
    """Two by chance of 10 000 a day: a rank of 2 in 10 000; of 1 000 a day the ceiling's own."""
    for payments, least in ((10_000, 2.0 / 10_000), (100, 0.002)):
        budget = Budget.new(1000.0, 1, 0.0, 7, ceiling=Ceiling(0.002, 2.0))
        uniform_days(budget, payments, 30, rank=lambda rng: 1.0)
        assert budget.ceiling() == pytest.approx(least, rel=0.01)


def test_the_budget_still_ends_a_day():
    """A day of rare payments alone raises the budget's alerts, and not more than what a day may be ahead of itself."""
    budget = Budget.new(10.0, 1, 0.0, 7, ceiling=Ceiling(0.002, 2.0))
    uniform_days(budget, 1000, 10, rank=lambda rng: 1.0)
    (found,) = [
        sum(budget.offer(1e-5, 0.0, "2026-03-01") is not None for _ in range(1000)),
    ]
    assert 9 <= found <= 12


def test_lots_never_take_more_than_half_of_what_may_come_by_chance():
    """An exploration of 20 % of 20 alerts a day would be four, where two may come by chance."""
    budget = Budget.new(20.0, 1, 0.2, 7, finest_rank=1e-9, ceiling=Ceiling(0.002, 2.0))
    found = uniform_days(budget, 2_000, 80)[20:]
    assert mean(day[1] for day in found) == pytest.approx(1.0, abs=0.35)
    assert mean(day[0] for day in found) == pytest.approx(1.0, abs=0.35)


@pytest.mark.parametrize("ceiling", [Ceiling(0.0, 1.0), Ceiling(1.1, 1.0), Ceiling(0.5, -1.0), Ceiling(0.5, math.nan)])
def test_a_ceiling_out_of_range_is_refused(ceiling):
    """By name, with both numbers."""
    with pytest.raises(ValueError, match="ceiling is out of range"):
        Budget.new(20.0, 1, 0.05, 7, ceiling=ceiling)


def test_a_ceiling_is_part_of_the_state():
    """A loaded budget has it, and draws as the one that was saved."""
    budget = Budget.new(20.0, 4, 0.05, 7, ceiling=Ceiling(0.002, 2.0))
    uniform_days(budget, 300, 3)
    loaded = Budget.from_state(budget.to_state())
    assert loaded.ceiling() == budget.ceiling() < 0.002
    assert uniform_days(loaded, 300, 3) == uniform_days(budget, 300, 3)
