"""Open items of the trade ledger and their dates: what is overdue, what covers it, when to look again."""

from datetime import date, datetime
from types import SimpleNamespace

import pytest

from detectors.books.trade_items import EXPORT, MONEY, TERMS
from detectors.books.trade_matching import DEFAULT_TOLERANCE
from detectors.contracts.limits import Rulebook
from detectors.typologies.trade_overdue import (
    EXPORT_GOODS,
    IMPORT_GOODS,
    IMPORT_MONEY,
    DueOf,
    Looked,
    Traded,
    dated,
    days_later,
    end_of,
    in_force,
    institutions_of,
    less,
    named_end,
    next_look,
    once_a_ledger,
    opened,
    overdue,
    told_elsewhere,
    traded_of,
)
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import configuration
from tests.support.trade import SEOUL, START, book_of, goods, paid, received, shipped

RULEBOOK = Rulebook(configuration())
ADVANCE = TERMS.index("advance")


def after(days: float) -> int:
    return START + round(days * DAY_US)


def by_payment(item):
    """A date 30 days after the item, none for item 99."""
    return None if item.event == 99 else item.time + 30 * DAY_US


def traded(*items) -> Traded:
    return Traded(book_of(*items, clock_us=after(60)), RULEBOOK, SEOUL)


def test_open_items_of_one_side_come_in_their_order():
    """Closed ones, and those of the other sides, are left out."""
    book = traded(paid(1, 900), goods(2, 900), paid(3, 5000), received(4, 7000), shipped(5, 9000, counterparty=8)).book
    assert [item.event for item in opened(book, IMPORT_MONEY)] == [3]
    assert [item.event for item in opened(book, MONEY | EXPORT)] == [4]
    assert [item.event for item in opened(book, EXPORT_GOODS)] == [5]
    assert opened(book, IMPORT_GOODS) == []
    assert opened(traded().book, IMPORT_MONEY) == []


def test_what_is_due_at_the_moment_is_overdue_and_the_longest_overdue_is_first():
    """At exactly its date an item is overdue; one that waits for nothing never is."""
    past = traded(paid(2, 7000, 1), paid(1, 5000), paid(3, 9000, 40), paid(99, 8000))
    assert [(one.item.event, one.usd) for one in overdue(past, IMPORT_MONEY, by_payment, after(31))] == [
        (1, 500_000),
        (2, 700_000),
    ]
    assert [one.item.event for one in overdue(past, IMPORT_MONEY, by_payment, after(30))] == [1]
    assert overdue(past, IMPORT_MONEY, by_payment, after(30) - 1) == []


def test_goods_that_an_item_took_which_may_wait_cover_an_overdue_one():
    """An older payment took the goods of a younger one by age; its own are due later, so nothing is missing."""

    def due_of(item):
        return item.time + (300 if item.event == 1 else 30) * DAY_US

    past = traded(paid(1, 40_000), goods(2, 50_000, 1), paid(3, 50_000, 2))
    assert [one.usd for one in overdue(past, IMPORT_MONEY, due_of, after(60))] == []
    part = traded(paid(1, 40_000), goods(2, 50_000, 1), paid(3, 90_000, 2))
    assert [one.usd for one in overdue(part, IMPORT_MONEY, due_of, after(60))] == [4_000_000]


def test_what_is_matched_by_number_covers_nothing_else():
    """The older payment names its goods: the younger one has none."""

    def due_of(item):
        return item.time + (300 if item.event == 1 else 30) * DAY_US

    past = traded(paid(1, 40_000, number=5), goods(2, 40_000, 1, number=5), paid(3, 50_000, 2))
    assert [one.usd for one in overdue(past, IMPORT_MONEY, due_of, after(60))] == [5_000_000]


def test_a_pool_covers_its_counterparty_alone_the_longest_overdue_first():
    """7 000 of counterparty 7: the first is covered, the second in part."""
    past = traded(paid(1, 5000), paid(2, 4000, 1), paid(3, 3000, counterparty=8))
    late = overdue(past, IMPORT_MONEY, by_payment, after(40))
    found = less(late, {7: 700_000})
    assert [(one.item.event, one.usd) for one in found] == [(3, 300_000), (2, 200_000)]


def test_an_item_without_a_rate_stays():
    """Nothing is known of its worth, so nothing covers it."""
    late = overdue(traded(paid(1, 5000, usd=0)), IMPORT_MONEY, by_payment, after(40))
    assert [one.usd for one in less(late, {7: 700_000})] == [0]


@pytest.mark.parametrize(
    ("looked", "expected"),
    [
        (Looked(), (after(30), Looked())),
        (Looked(after(30), 500_000), (after(31), Looked(after(30), 500_000))),
        # less is open of what was looked at
        (Looked(after(30), 900_000), (after(31), Looked(after(30), 500_000))),
        # more is: look at once
        (Looked(after(30), 400_000), (after(30), Looked(after(30), 400_000))),
        (Looked(after(99), 1_200_000), (None, Looked(after(99), 1_200_000))),
    ],
)
def test_the_next_look_is_at_the_first_date_or_at_once_where_more_is_open(looked, expected):
    """A payment told late, or an amended declaration, opens what was looked at before."""
    items = opened(traded(paid(1, 5000), paid(2, 7000, 1), paid(99, 9000)).book, IMPORT_MONEY)
    assert next_look(dated(items, by_payment), looked) == expected


@pytest.mark.parametrize(
    ("paid_on", "days", "ends"),
    [
        ((2025, 3, 3), 365, (2026, 3, 4)),
        # a year with 29 February in it is a year too
        ((2023, 3, 3), 365, (2024, 3, 4)),
        ((2024, 2, 29), 365, (2025, 3, 1)),
        ((2025, 3, 3), 30, (2025, 4, 3)),
    ],
)
def test_a_year_ends_with_the_same_date_and_days_are_counted(paid_on, days, ends):
    """The day of payment is not counted; the period ends with its last day."""
    at_us = to_us(datetime(*paid_on, 15, tzinfo=SEOUL))
    assert days_later(at_us, days, SEOUL) == to_us(datetime(*ends, tzinfo=SEOUL))


def test_the_calendars_last_year_has_an_end():
    """9999 has no next year; the last day stands for it."""
    at_us = to_us(datetime(9999, 5, 5, tzinfo=SEOUL))
    assert days_later(at_us, 365, SEOUL) == days_later(at_us, 3000, SEOUL)


def test_the_end_of_a_date_is_the_next_midnight():
    """In Seoul."""
    day = (date(2026, 3, 2) - date(1970, 1, 1)).days
    assert end_of(day, SEOUL) == to_us(datetime(2026, 3, 3, tzinfo=SEOUL))


@pytest.mark.parametrize("day", [date(9999, 12, 30), date(9999, 12, 31)])
def test_the_last_date_of_the_calendar_ends_with_the_one_before(day):
    """Many systems write 9999-12-31 for "no date"; the day after it cannot be written."""
    assert end_of((day - date(1970, 1, 1)).days, SEOUL) == to_us(datetime(9999, 12, 31, tzinfo=SEOUL))


@pytest.mark.parametrize(
    ("named", "ends"),
    [
        (date(2026, 3, 31), (2026, 4, 1)),
        # two years before and after the ledger matches nothing
        (date(2028, 2, 29), (2028, 3, 1)),
        (date(2028, 3, 1), None),
        (date(9999, 12, 31), None),
        (date(1900, 1, 1), None),
        (date(1, 1, 1), None),
    ],
)
def test_a_date_far_from_the_item_is_none(named, ends):
    """START is 9 o'clock on 2 March 2026, in Seoul."""
    item = goods(1, 5, due=(named - date(1970, 1, 1)).days)
    assert named_end(item, SEOUL) == (None if ends is None else to_us(datetime(*ends, tzinfo=SEOUL)))


def test_a_date_that_had_passed_already_ends_with_the_item():
    """As far back as the ledger matches; without a date there is none."""
    assert named_end(goods(1, 5, due=(date(2024, 3, 3) - date(1970, 1, 1)).days), SEOUL) == START
    assert named_end(goods(1, 5, due=(date(2024, 2, 29) - date(1970, 1, 1)).days), SEOUL) is None
    assert named_end(goods(1, 5), SEOUL) is None


def test_goods_of_another_party_explain_one_payment_each_within_the_tolerance():
    """Of one currency; 5 % or 500 dollars; the smallest first."""
    waiting = [paid(1, 10_000), paid(2, 10_100), paid(3, 90_000), paid(4, 10_000, currency="EUR")]
    others = [goods(11, 10_400, counterparty=9), goods(12, 50_000, counterparty=9)]
    assert told_elsewhere(waiting, others, DEFAULT_TOLERANCE) == {1}
    others.append(goods(13, 10_600, counterparty=9))
    assert told_elsewhere(waiting, others, DEFAULT_TOLERANCE) == {1, 2}
    assert told_elsewhere(waiting, [goods(14, 9_000, counterparty=9)], DEFAULT_TOLERANCE) == set()
    assert told_elsewhere(waiting, [], DEFAULT_TOLERANCE) == set()


def test_limits_that_are_not_in_force_are_left_out():
    """advance_amount begins with notice 2020-21."""
    names = ("advance_amount", "open_min")
    assert set(in_force(RULEBOOK, "T06", names, date(2020, 8, 3))) == {"open_min"}
    assert set(in_force(RULEBOOK, "T06", names, date(2020, 8, 4))) == set(names)


def test_institutions_are_named_as_far_as_they_are_known():
    """By the number that an item has of them."""
    items = [paid(1, 5, institution=3), paid(2, 5, institution=4), paid(3, 5, institution=3)]
    assert institutions_of(items, {3: "BANKA", 5: "BANKB"}) == ("BANKA",)


def test_what_follows_from_a_ledger_is_worked_out_once():
    """The same ledger, limits and zone are one object, whichever record asks; dates and matches are kept with it."""
    asked = []

    @once_a_ledger
    def dates(past: Traded) -> DueOf:
        asked.append(past)
        return by_payment

    packed = book_of(paid(1, 5000), paid(2, 7000, 1), clock_us=after(60)).packed()
    sees = SimpleNamespace(trade=packed, rulebook=RULEBOOK, zone=SEOUL)
    past = traded_of(sees)
    assert traded_of(SimpleNamespace(trade=bytes(bytearray(packed)), rulebook=RULEBOOK, zone=SEOUL)) is past
    assert traded_of(SimpleNamespace(trade=b"", rulebook=RULEBOOK, zone=SEOUL)).opened(IMPORT_MONEY) == []
    assert [item.event for item in past.opened(IMPORT_MONEY)] == [1, 2]
    assert past.opened(IMPORT_MONEY) is past.opened(IMPORT_MONEY)
    assert past.opened(EXPORT_GOODS) == []
    assert dates(past) is dates(past) is by_payment
    assert asked == [past]
    assert dates(traded()) is by_payment
    assert len(asked) == 2
    found = past.dated(IMPORT_MONEY, by_payment)
    assert found == dated(past.opened(IMPORT_MONEY), by_payment)
    assert found is past.dated(IMPORT_MONEY, by_payment)
    assert past.dated(EXPORT_GOODS, by_payment) == past.dated(IMPORT_MONEY, lambda _: None) == []
    assert past.matches(0) is past.matches(0)
    assert past.matches(EXPORT) is not past.matches(0)


def test_matches_are_those_of_the_ledger_by_the_limits_of_the_legal_day(monkeypatch):
    """The tolerance is that of the rulebook in the legal zone."""
    asked = []

    def tolerance_by(*given):
        asked.append(given)
        return lambda _: DEFAULT_TOLERANCE

    monkeypatch.setattr("detectors.typologies.trade_overdue.tolerance_by", tolerance_by)
    past = traded(paid(1, 5000), goods(2, 5000, 1))
    [(money, other, one)] = past.matches(0)
    assert (money.event, other.event, one.money_own) == (1, 2, 5000_00)
    assert asked == [(RULEBOOK, SEOUL)]
