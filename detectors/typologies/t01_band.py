"""T01's amount band and windows, by the limits of a legal day."""

import math
from datetime import date

from detectors.contracts.limits import DatedLimit, Rulebook
from detectors.values.legal_calendar import DAY_US

ID = "T01"
# How much closeness in time says: pieces of one day are one transfer, pieces of a quarter may be a habit (our
# judgement).
CLOSENESS = {"window_day": 1.0, "window_week": 0.9, "window_month": 0.75, "window_quarter": 0.55}
# Since 2025-12-29 the line itself binds only after the annual cap: before, the pattern is an indicator, not a breach.
BEFORE_CAP = 0.8
NAMES = ("document_line", "band_low", "pieces_min", "sum_multiple", "beneficiaries_max", "growth_ratio", *CLOSENESS)


def split_band(rulebook: Rulebook, day: date) -> tuple[int, int]:
    """Lowest and highest amount of a piece on a legal day, USD cents; (1, 0), which holds none, without the limits."""
    line, low = rulebook.law("document_line", day), rulebook.limit(ID, "band_low", day)
    if line is None or low is None:
        return 1, 0
    return math.ceil(line.cents * low.number), line.cents


def width_us(window: DatedLimit) -> int:
    """A window's width in microseconds; no longer than times in 64 bits allow."""
    return min(int(window.number * DAY_US), 2**61)
