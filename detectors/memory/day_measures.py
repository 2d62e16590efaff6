"""What is summed of payments by day, so that a change of the stream can be seen (drift.py): a few plain numbers.

Each is measured in whole parts between 0 and its span. So sums are exact, and the same on every machine.
"""

from array import array
from math import nan
from typing import NamedTuple

import numpy as np

from detectors.features.view import EventView

# Strangeness is not measured here: its bins are counted anyway (ranking/calibration.py). 64 parts are a nat.
STRANGENESS, NATS, NAT_PARTS = "strangeness", 4, 64
# Doublings of a US dollar, 32 parts each, from 1 USD to 16.8 million.
DOUBLINGS, DOUBLING_PARTS = 24, 32
# A day in quarters of an hour.
QUARTERS = 96
# Basis points about the reference rate.
MOST_BP = 500


class Measure(NamedTuple):
    """A number of a payment: `span` is its largest value in parts, `least` the change of its mean that is worth a word.

    What is worth a word is our judgement: half of a doubling, an hour, ten payments in a hundred, 20 bp, half a nat.
    Failure prevented: among a million payments a day the least change is beyond chance, and nobody can act on it.
    """

    name: str
    span: int
    least: int


# In the order of `measured`. A measure is only ever added, at the end.
MEASURED = (
    Measure("amount", DOUBLINGS * DOUBLING_PARTS, DOUBLING_PARTS // 2),
    Measure("hour", QUARTERS, 4),
    Measure("undocumented", 100, 10),
    Measure("deal_rate", 2 * MOST_BP, 20),
)
MEASURES = {one.name: one for one in (Measure(STRANGENESS, NATS * NAT_PARTS, NAT_PARTS // 2), *MEASURED)}


def measured(view: EventView) -> tuple[float, float, float, float]:
    """A payment's numbers in the order of `MEASURED`, NaN where it has none of a kind. Cost: 0.2 us.

    US dollars, hours, 1 without documents or 0, basis points. They are made parts when they are summed.
    """
    usd, bp = view.amount_usd, view.deal_deviation_bp
    return nan if usd is None else usd, view.local_hour, view.no_document, nan if bp is None else bp


def sums_of(kept: "array[float]") -> dict[str, tuple[int, int, int]]:
    """Number, sum and sum of squares of the parts, by measure, of payments' numbers one after the other.

    A measure that no payment has is left out. Doublings of a dollar are a straight line between two powers of two,
    which any machine computes to the last bit; a logarithm is not.
    """
    usd, hour, undocumented, bp = np.frombuffer(kept).reshape(-1, len(MEASURED)).T
    mantissa, exponent = np.frexp(usd)
    parts = ((exponent + 2 * mantissa - 2) * DOUBLING_PARTS, hour * 4, undocumented * 100, np.rint(bp) + MOST_BP)
    found = {}
    for one, values in zip(MEASURED, parts, strict=True):
        whole = np.clip(values[~np.isnan(values)], 0, one.span).astype(np.int64)
        if len(whole):
            found[one.name] = len(whole), int(whole.sum()), int((whole * whole).sum())
    return found


def shown(name: str, mean: float) -> str:
    """A mean in parts, in words: `1 250 USD`, `14.5 h`, `12 %`, `-8 bp`, `1.08 nats`."""
    if name == "amount":
        whole, rest = divmod(mean / DOUBLING_PARTS, 1.0)
        return f"{2**whole * (1 + rest):.0f} USD"
    if name == "hour":
        return f"{mean / 4:.1f} h"
    if name == "undocumented":
        return f"{mean:.0f} %"
    return f"{mean - MOST_BP:+.0f} bp" if name == "deal_rate" else f"{mean / NAT_PARTS:.2f} nats"
