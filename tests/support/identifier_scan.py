"""Finds any of very many identifiers in very many bytes: 8-byte windows against a hash table, hits compared in full.

numpy does it: some 100 MB/s for a million needles, so that no Aho-Corasick dependency is needed. An identifier is
looked for in every form that a program writes text in by accident: UTF-8, JSON escapes, Python's `repr` of bytes,
base64 at each of its three alignments, hex, and case folded. Needles shorter than `SHORTEST` bytes would be found by
chance (8 hex digits in a gigabyte of hashes); they are listed in `left_out`, and tests must send none.
"""

import base64
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

SHORTEST = 8
_WINDOW = 8
_TABLE_BITS = 25
_BLOB_BYTES = 4 * 1024 * 1024
# odd multipliers with well mixed bits; a window must be in both tables, so that hardly any is looked up in vain
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_SHIFT = np.uint64(64 - _TABLE_BITS)


class Hit(NamedTuple):
    """An identifier that stands where none may: which, in what form, and where."""

    needle: str
    form: str
    place: str


def forms(needle: str) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every form of an identifier that is looked for, each once."""
    raw = needle.encode("utf-8", "surrogatepass")
    escaped = json.dumps(needle)[1:-1]
    found = {
        "utf-8": raw,
        "case folded": needle.casefold().encode("utf-8", "surrogatepass"),
        "JSON escapes": escaped.encode(),
        "JSON escapes, capitals": _capitals(escaped).encode(),
        "bytes repr": repr(raw)[2:-1].encode(),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
    }
    for shift in range(3):
        # the characters that the bytes before and after the needle take part in are left away
        first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            found[f"{name} at {shift}"] = encode(b"\0" * shift + raw)[first:last]
    seen: set[bytes] = set()
    for name, content in found.items():
        if content not in seen and len(content) >= SHORTEST:
            seen.add(content)
            yield name, content


def _capitals(escaped: str) -> str:
    """JSON's escapes with capital hex digits, as other writers have them."""
    head, *rest = escaped.split("\\u")
    return "\\u".join([head, *(part[:4].upper() + part[4:] for part in rest)])


class Scanner:
    """Looks for needles in places; `scan` says which it found. `bytes` counts what was looked at."""

    def __init__(self, needles: Iterable[str]) -> None:
        wanted = set(needles)
        self.left_out = sorted(needle for needle in wanted if len(needle.encode("utf-8", "replace")) < SHORTEST)
        self.needles = len(wanted) - len(self.left_out)
        self.bytes = 0
        self._by_window: dict[bytes, list[tuple[bytes, str, str]]] = {}
        for needle in sorted(wanted - set(self.left_out)):
            for form, content in forms(needle):
                self._by_window.setdefault(content[:_WINDOW], []).append((content, form, needle))
        windows = np.frombuffer(b"".join(self._by_window), "<u8")
        self._tables = [np.zeros(1 << _TABLE_BITS, bool) for _ in _MIX]
        for table, mix in zip(self._tables, _MIX, strict=True):
            table[(windows * mix) >> _SHIFT] = True

    def scan(self, places: Iterable[tuple[str, bytes]]) -> list[Hit]:
        """Every needle found in (name, bytes) places."""
        found: list[Hit] = []
        names: list[str] = []
        starts: list[int] = []
        blob = bytearray()
        for name, content in places:
            names.append(name)
            starts.append(len(blob))
            blob += content
            # zeros between places: no needle reaches over them
            blob += b"\0" * _WINDOW
            if len(blob) > _BLOB_BYTES:
                found.extend(self._hits(bytes(blob), names, starts))
                names, starts, blob = [], [], bytearray()
        found.extend(self._hits(bytes(blob), names, starts))
        return found

    def _hits(self, blob: bytes, names: list[str], starts: list[int]) -> Iterator[Hit]:
        self.bytes += len(blob)
        for shift in range(_WINDOW):
            count = (len(blob) - shift) // 8
            if count <= 0:
                continue
            windows = np.frombuffer(blob, "<u8", count, shift)
            places = np.flatnonzero(self._tables[0][(windows * _MIX[0]) >> _SHIFT])
            places = places[self._tables[1][(windows[places] * _MIX[1]) >> _SHIFT]]
            for place in (places * 8 + shift).tolist():
                for content, form, needle in self._by_window.get(blob[place : place + _WINDOW], ()):
                    if blob.startswith(content, place):
                        yield Hit(needle, form, names[bisect_right(starts, place) - 1])
