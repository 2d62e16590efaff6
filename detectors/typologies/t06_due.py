"""T06's dates: up to when a payment for imports may wait for its goods, and when the year of an advance payment ends.

By the limits of the payment's own legal day. A payment in transit trade waits for nothing: its goods never come here.
"""

from typing import NamedTuple

from detectors.books.trade_items import EXPORT, MONEY, PREPAYMENT_REPORT, Item, links
from detectors.books.trade_matching import tolerance_by
from detectors.typologies.trade_overdue import (
    ADVANCE,
    AFTER_GOODS,
    IMPORT_GOODS,
    IMPORT_MONEY,
    TRANSIT,
    ByDay,
    DueOf,
    Overdue,
    Traded,
    days_later,
    named_end,
    once_a_ledger,
    overdue,
    told_elsewhere,
)
from detectors.values.legal_calendar import DAY_US

ID = "T06"
_TERMS = ("grace_days", "after_goods_days", "named_days", "unknown_days", "advance_days")
# Ships, rail vehicles and aircraft need no report however long they take to build (Reg 5-8(1)), by HS chapter. The
# regulation exempts industrial plants too, which no chapter tells.
EXEMPT_CHAPTERS = {86, 88, 89}
_CHAPTER = 10_000


class Chapter(NamedTuple):
    """Whether the goods of a payment are told, and whether they are of a chapter that needs no report."""

    is_told: bool
    is_exempt: bool


def chapter_of(item: Item) -> Chapter:
    """What the HS code of a payment says."""
    return Chapter(item.goods > 0, item.goods // _CHAPTER in EXEMPT_CHAPTERS)


@once_a_ledger
def goods_due(past: Traded) -> DueOf:
    """Up to when a payment for imports may wait for a declaration.

    A date that it names, and the grace; in advance without a date, a year; after the goods, the time that papers are
    ahead of them; less where the declaration that it names is there, and covers a part. Cost: 5 us, 3 us an item.
    """
    known, limits = _declared_numbers(past), ByDay(past, ID, _TERMS)

    def due_of(item: Item) -> int | None:
        found = limits.at(item.time)
        if len(found) < len(_TERMS) or item.terms == TRANSIT:
            return None
        if item.terms in AFTER_GOODS and item.number in known:
            return item.time + int(found["named_days"].number) * DAY_US
        if (named_us := named_end(item, past.zone)) is not None:
            return named_us + int(found["grace_days"].number) * DAY_US
        if item.terms == ADVANCE:
            return days_later(item.time, int(found["advance_days"].number), past.zone)
        name = "after_goods_days" if item.terms in AFTER_GOODS else "unknown_days"
        return item.time + int(found[name].number) * DAY_US

    return due_of


@once_a_ledger
def period_due(past: Traded) -> DueOf:
    """When the year ends after which an advance payment above the amount of the law needed a report.

    None for those up to the amount, for goods that are exempt, and where a report of it is told. The amount is what no
    goods came for.
    """
    limits = ByDay(past, ID, ("advance_amount", "advance_days"))

    def due_of(item: Item) -> int | None:
        found = limits.at(item.time)
        amount, days = found.get("advance_amount"), found.get("advance_days")
        if amount is None or days is None or item.left_usd <= amount.cents:
            return None
        if item.terms == TRANSIT or item.flags & PREPAYMENT_REPORT or chapter_of(item).is_exempt:
            return None
        return days_later(item.time, int(days.number), past.zone)

    return due_of


def uncovered(past: Traded, due_of: DueOf, at_us: int) -> tuple[list[Overdue], int]:
    """Imports paid that no goods came for by a time, and how many more a declaration of another party explains.

    Goods that are to be paid later are another payment's. Cost: 1 ms with 190 items.
    """
    late = overdue(past, IMPORT_MONEY, due_of, at_us)
    if not late:
        return [], 0
    goods = [one for one in past.opened(IMPORT_GOODS) if (named_end(one, past.zone) or at_us) <= at_us]
    waiting = [one.item for one in late]
    elsewhere = told_elsewhere(waiting, goods, tolerance_by(past.rulebook, past.zone)(at_us))
    return [one for one in late if one.item.event not in elsewhere], len(elsewhere)


def _declared_numbers(past: Traded) -> set[int]:
    rows, side = past.book.rows, MONEY | EXPORT
    return {number for number, _, flags in links(rows) if number and flags & side == IMPORT_GOODS}
