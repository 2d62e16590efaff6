"""Bytes of trees, and what follows from masses."""

from math import log2

import msgspec
import numpy as np
import pytest

from detectors.models.tree_state import CREDIT_UNIT, Counters, Shape, TreeState, balances, credit_drops, decode, encode

SHAPE = Shape(2, 1, 40, None)
STATE = TreeState(Counters(13, 3, 20, 10), ["a", "b"], np.array([[1, 2], [3, 0]]), np.array([[4, 6], [10, 0]]))


def test_a_state_comes_back():
    """Four bytes a mass, little-endian, whatever the arrays were."""
    saved = encode(SHAPE, STATE)
    assert msgspec.msgpack.decode(saved)[3] == np.array([1, 2, 3, 0], dtype="<i4").tobytes()
    found = decode(saved, SHAPE, ("a", "b"))
    assert (found.counters, found.names) == (STATE.counters, STATE.names)
    assert found.current.tolist() == [[1, 2], [3, 0]]
    assert found.reference is not None
    assert found.reference.tolist() == [[4, 6], [10, 0]]
    assert decode(saved, SHAPE, ()).names == ["a", "b"]
    assert decode(encode(SHAPE, STATE._replace(reference=None)), SHAPE, ()).reference is None


@pytest.mark.parametrize(("shape", "names"), [(SHAPE._replace(seed=1), ()), (SHAPE, ("a", "c"))])
def test_a_state_of_others_is_refused(shape, names):
    with pytest.raises(
        ValueError, match=r"half-space trees of another shape or other features; got: \(2, 1, 40, None\)"
    ):
        decode(encode(SHAPE, STATE), shape, names)


def test_balances_are_right_less_left():
    """Of each inner node, in heap order."""
    assert balances(np.array([[1, 2, 4, 8]])).tolist() == [[9, 1, 4]]


def test_drops_are_falls_of_the_logarithm_in_whole_numbers():
    """A root has none; an empty leaf counts half an event."""
    ((root, left, right),) = credit_drops(np.array([[10, 10, 0]])).tolist()
    assert root == 0
    assert left == -CREDIT_UNIT
    assert right == round((log2(10) - 1 - log2(0.5)) * CREDIT_UNIT)
    # the deepest trees and the largest window that are allowed: 32 bits hold it
    assert credit_drops(np.array([[1_000_000, 0, 1_000_000]]))[0, 1] == pytest.approx((log2(1e6)) * CREDIT_UNIT)
