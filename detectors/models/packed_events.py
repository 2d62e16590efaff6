"""An event's numbers in one buffer, as compiled code reads them: one pass over the mapping, no work a number."""

import struct
from array import array
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

# Orders of names that are remembered. Events of one source have few; failure prevented: names that change with each
# event fill the memory. Beyond it all are forgotten, and made again as they come.
PATTERNS_REMEMBERED = 1024


class Pattern(NamedTuple):
    """What is the same for all events with these names in this order."""

    # writes address of the slots, number of values, and the values
    pack_into: Callable[..., None]
    address: int
    number: int
    # whether each name has a slot
    known: bool
    # the slot of each name, -1 for one that has none; here so that the address stays good
    slots: "np.ndarray[Any, np.dtype[np.int32]]"


class PackedEvents:
    """The buffer that holds the event of now: slots' address, count, values as float64, each 8 bytes.

    A missing feature is simply not there, so that NaN can be a value like any other. Cost: 0.6 us for ten features.
    """

    def __init__(self, slots: Mapping[Any, int], frame: "array[int]", place: int) -> None:
        """`slots` gives the slot of a name, and may grow (`forget` then). The buffer's address goes into the frame."""
        self._slots, self._frame, self._place = slots, frame, place
        self._patterns: dict[tuple[Any, ...], Pattern] = {}
        self._make_room(16)

    def _make_room(self, values: int) -> None:
        self.room = values
        self._buffer = array("q", bytes(8 * (2 + values)))
        self._frame[self._place] = self._buffer.buffer_info()[0]

    def pack(self, x: Mapping[Any, float]) -> Pattern:
        """Take in the event; gives its names' pattern. Raises `TypeError` for what is no number, as None."""
        names = tuple(x)
        pattern = self._patterns.get(names)
        if pattern is None:
            pattern = self._learn(names)
        try:
            pattern.pack_into(self._buffer, 0, pattern.address, pattern.number, *x.values())
        except struct.error as fault:
            raise TypeError(f"an event's values must be numbers; got: {dict(x)!r}") from fault
        return pattern

    def _learn(self, names: tuple[Any, ...]) -> Pattern:
        if len(self._patterns) >= PATTERNS_REMEMBERED:
            self._patterns.clear()
        slots = np.array([self._slots.get(name, -1) for name in names], dtype=np.int32)
        if len(names) > self.room:
            self._make_room(2 * len(names))
        packer = struct.Struct(f"=qq{len(names)}d")
        pattern = self._patterns[names] = Pattern(
            packer.pack_into, slots.ctypes.data, len(names), -1 not in slots, slots
        )
        return pattern

    def forget(self) -> None:
        """The slots have changed: look names up again."""
        self._patterns.clear()
