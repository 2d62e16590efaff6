"""How severe an alert is: of what rules found, and of what the models alone raise."""

from itertools import pairwise, product

import pytest

from detectors.alerting.legal_ground import GROUNDS
from detectors.alerting.severity import SEVERITIES, of_finding, of_standing, of_unusual
from detectors.books.party import Alerted


@pytest.mark.parametrize(
    ("ground", "strength", "cents", "earlier", "expected"),
    [
        ("line", 0.1, 10_000_000, False, "critical"),
        ("line", 0.1, 9_999_999, False, "high"),
        ("line", 0.1, 2_000_000, False, "high"),
        ("line", 0.1, 1_999_999, False, "medium"),
        ("line", 0.1, 0, False, "medium"),
        ("law", 0.9, 10_000_000, True, "critical"),
        ("law", 0.8999, 10_000_000, True, "high"),
        ("law", 0.9, 9_999_999, True, "high"),
        ("law", 0.9, 10_000_000, False, "high"),  # the first of its case is looked at today, not before all others
        ("sign", 1.0, 10**12, True, "high"),  # no article sets it
        ("sign", 0.75, 2_000_000, False, "high"),
        ("sign", 0.7499, 2_000_000, False, "medium"),
        ("sign", 0.75, 1_999_999, False, "medium"),
        ("sign", 0.5, 10_000_000, False, "high"),
        ("sign", 0.5, 9_999_999, False, "medium"),
        ("sign", 0.5, 2_000_000, True, "high"),
        ("sign", 0.5, 1_999_999, True, "medium"),
        ("sign", 0.4999, 10**12, True, "low"),
        ("law", 0.4999, 10**12, True, "low"),
    ],
)
def test_a_findings_severity_begins_at_its_limits(ground, strength, cents, earlier, expected):
    """The documented table, each row at its least and just under it."""
    assert of_finding(ground, strength, cents, earlier=earlier) == expected


def test_a_findings_severity_never_falls_when_something_rises():
    """Ground, strength, amount and repetition, each beside all of the others."""
    axes = [
        GROUNDS,
        (0.0, 0.4, 0.5, 0.7, 0.75, 0.9, 1.0),
        (0, 1_999_999, 2_000_000, 9_999_999, 10_000_000),
        (False, True),
    ]
    for place, axis in enumerate(axes):
        for others in product(*(each for number, each in enumerate(axes) if number != place)):
            levels = []
            for value in axis:
                ground, strength, cents, earlier = *others[:place], value, *others[place:]
                levels.append(SEVERITIES.index(of_finding(ground, strength, cents, earlier=earlier)))
            assert all(lower <= higher for lower, higher in pairwise(levels))


@pytest.mark.parametrize(
    ("rank", "own", "cents", "beyond", "expected"),
    [
        (0.0002, 20, 2_000_000, True, "high"),
        (0.00021, 20, 2_000_000, True, "medium"),
        (0.0002, 19, 2_000_000, True, "low"),
        (0.0002, 20, 1_999_999, True, "medium"),
        (0.0, 10**6, 10**12, False, "medium"),  # never high on the amount alone
        (0.0, 10**6, 10**12, True, "high"),  # never critical
        (0.001, 20, 0, False, "medium"),
        (0.0011, 20, 0, False, "low"),
        (0.07, 10**6, 10**12, True, "low"),
        (None, 10**6, 10**12, True, "low"),
    ],
)
def test_an_unusual_payments_severity_follows_rarity_and_comparison(rank, own, cents, beyond, expected):
    """The documented table, each row at its least and just under it."""
    assert of_unusual(rank, own, cents, beyond_money=beyond) == expected


def test_what_was_drawn_by_lot_is_low():
    """Nothing speaks against it."""
    assert of_unusual(0.0, 10**6, 10**12, beyond_money=True, explored=True) == "low"


def test_what_stands_of_an_alert_has_the_severity_of_what_was_last_said():
    """The strongest ground and the largest amount; of what was taken back whole, the mildest."""
    law = Alerted("T01", "s", 1, 0, "a", "c", strength=0.2, at_risk=1_999_999, ground="law")
    line = Alerted("T02", "s", 1, 0, "a", "c", strength=0.2, at_risk=10_000_000, ground="line")
    assert of_standing([]) == "low"
    assert of_standing([law]) == "low"
    assert of_standing([law, line]) == "critical"
    assert of_standing([law, Alerted("T16", "s", 1, 0, "a", "c", strength=0.8)]) == "medium"


def test_the_severities_stand_in_their_order():
    """The mildest first."""
    assert SEVERITIES == ("low", "medium", "high", "critical")
