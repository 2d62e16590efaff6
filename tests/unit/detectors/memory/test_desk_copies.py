"""Copies by day and desk, kept within bounds and in bytes that follow from the counts alone."""

import pytest

from detectors.contracts.learning import DeskCopies
from detectors.memory.desk_copies import MOST_DAYS, DeskCopyCounts

DAY = 739_000


def sent(day: int, *desks: str) -> DeskCopies:
    return DeskCopies(day=day, desks=desks)


def test_copies_are_counted_by_day_and_desk():
    """What was never told of is 0, and asking changes nothing."""
    counts = DeskCopyCounts()
    before = counts.to_state()
    assert counts.sent(DAY, "compliance") == 0
    assert counts.to_state() == before
    for _ in range(2):
        counts.add(sent(DAY, "compliance"), DAY)
    counts.add(sent(DAY + 1, "compliance", "customs"), DAY)
    assert [counts.sent(day, "compliance") for day in (DAY - 1, DAY, DAY + 1)] == [0, 2, 1]
    assert counts.sent(DAY, "customs") == 0


def test_equal_counts_are_equal_bytes_and_come_back():
    """In whatever order they came."""
    first, second = DeskCopyCounts(), DeskCopyCounts()
    told = [sent(DAY, "b"), sent(DAY, "a"), sent(DAY + 1, "a")]
    for one in told:
        first.add(one, DAY)
    for one in reversed(told):
        second.add(one, DAY)
    assert first.to_state() == second.to_state()
    again = DeskCopyCounts.from_state(first.to_state())
    assert (again.sent(DAY, "a"), again.sent(DAY, "b"), again.sent(DAY + 1, "a")) == (1, 1, 1)
    assert again.to_state() == first.to_state()


@pytest.mark.parametrize("away", [1, -1])
def test_the_days_furthest_from_the_partitions_own_go_first(away):
    """A partition that lags hears of many days to come, and still knows how many its desks had on its own."""
    counts = DeskCopyCounts()
    counts.add(sent(DAY, "a"), DAY)
    for number in range(1, 2 * MOST_DAYS):
        counts.add(sent(DAY + away * number, "a"), DAY)
    assert counts.sent(DAY, "a") == 1
    kept = [number for number in range(2 * MOST_DAYS) if counts.sent(DAY + away * number, "a")]
    assert kept == list(range(MOST_DAYS))


def test_damaged_bytes_are_refused():
    """As every part of a snapshot is."""
    with pytest.raises(ValueError, match=r"."):
        DeskCopyCounts.from_state(b"\x93\x01")
