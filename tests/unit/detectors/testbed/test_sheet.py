"""Columns of a replay's rows: repeating texts, lists of pairs, and the sheet of some rows."""

import numpy as np
import pytest

from detectors.testbed.sheet import NONE, Pairs, Sheet, Texts
from tests.support.synthetic_result import payment, sheet

NAMES = ("KR", "VN", None, "KR", "CN")


def some() -> Texts:
    """A column with a text that repeats and one that is missing."""
    return Texts.of(NAMES)


def lists() -> Pairs:
    """A column of lists: two pairs, none, three, one."""
    return Pairs.of([[("a", 1.0), ("b", 2.0)], [], [("b", 0.5), ("a", 0.5), ("c", 0.25)], [("c", 7.0)]])


def test_texts_are_numbered_by_first_appearance() -> None:
    """Each text is held once; a missing one has the code that stands for none."""
    column = some()
    assert (column.names, column.codes.tolist(), column.codes.dtype) == (
        ("KR", "VN", "CN"),
        [0, 1, NONE, 0, 2],
        np.int32,
    )
    assert NONE == -1
    assert column.texts() == list(NAMES)
    assert [column.text(row) for row in range(5)] == list(NAMES)


def test_the_code_of_a_text_that_no_row_has_is_none_of_the_rows() -> None:
    """A text that occurs has its rows' code; another one has a code that no row has, nor a missing text."""
    column = some()
    assert (column.codes == column.code("CN")).tolist() == [False, False, False, False, True]
    assert not (column.codes == column.code("JP")).any()


def test_rows_with_any_of_some_texts() -> None:
    """Missing texts are among none; texts that do not occur find nothing."""
    assert some().is_any(["CN", "KR", "JP"]).tolist() == [True, False, False, True, True]
    assert some().is_any([]).tolist() == [False] * 5
    assert some().is_any(["JP"]).dtype == np.bool_
    assert Texts.of([None, None]).is_any(["KR"]).tolist() == [False, False]


@pytest.mark.parametrize("rows", [np.array([4, 2, 0]), np.array([0, 2, 4])])
def test_texts_of_some_rows(rows: np.ndarray) -> None:
    """Rows are taken in the order asked for, and keep the names' numbers."""
    taken = some().take(rows)
    assert taken.texts() == [NAMES[row] for row in rows]
    assert taken.names == some().names


def test_lists_of_pairs_by_row() -> None:
    """What was put in comes out, in its order; the columns have the types that are written to files."""
    column = lists()
    assert [column.row(row) for row in range(4)] == [
        [("a", 1.0), ("b", 2.0)],
        [],
        [("b", 0.5), ("a", 0.5), ("c", 0.25)],
        [("c", 7.0)],
    ]
    assert column.counts().tolist() == [2, 0, 3, 1]
    assert column.starts.tolist() == [0, 2, 2, 5, 6]
    assert (column.starts.dtype, column.values.dtype) == (np.int64, np.float64)
    whole = Pairs.of([[("a", 3)]])
    assert (whole.values.dtype, Pairs.of([]).values.dtype, Pairs.of([]).starts.tolist()) == (
        np.float64,
        np.float64,
        [0],
    )


def test_the_largest_of_each_list() -> None:
    """Row 0's b is larger than its a, row 1 has none, of row 2's equal ones b came first, row 3 has only c."""
    largest = lists().largest()
    assert largest.texts() == ["b", None, "b", "c"]
    assert largest.codes.dtype == np.int32
    assert Pairs.of([[], [("a", -2.0), ("b", -1.0)], []]).largest().texts() == [None, "b", None]
    assert Pairs.of([]).largest().texts() == []


@pytest.mark.parametrize("chosen", [[2, 3], [3, 0, 1], [1], [], [2, 2]])
def test_lists_of_some_rows(chosen: list[int]) -> None:
    """By index, in any order and more than once; the lists stay whole."""
    taken = lists().take(np.array(chosen, np.int64))
    assert [taken.row(row) for row in range(len(chosen))] == [lists().row(row) for row in chosen]
    assert taken.starts.dtype == np.int64
    assert taken.counts().tolist() == [len(lists().row(row)) for row in chosen]


def test_lists_of_masked_rows() -> None:
    """A mask takes the rows where it is true."""
    taken = lists().take(np.array([True, False, False, True]))
    assert [taken.row(row) for row in range(2)] == [lists().row(0), lists().row(3)]
    assert len(taken.counts()) == 2


def whole() -> Sheet:
    """Four payments whose columns differ in every row."""
    rows = [
        payment(
            f"e{n}",
            f"p{n}",
            n,
            score=n / 10,
            usd=None if n == 2 else 10.0 * n,
            status=f"s{n}",
            partition=n,
            history=n == 1,
            deviation=float(n),
            fired=[("T01", n / 4)],
            reasons=[(f"f{n}", 1.0)] * n,
            alert_id="x" if n in {1, 3} else None,
        )
        for n in range(4)
    ]
    found = sheet(rows)
    found.members["robust_z"] = np.arange(4.0)
    return found


def test_alerted_rows_are_those_with_an_alert() -> None:
    """Rows 1 and 3 have an alert's id."""
    assert whole().alerted.tolist() == [False, True, False, True]
    assert len(whole()) == 4


@pytest.mark.parametrize("rows", [np.array([3, 1]), np.array([False, True, True, False])], ids=["indices", "mask"])
def test_the_sheet_of_some_rows(rows: np.ndarray) -> None:
    """Every column has the same rows, members' scores and lists of pairs among them."""
    kept, taken = np.arange(4)[rows], whole().take(rows)
    assert len(taken) == 2
    for name in Sheet.__struct_fields__:
        before, after = getattr(whole(), name), getattr(taken, name)
        if isinstance(before, Texts):
            assert after.texts() == [before.text(row) for row in kept]
        elif isinstance(before, Pairs):
            assert [after.row(row) for row in range(2)] == [before.row(row) for row in kept]
        elif isinstance(before, dict):
            assert {member: scores.tolist() for member, scores in after.items()} == {"robust_z": kept.tolist()}
        else:
            np.testing.assert_array_equal(after, before[kept])
