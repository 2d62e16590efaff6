"""Which copies of one input partition's rates or configurations stand on `fx.legs.v1`, beside those of the ledger.

Ingest writes such a record to every partition of the ledger and to every partition of the legs. The ledger record's
header `__fx.legs` says that the release which wrote it did so. Records without it are of an earlier release, which
wrote them to the ledger alone.

A copy is compared by the record's own fields, which no rotation of keys changes. One that was written again under
another key, in the middle of a rotation, is the same.
"""

import zlib

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.contracts.events import ConfigurationChange, Rate
from streams.proofs.leg_places import DIFFERS, UNREADABLE, UNTOLD

_UNKNOWN = 0
_encode = msgspec.json.Encoder().encode


def print_of_broadcast(event: Rate | ConfigurationChange) -> int:
    """The checksum of a rate or configuration, never 0; the same in ledger and legs, whatever keys are in use."""
    if isinstance(event, Rate):
        told = _encode((event.event_id, event.base, event.quote, event.mid, event.rate_time, event.source))
    else:
        told = _encode(event.configuration)
    return zlib.crc32(told) or 1


class BroadcastPlaces:
    """Copies in the partitions of the legs, offsets [begin, end). An offset costs 7 bytes and one more a partition.

    `due` says that a ledger record promises copies, `behind` that one stands only where an agent's gate passes over it.
    """

    WITHOUT_SOURCE = "copy_without_source"

    def __init__(self, begin: int, end: int, partitions: int) -> None:
        self.begin, size = begin, max(0, end - begin)
        self.due, self.behind = np.zeros((2, size), np.bool_)
        self.there: npt.NDArray[np.bool_] = np.zeros((partitions, size), np.bool_)
        self.wrong: npt.NDArray[np.uint8] = np.zeros(size, np.uint8)
        self._prints: npt.NDArray[np.uint32] = np.zeros(size, np.uint32)
        self._marks: dict[int, int] = {}
        self._later: set[int] = set()

    def expect(self, offset: int, checksum: int) -> None:
        """A ledger record of this offset promises copies."""
        place = offset - self.begin
        if 0 <= place < len(self.due):
            self.due[place] = True
            self._compare(place, checksum)

    def note(self, offset: int, fault: int) -> None:
        """A record or copy of this offset cannot be read: `UNTOLD` of the ledger's, `UNREADABLE` of the legs'."""
        place = offset - self.begin
        if 0 <= place < len(self.wrong):
            self.wrong[place] |= fault

    def take(self, partition: int, offset: int, checksum: int) -> None:
        """A copy that stands in `partition` of the legs, in the order of that partition.

        One that comes after a later one is written again, and nobody minds; unless it never came before, because an
        agent's gate then takes it for one that it has counted.
        """
        place = offset - self.begin
        if place >= len(self.due):
            self._later.add(offset)
            return
        new = offset > self._marks.get(partition, -1)
        if new:
            self._marks[partition] = offset
        if place < 0 or partition >= len(self.there):
            return
        self.behind[place] |= not new and not self.there[partition, place]
        self.there[partition, place] = True
        self._compare(place, checksum)

    def _compare(self, place: int, checksum: int) -> None:
        if self._prints[place] == _UNKNOWN:
            self._prints[place] = checksum
        elif self._prints[place] != checksum:
            self.wrong[place] |= DIFFERS

    def beyond(self, end: int) -> npt.NDArray[np.int64]:
        """Offsets of copies at or beyond `end`, where the input has ended by now."""
        return np.array(sorted(offset for offset in self._later if offset >= end), np.int64)

    def faults(self, read: npt.NDArray[np.bool_], ledger: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.bool_]]:
        """Offsets whose copies do not add up, by kind of fault; `read` and `ledger` say where input and record are."""
        anywhere = self.there.any(axis=0)
        return {
            self.WITHOUT_SOURCE: anywhere & ~read,
            "copy_without_record": anywhere & read & ~ledger,
            "copy_missing": read & ledger & self.due & ~self.there.all(axis=0),
            "copy_differs": self.wrong & DIFFERS > 0,
            "copy_behind": self.behind,
            "copy_unreadable": self.wrong & UNREADABLE > 0,
            "copies_untold": self.wrong & UNTOLD > 0,
        }
