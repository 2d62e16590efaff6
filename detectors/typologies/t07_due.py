"""T07's dates: up to when declared exports may wait for their money, and what is short of those whose date passed."""

from collections.abc import Sequence

from detectors.books.trade_items import EXPORT, OFFSET_REPORT, Item
from detectors.typologies.trade_overdue import (
    ADVANCE,
    EXPORT_GOODS,
    EXPORT_MONEY,
    IMPORT_GOODS,
    ByDay,
    DueOf,
    Overdue,
    Traded,
    less,
    named_end,
    once_a_ledger,
    overdue,
)
from detectors.values.legal_calendar import DAY_US

ID = "T07"


@once_a_ledger
def money_due(past: Traded) -> DueOf:
    """Up to when declared exports may wait for their money: the date that they name, and the grace; else a fixed time.

    By the limits of the declaration's own legal day.
    """
    limits = ByDay(past, ID, ("settle_grace_days", "undated_days"))

    def due_of(item: Item) -> int | None:
        found = limits.at(item.time)
        named_us = named_end(item, past.zone)
        if named_us is not None and "settle_grace_days" in found:
            return named_us + int(found["settle_grace_days"].number) * DAY_US
        return item.time + int(found["undated_days"].number) * DAY_US if "undated_days" in found else None

    return due_of


def short_of(past: Traded, at_us: int) -> tuple[list[Overdue], int]:
    """Exports whose money did not come by a time, and receipts that may be it (USD cents).

    Where the firm reported an offset with a buyer, what it imported of that buyer unpaid stands against it. Receipts
    count that no declaration is matched with, since the first of the exports, and that were not paid in advance.
    Cost: 1 ms with 190 items.
    """
    late = overdue(past, EXPORT_GOODS, money_due(past), at_us)
    if late:
        late = less(late, _offset(past))
    if not late:
        return [], 0
    return late, sum(item.left_usd for item in _counted(past, late))


def of_strangers(past: Traded, late: Sequence[Overdue]) -> list[Item]:
    """Of the receipts that count those told by institutions that had no part in the firm's trade.

    A part has who told a receipt that a declared export is matched with, or any payment of the trade before the first
    of these exports. Where no institution had one, whoever tells is taken for the firm's bank. Failure prevented: one
    bank makes up a receipt, and a shortfall is gone without a word. Cost: where any receipt counts a matching, 3 ms.
    """
    counted = _counted(past, late)
    if not counted:
        return []
    first = min(one.item.time for one in late)
    known = {money.institution for money, _, _ in past.matches(EXPORT)}
    known |= {item.institution for item in past.book.items() if item.is_money and item.time < first}
    return [item for item in counted if known and item.institution not in known]


def _counted(past: Traded, late: Sequence[Overdue]) -> list[Item]:
    """Receipts that may be the money of exports."""
    if not late:
        return []
    first = min(one.item.time for one in late)
    return [
        item
        for item in past.opened(EXPORT_MONEY)
        if item.time >= first and item.terms != ADVANCE and named_end(item, past.zone) is None
    ]


def _offset(past: Traded) -> dict[int, int]:
    """USD cents of unpaid imports by counterparty, of those with whom an offset is reported."""
    with_report = {item.counterparty for item in past.book.items() if item.flags & OFFSET_REPORT}
    pools: dict[int, int] = {}
    for item in past.opened(IMPORT_GOODS):
        if item.counterparty in with_report:
            pools[item.counterparty] = pools.get(item.counterparty, 0) + item.left_usd
    return pools
