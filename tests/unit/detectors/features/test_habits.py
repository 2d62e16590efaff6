"""Decayed counts of kinds by hand: what is usual, and how much a rare kind surprises."""

from math import log

import pytest

from detectors.features import habits


@pytest.mark.parametrize(
    ("own", "peers", "expected"),
    [
        ([20.0, 0.0], None, log(20.1 / 0.1)),  # own counts alone, from twenty on
        ([19.9, 0.0], None, None),
        ([20.0, 0.0], [19.0, 0.9], log(20.1 / 0.1)),  # peers under twenty know nothing
        ([5.0, 0.0], [19.0, 0.9], None),
        ([5.0, 0.0], [10.0, 10.0], log(8.1 / 3.1)),  # peers count as six of one's own
        ([0.0, 0.0], [15.0, 5.0], log(4.6 / 1.6)),
        ([9.0, 30.0], [10.0, 10.0], 0.0),  # the most usual one
        ([0.0, 0.0], [0.0, 0.0], None),
    ],
)
def test_a_kind_surprises_by_how_much_rarer_it_is(own, peers, expected):
    """Logarithm of the largest chance over this one's, each with a tenth of an observation."""
    found = habits.surprise(own, peers, 1)
    assert found == (None if expected is None else pytest.approx(expected))


def test_the_most_usual_kind_and_counting():
    """The first of equals; none where nothing was counted; older counts fade before the new one is added."""
    assert habits.usual([1.0, 3.0, 3.0]) == 1
    assert habits.usual([0.5, 0.0]) == 0
    assert habits.usual([0.0, 0.0]) is None
    own = [4.0, 2.0]
    habits.count(own, 1, 0.5, 0.25)
    assert own == [2.0, 1.25]
