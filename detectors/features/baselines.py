"""A party's baselines as packed bytes: small enough for a million parties in memory.

Layout, little-endian: format byte, number of remembered counterparties, fingerprint of the feature layout (u16),
payments seen (u32), first and newest event time (f64 each), the features' float32 numbers in registry order,
counterparty hashes (u64 each), their decayed weights (float32 each). 24 + 4 x slots + 12 x counterparties bytes: 384
with 42 slots and all 16 counterparties.
"""

import hashlib
import struct
from collections.abc import Sequence

from detectors.features.moment import Definition
from detectors.features.past import COUNTERPARTIES, PartyPast

FORMAT = 1
_LARGEST = 3.0e38  # float32 ends at 3.4e38; amounts are at most 1e15, so only a fault reaches it


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
        self.packers = [struct.Struct(f"<BBHIdd{self.total}f{n}Q{n}f") for n in range(COUNTERPARTIES + 1)]

    def unpack(self, packed: bytes) -> PartyPast:
        """The past behind `packed`; empty bytes are a party never seen.

        Raises `ValueError` when the bytes were packed by another format or set of features, or are damaged.
        """
        if not packed:
            return PartyPast([[0.0] * size for size in self.sizes])
        remembered = packed[1] if len(packed) > 1 else COUNTERPARTIES + 1
        if packed[0] != FORMAT or remembered > COUNTERPARTIES or len(packed) != self.packers[remembered].size:
            raise ValueError(
                f"party baselines are damaged; got: {len(packed)} bytes of format {packed[0]}; "
                f"expected: format {FORMAT}"
            )
        fields = self.packers[remembered].unpack(packed)
        if fields[2] != self.fingerprint:
            raise ValueError(
                f"party baselines are of another feature set; got: {fields[2]}; expected: {self.fingerprint}"
            )
        own, start = [], 6
        for size in self.sizes:
            own.append(list(fields[start : start + size]))
            start += size
        past = PartyPast(own)
        past.seen, past.first_s, past.last_s = fields[3], fields[4], fields[5]
        past.known = dict(zip(fields[start : start + remembered], fields[start + remembered :], strict=True))
        return past

    def pack(self, past: PartyPast) -> bytes:
        """The past as bytes; numbers beyond float32 are cut to its range rather than failing."""
        numbers = [number for own in past.own for number in own]
        known = past.known
        head = (FORMAT, len(known), self.fingerprint, past.seen, past.first_s, past.last_s)
        packer = self.packers[len(known)]
        try:
            return packer.pack(*head, *numbers, *known, *known.values())
        except OverflowError:
            numbers = [min(max(number, -_LARGEST), _LARGEST) for number in numbers]
            return packer.pack(*head, *numbers, *known, *known.values())
