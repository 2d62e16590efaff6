"""Payments that a rule remembers in its own slot: which are kept, restated, and found again."""

from types import SimpleNamespace

import numpy as np

from detectors.books.payments import ROW
from detectors.typologies.kept_payments import MOST_KEPT, Kept, added, restated


def piece(number: int, usd: int = 100, sender: int = 0) -> Kept:
    return Kept(number, number, usd, 7, sender, number + 50)


def past(*rows: tuple[int, int, int]) -> SimpleNamespace:
    """Rows of these first events, ledger positions (times, too) and USD cents."""
    table = np.zeros(len(rows), ROW)
    for name, column in (("event", 0), ("time", 1), ("offset", 1), ("usd", 2)):
        table[name] = [row[column] for row in rows]
    return SimpleNamespace(rows=table)


def test_what_is_older_than_asked_for_leaves():
    """The oldest time itself stays."""
    assert added([piece(1), piece(2), piece(3)], piece(4), 2) == [piece(2), piece(3), piece(4)]


def test_beyond_the_most_the_smallest_of_the_sender_with_most_leaves():
    """A flood of one sender pushes out its own; the other's small one stays."""
    flood = [piece(number, 1000 + number) for number in range(MOST_KEPT - 1)]
    kept = added([piece(900, 1, sender=5), *flood], piece(950, 5000), 0)
    assert len(kept) == MOST_KEPT
    assert piece(900, 1, sender=5) in kept
    assert piece(0, 1000) not in kept
    assert kept[-1] == piece(950, 5000)
    assert len(added(flood, piece(999), 0)) == MOST_KEPT


def test_amounts_of_now_are_taken_and_returned_ones_leave():
    """One settled later and for less, one returned whole, one whose row is gone."""
    now = past((51, 8, 40), (52, 2, 0), (54, 4, 9))
    assert restated(now, [piece(1), piece(2), piece(3)]) == [Kept(8, 8, 40, 7, 0, 51), piece(3)]
