"""Gains of an order over the desk's own, on days whose answer is worked out by hand."""

import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.learning_curve import Course, DeskDay
from detectors.testbed.learning_gain import StageGain, gains_of
from detectors.testbed.statistics import Difference, Estimate

DRAWS = Draws(2_000, 1)


def course(*days: tuple[int, int, int]) -> Course:
    """Days of (opened, true, verdicts known)."""
    return Course([DeskDay(day, 50, opened, true, known) for day, (opened, true, known) in enumerate(days)], [], [])


def test_each_stage_is_compared_on_its_own_days() -> None:
    """Two days before 200 verdicts, eight from 200 on, none from 1 000 on."""
    desk = course((10, 1, 0), (10, 1, 199), *[(20, 4 + day % 2, 200 + day) for day in range(8)])
    order = course((10, 1, 0), (10, 1, 0), *[(20, 8 + day % 2, 0) for day in range(8)])
    before, learned, never = gains_of(order, desk, DRAWS)

    assert (before.precision.value, before.against_desk.difference, before.against_desk.differing) == (0.1, 0.0, 0)
    assert learned.precision.value == pytest.approx(0.425)
    assert (learned.against_desk.a, learned.against_desk.b) == (pytest.approx(0.425), pytest.approx(0.225))
    assert learned.against_desk.difference == pytest.approx(0.2)
    # each day differs by the same four alerts, so the pairs leave no doubt, while each side has some
    assert learned.against_desk.interval is not None
    assert learned.against_desk.interval.low == pytest.approx(0.2)
    assert learned.precision.interval is not None
    assert learned.precision.interval.low < 0.425 < learned.precision.interval.high
    assert never == StageGain(Estimate(None, 0), Difference(None, None, None, 0))


def test_a_stage_without_a_day_hides_no_later_one() -> None:
    """A thousand verdicts came at once: no day began with fewer but the first."""
    desk = course((10, 1, 0), (10, 5, 1000))
    _, empty, learned = gains_of(desk, desk, DRAWS)
    assert empty.precision.value is None
    assert learned.precision.value == 0.5


def test_a_gain_on_five_days_is_not_told_from_chance() -> None:
    """Its interval holds 0, however large it is; with a sixth day it does not."""
    for differing, holds in ((5, True), (6, False)):
        desk = course(*[(10, 0, 0) for _ in range(6)])
        order = course(*[(10, 9 if day < differing else 0, 0) for day in range(6)])
        interval = gains_of(order, desk, DRAWS)[0].against_desk.interval
        assert interval is not None
        assert (interval.low <= 0.0) is holds


def test_the_same_seed_gives_the_same_intervals() -> None:
    """Also beside another order that was judged before."""
    desk, order = course(*[(10, day % 4, 0) for day in range(12)]), course(*[(10, day % 3, 0) for day in range(12)])
    used = Draws(2_000, 1)
    gains_of(desk, desk, used)
    assert gains_of(order, desk, used) == gains_of(order, desk, Draws(2_000, 1))
