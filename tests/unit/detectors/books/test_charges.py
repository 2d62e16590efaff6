"""How far two banks' words about one payment may lie apart: 100 USD and a hundredth, either way, to the cent."""

import pytest

from detectors.books.charges import apart_by_charges
from detectors.books.payments import Payment


def paid(amount, usd, exponent=2):
    """A payment of so much in its own currency, worth so many US cents; 0 without a rate."""
    row = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    row.amount, row.usd, row.exponent = amount, usd, exponent
    return row


@pytest.mark.parametrize(
    ("amount", "usd", "low", "high"),
    [
        # 1 000 USD: 100 and 10
        (100_000, 100_000, 89_000, 111_000),
        # 900 EUR worth 1 000 USD: 110 USD are 99 EUR
        (90_000, 100_000, 80_100, 99_900),
        # 1 000 of a currency without a rate: a hundredth
        (100_000, 0, 99_000, 101_000),
    ],
)
def test_to_the_last_unit(amount, usd, low, high):
    for other, agrees in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
        assert apart_by_charges(paid(amount, usd), other, 2) is agrees


def test_one_cent_may_be_what_is_left_of_a_hundred_dollars():
    assert apart_by_charges(paid(1, 1), 10_001, 2)
    assert not apart_by_charges(paid(1, 1), 10_002, 2)


def test_amounts_written_with_other_places():
    """1 000.00 beside 1 110.0 and 1 111: the places are brought together first."""
    assert apart_by_charges(paid(100_000, 100_000), 11_100, 1)
    assert not apart_by_charges(paid(100_000, 100_000), 1_111, 0)
    assert apart_by_charges(paid(1_000, 100_000, 0), 1_110_000, 3)
    assert not apart_by_charges(paid(1_000, 100_000, 0), 1_110_001, 3)
