"""What payments do to a party's trade ledger: what counts of each, what came back, what corrected rates change.

What counts of a payment is what the legal totals count of it (accounting.py): its first event's number, the settled
amount, less what came back. What a return names that is not kept there any more is taken back here.
"""

from collections.abc import Sequence
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
from detectors.books.trade_entries import REPORT_FLAGS, Signs, hundredths, signs
from detectors.books.trade_folding import Mark, marks
from detectors.books.trade_items import DOCUMENTED, EXPORT, MONEY, RATE_MISSING, Item, currency_code, currency_number
from detectors.contracts.events import Transaction
from detectors.rates.reference_rates import Rates
from detectors.values import money
from detectors.values.money import Exact


def pay(book: TradeBook, party: Party, event: Transaction, incoming: Incoming, effect: Effect, *, trade: bool) -> bool:
    """Follow what the legal totals made of a transaction; whether anything of it concerns the ledger.

    `trade`: `is_trade`. A payment too late for the legal totals counts here as it is said
    first. Cost: 20 us for a
    trade payment.
    """
    zone, row = incoming.zone, effect.payment
    if effect.kind == "pending":
        return effect.join is None and _take_back(book, incoming)
    if effect.kind == "reversed":
        return follow(book, party, zone)
    changed = effect.join == "payment.reused" and follow(book, party, zone, named_as=incoming.row.payment)
    if effect.kind == "late":
        row = incoming.row
    if row is None:
        return changed
    had = book.find(row.event)
    if had is None and effect.kind == "late":
        had = book.of_payment(row.payment, token_number(party.names[row.institution]))
    if (had is None and not trade) or (had is not None and effect.kind == "late"):
        return changed
    known_before = effect.kind not in {"new", "late"} and not book.has_mark(row.event)
    if had is None and known_before and book.has_forgotten(MONEY):
        book.doubtful += 1
        return True
    said = signs(event, party)
    if event.contract_counterparty is not None:
        said = said._replace(counterparty=party.canonical(event.contract_counterparty, event.previous))
    if had is not None:
        said = _merged(had, said, newer=event.status == "settled")
    book.put(_paid(party, row, said), zone)
    return True


def _merged(had: Item, said: Signs, *, newer: bool) -> Signs:
    """What two events of one payment say: the settlement's word first, then the other one's."""
    old = _as_kept(had)
    first, second = (said, old) if newer else (old, said)
    flags = first.flags & (MONEY | EXPORT) | (first.flags | second.flags) & (REPORT_FLAGS | DOCUMENTED)
    return Signs(
        first.number or second.number,
        first.account or second.account,
        first.due or second.due,
        first.goods or second.goods,
        first.terms or second.terms,
        flags,
        first.counterparty or second.counterparty,
    )


def _as_kept(item: Item) -> Signs:
    """What an item holds of what was said of it."""
    flags = item.flags & ~RATE_MISSING
    return Signs(item.number, item.account, item.due, item.goods, item.terms, flags, item.counterparty)


def _paid(party: Party, row: Payment, said: Signs) -> Item:
    return Item(
        time=row.time,
        due=said.due,
        number=said.number,
        counterparty=said.counterparty or row.beneficiary,
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
    if not book.rows and not book.marks:
        return False
    rows, table = payments.rows(party), book.columns
    money_events = table["event"][table["flags"] & MONEY != 0]
    changed = _follow_folded(book, party, zone)
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
            said = _as_kept(like)
            book.put(_paid(party, row, said), zone)
            changed = True
    return changed


def _follow_row(book: TradeBook, party: Party, item: Item, row: Payment, zone: ZoneInfo) -> bool:
    said = _as_kept(item)
    now = _paid(party, row, said)
    had = (item.own, item.usd, item.time, said.flags | item.flags & RATE_MISSING)
    if (now.own, now.usd, now.time, now.flags) == had:
        return False
    book.put(now, zone)
    return True


def _follow_folded(book: TradeBook, party: Party, zone: ZoneInfo) -> bool:
    """The same of payments that were folded and left a mark."""
    changed = False
    for mark in [one for one in marks(book.marks) if one.flags & MONEY]:
        place = payments.of_event(party, mark.event)
        if place is not None:
            row = payments.at(party, place)
            own = hundredths(Exact(row.amount, row.exponent))
            if (own, row.usd) != (mark.own, mark.usd):
                changed |= book.fold_anew(mark.event, own, row.usd, zone)
    return changed


def _take_back(book: TradeBook, incoming: Incoming) -> bool:
    """A return or cancellation of a payment that the legal totals do not keep any more."""
    row = incoming.row
    amount = hundredths(Exact(row.amount, row.exponent))
    whole = incoming.status == "cancelled"
    item = book.find(incoming.original)
    if item is None:
        item = book.of_payment(row.payment, token_number(incoming.institution))
    had: Item | Mark | None = item or book.mark_of(incoming.original)
    if (
        had is None
        or not had.flags & MONEY
        or had.currency != currency_number(incoming.currency)
        or bool(had.flags & EXPORT) == bool(row.flags & OUT)
        or (not whole and amount >= MULTIPLE * had.own)
        or (item is not None and item.institution != token_number(incoming.institution))
    ):
        return False
    rest = 0 if whole else max(had.own - amount, 0)
    usd = had.usd * rest // had.own if had.own else 0
    if item is None:
        return book.fold_anew(had.event, rest, usd, incoming.zone)
    book.put(msgspec.structs.replace(item, own=rest, usd=usd, matched=0), incoming.zone)
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
