"""The alert budget: mean volume, pace, late events, exploration, state."""

import random

import pytest

from detectors.ranking.budget import Budget, Ceiling


def days(count, first=1):
    return [f"2026-{1 + index // 28:02d}-{1 + index % 28:02d}" for index in range(first - 1, first - 1 + count)]


def spend(budget, volume, calendar, seed, rank=lambda rng: max(1e-4, rng.random())):
    """Alerts per day when `volume` events a day are offered."""
    rng, out = random.Random(seed), []
    for number, day in enumerate(calendar):
        out.append(sum(budget.offer(rank(rng), number * 86_400.0, day) is not None for _ in range(volume)))
    return out


@pytest.mark.parametrize("volume", [300, 1000, 5000])
def test_the_mean_volume_is_the_budget(volume):
    """After the first week, 12 partitions of a budget of 60 a day raise 5 a day each, within 10 %, at any volume."""
    counts = spend(Budget.new(60.0, 12, 0.05, 3), volume, days(100), 1)[7:]
    assert sum(counts) / len(counts) == pytest.approx(5.0, rel=0.10)


def test_the_volume_holds_where_ranks_are_too_coarse():
    """With 50 000 events a day the threshold is finer than the finest rank: lots keep the volume, with honest odds."""
    budget = Budget.new(2.0, 1, 0.0, 4, finest_rank=1e-4)
    rng, chosen = random.Random(2), []
    for day in days(20):
        for _ in range(50_000):
            selection = budget.offer(max(1, rng.randrange(1, 10_001)) / 1e4, 0.0, day)
            if selection is not None:
                chosen.append((day, selection))
    late = [selection for day, selection in chosen if day > days(20)[4]]
    assert len(late) / 15 == pytest.approx(2.0, abs=0.5)
    assert all(0.0 < selection.probability <= 1.0 and not selection.explored for selection in late)
    assert sum(selection.probability < 1.0 for selection in late) > len(late) / 2


def test_a_bad_morning_leaves_an_afternoon():
    """When every event looks rare, the day's budget is the limit, plus at most one carried over."""
    counts = spend(Budget.new(10.0, 1, 0.0, 5), 1000, days(10), 1, rank=lambda rng: 1e-4)
    assert max(counts) <= 11
    assert sum(counts) <= 10 * 10 + 1


def test_rarer_events_are_preferred():
    """Selected ranks are all under the threshold of four times the mean rate."""
    budget, rng, chosen = Budget.new(5.0, 1, 0.0, 6), random.Random(3), []
    for day in days(20):
        for _ in range(1000):
            rank = max(1e-4, rng.random())
            if budget.offer(rank, 0.0, day) is not None:
                chosen.append(rank)
    assert chosen
    assert max(chosen) <= 4 * 5.0 / 990


def test_late_events_do_not_reopen_closed_days():
    """Events of an earlier day draw on the open day: alternating days raise no more than one budget."""
    budget = Budget.new(4.0, 1, 0.0, 7)
    budget.offer(0.9, 0.0, "2026-01-05")
    selected = sum(budget.offer(1e-4, 0.0, day) is not None for _ in range(500) for day in ("2026-01-04", "2026-01-05"))
    assert 0 < selected <= 4
    assert budget.offer(1e-4, 0.0, "2026-01-03") is None


def test_exploration_is_drawn_by_lot_with_its_probability():
    """Half of the budget for exploration is spent at any rank, and the logged probability matches the frequency."""
    budget, rng = Budget.new(40.0, 1, 0.5, 8), random.Random(4)
    explored, offered = [], 0
    for day in days(30):
        for _ in range(1000):
            selection = budget.offer(rng.uniform(0.3, 1.0), 0.0, day)
            offered += 1
            if selection is not None:
                explored.append(selection)
    assert all(selection.explored and selection.probability == pytest.approx(0.02) for selection in explored)
    assert len(explored) / offered == pytest.approx(0.02, abs=0.004)


def test_no_budget_means_no_alerts():
    """A budget of 0 selects nothing, exploration included."""
    assert sum(spend(Budget.new(0.0, 1, 0.5, 9), 500, days(5), 1, rank=lambda rng: 1e-4)) == 0


def test_a_loaded_budget_draws_the_same_lots():
    """Saved and loaded in the middle of a day, every later decision is the same."""
    rng = random.Random(5)
    offers = [(rng.random() ** 4 + 1e-4 if rng.random() < 0.5 else 1e-4, day) for day in days(6) for _ in range(300)]
    offers = [(min(1.0, rank), day) for rank, day in offers]
    one = Budget.new(20.0, 2, 0.3, 10)
    for rank, day in offers[:950]:
        one.offer(rank, 0.0, day)
    two = Budget.from_state(one.to_state())
    assert [one.offer(r, 0.0, d) for r, d in offers[950:]] == [two.offer(r, 0.0, d) for r, d in offers[950:]]
    assert one.to_state() == two.to_state()


def test_nonsense_is_refused():
    """Values out of range and damaged state are errors that say what was expected."""
    with pytest.raises(ValueError, match="out of range"):
        Budget.new(20.0, 0, 0.05, 1)
    with pytest.raises(ValueError, match="p-value"):
        Budget.new(20.0, 1, 0.05, 1).offer(1.5, 0.0, "2026-01-01")
    with pytest.raises(ValueError, match="damaged"):
        Budget.from_state(b"\xc1")


@pytest.mark.parametrize("flood", [0, 50_000], ids=["honest", "flood"])
def test_one_senders_flood_of_a_day_silences_nobody_afterwards(flood):
    """50 000 ordinary payments on a day of 1 000: the days after raise what they would have; before, a tenth of it."""
    budget = Budget.new(10.0, 1, 0.0, 9)
    spend(budget, 1000, days(20), 4)
    rng = random.Random(5)
    for _ in range(flood):
        budget.offer(0.5 + rng.random() / 2, 0.0, days(1, 20)[0])
    counts = spend(budget, 1000, days(5, 21), 6)
    assert sum(counts) / 5 == pytest.approx(10.0, rel=0.2)


def test_a_flood_draws_no_explored_alerts_without_bound():
    """50 times the expected events raise some five times the explored share by lot, not fifty times."""
    budget = Budget.new(100.0, 1, 0.05, 9)
    spend(budget, 1000, days(20), 4)
    explored = [budget.offer(1.0, 0.0, days(1, 21)[0]) for _ in range(50_000)]
    assert 5 <= sum(one is not None for one in explored) <= 50


def test_a_volume_that_truly_grows_is_followed():
    """From 1 000 to 4 000 a day for good: the mean volume stays the budget throughout."""
    budget = Budget.new(10.0, 1, 0.0, 9)
    spend(budget, 1000, days(20), 4)
    assert sum(spend(budget, 4000, days(10, 21), 6)) / 10 == pytest.approx(10.0, rel=0.1)
    assert budget._state.expected == pytest.approx(4000, rel=0.1)


def chosen_of(budget, calendar, odd, *, others=True):
    """(alerts a day of X, odd payments of others that were found a day): X has `odd` odd ones each morning.

    Then come 900 payments of five others, of which two are as odd.
    """
    rng, own, found = random.Random(1), 0, 0
    for day in calendar:
        rest = [(f"B{number % 5}", max(2e-4, rng.random())) for number in range(900)]
        rest[400], rest[700] = ("B1", 1e-4), ("B2", 1e-4)
        for sender, rank in [("X", 1e-4)] * odd + rest:
            selection = budget.offer(rank, 0.0, day, sender, others=others)
            if selection is not None and not selection.explored:
                own, found = own + (sender == "X"), found + (sender != "X" and rank == 1e-4)
    return own / len(calendar), found / len(calendar)


@pytest.mark.parametrize("odd", [0, 2, 5, 100])
def test_odd_payments_of_one_sender_do_not_take_what_others_need(odd):
    """A partition's 1.58 alerts a day: X took all with two odd payments, and of others' two 0.02 were found."""
    own, found = chosen_of(Budget.new(20.0, 12, 0.05, 3), days(60), odd)
    assert found >= 0.5
    assert own <= 1.05
    if odd:
        taken, left = chosen_of(Budget.new(20.0, 12, 0.05, 3), days(60), odd, others=False)
        assert (taken > 1.5, left < 0.05) == (True, True)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("daily", [20.0, 60.0, 240.0])
def test_what_is_kept_for_others_is_spent_all_the_same(daily, share):
    """A bank with most of the payments loses no more than a twentieth of the volume, others or not."""
    means = []
    for others in (False, True):
        budget, rng, count = Budget.new(daily, 12, 0.0, 3), random.Random(1), 0
        for number, day in enumerate(days(60)):
            for _ in range(1000):
                sender = "BIG" if rng.random() < share else "SMALL"
                count += (
                    budget.offer(max(1e-4, rng.random()), 0.0, day, sender, others=others) is not None and number > 6
                )
        means.append(count / 53)
    assert means[1] == pytest.approx(daily / 12, rel=0.07)
    assert means[1] == pytest.approx(means[0], rel=0.06)


def test_who_had_an_alert_today_is_saved_and_forgotten_at_midnight():
    """The state goes on as it was; a new day begins without."""
    budget = Budget.new(24.0, 12, 0.0, 7)
    assert budget.offer(1e-4, 0.0, "2026-01-05", "X", others=True) is not None
    budget = Budget.from_state(budget.to_state())
    assert budget.offer(1e-4, 0.0, "2026-01-05", "X", others=True) is None
    assert budget.offer(1e-4, 0.0, "2026-01-05", "Y", others=True) is not None
    assert budget.offer(1e-4, 0.0, "2026-01-06", "X", others=True) is not None


def test_what_is_passed_over_counts_in_the_pace_alone():
    """The day's count rises as by an offer, and a new day opens; nothing is spent or drawn."""
    offered, passed = (Budget.new(0.0, 12, 0.0, 7) for _ in range(2))
    for day in ("2026-01-05", "2026-01-05", "2026-01-06"):
        assert offered.offer(1.0, 0.0, day) is None
        passed.pass_over(day)
    assert passed.to_state() == offered.to_state()


def past(budget: Budget, counts: dict[str, int]) -> Budget:
    """The budget after so many events of loaded history a day."""
    for day, count in counts.items():
        for _ in range(count):
            budget.note_past(day)
    return budget


def test_loaded_history_says_how_many_events_to_expect():
    """Five a day were loaded, so the first live day's ceiling is that of five; without any it is that of a thousand."""
    ceiling = Ceiling(0.002, 2.0)
    loaded = past(Budget.new(20.0, 12, 0.05, 1, ceiling=ceiling), dict.fromkeys(days(90), 5))
    alone = Budget.new(20.0, 12, 0.05, 1, ceiling=ceiling)
    for one in (loaded, alone):
        one.offer(0.9, 0.0, days(1, 91)[0])
    assert loaded.ceiling() == 0.002
    assert alone.ceiling() == pytest.approx((2.0 - 1.0) / 12 / 1000)


def test_history_counts_alike_in_whatever_order_it_was_loaded():
    """The newest four weeks count; who loads two banks one after the other gets the bytes of who loads them by day."""
    counts = {day: 3 + number for number, day in enumerate(days(40))}
    forwards = past(Budget.new(4.0, 1, 0.0, 7), counts)
    backwards = past(Budget.new(4.0, 1, 0.0, 7), dict(reversed(counts.items())))
    assert forwards.to_state() == backwards.to_state()
    forwards.offer(0.9, 0.0, days(1, 41)[0])
    newest = list(counts.values())[-28:]
    assert forwards._state.expected == sum(newest) / 28
    assert forwards._state.past == {}


def test_what_came_before_ranks_count_is_no_history():
    """It says how many come a day, and the first ranked day expects a thousand as ever."""
    budget = Budget.new(4.0, 1, 0.0, 7)
    for day in days(6):
        for _ in range(5):
            budget.note_past(day, loaded=False)
    assert budget.events_a_day() == 5
    budget.offer(0.9, 0.0, days(1, 7)[0])
    assert budget._state.expected == 1000


def test_one_days_beginning_says_nothing_of_a_day():
    """Thirty payments in a day's last minutes are no volume: the first whole day is expected to have a thousand."""
    budget = past(Budget.new(4.0, 1, 0.0, 7), {"2026-01-05": 30})
    assert budget.events_a_day() is None
    budget.offer(0.9, 0.0, "2026-01-06")
    assert budget._state.expected == 1000


def test_a_day_that_goes_on_is_none_of_the_whole_ones():
    """History that ends on the first live day: that day's part is left out."""
    budget = past(Budget.new(4.0, 1, 0.0, 7), {"2026-01-05": 30, "2026-01-06": 50, "2026-01-07": 1})
    assert budget.events_a_day() == 40
    budget.offer(0.9, 0.0, "2026-01-07")
    assert budget._state.expected == 40
    assert budget.events_a_day() == 40


def test_history_that_comes_after_live_payments_changes_nothing():
    """What comes live says how many to expect."""
    budget = Budget.new(4.0, 1, 0.0, 7)
    budget.offer(0.9, 0.0, days(1)[0])
    before = budget.to_state()
    assert past(budget, {"2025-12-01": 50}).to_state() == before
