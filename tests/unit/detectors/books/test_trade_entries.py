"""What declarations do to a trade ledger, and which payments are trade."""

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import msgspec
import pytest

from detectors.books import trade_entries
from detectors.books.party import Party, token_number
from detectors.books.trade_book import TradeBook
from detectors.books.trade_entries import declaration_event, declaration_number, declare, declared, is_trade, signs
from detectors.books.trade_folding import MOST_MARKS, FoldedSums
from detectors.books.trade_items import (
    DOCUMENTED,
    EXPORT,
    MONEY,
    OFFSET_REPORT,
    OTHER_REPORT,
    RATE_MISSING,
    REPORTED,
    Item,
    currency_number,
)
from detectors.contracts.configuration import Purpose
from detectors.contracts.events import Declaration, Transaction
from detectors.typologies.declared import made_up
from detectors.values.legal_calendar import to_us
from detectors.values.money import LARGEST_CENTS, Exact, Ratio
from tests.support.trade import LATER, SEOUL, START, book_of, goods, left, paid, tolerance

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PURPOSES = {
    "10101": Purpose(kind="import", text_en="imports", text_ko="수입"),
    "10201": Purpose(kind="export", text_en="exports", text_ko="수출"),
    "30101": Purpose(kind="study", text_en="study", text_ko="유학"),
}


def payment(**fields: Any) -> Transaction:
    return msgspec.structs.replace(made_up(NOON, "t.1.p", "100"), **fields)


def line(event: str, value: str = "1000", **fields: Any) -> Declaration:
    told: dict[str, Any] = {
        "declaration_no": "12345-26-000001M",
        "declared_time": NOON,
        "kind": "import",
        "party": "t.1.p",
        "counterparty": "t.1.seller",
        "counterparty_country": "VN",
        "hs_code": "8501101000",
        "quantity": "1",
        "quantity_unit": "EA",
        "currency": "USD",
    }
    return Declaration(event_id=event, identity=event, body="", value=value, **told | fields)


@pytest.mark.parametrize(
    ("fields", "trade"),
    [
        ({"purpose": "10101"}, True),
        ({"purpose": "10101", "direction": "in"}, False),
        ({"purpose": "10201", "direction": "in"}, True),
        ({"purpose": "30101"}, False),
        ({"purpose": "30101", "declaration_no": "1"}, True),
        ({"purpose": None, "hs_code": "850110"}, True),
        ({"purpose": None, "trade_terms": "advance"}, True),
        ({"purpose": None}, False),
        ({"purpose": "99999"}, False),
    ],
)
def test_which_payments_are_trade(fields: dict[str, Any], trade: bool) -> None:
    assert is_trade(payment(**fields), PURPOSES) is trade


def test_what_a_payment_says_of_its_trade() -> None:
    said = signs(
        payment(
            declaration_no="12345-26-000001m",
            counterparty_account="t.1.acc",
            goods_due=date(1970, 1, 11),
            hs_code="8501101000",
            trade_terms="sight",
            report_no="R1",
            report_type="offset",
            evidence="verified",
            direction="in",
        ),
        Party(),
    )
    assert said.number == declaration_number("1234526000001M") != 0
    assert said.account == token_number("t.1.acc")
    assert (said.due, said.goods, said.terms) == (10, 850110, 2)
    assert said.flags == MONEY | EXPORT | REPORTED | OFFSET_REPORT | DOCUMENTED
    bare = signs(payment(report_no="R1", evidence="none"), Party())
    assert (bare.number, bare.account, bare.due, bare.goods, bare.terms) == (0, 0, 0, 0, 0)
    assert bare.flags == MONEY | REPORTED | OTHER_REPORT
    assert signs(payment(evidence="shown"), Party()).flags == MONEY | DOCUMENTED
    exempt = signs(payment(evidence="exempt", report_no="1", report_type="capital"), Party())
    assert exempt.flags == MONEY | REPORTED | OTHER_REPORT


def test_an_account_is_one_before_during_and_after_a_key_rotation() -> None:
    """Else two partners who are paid on one account are no longer one group to T11 after it."""
    party = Party()
    before = signs(payment(counterparty_account="k1.old"), party)
    during = signs(payment(counterparty_account="k2.new", previous={"k2.new": "k1.old"}), party)
    after = signs(payment(counterparty_account="k2.new"), party)
    assert before.account == during.account == after.account == token_number("k1.old")


@pytest.mark.parametrize("text", [None, "", "--", " / "])
def test_no_number_is_none(text: str | None) -> None:
    assert declaration_number(text) == 0


def test_the_item_of_a_declared_line() -> None:
    party = Party()
    item = declared(line("d1", "12.345", kind="export", settlement_due=date(1970, 2, 1)), party, START, 9, Ratio(2, 1))
    assert item == Item(
        time=START,
        due=31,
        number=declaration_number("12345-26-000001M"),
        counterparty=token_number("t.1.seller"),
        account=0,
        own=1234,
        usd=2469,
        matched=0,
        frozen=0,
        event=declaration_event("d1"),
        payment=0,
        offset=9,
        institution=0,
        goods=850110,
        currency=currency_number("USD"),
        terms=0,
        flags=EXPORT,
    )
    item = declared(line("d2", amends="d1"), party, START, 9, None)
    assert (item.payment, item.usd, item.flags) == (declaration_event("d1"), 0, RATE_MISSING)
    assert trade_entries.hundredths(Exact(10**17, 0)) == LARGEST_CENTS


def told(*items: Item) -> TradeBook:
    book = TradeBook()
    for item in items:
        declare(book, msgspec.structs.replace(item), SEOUL)
        book.settle(tolerance, LATER)
        book = TradeBook(book.packed())
    return book


def test_an_amendment_takes_the_place_of_what_it_names_in_whatever_order_they_come() -> None:
    chain = [goods(1, 1000), goods(2, 2000, payment=1), goods(3, 4000, payment=2)]
    for order in permutations(chain):
        book = told(*order)
        assert left(book) == {3: 4000}
        assert next(iter(book.months.values()))[0] == 400_000
        assert book.replaced == []


def test_of_two_amendments_of_one_event_the_later_stands() -> None:
    chain = [goods(1, 1000), goods(2, 2000, 5, payment=1), goods(3, 4000, 3, payment=1)]
    for order in permutations(chain):
        assert left(told(*order)) == {2: 2000}


def test_an_amendment_of_a_folded_declaration_counts_once() -> None:
    many = [goods(one, 1000, one / 100) for one in range(1, 9)] + [
        paid(one + 50, 1000, one / 100) for one in range(1, 9)
    ]
    book = book_of(*many, clock_us=LATER + 200 * 86_400_000_000)
    assert book.folded[0] == FoldedSums(8, 800_000, 800_000)
    declare(book, goods(70, 1500, payment=3), SEOUL)
    book.settle(tolerance, LATER)
    assert (book.totals(0).came_in, book.totals(0).folded.usd) == (850_000, 700_000)
    assert left(book) == {}
    item = book.find(70)
    assert item is not None
    assert item.frozen == 100_000
    assert (book.doubtful, book.replaced) == (0, [])


def test_an_amendment_of_what_nobody_knows_any_more_is_doubtful() -> None:
    book = TradeBook()
    declare(book, goods(70, 1500, payment=3), SEOUL)
    assert (book.doubtful, book.replaced) == (0, [3])
    book.folded[0] = FoldedSums(count=MOST_MARKS + 1)
    declare(book, goods(71, 1500, payment=4), SEOUL)
    assert (book.doubtful, book.replaced) == (1, [3, 4])


def test_what_an_amended_declaration_had_of_folded_items_stays_with_it() -> None:
    book = book_of(goods(1, 90_000))
    item = book.find(1)
    assert item is not None
    item.frozen = item.matched = 400_000
    book.rows = item.packed()
    declare(book, goods(2, 80_000, payment=1), SEOUL)
    book.settle(tolerance, LATER)
    assert left(book) == {2: 76_000}


def test_the_event_of_a_declaration_is_that_of_no_payment() -> None:
    assert declaration_event("a") != token_number("a")
    assert to_us(NOON) > 0
