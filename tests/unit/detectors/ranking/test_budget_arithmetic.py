"""The budget's threshold, expectation, carry and lots, as computed by hand from its docstring."""

import hashlib

import msgspec
import pytest

from detectors.contracts.alert import Selection
from detectors.ranking.budget import Budget

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (f"2026-01-0{day}" for day in (5, 6, 7, 8))
RANKED = Selection(budget="anomaly", probability=1.0, explored=False)
# so fine that no event alerts by lot of its finest rank
NEVER_FINEST = 1e-12


def budget_of(daily: float, exploration: float = 0.0, finest_rank: float = NEVER_FINEST) -> Budget:
    return Budget.new(daily, 1, exploration, 7, finest_rank=finest_rank)


def pass_by(budget: Budget, count: int, day: str = MONDAY) -> None:
    """Offer ordinary events, none of which alerts."""
    assert [budget.offer(1.0, 0.0, day) for _ in range(count)] == [None] * count


def lot(seed: int, number: int) -> float:
    """The documented lot: 53 bits of a hash of seed and counter."""
    digest = hashlib.blake2b(f"{seed}|{number}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> 11) / 2**53


@pytest.mark.parametrize(
    ("chosen", "passed", "threshold"),
    [
        (0, 0, 10 / 1000),  # the whole budget over the whole day
        (1, 0, 9 / 999),  # one alert is spent, one event has gone by
        (0, 500, 10 / 500),  # a quiet morning leaves twice the pace
        (0, 800, 4 * 10 / 1000),  # ... and never more than four times the mean
        (8, 942, 2 / 100),  # 50 are still to come, and a tenth of a day always is
        (8, 2000, 2 / 100),  # also far beyond the expected volume
    ],
)
def test_the_threshold_is_what_is_left_over_what_is_to_come(chosen, passed, threshold):
    """A budget of 10 at 1 000 expected events; an event of exactly the threshold's rank alerts, a larger rank not."""
    for rank, expected in ((threshold, RANKED), (threshold * 1.0001, None)):
        budget = budget_of(10.0)
        assert [budget.offer(1e-9, 0.0, MONDAY) for _ in range(chosen)] == [RANKED] * chosen
        pass_by(budget, passed)
        assert budget.offer(rank, 0.0, MONDAY) == expected


def test_exploring_slows_the_fastest_pace_too():
    """10 a day, half of it for exploring: late in a quiet day four times the mean of the 5 by rank, not of 15."""
    for rank, by_rank in ((0.02, True), (0.0201, False)):
        state = budget_of(10.0, exploration=0.5)._state
        state.day, state.seen, state.remaining = MONDAY, 900, 5.0
        given = Budget.from_state(msgspec.msgpack.encode(state)).offer(rank, 0.0, MONDAY)
        assert (given == RANKED) == by_rank


@pytest.mark.parametrize(
    ("exploration", "passed", "sender", "others", "threshold"),
    [
        (0.0, 0, "B", True, 9 / 999),  # the others have all that is left
        (0.0, 0, "A", False, 9 / 999),  # so has a sender beside whom there is nobody
        (0.0, 0, "A", True, (9 - 0.5 * 10 * 999 / 1000) / 999),  # half of what the day still gives is kept from it
        (0.0, 499, "A", True, (9 - 0.5 * 10 * 500 / 1000) / 500),  # of less later in the day
        (0.5, 0, "A", True, (4 - 0.5 * 5 * 999 / 1000) / 999),  # of the part that goes by rank
    ],
)
def test_who_had_an_alert_today_leaves_half_of_the_rest_to_others(exploration, passed, sender, others, threshold):
    """A sender's one alert of a budget of 10; the next day it is as good as any."""
    for rank, by_rank in ((threshold, True), (threshold * 1.0001, False)):
        budget = budget_of(10.0, exploration)
        assert budget.offer(1e-9, 0.0, MONDAY, "A", others=True) == RANKED
        for _ in range(passed):
            budget.offer(1.0, 0.0, MONDAY, "B", others=True)
        assert (budget.offer(rank, 0.0, MONDAY, sender, others=others) == RANKED) == by_rank
    assert budget.offer(10.0 / 1000, 0.0, TUESDAY, "A", others=True) is not None


def test_alerts_of_the_day_are_counted_by_sender():
    """By rank, by lot of the finest rank, and over a save; one that is explored is no sender's; a new day forgets."""
    budget = budget_of(10.0)
    for sender in ("A", "B", "A"):
        assert budget.offer(1e-9, 0.0, MONDAY, sender) == RANKED
    assert Budget.from_state(budget.to_state())._state.taken == {"A": 2, "B": 1}
    assert budget.offer(1e-9, 0.0, TUESDAY, "E") == RANKED
    assert budget._state.taken == {"E": 1}
    by_lot = budget_of(10.0, finest_rank=0.0101)
    while by_lot.offer(0.0101, 0.0, MONDAY, "C") is None:
        pass
    assert by_lot._state.taken == {"C": 1}
    explored = budget_of(5000.0, exploration=1.0)
    assert explored.offer(1.0, 0.0, MONDAY, "D") is not None
    assert explored._state.taken == {}


def test_each_partition_has_an_equal_share():
    """24 a day over 12 partitions are 2, of which a quarter for exploring leaves 1.5 by rank."""
    state = Budget.new(24.0, 12, 0.25, 7)._state
    assert (state.daily, state.exploration, state.seed, state.finest_rank) == (2.0, 0.25, 7, 1e-4)
    budget = Budget.new(24.0, 12, 0.25, 7, finest_rank=NEVER_FINEST)
    budget.offer(1.0, 0.0, MONDAY)
    assert budget._state.remaining == 1.5
    for rank, explored in ((1.5 / 1000, False), (1.51 / 1000, None)):
        given = Budget.new(24.0, 12, 0.25, 7, finest_rank=NEVER_FINEST).offer(rank, 0.0, MONDAY)
        assert (given and given.explored) == explored


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (400, 400, 400.0),  # the first day decides alone
        (400, 600, 400 + 0.3 * 200),  # each further one by three tenths
        (400, 100, 400 - 0.3 * 300),
        (400, 2000, 400 + 0.3 * 400),  # counted for twice the expected at most
        (20_000, 10_000, 10_000.0),  # the first day for ten times its guess of 1 000
        (1, 1, 1.0),
    ],
)
def test_the_expected_volume_follows_the_days(first, second, expected):
    """After two full days the third opens with this many expected events."""
    budget = budget_of(0.0)
    pass_by(budget, first, MONDAY)
    pass_by(budget, second, TUESDAY)
    pass_by(budget, 1, WEDNESDAY)
    assert budget._state.expected == pytest.approx(expected)
    assert (budget._state.seen, budget._state.day, budget._state.days) == (1, WEDNESDAY, 2)


@pytest.mark.parametrize(
    ("daily", "chosen", "next_day"),
    [
        (3.0, 0, 4.0),  # three are left over, one is carried
        (3.5, 3, 4.0),  # half an alert is left over
        (0.5, 1, 0.0),  # half an alert is owed
        (2.0, 1, 3.0),
    ],
)
def test_at_most_one_alert_is_carried_into_the_next_day(daily, chosen, next_day):
    """What Monday leaves over or owes, up to one alert, is added to Tuesday's budget."""
    budget = budget_of(daily)
    assert [budget.offer(1e-9, 0.0, MONDAY) for _ in range(chosen)] == [RANKED] * chosen
    pass_by(budget, 1000 - chosen, MONDAY)
    pass_by(budget, 1, TUESDAY)
    assert budget._state.remaining == pytest.approx(next_day)


def test_a_debt_larger_than_one_alert_is_not_carried():
    """Saved by whatever release: a debt of five is one alert to the next day."""
    state = budget_of(10.0)._state
    state.day, state.seen, state.remaining = MONDAY, 1000, -5.0
    budget = Budget.from_state(msgspec.msgpack.encode(state))
    pass_by(budget, 1, TUESDAY)
    assert budget._state.remaining == 9.0


def test_events_of_the_finest_rank_alert_by_lot_with_the_odds_told():
    """A threshold of a tenth of the finest rank: one in ten by the documented lots, each at the cost of one alert."""
    budget, draws, told = budget_of(1.0, finest_rank=0.01), 0, []
    remaining = 1.0
    for seen in range(200):
        threshold = max(0.0, min(remaining / max(1000 - seen, 100), 4 * 1.0 / 1000))
        given = budget.offer(0.01, 0.0, MONDAY)
        if threshold == 0.0:
            assert given is None
            continue
        expected = lot(7, draws) < threshold / 0.01
        draws += 1
        assert (given is not None) == expected
        if given is not None:
            remaining -= 1.0
            told.append(given)
            assert given == Selection(budget="anomaly", probability=threshold / 0.01, explored=False)
    assert len(told) == 1
    assert budget._state.remaining == 0.0
    assert budget._state.draws == draws
    above = budget_of(1.0, finest_rank=0.01)
    above.offer(0.0101, 0.0, MONDAY)
    assert above._state.draws == 0


def test_exploring_draws_the_documented_lots_at_any_rank():
    """40 a day, half for exploring: 20 in 1 000 by lot, fewer where more come than expected; nothing else is spent."""
    budget, found = budget_of(40.0, exploration=0.5), []
    for seen in range(1, 1501):
        chance = 20.0 / max(1000, seen)
        given = budget.offer(1.0, 0.0, MONDAY)
        assert (given is not None) == (lot(7, seen - 1) < chance)
        if given is not None:
            found.append(given)
            assert given == Selection(budget="anomaly", probability=pytest.approx(chance), explored=True)
    assert 15 < len(found) < 45
    assert budget._state.remaining == 20.0


def test_a_budget_beyond_all_events_explores_each_with_certainty():
    """5 000 a day at 1 000 events: the odds told are 1, not 5."""
    given = budget_of(5000.0, exploration=1.0).offer(1.0, 0.0, MONDAY)
    assert given == Selection(budget="anomaly", probability=1.0, explored=True)


def test_without_exploring_no_lot_is_drawn():
    """The counter of the lots moves only where a lot decides."""
    budget = budget_of(10.0)
    pass_by(budget, 50)
    assert budget._state.draws == 0


@pytest.mark.parametrize(
    ("daily", "partitions", "exploration", "finest"),
    [(0.0, 1, 0.0, 1.0), (0.0, 1, 1.0, 1e-9)],
)
def test_values_at_the_edge_are_accepted(daily, partitions, exploration, finest):
    """No alerts, one partition, none or all of it for exploring, a window of one."""
    assert Budget.new(daily, partitions, exploration, 1, finest_rank=finest).offer(1.0, 0.0, MONDAY) is None


@pytest.mark.parametrize(
    ("daily", "partitions", "exploration", "finest"),
    [
        (-0.5, 1, 0.0, 0.1),
        (1.0, 0, 0.0, 0.1),
        (1.0, 1, -0.1, 0.1),
        (1.0, 1, 1.1, 0.1),
        (1.0, 1, 0.0, 0.0),
        (1.0, 1, 0.0, 1.5),
    ],
)
def test_values_out_of_range_are_each_refused(daily, partitions, exploration, finest):
    """Each alone is enough."""
    with pytest.raises(ValueError, match="out of range"):
        Budget.new(daily, partitions, exploration, 1, finest_rank=finest)


@pytest.mark.parametrize("rank", [-0.1, 1.0001, float("nan")])
def test_what_is_no_p_value_is_refused(rank):
    """Outside of 0 to 1, or no number; the ends themselves are ranks."""
    with pytest.raises(ValueError, match="p-value"):
        budget_of(1.0).offer(rank, 0.0, MONDAY)
    assert budget_of(1.0).offer(1.0, 0.0, MONDAY) is None
    assert budget_of(1.0).offer(0.0, 0.0, MONDAY) == RANKED


def test_a_state_with_torn_letters_is_refused():
    """A name that is no UTF-8 is damage like any other."""
    whole = budget_of(1.0).to_state()
    with pytest.raises(ValueError, match="damaged"):
        Budget.from_state(whole.replace(b"daily", b"\xff\xfe\xff\xfe\xff"))


def test_another_word_about_a_payment_sets_no_pace_and_is_not_explored():
    """Offered 400 times more: the threshold stays 10 / 999, no lot is drawn; its rank may alert, and is spent."""
    budget = budget_of(10.0)
    pass_by(budget, 1)
    before = budget.to_state()
    assert [budget.offer(0.02, 0.0, MONDAY, again=True) for _ in range(400)] == [None] * 400
    assert budget.to_state() == before
    assert budget.offer(10 / 999, 0.0, MONDAY, again=True) == RANKED
    assert (budget._state.remaining, budget._state.seen) == (9.0, 1)
    exploring = budget_of(1000.0, exploration=1.0)
    assert exploring.offer(0.5, 0.0, MONDAY, again=True) is None
    assert exploring._state.draws == 0
    assert exploring.offer(0.5, 0.0, MONDAY).explored
