"""Told probabilities against the truth, not against the investigator's word."""

import pytest

from detectors.testbed.figures.told_chances import told_chances
from detectors.testbed.learning_curve import ToldChance


def test_the_truth_counts_and_not_the_investigators_word():
    """Ten alerts told 0.3, three of them true; the investigator confirmed all of them by mistake."""
    told = [ToldChance(0.3, confirmed=True, true=number < 3) for number in range(10)]
    found = told_chances(told)
    (bin_,) = [one for one in found.bins if one.n]
    assert (bin_.low, bin_.n, bin_.mean, bin_.share) == (0.3, 10, pytest.approx(0.3), 0.3)
    assert found.error == pytest.approx(0.0, abs=1e-12)
    assert found.brier == pytest.approx(0.3 * 0.7)
    assert bin_.interval.low < 0.3 < bin_.interval.high


def test_a_ranker_that_promises_too_much_is_seen():
    """Told 0.9, true once in ten."""
    found = told_chances([ToldChance(0.9, confirmed=True, true=number == 0) for number in range(10)])
    assert found.error == pytest.approx(0.8)


def test_nothing_told_is_no_figure():
    """Neither 0 nor 1: there is none."""
    found = told_chances([])
    assert (found.error, found.brier, found.n) == (None, None, 0)
