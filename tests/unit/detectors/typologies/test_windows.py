"""Whether what is left of payments still satisfies a rule."""

import pytest

from detectors.typologies.windows import Enough, Piece, near, some_window

THREE = [Piece(0, 10, 1), Piece(5, 20, 2), Piece(9, 30, 1)]


@pytest.mark.parametrize(
    ("width", "enough", "found"),
    [
        (10, Enough(3, 60), True),
        (9, Enough(3, 60), False),
        (9, Enough(2, 50), True),
        (9, Enough(2, 51), False),
        (9, Enough(3, 30), False),
        (1, Enough(1, 30), True),
        (1, Enough(1, 31), False),
        (10, Enough(3, 60, 2), True),
        (10, Enough(3, 60, 1), False),
        (1, Enough(1, 10, 1), True),
        (100, Enough(4, 0), False),
    ],
)
def test_a_window_holds_pieces_money_and_few_payees(width, enough, found):
    """Its end is open: a piece a whole width after its first one is in the next."""
    assert some_window(THREE, width, enough) is found


def test_a_payee_leaves_with_its_last_piece():
    """Payee 2 has two pieces at first, 3 two more: within three of time there are never two alone but at the end."""
    pieces = [Piece(0, 1, 2), Piece(1, 1, 2), Piece(2, 1, 3), Piece(3, 1, 3), Piece(4, 1, 3)]
    assert not some_window(pieces[:4], 3, Enough(3, 3, 1))
    assert some_window(pieces, 3, Enough(3, 3, 1))


def test_pieces_of_one_moment_are_in_a_window_together():
    """Three of three payees are no window of four of four."""
    pieces = [Piece(5, 1, payee) for payee in range(4)]
    assert not some_window(pieces, 3, Enough(3, 3, 3))
    assert some_window(pieces, 3, Enough(4, 4, 4))


def test_nothing_is_never_enough():
    """Not even for a rule that asks for nothing."""
    assert some_window([], 10, Enough(0, 0)) is False


def test_near_is_a_width_before_and_after_in_order_of_time():
    """Before it the end is open, after it closed."""
    pieces = [Piece(at, 1) for at in (21, 20, 0, 1, 10)]
    assert near(pieces, 10, 10) == [Piece(1, 1), Piece(10, 1), Piece(20, 1)]
