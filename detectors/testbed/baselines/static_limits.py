"""Baseline: a fixed table of limits on one payment and on plain sums, as a compliance office without models has it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.testbed.baselines.columns import Columns

_DAYS_OF_MONTH_START = "datetime64[M]"
_DAYS_OF_YEAR_START = "datetime64[Y]"


class StaticLimit(NamedTuple):
    """A limit of the table: what is measured, and where it is passed, for persons and for everybody else."""

    measure: str
    person: float
    other: float


# Round figures of the reporting lines (LAW, "From typology to article"): 10 000 USD is reported to the tax office,
# 50 000 is the line for deposits abroad, 100 000 the yearly cap without documents; 150 bp is far off any bank's
# rate. Firms trade, so their amounts are a hundredfold. Fixed: nothing here was tuned on a stream.
TABLE = (
    StaticLimit("payment", 10_000, 1_000_000),
    StaticLimit("day", 10_000, 2_000_000),
    StaticLimit("month", 50_000, 10_000_000),
    StaticLimit("year without documents", 100_000, 100_000),
    StaticLimit("deviation", 150, 150),
)


def score(columns: Columns, seed: int) -> NDArray[np.float64]:  # noqa: ARG001 - every baseline is called alike
    """How far past its limits a payment is: r / (1 + r) of the largest ratio r to a limit; 0 while none is reached.

    Sums run over the party's payments of the local day, calendar month and calendar year in stream order, each payment
    included; they restart with the calendar and never look ahead. Returned and cancelled payments count nothing.
    Cost: 1 us an event.
    """
    amount = np.where(columns.moved, columns.usd, 0.0)
    undocumented = np.where(columns.outgoing & columns.no_document, amount, 0.0)
    dates = columns.day.astype("datetime64[D]")
    months = dates.astype(_DAYS_OF_MONTH_START)
    years = dates.astype(_DAYS_OF_YEAR_START)
    measured = {
        "payment": amount,
        "day": running_sums(amount, columns.party, columns.day),
        "month": running_sums(amount, columns.party, months),
        "year without documents": np.where(undocumented > 0, running_sums(undocumented, columns.party, years), 0.0),
        "deviation": np.abs(columns.deviation_bp),
    }
    ratio = np.zeros(len(columns))
    for limit in TABLE:
        ratio = np.maximum(ratio, measured[limit.measure] / np.where(columns.person, limit.person, limit.other))
    return np.where(ratio >= 1.0, ratio / (1.0 + ratio), 0.0)


def running_sums(
    amounts: NDArray[np.float64], party: NDArray[np.int32], period: NDArray[np.generic]
) -> NDArray[np.float64]:
    """Each row's sum of its party's amounts in its period, up to and including the row, in the order of the rows.

    Sums are of whole cents, so that they are exact. A late payment adds to its own period.
    """
    order = np.lexsort((np.arange(len(amounts)), period, party))
    cents = np.rint(amounts[order] * 100).astype(np.int64)
    totals = np.cumsum(cents)
    opens = np.ones(len(order), np.bool_)
    opens[1:] = (party[order][1:] != party[order][:-1]) | (period[order][1:] != period[order][:-1])
    starts = np.flatnonzero(opens)
    before = np.repeat(totals[starts] - cents[starts], np.diff(np.r_[starts, len(order)]))
    sums = np.empty(len(amounts))
    sums[order] = (totals - before) / 100
    return sums
