"""A party's baselines as packed bytes: small enough for a million parties in memory.

Layout, little-endian: format byte, number of remembered counterparties, that of habits, a byte of 0, fingerprint of the
feature layout (u16), payments seen (u32), first and newest event time (f64 each), the features' float32 numbers in
registry order, counterparty hashes (u64 each), their decayed weights (float32 each), habits (u32 each), theirs. 26 + 4
x slots + 12 x counterparties + 8 x habits bytes: 610 with 50 slots, all 16 counterparties and all 24 habits.
"""

import hashlib
import struct
from collections.abc import Sequence
from functools import lru_cache

from detectors.features.moment import Definition
from detectors.features.past import COUNTERPARTIES, HABITS, PartyPast

# 2: habits
FORMAT = 2
# format byte and the two counts
_HEAD = 3
_LARGEST = 3.0e38  # float32 ends at 3.4e38; amounts are at most 1e15, so only a fault reaches it


@lru_cache(maxsize=16_384)
def token_hash(token: str) -> int:
    """64-bit hash of a counterparty token, the same in every process (Python's own hash is salted)."""
    return int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8).digest(), "little")


class Layout:
    """Packs and unpacks `PartyPast` for one registry of features. Cost: 3.5 us to unpack, 2 us to pack."""

    def __init__(self, features: Sequence[Definition]) -> None:
        self.sizes = [feature.slots for feature in features]
        text = ",".join(f"{feature.name}:{feature.slots}" for feature in features)
        self.fingerprint = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=2).digest(), "little")
        self.total = sum(self.sizes)
        self.packers: dict[tuple[int, int], struct.Struct] = {}

    def _packer(self, counterparties: int, habits: int) -> struct.Struct:
        packer = self.packers.get((counterparties, habits))
        if packer is None:
            layout = f"<BBBxHIdd{self.total}f{counterparties}Q{counterparties}f{habits}I{habits}f"
            packer = self.packers[counterparties, habits] = struct.Struct(layout)
        return packer

    def unpack(self, packed: bytes) -> PartyPast:
        """The past behind `packed`; empty bytes are a party never seen.

        Raises `ValueError` when the bytes were packed by another format or set of features, or are damaged.
        """
        if not packed:
            return PartyPast([[0.0] * size for size in self.sizes])
        remembered, habits = (packed[1], packed[2]) if len(packed) >= _HEAD else (COUNTERPARTIES + 1, 0)
        fits = packed[0] == FORMAT and remembered <= COUNTERPARTIES and habits <= HABITS
        if not fits or len(packed) != self._packer(remembered, habits).size:
            raise ValueError(
                f"party baselines are damaged; got: {len(packed)} bytes of format {packed[0]}; "
                f"expected: format {FORMAT}"
            )
        fields = self._packer(remembered, habits).unpack(packed)
        if fields[3] != self.fingerprint:
            raise ValueError(
                f"party baselines are of another feature set; got: {fields[3]}; expected: {self.fingerprint}"
            )
        own, start = [], 7
        for size in self.sizes:
            own.append(list(fields[start : start + size]))
            start += size
        past = PartyPast(own)
        past.seen, past.first_s, past.last_s = fields[4], fields[5], fields[6]
        end = start + 2 * remembered
        past.known = dict(zip(fields[start : start + remembered], fields[start + remembered : end], strict=True))
        past.habits = dict(zip(fields[end : end + habits], fields[end + habits :], strict=True))
        return past

    def pack(self, past: PartyPast) -> bytes:
        """The past as bytes; numbers beyond float32 are cut to its range rather than failing."""
        numbers = [number for own in past.own for number in own]
        known, habits = past.known, past.habits
        head = (FORMAT, len(known), len(habits), self.fingerprint, past.seen, past.first_s, past.last_s)
        packer = self._packer(len(known), len(habits))
        rest = (*known, *known.values(), *habits, *habits.values())
        try:
            return packer.pack(*head, *numbers, *rest)
        except OverflowError:
            numbers = [min(max(number, -_LARGEST), _LARGEST) for number in numbers]
            return packer.pack(*head, *numbers, *rest)
