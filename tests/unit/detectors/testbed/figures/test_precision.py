"""Precision on streams of a few payments whose answer is worked out by hand."""

import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.precision import precision
from tests.support.synthetic_result import mask, two_cases

DRAWS = Draws(300, 1)


def test_precision():
    """Of five alerts two are on cases' events; three find a case, because b's payment on day 33 counts for recall."""
    told = precision(two_cases(), mask(8, 1, 3, 5, 6, 7), DRAWS)
    assert told.alerts == 5
    assert told.share.value == 2 / 5
    assert told.on_parties.value == 3 / 5
    assert told.alerts_per_day == pytest.approx(5 / 6)
    assert precision(two_cases(), mask(8), DRAWS).share.value is None
