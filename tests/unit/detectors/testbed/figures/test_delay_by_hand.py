"""Time to the first alert on streams of a few payments whose answer is worked out by hand."""

import numpy as np

from detectors.testbed.draws import Draws
from detectors.testbed.figures.delay import delay, nearest_rank
from detectors.testbed.figures.recall import first_alerts
from detectors.testbed.statistics import Interval
from tests.support.synthetic_result import case, ground, mask, payment, two_cases

DRAWS = Draws(300, 1)


def test_time_to_first_alert():
    """A after 1 day, b after 3: nearest-rank median 1, the latest 3; over all cases the same."""
    told = delay(two_cases(), first_alerts(two_cases(), mask(8, 1, 2, 4)), DRAWS)
    assert (told.median.value, told.median.n) == (1.0, 2)
    assert told.median.interval == Interval(1.0, 3.0)
    assert told.quantiles["0.9"] == 3.0
    assert told.median_of_all == 1.0
    assert told.by_typology["T02"].value == 3.0


def test_never_found_is_later_than_any_delay():
    """With one of three found, the median over all cases cannot be told, that over the found one can."""
    rows = [payment(name, name, 0) for name in "abc"]
    told = ground(rows, [case(f"T01-000{place}", name, [name], (0, 0)) for place, name in enumerate("abc")])
    late = delay(told, first_alerts(told, mask(3, 1)), DRAWS)
    assert (late.median.value, late.median.interval, late.median_of_all) == (0.0, None, None)
    assert delay(told, first_alerts(told, mask(3)), DRAWS).median.value is None


def test_the_medians_interval_is_around_the_median():
    """Of 41 delays from 0 to 40 days the median is 20, and its interval reaches some days to either side only."""
    rows = [payment(f"e{n}", f"p{n}", 0) for n in range(41)] + [payment(f"f{n}", f"p{n}", n) for n in range(41)]
    told = ground(rows, [case(f"T01-{n:04}", f"p{n}", [f"e{n}", f"f{n}"], (0, 41)) for n in range(41)])
    median = delay(told, first_alerts(told, mask(82, *range(41, 82))), DRAWS).median
    assert median.value == 20.0
    assert 10.0 <= median.interval.low < 20.0 < median.interval.high <= 30.0


def test_nearest_rank():
    """Of 1, 2, 3, 4 the median is 2 and the 90 % quantile 4; of nothing there is none."""
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert (nearest_rank(values, 0.5), nearest_rank(values, 0.9), nearest_rank(values, 0.1)) == (2.0, 4.0, 1.0)
    assert nearest_rank(np.array([]), 0.5) is None
