"""Which legs stand on `fx.legs.v1` for each offset of one input partition, beside those that its ledger records name.

A ledger record says by itself which legs it has: the function `name_shared` (detectors/contracts/legs.py) names them,
and the header `__fx.legs` says that the release which wrote it wrote all of these. A payment without that header is of
an earlier release, which wrote one leg, the counterparty's, and nothing for declarations. Where copies of a record
differ in that (an upgrade in the middle of a redelivery) the first counts, as it does for agents: what a later copy has
besides may be there or not.

A leg is compared by what no rotation of keys changes: kind, number, slot, and the record's own fields. A record that
was written again under another key, in the middle of a rotation, still has the same legs.
"""

import zlib
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.contracts.events import Declaration, Disposition, Leg, Transaction
from detectors.contracts.legs import MOST_LEGS, SharedThing, name_shared, shared_of, shorten

# What may be wrong with a leg that is there; bits of a byte.
DIFFERS, MISPLACED, UNREADABLE, BEYOND, UNTOLD = 1, 2, 4, 8, 16
# Of legs without a number nothing but the source is compared: earlier releases wrote them.
NO_PRINT = 0
# Offset and number of a leg, in the order in which an agent's gate counts them.
Position = tuple[int, int]
_NOTHING: Position = (-1, -1)
_encode = msgspec.json.Encoder().encode


def prints_of_record(event: Transaction | Declaration | Disposition) -> list[int]:
    """A checksum for each leg that a record must have, by number. Raises ValueError for a token without a slot.

    The leg of an officer's record is that record, and its print is made of it likewise.
    """
    common = _common_of_officer(event) if isinstance(event, Disposition) else _common(shorten(event))
    return [_print(thing, number, common) for number, thing in enumerate(name_shared(event))]


def print_of_leg(leg: Leg) -> tuple[int, SharedThing]:
    """The checksum of a leg as it stands on the topic, and whose it is. Raises ValueError for one of nothing."""
    thing = shared_of(leg)
    return _print(thing, leg.number, _common(leg)), thing


def _common_of_officer(event: Disposition) -> int:
    told = (event.event_id, event.alert_id, event.party, event.verdict, event.investigator, event.decided_at)
    return zlib.crc32(_encode((*told, event.snooze_until, event.snooze_typology, event.shared_token)))


def _print(thing: SharedThing, number: int, common: int) -> int:
    return zlib.crc32(b"%s %d %d" % (thing.kind.encode(), number, thing.slot), common) or 1


def _common(leg: Leg) -> int:
    return zlib.crc32(
        _encode(
            (
                leg.event_id,
                leg.event_time,
                leg.direction,
                leg.status,
                leg.institution,
                leg.amount,
                leg.currency,
                leg.purpose,
                leg.evidence,
                leg.counterparty_country,
                leg.declaration_no,
                leg.line,
                leg.hs_code,
                leg.quantity,
                leg.quantity_unit,
            )
        )
    )


class LegPlaces:
    """The legs of one input partition, offsets [begin, end). An offset costs 22 bytes.

    `due`, `named`, `there` and `behind` have a bit for each number of a leg: named by the first copy of the ledger
    record, by any copy, found, and found where an agent's gate passes over it. `wrong` says what else is wrong.
    """

    WITHOUT_SOURCE = "leg_without_source"

    def __init__(self, begin: int, end: int) -> None:
        self.begin = begin
        size = max(0, end - begin)
        self._told: npt.NDArray[np.bool_] = np.zeros(size, np.bool_)
        self.due, self.named, self.there, self.behind, self.wrong = np.zeros((5, size), np.uint8)
        self._prints: npt.NDArray[np.uint32] = np.zeros((MOST_LEGS, size), np.uint32)
        self._marks: dict[int, Position] = {}
        self._later: set[int] = set()

    def expect(self, offset: int, prints: Sequence[int]) -> None:
        """A ledger record of this offset has these legs; its copies come in the order of the ledger."""
        place = offset - self.begin
        if not 0 <= place < len(self.due):
            return
        numbers = (1 << len(prints)) - 1
        if not self._told[place]:
            self._told[place], self.due[place] = True, numbers
        self.named[place] |= numbers
        for number, checksum in enumerate(prints):
            self._compare(place, number, checksum)

    def note(self, offset: int, fault: int) -> None:
        """Something is wrong at this offset that is no single leg's: a record or leg that cannot be read."""
        place = offset - self.begin
        if 0 <= place < len(self.wrong):
            self.wrong[place] |= fault

    def take(self, partition: int, offset: int, number: int, checksum: int = NO_PRINT, *, placed: bool = True) -> None:
        """A leg that stands in `partition` of the legs, in the order of that partition. `placed`: where it belongs.

        One that comes after a later one is written again, and nobody minds; unless it never came before, because an
        agent's gate then takes it for one that it has counted.
        """
        place = offset - self.begin
        if place >= len(self.there):
            self._later.add(offset)
            return
        mark = self._marks.get(partition, _NOTHING)
        new = (offset, number) > mark
        if new:
            self._marks[partition] = offset, number
        if place < 0:
            return
        if number >= MOST_LEGS:
            self.wrong[place] |= BEYOND
            return
        if not placed:
            self.wrong[place] |= MISPLACED
        elif not new and not self.there[place] & (1 << number):
            self.behind[place] |= 1 << number
        self.there[place] |= 1 << number
        self._compare(place, number, checksum)

    def _compare(self, place: int, number: int, checksum: int) -> None:
        if checksum == NO_PRINT:
            return
        known = self._prints[number, place]
        if known == NO_PRINT:
            self._prints[number, place] = checksum
        elif known != checksum:
            self.wrong[place] |= DIFFERS

    def count(self) -> int:
        """Legs found, each once."""
        return int(sum((self.there >> number & 1).sum() for number in range(MOST_LEGS)))

    def beyond(self, end: int) -> npt.NDArray[np.int64]:
        """Offsets of legs at or beyond `end`, where the input has ended by now."""
        return np.array(sorted(offset for offset in self._later if offset >= end), np.int64)

    def faults(self, read: npt.NDArray[np.bool_], ledger: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.bool_]]:
        """Offsets whose legs do not add up, by kind of fault; `read` and `ledger` say where input and record are."""
        there = self.there > 0
        told = ledger & (self.wrong & UNTOLD == 0)
        return {
            self.WITHOUT_SOURCE: there & ~read,
            "leg_without_record": there & read & ~ledger,
            "leg_missing": read & told & (self.due & ~self.there > 0),
            "leg_extra": (read & told & (self.there & ~self.named > 0)) | (self.wrong & BEYOND > 0),
            "leg_differs": self.wrong & DIFFERS > 0,
            "leg_misplaced": self.wrong & MISPLACED > 0,
            "leg_behind": self.behind & self.due > 0,
            "leg_unreadable": self.wrong & UNREADABLE > 0,
            "legs_untold": self.wrong & UNTOLD > 0,
        }
