"""What payments, returns and corrected rates do to a trade ledger, through the core."""

from datetime import date

import pytest

from detectors.books.party import pack, unpack
from detectors.books.payment_ids import event_number
from detectors.books.trade_book import TradeBook, open_offsets
from detectors.books.trade_folding import FoldedSums, Mark, marks, packed_marks
from detectors.books.trade_items import CLOSED, DOCUMENTED, MONEY, RATE_MISSING, REPORTED
from tests.support.ledger import configuration, later
from tests.support.trade import LATER, SEOUL, TraderLedger, left, paid

ANY_RATE = configuration(rates={"jump": 10.0, "most": 1e6, "magnitude": 1e6, "typical": {}})
PARTY = "k1.0a3.remitter"


def test_a_payment_and_its_declaration_meet_in_either_order() -> None:
    for order in (1, -1):
        ledger = TraderLedger()
        steps = [lambda: ledger.trade("p", later(days=1)), lambda: ledger.declare("d", later(days=2))]  # noqa: B023
        for step in steps[::order]:
            step()
        assert ledger.sums() == [(50_000, 50_000, 0), (50_000, 50_000, 0), (0, 0, 0), (0, 0, 0)]
        assert [item.flags & (MONEY | CLOSED | DOCUMENTED) for item in ledger.book().items()][::order] == [
            MONEY | CLOSED | DOCUMENTED,
            CLOSED,
        ]


def test_what_is_no_trade_makes_no_ledger() -> None:
    ledger = TraderLedger()
    ledger.pay("p", later())
    assert ledger.book().packed() == b""
    ledger.trade("q", later(days=1))
    ledger.pay("r", later(days=2))
    assert [item.own for item in ledger.book().items()] == [5_000_000]


def test_a_settlement_takes_its_orders_place_and_both_say_what_they_know() -> None:
    ledger = TraderLedger()
    first = {"payment_id": "pay-1", "declaration_no": "N1", "goods_due": date(2025, 6, 1), "report_no": "R"}
    ledger.trade("p", later(), "50000", status="ordered", evidence="none", **first)
    ledger.trade("s", later(days=1), "49000", payment_id="pay-1", hs_code="851712", trade_terms="sight", purpose=None)
    (item,) = ledger.book().items()
    assert (item.own, item.goods, item.terms, item.due_date) == (4_900_000, 851712, 2, date(2025, 6, 1))
    assert item.number
    assert item.flags & (REPORTED | DOCUMENTED) == REPORTED | DOCUMENTED
    assert item.event == event_number("BANKA", "p")


def test_a_settlement_that_alone_tells_of_trade_counts() -> None:
    ledger = TraderLedger()
    ledger.trade("p", later(), status="ordered", purpose=None, payment_id="pay-1")
    assert ledger.book().items() == []
    ledger.trade("s", later(days=1), payment_id="pay-1")
    assert [item.event for item in ledger.book().items()] == [event_number("BANKA", "p")]


@pytest.mark.parametrize(("status", "amount", "kept"), [("returned", "20000", 30_000), ("cancelled", "50000", 0)])
@pytest.mark.parametrize("days", [2, 60])
def test_a_return_gives_back_what_was_matched_however_long_ago(status: str, amount: str, kept: int, days: int) -> None:
    """Documented payments leave the legal totals' rows after a week; others push them out here."""
    ledger = TraderLedger()
    ledger.declare("d", later())
    ledger.trade("p", later(hours=1))
    for number in range(8):
        ledger.pay(f"n{number}", later(days=days - 1, hours=number), purpose="40101", evidence="verified")
    ledger.trade("r", later(days=days), amount, status=status, original_event_id="p")
    assert ledger.sums()[:2] == [(50_000, kept, 50_000 - kept), (kept, kept, 0)]


@pytest.mark.parametrize(
    "fields",
    [
        {"currency": "EUR"},
        {"institution": "BANKB"},
        {"direction": "in"},
        {"amount": "5000000"},
        {"original_event_id": "x"},
    ],
)
def test_what_does_not_agree_takes_nothing_back(fields: dict[str, str]) -> None:
    ledger = TraderLedger()
    ledger.trade("p", later())
    for number in range(8):
        ledger.pay(f"n{number}", later(days=59, hours=number), purpose="40101", evidence="verified")
    told = {"status": "returned", "original_event_id": "p", "amount": "1000"} | fields
    ledger.trade("r", later(days=60), told.pop("amount"), **told)
    assert ledger.sums()[1] == (50_000, 0, 50_000)


def test_a_late_payment_counts_as_it_is_said_first() -> None:
    ledger = TraderLedger()
    ledger.declare("d", later())
    ledger.pay("n", later(days=60))
    ledger.trade("p", later(days=1))
    ledger.trade("s", later(days=1), "1000", payment_id="pay-1")
    ledger.trade("t", later(days=2), "1100", payment_id="pay-1")
    assert ledger.sums()[:2] == [(50_000, 50_000, 0), (51_000, 50_000, 1_000)]


def test_an_id_that_proves_to_name_several_payments_hides_none() -> None:
    ledger = TraderLedger()
    for number, amount in enumerate(("50000", "51000", "52000", "53000")):
        ledger.trade(f"p{number}", later(hours=number), amount, payment_id="same")
    assert ledger.sums()[1][0] == 206_000


def test_a_corrected_rate_converts_items_anew_and_leaves_others() -> None:
    ledger = TraderLedger(ANY_RATE)
    ledger.rate(later(), "1.0", "EUR", "USD")
    ledger.declare("d", later(hours=1), "40000", currency="EUR")
    ledger.trade("p", later(hours=2), "44000", currency="EUR")
    ledger.trade("u", later(hours=3), "10", counterparty="k1.9.x")
    assert [item.usd for item in ledger.book().items()] == [4_000_000, 4_400_000, 1_000]
    ledger.rate(later(), "1.1", "EUR", "USD")
    ledger.pay("n", later(hours=4))
    assert [item.usd for item in ledger.book().items()] == [4_400_000, 4_840_000, 1_000]
    assert next(iter(ledger.book().months.values()))[:2] == [4_400_000, 4_841_000]


def test_a_party_that_only_declares_is_converted_anew_too() -> None:
    ledger = TraderLedger(ANY_RATE)
    ledger.rate(later(), "1.0", "EUR", "USD")
    ledger.declare("d", later(hours=1), "40000", currency="EUR")
    ledger.rate(later(), "1.1", "EUR", "USD")
    ledger.pay("n", later(hours=4), party="k1.other")
    assert [item.usd for item in ledger.book().items()] == [4_400_000]


def test_an_item_without_a_rate_says_so() -> None:
    ledger = TraderLedger()
    ledger.declare("d", later(), "40000", currency="EUR")
    ledger.trade("p", later(), "40000", currency="EUR")
    assert [item.flags & RATE_MISSING for item in ledger.book().items()] == [RATE_MISSING] * 2
    assert left(ledger.book()) == {}


def folded(ledger: TraderLedger, event: str) -> None:
    """The party's payment is folded as matched, as if it were long closed."""
    party = unpack(ledger.state.parties[PARTY])
    book = TradeBook(party.trade)
    item = book.take_out(event_number("BANKA", event), SEOUL)
    assert item is not None
    item.matched, item.flags = item.own, item.flags | CLOSED
    mark = Mark.of(item)
    book.put(item, SEOUL)
    book.rows = b""
    book.folded[MONEY], book.marks = FoldedSums(1, item.usd, item.usd), packed_marks([mark])
    party.trade = book.packed()
    ledger.state.parties[PARTY] = pack(party)


def test_a_folded_payment_is_reduced_in_the_totals() -> None:
    """By a return that the legal totals follow, and by one they do not."""
    for days in (1, 60):
        ledger = TraderLedger()
        ledger.trade("p", later())
        folded(ledger, "p")
        for number in range(8):
            ledger.pay(f"n{number}", later(days=days - 1, hours=number + 1), purpose="40101", evidence="verified")
        ledger.trade("r", later(days=days), "20000", status="returned", original_event_id="p")
        book = ledger.book()
        assert book.folded[MONEY] == FoldedSums(1, 3_000_000, 3_000_000)
        assert [one.own for one in marks(book.marks)] == [3_000_000]
        assert next(iter(book.months.values())) == [0, 3_000_000, 0, 0]


def test_a_settlement_of_a_folded_order_counts_once() -> None:
    ledger = TraderLedger()
    ledger.trade("p", later(), payment_id="pay-1", status="ordered")
    folded(ledger, "p")
    ledger.trade("s", later(days=1), "60000", payment_id="pay-1")
    assert (ledger.book().totals(MONEY).came_in, ledger.book().doubtful) == (6_000_000, 0)
    assert ledger.book().folded[MONEY] == FoldedSums()


def test_a_settlement_of_what_was_folded_without_a_mark_is_doubtful() -> None:
    ledger = TraderLedger()
    ledger.trade("p", later(), payment_id="pay-1", status="ordered")
    folded(ledger, "p")
    party = unpack(ledger.state.parties[PARTY])
    book = TradeBook(party.trade)
    book.marks = b""
    party.trade = book.packed()
    ledger.state.parties[PARTY] = pack(party)
    ledger.trade("s", later(days=1), "60000", payment_id="pay-1")
    assert (ledger.book().totals(MONEY).came_in, ledger.book().doubtful) == (5_000_000, 1)


def test_items_of_another_time_are_not_converted() -> None:
    assert paid(1, 5).time < LATER
    ledger = TraderLedger(ANY_RATE)
    ledger.rate(later(), "1.0", "EUR", "USD")
    ledger.trade("p", later(hours=2), "44000", currency="EUR")
    ledger.rate(later(days=3), "1.2", "EUR", "USD")
    ledger.trade("q", later(days=3), "1000", currency="EUR")
    ledger.rate(later(days=3), "1.3", "EUR", "USD")
    ledger.pay("n", later(days=3, hours=4))
    assert [item.usd for item in ledger.book().items()] == [4_400_000, 130_000]


def test_goods_come_from_the_contracts_party_whoever_is_paid() -> None:
    """A payment to the supplier's treasury company meets the supplier's declaration; so does its settlement."""
    ledger = TraderLedger()
    third = {"counterparty": "k1.111.treasury", "contract_counterparty": "k1.111.payee", "payment_id": "pay-1"}
    ledger.trade("p", later(), status="ordered", **third)
    ledger.trade("s", later(days=1), **third | {"contract_counterparty": None})
    ledger.declare("d", later(days=2))
    assert left(ledger.book()) == {}
    ledger.trade("q", later(days=3), counterparty="k1.111.treasury")
    ledger.declare("e", later(days=4))
    assert len(left(ledger.book())) == 2


def test_what_is_open_is_found_by_its_ledger_position() -> None:
    """Closed ones are left out."""
    ledger = TraderLedger()
    ledger.trade("p", later())
    ledger.declare("d", later(days=1))
    ledger.trade("q", later(days=2), "7000")
    packed = ledger.book().packed()
    assert open_offsets(packed) == {ledger.state.next - 1}
    assert open_offsets(b"") == set()
