"""Which trails stand on `fx.legs.v1`: legs that the shared agent writes because of other legs.

A trail says which leg it follows from: a partition of the legs, an offset, and its number among the trails of that leg.
It may stand there again, after a crash, and nobody minds. What must hold: it stands in its resident's partition, in the
order of its causes, the same each time, and its cause is there. Whether a leg had to make it, a replay alone can tell.
"""

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.contracts.legs import shared_of
from streams.errors import LedgerError
from streams.ledger import envelope
from streams.ledger.envelope import Told

# Offset of the leg that it follows from, and its number.
Position = tuple[int, int]
_NOTHING: Position = (-1, -1)


class TrailPlaces:
    """The trails of one partition of the legs, by their causes' offsets there. A trail costs 150 bytes."""

    def __init__(self) -> None:
        self._marks: dict[int, Position] = {}
        self._prints: dict[tuple[int, int, int], int] = {}
        self._wrong: dict[str, set[int]] = {}

    def take(self, record: Any, told: Told, partitions: int, number: int) -> None:
        """Compare a trail that stands in partition `number` of the legs, in the order of that partition. 8 us."""
        try:
            leg, _ = envelope.decode_leg(record.value, record.headers, record.offset, record.timestamp)
            thing = shared_of(leg)
        except (LedgerError, ValueError):
            self._note("trail_unreadable", told.offset)
            return
        if thing.kind != "resident" or thing.slot % partitions != number or record.key != thing.name.encode():
            self._note("trail_misplaced", told.offset)
        place, checksum = (number, told.offset, told.number), zlib.crc32(record.value)
        known = self._prints.get(place)
        if known is None:
            self._prints[place] = checksum
            # it came after later ones and never before: agents pass over it
            if place[1:] <= self._marks.get(number, _NOTHING):
                self._note("trail_behind", told.offset)
            else:
                self._marks[number] = place[1:]
        elif known != checksum:
            self._note("trail_differs", told.offset)

    def _note(self, fault: str, offset: int) -> None:
        self._wrong.setdefault(fault, set()).add(offset)

    def count(self) -> int:
        """Trails found, each once."""
        return len(self._prints)

    def faults(self, end: int | None) -> dict[str, npt.NDArray[np.int64]]:
        """Offsets of causes whose trails do not add up, by kind of fault; `end` is where their partition ends now."""
        found = {kind: np.array(sorted(offsets), np.int64) for kind, offsets in sorted(self._wrong.items())}
        if end is not None:
            beyond = sorted({offset for _, offset, _ in self._prints if offset >= end})
            found["trail_without_source"] = np.array(beyond, np.int64)
        return found
