"""Headers by name: which one counts where a name stands several times."""

import pytest

from streams.contracts.record_headers import HISTORY_HEADER, by_name, is_history


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], {}),
        ([("a", b"1"), ("b", b""), ("c", None)], {"a": b"1", "b": b"", "c": None}),
        ([("a", b"1"), ("b", b"2"), ("a", b"3")], {"a": b"3", "b": b"2"}),
        ([("a", b"1"), ("a", None)], {"a": b"1"}),
        ([("a", None), ("a", b"")], {"a": b""}),
        ([("a", None), ("a", None), ("b", b"1")], {"a": None, "b": b"1"}),
    ],
    ids=["none", "each once", "the last", "the last with content", "empty is content", "none has content"],
)
def test_of_several_headers_the_last_with_content_counts(headers, expected):
    """Kafka knows a header without content, which says nothing against one that has some."""
    assert by_name(headers) == by_name(tuple(headers)) == expected


def test_names_stand_in_the_order_of_their_first_content():
    """The door writes what it passes on in this order."""
    assert list(by_name([("b", None), ("a", b"1"), ("b", b"2"), ("a", b"3")])) == ["a", "b"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([HISTORY_HEADER], True),
        ([("fx.history", b"1")], True),
        ([("fx.history", b"true")], False),
        ([("fx.history", None)], False),
        ([("FX.HISTORY", b"1")], False),
        ([HISTORY_HEADER, ("fx.history", b"0")], False),
        ([("fx.history", b"0"), ("x", b"1"), HISTORY_HEADER], True),
    ],
    ids=["as written", "its bytes", "other content", "no content", "other name", "taken back", "the last says so"],
)
def test_only_the_mark_itself_makes_history(headers, expected):
    """Content `1` under the one name."""
    assert is_history(by_name(headers)) is expected
