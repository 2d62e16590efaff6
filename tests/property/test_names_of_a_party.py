"""Numbering many names at once gives what numbering them one by one gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.books import party as parties
from detectors.books.party import Party

NAMES = st.lists(st.sampled_from(["", "a", "b", "c", "d", "e", "f"]), max_size=12)


@given(NAMES, NAMES)
def test_many_names_are_numbered_as_one_by_one(known, names):
    """Also beyond the bound, where the last place stands for all others, and where a purpose has no name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parties, "NAME_NUMBERS", 4)
        one, many = Party(names=[]), Party(names=[])
        for name in known:
            one.name_number(name)
            many.name_number(name)
        assert many.name_numbers(names) == [one.name_number(name) for name in names]
        assert many.names == one.names
