"""The value of a payment in USD, by the reference rates that the ledger holds before it."""

from collections.abc import Iterable
from typing import Any

from detectors.contracts.events import Rate, Transaction
from detectors.rates.reference_rates import KEPT_US, Rates
from detectors.values.legal_calendar import to_us
from detectors.values.money import ONE, cents, parse_or_zero, plain
from streams.errors import LedgerError
from streams.ledger import envelope

_KIND = b"rate"


class Worth:
    """Reference rates as they are met, and amounts at the newest one at or before an event's time.

    What the monitor does (detectors/rates/reference_rates.py), without its checks of a rate (docs/TIME.md), so that it
    is told as "about". `stale_us`: an older rate counts as none.
    """

    def __init__(self, stale_us: int) -> None:
        self._rates, self._stale_us = Rates(), stale_us
        self._newest_us: int | None = None

    def take(self, record: Any) -> bool:
        """Remember a ledger record's rate; returns whether it is one. 7 us for a rate, 0.2 for all else."""
        if not envelope.is_kind(record.headers, _KIND):
            return False
        try:
            event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
            if isinstance(event, Rate):
                at_us = to_us(event.rate_time)
                self._newest_us = max(at_us, self._newest_us or at_us)
                self._rates.add(event.base, event.quote, event.mid, at_us, record.offset, self._newest_us - KEPT_US)
        except (LedgerError, ValueError):
            return True  # not a number: the monitor has no use for it either
        return True

    def take_all(self, records: Iterable[Any]) -> None:
        """Remember every rate among the records."""
        for record in records:
            self.take(record)

    def usd(self, event: Transaction) -> str | None:
        """The payment's amount in USD as a decimal string; None without a rate in time."""
        rate = (
            ONE
            if event.currency == "USD"
            else self._rates.ratio(event.currency, "USD", to_us(event.event_time), self._stale_us)
        )
        try:
            return None if rate is None else plain(cents(parse_or_zero(event.amount), rate))
        except ValueError:
            return None
