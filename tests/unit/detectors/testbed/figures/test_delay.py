"""The median delay of a resample, on resamples that are given and not drawn."""

import numpy as np
import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.delay import days_to_first_alert, delay
from detectors.testbed.figures.recall import first_alerts
from detectors.testbed.ground import Ground
from detectors.testbed.statistics import Estimate, Floats, Interval
from tests.support.synthetic_result import case, ground, mask, payment


class Given(Draws):
    """One resample, which draws each case so often."""

    def __init__(self, *counts: int) -> None:
        super().__init__(1, 1)
        self._counts = np.array([counts], np.float64)

    def of(self, name: str, units: int) -> Floats:
        """The resample."""
        return self._counts


def four() -> Ground:
    """Cases of a, b, c and d that begin on day 0, each with one more payment: on day 3, 0, 1 and 2."""
    rows = [payment(f"{party}0", party, 0) for party in "abcd"]
    rows += [payment(f"{party}1", party, day) for party, day in zip("abcd", (3, 0, 1, 2), strict=True)]
    return ground(rows, [case(f"T01-{party}", party, [f"{party}0", f"{party}1"], (0, 3)) for party in "abcd"])


@pytest.mark.parametrize(
    ("counts", "median"),
    [
        ((1, 1, 1, 1), 1.0),  # d is not found and does not count
        ((2, 1, 0, 1), 3.0),
        ((1, 1, 0, 2), 0.0),  # half of them do not exceed 0
        ((0, 2, 2, 0), 0.0),
        ((0, 1, 3, 0), 1.0),
        ((0, 0, 1, 3), 1.0),
        ((1, 0, 0, 3), 3.0),
    ],
)
def test_the_median_of_a_resample_is_by_nearest_rank(counts: tuple[int, ...], median: float) -> None:
    """A is found after 3 days, b after 0, c after 1, d never; drawn so often each, their median is that."""
    told = delay(four(), first_alerts(four(), mask(8, 4, 5, 6)), Given(*counts)).median
    assert told.interval == Interval(median, median)
    assert (told.value, told.n) == (1.0, 3)


def test_a_resample_without_a_case_found_says_nothing() -> None:
    """Only d was drawn, which is never found; and where none is found there is no median at all."""
    assert delay(four(), first_alerts(four(), mask(8, 4, 5, 6)), Given(0, 0, 0, 4)).median.interval is None
    assert delay(four(), first_alerts(four(), mask(8)), Given(1, 1, 1, 1)).median == Estimate(None, 0)


def test_one_delay_has_no_interval() -> None:
    """A single case found says nothing of how delays vary."""
    assert delay(four(), first_alerts(four(), mask(8, 6)), Given(1, 1, 1, 1)).median == Estimate(1.0, 1, None)


def test_no_delay_is_negative() -> None:
    """A payment of the case that came before its stated begin is found at once."""
    told = ground([payment("a0", "a", 0)], [case("T01-0001", "a", ["a0"], (1, 1))])
    assert days_to_first_alert(told, first_alerts(told, mask(1, 0))).tolist() == [0.0]
