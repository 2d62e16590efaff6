"""The named sections of a saved state: cut into pieces, joined again, and their digest."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

import msgspec

PIECE = 256 * 1024
_LOT = 128 * 1024
# Parties copied in one step, some 2 ms where each is a cache miss.
_STEP = 8_192
Name = TypeVar("Name")
Item = TypeVar("Item")


def digest(sections: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256, hex, over names, lengths and bytes of the sections, in their order."""
    found = hashlib.sha256()
    for name, packed in sections:
        found.update(f"{len(name)}:{name}:{len(packed)}:".encode())
        found.update(packed)
    return found.hexdigest()


def lots(name: str, items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[tuple[str, bytes]]:
    """Many small items, packed a section at a time."""
    lot: list[Item] = []
    packed = number = 0
    for item in items:
        lot.append(item)
        packed += size(item)
        if packed >= _LOT:
            yield from cut(f"{name}/{number}", msgspec.msgpack.encode(lot))
            lot, packed, number = [], 0, number + 1
    if lot:
        yield from cut(f"{name}/{number}", msgspec.msgpack.encode(lot))


def cut(name: str, packed: bytes) -> Iterator[tuple[str, bytes]]:
    """The section in named pieces of at most `PIECE` bytes."""
    yield from cut_stream(name, (packed,))


def cut_stream(name: str, parts: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Pieces of the joined parts, without joining them all."""
    pending, number = b"", 0
    for part in parts:
        pending += part
        while len(pending) > PIECE:
            yield f"{name}#{number}", pending[:PIECE]
            pending, number = pending[PIECE:], number + 1
    yield f"{name}#{number}", pending


def copy_stepwise(items: Mapping[Name, Item], into: list[tuple[Name, Item]]) -> Iterator[None]:
    """Copy all items, yielding after each step."""
    left = iter(items.items())
    while step := list(islice(left, _STEP)):
        into += step
        yield


def joined(sections: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Sections with their pieces joined, in order. Raises `ValueError` for a piece that is missing or out of order."""
    found: dict[str, list[bytes]] = {}
    for piece, packed in sections:
        name, _, number = piece.rpartition("#")
        parts = found.setdefault(name, [])
        if not name or number != str(len(parts)):
            raise ValueError(f"a snapshot's pieces are out of order; got: {piece!r}; expected: {name}#{len(parts)}")
        parts.append(packed)
    return [(name, b"".join(parts)) for name, parts in found.items()]


def under(whole: list[tuple[str, bytes]], prefix: str) -> list[tuple[str, bytes]]:
    """The sections whose names begin with `prefix`, without it."""
    return [(name.removeprefix(prefix), packed) for name, packed in whole if name.startswith(prefix)]
