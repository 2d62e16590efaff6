"""Institutions compared with their peers: whose habit lies far above the others', by a month's numbers of payments.

A habit is a share of payments, such as those without documents. An institution stands out where its share lies `peer_z`
spreads above the median of the others. The spread is that of the others (median absolute deviation), with the chance
of so few payments and a hundredth added in squares: shares that are all alike must not make a rounding stand out.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import median
from typing import NamedTuple

from detectors.contracts.screens import Count

# a habit, and the payments that it is a share of
HABITS: Mapping[Count, Count] = {
    "no_document": "outgoing",
    "under_line": "no_document",
    "no_purpose": "outgoing",
    "off_market": "deals",
    "late": "payments",
}
# of normally distributed shares, one standard deviation
MAD_TO_SPREAD = 1.4826
# shares closer than this to each other are alike
LEAST_SPREAD = 0.01


class Peers(NamedTuple):
    """The limits: fewest payments of a habit's kind, fewest other institutions, spreads, and excess over the median."""

    payments_min: float
    peers_min: float
    z: float
    excess_min: float


class Habit(NamedTuple):
    """A habit that stands out: `number` of `of` payments; the median share of so many other institutions; spreads."""

    institution: str
    name: Count
    number: int
    of: int
    share: float
    median: float
    peers: int
    z: float


def compare(counts: Mapping[str, Mapping[str, int]], limits: Peers) -> list[Habit]:
    """The habits that stand out, by institution, then habit. Only more than usual does.

    Cost: 10 ms with 500 institutions a habit.
    """
    found = []
    for name, kind in HABITS.items():
        shares = {
            bank: told.get(name, 0) / told[kind]
            for bank, told in counts.items()
            if told.get(kind, 0) >= max(limits.payments_min, 1)
        }
        for bank, share in shares.items() if len(shares) > max(limits.peers_min, 1) else ():
            others = [each for other, each in shares.items() if other != bank]
            middle, z = _distance(share, others, counts[bank][kind])
            if z >= limits.z and share - middle >= limits.excess_min:
                of = counts[bank][kind]
                found.append(Habit(bank, name, counts[bank].get(name, 0), of, share, middle, len(others), z))
    return sorted(found)


def _distance(share: float, others: Sequence[float], number: int) -> tuple[float, float]:
    """The median of the others, and how many spreads a share of so many payments lies above it."""
    middle = median(others)
    apart = MAD_TO_SPREAD * median(abs(each - middle) for each in others)
    spread = sqrt(apart**2 + middle * (1 - middle) / number + LEAST_SPREAD**2)
    return middle, (share - middle) / spread
