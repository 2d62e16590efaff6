"""Seeded draws that are the same on every machine.

Only `random.Random.random` is used: its sequence is promised to stay. Logarithms and normal draws go through the C
library and may differ in the last bit between machines, so sizes are drawn by octaves instead.
"""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A stream of draws, seeded by its names, so that one part of the simulation never shifts another."""

    def __init__(self, *names: object) -> None:
        # not for security: a simulation must be repeatable
        self.random = random.Random("/".join(str(name) for name in names)).random  # noqa: S311

    def chance(self, probability: float) -> bool:
        """True with this probability (0-1)."""
        return self.random() < probability

    def uniform(self, low: float, high: float) -> float:
        """Evenly from [low, high)."""
        return low + (high - low) * self.random()

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, evenly."""
        return items[int(self.random() * len(items))]

    def size(self, low: float, high: float) -> float:
        """A size between low and high with many small and few large ones: every doubling is equally likely."""
        octaves = 0
        while low * 2 ** (octaves + 1) <= high:
            octaves += 1
        octave = self.integer(0, octaves)
        floor = low * 2**octave
        return self.uniform(floor, min(2 * floor, high))

    def spread(self, low: float, high: float) -> float:
        """As `size`, but never the high bound itself.

        Where `high` is `low` times a power of two, the last octave of `size` is that one value, a quarter of all draws;
        the preset `basic` keeps it, for its bytes stay as they are.
        """
        octaves = 0
        while low * 2 ** (octaves + 1) < high:
            octaves += 1
        floor = low * 2 ** self.integer(0, octaves)
        return self.uniform(floor, min(2 * floor, high))
