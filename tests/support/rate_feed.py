"""A feed of reference rates, said record by record to what judges them (detectors/rates/rate_checks.py).

Times are in minutes.
"""

from typing import Any

from detectors.contracts.configuration import RateRules
from detectors.rates.rate_checks import Checked, RateLimits, Verdict
from detectors.rates.reference_rates import History
from detectors.values.legal_calendar import MINUTE_US

HOUR, DAY = 60, 1440
STALE = 26 * HOUR * MINUTE_US
TYPICAL = {"USD": "1", "KRW": "1300", "JPY": "130"}
PAIR = "USD/KRW"


def us(minutes: float) -> int:
    """Microseconds."""
    return int(minutes * MINUTE_US)


def limits_of(**rules: Any) -> RateLimits:
    """Limits of these rules, beside the typical rates."""
    return RateLimits(RateRules(**({"typical": TYPICAL} | rules)))


class Feed:
    """Records said one after the other, each at its own Kafka timestamp unless told otherwise."""

    def __init__(self, **rules: Any) -> None:
        self.checked, self.limits, self.offset = Checked(), limits_of(**rules), 0

    def say(
        self,
        at: float,
        mid: str,
        pair: str = PAIR,
        *,
        sent: float | None = None,
        clock: float | None = None,
        source: str = "",
        horizon: int | None = None,
    ) -> Verdict | None:
        """The verdict on a record of a minute."""
        self.offset += 1
        base, quote = pair.split("/")
        return self.checked.take(
            base,
            quote,
            mid,
            us(at),
            self.offset,
            self.limits,
            STALE,
            horizon,
            heard_us=us(at if sent is None else sent),
            clock_us=None if clock is None else us(clock),
            source=source,
        )

    def all(self, *said: tuple[float, str], **how: Any) -> list[Verdict | None]:
        """The verdicts on (minute, rate)."""
        return [self.say(at, mid, **how) for at, mid in said]

    def history(self, pair: str = PAIR) -> list[tuple[int, str, int]]:
        """(minute, rate, ledger position) of each believed rate."""
        kept = self.checked.rates.pairs.get(pair, History([], [], []))
        return [
            (at // MINUTE_US, mid, offset) for at, mid, offset in zip(kept.times, kept.mids, kept.offsets, strict=True)
        ]

    def held(self, pair: str = PAIR) -> list[tuple[int, str]]:
        """(minute, rate) of what is held."""
        return [(one.first_us // MINUTE_US, one.mid) for one in self.checked.held.get(pair, [])]


def believing(*rates: tuple[float, str], pair: str = PAIR, **rules: Any) -> Feed:
    """A feed that has said these (minute, rate), believed without a look."""
    feed = Feed(**rules)
    for at, mid in rates:
        base, quote = pair.split("/")
        feed.checked.rates.add(base, quote, mid, us(at), 0, None)
    return feed
