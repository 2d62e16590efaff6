"""Adding floats so that every Python gives the same bits."""

from collections.abc import Iterable
from functools import reduce
from operator import add


def add_up(values: Iterable[float]) -> float:
    """The sum from left to right, each step rounded; 0.0 of nothing. Cost: 30 ns a value.

    `sum` adds like this up to Python 3.11, and with a compensation for what was rounded since 3.12. Failure prevented:
    one ledger gave other ranks and another state on a worker with Python 3.13 than on one with 3.11.
    Source: "What's new in Python 3.12", built-in functions.
    """
    return reduce(add, values, 0.0)
