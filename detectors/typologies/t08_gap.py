"""T08's own measures: what is open past its date in both directions of trade, and the gap of whole years by month.

Value goes out where imports are paid and no goods come, and where exports go and no money comes; it comes in the other
way round. What waits within its terms is no gap.
"""

from collections.abc import Sequence
from typing import NamedTuple

from detectors.books.trade_items import Item, Trade
from detectors.books.trade_queries import monthly
from detectors.typologies.t06_due import goods_due, uncovered
from detectors.typologies.t07_due import money_due, short_of
from detectors.typologies.trade_overdue import (
    EXPORT_GOODS,
    EXPORT_MONEY,
    IMPORT_GOODS,
    IMPORT_MONEY,
    Overdue,
    Traded,
    overdue,
)
from detectors.values.legal_calendar import local_date

YEAR_MONTHS = 12
# The year before, and the mean of four years before the last one (KCS 2026-01-13).
BASELINE_YEARS = 4
TRADES: tuple[Trade, ...] = ("import", "export")


class Gap(NamedTuple):
    """What is open past its date at a time, in USD cents; `waiting` are the items by which value goes out.

    `traded` is what was paid for imports and declared for export in the twelve months that end then.
    """

    imports_uncovered: int
    exports_unreceived: int
    imports_unpaid: int
    receipts_uncovered: int
    traded: int
    waiting: list[Overdue]

    @property
    def outward(self) -> int:
        """By which value goes out."""
        return self.imports_uncovered + self.exports_unreceived

    @property
    def inward(self) -> int:
        """By which value comes in."""
        return self.imports_unpaid + self.receipts_uncovered

    @property
    def share(self) -> float:
        """The outward part of what was traded; 0 without trade."""
        return self.outward / self.traded if self.traded else 0.0


def gap_at(past: Traded, at_us: int) -> Gap:
    """The gap at a time. Cost: 1 ms with 190 open items."""
    goods, money = goods_due(past), money_due(past)
    imports, _ = uncovered(past, goods, at_us)
    exports, came = short_of(past, at_us)
    unpaid = overdue(past, IMPORT_GOODS, money, at_us)
    received = _sum(overdue(past, EXPORT_MONEY, goods, at_us))
    # what came for no known export, from whomever, may be the money of those that are short
    short = _sum(exports)
    return Gap(
        _sum(imports),
        max(short - came, 0),
        _sum(unpaid),
        max(received - short, 0),
        traded_until(past, at_us),
        sorted((*imports, *(exports if short > came else ())), key=lambda one: (one.due_us, one.item.event)),
    )


def outward(past: Traded) -> list[tuple[int, Item]]:
    """The open items by which value goes out, with their dates."""
    return past.dated(IMPORT_MONEY, goods_due(past)) + past.dated(EXPORT_GOODS, money_due(past))


def month_of(past: Traded, at_us: int) -> int:
    """The month of a time, as the trade ledger counts them: year x 12 + month - 1, of the legal zone."""
    day = local_date(at_us, past.zone)
    return day.year * YEAR_MONTHS + day.month - 1


def traded_until(past: Traded, at_us: int) -> int:
    """USD cents paid for imports and declared for export in twelve months, that of the time the last."""
    last = month_of(past, at_us)
    return sum(
        sums[IMPORT_MONEY] + sums[EXPORT_GOODS]
        for month, sums in past.book.months.items()
        if last - YEAR_MONTHS < month <= last
    )


class Years(NamedTuple):
    """The gap of one direction in USD cents: of twelve whole months, of the twelve before, and the mean of four years.

    `before` and `mean` are None where the ledger does not reach so far back. `declared` is what customs saw of it.
    """

    trade: Trade
    declared: int
    gap: int
    before: int | None
    mean: int | None

    @property
    def is_up(self) -> bool:
        """Whether the gap is larger than both."""
        return self.before is not None and self.mean is not None and self.gap > max(self.before, self.mean)


def years_at(past: Traded, at_us: int) -> tuple[Years, ...]:
    """Both directions, over the twelve months before that of a time and the years before those."""
    return tuple(_years(past, trade, month_of(past, at_us)) for trade in TRADES)


def _years(past: Traded, trade: Trade, until: int) -> Years:
    found = {
        year * YEAR_MONTHS + month - 1: (declared, settled)
        for year, month, declared, settled in monthly(past.book, trade)
    }
    first = min(past.book.months, default=until)
    gaps: list[int | None] = []
    for back in range(1 + BASELINE_YEARS):
        last = until - back * YEAR_MONTHS
        sums = [found.get(month, (0, 0)) for month in range(last - YEAR_MONTHS, last)]
        gaps.append(None if first > last - YEAR_MONTHS else abs(sum(one - two for one, two in sums)))
    declared = sum(found.get(month, (0, 0))[0] for month in range(until - YEAR_MONTHS, until))
    earlier = [gap for gap in gaps[1:] if gap is not None]
    mean = sum(earlier) // BASELINE_YEARS if len(earlier) == BASELINE_YEARS else None
    return Years(trade, declared, gaps[0] or 0, gaps[1], mean)


def _sum(items: Sequence[Overdue]) -> int:
    return sum(one.usd for one in items)
