"""Desks that open the same alerts in several orders: who is opened, when it is learned, and what is counted."""

import random

import pytest

from detectors.testbed.learning_curve import ORDERS, Course, DeskDay, JudgedAlert, Order, Stage, course_of, stages_of
from detectors.values.legal_calendar import DAY_US


def raised(day: int, number: int, *, true: bool = False, **changed: object) -> JudgedAlert:
    """An alert of a day."""
    fields: dict[str, object] = {
        "alert_id": f"{day * 1000 + number:032x}",
        "case_id": f"case {day} {number}",
        "party": f"p{number}",
        "day": day,
        "at_us": day * DAY_US + number,
        "lead": "anomaly",
        "severity": 0,
        "score": 0.5,
        "selected": 1.0,
        "inputs": {"amount_own": 256},
        "true": true,
    }
    return JudgedAlert(**fields | changed)  # type: ignore[arg-type]


def a_stream(days: int, a_day: int, seed: int) -> list[JudgedAlert]:
    """Alerts of which one in ten is true; those have twice the usual amount, and the severity says nothing."""
    lots, made = random.Random(seed), []
    for day in range(days):
        for number in range(a_day):
            true = lots.random() < 0.1
            inputs = {"amount_own": round(256 * (2.0 if true else 1.0) * lots.random())}
            made.append(raised(day, number, true=true, inputs=inputs, severity=lots.randrange(4)))
    return made


def hits(course: Course, first_day: int) -> int:
    """True alerts opened from a day on."""
    return sum(day.true for day in course.days if day.day >= first_day)


def test_a_desk_opens_the_most_severe_and_of_equal_ones_the_newest() -> None:
    alerts = [raised(1, 1, severity=2), raised(1, 2, severity=3, true=True), raised(1, 3, severity=2, true=True)]
    assert course_of(alerts, "desk", 2, 1).days == [DeskDay(1, 3, 2, 2, 0)]
    assert course_of(alerts, "desk", 1, 1).days == [DeskDay(1, 3, 1, 1, 0)]
    assert course_of(alerts[:1], "desk", 5, 1).days == [DeskDay(1, 1, 1, 0, 0)]


def test_verdicts_are_known_only_after_their_time() -> None:
    course = course_of([raised(day, 1) for day in range(12)], "desk", 5, 1)
    known = [day.verdicts for day in course.days]
    assert known[0] == known[1] == 0
    assert known == sorted(known)
    assert 12 - 7 <= known[-1] < 12


def test_a_desk_that_learns_finds_more_and_none_finds_more_than_the_best() -> None:
    alerts = a_stream(60, 40, 5)
    found = {order: hits(course_of(alerts, order, 8, 1), 30) for order in ("desk", "logistic", "best")}
    assert found["desk"] * 1.3 < found["logistic"] < found["best"]


@pytest.mark.parametrize("order", ORDERS)
def test_the_same_seed_gives_the_same_course(order: Order) -> None:
    alerts = a_stream(12, 12, 2)
    assert course_of(alerts, order, 4, 1) == course_of(reversed(alerts), order, 4, 1)


def test_exploration_opens_as_many_and_one_of_the_rest_at_least() -> None:
    alerts = a_stream(40, 30, 7)
    plain, explored = (course_of(alerts, order, 8, 1) for order in ("entity", "explored"))  # type: ignore[arg-type]
    assert [day.opened for day in plain.days] == [day.opened for day in explored.days]
    assert plain.given != explored.given


def test_stages_are_the_same_days_for_every_order() -> None:
    reference = Course([DeskDay(1, 9, 2, 1, 0), DeskDay(2, 9, 2, 0, 200), DeskDay(3, 9, 2, 2, 1500)], [], [])
    other = Course([DeskDay(1, 9, 2, 2, 0), DeskDay(2, 9, 2, 1, 3), DeskDay(3, 9, 2, 0, 9)], [], [])
    assert stages_of(other, reference) == [Stage(0, 1, 2, 2), Stage(200, 1, 2, 1), Stage(1000, 1, 2, 0)]
    assert stages_of(other, reference)[1].precision == 0.5
    assert Stage(0, 0, 0, 0).precision is None
