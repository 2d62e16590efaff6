"""A party's open due dates, packed: set, closed, taken in order, joined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.books import due_dates
from detectors.books.due_dates import OpenDate

T, U = "T97 a", "T98 b"


def test_they_are_taken_in_the_order_of_time_then_kind_then_item():
    """Whatever order they were set in."""
    due: dict[str, bytes] = {}
    every = [OpenDate(5, U, 1), OpenDate(5, T, 9, quiet=True), OpenDate(5, T, 2), OpenDate(4, U, 7)]
    for one in every:
        assert due_dates.put(due, one, 10) is False
    assert (due_dates.first(due), due_dates.earliest_us(due)) == (every[3], 4)
    assert due_dates.opened(due, T) == [every[2], every[1]]
    assert [due_dates.pop(due) for _ in every] == [every[3], every[2], every[1], every[0]]
    assert (due, due_dates.first(due), due_dates.earliest_us(due)) == ({}, None, None)


def test_beyond_the_most_the_one_due_last_is_left_out():
    """Also when it is the newcomer."""
    due: dict[str, bytes] = {}
    assert [due_dates.put(due, OpenDate(at, T, at), 2) for at in (5, 3, 4, 9)] == [False, False, True, True]
    assert [one.at_us for one in due_dates.opened(due, T)] == [3, 4]
    assert due_dates.put(due, OpenDate(7, T, 3), 2) is False
    assert [(one.at_us, one.item) for one in due_dates.opened(due, T)] == [(4, 4), (7, 3)]


def test_one_is_closed_by_its_item():
    """The others stay; one that does not wait is none."""
    due: dict[str, bytes] = {}
    for at in (3, 4):
        due_dates.put(due, OpenDate(at, T, at * 10), 5)
    assert due_dates.take_out(due, T, 30) is True
    assert (due_dates.take_out(due, T, 30), due_dates.take_out(due, U, 40)) == (False, False)
    assert due_dates.opened(due, T) == [OpenDate(4, T, 40)]


def test_two_parties_that_are_one_have_the_dates_of_both():
    """Of an item that both have, the first one's."""
    one: dict[str, bytes] = {}
    other: dict[str, bytes] = {}
    due_dates.put(one, OpenDate(5, T, 1), 9)
    for at, item in ((4, 1), (3, 2)):
        due_dates.put(other, OpenDate(at, T, item, quiet=True), 9)
    due_dates.put(other, OpenDate(1, U, 1), 9)
    both = due_dates.joined(one, other)
    assert due_dates.opened(both, T) == [OpenDate(3, T, 2, quiet=True), OpenDate(5, T, 1)]
    assert due_dates.opened(both, U) == [OpenDate(1, U, 1)]
    assert (due_dates.joined({}, {}), due_dates.opened(one, T)) == ({}, [OpenDate(5, T, 1)])


@given(st.permutations([(at, item) for item, at in enumerate((3, 3, 1, 2, 9))]))
def test_no_order_of_setting_changes_the_bytes(order):
    """So that a state's digest does not depend on it."""
    due: dict[str, bytes] = {}
    for at, item in order:
        due_dates.put(due, OpenDate(at, T, item), 9)
    assert [one[:3:2] for one in due_dates.opened(due, T)] == [(1, 2), (2, 3), (3, 0), (3, 1), (9, 4)]


def test_one_in_the_middle_is_closed_alone():
    """Those on both sides of it stay."""
    due: dict[str, bytes] = {}
    for at in (3, 4, 5, 6):
        due_dates.put(due, OpenDate(at, T, at * 10), 5)
    assert due_dates.take_out(due, T, 40) is True
    assert [one.item for one in due_dates.opened(due, T)] == [30, 50, 60]


def test_moments_before_1970_come_first():
    """They are negative numbers of microseconds."""
    due: dict[str, bytes] = {}
    for at, kind in ((5, T), (-7, T), (-8, U)):
        due_dates.put(due, OpenDate(at, kind, 1 - at), 5)
    assert (due_dates.earliest_us(due), due_dates.first(due)) == (-8, OpenDate(-8, U, 9))
    assert [one.at_us for one in due_dates.opened(due, T)] == [-7, 5]


def test_damaged_due_dates_are_refused() -> None:
    """Bytes that are no whole number of due dates."""
    with pytest.raises(ValueError, match=r"due dates of T06 are damaged; got: 7 bytes; expected: \d+ for each"):
        due_dates.opened({"T06": b"1234567"}, "T06")
