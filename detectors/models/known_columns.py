"""The columns that a detector of vectors has learned: their places, and an event as robust z in that order."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from detectors.models.bounded_scaler import BoundedScaler

Vector = np.ndarray[Any, np.dtype[np.float64]]
# Failure prevented: a sender that makes up names of columns would fill the memory. The product has a few dozen.
MOST_COLUMNS = 512


class KnownColumns:
    """Names in the order in which they were first learned, and the scaler that makes their values comparable.

    A column that is missing in an event lies at 0, its usual place. One that was never learned is left out, and so is
    each beyond the first 512. Cost of `place`: about 4 us for ten columns.
    """

    __slots__ = ("names", "numbers", "scaler")

    def __init__(self, floor: float) -> None:
        self.scaler = BoundedScaler(floor)
        self.names: list[str] = []
        self.numbers: dict[str, int] = {}

    def add_new(self, x: Mapping[Any, float]) -> list[str]:
        """Give each column that is new a place; returns those that were added, in the order of their names."""
        if x.keys() <= self.numbers.keys():
            return []
        new = sorted(x.keys() - self.numbers.keys())[: MOST_COLUMNS - len(self.names)]
        for name in new:
            self.numbers[name] = len(self.names)
            self.names.append(name)
        return new

    def place(self, x: Mapping[Any, float]) -> Vector:
        """Robust z of every known column, -8 to 8. Changes nothing."""
        placed = [0.0] * len(self.names)
        numbers = self.numbers
        for name, z in self.scaler.transform_one(x).items():
            number = numbers.get(name)
            if number is not None:
                placed[number] = z
        return np.array(placed)

    def learn(self, x: Mapping[Any, float]) -> None:
        """Move the scaler by the event; columns without a place are not kept."""
        numbers = self.numbers
        self.scaler.learn_one(x if x.keys() <= numbers.keys() else {key: x[key] for key in x if key in numbers})

    def restore(self, names: list[str], scales: dict[str, list[float]]) -> None:
        """Take over what was saved. Raises `ValueError` for more columns than there may be, or one told twice."""
        if len(names) > MOST_COLUMNS or len(set(names)) != len(names):
            raise ValueError(f"columns do not fit; got: {len(names)}; expected: at most {MOST_COLUMNS}, each once")
        self.names = list(names)
        self.numbers = {name: number for number, name in enumerate(names)}
        self.scaler.scales = scales
