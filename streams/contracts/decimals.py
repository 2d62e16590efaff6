r"""Decimal strings of the contracts: plain digits with a point, no sign, exponent, separator, NaN or infinity.

The bounds hold on the text, before anything becomes a float. They are regular expressions so that msgspec checks them
while it converts and the generated JSON Schemas carry the same rule: they use only what Python and ECMA 262 read
alike (`[0-9]` because Python's `\\d` takes other scripts' digits; `$(?!\\n)` because Python's `$` also matches before
a last line feed). Leading zeros are accepted, since the contract does not forbid them.
"""

import re


def _pattern(places: int, *, positive: bool) -> str:
    """At most 1e15 with at most `places` decimal places; `positive` refuses zero."""
    above_zero = r"(?![0.]*$)" if positive else ""
    return rf"^{above_zero}(?:[0-9]{{1,15}}(?:\.[0-9]{{1,{places}}})?|10{{15}}(?:\.0{{1,{places}}})?)$(?!\n)"


# CONTRACT, "What holds for every topic": at most 1e15, with at most 6 places
MONEY_ABOVE_ZERO = _pattern(6, positive=True)
# where the contract says ">= 0" or names no sign: nothing it counts there can be negative
MONEY = _pattern(6, positive=False)
# 12 places hold the smallest cross rates in use (IRR or VND to a large unit, 1e-6) with 6 significant digits
RATE = _pattern(12, positive=True)
QUANTITY = _pattern(12, positive=False)

PATTERNS = frozenset({MONEY_ABOVE_ZERO, MONEY, RATE, QUANTITY})

_WRITTEN_AS_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def is_decimal(text: str) -> bool:
    """Whether `text` is written as a decimal at all, so that a refusal is about its bounds."""
    return _WRITTEN_AS_DECIMAL.fullmatch(text) is not None
