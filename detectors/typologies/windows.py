"""Whether what is left of payments still satisfies a rule: some window with enough of them, and enough money."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Piece(NamedTuple):
    """A payment: event time (us), USD cents, and its payee where that matters."""

    time_us: int
    cents: int
    payee: int = 0


class Enough(NamedTuple):
    """What a window must hold: at least so many pieces and USD cents, of at most so many payees."""

    pieces: int
    cents: int
    payees: int = 2**63 - 1


def near(pieces: Iterable[Piece], at_us: int, width_us: int) -> list[Piece]:
    """Those within a window's width of a time, before and after it, in order of time.

    Later ones count too: while an alert stood, they were no news of their own.
    """
    return sorted(one for one in pieces if at_us - width_us < one.time_us <= at_us + width_us)


def some_window(pieces: Sequence[Piece], width_us: int, enough: Enough) -> bool:
    """Whether any window [start, start + width) of pieces in order of time holds enough. Cost: 0.5 us a piece.

    A window begins at a piece, and has all pieces of that moment.
    """
    payees: Counter[int] = Counter()
    last = cents = 0
    for first, one in enumerate(pieces):
        while last < len(pieces) and pieces[last].time_us < one.time_us + width_us:
            cents += pieces[last].cents
            payees[pieces[last].payee] += 1
            last += 1
        begins = first == 0 or pieces[first - 1].time_us < one.time_us
        if begins and last - first >= enough.pieces and cents >= enough.cents and len(payees) <= enough.payees:
            return True
        cents -= one.cents
        payees[one.payee] -= 1
        if not payees[one.payee]:
            del payees[one.payee]
    return False
