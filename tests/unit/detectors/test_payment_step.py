"""A payment at hand: its worth and its row."""

import pytest

from detectors import payment_step
from detectors.books import payments
from detectors.books.party import token_number
from detectors.books.payment_ids import event_number, payment_number
from detectors.books.payments import Payment
from detectors.typologies.base import Deal
from detectors.values import money
from detectors.values.money import Exact, Ratio
from tests.support.ledger import START, Ledger, later, payment
from tests.support.transaction_steps import at_us_of, step_of, worth_of


def rated(*quotes: tuple[str, str, str]) -> Ledger:
    """A ledger with reference rates of the start: (base, quote, mid)."""
    ledger = Ledger()
    for base, quote, mid in quotes or (("USD", "KRW", "1400"),):
        ledger.rate(START, mid, base, quote)
    return ledger


@pytest.mark.parametrize(
    ("fields", "usd", "own_krw"),
    [
        ({"amount": "4900.005"}, 4900_00, None),  # half to even
        ({"amount": "4900.015"}, 4900_02, None),
        ({"amount": "1400000", "currency": "KRW"}, 1000_00, 1_400_000),
        ({"amount": "1400000.5", "currency": "KRW"}, 1000_00, 1_400_000),
        ({"amount": "1400001.5", "currency": "KRW"}, 1000_00, 1_400_002),
        ({"amount": "10", "currency": "EUR"}, None, None),
    ],
)
def test_an_amount_is_worth_what_the_reference_rate_says(
    fields: dict[str, str], usd: int | None, own_krw: int | None
) -> None:
    """In cents of USD, and of what was paid in won in whole won too; without a rate it is not known."""
    worth = worth_of(rated(), payment("e", later(hours=1), **fields))
    assert (worth.usd, worth.own_krw, worth.deal) == (usd, own_krw, None)
    assert worth.amount == money.parse(fields["amount"])


def test_a_rate_serves_for_26_hours_of_event_time() -> None:
    """The configured age: at it the rate still counts, a microsecond later it is missing, for amount and deal alike."""
    ledger, terms = rated(), {"currency": "KRW", "settled_currency": "USD", "deal_rate": "0.0007"}
    for microseconds, known in ((0, True), (1, False)):
        worth = worth_of(ledger, payment("e", later(hours=26, microseconds=microseconds), **terms))
        assert (worth.usd is not None, worth.deal is not None) == (known, known)


@pytest.mark.parametrize(
    ("deal_rate", "rate", "deviation"),
    [
        ("1414", Ratio(1414, 1), 10_000),
        ("1386", Ratio(1386, 1), -10_000),
        ("1400.7", Ratio(14007, 10), 500),
        ("1400", Ratio(1400, 1), 0),
    ],
)
def test_a_deal_is_how_far_its_rate_is_from_the_reference(deal_rate: str, rate: Ratio, deviation: int) -> None:
    """In hundredths of a basis point: 1414 for 1400 is 100 bp above it."""
    event = payment("e", later(hours=1), settled_currency="KRW", deal_rate=deal_rate)
    deal = worth_of(rated(), event).deal
    assert deal == Deal("USD/KRW", rate, Ratio(1400, 1), deviation)


@pytest.mark.parametrize(
    "terms",
    [
        {"settled_currency": "KRW"},
        {"deal_rate": "1414"},
        {"settled_currency": "USD", "deal_rate": "1414"},
        {"settled_currency": "EUR", "deal_rate": "0.9"},
    ],
    ids=str,
)
def test_a_deal_needs_a_rate_two_currencies_and_a_reference(terms: dict[str, str]) -> None:
    """Otherwise there is nothing to compare."""
    assert worth_of(rated(), payment("e", later(hours=1), **terms)).deal is None


BASE = {"evidence": "shown", "channel": "app", "status": "settled", "direction": "in"}


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({}, payments.SETTLED),
        ({"direction": "out"}, payments.SETTLED | payments.OUT),
        ({"status": "ordered"}, payments.ORDERED),
        ({"status": "returned"}, 0),
        ({"evidence": "none"}, payments.SETTLED | payments.NO_DOCUMENT),
        ({"evidence": "none", "report_no": "R-1"}, payments.SETTLED),
        ({"evidence": "exempt"}, payments.SETTLED),
        ({"report_no": "R-1"}, payments.SETTLED),
        ({"channel": "small_remitter"}, payments.SETTLED | payments.SMALL_REMITTER),
        ({"currency": "EUR"}, payments.SETTLED | payments.RATE_MISSING),
        (
            {"direction": "out", "evidence": "none", "channel": "small_remitter", "currency": "EUR"},
            payments.SETTLED | payments.OUT | payments.NO_DOCUMENT | payments.SMALL_REMITTER | payments.RATE_MISSING,
        ),
    ],
    ids=str,
)
def test_a_rows_flags_say_what_counts_of_the_payment(fields: dict[str, str], flags: int) -> None:
    """Direction, papers, status, channel and whether its worth is known, each by itself and together."""
    ledger = rated()
    step, worth = step_of(ledger, payment("e", later(hours=1), **BASE | fields))
    assert payment_step.row_of(step, worth).flags == flags


def test_a_row_holds_the_payment() -> None:
    """Ids by their numbers, names by their place in the party's table, the amount as it was written."""
    ledger = rated()
    ledger.pay("first", later(hours=1), institution="BANKB", purpose="10101")
    event = payment("e", later(hours=2), "4900.50", payment_id="P-1", institution="BANKA", purpose="40101")
    step, worth = step_of(ledger, event)
    known = step.known
    row = payment_step.row_of(step, worth)
    assert row == Payment(
        time=at_us_of(event),
        amount_us=at_us_of(event),
        event=event_number("BANKA", "e"),
        payment=payment_number("BANKA", "P-1"),
        beneficiary=token_number("k1.111.payee"),
        usd=4900_50,
        amount=49005,
        offset=len(ledger.log),
        purpose=known.names.index("40101"),
        institution=known.names.index("BANKA"),
        currency=known.names.index("USD"),
        exponent=1,
        flags=payments.OUT | payments.NO_DOCUMENT | payments.SETTLED,
    )
    assert known.names == ["10101", "BANKB", "USD", "40101", "BANKA"]


def test_a_row_of_what_is_not_known_is_of_nothing() -> None:
    """No purpose is the empty one, no id is number 0, no worth is 0 cents."""
    step, worth = step_of(rated(), payment("e", later(hours=1), purpose=None, currency="EUR"))
    row = payment_step.row_of(step, worth)
    assert (step.known.names[row.purpose], row.payment, row.usd) == ("", 0, 0)


def test_an_amount_of_more_digits_than_64_bits_loses_decimals_only() -> None:
    """An amount that no bank ever paid stops no partition."""
    step, worth = step_of(rated(), payment("e", later(hours=1), "12345678901234567890.5"))
    row = payment_step.row_of(step, worth)
    assert Exact(row.amount, row.exponent) == money.fitted(Exact(123456789012345678905, 1))
