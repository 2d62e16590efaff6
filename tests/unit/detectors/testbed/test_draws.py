"""Resamples of a judgement: which draws a figure is given, and what stands in for an interval without width."""

import numpy as np
import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.statistics import Estimate, Interval, bootstrap_ratio, wilson

NOTHING = np.zeros(0, np.int64)


def whole(*numbers: int) -> np.ndarray:
    """Whole numbers, one a unit."""
    return np.array(numbers, np.int64)


def test_draws_are_told_apart_by_seed_name_and_number():
    """Every resample draws as many units as there are; another seed and another name draw others, equal ones again."""
    draws = Draws(50, 1)
    cases = draws.of("cases", 20)
    assert cases.shape == (50, 20)
    assert (cases.sum(axis=1) == 20).all()
    assert draws.of("cases", 20) is cases, "drawn once, however many figures ask"
    assert (Draws(50, 1).of("cases", 20) == cases).all()
    assert (draws.of("days", 20) != cases).any()
    assert (Draws(50, 2).of("cases", 20) != cases).any()
    assert draws.of("cases", 21).shape == (50, 21)
    with pytest.raises(ValueError, match="nothing to resample"):
        draws.of("cases", 0)


def test_every_figure_is_resampled_by_the_draws_of_its_name():
    """Two systems are told apart on the same resamples only where both take the draws of the name they ask for."""
    draws = Draws(300, 1)
    hits, trials = np.arange(40) % 7, np.arange(40) % 9 + 7
    expected = bootstrap_ratio(hits, trials, draws.of("days", 40))
    assert expected.interval.low < expected.value < expected.interval.high
    assert draws.ratio("days", hits, trials) == draws.counted("days", hits, trials) == expected
    share = bootstrap_ratio(hits > 2, np.ones(40, np.int64), draws.of("days", 40))
    assert draws.share("days", hits > 2) == share
    cents = whole(*(10 ** (number % 8) + number for number in range(40)))
    assert draws.total("days", cents) != draws.total("cases", cents)


@pytest.mark.parametrize(("hits", "total"), [(0, 5), (5, 5), (0, 1), (1, 1), (0, 0)], ids=str)
def test_a_share_of_all_or_none_is_as_sure_as_wilson_says(hits, total):
    """Five of five found are no proof that all are found: the interval reaches down to 57 %, and n is the cases."""
    told = Draws(100, 1).share("cases", np.full(total, hits > 0))
    assert told == Estimate(hits / total if total else None, total, wilson(hits, total))


def test_a_ratio_without_width_is_as_sure_as_its_units():
    """All units that have a denominator agree: Wilson's interval over those, here two, stands in."""
    draws = Draws(100, 1)
    assert draws.ratio("cases", whole(1, 3, 0), whole(1, 3, 0)) == Estimate(1.0, 4, wilson(2, 2))
    assert draws.ratio("cases", whole(0, 0, 0), whole(1, 3, 0)) == Estimate(0.0, 4, wilson(0, 2))
    assert draws.ratio("cases", whole(1, 2, 0), whole(2, 4, 0)) == Estimate(0.5, 6, wilson(1, 2))


def test_a_count_without_width_is_as_sure_as_its_trials():
    """No true alert among 40 is 0 to 9 %, not certainly none; of four days of ten, half of them true, 20 of 40."""
    draws = Draws(100, 1)
    none = draws.counted("days", whole(0, 0), whole(15, 25))
    assert none == Estimate(0.0, 40, wilson(0, 40))
    assert none.interval.high == pytest.approx(0.0876, abs=5e-5)
    assert draws.counted("days", whole(5, 5, 5, 5), whole(10, 10, 10, 10)) == Estimate(0.5, 40, wilson(20, 40))


def test_a_sum_is_in_dollars_and_has_an_interval_or_none():
    """Of cases of 100 and 300 USD a resample gives 200, 400 or 600; of equal cases nothing can be told."""
    draws = Draws(400, 1)
    assert draws.total("cases", whole(10_000, 30_000)) == Estimate(400.0, 2, Interval(200.0, 600.0))
    assert draws.total("cases", whole(50, 50, 50)) == Estimate(1.5, 3, None)


def test_of_nothing_there_is_no_figure():
    """Without units, and without any denominator, there is no value and no interval."""
    draws, none = Draws(100, 1), Estimate(None, 0)
    assert draws.ratio("cases", NOTHING, NOTHING) == none
    assert draws.counted("days", NOTHING, NOTHING) == none
    assert draws.total("cases", NOTHING) == none
    assert draws.ratio("cases", whole(0, 0), whole(0, 0)) == none
    assert draws.counted("days", whole(0, 0), whole(0, 0)) == none


def test_resamples_that_say_nothing_leave_the_figure_without_interval():
    """The one resample draws no unit that has a denominator: the value stands, how sure it is cannot be told."""
    denominators = whole(1, *[0] * 9)
    seed = next(seed for seed in range(20) if not Draws(1, seed).of("cases", 10)[0, 0])
    assert Draws(1, seed).ratio("cases", denominators, denominators) == Estimate(1.0, 1, None)
