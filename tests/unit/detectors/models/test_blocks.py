"""Rows of many events: what fits, and each row as a mapping."""

import numpy as np
import pytest

from detectors.models.blocks import check_block, mappings


def test_rows_become_float64_row_by_row():
    """Compiled code walks through memory."""
    rows, present = check_block(("a", "b"), np.array([[1, 2], [3, 4]], dtype=np.int32).T, [[True, False], [True, True]])
    assert (rows.dtype, rows.flags.c_contiguous, rows.tolist()) == (np.float64, True, [[1.0, 3.0], [2.0, 4.0]])
    assert present is not None
    assert (present.dtype, present.tolist()) == (np.bool_, [[True, False], [True, True]])
    assert list(mappings(("a", "b"), rows, present)) == [{"a": 1.0}, {"a": 2.0, "b": 4.0}]
    assert list(mappings(("a", "b"), rows, None)) == [{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 4.0}]


@pytest.mark.parametrize(
    ("names", "rows", "present"),
    [
        ((), np.zeros((2, 0)), None),
        (("a",), np.zeros((2, 2)), None),
        (("a", "a"), np.zeros((2, 2)), None),
        (("a", "b"), np.zeros(2), None),
        (("a", "b"), np.zeros((2, 2)), np.zeros((2, 1))),
    ],
)
def test_what_does_not_fit_is_refused(names, rows, present):
    """With both shapes."""
    with pytest.raises(ValueError, match=rf"a block does not fit; got: rows of shape \({rows.shape[0]},"):
        check_block(names, rows, present)
