"""What declarations do to a party's trade ledger, and which payments are trade.

A payment is trade when its purpose code is of the kind `import` (money out) or `export` (money in), or when it names a
declaration, goods (`hs_code`) or terms of trade. Without any such sign it is no trade item. A purpose against the
payment's direction (money in for an import) is a refund or an error; it is no item either.
"""

from collections.abc import Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from detectors.books.party import Party, token_number
from detectors.books.trade_book import TradeBook
from detectors.books.trade_folding import carried
from detectors.books.trade_items import (
    DOCUMENTED,
    EXPORT,
    MONEY,
    RATE_MISSING,
    REPORTED,
    REPORTS,
    TERMS,
    Item,
    currency_number,
    day_number,
    goods_number,
)
from detectors.contracts.configuration import Purpose
from detectors.contracts.events import Declaration, Transaction
from detectors.values import money
from detectors.values.money import LARGEST_CENTS, Exact, Ratio

_KINDS = {"import": "out", "export": "in"}
REPORT_FLAGS = REPORTED | sum(REPORTS.values())


class Signs(NamedTuple):
    """What a payment says of the trade behind it, as an `Item` holds it.

    `counterparty` is the other party of the contract, 0 where none is told: goods come from whom the contract is with,
    whoever is paid.
    """

    number: int
    account: int
    due: int
    goods: int
    terms: int
    flags: int
    counterparty: int = 0


def is_trade(event: Transaction, purposes: Mapping[str, Purpose]) -> bool:
    """Whether a payment is a trade item."""
    known = purposes.get(event.purpose or "")
    way = None if known is None else _KINDS.get(known.kind)
    if way is not None:
        return way == event.direction
    return event.declaration_no is not None or event.hs_code is not None or event.trade_terms is not None


def signs(event: Transaction, party: Party) -> Signs:
    """What a payment says of its trade. Cost: 2 us.

    The account is known by one number before, during and after a key rotation, as a counterparty is.
    """
    flags = MONEY | (EXPORT if event.direction == "in" else 0)
    if event.report_no is not None:
        flags |= REPORTED | REPORTS.get(event.report_type or "other", REPORTS["other"])
    if event.evidence in {"shown", "verified"}:
        flags |= DOCUMENTED
    return Signs(
        declaration_number(event.declaration_no),
        0 if event.counterparty_account is None else party.canonical(event.counterparty_account, event.previous),
        day_number(event.goods_due),
        goods_number(event.hs_code),
        TERMS.index(event.trade_terms or ""),
        flags,
    )


def declaration_number(text: str | None) -> int:
    """The number by which a declaration is found, 0 for none: letters and digits count, not how they are set apart."""
    plain = "" if text is None else "".join(filter(str.isalnum, text.upper()))
    return token_number(plain) if plain else 0


def declared(event: Declaration, party: Party, at_us: int, offset: int, ratio: Ratio | None) -> Item:
    """The item of a declaration's line. Raises `ValueError` for a value that is no number."""
    value = money.parse_or_zero(event.value)
    flags = (EXPORT if event.kind == "export" else 0) | (0 if ratio is not None else RATE_MISSING)
    return Item(
        time=at_us,
        due=day_number(event.settlement_due),
        number=declaration_number(event.declaration_no),
        counterparty=party.canonical(event.counterparty, event.previous),
        account=0,
        own=hundredths(value),
        usd=0 if ratio is None else money.cents(value, ratio),
        matched=0,
        frozen=0,
        event=declaration_event(event.event_id),
        payment=0 if event.amends is None else declaration_event(event.amends),
        offset=offset,
        institution=0,
        goods=goods_number(event.hs_code),
        currency=currency_number(event.currency),
        terms=0,
        flags=flags,
    )


def declaration_event(event_id: str) -> int:
    """The number of a declaration's event; no payment's has the same."""
    return token_number(f"declaration\0{event_id}")


def hundredths(amount: Exact) -> int:
    """An amount in hundredths of its currency, at most what 64 bits hold."""
    return min(money.half_even(amount.mantissa * 100, 10**amount.exponent), LARGEST_CENTS)


def declare(book: TradeBook, item: Item, zone: ZoneInfo) -> None:
    """Take a declaration's line in, whatever order it and its amendments come in.

    An amendment takes the place of the event that it names, folded or not. Of two that amend the same event the later
    one stands, by its declared time; an amendment of the other one would be an item of its own.
    """
    if item.payment:
        rival = book.amending(item.payment)
        if rival is not None and (rival.time, rival.event) > (item.time, item.event):
            return
        had = book.take_out(item.payment if rival is None else rival.event, zone)
        mark = book.unfold(item.payment, zone) if had is None else None
        if had is not None:
            item.frozen = carried(had.frozen, had, item)
        elif mark is not None:
            item.frozen = carried(mark.matched, mark, item)
        else:
            book.doubtful += book.has_forgotten(0)
            book.replace_later(item.payment)
    if item.event in book.replaced:
        book.replaced = [one for one in book.replaced if one != item.event]
        return
    book.put(item, zone)
