"""Payments that a rule remembers in its own slot: which are kept, restated, and found again."""

from types import SimpleNamespace

import numpy as np

from detectors.books.party import token_number
from detectors.books.payments import ROW
from detectors.typologies.base import Context, Finding
from detectors.typologies.kept_payments import MOST_KEPT, Kept, added, by_institution, restated, with_now, with_parts
from tests.support.deals import NOW, context_of, kept, row


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


def at_hand(*rows, **changes) -> Context:
    """The payment at ledger position 10 of BANKA, beside these rows."""
    return context_of(payment=row(10), rows=kept(*rows, row(10)), **changes)


def test_the_payment_at_hand_is_one_of_its_tag_and_of_its_moment():
    """Another payment of the same moment counts, one of the first moment of the window does not."""
    moment = Kept(NOW, 4, 300, 7, 0, 4)
    edge, inside = Kept(NOW - 50, 2, 100, 7, 0, 2), Kept(NOW - 49, 3, 200, 7, 0, 3)
    found = with_now(at_hand(), [moment, edge, inside, Kept(NOW, 10, 1, 7, 0, 10)], 7, NOW - 50)
    assert found[-1].sender == token_number("BANKA")
    assert [(one.event, one.usd, one.tag) for one in found] == [(3, 200, 7), (4, 300, 7), (10, 5_000_000, 7)]


def test_sums_are_by_the_banks_of_rows_and_of_the_payment_at_hand():
    """Its own row may not be there yet; what has no row is nobody's."""
    pieces = [
        Kept(NOW, 1, 30, 7, 0, 1),
        Kept(NOW, 2, 40, 7, 0, 2),
        Kept(NOW, 3, 50, 7, 0, 3),
        Kept(NOW, 10, 5, 7, 0, 10),
    ]
    rows = kept(row(1, institution=2), row(2, institution=2))
    context = context_of(payment=row(10), rows=rows)
    assert by_institution(context, pieces) == {"BANKA": 5, "BANKB": 70}


def parts(least: int) -> Finding:
    """A finding of 100 000 cents: 60 000 of BANKA and 40 000 of BANKB."""
    pieces = [Kept(NOW, 1, 40_000, 7, 0, 1), Kept(NOW, 10, 60_000, 7, 0, 10)]
    finding = Finding(
        strength=0.5, limits=(), measured=(), window="", offsets=(), institutions=(), series="", size=100_000,
        growth=200, memory_us=1, at_risk=1, value="0", unit="USD", own_baseline=None, own_n=0, peer_baseline=None,
        text_en="", text_ko="",
    )  # fmt: skip
    return with_parts(at_hand(row(1, institution=2)), finding, pieces, least)


def test_what_is_left_without_another_bank_and_alone_counts_above_the_least():
    """60 000 without BANKB, and so much alone: at 60 000 it is not above."""
    above, at_it = parts(59_999), parts(60_000)
    assert parts(39_999).without == (("BANKB", 60_000),)
    assert (above.without, above.alone) == ((("BANKB", 60_000),), 60_000)
    assert (at_it.without, at_it.alone) == ((), 0)
    assert above.parts == (("BANKA", 60_000), ("BANKB", 40_000))
    assert (above.offsets, above.institutions, above.institution) == ((1, 10), ("BANKA", "BANKB"), "BANKA")
