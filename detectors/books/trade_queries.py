"""Questions that rules and people ask a trade ledger. Nothing here changes it.

All take a `TradeBook`. Costs are those of looking through a party's items, at most 192 of 0.5 us each, unless said
otherwise.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from detectors.books.trade_book import TradeBook
from detectors.books.trade_items import EXPORT, MONEY, RATE_MISSING, Item, Trade
from detectors.books.trade_matching import LONGEST_APART_US, Rule, Tolerance, allowed
from detectors.values.legal_calendar import DAY_US

Side = Literal["goods", "money"]
# why an item is not matched with another one
Why = Literal["counterparty", "goods", "amount", "dates", "taken"]
AGES_DAYS = (30, 90, 180, 365)


class NearItem(NamedTuple):
    """An item of the other side that might have been matched, and why it is not; the nearest has the fewest reasons."""

    item: Item
    why: tuple[Why, ...]


class Partner(NamedTuple):
    """What an item is matched with: how much of each (hundredths of its own currency), and by which rule."""

    item: Item
    own: int
    theirs: int
    rule: Rule


class Age(NamedTuple):
    """Open items not older than `days` (None: older than all), and not younger than the bound before: number and sum.

    `usd` in US cents of what is left of them; `unvalued` have no rate and are not in it.
    """

    days: int | None
    items: int
    usd: int
    unvalued: int


class MatchRate(NamedTuple):
    """How much of what came in on one side is matched, in US cents and items; what was folded is in both."""

    matched: int
    came_in: int
    closed_items: int
    items: int


def side_flags(trade: Trade, side: Side) -> int:
    """The bits of an item's flags for a direction and a side; also a place in `trade_book.SIDES`."""
    return (EXPORT if trade == "export" else 0) | (MONEY if side == "money" else 0)


def kept(book: TradeBook, trade: Trade, side: Side) -> list[Item]:
    """All items of one direction and side, the oldest first."""
    wanted = side_flags(trade, side)
    found = [item for item in book.items() if item.flags & (MONEY | EXPORT) == wanted]
    return sorted(found, key=lambda item: (item.time, item.event))


def open_items(
    book: TradeBook, trade: Trade, side: Side, before_us: int | None = None, counterparty: int | None = None
) -> list[Item]:
    """Open items, the oldest first: dated before a time (us), of one counterparty, where these are given.

    `open_items(book, "import", "money", before_us=x)` are the imports paid before x without a declaration.
    """
    return [
        item
        for item in kept(book, trade, side)
        if item.is_open
        and (before_us is None or item.time < before_us)
        and (counterparty is None or item.counterparty == counterparty)
    ]


def partners(book: TradeBook, event: int, tolerance: Callable[[int], Tolerance]) -> list[Partner]:
    """What the item of an event is matched with, in the order of the rules.

    Cost: a matching of its direction, up to 3 ms.
    """
    item = book.find(event)
    if item is None:
        return []
    found = []
    for money, goods, one in book.matches(item.flags & EXPORT, tolerance):
        if money.event == event:
            found.append(Partner(goods, one.money_own, one.goods_own, one.rule))
        elif goods.event == event:
            found.append(Partner(money, one.goods_own, one.money_own, one.rule))
    return found


def nearest(book: TradeBook, item: Item, tolerance: Tolerance, most: int = 3) -> list[NearItem]:
    """The items of the other side that come nearest to one, and why each is not (or not wholly) matched with it.

    Fewest reasons first, then the nearest in time. `amount`: what is left of both differs by more than the tolerance;
    `goods`: both tell goods, and others; `taken`: nothing is left of it.
    """
    others = [other for other in book.items() if other.trade == item.trade and other.is_money != item.is_money]
    found = [NearItem(other, _why_not(item, other, tolerance)) for other in others]
    found.sort(key=lambda one: (len(one.why), abs(one.item.time - item.time), one.item.event))
    return found[:most]


def _why_not(item: Item, other: Item, tolerance: Tolerance) -> tuple[Why, ...]:
    why: list[Why] = []
    if other.counterparty != item.counterparty:
        why.append("counterparty")
    if item.goods and other.goods and item.goods != other.goods:
        why.append("goods")
    if other.left <= 0:
        why.append("taken")
    elif not _alike(item, other, tolerance):
        why.append("amount")
    if abs(other.time - item.time) > LONGEST_APART_US:
        why.append("dates")
    return tuple(why)


def _alike(item: Item, other: Item, tolerance: Tolerance) -> bool:
    if item.currency == other.currency:
        return abs(item.left - other.left) <= allowed(item, tolerance)
    if (item.flags | other.flags) & RATE_MISSING:
        return False
    return abs(item.left_usd - other.left_usd) <= item.worth(allowed(item, tolerance))


def named_goods(book: TradeBook, event: int) -> set[int]:
    """HS codes (six digits) of the lines of the declaration that a payment names, as far as they are kept one by one.

    Empty where it names none, or none that came yet. Cost: 15 us.
    """
    item = book.find(event)
    if item is None or not item.number:
        return set()
    rows = book.columns
    of_number = (rows["number"] == item.number) & (rows["flags"] & (MONEY | EXPORT) == item.flags & EXPORT)
    return {code for code in rows["goods"][of_number].tolist() if code}


def match_rate(book: TradeBook, trade: Trade, side: Side) -> MatchRate:
    """How much of one side is matched: an importer's own rate is that of its import payments."""
    totals = book.totals(side_flags(trade, side))
    items = totals.items + totals.folded.count
    return MatchRate(
        totals.matched + totals.folded.matched,
        totals.came_in,
        items - totals.open_items - totals.folded.cut,
        items,
    )


def by_age(
    book: TradeBook, trade: Trade, side: Side, now_us: int, bounds: Sequence[int] = AGES_DAYS, *, by_due: bool = False
) -> list[Age]:
    """Open items by age in days at a time (us), counted from their own time, or, `by_due`, from the date they name.

    Items not due yet, and with `by_due` those that name no date, are in the first class.
    """
    sums = [[0, 0, 0] for _ in (*bounds, None)]
    for item in open_items(book, trade, side):
        since = item.due * DAY_US if by_due and item.due else item.time
        days = 0 if by_due and not item.due else (now_us - since) / DAY_US
        place = next((number for number, bound in enumerate(bounds) if days <= bound), len(bounds))
        missing = bool(item.flags & RATE_MISSING)
        sums[place][0] += 1
        sums[place][1] += item.left_usd
        sums[place][2] += missing
    return [Age(days, *each) for days, each in zip((*bounds, None), sums, strict=True)]


def monthly(book: TradeBook, trade: Trade) -> list[tuple[int, int, int, int]]:
    """(year, month, declared, settled) of one direction in US cents, the oldest first, months without either left out.

    Declared is the customs value, settled what was paid or received; folded items are in both. At most 60 months.
    """
    goods, money = side_flags(trade, "goods"), side_flags(trade, "money")
    return [
        (month // 12, month % 12 + 1, sums[goods], sums[money])
        for month, sums in sorted(book.months.items())
        if sums[goods] or sums[money]
    ]
