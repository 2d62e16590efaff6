"""A past as bytes: packed as documented, of one layout, and refused when damaged."""

import hashlib
import struct
from types import SimpleNamespace
from typing import Any

import pytest

from detectors.features.baselines import Layout, token_hash
from detectors.features.moment import Definition
from detectors.features.past import PartyPast


def definition(name: str, slots: int) -> Definition:
    nothing: Any = SimpleNamespace()
    return Definition(name, slots, nothing, nothing, "")


def layout() -> Layout:
    return Layout([definition("one", 2), definition("two", 1)])


def a_past() -> PartyPast:
    past = PartyPast([[1.0, 2.0], [3.0]])
    past.seen, past.first_s, past.last_s = 7, 100.5, 200.25
    past.known = {2**64 - 1: 0.5, 3: 1.5}
    past.habits = {2**32 - 1: 0.25}
    return past


def test_a_past_is_packed_as_documented():
    """Format, counterparties, habits, fingerprint, payments, times, numbers, hashes, weights; little-endian."""
    packed = layout().pack(a_past())
    assert packed == struct.pack("<BBBxHIdd3f2Q2f1I1f", 2, 2, 1, layout().fingerprint, 7, 100.5, 200.25, 1.0, 2.0, 3.0,
                                 2**64 - 1, 3, 0.5, 1.5, 2**32 - 1, 0.25)  # fmt: skip
    assert len(packed) == 26 + 4 * 3 + 12 * 2 + 8 * 1
    again = layout().unpack(packed)
    assert (again.own, again.seen, again.first_s, again.last_s) == ([[1.0, 2.0], [3.0]], 7, 100.5, 200.25)
    assert list(again.known.items()) == [(2**64 - 1, 0.5), (3, 1.5)]
    assert list(again.habits.items()) == [(2**32 - 1, 0.25)]


def test_a_party_never_seen_has_zeros_and_sixteen_counterparties_and_24_habits_fit():
    """Empty bytes in; the fullest past out and in again."""
    assert layout().unpack(b"").own == [[0.0, 0.0], [0.0]]
    past = a_past()
    past.known, past.habits = dict.fromkeys(range(16), 1.0), dict.fromkeys(range(24), 2.0)
    again = layout().unpack(layout().pack(past))
    assert (again.known, again.habits) == (past.known, past.habits)


def test_numbers_beyond_float32_are_cut_on_either_side():
    """Rather than that a payment fails; what fits stays as it is, and the counterparties too."""
    past = a_past()
    past.own = [[1e300, -1e300], [3.0]]
    own = layout().unpack(layout().pack(past)).own
    assert own == [pytest.approx([3.0e38, -3.0e38]), [3.0]]
    assert layout().unpack(layout().pack(past)).known == {2**64 - 1: 0.5, 3: 1.5}


def test_a_counterparty_is_known_by_a_hash_that_is_the_same_in_every_process():
    """64 bits, little-endian."""
    digest = hashlib.blake2b(b"k1.0a3.supplier", digest_size=8).digest()
    assert token_hash("k1.0a3.supplier") == struct.unpack("<Q", digest)[0]


def test_a_layout_is_known_by_its_names_and_sizes():
    """Two bytes of a hash: the same in every process, another one for any other set."""
    digest = hashlib.blake2b(b"one:2,two:1", digest_size=2).digest()
    assert layout().fingerprint == int.from_bytes(digest, "little")
    assert (layout().sizes, layout().total) == ([2, 1], 3)
    other = Layout([definition("one", 1), definition("two", 2)])
    with pytest.raises(ValueError, match=f"of another feature set; got: {layout().fingerprint}; expected: "):
        other.unpack(layout().pack(a_past()))


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p[:-1],
        lambda p: p + b"\0",
        lambda p: b"\x01" + p[1:],
        lambda p: b"\x02",
        lambda p: b"\x02\x02",
        lambda p: p[:1] + b"\x11",
        lambda p: p[:1] + b"\x11" + p[2:],
        lambda p: p[:1] + b"\x01" + p[2:],
        lambda p: p[:2] + b"\x19" + p[3:],
        lambda p: p[:2] + b"\x00" + p[3:],
    ],
)
def test_damaged_bytes_are_refused(damage):
    """Torn, too long, of another format, or of more or fewer counterparties or habits than there are bytes."""
    packed = damage(layout().pack(a_past()))
    with pytest.raises(ValueError, match=f"got: {len(packed)} bytes of format {packed[0]}; expected: format 2"):
        layout().unpack(packed)
