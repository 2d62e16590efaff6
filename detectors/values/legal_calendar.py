"""Legal dates: event time to local day and year. The time zone is data, not a clock."""

from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
_YEAR_DAYS, _LEAP_DAY = 365, (2, 29)
# the last day whose end can be written
_LAST_DAY = date.max - timedelta(days=1)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 (UTC) of an aware time; exact, unlike `timestamp()`.

    Raises `TypeError` for a naive one.
    """
    return (moment - EPOCH) // MICROSECOND


def from_us(at_us: int) -> datetime:
    """The UTC time of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at_us)


# Wall times reach from year 1 to year 9999, in UTC and in every zone; no offset is a whole day. Failure prevented:
# one payment dated 0001-01-01 (the contract sets no limit into the past) would stop its partition, because the
# watermark less the lateness lies before the calendar begins.
_EARLIEST_US = to_us(datetime(1, 1, 2, tzinfo=UTC))
_LATEST_US = to_us(datetime(MAXYEAR, 12, 31, tzinfo=UTC)) - 1


def local(at_us: int, zone: ZoneInfo) -> datetime:
    """The local wall time of an event, for dated limits, hours and weekdays.

    The calendar's first and last day stand for everything at or beyond them.
    """
    return from_us(min(max(at_us, _EARLIEST_US), _LATEST_US)).astimezone(zone)


def local_date(at_us: int, zone: ZoneInfo) -> date:
    """The legal day an event belongs to."""
    return _day_of_hour(at_us // HOUR_US, zone) or local(at_us, zone).date()


# Hours that their local day is kept of: those of a ledger in order are few. 0.2 MB at the most.
@lru_cache(maxsize=1024)
def _day_of_hour(hour: int, zone: ZoneInfo) -> date | None:
    """The local day of a whole hour (UTC, since 1970); None where the day or the zone's offset changes within it.

    No zone changes its offset twice within an hour.
    """
    first, last = local(hour * HOUR_US, zone), local((hour + 1) * HOUR_US - 1, zone)
    return first.date() if first.date() == last.date() and first.utcoffset() == last.utcoffset() else None


def days_after(day: date, days: int) -> date:
    """The day so many days later; of 365 days the same date of the next year, in leap years too.

    Of 29 February that is the 28th of the next year, as a period of the civil law ends. The calendar's last date but
    one stands for everything beyond it, so that the day after it can be written.
    """
    if days == _YEAR_DAYS and day.year < MAXYEAR:
        is_leap_day = (day.month, day.day) == _LEAP_DAY
        return min(day.replace(year=day.year + 1, day=day.day - is_leap_day), _LAST_DAY)
    return date.fromordinal(min(day.toordinal() + days, _LAST_DAY.toordinal()))


@lru_cache(maxsize=4096)
def midnight_us(ordinal: int, zone: ZoneInfo) -> int:
    """The first microsecond of a local day, given by its proleptic Gregorian ordinal. Cost: 2 us, the first time."""
    day = date.fromordinal(ordinal)
    return to_us(datetime(day.year, day.month, day.day, tzinfo=zone))


@lru_cache(maxsize=512)
def year_bounds(year: int, zone: ZoneInfo) -> tuple[int, int]:
    """First microsecond of the local calendar `year` and of the next one: half-open, [first, last).

    The calendar's last year ends a day after its last instant in UTC, so that every zone's end lies within it.
    """
    first = to_us(datetime(year, 1, 1, tzinfo=zone))
    if year == MAXYEAR:
        return first, to_us(datetime.max.replace(tzinfo=UTC)) + DAY_US
    return first, to_us(datetime(year + 1, 1, 1, tzinfo=zone))
