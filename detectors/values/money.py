"""Exact money: decimal strings to integers, half-even division, and back to text. No float takes part.

USD equivalents are integer cents in 64 bits. An amount beyond `LARGEST_CENTS` (4.6e16 USD, hundreds of times the
world's yearly product) is cut to it: every limit is passed all the same, and no partition stops for it.
"""

import re
from typing import NamedTuple

LARGEST_CENTS = 2**62
# beyond any currency or rate
_LARGEST_SHIFT = 64
_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,4}")
# digits of an amount that are kept beside its payment: what fits 64 bits
_LARGEST_MANTISSA = 2**62


class Exact(NamedTuple):
    """A non-negative decimal number: `mantissa` / 10 ** `exponent`."""

    mantissa: int
    exponent: int


class Ratio(NamedTuple):
    """An exact rate: `numerator` / `denominator` units of the quote currency for one of the base."""

    numerator: int
    denominator: int


ONE = Ratio(1, 1)


def parse(text: str) -> Exact:
    """The decimal string `text`. Raises `ValueError` when it is not a finite decimal above zero. Cost: about 1 us."""
    found = parse_or_zero(text)
    if found.mantissa == 0:
        raise ValueError(f"not a number above zero; got: {text!r}")
    return found


def parse_or_zero(text: str) -> Exact:
    """As `parse`, zero included: a declared value may be nothing."""
    whole, point, fraction = text.partition(".")
    if (whole + fraction).isascii() and whole.isdigit() and (fraction.isdigit() or not point):
        mantissa, exponent = int(whole + fraction), len(fraction)
    elif _SCIENTIFIC.fullmatch(text):
        digits, power = text.lower().split("e")
        whole, _, fraction = digits.partition(".")
        places = len(fraction) - int(power)
        if abs(places) > _LARGEST_SHIFT:
            raise ValueError(f"a number of absurd size; got: {text!r}")
        # not by `decimal`, whose 28 digits would round
        mantissa, exponent = int(whole + fraction) * 10 ** max(-places, 0), max(places, 0)
    else:
        raise ValueError(f"not a decimal number; got: {text!r}; expected: digits with at most one point")
    while exponent and mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent - 1
    return Exact(mantissa, exponent)


def half_even(numerator: int, denominator: int) -> int:
    """`numerator` / `denominator` to the nearest integer, ties to the even one; `denominator` > 0."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + (1 if twice > denominator or (twice == denominator and quotient & 1) else 0)


def cents(amount: Exact, rate: Ratio) -> int:
    """`amount` times `rate` in hundredths, half-even, at most `LARGEST_CENTS`."""
    value = half_even(amount.mantissa * rate.numerator * 100, 10**amount.exponent * rate.denominator)
    return min(value, LARGEST_CENTS)


def fitted(amount: Exact) -> Exact:
    """`amount` in a mantissa of 64 bits; only amounts of more than 18 digits lose their last decimals."""
    mantissa, exponent = amount
    while mantissa > _LARGEST_MANTISSA and exponent > 0:
        mantissa, exponent = half_even(mantissa, 10), exponent - 1
    return Exact(min(mantissa, _LARGEST_MANTISSA), exponent)


def plain(hundredths: int) -> str:
    """Hundredths as a decimal string for machines, such as `29400.00`."""
    sign, size = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{size // 100}.{size % 100:02d}"


def decimal_text(amount: Exact) -> str:
    """The number as a decimal string for machines, without an exponent; a single decimal is written as two."""
    mantissa, places = amount
    if not places:
        return str(mantissa)
    if places == 1:
        mantissa, places = mantissa * 10, 2
    whole, fraction = divmod(mantissa, 10**places)
    return f"{whole}.{fraction:0{places}d}"


def grouped(hundredths: int) -> str:
    """Hundredths for people, such as `29,400.00`."""
    sign, size = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{size // 100:,}.{size % 100:02d}"
