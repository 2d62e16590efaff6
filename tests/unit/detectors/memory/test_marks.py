"""The gate keeps a mark for each input partition, and not for ever."""

from detectors.contracts.events import Source
from detectors.memory.marks import MOST_TOPICS, find_mark

T = "fx.transactions.v1"


def test_the_marks_of_deleted_topics_do_not_grow_for_ever():
    """The oldest goes first, and only of the same input partition."""
    marks = {(T, 0, f"T{number}"): number for number in range(MOST_TOPICS)} | {(T, 1, "T0"): 7}
    assert find_mark(marks, Source(T, 0, 0), "new") == (T, 0, "new")
    assert list(marks) == [(T, 0, f"T{number}") for number in range(1, MOST_TOPICS)] + [(T, 1, "T0")]
    assert find_mark(marks, Source(T, 0, 0), "") == (T, 0, "T7")
    assert find_mark(marks, Source(T, 2, 0), "") == (T, 2, "")
