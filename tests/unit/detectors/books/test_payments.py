"""Legal payment accounting: once, at its own time, what was settled less what came back."""

import itertools

import pytest

from detectors.books.party import unpack
from detectors.books.payments import exact_sum, rows
from tests.support.ledger import Ledger, later

PARTY = "k1.0a3.remitter"


def total(ledger: Ledger) -> int:
    """USD cents of all counted payments."""
    return exact_sum(rows(unpack(ledger.state.parties[PARTY]))["usd"])


EVENTS = {
    "order": ("1000", {"status": "ordered", "payment_id": "P"}, 0),
    "settlement": ("1200", {"status": "settled", "payment_id": "P"}, 1),
    "return": ("300", {"status": "returned", "payment_id": "P"}, 2),
}


@pytest.mark.parametrize("order", list(itertools.permutations(EVENTS)))
def test_order_settlement_and_return_count_the_same_in_any_order(order):
    """1 200 settled less 300 returned, at the order's time, whichever of the three events comes first."""
    ledger = Ledger()
    for name in order:
        amount, fields, hour = EVENTS[name]
        ledger.pay(name, later(hours=hour), amount, **fields)
    assert total(ledger) == 900_00
    found = rows(unpack(ledger.state.parties[PARTY]))
    assert len(found) == 1
    assert found["time"][0] == later(hours=0).timestamp() * 1_000_000


def test_a_later_settlement_replaces_an_earlier_one():
    """The newest settlement by event time stands, though it came first."""
    ledger = Ledger()
    ledger.pay("late", later(hours=2), "500", payment_id="P")
    ledger.pay("early", later(hours=1), "700", payment_id="P")
    assert total(ledger) == 500_00


def test_a_cancellation_takes_back_the_whole():
    """A cancelled order counts nothing, whatever amount the cancellation names."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), "1000", status="ordered")
    ledger.pay("c", later(hours=1), "1", status="cancelled", original_event_id="a")
    assert total(ledger) == 0


def test_a_return_in_the_payments_currency_leaves_no_rest_when_rates_move():
    """A full return in euro takes back the full USD equivalent, though the rate has changed since."""
    ledger = Ledger()
    ledger.rate(later(hours=0), "1.10", "EUR", "USD")
    ledger.pay("a", later(hours=1), "1000", currency="EUR")
    assert total(ledger) == 1100_00
    ledger.rate(later(hours=2), "1.20", "EUR", "USD")
    ledger.pay("r", later(hours=3), "1000", currency="EUR", status="returned", original_event_id="a")
    assert total(ledger) == 0


def test_a_return_never_takes_back_more_than_there_was():
    """Two returns of one payment leave nothing, not less than nothing."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), "1000")
    ledger.pay("r1", later(hours=1), "600", status="returned", original_event_id="a")
    ledger.pay("r2", later(hours=2), "600", status="returned", original_event_id="a")
    assert total(ledger) == 0


def test_a_payment_is_scored_once():
    """The models see a payment at its first event; settlement and return change only what counts."""
    ledger = Ledger()
    for name, (amount, fields, hour) in EVENTS.items():
        ledger.pay(name, later(hours=hour), amount, **fields)
    assert ledger.state.counters["scored"] == 1


def test_equal_payment_ids_of_two_parties_are_two_payments():
    """A payment id is matched within its party."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), "1000", payment_id="P")
    ledger.pay("b", later(hours=1), "1000", payment_id="P", party="k1.001.other")
    assert total(ledger) == 1000_00
    assert len(ledger.state.parties) == 2


def test_amounts_beyond_64_bits_are_cut_and_sums_stay_exact():
    """The largest amount the contract allows, in a currency worth much, neither fails nor wraps around."""
    ledger = Ledger()
    ledger.rate(later(hours=0), "4000", "XAU", "USD")
    for number in range(5):
        ledger.pay(f"x{number}", later(hours=1, minutes=number), "1000000000000000", currency="XAU")
    assert total(ledger) == 5 * 2**62


def test_late_payments_are_scored_and_counted_but_enter_no_window():
    """36 days late is too late for the legal totals, 34 is not."""
    ledger = Ledger()
    ledger.pay("new", later(days=40), "100")
    assert not ledger.pay("within", later(days=6), "100").late
    outputs = ledger.pay("late", later(days=4), "100")
    assert outputs.late
    assert outputs.scored
    assert total(ledger) == 200_00
    assert ledger.state.counters["late"] == 1
