"""An event in a buffer: address of the slots, number of values, values."""

import math
import struct
from array import array
from ctypes import string_at
from fractions import Fraction

import pytest

from detectors.models import packed_events
from detectors.models.packed_events import PackedEvents


def packed(slots):
    frame = array("q", [0, 0])
    return PackedEvents(slots, frame, 1), frame


def read(frame):
    """What compiled code sees: each value's slot, and the values."""
    address, count = struct.unpack("=qq", string_at(frame[1], 16))
    values = struct.unpack(f"={count}d", string_at(frame[1] + 16, 8 * count))
    return list(struct.unpack(f"={count}i", string_at(address, 4 * count))), list(values)


def test_values_stand_in_the_events_order_with_their_slots():
    """A name without a slot has -1; NaN is a value; whole numbers and fractions become floats."""
    event, frame = packed({"a": 0, "b": 1})
    pattern = event.pack({"b": 2, "x": math.inf, "a": Fraction(1, 2)})
    assert (pattern.number, pattern.known) == (3, False)
    assert read(frame) == ([1, -1, 0], [2.0, math.inf, 0.5])
    assert event.pack({"a": math.nan, "b": -0.0}).known
    slots, values = read(frame)
    assert slots == [0, 1]
    assert (math.isnan(values[0]), str(values[1])) == (True, "-0.0")
    assert event.pack({}).number == 0
    assert read(frame) == ([], [])


def test_long_events_get_a_longer_buffer():
    """The frame has the new address; shorter events go on as before."""
    event, frame = packed({str(number): number for number in range(300)})
    event.pack({"7": 1.0})
    event.pack({str(number): number / 2 for number in range(300)})
    assert read(frame) == (list(range(300)), [number / 2 for number in range(300)])
    event.pack({"7": 1.0})
    assert read(frame) == ([7], [1.0])


@pytest.mark.parametrize("wrong", [None, "1.5"])
def test_what_is_no_number_raises(wrong):
    """As plain Python does, with the event."""
    event, _ = packed({"a": 0})
    with pytest.raises(TypeError, match=r"an event's values must be numbers; got: \{'a': "):
        event.pack({"a": wrong})


def test_slots_that_grew_are_looked_up_again():
    """After `forget`, and not before."""
    slots = {"a": 0}
    event, frame = packed(slots)
    event.pack({"b": 1.0})
    slots["b"] = 1
    event.forget()
    assert event.pack({"b": 1.0}).known
    assert read(frame) == ([1], [1.0])


def test_patterns_do_not_grow_without_bound(monkeypatch):
    """Names that change with each event."""
    monkeypatch.setattr(packed_events, "PATTERNS_REMEMBERED", 10)
    event, frame = packed({"a": 0})
    for number in range(1000):
        event.pack({f"n{number}": 1.0, "a": 2.0})
        assert len(event._patterns) <= 10
        assert read(frame) == ([-1, 0], [1.0, 2.0])
