"""A party's trade ledger: its items, what is matched of them, totals by month, and what was folded away.

An item is closed when no more than the tolerance is left of it, a small one from the start. Items are kept one by one
so that what is amended, returned or cancelled gives back exactly what it was matched with. Closed ones are folded into
totals after `KEPT_DAYS`, and beyond `MOST_ITEMS` the oldest go, closed ones first (trade_folding.py). What is open and
goes all the same is counted as cut. What was matched with a folded item stays matched.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.books.trade_folding import FoldedSums, Mark, carried, mark_of, marks, may_fold, packed_marks, to_fold
from detectors.books.trade_items import (
    CLOSED,
    EXPORT,
    MONEY,
    RATE_MISSING,
    ROW,
    Item,
    Rows,
    columns,
    links,
    low_flags,
    place_of,
    unpacked,
    unpacked_at,
)
from detectors.books.trade_matching import Match, Tolerance, allowed, in_order, match
from detectors.values.legal_calendar import local

# T08 compares a year with the four before it.
MONTHS = 60
# declarations known to be replaced that have not come yet, 9 bytes each
MOST_REPLACED = 64
SIDES = ("import goods", "import money", "export goods", "export money")
_SIDE = MONEY | EXPORT
_JOINED_AT_MOST = 8


class _Packed(msgspec.Struct, array_like=True):
    """A trade ledger as a party's record holds it."""

    rows: bytes = b""
    months: dict[int, list[int]] = {}
    folded: list[FoldedSums] = []
    replaced: list[int] = []
    marks: bytes = b""
    doubtful: int = 0


class ItemChange(NamedTuple):
    """What became of one open item: as it is now, None where it is not open any more."""

    event: int
    item: Item | None


class Totals(NamedTuple):
    """One side's sums in US cents: all that came in is matched, open (the rests within the tolerance too), or folded.

    `unvalued` items have no rate and are in no sum; `items` is how many are kept, `open_items` how many of them count
    as open.
    """

    came_in: int
    matched: int
    open: int
    folded: FoldedSums
    items: int
    open_items: int
    unvalued: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


class TradeBook:
    """A party's trade ledger, unpacked. `put` and `take_out` change items, then `settle` matches what they touched.

    Items are found by the number of their event. `months` maps a month (year x 12 + month - 1, of the legal zone) to
    the four sums of `SIDES` in US cents, for the newest `MONTHS`. `doubtful` counts amendments and settlements whose
    first event may have been folded too long ago to be taken out of the sums: of a declaration both may count, of a
    payment the first one does.
    """

    def __init__(self, packed: bytes = b"") -> None:
        """The ledger behind a party's bytes. Raises `msgspec.DecodeError` for damaged ones. Cost: 2 us."""
        found = _decode(packed) if packed else _Packed()
        self.rows, self.months, self.replaced = found.rows, found.months, found.replaced
        self.folded = found.folded or [FoldedSums() for _ in SIDES]
        self.marks, self.doubtful = found.marks, found.doubtful
        self._touched: dict[int, tuple[set[int], set[int]]] = {}
        self._before: dict[int, bytes | None] = {}

    def packed(self) -> bytes:
        """As a party's record holds it; empty for one without trade."""
        folded = self.folded if any(one.count for one in self.folded) else []
        if not (self.rows or self.months or folded or self.replaced or self.doubtful):
            return b""
        return _encode(_Packed(self.rows, self.months, folded, self.replaced, self.marks, self.doubtful))

    @property
    def columns(self) -> Rows:
        """All items as columns, in the order in which they came."""
        return columns(self.rows)

    def items(self) -> list[Item]:
        """All items, in the order in which they came. Cost: 0.5 us each."""
        return unpacked(self.rows)

    def find(self, event: int) -> Item | None:
        """The item of an event."""
        place = self._place(event)
        return None if place is None else self._at(place)

    def of_payment(self, payment: int, institution: int) -> Item | None:
        """The newest item of a payment of an institution, by their numbers; 0 stands for none."""
        if not payment or not self.rows:
            return None
        table = self.columns
        told = table["institution"] == np.uint64(institution)
        places = np.flatnonzero((table["payment"] == np.uint64(payment)) & told)
        found = [self._at(int(place)) for place in places]
        return next((item for item in reversed(found) if item.is_money), None)

    def amending(self, event: int) -> Item | None:
        """The declaration that amends the one of this event."""
        if not event or not self.rows:
            return None
        table = self.columns
        places = np.flatnonzero((table["payment"] == np.uint64(event)) & (table["flags"] & MONEY == 0))
        return self._at(int(places[-1])) if len(places) else None

    def put(self, item: Item, zone: ZoneInfo) -> None:
        """Add an item, or put it in the place of the one of its event, folded or not."""
        place = self._place(item.event)
        if place is None:
            mark = self.unfold(item.event, zone)
            if mark is not None:
                item.frozen = carried(mark.matched, mark, item)
            self._before.setdefault(item.event, None)
            self.rows += item.packed()
        else:
            had = self._at(place)
            item.frozen = carried(had.frozen, had, item)
            self._note(had, zone)
            start = place * ROW.itemsize
            self.rows = self.rows[:start] + item.packed() + self.rows[start + ROW.itemsize :]
        self._touch(item)
        self._book(item.time, item.flags & _SIDE, item.usd, zone)

    def take_out(self, event: int, zone: ZoneInfo) -> Item | None:
        """Remove the item of an event; what it was matched with is open again. The item, None where there is none."""
        place = self._place(event)
        if place is None:
            return None
        had = self._at(place)
        self._note(had, zone)
        start = place * ROW.itemsize
        self.rows = self.rows[:start] + self.rows[start + ROW.itemsize :]
        return had

    def unfold(self, event: int, zone: ZoneInfo) -> Mark | None:
        """Take a folded item out of all sums, as far as its mark is kept; the mark, None without one."""
        mark = self.mark_of(event)
        if mark is None:
            return None
        self.marks = packed_marks([one for one in marks(self.marks) if one.event != event])
        side = mark.flags & _SIDE
        self.folded[side] = self.folded[side].added(mark.sums(), -1)
        self._book(mark.time, side, -mark.usd, zone)
        return mark

    def fold_anew(self, event: int, own: int, usd: int, zone: ZoneInfo) -> bool:
        """A folded item counts for another amount now; whether its mark was there."""
        mark = self.unfold(event, zone)
        if mark is None:
            return False
        now = mark._replace(own=own, usd=usd, matched=min(mark.matched, own))
        side = now.flags & _SIDE
        self.folded[side] = self.folded[side].added(now.sums())
        self._book(now.time, side, usd, zone)
        self.marks = packed_marks([*marks(self.marks), now])
        return True

    def mark_of(self, event: int) -> Mark | None:
        """The mark of a folded item that can be taken out of the sums again."""
        return mark_of(self.marks, event)

    def has_mark(self, event: int) -> bool:
        """Whether there is such a mark."""
        return self.mark_of(event) is not None

    def has_forgotten(self, kind: int) -> bool:
        """Whether items of a kind (`MONEY` or 0) were folded of which no mark is kept any more."""
        folded = self.folded[kind].count + self.folded[kind | EXPORT].count
        return folded > sum(one.flags & MONEY == kind for one in marks(self.marks))

    def settle(self, tolerance: Callable[[int], Tolerance], clock_us: int) -> None:
        """Match anew what was touched, and fold what is old or too much.

        `tolerance` is asked with an event time (us). Cost: 5 us an item of the counterparties touched; 3 ms where
        192 items are of one, and 4 ms where they are folded too.
        """
        for side, (counterparties, numbers) in sorted(self._touched.items()):
            places = self._reached(side, counterparties, numbers)
            self._match(places, tolerance)
        self._touched.clear()
        if may_fold(self.rows, clock_us):
            self._fold_away(to_fold(self.columns, clock_us), tolerance)

    def changes(self) -> list[ItemChange]:
        """What became of open items since the ledger was unpacked, or asked last."""
        found = []
        for event, had in self._before.items():
            place = place_of(self.rows, event)
            now = b"" if place is None else self.rows[place * ROW.itemsize : (place + 1) * ROW.itemsize]
            if now and not low_flags(now)[0] & CLOSED:
                if now != had:
                    found.append(ItemChange(event, unpacked_at(now, 0)))
            elif had is not None and not low_flags(had)[0] & CLOSED:
                found.append(ItemChange(event, None))
        self._before.clear()
        return found

    def matches(self, trade_flag: int, tolerance: Callable[[int], Tolerance]) -> list[tuple[Item, Item, Match]]:
        """Every match of one direction (`EXPORT` or 0): payment, goods, and how much by which rule."""
        items = in_order(item for item in self.items() if item.flags & EXPORT == trade_flag)
        if not items:
            return []
        return [(items[one.money], items[one.goods], one) for one in match(items, tolerance(items[-1].time))]

    def totals(self, side: int) -> Totals:
        """The sums of one side, a place in `SIDES`."""
        items = [item for item in self.items() if item.flags & _SIDE == side]
        folded = self.folded[side]
        matched = sum(item.worth(item.matched) for item in items)
        kept = sum(item.usd for item in items)
        return Totals(
            kept + folded.usd,
            matched,
            kept - matched,
            folded,
            len(items),
            sum(item.is_open for item in items),
            sum(bool(item.flags & RATE_MISSING) for item in items) + folded.unvalued,
        )

    def replace_later(self, event: int) -> None:
        """A declaration that has not come yet is replaced already."""
        self.replaced = [*(one for one in self.replaced if one != event), event][-MOST_REPLACED:]

    def join(self, earlier: "TradeBook", tolerance: Callable[[int], Tolerance], zone: ZoneInfo) -> None:
        """Take in the ledger of the same party under its former name. Matches all anew, once."""
        for item in self.items():
            earlier.take_out(item.event, zone)
        self.rows = earlier.rows + self.rows
        months = {month: list(sums) for month, sums in earlier.months.items()}
        for month, sums in self.months.items():
            months[month] = [one + two for one, two in zip(months.get(month, [0] * len(SIDES)), sums, strict=True)]
        self.months = months
        self._forget_months()
        self.folded = [one.added(two) for one, two in zip(self.folded, earlier.folded, strict=True)]
        self.replaced = [*earlier.replaced, *self.replaced][-MOST_REPLACED:]
        self.marks = packed_marks([*marks(earlier.marks), *marks(self.marks)])
        self.doubtful += earlier.doubtful
        for side in (0, EXPORT):
            self._match(
                [place for place, flags in enumerate(low_flags(self.rows)) if flags & EXPORT == side], tolerance
            )

    def _place(self, event: int) -> int | None:
        return place_of(self.rows, event) if event else None

    def _at(self, place: int) -> Item:
        return unpacked_at(self.rows, place)

    def _note(self, had: Item, zone: ZoneInfo) -> None:
        """An item is about to go: what it counted for is taken back."""
        self._before.setdefault(had.event, had.packed())
        self._touch(had)
        self._book(had.time, had.flags & _SIDE, -had.usd, zone)

    def _touch(self, item: Item) -> None:
        counterparties, numbers = self._touched.setdefault(item.flags & EXPORT, (set(), set()))
        counterparties.add(item.counterparty)
        if item.number:
            numbers.add(item.number)

    def _book(self, time: int, side: int, usd: int, zone: ZoneInfo) -> None:
        wall = local(time, zone)
        month = wall.year * 12 + wall.month - 1
        if self.months and month <= max(self.months) - MONTHS:
            return
        sums = self.months.setdefault(month, [0] * len(SIDES))
        sums[side] += usd
        self._forget_months()

    def _forget_months(self) -> None:
        newest = max(self.months, default=0)
        self.months = {
            month: sums for month, sums in sorted(self.months.items()) if any(sums) and month > newest - MONTHS
        }

    def _reached(self, side: int, counterparties: set[int], numbers: set[int]) -> list[int]:
        """The items that can be matched with those touched: of their counterparties, or of a number in common."""
        own = [
            (place, number, counterparty)
            for place, (number, counterparty, flags) in enumerate(links(self.rows))
            if flags & EXPORT == side
        ]
        for _ in range(_JOINED_AT_MOST):
            reached = [one for one in own if one[2] in counterparties or one[1] in numbers]
            found, also = {one[2] for one in reached}, {one[1] for one in reached if one[1]}
            if found <= counterparties and also <= numbers:
                return [one[0] for one in reached]
            counterparties, numbers = counterparties | found, numbers | also
        return [one[0] for one in own]

    def _match(self, places: Sequence[int], tolerance: Callable[[int], Tolerance]) -> None:
        """Match the items at these places anew, and write what changed of them."""
        if not places:
            return
        placed = [(unpacked_at(self.rows, place), place) for place in places]
        placed.sort(key=lambda one: (one[0].time, one[0].event))
        items = [item for item, _ in placed]
        limit = tolerance(items[-1].time)
        rests = [allowed(item, limit) for item in items]
        matched = [item.frozen for item in items]
        for one in match(items, limit, rests):
            matched[one.money] += one.money_own
            matched[one.goods] += one.goods_own
        written = None
        for (item, place), now, rest in zip(placed, matched, rests, strict=True):
            flags = item.flags | CLOSED if item.own - now <= rest else item.flags & ~CLOSED
            if now == item.matched and flags == item.flags:
                continue
            self._before.setdefault(item.event, item.packed())
            item.matched, item.flags = now, flags
            written = bytearray(self.rows) if written is None else written
            written[place * ROW.itemsize : (place + 1) * ROW.itemsize] = item.packed()
        if written is not None:
            self.rows = bytes(written)

    def _fold_away(self, gone: Iterable[int], tolerance: Callable[[int], Tolerance]) -> None:
        """Count items in totals; what others were matched with them stays so (`Item.frozen`)."""
        events = {self._at(place).event for place in gone}
        frozen: dict[int, int] = {}
        for side in (0, EXPORT):
            for money, goods, one in self.matches(side, tolerance):
                if money.event in events and goods.event not in events:
                    frozen[goods.event] = frozen.get(goods.event, 0) + one.goods_own
                elif goods.event in events and money.event not in events:
                    frozen[money.event] = frozen.get(money.event, 0) + one.money_own
        kept, left = bytearray(), list(marks(self.marks))
        for item in self.items():
            if item.event in events:
                self._before.setdefault(item.event, item.packed())
                left.append(Mark.of(item))
                self.folded[item.flags & _SIDE] = self.folded[item.flags & _SIDE].added(left[-1].sums())
                continue
            item.frozen += frozen.get(item.event, 0)
            kept += item.packed()
        self.rows, self.marks = bytes(kept), packed_marks(left)


def open_offsets(packed: bytes) -> set[int]:
    """The ledger positions of the open items of a packed trade ledger. Cost: 10 us."""
    table = TradeBook(packed).columns
    return set(table["offset"][table["flags"] & CLOSED == 0].tolist())
