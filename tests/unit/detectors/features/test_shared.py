"""Groups of peers: at most so many, the one unused for longest goes, saved in the order of their use."""

import msgspec
import pytest

from detectors.features.shared import Shared


def test_the_group_unused_for_longest_goes_when_there_are_too_many():
    """8 192 by default; a group keeps its numbers while it is used, and one that is used again is no new one."""
    assert Shared().maximum == 16_384
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
