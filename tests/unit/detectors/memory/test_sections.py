"""Named sections of a saved state: lots, pieces, joins, copies in steps, and the digest over all of it."""

import hashlib

import msgspec
import pytest

from detectors.memory import sections


def test_the_digest_is_over_names_lengths_and_bytes_in_their_order():
    """So two states agree only where every boundary does."""
    given = [("header", b"abc"), ("걸", b"")]
    assert sections.digest(given) == hashlib.sha256("6:header:3:abc1:걸:0:".encode()).hexdigest()
    others = [given[::-1], [("header", b"ab"), ("걸", b"c")], [("heade", b"rabc"), ("걸", b"")], given[:1], []]
    assert len({sections.digest(other) for other in [given, *others]}) == 6


def test_small_items_are_packed_in_lots(monkeypatch):
    """A lot ends with the item that fills it; the last one holds the rest, and none is empty."""
    monkeypatch.setattr(sections, "_LOT", 10)
    found = list(sections.lots("parties", ["a" * 4, "b" * 6, "c" * 9, "d", "e"], len))
    assert [(name, msgspec.msgpack.decode(packed)) for name, packed in found] == [
        ("parties/0#0", ["aaaa", "bbbbbb"]),
        ("parties/1#0", ["c" * 9, "d"]),
        ("parties/2#0", ["e"]),
    ]
    assert [name for name, _ in sections.lots("parties", ["a" * 10], len)] == ["parties/0#0"]
    assert list(sections.lots("parties", [], len)) == []


def test_a_lot_that_one_item_makes_too_long_is_cut(monkeypatch):
    """Every piece has at most `PIECE` bytes, and the lot's number goes on."""
    monkeypatch.setattr(sections, "_LOT", 10)
    monkeypatch.setattr(sections, "PIECE", 8)
    found = list(sections.lots("p", ["a" * 12, "b"], len))
    assert [(name, len(packed)) for name, packed in found] == [("p/0#0", 8), ("p/0#1", 6), ("p/1#0", 3)]


@pytest.mark.parametrize(
    ("packed", "pieces"),
    [(b"", [b""]), (b"abcd", [b"abcd"]), (b"abcde", [b"abcd", b"e"]), (b"abcdefghi", [b"abcd", b"efgh", b"i"])],
)
def test_a_section_is_cut_into_pieces_of_the_largest_size(monkeypatch, packed, pieces):
    """The last one may be shorter; an empty section is one empty piece."""
    monkeypatch.setattr(sections, "PIECE", 4)
    expected = [(f"x#{number}", piece) for number, piece in enumerate(pieces)]
    assert list(sections.cut("x", packed)) == expected
    for size in (1, 3, 9):
        parts = [packed[start : start + size] for start in range(0, len(packed), size)]
        assert list(sections.cut_stream("x", parts)) == expected
    assert sections.joined(expected) == [("x", packed)]


def test_a_copy_is_made_in_steps(monkeypatch):
    """Two items a step, a pause after each; nothing is left out or doubled."""
    monkeypatch.setattr(sections, "_STEP", 2)
    into = [("before", 0)]
    lengths = [len(into) for _ in sections.copy_stepwise({"a": 1, "b": 2, "c": 3}, into)]
    assert lengths == [3, 4]
    assert into == [("before", 0), ("a", 1), ("b", 2), ("c", 3)]
    assert list(sections.copy_stepwise({}, into)) == []


def test_pieces_are_joined_by_name_in_order():
    """Sections may come between one another's pieces, and a name may hold the mark itself."""
    given = [("a#1#0", b"1"), ("b#0", b"2"), ("a#1#1", b"3")]
    assert sections.joined(given) == [("a#1", b"13"), ("b", b"2")]
    assert sections.joined([]) == []


@pytest.mark.parametrize("names", [["a#1"], ["a#0", "a#2"], ["a#0", "a#0"], ["a"], ["#0"], ["a#00"], ["a#"]])
def test_a_piece_that_is_missing_or_out_of_order_is_refused(names):
    """What was lost on the way is not read as a shorter state."""
    with pytest.raises(ValueError, match=f"pieces are out of order; got: '{names[-1]}'; expected: "):
        sections.joined([(name, b"x") for name in names])


def test_sections_under_a_prefix_lose_it():
    """The prefix once, at the front only."""
    given = [("rates/EUR/USD", b"1"), ("other/rates/x", b"2"), ("rates/rates/y", b"3"), ("rates", b"4")]
    assert sections.under(given, "rates/") == [("EUR/USD", b"1"), ("rates/y", b"3")]
