"""Average precision by hand, with ties, and its resamples one by one in plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.testbed.draws import Draws
from detectors.testbed.figures.average_precision import HONEST, OrderedUnits, average_precision, difference, gain

DRAWS = Draws(60, 5)


def units(*told: tuple[float, int]) -> OrderedUnits:
    """Units of (score, case)."""
    return OrderedUnits(np.array([one[0] for one in told], np.float64), np.array([one[1] for one in told], np.int64))


def by_loops(told: list[tuple[float, int]], drawn: list[int]) -> float | None:
    """The sum over levels of score of (recall gained) x precision, each planted unit as often as its case is drawn."""
    weight = [1 if case == HONEST else drawn[case] for _, case in told]
    whole = sum(each for each, (_, case) in zip(weight, told, strict=True) if case != HONEST)
    if not whole:
        return None
    found, taken, summed = 0, 0, 0.0
    for level in sorted({score for score, _ in told}, reverse=True):
        here = [(each, case) for each, (score, case) in zip(weight, told, strict=True) if score == level]
        gained = sum(each for each, case in here if case != HONEST)
        found, taken = found + gained, taken + sum(each for each, _ in here)
        summed += gained / whole * (found / taken if taken else 0.0)
    return summed


def test_by_hand() -> None:
    """Planted units in the first and third place of four: (1 + 2/3) / 2; last of all, 1/4; first of all, 1."""
    assert average_precision(units((9, 0), (8, HONEST), (7, 1), (1, HONEST)), 2, DRAWS).value == pytest.approx(5 / 6)
    assert average_precision(units((9, HONEST), (8, HONEST), (7, HONEST), (1, 0)), 1, DRAWS).value == 0.25
    assert average_precision(units((9, 0), (8, 0), (7, HONEST)), 1, DRAWS).value == 1.0


def test_equal_scores_are_one_step() -> None:
    """A planted unit level with one honest one, in either order: one of two. All level: the share of planted units."""
    for told in ([(5.0, 0), (5.0, HONEST), (1.0, HONEST)], [(5.0, HONEST), (5.0, 0), (1.0, HONEST)]):
        assert average_precision(units(*told), 1, DRAWS).value == 0.5
    flat = [(0.0, 0), *[(0.0, HONEST)] * 9]
    assert average_precision(units(*flat), 1, DRAWS).value == 0.1


def test_no_score_comes_last() -> None:
    """NaN stands behind every number, whatever its sign."""
    assert average_precision(units((float("nan"), 0), (-3.0, HONEST)), 1, DRAWS).value == 0.5
    assert average_precision(units((-3.0, 0), (float("nan"), HONEST)), 1, DRAWS).value == 1.0


UNITS = st.lists(st.tuples(st.integers(0, 5).map(float), st.integers(HONEST, 3)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(UNITS)
def test_every_resample_is_what_plain_loops_give(told: list[tuple[float, int]]) -> None:
    """Value and samples to eight digits, whichever units are planted, level or drawn."""
    found = average_precision(units(*told), 4, DRAWS)
    expected = by_loops(told, [1, 1, 1, 1])
    assert found.value == (None if expected is None else pytest.approx(expected, abs=1e-8))
    for sample, drawn in zip(found.samples, DRAWS.of("cases", 4), strict=True):
        one = by_loops(told, [int(each) for each in drawn])
        assert np.isnan(sample) if one is None else sample == pytest.approx(one, abs=1e-8)


def test_the_interval_holds_the_value_and_needs_two_cases() -> None:
    """Of one case nothing can be resampled; of eight the interval lies around the figure."""
    one = average_precision(units((9, 0), (8, HONEST), (7, 0)), 1, DRAWS).estimate()
    assert (one.n, one.interval) == (1, None)
    many = [(float(n % 7), n % 8) for n in range(24)] + [(float(n % 5), HONEST) for n in range(50)]
    told = average_precision(units(*many), 8, DRAWS).estimate()
    assert told.n == 8
    assert told.interval.low < told.value < told.interval.high


def test_two_orders_are_resampled_together() -> None:
    """An order against itself differs by exactly nothing; one that puts eight cases first is better beyond chance."""
    cases = [(float(n), n) for n in range(8)] + [(float(n) + 0.5, HONEST) for n in range(8)]
    first = [(20.0 + n, n) for n in range(8)] + cases[8:]
    flat, good = (average_precision(units(*told), 8, DRAWS) for told in (cases, first))
    same = difference(flat, flat)
    assert (same.difference, same.interval.low, same.interval.high, same.differing) == (0.0, 0.0, 0.0, 0)
    told = difference(good, flat)
    assert (told.a, told.n, told.differing) == (1.0, 8, 8)
    assert told.interval.low > 0.0
    better = gain(good, flat)
    assert better.value == pytest.approx(1.0 / flat.value - 1.0)
    assert better.interval.low > 0.0
    assert gain(flat, good).value == pytest.approx(flat.value - 1.0)


def test_a_gain_on_few_cases_is_held_to_none() -> None:
    """Two cases that both moved up may be chance: the interval holds 0. Of nothing planted there is no figure."""
    worse = units((1, 0), (2, 1), (3, HONEST), (4, HONEST))
    better = units((8, 0), (9, 1), (3, HONEST), (4, HONEST))
    a, b = (average_precision(each, 2, DRAWS) for each in (better, worse))
    assert difference(a, b).interval.low == 0.0
    assert gain(a, b).interval.low == 0.0
    nothing = average_precision(units((1, HONEST)), 2, DRAWS)
    assert nothing.value is None
    assert difference(nothing, b).difference is None
    assert gain(nothing, b).value is None
    assert nothing.estimate().interval is None
