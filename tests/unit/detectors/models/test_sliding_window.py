"""A window of the newest values by hand: order, counts, ranks, and a save."""

from array import array
from math import inf, nan

import pytest

from detectors.models.sliding_window import SlidingWindow


def window(*values: float, size: int = 4) -> SlidingWindow:
    made = SlidingWindow(size)
    for value in values:
        made.add(value)
    return made


def test_a_window_keeps_the_newest_in_order_of_arrival():
    """A ring of four: after six values the first two are gone, twice around the first six."""
    one = window(5.0, 1.0, 4.0, 2.0)
    assert (len(one), list(one.order), one.oldest) == (4, [1.0, 2.0, 4.0, 5.0], 0)
    one.add(3.0)
    assert (list(one.order), one.oldest) == ([1.0, 2.0, 3.0, 4.0], 1)
    for value in (9.0, 8.0, 7.0, 6.0):
        one.add(value)
    assert (list(one.order), one.oldest, len(one)) == ([6.0, 7.0, 8.0, 9.0], 1, 4)
    assert one.to_bytes() == array("d", [9.0, 8.0, 7.0, 6.0]).tobytes()


def test_counts_and_ranks_of_ties():
    """Values as large count on both sides; 1 when nothing is known."""
    one = window(1.0, 2.0, 2.0, 3.0)
    assert (one.at_least(2.0), one.at_most(2.0)) == (3, 3)
    assert (one.at_least(3.5), one.at_most(0.5)) == (0, 0)
    assert (one.p_value(2.0), one.p_value(3.5), one.p_value(0.0)) == (0.8, 0.2, 1.0)
    assert SlidingWindow(4).p_value(9.0) == 1.0


def test_a_full_window_is_loaded_as_it_was_and_a_wrong_one_refused():
    """Exactly `size` values fit; one more, a torn one, or what is no number does not."""
    one = window(5.0, 1.0, 4.0, 2.0, 3.0)
    loaded = SlidingWindow.from_bytes(4, one.to_bytes())
    assert (list(loaded.order), list(loaded.arrivals), loaded.oldest, loaded.size) == (
        [1.0, 2.0, 3.0, 4.0],
        [1.0, 4.0, 2.0, 3.0],
        0,
        4,
    )
    with pytest.raises(ValueError, match="got: 32 bytes; expected: at most 3 numbers"):
        SlidingWindow.from_bytes(3, one.to_bytes())
    with pytest.raises(ValueError, match="got: 31 bytes; expected: at most 4 numbers"):
        SlidingWindow.from_bytes(4, one.to_bytes()[:-1])
    with pytest.raises(ValueError, match="not a number"):
        SlidingWindow.from_bytes(4, array("d", [1.0, nan]).tobytes())
    assert list(SlidingWindow.from_bytes(4, array("d", [inf, 1.0]).tobytes()).order) == [1.0, inf]
