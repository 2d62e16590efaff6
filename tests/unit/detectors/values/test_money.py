"""Exact money: amounts become US dollar cents by rounding half to even, never by cutting off."""

from decimal import Decimal

import pytest

from detectors.books.party import unpack
from detectors.books.payments import exact_sum, rows
from detectors.values.money import (
    LARGEST_CENTS,
    Exact,
    Ratio,
    cents,
    decimal_text,
    fitted,
    grouped,
    half_even,
    parse,
    parse_or_zero,
    plain,
)
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4900", (4900, 0)),
        ("4900.00", (4900, 0)),
        ("100", (100, 0)),
        ("0.10", (1, 1)),
        ("12.3400", (1234, 2)),
        ("0.05", (5, 2)),
        ("007.5", (75, 1)),
        ("1e3", (1000, 0)),
        ("1.5E+3", (1500, 0)),
        ("1.25e1", (125, 1)),
        ("1.5e0", (15, 1)),
        ("15e-1", (15, 1)),
        ("1500e-1", (150, 0)),
        ("1e64", (10**64, 0)),
        ("1e-64", (1, 64)),
        ("98765432109876543.210", (9_876_543_210_987_654_321, 2)),
        ("1.5e65", (15 * 10**64, 0)),
        ("1.5e-63", (15, 64)),
    ],
)
def test_a_decimal_is_read_digit_by_digit(text, expected):
    """Zeros at the end of a fraction go, those of a whole number stay; an exponent moves the point up to 64 places."""
    assert parse(text) == parse_or_zero(text) == expected


@pytest.mark.parametrize("text", ["1e65", "1e-65", "1.5e66", "1.5e-64", "1e9999"])
def test_a_number_of_absurd_size_is_refused(text):
    """It is a number to Python, and its hundredths an integer that no partition gets past."""
    with pytest.raises(ValueError, match="a number of absurd size"):
        parse_or_zero(text)


@pytest.mark.parametrize(
    "text",
    [
        "1.0050000000000000000000000000000000001",
        "1.0050000000000000000000000000000000001e0",
        "10050000000000000000000000000000000001E-37",
    ],
)
def test_an_exponent_form_of_many_digits_is_exact(text):
    """More digits than the 28 that `decimal` computes with; 1.005 and a bit is no tie, however it is written."""
    assert parse(text) == (10_050_000_000_000_000_000_000_000_000_000_000_001, 37)
    assert cents(parse(text), Ratio(1, 1)) == 101


@pytest.mark.parametrize("text", ["0", "0.00", "00", "0e5"])
def test_nothing_is_a_declared_value_and_no_amount(text):
    """`parse_or_zero` reads it, `parse` does not."""
    assert parse_or_zero(text).mantissa == 0
    with pytest.raises(ValueError, match="not a number above zero"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1,5",
        "1.2.3",
        "1e",
        "e5",
        "1e5e5",
        "1.e5",
        ".5e5",
        "1e10000",
        "\u0661",
        "1.\u0661",
        "1e\u0661",
        "\u00b2",
        "1 ",
        "0x1",
        "1_0",
        "1.-5",
        "Infinity",
    ],
)
def test_anything_else_is_no_decimal_number(text):
    """Digits with at most one point between digits, with or without an exponent."""
    with pytest.raises(ValueError, match="not a decimal number"):
        parse_or_zero(text)


@pytest.mark.parametrize(("number", "divisor", "nearest"), [(7, 3, 2), (8, 3, 3), (6, 4, 2), (10, 4, 2), (0, 7, 0)])
def test_the_nearest_whole_number_of_any_division(number, divisor, nearest):
    """7/3 down, 8/3 up, 6/4 and 10/4 are ties that go to the even number."""
    assert half_even(number, divisor) == nearest


def test_an_amount_beyond_64_bits_is_cut_to_the_largest():
    """2 ** 62 cents are 46 116 860 184 273 879.04 USD."""
    assert LARGEST_CENTS == 2**62
    assert cents(parse("46116860184273879.03"), Ratio(1, 1)) == 2**62 - 1
    assert cents(parse("46116860184273879.04"), Ratio(1, 1)) == 2**62
    assert cents(parse("46116860184273879.05"), Ratio(1, 1)) == 2**62


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ((5, 2), (5, 2)),
        ((2**62, 3), (2**62, 3)),
        ((2**62, 0), (2**62, 0)),
        ((2**62 + 1, 0), (2**62, 0)),
        ((46 * 10**18, 1), (46 * 10**17, 0)),
        ((10**30, 1), (2**62, 0)),
        ((10**20 + 75, 5), (10**18 + 1, 3)),
    ],
)
def test_an_amount_keeps_what_fits_64_bits(amount, expected):
    """Decimals go one by one, each to the nearest, while the digits do not fit; whole digits are cut to the largest."""
    assert fitted(Exact(*amount)) == expected


@pytest.mark.parametrize(
    ("hundredths", "machine", "people"),
    [
        (0, "0.00", "0.00"),
        (5, "0.05", "0.05"),
        (99, "0.99", "0.99"),
        (100, "1.00", "1.00"),
        (-5, "-0.05", "-0.05"),
        (2_940_000, "29400.00", "29,400.00"),
        (-2_940_107, "-29401.07", "-29,401.07"),
    ],
)
def test_hundredths_as_text(hundredths, machine, people):
    """Plain for machines, grouped for people, the sign in front of both."""
    assert (plain(hundredths), grouped(hundredths)) == (machine, people)


@pytest.mark.parametrize(
    ("mantissa", "places", "text"),
    [
        (4000, 0, "4000"),
        (0, 0, "0"),
        (48588, 1, "4858.80"),
        (5, 1, "0.50"),
        (485880, 2, "4858.80"),
        (1, 6, "0.000001"),
        (12345678, 3, "12345.678"),
        (2**62, 4, "461168601842738.7904"),
        (100, 2, "1.00"),
    ],
)
def test_a_decimal_as_text_for_machines(mantissa, places, text):
    """Without an exponent; one decimal is written as two, as amounts are."""
    assert decimal_text(Exact(mantissa, places)) == text
    assert parse_or_zero(text) == parse_or_zero(str(Decimal(mantissa).scaleb(-places)))
