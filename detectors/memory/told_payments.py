"""Counts what an institution tells of a payment, for the monthly comparison of institutions."""

import math
from datetime import date
from typing import NamedTuple

from detectors.books.payments import NO_DOCUMENT, OUT, Payment
from detectors.contracts.configuration import Legend
from detectors.contracts.events import Origin, Transaction
from detectors.contracts.limits import SCREENS
from detectors.contracts.screens import COUNTS
from detectors.memory.effective_configuration import Effective
from detectors.memory.event_clock import MILLISECOND_US
from detectors.memory.institution_months import LegalDay
from detectors.memory.state import PartitionState
from detectors.typologies.base import Deal
from detectors.typologies.screening import month_at
from detectors.values.legal_calendar import DAY_US, local_date, midnight_us
from detectors.values.market_gap import CENTIBP

PAYMENTS, OUTGOING, NO_PAPERS, UNDER_LINE, NO_PURPOSE, DEALS, OFF_MARKET, LATE = range(len(COUNTS))


class ToldPayment(NamedTuple):
    """A payment as its first event told it: the event, its record, its row, and its deal rate against the reference."""

    event: Transaction
    origin: Origin
    row: Payment
    deal: Deal | None


def count(state: PartitionState, effective: Effective, legend: Legend, told: ToldPayment) -> None:
    """Count a payment for the institution that told it first, in the month of its time; without `[screens]`, nothing.

    What is told of it later changes nothing: a habit is how payments are told. Cost: 2 us, and 20 us for the first of
    a legal day.
    """
    row, months = told.row, state.institutions
    day = months.day_of(row.time, effective) or months.keep_day(_legal_day(row.time, effective))
    if day.late_us is None:
        return
    found = [PAYMENTS]
    if told.origin.timestamp_ms * MILLISECOND_US - row.time > day.late_us:
        found.append(LATE)
    if row.flags & OUT and row.usd > 0:
        found.append(OUTGOING)
        if told.event.purpose not in legend.purposes:
            found.append(NO_PURPOSE)
        if row.flags & NO_DOCUMENT:
            found.append(NO_PAPERS)
            if day.least <= row.usd <= day.most:
                found.append(UNDER_LINE)
    if told.deal is not None:
        found.append(DEALS)
        if day.away is not None and abs(told.deal.deviation) > day.away:
            found.append(OFF_MARKET)
    months.add(day.month, state.shares.known_as(told.event.institution), found)


def _legal_day(at_us: int, effective: Effective) -> LegalDay:
    """The legal day of a time with the limits of that day, as far as there are any."""
    day, rulebook = local_date(at_us, effective.zone), effective.rulebook
    late = rulebook.limit(SCREENS, "late_days", day)
    line, low, away = (rulebook.law(name, day) for name in ("document_line", "band_low", "deviation_min"))
    least, most = 1, 0
    if line is not None and low is not None:
        least, most = math.ceil(line.cents * low.number), line.cents
    return LegalDay(
        starts_us=midnight_us(day.toordinal(), effective.zone),
        ends_us=at_us + 1 if day == date.max else midnight_us(day.toordinal() + 1, effective.zone),
        month=month_at(at_us, effective.zone).number,
        late_us=None if late is None else int(late.number) * DAY_US,
        least=least,
        most=most,
        away=None if away is None else math.floor(away.number * CENTIBP),
        effective=effective,
    )
