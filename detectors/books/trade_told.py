"""What became of open items, as others are told of it (contracts/open_items.py)."""

from collections.abc import Sequence

from detectors.books.trade_book import ItemChange, TradeBook
from detectors.books.trade_items import CLOSED, EXPORT, MONEY, RATE_MISSING, Item, currency_code, links
from detectors.books.trade_matching import in_order
from detectors.contracts.open_items import ItemNews, ItemPosition, OpenItem, Reason
from detectors.values.legal_calendar import DAY_US, from_us
from detectors.values.money import plain

_SIDE = MONEY | EXPORT


def tell(
    book: TradeBook, changes: Sequence[ItemChange], party: str, partition: int, as_of_us: int
) -> tuple[ItemNews, ...]:
    """The changes of a party's ledger as news at an event time (us). Cost: 5 us a change, and 20 us for all."""
    waiting: dict[int, set[int]] = {}
    # only of items without any match is it asked who else waits
    if any(change.item is not None and not change.item.matched for change in changes):
        for _, counterparty, flags in links(book.rows):
            if not flags & CLOSED:
                waiting.setdefault(flags & _SIDE, set()).add(counterparty)
    return tuple(
        ItemNews(
            f"{change.event:016x}",
            None
            if change.item is None
            else open_item(change.item, why(change.item, waiting), party, partition, as_of_us),
        )
        for change in changes
    )


def open_now(book: TradeBook, party: str, partition: int, as_of_us: int) -> list[OpenItem]:
    """All open items of a party's ledger at an event time (us), the oldest first."""
    changes = [ItemChange(item.event, item) for item in in_order(book.items()) if item.is_open]
    return [news.now for news in tell(book, changes, party, partition, as_of_us) if news.now is not None]


def why(item: Item, waiting: dict[int, set[int]]) -> Reason:
    """Why an item is open; `waiting` are the counterparties of open items by side."""
    if item.matched:
        return "part"
    others = waiting.get((item.flags ^ MONEY) & _SIDE)
    if not others:
        return "nothing_open"
    return "not_alike" if item.counterparty in others else "other_counterparty"


def open_item(item: Item, reason: Reason, party: str, partition: int, as_of_us: int) -> OpenItem:
    """An open item as the contract has it."""
    return OpenItem(
        item=f"{item.event:016x}",
        party=party,
        trade=item.trade,
        side="money" if item.is_money else "goods",
        amount=plain(item.own),
        left=plain(item.left),
        currency=currency_code(item.currency),
        left_usd=None if item.flags & RATE_MISSING else plain(item.left_usd),
        time=from_us(item.time),
        due=item.due_date,
        as_of=from_us(as_of_us),
        age_days=max((as_of_us - item.time) // DAY_US, 0),
        reason=reason,
        position=ItemPosition(partition, item.offset),
    )
