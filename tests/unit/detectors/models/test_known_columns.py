"""Columns keep the place in which they were first learned; what is not known has none."""

import pytest

from detectors.models.known_columns import MOST_COLUMNS, KnownColumns


def test_columns_are_added_in_the_order_of_their_names_and_stay_in_place():
    """Two runs that met the same events have the same places, whatever order a dict had."""
    columns = KnownColumns(0.5)
    assert columns.add_new({"b": 1.0, "a": 2.0}) == ["a", "b"]
    assert columns.add_new({"b": 1.0}) == []
    assert columns.add_new({"0": 1.0, "b": 1.0}) == ["0"]
    assert columns.names == ["a", "b", "0"]


def test_an_event_is_placed_by_its_robust_z():
    """A missing column lies at 0, one that was never learned is left out; nothing is changed."""
    columns = KnownColumns(0.5)
    columns.add_new({"a": 0.0, "b": 0.0})
    assert columns.place({"b": 3.0, "new": 9.0}).tolist() == [0.0, 3.0]
    assert columns.place({"a": 99.0, "b": -99.0}).tolist() == [8.0, -8.0]
    assert columns.scaler.scales == {}


def test_learning_moves_the_scaler_for_columns_that_have_a_place():
    """A column without one leaves no trace."""
    columns = KnownColumns(0.5)
    columns.add_new({"a": 0.0})
    columns.learn({"a": 1.0, "unplaced": 5.0})
    assert list(columns.scaler.scales) == ["a"]


def test_columns_are_bounded():
    """Of 1 000 made-up names the first 512 have a place, and no others come later."""
    columns = KnownColumns(0.5)
    columns.add_new({f"{number:04}": 1.0 for number in range(1000)})
    assert columns.names == [f"{number:04}" for number in range(MOST_COLUMNS)]
    assert columns.add_new({"one more": 1.0}) == []
    columns.learn({"one more": 1.0})
    assert columns.scaler.scales == {}


def test_a_save_with_columns_twice_or_too_many_is_refused():
    """Both would put values into wrong places."""
    columns = KnownColumns(0.5)
    for names in (["a", "a"], [str(number) for number in range(MOST_COLUMNS + 1)]):
        with pytest.raises(ValueError, match="columns do not fit; got: "):
            columns.restore(names, {})
    columns.restore(["b", "a"], {"b": [1.0, 2.0, 1.0]})
    assert columns.place({"b": 4.0, "a": 1.0}).tolist() == [2.0, 1.0]
