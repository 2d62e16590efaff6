"""Who tells another bank's payment by its UETR, before it or after, takes it out of no rule.

Each attack stands beside the same payments without it, and beside the honest second word that joins.
"""

from datetime import UTC, datetime, timedelta

import pytest

from detectors.books.payments import rows
from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, later
from tests.support.payment_joins import fired, joins, party, total

NEW_YEAR = datetime(2026, 1, 3, 3, tzinfo=UTC)


def uetr(number: int) -> str:
    return f"eb6305c9-1f7f-49de-aed0-16487c27b4{number:02x}"


def told(ledger: Ledger, event_id, at, amount, number=0, **fields):
    """The word of another bank than the one that pays."""
    return ledger.pay(event_id, at, amount, payment_id=uetr(number), **{"institution": "BANKX"} | fields)


def paid(ledger: Ledger, event_id, at, amount, number=0, **fields):
    """What the bank that pays says, and the typologies of its alerts."""
    return fired(ledger.pay(event_id, at, amount, payment_id=uetr(number), **fields).alerts)


@pytest.mark.parametrize("word", ["none", "before", "restated", "honest"])
def test_a_day_without_rates_makes_no_payment_worth_nothing(word):
    """Two payments of 60 000 EUR cross the cap; another bank tells the first one as of a Sunday without rates."""
    ledger = Ledger()
    ledger.rate(later(hours=0), "1.1", "EUR", "USD")
    if word != "none":
        at = later(days=-5) if word == "before" else later(hours=1)
        told(ledger, "x", at, "60000", currency="EUR")
    found = paid(ledger, "a", later(hours=2), "60000", currency="EUR")
    if word == "restated":
        told(ledger, "x2", later(days=3), "60000", currency="EUR")
    assert total(ledger) == 66_000_00
    found |= paid(ledger, "a2", later(hours=3), "60000", 1, currency="EUR")
    assert found == {"T02"}
    assert len(rows(party(ledger))) == (3 if word == "before" else 2)


@pytest.mark.parametrize("word", ["none", "settled", "ordered after", "honest"])
def test_another_banks_date_moves_no_payment_into_another_year(word):
    """60 000 on 3 January and 60 000 an hour later; another bank dates the first one in December."""
    ledger = Ledger()
    if word != "none":
        told(ledger, "x", NEW_YEAR - timedelta(days=6 if word == "settled" else 0), "60000")
    found = paid(ledger, "a", NEW_YEAR, "60000")
    if word == "ordered after":
        told(ledger, "xo", NEW_YEAR - timedelta(days=20), "60000", status="ordered")
    ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
    found |= paid(ledger, "a2", NEW_YEAR + timedelta(hours=1), "60000", 1)
    assert found == {"T02"}
    assert total(ledger) == 120_000_00 + (60_000_00 if word == "settled" else 0)


def test_the_bank_that_ordered_last_year_alone_still_dates_its_payment():
    """The honest case beside it: a payment counts from its own order on, in whatever year that was."""
    ledger = Ledger()
    paid(ledger, "o", NEW_YEAR - timedelta(days=6), "60000", status="ordered")
    assert paid(ledger, "a", NEW_YEAR, "60000") == set()
    assert paid(ledger, "a2", NEW_YEAR + timedelta(hours=1), "60000", 1) == set()


@pytest.mark.parametrize(
    ("word", "counted"), [("none", 8), ("another", 16), ("silent", 8), ("the same", 8), ("changed after", 8)]
)
def test_other_purposes_of_another_bank_take_no_piece_out_of_a_split(word, counted):
    """Eight pieces of 4 900 for one purpose; another bank tells each before, for eight purposes, or for none."""
    ledger, found = Ledger(), set()
    for number in range(8):
        at = later(hours=number)
        first = {"another": f"9{number}", "silent": None}.get(word, "40101")
        if word != "none":
            found |= fired(told(ledger, f"x{number}", at, "4900", number, purpose=first).alerts)
        found |= paid(ledger, f"a{number}", at + timedelta(minutes=1), "4900", number)
        if word == "changed after":
            told(ledger, f"y{number}", at + timedelta(minutes=2), "4900", number, purpose=f"9{number}")
    assert found == {"T01"}
    assert total(ledger) == counted * 4900_00
    purposes = {party(ledger).names[each] for each in rows(party(ledger))["purpose"]}
    assert purposes == {"40101"} | ({f"9{number}" for number in range(8)} if word == "another" else set())


@pytest.mark.parametrize("word", ["none", "branch", "small_remitter"])
def test_another_banks_channel_takes_no_payment_out_of_the_small_remitters_cap(word):
    """60 000 through a small remitter in 2024, whose cap was 50 000; its bank tells it as a branch's."""
    ledger, found = Ledger(), set()
    for number in range(2):
        at = datetime(2024, 6, 3, 3 + number, tzinfo=UTC)
        if word != "none":
            found |= fired(told(ledger, f"x{number}", at, "30000", number, channel=word).alerts)
        found |= paid(ledger, f"a{number}", at, "30000", number, channel="small_remitter")
    assert found == {"T02"}
    assert total(ledger) == 60_000_00


@pytest.mark.parametrize("first", [False, True])
def test_a_deal_off_the_market_is_seen_though_another_bank_told_the_payment_first(first):
    """1 700 won for a dollar at a reference of 1 400; the other bank tells the payment without its rate."""
    ledger = Ledger()
    ledger.rate(later(hours=0), "1400")
    if first:
        told(ledger, "x", later(hours=1), "600000", evidence="verified")
    off = {"evidence": "verified", "settled_currency": "KRW", "deal_rate": "1700"}
    assert paid(ledger, "a", later(hours=1), "600000", **off) == {"T16"}
    assert joins(ledger) == ({"payment.restated": 1} if first else {})
    # the same words again are no news
    assert fired(told(ledger, "x2", later(hours=2), "600000", **off).alerts) == set()


@pytest.mark.parametrize("banks", [1, 2, 3, 5, 34])
def test_one_uetr_on_every_record_of_several_banks_makes_no_payment_vanish(banks):
    """34 payments of 4 900 under one UETR by banks in turn, as shared software writes it: all count."""
    ledger, found = Ledger(), set()
    for number in range(34):
        found |= fired(
            told(ledger, f"e{number}", later(hours=number), "4900", institution=f"BANK{number % banks}").alerts
        )
    assert total(ledger) == 34 * 4900_00
    assert found == {"T01", "T02"}


def test_two_banks_that_tell_one_payment_are_one_whatever_comes_in_under_its_id():
    """The honest case beside it: the bank that pays and one on the way; later money comes back the other way."""
    ledger = Ledger()
    paid(ledger, "a", later(hours=0), "45000")
    told(ledger, "b", later(hours=1), "44980")
    told(ledger, "in", later(days=2), "44900", direction="in", institution="BANKA")
    assert (total(ledger), total(ledger, "in")) == (45_000_00, 44_900_00)
