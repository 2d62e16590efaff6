"""Calibration on party-days whose scores and answers are known."""

import pytest

from detectors.testbed.figures.calibration import calibration
from detectors.testbed.party_days import party_days
from tests.support.synthetic_result import case, ground, payment


def test_calibration_is_of_party_days():
    """A's best score of the day is 0.95 and one of its events illicit; b scores 0.05 and is honest: error 0.05."""
    rows = [
        payment("a0", "a", 0, score=0.95),
        payment("a1", "a", 0.5, score=0.2),
        payment("b0", "b", 0, score=0.05),
        payment("h", "a", 1, score=0.5, history=True),
    ]
    told = calibration(party_days(ground(rows, [case("T01-0001", "a", ["a1"], (0.5, 0.5))])))
    assert told.n == 2
    assert told.error == pytest.approx(0.05)
