"""How severe an alert is."""

import pytest

from detectors.alerting.severity import SEVERITIES, severity


@pytest.mark.parametrize(
    ("score", "cents", "expected"),
    [
        (0.9, 10_000_000, "critical"),
        (0.8999, 10_000_000, "high"),
        (0.9, 9_999_999, "high"),
        (0.75, 2_000_000, "high"),
        (0.7499, 2_000_000, "medium"),
        (0.75, 1_999_999, "medium"),
        (0.5, 10_000_000, "high"),
        (0.5, 9_999_999, "medium"),
        (0.5, 0, "medium"),
        (0.4999, 10_000_000, "low"),
    ],
)
def test_severities_begin_at_their_limits(score, cents, expected):
    """Score and amount of the documented table, each at its least and just under it."""
    assert severity(score, cents) == expected


def test_the_severities_stand_in_their_order():
    """The mildest first."""
    assert SEVERITIES == ("low", "medium", "high", "critical")
