"""ADWIN's test over whole days: its bound beside River's, what it finds, and how often it is wrong."""

import random

import pytest
from river.drift import ADWIN

from detectors.values.mean_change import LEAST_DAYS, LEAST_PART, DaySums, find_change, least_difference


def day_of(day: int, values: list[int]) -> DaySums:
    return DaySums(day, len(values), sum(values), sum(value * value for value in values))


def days_of(draw, days: int, payments: int = 40) -> list[DaySums]:
    """Days of payments; `draw(day)` is a value in parts."""
    return [day_of(day, [draw(day) for _ in range(payments)]) for day in range(days)]


def first_by_the_bound(values: list[float], delta: float) -> int | None:
    """Where a window of single values first has a cut beyond the bound."""
    for end in range(2, len(values) + 1):
        seen = values[:end]
        mean = sum(seen) / end
        variance = sum((value - mean) ** 2 for value in seen) / end
        for cut in range(1, end):
            apart = abs(sum(seen[:cut]) / cut - sum(seen[cut:]) / (end - cut))
            if apart > least_difference(cut, end - cut, variance, 1.0, delta):
                return end - 1
    return None


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_is_rivers(seed):
    """River's ADWIN, asked at every value and with room for each in a bucket of its own, fires at the same one."""
    lots = random.Random(seed)
    values = [lots.random() * 0.3 for _ in range(60)] + [0.5 + lots.random() * 0.3 for _ in range(60)]
    # with a shortest part of 1 River counts parts as they are
    river = ADWIN(delta=0.002, clock=1, max_buckets=1000, min_window_length=1, grace_period=1)
    fired = None
    for at, value in enumerate(values):
        river.update(value)
        if river.drift_detected:
            fired = at
            break
    assert fired is not None
    assert first_by_the_bound(values, 0.002) == fired


def test_a_mean_that_doubles_is_found_at_its_day():
    lots = random.Random(1)
    days = days_of(lambda day: lots.randrange(100) + (40 if day >= 20 else 0), 23)
    assert find_change(days, 200) == 20


def test_it_is_found_when_enough_days_have_passed_and_not_before():
    lots = random.Random(1)
    days = days_of(lambda day: lots.randrange(100) + (40 if day >= 20 else 0), 23)
    assert find_change(days[:21], 200) is None
    late = days_of(lambda day: 90 if day >= LEAST_DAYS - LEAST_PART else 10, LEAST_DAYS)
    assert find_change(late[1:], 100) is None
    assert find_change(late, 100) == LEAST_DAYS - LEAST_PART


def test_a_change_that_is_not_worth_a_word_is_none():
    days = days_of(lambda day: 50 + (12 if day >= 15 else 0), 30)
    assert find_change(days, 100, 11.9) == 15
    assert find_change(days, 100, 12.0) is None


def test_days_that_differ_from_one_another_are_no_change():
    """Payments of a day are alike: by their own spread alone every weekend, and a run of odd days, were a change."""
    lots = random.Random(4)
    level = [lots.randrange(60) for _ in range(40)]
    days = days_of(lambda day: level[day] + lots.randrange(4), 40)
    assert find_change(days, 100) is None
    weeks = days_of(lambda day: (60 if day % 7 > 4 else 20) + lots.randrange(4), 40)
    assert find_change(weeks, 100) is None


def test_false_alarms_are_rarer_than_one_in_two_thousand_looks():
    """Three hundred series of days that differ as days do, looked at each day for a month: 8 000 looks, none wrong."""
    wrong = 0
    for seed in range(300):
        lots = random.Random(seed)
        days = []
        for day in range(40):
            level = 100 + lots.gauss(0, 12)
            days.append(day_of(day, [max(0, min(256, round(lots.gauss(level, 40)))) for _ in range(10)]))
            wrong += find_change(days, 256) is not None
    assert wrong == 0


def plainly(days: list[list[int]], span: int) -> int | None:
    """The same written down plainly, from every payment: where, if anywhere, the mean changed."""
    every = [value for day in days for value in day]
    mean = sum(every) / len(every)
    of_payments = sum((value - mean) ** 2 for value in every) / len(every)
    changed, weights = False, {}
    for at in range(1, len(days)):
        parts = days[:at], days[at:]
        counts, means, between = [], [], 0.0
        for part in parts:
            values = [value for day in part for value in day]
            counts.append(len(values))
            means.append(sum(values) / len(values))
            between += sum(len(day) * (sum(day) / len(day) - means[-1]) ** 2 for day in part)
        apart = abs(means[0] - means[1])
        weights[at] = apart * apart / (1 / counts[0] + 1 / counts[1])
        if min(len(part) for part in parts) >= LEAST_PART:
            variance = max(of_payments, between / (len(days) - 2))
            changed |= apart > least_difference(counts[0], counts[1], variance, span)
    return max(weights, key=lambda at: weights[at]) if changed else None


def test_sums_say_what_every_payment_says():
    """Two hundred series of days of unlike size, with changes of all sizes: about half of them are found."""
    found = 0
    for seed in range(200):
        lots = random.Random(seed)
        change, more, spread = lots.randrange(2, 16), lots.randrange(90), lots.choice((0, 15))
        days = []
        for day in range(18):
            level = 60 + lots.gauss(0, spread) + (more if day >= change else 0)
            count = lots.randrange(5, 40)
            days.append([max(0, min(200, round(lots.gauss(level, 12)))) for _ in range(count)])
        expected = plainly(days, 200)
        sums = [DaySums(number) for number in range(18)]
        for one, values in zip(sums, days, strict=True):
            half = len(values) // 2
            for part in (values[:half], values[half:]):
                one.add(len(part), sum(part), sum(value * value for value in part))
        assert find_change(sums, 200) == expected
        found += expected is not None
    assert 50 < found < 150  # neither all nor none
