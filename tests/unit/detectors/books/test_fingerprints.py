"""The window of duplicates: who gives way when it is full, what is known under a former key, and a snapshot of it.

Rotations by whole ledgers stand in test_fingerprints_rotation.py.
"""

import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.books import fingerprints
from detectors.books.fingerprints import Fingerprints, Known, key
from detectors.values.shares import OTHERS


def ident(number):
    """A fingerprint."""
    return b"i" + number.to_bytes(15, "big")


def known(number):
    """What is known of an event."""
    return Known(b"b" + number.to_bytes(15, "big"), number % 7, number % 12, number)


def window(size, *senders, **quotas):
    """A window that took one event of each of these senders, numbered from 0; `quotas` are their shares."""
    found = Fingerprints(size)
    found.share_out(quotas)
    for number, sender in enumerate(senders):
        found.add(ident(number), known(number), sender=sender)
    return found


def kept(found, most=100):
    """The numbers of the events that are told."""
    return [number for number in range(most) if found.find(ident(number)) is not None]


def saved(found):
    """The same after a snapshot."""
    lots, formers = b"".join(found.to_state()), b"".join(found.formers_to_state())
    return Fingerprints.from_state(found.size, lots, found.senders_to_state(), formers)


# -- what is known ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one", [Known(b"b" * 16, 0, 0, 0), Known(b"\xff" * 16, 2**16 - 1, 2**32 - 1, 2**63 - 1), Known(b"c" * 16, 1, 2, 3)]
)
def test_an_event_is_known_with_its_body_and_its_place(one):
    """The largest topic number, partition and offset too, and over a save and load."""
    found = Fingerprints(5)
    assert found.find(ident(1)) is None
    found.add(ident(1), one)
    for each in (found, found.copied(), saved(found)):
        assert each.find(ident(1)) == one
        assert each.find(ident(2)) is None
        assert (len(each), each.held(), each.held("A"), each.renamed) == (1, 1, 0, False)


def test_a_fingerprint_is_32_hex_digits():
    """Anything else is refused with what it was."""
    assert key("00ff" * 8) == b"\x00\xff" * 8
    for text in ("00" * 15, "00" * 17, ""):
        with pytest.raises(ValueError, match=f"not a fingerprint; got: '{text}'; expected: 32 hex digits"):
            key(text)
    with pytest.raises(ValueError, match="hexadecimal"):
        key("g" * 32)


def test_an_event_of_a_rotation_is_known_under_its_former_fingerprints():
    """With the body that it had under that key; one whose key did not change, or that another has, adds none."""
    found = Fingerprints(5)
    found.add(ident(1), known(1), (ident(11), b"f" * 16))
    found.add(ident(2), known(2), (ident(2), b"g" * 16))
    found.add(ident(3), known(3), (ident(11), b"h" * 16))
    found.add(ident(4), known(4))
    for each in (found, found.copied(), saved(found)):
        assert each.find(ident(11)) == Known(b"f" * 16, *known(1)[1:])
        assert [each.find(ident(number)) for number in (1, 2, 3, 4)] == [known(number) for number in (1, 2, 3, 4)]
        assert (len(each), each.renamed) == (4, True)
        assert b"".join(each.formers_to_state()) == ident(1) + ident(11) + b"f" * 16


def test_former_fingerprints_go_with_their_event():
    """Two are kept: the third leaves nothing of the first, and nothing of it comes back."""
    found = Fingerprints(2)
    for number in (1, 2, 3):
        found.add(ident(number), known(number), (ident(10 + number), b"f" * 16) if number < 3 else None)
    assert [found.find(ident(number)) is None for number in (1, 11, 2, 12, 3, 13)] == [
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    found.add(ident(4), known(4), (ident(11), b"h" * 16))
    assert found.find(ident(11)) == Known(b"h" * 16, *known(4)[1:])
    found.add(ident(5), known(5))
    found.add(ident(6), known(6))
    assert not found.renamed
    assert list(found.formers_to_state()) == []


# -- who gives way ---------------------------------------------------------------------------------------------------


def test_one_senders_window_is_the_last_events():
    """Exactly as many as it has places for."""
    found = window(3, *"AAAAA")
    assert (kept(found), len(found), found.held("A")) == ([2, 3, 4], 3, 3)


@pytest.mark.parametrize(
    ("senders", "left"),
    [
        ("AAAB", [1, 2, 3]),
        ("AABB", [0, 1, 3]),
        ("ABAA", [1, 2, 3]),
        ("ABBB", [0, 2, 3]),
        ("BBBA", [1, 2, 3]),
        ("AAAC", [0, 1, 2]),
        ("CCCA", [1, 2, 3]),
        ("BCCA", [0, 2, 3]),
        ("CBBA", [0, 2, 3]),
        ("AAABB", [1, 2, 4]),
        ("AAABA", [2, 3, 4]),
    ],
)
def test_a_full_window_forgets_the_oldest_of_who_has_more_than_its_share(senders, left):
    """Two are A's of three, one is B's, none is C's: of the newest's own if that has more, else the first by name."""
    assert kept(window(3, *senders, A=2, B=1)) == left


def test_where_nobody_has_more_than_its_share_the_largest_gives_way():
    """Shares of more than there is room for: the one that holds most, of equal ones the last by name."""
    assert kept(window(3, *"AABC", A=9, B=9, C=9)) == [1, 2, 3]
    assert kept(window(3, *"ABCD", A=9, B=9, C=9, D=9)) == [0, 1, 2]
    assert kept(window(2, *"ABBAA", A=9, B=9)) == [2, 4]


def test_who_has_just_its_share_has_no_more_than_that():
    """Shared out anew too; then the one that holds most, of equal ones the last by name, gives way."""
    found = window(4, *"AABB", A=2, B=2)
    found.share_out({"A": 2, "B": 2, "C": 1})
    found.add(ident(4), known(4), sender="C")
    assert kept(found) == [0, 1, 3, 4]


def test_who_has_no_share_gives_way_to_the_last_event():
    """`0`, the first by name, loses both of its events to B and C."""
    found = window(3, "0", "0", "A", A=1, B=1, C=1)
    for number, sender, left in ((3, "B", [1, 2, 3]), (4, "C", [2, 3, 4])):
        found.add(ident(number), known(number), sender=sender)
        assert kept(found) == left


def test_a_window_loaded_without_shares_has_none():
    """Three senders, each with its own events again; the first by name gives way to a smaller window."""
    found = saved(window(6, *"BAABCC"))
    assert [(sender, found.held(sender)) for sender in "ABC"] == [("A", 2), ("B", 2), ("C", 2)]
    assert [found.find(ident(number)) for number in range(6)] == [known(number) for number in range(6)]
    found.resize(5)
    assert kept(found) == [0, 2, 3, 4, 5]


def test_a_flood_pushes_out_its_own_events():
    """A bank with two events keeps both while another sends a hundred, and is told of them."""
    found = window(4, "A", "A", *"B" * 98, A=2, B=2)
    assert kept(found) == [0, 1, 98, 99]
    assert (found.held("A"), found.held("B"), found.held(), len(found)) == (2, 2, 0, 4)


def test_other_shares_count_from_the_next_event_on():
    """Nothing is forgotten by them; who has just its share has no more than that."""
    found = window(4, *"AABB", A=2, B=2)
    found.share_out({"A": 1, "B": 2, "C": 1})
    assert kept(found) == [0, 1, 2, 3]
    for number, sender, left in ((4, "C", [1, 2, 3, 4]), (5, "C", [1, 2, 3, 5]), (6, "A", [2, 3, 5, 6])):
        found.add(ident(number), known(number), sender=sender)
        assert kept(found) == left
    found.share_out({})
    found.add(ident(7), known(7), sender="C")
    assert kept(found) == [2, 3, 6, 7]


def test_a_smaller_window_forgets_at_once_and_a_larger_one_nothing():
    """Five and three become three and one: down to their shares, the first by name first."""
    found = window(8, *"AAAAABBB", A=3, B=1)
    found.resize(4)
    assert kept(found) == [2, 3, 4, 7]
    found.resize(9)
    for number in range(8, 13):
        found.add(ident(number), known(number), sender="A")
    assert kept(found) == [2, 3, 4, *range(7, 13)]


def test_a_sender_whose_last_event_went_is_forgotten():
    """Its name takes no room, and it begins last when it sends again."""
    found = window(2, *"ABB", B=2)
    assert msgspec.msgpack.decode(found.senders_to_state()) == [["B", 2]]
    found.share_out({"A": 1, "B": 1})
    found.add(ident(3), known(3), sender="A")
    assert msgspec.msgpack.decode(found.senders_to_state()) == [["B", 1], ["A", 1]]
    found.add(ident(4), known(4), sender="C")
    assert (kept(found), found.held("C")) == ([2, 3], 0)


def test_what_a_sender_without_a_share_had_is_the_oldest_of_all_without_one():
    """A gave its share up: its events go before those of the others, and C's stay."""
    found = window(6, *"AACC", OTHERS, OTHERS, A=2, C=2, **{OTHERS: 2})
    found.surrender("A")
    found.surrender("unknown")
    found.share_out({OTHERS: 4, "C": 2})
    assert (found.held("A"), found.held(), found.held("C"), len(found)) == (0, 4, 2, 6)
    assert msgspec.msgpack.decode(found.senders_to_state()) == [["C", 2], [OTHERS, 4]]
    for number, left in ((6, [1, 2, 3, 4, 5, 6]), (7, [2, 3, 4, 5, 6, 7]), (8, [2, 3, 5, 6, 7, 8])):
        found.add(ident(number), known(number))
        assert kept(found) == left


def test_a_sender_may_give_its_share_up_where_there_are_no_others():
    """Then it is what the others have."""
    found = window(3, *"AAA", A=3)
    found.surrender("A")
    assert (found.held(), found.held("A")) == (3, 0)


def test_a_new_configuration_takes_the_shares_of_all_that_have_none():
    """By the order in which they sent first, each before those that were there."""
    found = window(9, *"ABC", OTHERS)
    found.surrender_all_but(lambda sender: sender == "B")
    assert [(sender, found.held(sender)) for sender in ("A", "B", "C", OTHERS)] == [
        ("A", 0),
        ("B", 1),
        ("C", 0),
        (OTHERS, 3),
    ]
    order = b"".join(found.to_state())
    assert [order[at + 15] for at in range(0, len(order), 46)] == [1, 2, 0, 3]


class Plainly:
    """The same by the words of the module alone."""

    def __init__(self, size):
        self.size, self.senders, self.quotas = size, {}, {}

    def add(self, number, sender):
        self.senders.setdefault(sender, []).append(number)
        self.trim(sender)

    def trim(self, newest=None):
        while sum(map(len, self.senders.values())) > self.size:
            over = [name for name, events in self.senders.items() if len(events) > self.quotas.get(name, 0)]
            largest = max(self.senders, key=lambda name: (len(self.senders[name]), name))
            sender = newest if newest in over else min(over, default=largest)
            self.senders[sender].pop(0)
            if not self.senders[sender]:
                del self.senders[sender]

    def surrender(self, sender):
        if sender in self.senders:
            self.senders[OTHERS] = self.senders.pop(sender) + self.senders.pop(OTHERS, [])


QUOTAS = st.dictionaries(st.sampled_from(["A", "B", "C", OTHERS]), st.integers(1, 4))
ADDED = st.tuples(st.just("add"), st.sampled_from(["A", "B", "C", OTHERS]))
STEPS = st.one_of(
    ADDED,
    ADDED,
    st.tuples(st.just("surrender"), st.sampled_from("ABC")),
    st.tuples(st.just("share out"), QUOTAS),
    st.tuples(st.just("resize"), st.integers(1, 8)),
    st.tuples(st.just("save"), st.none()),
)


@given(st.integers(1, 8), QUOTAS, st.lists(STEPS, max_size=40))
def test_any_events_leave_what_plain_counting_leaves(size, quotas, steps):
    """Added, surrendered, resized, shared out, saved and loaded: the same events of the same senders in one order."""
    found, plain = Fingerprints(size), Plainly(size)
    for number, (step, what) in enumerate([("share out", quotas), *steps]):
        if step == "add":
            found.add(ident(number), known(number), sender=what)
            plain.add(number, what)
        elif step == "surrender":
            found.surrender(what)
            plain.surrender(what)
        elif step == "resize":
            found.resize(what)
            plain.size = what
            plain.trim()
        elif step == "save":
            found = saved(found)
        else:
            plain.quotas = what
        if step in {"surrender", "save", "share out"}:
            found.share_out(plain.quotas)
        expected = [(sender, len(events)) for sender, events in plain.senders.items()]
        assert msgspec.msgpack.decode(found.senders_to_state(), type=list[tuple[str, int]]) == expected
        order = [each for events in plain.senders.values() for each in events]
        assert b"".join(found.to_state()) == b"".join(
            ident(each) + known(each).body + struct.pack("<HIq", each % 7, each % 12, each) for each in order
        )
        assert len(found) == len(order)


# -- a snapshot ------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_written_in_lots(monkeypatch):
    """Two events a lot; of those with former fingerprints alone two a lot of theirs."""
    monkeypatch.setattr(fingerprints, "_LOT", 2)
    found = Fingerprints(9)
    for number in range(5):
        found.add(ident(number), known(number), (ident(50 + number), b"f" * 16) if number != 1 else None)
    assert [len(lot) for lot in found.to_state()] == [92, 92, 46]
    assert [len(lot) for lot in found.formers_to_state()] == [96, 96]
    assert list(window(9).to_state()) == []


def test_a_copy_is_not_changed_by_what_comes_later():
    """Nor by what goes."""
    found = window(2, "A", "B")
    copy = found.copied()
    before = (b"".join(copy.to_state()), copy.senders_to_state())
    found.add(ident(5), known(5), (ident(6), b"f" * 16), sender="B")
    assert (b"".join(copy.to_state()), copy.senders_to_state()) == before
    assert (kept(copy), copy.renamed, copy.size) == ([0, 1], False, 2)


@pytest.mark.parametrize(
    ("packed", "senders"),
    [
        (b"x" * 46, [("A", 2)]),
        (b"x" * 46, []),
        (b"x" * 45, [("A", 1)]),
        (b"x" * 47, [("A", 1)]),
        (b"x" * 46, [("A", 1), ("B", 0)]),
        (b"", [("A", 0)]),
        (b"x" * 46, [("A", 2), ("B", -1)]),
    ],
)
def test_damaged_windows_are_refused(packed, senders):
    """More or fewer events than the senders have, half of one, a sender with none: with both numbers."""
    expected = 46 * sum(number for _, number in senders)
    message = f"fingerprints are damaged; got: {len(packed)} bytes; expected: {expected}"
    with pytest.raises(ValueError, match=message):
        Fingerprints.from_state(5, packed, msgspec.msgpack.encode(senders))


@pytest.mark.parametrize(
    ("formers", "message"),
    [
        (b"x" * 47, "got: 47 bytes; expected: a multiple of 48"),
        (b"x" * 49, "got: 49 bytes; expected: a multiple of"),
        (b"x" * 48, "got: a former one without its event"),
        (ident(0) + b"y" * 32 + b"x" * 48, "got: a former one without its event"),
    ],
)
def test_damaged_former_fingerprints_are_refused(formers, message):
    """Half of one, and one of an event that is not there."""
    found = window(5, "A")
    with pytest.raises(ValueError, match=message):
        Fingerprints.from_state(5, b"".join(found.to_state()), found.senders_to_state(), formers)
