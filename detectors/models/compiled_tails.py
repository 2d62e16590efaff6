"""Windowed tails on arrays that compiled code reads and writes: equal to windowed_tails.py in a fraction of its time.

Imported only where compiled code was loaded (`compiled_code.py`).
"""

import ctypes
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from detectors.models import compiled_code
from detectors.models import tail_kernels as places
from detectors.models.compiled_code import Kernels
from detectors.models.packed_events import PackedEvents

SCORE, LEARN = ctypes.c_int64(0), ctypes.c_int64(places.LEARN)
Array = np.ndarray[Any, np.dtype[np.float64]]


class CompiledTails:
    """The windows of `WindowedTails`, and its sums, in machine code.

    `kept` bytes are those of `SlidingWindow`. Features beyond `most` are never learned. Cost (ten features, window
    1 000): 6 us a mapping, 2 us a row of a block. Memory: 16 bytes x window a feature.
    """

    def __init__(self, kernels: Kernels, window: int, most: int) -> None:
        self.kernels, self.window, self.most = kernels, window, most
        self._slots: dict[Any, int] = {}
        self._orders: list[Array] = []
        self._rings: list[Array] = []
        frame = self._frame = array("q", bytes(8 * places.TAILS_FRAME))
        self._pointer = ctypes.c_void_p(frame.buffer_info()[0])
        frame[places.TAIL_WINDOW] = window
        # addresses of orders and rings, lengths, places of the oldest: one of each a slot
        self._tables = [np.zeros(most, dtype=np.int64) for _ in range(4)]
        wanted = (places.TAIL_ORDERS, places.TAIL_RINGS, places.TAIL_LENGTHS, places.TAIL_OLDEST)
        for place, table in zip(wanted, self._tables, strict=True):
            frame[place] = table.ctypes.data
        self._event = PackedEvents(self._slots, frame, places.TAIL_EVENT)
        self._make_room()

    def _make_room(self) -> None:
        self._credited = array("d", bytes(8 * self._event.room))
        self._frame[places.TAIL_CREDITS] = self._credited.buffer_info()[0]

    def _admit(self, name: Any) -> None:
        """A window for a new feature. Zeros take no memory before they are written."""
        slot = self._slots[name] = len(self._slots)
        for arrays, table in zip((self._orders, self._rings), self._tables, strict=False):
            arrays.append(np.zeros(self.window))
            table[slot] = arrays[-1].ctypes.data

    def _pack(self, x: Mapping[Any, float], *, learn: bool) -> int:
        """Take in the event, with windows for features that are new when it is learned; gives the number of values."""
        pattern = self._event.pack(x)
        if learn and not pattern.known and len(self._slots) < self.most:
            self._admit_all([name for name, value in x.items() if value == value])  # noqa: PLR0124
            pattern = self._event.pack(x)
        if len(self._credited) < self._event.room:
            self._make_room()
        return pattern.number

    def _admit_all(self, names: Iterable[Any]) -> None:
        for name in names:
            if name not in self._slots and len(self._slots) < self.most:
                self._admit(name)
        self._event.forget()

    def learn_one(self, x: Mapping[Any, float]) -> None:
        """Take each present value into its window."""
        self._pack(x, learn=True)
        self.kernels.tails(self._pointer, LEARN)

    def score_one(self, x: Mapping[Any, float]) -> float:
        """Sum of -ln(p) - 1 over present features; changes nothing."""
        self._pack(x, learn=False)
        score: float = self.kernels.tails(self._pointer, SCORE)
        return score

    def score_then_learn_one(self, x: Mapping[Any, float], learn: bool = True) -> tuple[float, dict[Any, float]]:
        """Score and each feature's -ln p, before learning."""
        count = self._pack(x, learn=learn)
        score = self.kernels.tails(self._pointer, LEARN if learn else SCORE)
        credited = dict(zip(x, self._credited[:count].tolist(), strict=True))
        if self._frame[places.TAIL_UNKNOWN]:
            credited = {name: credit for name, credit in credited.items() if credit == credit}  # noqa: PLR0124
        return score, credited

    def score_then_learn_block(self, names: tuple[Any, ...], rows: Array, present: Any, *, learn: bool) -> Array:
        """As `WindowedTails.score_then_learn_block`, whose checks were made."""
        if learn:
            there = rows == rows if present is None else (rows == rows) & present  # noqa: PLR0124
            # windows are made in the order in which features come
            firsts = [(int(column.argmax()), place) for place, column in enumerate(there.T) if column.any()]
            self._admit_all([names[place] for _, place in sorted(firsts)])
        scores = np.zeros(len(rows))
        self._event.pack(dict.fromkeys(names, 0.0))
        addresses = (rows.ctypes.data, 0 if present is None else present.ctypes.data)
        self.kernels.tails_block(self._pointer, *addresses, len(rows), scores.ctypes.data, int(learn))
        return scores

    def kept(self) -> dict[str, bytes]:
        """Each feature's kept values in arrival order."""
        found = {}
        for name, slot in self._slots.items():
            ring, length, oldest = self._rings[slot], self._tables[2][slot], self._tables[3][slot]
            found[name] = np.concatenate((ring[oldest:length], ring[:oldest])).tobytes()
        return found

    def restore(self, kept: Mapping[str, "array[float]"]) -> None:
        """Become the windows with these values, in arrival order."""
        for name, values in kept.items():
            self._admit(name)
            slot, length = self._slots[name], len(values)
            self._rings[slot][:length] = values
            self._orders[slot][:length] = sorted(values)
            self._tables[2][slot] = length

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies own arrays of their own: the frame's addresses are good in this object only."""
        return revive, (self.window, self.most, self.kept())


def revive(window: int, most: int, kept: Mapping[str, bytes]) -> CompiledTails:
    """The copy that `CompiledTails.__reduce__` described. Raises `RuntimeError` where no code is compiled."""
    found = compiled_code.kernels()
    if found is None:
        raise RuntimeError(f"compiled tails need compiled code; got: {compiled_code.prepare().said}")
    made = CompiledTails(found, window, most)
    made.restore({name: array("d", values) for name, values in kept.items()})
    return made
