"""Items of a trade ledger, and a ledger of them, as tests name them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from detectors.books.party import unpack
from detectors.books.trade_book import SIDES, TradeBook
from detectors.books.trade_items import EXPORT, MONEY, RATE_MISSING, Item, currency_number
from detectors.books.trade_matching import DEFAULT_TOLERANCE, Tolerance
from detectors.core import Outputs
from detectors.values.legal_calendar import DAY_US
from tests.support.declared_lines import declaration
from tests.support.ledger import Ledger

SEOUL = ZoneInfo("Asia/Seoul")
# 2026-03-02 09:00 in Seoul
START = 1_772_409_600_000_000
LATER = START + 30 * DAY_US


def tolerance(at_us: int) -> Tolerance:
    """5 % or USD 500 at any time."""
    return DEFAULT_TOLERANCE


def _item(event: int, dollars: float, flags: int, days: float, currency: str, usd: float | None, **fields: Any) -> Item:
    own = round(dollars * 100)
    values = dict.fromkeys(Item.__struct_fields__, 0) | {
        "time": START + round(days * DAY_US),
        "counterparty": 7,
        "own": own,
        "usd": own if usd is None else round(usd * 100),
        "event": event,
        "currency": currency_number(currency),
        "flags": flags | (RATE_MISSING if usd == 0 else 0),
    }
    return Item(**values | fields)


def goods(
    event: int, dollars: float, days: float = 0, currency: str = "USD", usd: float | None = None, **fields: Any
) -> Item:
    """A line of an import declaration, `days` after `START`, by default of counterparty 7."""
    return _item(event, dollars, fields.pop("flags", 0), days, currency, usd, **fields)


def paid(
    event: int, dollars: float, days: float = 0, currency: str = "USD", usd: float | None = None, **fields: Any
) -> Item:
    """A payment of imports, as `goods`."""
    return _item(event, dollars, MONEY | fields.pop("flags", 0), days, currency, usd, **fields)


def received(event: int, dollars: float, days: float = 0, **fields: Any) -> Item:
    """A receipt for exports."""
    return paid(event, dollars, days, flags=EXPORT, **fields)


def shipped(event: int, dollars: float, days: float = 0, **fields: Any) -> Item:
    """A line of an export declaration."""
    return goods(event, dollars, days, flags=EXPORT, **fields)


def book_of(*items: Item, clock_us: int = LATER) -> TradeBook:
    """A ledger that took in these items one by one, packed and unpacked after each."""
    book = TradeBook()
    for item in items:
        book.put(Item(*(getattr(item, name) for name in Item.__struct_fields__)), SEOUL)
        book.settle(tolerance, clock_us)
        book = TradeBook(book.packed())
    return book


def left(book: TradeBook) -> dict[int, float]:
    """What is open of each open item, in its own currency, by its event."""
    return {item.event: item.left / 100 for item in book.items() if item.is_open}


class TraderLedger(Ledger):
    """A partition's ledger of one trader who pays imports in US dollars, as the core applies it."""

    def trade(self, event_id: str, at: datetime, amount: str = "50000", **fields: Any) -> Outputs:
        """A payment of imports with its documents; what is not given is that of `ledger.payment`."""
        given = {"purpose": "10101", "party_type": "company", "evidence": "verified", "status": "settled"}
        return self.pay(event_id, at, amount, **given | fields)

    def declare(self, event_id: str, at: datetime, value: str = "50000", **fields: Any) -> Outputs:
        """A declared line of the trader's imports from whom it pays."""
        return self.put(declaration(event_id, at, value, **fields), self.origin("customs.declarations.v1"))

    def book(self, party: str = "k1.0a3.remitter") -> TradeBook:
        """The party's trade ledger."""
        return TradeBook(unpack(self.state.parties[self.state.newest_name(party)]).trade)

    def sums(self) -> list[tuple[int, int, int]]:
        """What came in, is matched, and is open of each side, in whole US dollars."""
        totals = [self.book().totals(side) for side in range(len(SIDES))]
        return [(one.came_in // 100, (one.matched + one.folded.matched) // 100, one.open // 100) for one in totals]
