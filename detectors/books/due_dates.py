"""A party's open due dates: moments at which a rule is to be woken, each for one item of the party.

They stand in the party's record by rule and name (`"T06 declaration"`), packed, in order of time, then item. An item is
a number that the rule chose, such as the ledger position of the payment that waits.
"""

from bisect import bisect_left
from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# Set by loaded history when its moment had passed already: it wakes its rule, and nobody is alerted.
QUIET = 1
_ROW = np.dtype([("time", "<i8"), ("item", "<i8"), ("flags", "u1")])
# a row's time and item, which are what rows stand in the order of
_ORDER = Struct("<qq")
_PACKED = Struct("<qqB")
# up to so many rows are looked through one by one: numpy costs 5 us to begin with
_FEW = 32
# What is kept of a party's, whatever rules bound: two parties that prove to be one may have more together.
MOST_KEPT = 10_000


class OpenDate(NamedTuple):
    """An open due date; the order is that in which they are woken."""

    at_us: int
    kind: str
    item: int
    quiet: bool = False


def put(due: dict[str, bytes], one: OpenDate, most: int) -> bool:
    """Set a due date, anew where its item has one of this kind; whether one was left out: beyond `most`, the last.

    Cost: 5 us, and 20 us where 10 000 are open: their 170 kB are copied once.
    """
    take_out(due, one.kind, one.item)
    packed = due.get(one.kind, b"")
    count = len(packed) // _ROW.itemsize
    wanted = (one.at_us, one.item)
    place = bisect_left(range(count), wanted, key=lambda each: _ORDER.unpack_from(packed, each * _ROW.itemsize))
    row = _ORDER.pack(*wanted) + bytes([QUIET if one.quiet else 0])
    at = place * _ROW.itemsize
    due[one.kind] = b"".join((memoryview(packed)[:at], row, memoryview(packed)[at:]))
    if count < most:
        return False
    due[one.kind] = due[one.kind][: most * _ROW.itemsize]
    return True


def take_out(due: dict[str, bytes], kind: str, item: int) -> bool:
    """Close the due date of an item; whether there was one."""
    place = _place(due.get(kind, b""), item)
    if place is None:
        return False
    at = place * _ROW.itemsize
    packed = memoryview(due[kind])
    _write(due, kind, b"".join((packed[:at], packed[at + _ROW.itemsize :])))
    return True


def opened(due: Mapping[str, bytes], kind: str) -> list[OpenDate]:
    """The open due dates of a kind, in order. Raises `ValueError` for bytes that are no whole number of them."""
    packed = due.get(kind, b"")
    if len(packed) % _PACKED.size:
        raise ValueError(
            f"due dates of {kind} are damaged; got: {len(packed)} bytes; expected: {_PACKED.size} for each"
        )
    rows = _PACKED.iter_unpack(packed)
    return [OpenDate(at_us, kind, item, quiet=bool(flags & QUIET)) for at_us, item, flags in rows]


def first(due: Mapping[str, bytes]) -> OpenDate | None:
    """The due date that is woken next. Cost: 1 us a kind."""
    return min((_first(kind, packed) for kind, packed in due.items()), default=None)


def pop(due: dict[str, bytes]) -> OpenDate:
    """Take out the due date that is woken next; there must be one."""
    one = min(_first(kind, packed) for kind, packed in due.items())
    _write(due, one.kind, due[one.kind][_ROW.itemsize :])
    return one


def earliest_us(due: Mapping[str, bytes]) -> int | None:
    """When the first of them is due. Cost: 0.1 us where there is none."""
    if not due:
        return None
    return min(int.from_bytes(packed[:8], "little", signed=True) for packed in due.values())


def joined(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> dict[str, bytes]:
    """The due dates of two parties that are one, at most `MOST_KEPT` of a kind; of an item that has two, `one`'s."""
    both = dict(one)
    for kind in other:
        rows = np.concatenate((_table(one, kind), _table(other, kind)))
        _, places = np.unique(rows["item"], return_index=True)
        rows = rows[places]
        both[kind] = rows[np.lexsort((rows["item"], rows["time"]))][:MOST_KEPT].tobytes()
    return both


def _first(kind: str, packed: bytes) -> OpenDate:
    at_us, item, flags = _PACKED.unpack_from(packed)
    return OpenDate(at_us, kind, item, quiet=bool(flags & QUIET))


def _place(packed: bytes, item: int) -> int | None:
    if len(packed) <= _FEW * _ROW.itemsize:
        rows = enumerate(_PACKED.iter_unpack(packed))
        return next((place for place, (_, one, _) in rows if one == item), None)
    places = np.flatnonzero(np.frombuffer(packed, _ROW)["item"] == item)
    return int(places[0]) if len(places) else None


def _table(due: Mapping[str, bytes], kind: str) -> npt.NDArray[np.void]:
    return np.frombuffer(due.get(kind, b""), _ROW)


def _write(due: dict[str, bytes], kind: str, packed: bytes) -> None:
    """Put the rows of a kind back; a kind without any leaves nothing."""
    if packed:
        due[kind] = packed
    else:
        due.pop(kind, None)
