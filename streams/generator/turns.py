"""Which resident acts next: drawn in proportion to how often each acts."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from streams.generator.population import Resident


class Turns:
    """Residents drawn in proportion to how often they act; `weights` in their order, default their own."""

    def __init__(self, people: Sequence[Resident], weights: Sequence[float] | None = None) -> None:
        self._people = people
        self._sums = list(accumulate([person.weight for person in people] if weights is None else weights))

    def next(self, chance: float) -> Resident:
        """The resident at this share (0-1) of all weights."""
        return self._people[min(bisect_right(self._sums, chance * self._sums[-1]), len(self._people) - 1)]
