"""How far a deal rate is from the reference, to the hundredth of a basis point."""

import pytest

from detectors.values.market_gap import deviation_of
from detectors.values.money import Exact, Ratio


@pytest.mark.parametrize(
    ("rate", "reference", "expected"),
    [
        (Exact(1456, 0), Ratio(1400, 1), 40_000),
        (Exact(13_440, 1), Ratio(1400, 1), -40_000),
        (Exact(1400, 0), Ratio(14_000, 10), 0),
        (Exact(11, 1), Ratio(1, 1), 100_000),
        (Exact(1_000_000_5, 7), Ratio(1, 1), 0),  # half of a hundredth of a basis point goes to the even one
        (Exact(1_000_001_5, 7), Ratio(1, 1), 2),
        (Exact(10**9, 0), Ratio(1, 1), 1_000_000_000),  # a thousand times off is the most that is told
        (Exact(1001, 0), Ratio(1, 1), 1_000_000_000),
        (Exact(1000, 0), Ratio(1, 1), 999_000_000),
        (Exact(1, 9), Ratio(1, 1), -1_000_000),
    ],
)
def test_a_deviation_is_in_hundredths_of_a_basis_point(rate, reference, expected):
    """Exact, positive above the reference."""
    assert deviation_of(rate, reference) == expected
