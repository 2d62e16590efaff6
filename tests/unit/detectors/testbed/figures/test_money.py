"""Money found and money that left, on streams of a few payments whose answer is worked out by hand."""

import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.money import money
from detectors.testbed.figures.recall import NEVER_US, first_alerts
from detectors.testbed.statistics import Interval
from tests.support.synthetic_result import case, ground, mask, payment, two_cases

DRAWS = Draws(300, 1)


def test_money_found_and_leaked():
    """A is found at its second payment: 100 leaked. b is never found: all its 4 000 leaked. Its value is 250.50."""
    first = first_alerts(two_cases(), mask(8, 1))
    told = money(two_cases(), first != NEVER_US, first, DRAWS)
    assert (told.found.value, told.total) == (700.0, 950.5)
    assert told.found_share.value == pytest.approx(700 / 950.5)
    assert (told.moved_before.value, told.moved) == (4100.0, 4700.0)
    assert told.moved_before_share.value == pytest.approx(4100 / 4700)
    # of a's value of 700 a seventh was gone, and all of b's 250.50, whatever its payments were
    assert told.illicit_leaked.value == 350.5
    assert told.illicit_leaked_share.value == pytest.approx(350.5 / 950.5)
    assert told.found.interval == Interval(0.0, 1400.0)


def test_nothing_leaks_when_the_first_payment_is_alerted():
    """Alerts on both first payments: nothing left before them."""
    first = first_alerts(two_cases(), mask(8, 0, 3))
    told = money(two_cases(), first != NEVER_US, first, DRAWS)
    assert (told.illicit_leaked.value, told.moved_before.value) == (0.0, 0.0)


def test_the_gap_leaks_and_not_the_deals():
    """A case worth 60 in two deals of 1 000 and 2 000, found at the second: a third of 60 leaked, 1 000 moved."""
    rows = [payment("d0", "a", 0, usd=1000), payment("d1", "a", 1, usd=2000), payment("o", "b", 0, usd=None)]
    told = ground(
        rows,
        [
            case("T16-0001", "a", ["d0", "d1"], (0, 1), illicit_usd="60"),
            case("T18-0002", "b", ["o"], (0, 0), illicit_usd="7"),
        ],
    )
    first = first_alerts(told, mask(3, 1, 2))
    assert money(told, first != NEVER_US, first, DRAWS).illicit_leaked.value == 20.0
    # b moved nothing that has a rate: nothing leaked when found, its whole value when not
    missed = first_alerts(told, mask(3, 1))
    figures = money(told, missed != NEVER_US, missed, DRAWS)
    assert (figures.illicit_leaked.value, figures.moved_before.value) == (27.0, 1000.0)


def test_returned_payments_are_no_money():
    """A payment that was sent back did not go; an order that was settled is counted once."""
    rows = [
        payment("o", "a", 0, usd=500, status="ordered"),
        payment("s", "a", 1, usd=500, status="settled"),
        payment("r", "a", 2, usd=70, status="returned"),
    ]
    told = ground(rows, [case("T01-0001", "a", ["o", "s", "r"], (0, 2))])
    assert told.illicit_cents.tolist() == [50_000]
