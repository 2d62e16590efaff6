"""What features are made of, by hand: bounded steps, decayed counts, remembered counterparties, groups and packing."""

import hashlib
import struct
from math import log
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from detectors.features import habits, moments
from detectors.features.baselines import Layout, token_hash
from detectors.features.moment import Definition
from detectors.features.past import LEAST_WEIGHT, Past
from detectors.features.shared import Shared


def learned(own: list[float], value: float, fade: float = 1.0, weight: float = 1.0, floor: float = 0.1) -> list[float]:
    moments.learn(own, value, fade, weight, 1.0, floor)
    return own


# -- location and spread -------------------------------------------------------------------------------------------


def test_the_first_value_is_the_location():
    """With the prior spread, or the floor where that is wider; a late one has the weight it would have faded to."""
    assert learned([0.0] * 4, 5.0) == [1.0, 1.0, 5.0, 1.0]
    assert learned([0.0] * 4, 5.0, weight=0.25, floor=2.0) == [1.0, 0.25, 5.0, 2.0]


@pytest.mark.parametrize(
    ("value", "error"),
    [(10.5, 0.5), (9.0, -1.0), (11.5, 1.5), (12.0, 1.5), (1e9, 1.5), (8.5, -1.5), (8.0, -1.5), (-1e9, -1.5)],
)
def test_a_step_is_clipped_at_three_spreads(value, error):
    """Location 10, spread 0.5, weight 4 of which half is kept: steps of 1/3, and of 1/5 for the spread."""
    own = learned([7.0, 4.0, 10.0, 0.5], value, fade=0.5)
    assert own == pytest.approx([8.0, 3.0, 10 + error / 3, 0.5 + (1.25 * abs(error) - 0.5) / 5])


def test_a_late_value_takes_a_smaller_step():
    """Its weight over all weight."""
    own = learned([7.0, 4.0, 10.0, 0.5], 11.0, weight=0.5)
    assert own == pytest.approx([8.0, 4.5, 10 + 0.5 / 4.5, 0.5 + (1.25 - 0.5) * 0.5 / 6.5])
    own = learned([1.0, 0.25, 10.0, 0.5], 11.0, weight=0.25)  # also where there is less than one in all
    assert own == pytest.approx([2.0, 0.5, 10.5, 0.5 + (1.25 - 0.5) * 0.25 / 2.5])


def test_very_many_observations_still_follow():
    """A step of two thousandths at least, in proportion to a late value's weight."""
    own = learned([1e6, 1e6, 10.0, 1.0], 11.0)
    assert own == pytest.approx([1e6 + 1, 1e6 + 1, 10.002, 1 + 0.002 * 0.25])
    own = learned([1e6, 1e6, 10.0, 1.0], 11.0, weight=0.5)
    assert own == pytest.approx([1e6 + 1, 1e6 + 0.5, 10.001, 1 + 0.001 * 0.25])
    own = learned([400.0, 399.0, 10.0, 1.0], 11.0)  # 1/400 is larger than that, 1/402 too
    assert own == pytest.approx([401.0, 400.0, 10.0025, 1 + 0.25 / 402])


def test_a_past_that_has_faded_to_nothing_starts_again():
    """The location is the value, as far as the step is clipped; nothing is divided by 0."""
    own = learned([7.0, 4.0, 10.0, 0.5], 11.0, fade=0.0, weight=0.0)
    assert own == pytest.approx([8.0, 0.0, 11.0, 0.5])


def test_the_spread_never_falls_under_its_floor():
    """Equal values for ever."""
    assert learned([7.0, 4.0, 10.0, 0.1], 10.0)[3] == 0.1
    assert learned([7.0, 4.0, 10.0, 0.2], 10.0)[3] == pytest.approx(0.2 - 0.2 / 7)


def test_a_deviation_is_widened_while_observations_are_few():
    """By sqrt(1 + 1 / weight), where a weight under a thousandth counts as that."""
    assert moments.deviation([5.0, 4.0, 10.0, 0.5], 12.0) == pytest.approx(4.0 / 1.25**0.5)
    assert moments.deviation([5.0, 4.0, 10.0, 0.5], 9.0) == pytest.approx(-2.0 / 1.25**0.5)
    assert moments.deviation([5.0, 0.0, 10.0, 0.5], 12.0) == pytest.approx(4.0 / 1001**0.5)


# -- habits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "peers", "expected"),
    [
        ([20.0, 0.0], None, log(20.1 / 0.1)),  # own counts alone, from twenty on
        ([19.9, 0.0], None, None),
        ([20.0, 0.0], [19.0, 0.9], log(20.1 / 0.1)),  # peers under twenty know nothing
        ([5.0, 0.0], [19.0, 0.9], None),
        ([5.0, 0.0], [10.0, 10.0], log(8.1 / 3.1)),  # peers count as six of one's own
        ([0.0, 0.0], [15.0, 5.0], log(4.6 / 1.6)),
        ([9.0, 30.0], [10.0, 10.0], 0.0),  # the most usual one
        ([0.0, 0.0], [0.0, 0.0], None),
    ],
)
def test_a_kind_surprises_by_how_much_rarer_it_is(own, peers, expected):
    """Logarithm of the largest chance over this one's, each with a tenth of an observation."""
    found = habits.surprise(own, peers, 1)
    assert found == (None if expected is None else pytest.approx(expected))


def test_the_most_usual_kind_and_counting():
    """The first of equals; none where nothing was counted; older counts fade before the new one is added."""
    assert habits.usual([1.0, 3.0, 3.0]) == 1
    assert habits.usual([0.5, 0.0]) == 0
    assert habits.usual([0.0, 0.0]) is None
    own = [4.0, 2.0]
    habits.count(own, 1, 0.5, 0.25)
    assert own == [2.0, 1.25]


# -- counterparties ------------------------------------------------------------------------------------------------


def test_sixteen_counterparties_are_remembered_and_the_lightest_goes():
    """Among equals the one remembered longest, and never the newest however light."""
    past = Past([])
    for number in range(16):
        past.remember(number, 1.0, 1.0)
    assert len(past.known) == 16
    past.remember(3, 0.5, 1.0)
    assert (past.known[3], past.known[0]) == (1.5, 0.5)
    past.remember(99, 1.0, 0.125)
    assert past.known[99] == 0.125
    assert (len(past.known), 0 in past.known, 1 in past.known) == (16, False, True)
    past.remember(99, 1.0, 0.125)
    assert (past.known[99], len(past.known)) == (0.25, 16)


def test_the_lightest_goes_wherever_it_stands():
    """Not the oldest, nor the least number."""
    past = Past([])
    for number in range(16):
        past.remember(number, 1.0, 0.5 if number == 5 else 1.0)
    past.remember(99, 1.0, 1.0)
    assert 5 not in past.known
    assert len(past.known) == 16


def test_an_empty_past_has_seen_nothing():
    """Times, payments and counterparties; its numbers are those that it is given."""
    past = Past([[1.0]])
    assert (past.seen, past.first_s, past.last_s, past.own, past.known) == (0, 0.0, 0.0, [[1.0]], {})


# -- groups --------------------------------------------------------------------------------------------------------


def test_the_group_unused_for_longest_goes_when_there_are_too_many():
    """8 192 by default; a group keeps its numbers while it is used, and one that is used again is no new one."""
    assert Shared().maximum == 8192
    shared = Shared(maximum=2)
    shared.touch("a", 3)[1] = 5.0
    shared.touch("b", 1)
    assert shared.touch("a", 3) == [0.0, 5.0, 0.0]
    assert list(shared.groups) == ["b", "a"]
    assert shared.peek("b") == [0.0]
    assert shared.peek("c") is None
    assert list(shared.groups) == ["b", "a"]
    assert shared.touch("c", 2) == [0.0, 0.0]
    assert list(shared.groups) == ["a", "c"]


def test_groups_are_saved_in_the_order_of_their_use():
    """Under their section's name, with the bound; a save without the section or damaged is refused."""
    shared = Shared(maximum=5)
    shared.touch("b", 1)[0] = 0.1
    shared.touch("a", 2)
    ((name, packed),) = shared.to_state()
    assert name == "features.shared"
    assert msgspec.msgpack.decode(packed) == [5, [["b", [0.1]], ["a", [0.0, 0.0]]]]
    loaded = Shared.from_state([("other", b""), (name, packed)])
    assert (loaded.maximum, list(loaded.groups.items())) == (5, [("b", [0.1]), ("a", [0.0, 0.0])])
    with pytest.raises(ValueError, match=r"features\.shared is missing; got: x, y"):
        Shared.from_state([("x", b""), ("y", b"")])
    with pytest.raises(ValueError, match="the peers' baselines are damaged"):
        Shared.from_state([(name, b"\xc1")])


# -- packing -------------------------------------------------------------------------------------------------------


def definition(name: str, slots: int) -> Definition:
    nothing: Any = SimpleNamespace()
    return Definition(name, slots, nothing, nothing, "")


def layout() -> Layout:
    return Layout([definition("one", 2), definition("two", 1)])


def a_past() -> Past:
    past = Past([[1.0, 2.0], [3.0]])
    past.seen, past.first_s, past.last_s = 7, 100.5, 200.25
    past.known = {2**64 - 1: 0.5, 3: 1.5}
    return past


def test_a_past_is_packed_as_documented():
    """Format, counterparties, fingerprint, payments, times, numbers, hashes, weights; little-endian."""
    packed = layout().pack(a_past())
    assert packed == struct.pack("<BBHIdd3f2Q2f", 1, 2, layout().fingerprint, 7, 100.5, 200.25, 1.0, 2.0, 3.0,
                                 2**64 - 1, 3, 0.5, 1.5)  # fmt: skip
    assert len(packed) == 24 + 4 * 3 + 12 * 2
    again = layout().unpack(packed)
    assert (again.own, again.seen, again.first_s, again.last_s) == ([[1.0, 2.0], [3.0]], 7, 100.5, 200.25)
    assert list(again.known.items()) == [(2**64 - 1, 0.5), (3, 1.5)]


def test_a_party_never_seen_has_zeros_and_sixteen_counterparties_fit():
    """Empty bytes in; the fullest past out and in again."""
    assert layout().unpack(b"").own == [[0.0, 0.0], [0.0]]
    past = a_past()
    past.known = dict.fromkeys(range(16), 1.0)
    assert layout().unpack(layout().pack(past)).known == past.known


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
        lambda p: b"\x02" + p[1:],
        lambda p: b"\x01",
        lambda p: p[:1] + b"\x11",
        lambda p: p[:1] + b"\x11" + p[2:],
        lambda p: p[:1] + b"\x01" + p[2:],
    ],
)
def test_damaged_bytes_are_refused(damage):
    """Torn, too long, of another format, of more counterparties than there may be, or fewer than there are bytes."""
    packed = damage(layout().pack(a_past()))
    with pytest.raises(ValueError, match=f"got: {len(packed)} bytes of format {packed[0]}; expected: format 1"):
        layout().unpack(packed)


def test_a_payment_is_taken_out_of_the_remembered_ones():
    """Its weight as it has faded; what is left of an earlier payment stays, what is nothing but rounding goes."""
    past = Past([])
    past.seen, past.known = 5, {1: 1.5, 2: 0.5, 3: 0.5 + 2**-9, 4: 0.5 + 2**-11, 5: LEAST_WEIGHT}
    for counterparty in (1, 2, 3, 4):
        past.forget(counterparty, 0.5)
    assert (past.seen, past.known) == (1, {1: 1.0, 3: 2**-9, 5: LEAST_WEIGHT})
    past.forget(5, 0.0)
    past.forget(9, 0.5)
    assert (past.seen, past.known) == (0, {1: 1.0, 3: 2**-9, 5: LEAST_WEIGHT})
