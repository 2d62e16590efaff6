"""Days of the simulated span in Korea: business days, pay days, month ends, and times as senders write them."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

import holidays

from streams.generator.draw import Draw

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
# Korea has kept UTC+9 without daylight saving since 1988
KST_MS = 9 * HOUR_MS
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
SATURDAY = 5
PAY_DAYS = (10, 25)
# months busier than others: tuition before the terms of March and September, firms at the end of the year
# only persons and sole traders act while banks are closed, so more of what they do falls on those days than of all that
# is done; about the inverse of their share of a business day
RETAIL_CLOSED = 2.2
MONTHS = {2: 1.1, 8: 1.08, 12: 1.2}


class Calendar:
    """`days` days from `start` (local date); day numbers count from 0. Holidays come from the package `holidays`."""

    def __init__(self, start: date, days: int, *, seasons: bool = False) -> None:
        self.start, self.days, self._seasons = start, days, seasons
        self.start_ms = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp()) * 1000 - KST_MS
        self.end_ms = self.start_ms + days * DAY_MS
        last = start + timedelta(days=days + 7)
        free = holidays.country_holidays("KR", years=range(start.year, last.year + 1))
        dates = [start + timedelta(days=number) for number in range(days)]
        self.business = [day.weekday() < SATURDAY and day not in free for day in dates]
        self.weights = [self._weight(number, day) for number, day in enumerate(dates)]
        closed = (RETAIL_CLOSED if not is_open else 1.0 for is_open in self.business)
        retail = (weight * more for weight, more in zip(self.weights, closed, strict=True))
        self._retail_sums = [0.0, *accumulate(retail)]
        self._texts: dict[int, str] = {}

    def _weight(self, number: int, day: date) -> float:
        if not self.business[number]:
            return 0.12 if day.weekday() == SATURDAY else 0.08
        weight = 1.0
        if (day + timedelta(days=3)).month != day.month:
            weight *= 1.35
        if day.day in PAY_DAYS:
            weight *= 1.2
        return weight * MONTHS.get(day.month, 1.0) if self._seasons else weight

    def number(self, at_ms: int) -> int:
        """The day number of a time; negative before the start."""
        return (at_ms - self.start_ms) // DAY_MS

    def date(self, at_ms: int) -> date:
        """The local date of a time."""
        return date.fromordinal(EPOCH_ORDINAL + (at_ms + KST_MS) // DAY_MS)

    def text(self, at_ms: int) -> str:
        """RFC 3339 with the offset of Korea, whole seconds."""
        day, second = divmod((at_ms + KST_MS) // 1000, 86_400)
        text = self._texts.get(day)
        if text is None:
            text = self._texts[day] = date.fromordinal(EPOCH_ORDINAL + day).isoformat()
        minute, second = divmod(second, 60)
        hour, minute = divmod(minute, 60)
        return f"{text}T{hour:02}:{minute:02}:{second:02}+09:00"

    def business_day(self, number: int) -> int | None:
        """The first business day at or after this one, or None when the span ends before."""
        while number < self.days:
            if self.business[number]:
                return number
            number += 1
        return None

    def retail_weight(self, begin: int, days: int) -> float:
        """How much of what private persons do falls on `days` days from `begin`, relative to one usual business day."""
        sums = self._retail_sums
        return sums[min(begin + days, self.days)] - sums[min(begin, self.days)]

    def retail_day(self, begin: int, days: int, draw: Draw) -> int:
        """One of `days` days from `begin` (inside the span), drawn as private persons choose theirs: few weekends."""
        sums, last = self._retail_sums, min(begin + days, self.days)
        place = bisect_right(sums, draw.uniform(sums[begin], sums[last]), begin + 1, last)
        return min(place - 1, last - 1)

    def open_day_near(self, number: int) -> int:
        """The first business day at or after this one, the last one before it where the span ends first."""
        found = self.business_day(number)
        if found is not None:
            return found
        return max((day for day in range(min(number, self.days)) if self.business[day]), default=number)

    def moment_among(self, number: int, draw: Draw, hours: tuple[int, ...]) -> int:
        """A time on that day in one of the hours (repeated ones are likelier), never in its first 5 s."""
        return self.start_ms + number * DAY_MS + draw.pick(hours) * HOUR_MS + draw.integer(5, 3599) * 1000

    def moment(self, number: int, draw: Draw, opens: int = 9, closes: int = 16) -> int:
        """A time on that day between two hours, never in the first 5 s of an hour: that is when rates are published."""
        hour = draw.integer(opens, closes - 1)
        return self.start_ms + number * DAY_MS + hour * HOUR_MS + draw.integer(5, 3599) * 1000
