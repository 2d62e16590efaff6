"""Held payments of a stream of a few payments whose answer is worked out by hand."""

import pytest

from detectors.testbed.figures.held_back import HeldBack, count_held
from tests.support.synthetic_result import case, ground, lookalike, payment

ROWS = [
    payment("c0", "a", 0, rank=0.9, fired=(("T01", 0.5),)),
    payment("c1", "a", 1, rank=0.9),
    payment("l0", "l", 0, rank=0.0019),
    payment("o0", "o", 0, rank=0.0021),
    payment("o1", "o", 1, rank=0.5),
    payment("h0", "o", 2, rank=0.0001, history=True),
    payment("s0", "o", 3, fired=(("T01", 0.5),), scored=False),
]
TOLD = ground(ROWS, [case("T01-0001", "a", ["c0", "c1"], (0, 0))], [lookalike("rent", "l", ["l0"])])


@pytest.mark.parametrize(
    ("ceiling", "others"), [(0.002, 0), (0.0021, 1), (1.0, 1)], ids=["as shipped", "at the ceiling", "beyond the most"]
)
def test_who_is_held(ceiling: float, others: int) -> None:
    """A rule or a rank at most the ceiling holds; history and what the models do not score are no part of it."""
    found = count_held(TOLD, ceiling)
    assert found == HeldBack(crime=2, crime_held=1, lookalikes=1, lookalikes_held=1, others=2, others_held=others)
    assert found.held == 2 + others


def test_a_ceiling_above_the_most_holds_no_more() -> None:
    """The quarantine takes ranks of at most 0.01, whatever may alert."""
    rows = [payment("x", "a", 0, rank=0.0099), payment("y", "a", 1, rank=0.0101)]
    assert count_held(ground(rows, (), ()), 1.0).held == 1
