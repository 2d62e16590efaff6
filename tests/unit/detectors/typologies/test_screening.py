"""Months of the legal zone, and which of them a firm waits for."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from detectors.contracts.limits import Rulebook
from detectors.typologies.due import PartyDates
from detectors.typologies.screening import MOST_MONTHS, SCREENS, SENT, month_at, month_of, wait
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import configuration

SEOUL = ZoneInfo("Asia/Seoul")
RULEBOOK = Rulebook(configuration())


def us(*at: int) -> int:
    """A time in Seoul."""
    return to_us(datetime(*at, tzinfo=SEOUL))


def test_a_month_begins_and_ends_in_the_legal_zone():
    """In Seoul nine hours before UTC; December is followed by January."""
    month = month_at(us(2026, 12, 1), SEOUL)
    assert (month.name, month.last_day) == ("2026-12", date(2026, 12, 31))
    assert (month.starts_us, month.ends_us) == (us(2026, 12, 1), us(2027, 1, 1))
    assert month_at(us(2026, 12, 1) - 1, SEOUL).name == "2026-11"
    assert month_at(month.ends_us - 1, SEOUL) == month == month_of(2026 * 12 + 11, SEOUL)


@pytest.mark.parametrize("year", [1, 9999])
def test_every_time_is_in_a_month(year):
    """The calendar ends with December 9999, which has no month after it."""
    at_us = to_us(datetime(year, 12, 31, tzinfo=UTC))
    month = month_at(at_us, SEOUL)
    assert month.name == ("0001-12" if year == 1 else "9999-11")
    assert month.ends_us > month.starts_us


def months(dates: PartyDates) -> list[tuple[str, int]]:
    """The months that are waited for, and when each is due."""
    return [(month_of(one.item, SEOUL).name, one.at_us) for one in dates.of(SCREENS).waiting(SENT)]


def test_a_month_is_due_when_it_is_told_of():
    """Ten days after its end; asked for again, it is due once."""
    dates = PartyDates({})
    for day in (1, 31):
        wait(dates, SENT, us(2026, 10, day), SEOUL, RULEBOOK)
    assert months(dates) == [("2026-10", us(2026, 11, 11))]
    wait(dates, SENT, us(2026, 9, 30), SEOUL, RULEBOOK)
    assert months(dates) == [("2026-09", us(2026, 10, 11)), ("2026-10", us(2026, 11, 11))]


def test_a_month_that_was_looked_at_is_not_looked_at_again():
    """What is told then waits for the first month that was not."""
    for passed, name in ((us(2026, 11, 11) - 1, "2026-10"), (us(2026, 11, 11), "2026-11")):
        dates = PartyDates({}, None, passed)
        wait(dates, SENT, us(2026, 10, 31), SEOUL, RULEBOOK)
        assert [month for month, _ in months(dates)] == [name]


def test_loaded_history_waits_for_its_own_month_quietly():
    """By the time that had passed when it was read."""
    dates = PartyDates.at({}, us(2026, 12, 1), history=True)
    for month in (10, 11):
        wait(dates, SENT, us(2026, month, 5), SEOUL, RULEBOOK)
    assert [one.quiet for one in dates.of(SCREENS).waiting(SENT)] == [True, False]
    assert [name for name, _ in months(dates)] == ["2026-10", "2026-11"]
    assert PartyDates.at({}, 7, history=False).passed_us == 7


def test_a_month_that_is_put_off_stays_so():
    """Customs were silent, and it is looked at a week later; the calendar's last month is never over."""
    dates = PartyDates({})
    wait(dates, SENT, us(2026, 10, 5), SEOUL, RULEBOOK)
    dates.of(SCREENS).set(SENT, 2026 * 12 + 9, us(2026, 11, 18))
    wait(dates, SENT, us(2026, 10, 6), SEOUL, RULEBOOK)
    assert months(dates) == [("2026-10", us(2026, 11, 18))]
    for last in (us(9999, 12, 1), us(9999, 12, 30)):
        dates = PartyDates({})
        wait(dates, SENT, last, SEOUL, RULEBOOK)
        assert months(dates) == []


def test_before_the_limit_nobody_waits():
    """It is in force since 2009-02-04."""
    for day, number in ((3, 0), (4, 1)):
        dates = PartyDates({})
        wait(dates, SENT, us(2009, 2, day), SEOUL, RULEBOOK)
        assert len(months(dates)) == number


def test_a_firm_waits_for_a_few_months_at_most():
    """Beyond, the last one is left out and counted."""
    dates = PartyDates({})
    for number in range(MOST_MONTHS + 1):
        wait(dates, SENT, us(2026, 1, 5) + number * 31 * DAY_US, SEOUL, RULEBOOK)
    assert (len(months(dates)), dates.left_out) == (MOST_MONTHS, 1)
