"""When ranks become useful: at 60, 3 000 and a million payments a day, as the budget and the calibration have it."""

import pytest

from detectors.ranking.budget import Budget, Ceiling
from detectors.ranking.outlook import Learned, outlook
from tests.support.ledger import configuration

SHIPPED = configuration().detectors
NOTHING = Learned(partitions={}, everyone=0)


def everywhere(each: int, everyone: int | None = None) -> Learned:
    """Twelve partitions that learned so many payments each."""
    return Learned(partitions=dict.fromkeys(range(12), each), everyone=12 * each if everyone is None else everyone)


@pytest.mark.parametrize(
    ("a_day", "days", "rank", "needed", "by_rank", "by_lot"),
    [
        (60, 6.0, 0.002, 499, 0.12, 0.12),
        (3_000, 0.12, 1 / 3_000, 2_999, 1.0, 1.0),
        (1_000_000, 0.00036, 1e-6, 999_999, 1.0, 1.0),
    ],
)
def test_a_new_deployment(a_day, days, rank, needed, by_rank, by_lot):
    """Thirty payments in each of twelve partitions, the rank that alerts, and what comes by chance."""
    found = outlook(SHIPPED, 12, a_day, NOTHING)
    assert found.days_until_all_rank == pytest.approx(days)
    assert found.alerting_rank == pytest.approx(rank)
    assert abs(found.needed - needed) <= 1  # a share of one in a million is no exact fraction
    assert (found.by_rank_a_day, found.by_lot_a_day) == (pytest.approx(by_rank), pytest.approx(by_lot))
    assert (found.warm_partitions, found.among, found.finest_counted, found.coarse) == (0, 0, 1.0, True)


def test_sixty_a_day_is_told_to_load_its_past():
    """Six days until all rank, more than eight until counting suffices: history, warm-up, partitions, or patience."""
    found = outlook(SHIPPED, 12, 60, NOTHING)
    assert found.days_until_counted == pytest.approx(499 / 60)
    assert found.advice == ("load_history", "lower_warm_up", "fewer_partitions", "wait")


def test_sixty_a_day_with_ninety_days_of_history_needs_nothing():
    """All rank, and 5 400 payments are more than the 500 that the ceiling asks for."""
    found = outlook(SHIPPED, 12, 60, everywhere(450))
    assert (found.warm_partitions, found.days_until_all_rank, found.days_until_counted) == (12, 0.0, 0.0)
    assert (found.coarse, found.advice) == (False, ())


def test_a_million_a_day_rests_on_a_fitted_tail_for_good():
    """At most 120 000 payments are counted: a rank of one in a million is beyond them, today and always."""
    found = outlook(SHIPPED, 12, 1_000_000, everywhere(10_000_000, 120_000))
    assert (found.coarse, found.needed > found.most_counted, found.days_until_counted) == (True, True, None)
    assert found.advice == ()


def test_without_payments_nobody_can_say():
    """No division by nothing, and no promise."""
    found = outlook(SHIPPED, 12, 0, NOTHING)
    assert (found.days_until_all_rank, found.days_until_counted) == (None, None)
    assert found.advice == ("send_payments", "load_history")


@pytest.mark.parametrize("change", [{"most_by_chance": 0.0}, {"daily_budget": 0.0}])
def test_a_ceiling_that_nothing_can_reach_is_told(change):
    """Rank 0 is no rank: no payment can alert by it."""
    found = outlook(configuration(detectors=change).detectors, 12, 60, everywhere(450))
    assert (found.alerting_rank, found.by_rank_a_day, found.coarse) == (0.0, 0.0, False)
    assert found.advice[0] == "raise_by_chance"


@pytest.mark.parametrize("a_day", [60, 3_000, 120_000, 1_000_000])
def test_the_alerting_rank_is_what_the_budget_lets_through(a_day):
    """The arithmetic here and the budget's own decision agree, on a day of the usual volume."""
    found = outlook(SHIPPED, 12, a_day, NOTHING)
    each = a_day // 12
    ceiling = Ceiling(SHIPPED.ceiling, SHIPPED.by_chance)
    budget = Budget.new(SHIPPED.daily_budget, 12, SHIPPED.exploration, 1, finest_rank=1e-9, ceiling=ceiling)
    for day in ("2026-01-01", "2026-01-02"):
        for _ in range(each):
            budget.note_past(day)
    budget.offer(1.0, 0.0, "2026-01-03")
    assert min(budget.ceiling(), 1.0) == pytest.approx(found.alerting_rank, rel=1e-4)


def test_one_slow_partition_is_the_one_that_is_told_of():
    """All others may rank long before it."""
    found = outlook(SHIPPED, 3, 60, Learned(partitions={0: 500, 1: 500, 2: 10}, everyone=1_000))
    assert (found.warm_partitions, found.least_learned, found.days_until_all_rank) == (2, 10, 1.0)
    assert found.advice == ("wait",)


@pytest.mark.parametrize(("a_day", "partitions"), [(-1, 12), (60, 0), (float("nan"), 12)])
def test_what_is_no_volume_is_refused(a_day, partitions):
    """A negative or missing number gives no outlook."""
    with pytest.raises(ValueError, match="no volume"):
        outlook(SHIPPED, partitions, a_day, NOTHING)
