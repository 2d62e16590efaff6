"""Exact money: amounts become US dollar cents by rounding half to even, never by cutting off."""

import pytest

from detectors.money import Exact, Ratio, cents, fitted, half_even, parse
from detectors.party import unpack
from detectors.payments import exact_sum, rows
from tests.support.ledger import Ledger, later


@pytest.mark.parametrize(
    ("amount", "rate", "expected"),
    [
        ("0.014", (1, 1), 1),
        ("0.016", (1, 1), 2),
        ("0.015", (1, 1), 2),  # a tie goes to the even cent, here up
        ("0.025", (1, 1), 2),  # and here down
        ("1000000", (1, 1387), 720_98),  # 720.980...
        ("1387990", (1, 1387), 1000_71),  # 1 000.713...
        ("13879999", (1, 1388), 10_000_00),  # 9 999.9992...
    ],
)
def test_an_amount_is_rounded_half_to_even(amount, rate, expected):
    """The nearest cent; an amount cut off would be a cent lower in three of these."""
    assert cents(parse(amount), Ratio(*rate)) == expected


def test_ties_go_to_the_even_number():
    """1.5 and 2.5 are both 2."""
    assert [half_even(3, 2), half_even(5, 2), half_even(7, 2), half_even(5, 3)] == [2, 2, 4, 2]


def test_a_total_is_the_sum_of_rounded_payments():
    """Three payments of 1 387 999 KRW at 1 388: 999.9993 USD each, 1 000.00 when rounded, 999.99 when cut off."""
    ledger = Ledger()
    ledger.rate(later(hours=0), "1388")
    for number in range(3):
        ledger.pay(f"p{number}", later(hours=1 + number), "1387999", currency="KRW")
    party = unpack(ledger.state.parties["k1.0a3.remitter"])
    assert exact_sum(rows(party)["usd"]) == 3 * 1000_00


def test_fitting_an_amount_into_64_bits_rounds_too():
    """An amount of more than 18 digits loses its last decimals to the nearest, not downwards."""
    assert fitted(Exact(4_611_686_018_427_387_996, 2)) == Exact(461_168_601_842_738_800, 1)
