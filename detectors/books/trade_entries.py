"""What events do to a party's trade ledger: which payments are trade, and what amends, returns and rates change.

A payment is trade when its purpose code is of the kind `import` (money out) or `export` (money in), or when it names a
declaration, goods (`hs_code`) or terms of trade. Without any such sign it is no trade item. A purpose against the
payment's direction (money in for an import) is a refund or an error; it is no item either.
What counts of a payment is what the legal totals count of it (accounting.py): its first event's number, the settled
amount, less what came back. What a return names that is not kept there any more is taken back here.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.books import payments
from detectors.books.accounting import Effect, Incoming
from detectors.books.party import Party, token_number
from detectors.books.payments import OUT, Payment
from detectors.books.restatement import Corrected, Correction
from detectors.books.reversals import MULTIPLE
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
    currency_code,
    currency_number,
    day_number,
    goods_number,
)
from detectors.contracts.configuration import Purpose
from detectors.contracts.events import Declaration, Transaction
from detectors.rates.reference_rates import Rates
from detectors.values import money
from detectors.values.money import LARGEST_CENTS, Exact, Ratio

_KINDS = {"import": "out", "export": "in"}
_REPORT_FLAGS = REPORTED | sum(REPORTS.values())


class Signs(NamedTuple):
    """What a payment says of the trade behind it, as an `Item` holds it."""

    number: int
    account: int
    due: int
    goods: int
    terms: int
    flags: int


def is_trade(event: Transaction, purposes: Mapping[str, Purpose]) -> bool:
    """Whether a payment is a trade item."""
    known = purposes.get(event.purpose or "")
    way = None if known is None else _KINDS.get(known.kind)
    if way is not None:
        return way == event.direction
    return event.declaration_no is not None or event.hs_code is not None or event.trade_terms is not None


def signs(event: Transaction) -> Signs:
    """What a payment says of its trade. Cost: 2 us."""
    flags = MONEY | (EXPORT if event.direction == "in" else 0)
    if event.report_no is not None:
        flags |= REPORTED | REPORTS.get(event.report_type or "other", REPORTS["other"])
    if event.evidence in {"shown", "verified"}:
        flags |= DOCUMENTED
    return Signs(
        declaration_number(event.declaration_no),
        0 if event.counterparty_account is None else token_number(event.counterparty_account),
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


def pay(book: TradeBook, party: Party, event: Transaction, incoming: Incoming, effect: Effect, *, trade: bool) -> bool:
    """Follow what the legal totals made of a transaction; whether anything of it concerns the ledger.

    `trade`: `is_trade`. Cost: 20 us for a trade payment, nothing for others of a party without trade.
    """
    zone, row = incoming.zone, effect.payment
    if effect.kind == "pending" and effect.join is None:
        return _take_back(book, incoming)
    if effect.kind == "reversed":
        return follow(book, party, zone)
    if effect.kind == "late":
        had = _known(book, party, incoming.row)
        row = incoming.row if had is None else None
    changed = effect.join == "payment.reused" and follow(book, party, zone, named_as=incoming.row.payment)
    if row is None:
        return changed
    had = _known(book, party, row)
    if had is None and not trade:
        return changed
    if had is None and effect.kind != "new" and book.has_forgotten(MONEY) and not book.has_mark(row.event):
        book.doubtful += 1
        return True
    said = signs(event)
    if had is not None:
        said = _merged(had, said, newer=event.status == "settled")
        row = msgspec.structs.replace(row, event=had.event)
    book.put(_paid(party, row, said), zone)
    return True


def _known(book: TradeBook, party: Party, row: Payment) -> Item | None:
    found = book.find(row.event)
    if found is None:
        found = book.of_payment(row.payment, token_number(party.names[row.institution]))
    return found


def _merged(had: Item, said: Signs, *, newer: bool) -> Signs:
    """What two events of one payment say: the settlement's word first, then the other one's."""
    old = Signs(had.number, had.account, had.due, had.goods, had.terms, had.flags)
    first, second = (said, old) if newer else (old, said)
    flags = first.flags & (MONEY | EXPORT) | (first.flags | second.flags) & (_REPORT_FLAGS | DOCUMENTED)
    return Signs(
        first.number or second.number,
        first.account or second.account,
        first.due or second.due,
        first.goods or second.goods,
        first.terms or second.terms,
        flags,
    )


def _paid(party: Party, row: Payment, said: Signs) -> Item:
    return Item(
        time=row.time,
        due=said.due,
        number=said.number,
        counterparty=row.beneficiary,
        account=said.account,
        own=hundredths(Exact(row.amount, row.exponent)),
        usd=row.usd,
        matched=0,
        frozen=0,
        event=row.event,
        payment=row.payment,
        offset=row.offset,
        institution=token_number(party.names[row.institution]),
        goods=said.goods,
        currency=currency_number(party.names[row.currency]),
        terms=said.terms,
        flags=said.flags | (RATE_MISSING if row.flags & payments.RATE_MISSING else 0),
    )


def follow(book: TradeBook, party: Party, zone: ZoneInfo, named_as: int = 0) -> bool:
    """Bring the items of payments up to date with what the legal totals now count of them; whether any changed.

    `named_as`: the number of a payment whose id proved to name several; each that is counted now is an item of its own.
    Cost: 30 us, and 5 us for each that changed.
    """
    if not book.rows:
        return False
    rows, table = payments.rows(party), book.columns
    money_events = table["event"][table["flags"] & MONEY != 0]
    changed = False
    for place in np.flatnonzero(np.isin(rows["event"], money_events)).tolist():
        row = payments.at(party, place)
        item = book.find(row.event)
        if item is not None:
            changed |= _follow_row(book, party, item, row, zone)
    if named_as:
        places = np.flatnonzero((rows["payment"] == np.uint64(named_as)) & ~np.isin(rows["event"], money_events))
        like = next((item for item in book.items() if item.is_money and item.payment == named_as), None)
        for place in places.tolist():
            if like is None:
                break
            row = payments.at(party, place)
            said = Signs(like.number, like.account, like.due, like.goods, like.terms, like.flags & ~RATE_MISSING)
            book.put(_paid(party, row, said), zone)
            changed = True
    return changed


def _follow_row(book: TradeBook, party: Party, item: Item, row: Payment, zone: ZoneInfo) -> bool:
    said = Signs(item.number, item.account, item.due, item.goods, item.terms, item.flags & ~RATE_MISSING)
    now = _paid(party, row, said)
    had = (item.own, item.usd, item.time, said.flags | item.flags & RATE_MISSING)
    if (now.own, now.usd, now.time, now.flags) == had:
        return False
    book.put(now, zone)
    return True


def _take_back(book: TradeBook, incoming: Incoming) -> bool:
    """A return or cancellation of a payment that the legal totals do not keep any more."""
    row = incoming.row
    item = book.find(incoming.original)
    if item is None:
        item = book.of_payment(row.payment, token_number(incoming.institution))
    amount = hundredths(Exact(row.amount, row.exponent))
    whole = incoming.status == "cancelled"
    if (
        item is None
        or not item.is_money
        or item.currency != currency_number(incoming.currency)
        or bool(item.flags & EXPORT) == bool(row.flags & OUT)
        or item.institution != token_number(incoming.institution)
        or (not whole and amount >= MULTIPLE * item.own)
    ):
        return False
    rest = 0 if whole else max(item.own - amount, 0)
    now = msgspec.structs.replace(item, own=rest, usd=item.worth(rest), matched=0)
    book.put(now, incoming.zone)
    return True


def convert_anew(
    book: TradeBook, party: Party, rates: Rates, corrections: Sequence[Correction], stale_us: int, zone: ZoneInfo
) -> bool:
    """Convert anew the items that used a corrected rate; whether any changed.

    A payment that the legal totals still keep is worth what it is worth there. Others, and declarations, are converted
    by their own time and ledger position. Cost: 10 us an item within the corrected rates' reach.
    """
    followed = follow(book, party, zone)
    first, last = min(one.at_us for one in corrections), max(one.last_us for one in corrections) + stale_us
    until, corrected, changed = max(one.offset for one in corrections), Corrected(corrections), followed
    table = book.columns
    mask = (table["time"] >= first) & (table["time"] <= last) & (table["offset"] < until)
    mask &= (table["flags"] & RATE_MISSING == 0) & ~np.isin(table["event"], payments.rows(party)["event"])
    reach = set(table["event"][mask].tolist())
    for item in book.items() if reach else ():
        if item.event not in reach:
            continue
        ratio, points = rates.used(currency_code(item.currency), "USD", item.time, stale_us, item.offset)
        if ratio is None or not corrected.after(item.offset, points):
            continue
        usd = money.cents(Exact(item.own, 2), ratio)
        if usd != item.usd:
            book.put(msgspec.structs.replace(item, usd=usd), zone)
            changed = True
    return changed
