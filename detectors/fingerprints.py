"""Duplicates and conflicts of senders, told from the last N events of each kind in a partition.

An event has an identity and a body, both keyed fingerprints of 16 bytes. The window is a number of events, not a time:
what comes again after N others of its kind (50 000 by default) is taken as new. Each kind has a window of its own.
Failure prevented: rates come to every partition, and 50 000 of them would push every payment out of one common window,
so that a payment sent again would count twice.

Packed, an event takes 46 bytes in a snapshot and some 200 in memory: 2.3 MB and 10 MB a full window of 50 000, and at
most five windows. Rates and payments fill theirs; the others are seldom full. An event of a key rotation is known under
its former fingerprints too, which doubles that.
"""

import struct
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from detectors.events import Declaration, Disposition, Profile, Rate, Transaction

_KEY = 16
_PLACE = struct.Struct("<HIq")
_ENTRY = _KEY + _PLACE.size
_FORMER = 3 * _KEY
_LOT = 4_096


class Known(NamedTuple):
    """An earlier event: its body and where it came from (number of its topic, partition, offset)."""

    body: bytes
    topic: int
    partition: int
    offset: int


# Each kind of event that a sender identifies, by the name of its type in the ledger.
KINDS: dict[type, str] = {
    Transaction: "transaction",
    Rate: "rate",
    Declaration: "declaration",
    Profile: "profile",
    Disposition: "disposition",
}


class Fingerprints:
    """The last `size` events of one kind: identity -> body and source position, oldest first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._order: deque[bytes] = deque()
        self._entries: dict[bytes, bytes] = {}
        # of events of a key rotation: former identity -> identity and former body, and identity -> former identity
        self._formers: dict[bytes, bytes] = {}
        self._former_of: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._order)

    @property
    def renamed(self) -> bool:
        """Whether any event is known under a former key's fingerprints too."""
        return bool(self._former_of)

    def find(self, identity: bytes) -> Known | None:
        """The earlier event of this identity, None when it is not among the last `size`."""
        entry = self._entries.get(identity)
        if entry is not None:
            return Known(entry[:_KEY], *_PLACE.unpack_from(entry, _KEY))
        former = self._formers.get(identity)
        if former is None:
            return None
        return Known(former[_KEY:], *_PLACE.unpack_from(self._entries[former[:_KEY]], _KEY))

    def add(self, identity: bytes, known: Known, former: tuple[bytes, bytes] | None = None) -> None:
        """Remember a new event (one that `find` did not know) and forget the oldest beyond `size`.

        `former` is its identity and body under the previous key, in a rotation: a worker that has the former keys yet
        would send it again under that identity.
        """
        if former is not None and former[0] not in self._formers and former[0] != identity:
            self._formers[former[0]], self._former_of[identity] = identity + former[1], former[0]
        self._entries[identity] = known.body + _PLACE.pack(known.topic, known.partition, known.offset)
        self._order.append(identity)
        self._trim()

    def resize(self, size: int) -> None:
        """Another window, after a change of configuration."""
        self.size = size
        self._trim()

    def _trim(self) -> None:
        while len(self._order) > self.size:
            gone = self._order.popleft()
            del self._entries[gone]
            if self._former_of and (former := self._former_of.pop(gone, None)) is not None:
                del self._formers[former]

    def copied(self) -> "Fingerprints":
        """A copy that later events do not change, for a snapshot; entries are shared. About 1 ms at 50 000."""
        copy = Fingerprints(self.size)
        copy._order, copy._entries = self._order.copy(), self._entries.copy()
        copy._formers, copy._former_of = self._formers.copy(), self._former_of.copy()
        return copy

    def to_state(self) -> Iterator[bytes]:
        """All entries, oldest first, 16 + 30 bytes each, in lots of under 1 ms."""
        entries, left = self._entries, iter(self._order)
        while lot := list(islice(left, _LOT)):
            yield b"".join([part for identity in lot for part in (identity, entries[identity])])

    def formers_to_state(self) -> Iterator[bytes]:
        """Identity, former identity and former body of the events that have them, oldest first, in lots."""
        formers, former_of = self._formers, self._former_of
        left = (identity for identity in self._order if identity in former_of) if former_of else iter(())
        while lot := list(islice(left, _LOT)):
            yield b"".join([identity + former_of[identity] + formers[former_of[identity]][_KEY:] for identity in lot])

    @classmethod
    def from_state(cls, size: int, packed: bytes, formers: bytes = b"") -> "Fingerprints":
        """What the lots of `to_state` and `formers_to_state` described, joined.

        Raises `ValueError` when a length is not whole entries, or a former one belongs to no entry.
        """
        step = _KEY + _ENTRY
        if len(packed) % step:
            raise ValueError(f"fingerprints are damaged; got: {len(packed)} bytes; expected: a multiple of {step}")
        found = cls(size)
        for start in range(0, len(packed), step):
            identity = packed[start : start + _KEY]
            found._order.append(identity)
            found._entries[identity] = packed[start + _KEY : start + step]
        if len(formers) % _FORMER:
            raise ValueError(f"fingerprints are damaged; got: {len(formers)} bytes; expected: a multiple of {_FORMER}")
        for start in range(0, len(formers), _FORMER):
            identity, former, body = (formers[start + each : start + each + _KEY] for each in range(0, _FORMER, _KEY))
            if identity not in found._entries:
                raise ValueError("fingerprints are damaged; got: a former one without its event")
            found._formers[former], found._former_of[identity] = identity + body, former
        return found


def key(text: str) -> bytes:
    """The 16 bytes of a fingerprint of 32 hex digits. Raises `ValueError` for anything else."""
    found = bytes.fromhex(text)
    if len(found) != _KEY:
        raise ValueError(f"not a fingerprint; got: {text!r}; expected: 32 hex digits")
    return found
