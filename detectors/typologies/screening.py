"""When a firm is looked at for the supervisors' screens, which month that is about, and what an entry of a list is.

A month is looked at once, when its last payments are told: by the 10th of the next month (T08's `told_days`). A rule
that already keeps a firm's figures asks for it, with the firm's payment or declaration, where the figures are large
enough for a screen. So a firm that no screen could list costs nothing.
"""

from datetime import date
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from detectors.contracts.alert import LawTest, LimitShown, Measured
from detectors.contracts.limits import Rulebook
from detectors.contracts.screens import ScreenId
from detectors.typologies.declared import DueDate
from detectors.typologies.due import PartyDates
from detectors.values.legal_calendar import DAY_US, local_date, midnight_us

YEAR_MONTHS = 12
# November 9999: the calendar has no month after the next one
_LAST = 9999 * YEAR_MONTHS + 10
# the due dates: of what a firm sent (T05's figures), of what it traded (T08's)
SENT, TRADE = "sent", "trade"
# Two wait in the days before a month is told of, and one more each month while customs or the banks are silent.
MOST_MONTHS = 6


class _Screens:
    """What waits for a month's end, as `PartyDates` knows it: beside the typologies, and none of them."""

    id = "screens"
    due_dates: tuple[DueDate, ...] = (
        DueDate(SENT, "payment", "told_days", MOST_MONTHS),
        DueDate(TRADE, "declaration", "told_days", MOST_MONTHS),
    )


SCREENS = _Screens()
KIND = f"{SCREENS.id} "


class Month(NamedTuple):
    """A month of the legal zone by its number (year x 12 + month - 1), from its first us to that of the next one."""

    number: int
    starts_us: int
    ends_us: int

    @property
    def name(self) -> str:
        """Such as `2026-10`."""
        return f"{self.number // YEAR_MONTHS:04}-{self.number % YEAR_MONTHS + 1:02}"

    @property
    def last_day(self) -> date:
        """Its last day, by whose law the month is judged."""
        year, month = divmod(self.number + 1, YEAR_MONTHS)
        return date.fromordinal(date(year, month + 1, 1).toordinal() - 1)


class Listing(NamedTuple):
    """An entry of a list as a screen finds it: limits, what was measured and tested, and where it stands in the ledger.

    `offsets` are in order of time.
    """

    screen: ScreenId
    limits: tuple[LimitShown, ...]
    measured: tuple[Measured, ...]
    tests: tuple[LawTest, ...]
    offsets: tuple[int, ...]
    institutions: tuple[str, ...]
    text_en: str
    text_ko: str


@lru_cache(maxsize=256)
def month_of(number: int, zone: ZoneInfo) -> Month:
    """The month of a number; the calendar's last one but one for all after it. Cost: 3 us, the first time."""
    number = min(number, _LAST)
    days = [date(each // YEAR_MONTHS, each % YEAR_MONTHS + 1, 1).toordinal() for each in (number, number + 1)]
    return Month(number, midnight_us(days[0], zone), midnight_us(days[1], zone))


def month_at(at_us: int, zone: ZoneInfo) -> Month:
    """The month of a time."""
    day = local_date(at_us, zone)
    return month_of(day.year * YEAR_MONTHS + day.month - 1, zone)


def wait(dates: PartyDates, name: str, at_us: int, zone: ZoneInfo, rulebook: Rulebook) -> None:
    """Have the firm looked at for the month of a time, when that month is told of; without a limit, never.

    What is told so late that the month was looked at is looked at with the first month that was not: a list that was
    published is not written anew. Cost: 5 us where it waits for that month already, else 20 us.
    """
    told = rulebook.law("told_days", local_date(at_us, zone))
    if told is None:
        return
    told_us = int(told.number) * DAY_US
    if dates.passed_us is not None:
        at_us = max(at_us, dates.passed_us - told_us)
    month, own = month_at(at_us, zone), dates.of(SCREENS)
    # the calendar's last month is never over
    if month.ends_us > at_us and all(one.item != month.number for one in own.waiting(name)):
        own.set(name, month.number, month.ends_us + told_us)
