"""Legal dates: exact microseconds, local days and years, and the ends of the calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from detectors.values.legal_calendar import (
    DAY_US,
    days_after,
    from_us,
    local,
    local_date,
    midnight_us,
    to_us,
    year_bounds,
)

SEOUL = ZoneInfo("Asia/Seoul")
NEW_YORK = ZoneInfo("America/New_York")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")


def at(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


def test_microseconds_since_1970_are_exact_both_ways():
    """One day, one second and one microsecond; also where floats of seconds lose the last digit."""
    assert at("1970-01-02T00:00:01.000001+00:00") == 86_401_000_001
    assert at("9999-12-31T23:59:59.999999+00:00") == 253_402_300_799_999_999
    assert from_us(253_402_300_799_999_999) == datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert from_us(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    with pytest.raises(TypeError):
        to_us(datetime(2026, 1, 1))  # noqa: DTZ001 (a naive time is what is refused)


def test_the_legal_day_is_the_local_one():
    """15:00 UTC is midnight in Seoul; a microsecond before is the day before."""
    midnight = at("2025-12-31T15:00:00+00:00")
    assert local_date(midnight, SEOUL) == date(2026, 1, 1)
    assert local_date(midnight - 1, SEOUL) == date(2025, 12, 31)
    assert local(midnight, SEOUL).isoformat() == "2026-01-01T00:00:00+09:00"


@pytest.mark.parametrize("zone", [SEOUL, NEW_YORK, KIRITIMATI])
@pytest.mark.parametrize(("moment", "year"), [(-(10**18), 1), (10**18, 9999)])
def test_beyond_the_calendar_its_first_and_last_day_stand(zone, moment, year):
    """Years 1 and 9999 in every zone, and no error, however far beyond."""
    assert local(moment, zone).year == year


def test_the_first_and_last_moment_that_every_zone_can_tell():
    """2 January of year 1 and the last microsecond before 31 December 9999, UTC: not a microsecond is lost within."""
    first, last = at("0001-01-02T00:00:00+00:00"), at("9999-12-30T23:59:59.999999+00:00")
    for moment, told in (
        (first, first),
        (first - 1, first),
        (first + 1, first + 1),
        (last, last),
        (last + 1, last),
        (last - 1, last - 1),
    ):
        assert to_us(local(moment, SEOUL)) == told


def test_midnight_is_the_first_moment_of_the_local_day():
    """Also on the days on which a clock is put forward or back."""
    for day in (date(2026, 1, 1), date(2026, 3, 8), date(2026, 11, 1)):
        for zone in (SEOUL, NEW_YORK):
            first = midnight_us(day.toordinal(), zone)
            assert local_date(first, zone) == day
            assert local_date(first - 1, zone) < day
    assert midnight_us(date(2026, 1, 1).toordinal(), SEOUL) == at("2025-12-31T15:00:00+00:00")


def test_a_local_year_is_half_open():
    """2026 in Seoul: from 15:00 UTC of the last day of 2025 to the same of 2026."""
    first, last = year_bounds(2026, SEOUL)
    assert (first, last) == (at("2025-12-31T15:00:00+00:00"), at("2026-12-31T15:00:00+00:00"))
    assert last - first == 365 * DAY_US
    assert year_bounds(2024, NEW_YORK)[1] - year_bounds(2024, NEW_YORK)[0] == 366 * DAY_US


@pytest.mark.parametrize("zone", [SEOUL, NEW_YORK, KIRITIMATI])
def test_the_calendars_last_year_ends_a_day_after_its_last_instant(zone):
    """Every zone's end lies within it."""
    first, last = year_bounds(9999, zone)
    assert first == midnight_us(date(9999, 1, 1).toordinal(), zone)
    assert last == at("9999-12-31T23:59:59.999999+00:00") + DAY_US


@pytest.mark.parametrize(
    ("first", "days", "later"),
    [
        ((2026, 3, 2), 0, (2026, 3, 2)),
        ((2026, 3, 2), 30, (2026, 4, 1)),
        ((2026, 3, 2), 365, (2027, 3, 2)),
        # a year with a leap day has 366 days, and its term ends with the same date
        ((2027, 3, 2), 365, (2028, 3, 2)),
        ((2027, 3, 2), 364, (2028, 2, 29)),
        ((2027, 3, 2), 366, (2028, 3, 2)),
        ((2028, 2, 29), 365, (2029, 2, 28)),
        ((2028, 2, 28), 365, (2029, 2, 28)),
        ((2028, 3, 29), 365, (2029, 3, 29)),
        # the calendar's last date but one stands for all beyond it
        ((9998, 12, 30), 365, (9999, 12, 30)),
        ((9998, 12, 31), 365, (9999, 12, 30)),
        ((9999, 1, 1), 365, (9999, 12, 30)),
        ((9999, 12, 29), 1, (9999, 12, 30)),
        ((9999, 12, 29), 3_000, (9999, 12, 30)),
    ],
)
def test_a_term_of_days_ends_on_a_date(first, days, later):
    assert days_after(date(*first), days) == date(*later)


def test_the_local_day_is_that_of_the_wall_clock_where_a_zone_goes_back_just_after_midnight():
    """St John's went from 00:01 back to 23:01: within one hour its day is the old, the new and the old one again."""
    start = datetime(2010, 11, 7, 1, 0, tzinfo=UTC)
    days = set()
    for zone in (ZoneInfo("America/St_Johns"), ZoneInfo("Asia/Seoul"), ZoneInfo("Asia/Kathmandu")):
        for minute in range(4 * 60):
            moment = start + timedelta(minutes=minute, seconds=30)
            assert local_date(to_us(moment), zone) == moment.astimezone(zone).date()
            days.add(local_date(to_us(moment), zone))
    assert days == {date(2010, 11, 6), date(2010, 11, 7)}
