"""Items of a party's trade ledger that wait past their date: imports paid without goods, exports without money.

A payment waits for its goods until the date that it names, or as long as its terms of trade let expect; a declaration
waits for its money until the date on which it is to be settled. Nothing here is kept: it follows from the open items.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache, wraps
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from detectors.books.trade_book import TradeBook
from detectors.books.trade_items import CLOSED, EXPORT, MONEY, TERMS, Item, low_flags, unpacked_at
from detectors.books.trade_matching import LONGEST_APART_US, Match, Rule, Tolerance, allowed, tolerance_by
from detectors.contracts.limits import DatedLimit, Rulebook
from detectors.typologies.due import OwnDates
from detectors.values.legal_calendar import days_after, local_date, midnight_us

IMPORT_MONEY, EXPORT_GOODS = MONEY, EXPORT
IMPORT_GOODS, EXPORT_MONEY = 0, MONEY | EXPORT
ADVANCE, TRANSIT = TERMS.index("advance"), TERMS.index("transit")
AFTER_GOODS = {TERMS.index(name) for name in ("sight", "usance", "open_account", "consignment")}
# An amount is that of the other item where both differ by no more than a two hundredth: charges, and a day's rate.
EXACT = 200
BY_AGE: tuple[Rule, ...] = ("goods", "oldest")
_DAY_ZERO = date(1970, 1, 1).toordinal()
# the last day whose end can be written
_LAST_DAY = date.max.toordinal() - 1
# the moment of an item's date (us); None for one that waits for nothing
DueOf = Callable[[Item], int | None]


class _Sees(Protocol):
    """What is seen of a party: a payment's context, or its past."""

    @property
    def trade(self) -> bytes: ...

    @property
    def rulebook(self) -> Rulebook: ...

    @property
    def zone(self) -> ZoneInfo: ...


class Traded:
    """A party's trade ledger, the limits, and the legal zone. Only read: what follows from them is worked out once.

    Three rules ask the same of one ledger, before and after a record, at each declaration and payment of a trader.
    """

    def __init__(self, book: TradeBook, rulebook: Rulebook, zone: ZoneInfo) -> None:
        self.book, self.rulebook, self.zone = book, rulebook, zone
        self.due_of: dict[Callable[[Traded], DueOf], DueOf] = {}
        self._opened: dict[int, list[Item]] = {}
        self._dated: dict[tuple[int, DueOf], list[tuple[int, Item]]] = {}
        self._matches: dict[int, list[tuple[Item, Item, Match]]] = {}

    def opened(self, side: int) -> list[Item]:
        """The open items of a side, as `opened`; not to be changed."""
        found = self._opened.get(side)
        if found is None:
            found = self._opened[side] = opened(self.book, side)
        return found

    def dated(self, side: int, due_of: DueOf) -> list[tuple[int, Item]]:
        """The open items of a side with their dates, as `dated`; not to be changed."""
        found = self._dated.get((side, due_of))
        if found is None:
            found = self._dated[side, due_of] = dated(self.opened(side), due_of)
        return found

    def matches(self, trade_flag: int) -> list[tuple[Item, Item, Match]]:
        """Every match of one direction (`EXPORT` or 0), as `TradeBook.matches`; not to be changed."""
        found = self._matches.get(trade_flag)
        if found is None:
            found = self._matches[trade_flag] = self.book.matches(trade_flag, tolerance_by(self.rulebook, self.zone))
        return found


def once_a_ledger(make: Callable[[Traded], DueOf]) -> Callable[[Traded], DueOf]:
    """The same dates each time that one ledger is asked for them, so that each item's is worked out once."""

    @wraps(make)
    def made(past: Traded) -> DueOf:
        found = past.due_of.get(make)
        if found is None:
            found = past.due_of[make] = make(past)
        return found

    return made


def traded_of(past: _Sees) -> Traded:
    """What these rules look at of a party's past, or of a payment's context. Cost: 2 us, 0.3 us the next time."""
    return _traded(past.trade, past.rulebook, past.zone)


# A record asks about a party's ledger as it was and as it is; four parties are woken together.
@lru_cache(maxsize=8)
def _traded(trade: bytes, rulebook: Rulebook, zone: ZoneInfo) -> Traded:
    return Traded(TradeBook(trade), rulebook, zone)


class Overdue(NamedTuple):
    """An open item, the moment (us) up to which it could wait, and what is missing of it (USD cents)."""

    due_us: int
    item: Item
    usd: int


def opened(book: TradeBook, side: int) -> list[Item]:
    """The open items of a side (`IMPORT_MONEY`, ...), in the order in which they came. Cost: 2 us, 0.5 us an item."""
    rows, bits = book.rows, MONEY | EXPORT | CLOSED
    return [unpacked_at(rows, place) for place, flags in enumerate(low_flags(rows)) if flags & bits == side]


def overdue(past: Traded, side: int, due_of: DueOf, at_us: int) -> list[Overdue]:
    """Open items of a side whose date has passed at a time, or passes there; the longest overdue first.

    Where an item that may wait still was matched by age with what an overdue one of its counterparty waits for, the
    overdue one is covered by that: the ledger matches the oldest first, and an advance payment of months ago is older
    than one at sight. What is matched by number or by its very amount stays so. Cost: where any is overdue a matching,
    up to 3 ms.
    """
    found = [one for one in past.dated(side, due_of) if one[0] <= at_us]
    if not found:
        return []
    found.sort(key=lambda one: (one[0], one[1].time, one[1].event))
    late = [Overdue(due_us, item, item.left_usd) for due_us, item in found]
    return less(late, _matched_early(past, side, due_of, at_us))


def less(late: Iterable[Overdue], pools: dict[int, int]) -> list[Overdue]:
    """Overdue items without what USD cents of their counterparty's cover, the longest overdue covered first."""
    found = []
    for one in late:
        pool = pools.get(one.item.counterparty, 0)
        taken = min(pool, one.usd)
        if taken:
            pools[one.item.counterparty] = pool - taken
        # without a rate nothing is known of it but that it is open
        if one.usd > taken or not one.usd:
            found.append(one._replace(usd=one.usd - taken))
    return found


def _matched_early(past: Traded, side: int, due_of: DueOf, at_us: int) -> dict[int, int]:
    """USD cents by counterparty that items which may wait still are matched with, by age or an amount about alike."""
    pools: dict[int, int] = {}
    for money, goods, one in past.matches(side & EXPORT):
        if one.rule == "number" or (one.rule not in BY_AGE and abs(money.usd - goods.usd) * EXACT <= money.usd):
            continue
        item, own = (money, one.money_own) if side & MONEY else (goods, one.goods_own)
        due_us = due_of(item)
        if due_us is not None and due_us > at_us:
            pools[item.counterparty] = pools.get(item.counterparty, 0) + item.worth(own)
    return pools


class Looked(msgspec.Struct, frozen=True, array_like=True):
    """Up to which time (us) a rule looked at what was due, and USD cents that were open of it then."""

    until_us: int = 0
    open_usd: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Looked).decode


def dated(items: Iterable[Item], due_of: DueOf) -> list[tuple[int, Item]]:
    """Items with their dates; those that wait for nothing are left out."""
    return [(due_us, item) for item in items if (due_us := due_of(item)) is not None]


def next_look(found: Iterable[tuple[int, Item]], looked: Looked) -> tuple[int | None, Looked]:
    """When to look next, None where nothing waits; and what is known of what was looked at.

    At once where more is open of it than was: a payment told late, a declaration amended, a receipt sent back.
    """
    passed, dates = 0, []
    for due_us, item in found:
        if due_us <= looked.until_us:
            passed += item.left_usd
        else:
            dates.append(due_us)
    if passed > looked.open_usd:
        return looked.until_us, looked
    return min(dates, default=None), Looked(looked.until_us, passed)


def keep_looking(
    own: OwnDates,
    name: str,
    slots: dict[str, bytes],
    rule: str,
    found: Sequence[tuple[int, Item]],
    now_us: int | None,
) -> None:
    """Be woken at the first date of a rule with one kind of dates; its slot holds what was looked at.

    `now_us` is the time up to which what was due is being looked at, None where nothing is.
    """
    packed = slots.get(rule)
    looked = Looked() if packed is None else _decode(packed)
    if now_us is not None:
        looked = Looked(now_us, sum(item.left_usd for due_us, item in found if due_us <= now_us))
    first, looked = next_look(found, looked)
    if packed is not None or now_us is not None:
        slots[rule] = _encode(looked)
    look_at(own, name, first)


def look_at(own: OwnDates, name: str, at_us: int | None) -> None:
    """Be woken at a time, or not at all."""
    waiting = own.waiting(name)
    if at_us is None and waiting:
        own.close(name, 0)
    elif at_us is not None and (not waiting or waiting[0].at_us != at_us):
        own.set(name, 0, at_us)


def end_of(day_number: int, zone: ZoneInfo) -> int:
    """The end of a date (days since 1970) in the legal zone; of the calendar's last date, the end of the one before.

    Failure prevented: systems write 9999-12-31 for "no date", and one such record stopped its partition.
    """
    return midnight_us(min(day_number + _DAY_ZERO, _LAST_DAY) + 1, zone)


def named_end(item: Item, zone: ZoneInfo) -> int | None:
    """The end of the date that an item names for its other side, no earlier than itself; None where it names none.

    A date further away than the ledger matches is none: systems write 9999-12-31, or 1900-01-01, where no date is
    agreed, and who waits until then waits for ever.
    """
    if not item.due or abs((end_us := end_of(item.due, zone)) - item.time) > LONGEST_APART_US:
        return None
    return max(end_us, item.time)


def days_later(at_us: int, days: int, zone: ZoneInfo) -> int:
    """The end of the local day so many days later; of 365 days the same date of the next year, in leap years too."""
    return midnight_us(days_after(local_date(at_us, zone), days).toordinal() + 1, zone)


def in_force(rulebook: Rulebook, typology: str, names: Sequence[str], day: date) -> Mapping[str, DatedLimit]:
    """The limits of these names on a legal day, as far as there are any."""
    return rulebook.named(typology, tuple(names), day)


class ByDay:
    """The limits of some names by legal day."""

    def __init__(self, past: Traded, typology: str, names: Sequence[str]) -> None:
        self._past, self._typology, self._names = past, typology, tuple(names)

    def at(self, at_us: int) -> Mapping[str, DatedLimit]:
        """Those in force at a time, as far as there are any. Cost: 1 us, and 1 us a limit the first time of a day."""
        return self._past.rulebook.named(self._typology, self._names, local_date(at_us, self._past.zone))


def told_elsewhere(waiting: Sequence[Item], others: Sequence[Item], tolerance: Tolerance) -> set[int]:
    """Events of items that an item of another counterparty would settle: of one currency, alike within the tolerance.

    Each of the others stands for one. Bank and customs may know one foreign party by two ids, and goods may come from
    another than the one who is paid. Cost: 1 us an item.
    """
    found: set[int] = set()
    free: dict[int, list[Item]] = {}
    for other in sorted(others, key=lambda one: (one.left, one.event)):
        free.setdefault(other.currency, []).append(other)
    for item in sorted(waiting, key=lambda one: (one.left, one.event)):
        least, most = item.left - allowed(item, tolerance), item.left + allowed(item, tolerance)
        candidates = free.get(item.currency, [])
        while candidates and candidates[0].left < least:
            candidates.pop(0)
        if candidates and candidates[0].left <= most:
            candidates.pop(0)
            found.add(item.event)
    return found


def institutions_of(items: Iterable[Item], names: dict[int, str]) -> tuple[str, ...]:
    """The names of the institutions of payments, by their numbers, as far as they are known."""
    return tuple(sorted({names[item.institution] for item in items if item.institution in names}))
