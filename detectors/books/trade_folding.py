"""What of a trade ledger is folded into totals, and how one of the newest folded items is taken out of them again.

A folded item leaves its sums, and a mark of its own: how much it counted for. An amendment, settlement or return that
names it by its event takes that out of the sums, so that nothing counts twice. Marks are bounded; of an item whose mark
is gone too nobody can tell any more, and what names it is counted as doubtful (`TradeBook.doubtful`).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.books.trade_items import CLOSED, EXPORT, MONEY, RATE_MISSING, ROW, Item, Rows
from detectors.values.legal_calendar import DAY_US
from detectors.values.shares import fairly_cut

# A closed item is needed for a return, an amendment, and by rules that look at what was paid: T11 looks 90 days back.
KEPT_DAYS = 100
# 109 bytes each. Failure prevented: a trader with 100 000 open items makes each of its records slow, its state large.
MOST_ITEMS = 160
# of open ones, how many stay because most is left of them; the others because they are new
MOST_LARGE = MOST_ITEMS // 2
# folded in lots, so that the whole is matched once for so many
LOT = 32
OLD_LOT = 16
# newest folded items of each kind (goods, money) that can be taken out of the sums again; 50 bytes each
MOST_MARKS = 48
_SIDE = MONEY | EXPORT
_MARK = struct.Struct("<QqqqqHH")
# the time and the flags of a packed item
_AGES = struct.Struct("<q99xH")


class FoldedSums(msgspec.Struct, array_like=True):
    """What was folded of one side, in US cents.

    `usd` is what came in, `matched` what of it was matched; `cut` items were open, with `cut_usd` left of them;
    `unvalued` had no rate and are in no sum.
    """

    count: int = 0
    usd: int = 0
    matched: int = 0
    cut: int = 0
    cut_usd: int = 0
    unvalued: int = 0

    def added(self, other: "FoldedSums", sign: int = 1) -> "FoldedSums":
        """Both together; with `sign` -1, this one less the other."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return FoldedSums(*(one + sign * two for one, two in pairs))


class Mark(NamedTuple):
    """A folded item by its event: what it counted for, as in `Item`."""

    event: int
    time: int
    own: int
    usd: int
    matched: int
    currency: int
    flags: int

    @classmethod
    def of(cls, item: Item) -> "Mark":
        """The mark that an item leaves."""
        return cls(item.event, item.time, item.own, item.usd, item.matched, item.currency, item.flags)

    def sums(self) -> FoldedSums:
        """What it adds to the sums of its side."""
        matched = self.usd * self.matched // self.own if self.own else 0
        cut = (0, 0) if self.flags & CLOSED else (1, self.usd - matched)
        return FoldedSums(1, self.usd, matched, *cut, int(bool(self.flags & RATE_MISSING)))


def marks(packed: bytes) -> Iterator[Mark]:
    """The marks behind their bytes, the oldest first."""
    return map(Mark._make, _MARK.iter_unpack(packed))


def mark_of(packed: bytes, event: int) -> Mark | None:
    """The mark of an event among these, None without one. Cost: under 1 us."""
    wanted = event.to_bytes(8, "little")
    at = packed.find(wanted)
    while at >= 0:
        # else the same bytes by chance, across other fields
        if at % _MARK.size == 0:
            return Mark._make(_MARK.unpack_from(packed, at))
        at = packed.find(wanted, at + 1)
    return None


def packed_marks(found: list[Mark]) -> bytes:
    """The newest `MOST_MARKS` of each kind as bytes."""
    goods = [one for one in found if not one.flags & MONEY][-MOST_MARKS:]
    money = [one for one in found if one.flags & MONEY][-MOST_MARKS:]
    return b"".join(_MARK.pack(*one) for one in (*goods, *money))


def carried(frozen: int, had: Item | Mark, item: Item) -> int:
    """What stays matched with folded items when `item` takes the place of `had`, in hundredths of its own currency."""
    same = item.currency == had.currency or not had.own
    return min(frozen if same else frozen * item.own // had.own, item.own)


def may_fold(packed: bytes, clock_us: int) -> bool:
    """Whether `to_fold` would find any among packed items. Cost: 0.1 us an item, and nothing for the first few.

    It is asked at each record of a trader, and the answer is nearly always no.
    """
    count, old_us = len(packed) // ROW.itemsize, clock_us - KEPT_DAYS * DAY_US
    if not OLD_LOT <= count < MOST_ITEMS + LOT:
        return count >= OLD_LOT
    return sum(1 for time, flags in _AGES.iter_unpack(packed) if time < old_us and flags & CLOSED) >= OLD_LOT


def to_fold(table: Rows, clock_us: int) -> set[int]:
    """The places of closed items that are old, and of those beyond `MOST_ITEMS`: the oldest closed, then open ones.

    None before there is a lot of them. Cost: 10 us, and 0.2 ms where some are.
    """
    count = len(table)
    closed = table["flags"] & CLOSED != 0
    gone: set[int] = set(np.flatnonzero(closed & (table["time"] < clock_us - KEPT_DAYS * DAY_US)).tolist())
    if len(gone) < OLD_LOT and count < MOST_ITEMS + LOT:
        return set()
    if count - len(gone) < MOST_ITEMS + LOT:
        return gone
    order = [int(place) for place in np.lexsort((table["event"], table["time"]))]
    done = [place for place in order if closed[place] and place not in gone]
    gone.update(done[: count - len(gone) - MOST_ITEMS])
    if count - len(gone) >= MOST_ITEMS + LOT:
        waiting = [place for place in order if place not in gone]
        gone |= set(waiting) - _staying(table, waiting)
    return gone


def _staying(table: Rows, waiting: list[int]) -> set[int]:
    """Which of these items, oldest first, are kept: the largest `MOST_LARGE` and the newest others.

    Of both each sender has its share. Failures prevented: one bank's flood pushes out another's payments, and what
    customs declared; and two hundred small payments push out the large one that nothing was declared for, so that it
    is never missed, or what was alerted of it is taken back.
    """
    senders: list[int] = table["institution"].tolist()
    worth: list[float] = (table["usd"] * (1 - table["matched"] / np.maximum(table["own"], 1))).tolist()
    by_worth = sorted(waiting, key=worth.__getitem__)
    large = set(fairly_cut(by_worth, MOST_LARGE, senders.__getitem__))
    others = [place for place in waiting if place not in large]
    return large.union(fairly_cut(others, MOST_ITEMS - MOST_LARGE, senders.__getitem__))
