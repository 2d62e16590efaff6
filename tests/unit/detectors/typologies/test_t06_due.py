"""T06's dates: how long a payment for imports may wait, by what it says, and when the law's year ends."""

from datetime import date, datetime

import pytest

from detectors.books.trade_items import OFFSET_REPORT, PREPAYMENT_REPORT, REPORTED, TERMS
from detectors.contracts.limits import Rulebook
from detectors.typologies.t06_due import chapter_of, goods_due, period_due, uncovered
from detectors.typologies.trade_overdue import Traded
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import configuration
from tests.support.trade import SEOUL, START, book_of, goods, paid

RULEBOOK = Rulebook(configuration())


def days_after(at_us: int | None) -> float | None:
    return None if at_us is None else (at_us - START) / DAY_US


def traded(*items) -> Traded:
    return Traded(book_of(*items), RULEBOOK, SEOUL)


def terms(name: str) -> int:
    return TERMS.index(name)


def day(year: int, month: int, number: int) -> int:
    return (date(year, month, number) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        # START is 2 March 2026, nine o'clock; the year of an advance payment ends with the same date
        ({"terms": "advance"}, 365 + 15 / 24),
        ({"terms": "sight"}, 30),
        ({"terms": "usance"}, 30),
        ({"terms": "open_account"}, 30),
        ({"terms": "consignment"}, 30),
        ({"terms": ""}, 90),
        ({"terms": "transit"}, None),
        # 31 March ends 29 days and 15 hours after
        ({"terms": "advance", "due": day(2026, 3, 31)}, 29 + 15 / 24 + 14),
        ({"terms": "sight", "due": day(2026, 3, 31)}, 29 + 15 / 24 + 14),
        # a day before the payment is as the payment's own time
        ({"terms": "advance", "due": day(2026, 1, 31)}, 14),
    ],
    ids=str,
)
def test_a_payment_waits_as_long_as_its_date_or_terms_say(fields, days):
    """By the limits of the day of payment."""
    item = paid(1, 50_000, **fields | {"terms": terms(fields["terms"])})
    found = days_after(goods_due(traded())(item))
    assert found == (None if days is None else pytest.approx(days))


def test_the_rest_of_a_declaration_that_is_named_and_there_waits_for_an_amendment_alone():
    """Ten days; a number that customs does not know waits as others do; so does one before its goods."""
    past = traded(goods(2, 30_000, number=5))
    assert days_after(goods_due(past)(paid(1, 50_000, number=5, terms=terms("sight")))) == 10
    assert days_after(goods_due(past)(paid(1, 50_000, number=6, terms=terms("sight")))) == 30
    assert days_after(goods_due(past)(paid(1, 50_000, number=5, terms=terms("")))) == 90
    assert days_after(goods_due(past)(paid(1, 50_000, number=0, terms=terms("sight")))) == 30


def test_before_its_limits_are_in_force_nothing_is_due():
    """advance_days begins on 2020-08-04."""
    first = to_us(datetime(2020, 8, 4, tzinfo=SEOUL))
    days = (first - START) / DAY_US
    assert goods_due(traded())(paid(1, 50_000, days - 0.01)) is None
    assert period_due(traded())(paid(1, 50_000, days - 0.01)) is None
    assert goods_due(traded())(paid(1, 50_000, days)) == first + 90 * DAY_US
    assert period_due(traded())(paid(1, 50_000, days)) == to_us(datetime(2021, 8, 5, tzinfo=SEOUL))


@pytest.mark.parametrize(
    ("dollars", "fields", "is_due"),
    [
        (100_000, {}, False),
        (100_000.01, {}, True),
        (150_000, {"terms": TERMS.index("transit")}, False),
        (150_000, {"flags": REPORTED | PREPAYMENT_REPORT}, False),
        (150_000, {"flags": REPORTED | OFFSET_REPORT}, True),
        (150_000, {"goods": 850440}, True),
        (150_000, {"goods": 860110}, False),
        (150_000, {"goods": 880240}, False),
        (150_000, {"goods": 890120}, False),
        (150_000, {"goods": 870323}, True),
    ],
    ids=str,
)
def test_the_year_is_asked_of_amounts_above_the_laws_that_are_not_reported_or_exempt(dollars, fields, is_due):
    """Reg 5-8(1): more than 100 000 dollars, no ships, rail vehicles, aircraft."""
    found = period_due(traded())(paid(1, dollars, **fields))
    assert (found is not None) == is_due
    if is_due:
        assert found == to_us(datetime(2027, 3, 3, tzinfo=SEOUL))


def test_what_goods_came_for_is_not_paid_in_advance():
    """Of 150 000 a half came."""
    past = traded(paid(1, 150_000), goods(2, 75_000, 5))
    (item,) = [one for one in past.book.items() if one.is_money]
    assert period_due(past)(item) is None


def test_a_chapter_is_told_by_the_code():
    """No code tells nothing."""
    assert chapter_of(paid(1, 1)) == (False, False)
    assert chapter_of(paid(1, 1, goods=890120)) == (True, True)
    assert chapter_of(paid(1, 1, goods=850440)) == (True, False)


def test_goods_of_another_supplier_explain_a_payment_unless_they_are_to_be_paid_later():
    """Of one amount, without a date of settlement or with one that has passed."""
    at_us = START + 40 * DAY_US

    def found(**fields):
        past = traded(paid(1, 50_000, terms=terms("sight")), goods(2, 50_000, 3, counterparty=8, **fields))
        return uncovered(past, goods_due(past), at_us)

    assert found() == ([], 1)
    assert found(due=day(2026, 4, 10)) == ([], 1)
    late, explained = found(due=day(2026, 4, 20))
    assert ([one.usd for one in late], explained) == ([5_000_000], 0)
    assert uncovered(traded(), goods_due(traded()), at_us) == ([], 0)
