"""Small bounds in place of `folded.MOST_ROWS` and `folded.KEPT_ROWS`, so that a handful of payments is folded."""

from collections.abc import Iterator
from contextlib import contextmanager

from detectors.books import folded_payments


@contextmanager
def few_rows(most: int, kept: int) -> Iterator[None]:
    """Keep at most `most` payments of a party as rows, and fold down to `kept`."""
    before = folded_payments.MOST_ROWS, folded_payments.KEPT_ROWS
    folded_payments.MOST_ROWS, folded_payments.KEPT_ROWS = most, kept
    try:
        yield
    finally:
        folded_payments.MOST_ROWS, folded_payments.KEPT_ROWS = before
