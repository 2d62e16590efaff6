"""Legal dates: event time to local day and year. The time zone is data, not a clock."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 (UTC) of an aware time; exact, unlike `timestamp()`.

    Raises `TypeError` for a naive one.
    """
    return (moment - EPOCH) // MICROSECOND


def from_us(at_us: int) -> datetime:
    """The UTC time of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at_us)


def local(at_us: int, zone: ZoneInfo) -> datetime:
    """The local wall time of an event, for dated limits, hours and weekdays."""
    return from_us(at_us).astimezone(zone)


def local_date(at_us: int, zone: ZoneInfo) -> date:
    """The legal day an event belongs to."""
    return local(at_us, zone).date()


@lru_cache(maxsize=512)
def year_bounds(year: int, zone: ZoneInfo) -> tuple[int, int]:
    """First microsecond of the local calendar `year` and of the next one: half-open, [first, last)."""
    return to_us(datetime(year, 1, 1, tzinfo=zone)), to_us(datetime(year + 1, 1, 1, tzinfo=zone))
