"""Detector: distance to the nearest neighbour in small random samples of the recent past."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import msgspec
import numpy as np

from detectors.models.known_columns import KnownColumns, Vector
from detectors.models.member import Deviations, Member, check_parameters

PARAMETERS = {
    "samples": (9.0, 1.0, 99.0),
    "size": (16.0, 1.0, 1000.0),
    "horizon": (2000.0, 10.0, 10_000_000.0),
    "floor": (0.5, 1e-9, 1e9),
}
# Failure prevented: 99 samples of 1 000 are in range each, and cost a millisecond an event.
MOST_KEPT = 4096
# SplitMix64 (Steele, Lea, Flood 2014): whole numbers only, so that it is the same everywhere.
GOLDEN, MIX_1, MIX_2, MASK = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, (1 << 64) - 1

Table = np.ndarray[Any, np.dtype[np.float64]]


def drawn(seed: int, number: int) -> int:
    """64 random bits that follow from the seed and the event's number, so that a state holds no generator.

    >>> drawn(0, 0) == 0xE220A8397B1DCDAF
    True
    """
    mixed = (seed + (number + 1) * GOLDEN) & MASK
    mixed = ((mixed ^ (mixed >> 30)) * MIX_1) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * MIX_2) & MASK
    return mixed ^ (mixed >> 31)


class SampledNeighbours(Member):
    """How far the event lies from the nearest of a few recent events, drawn at random several times.

    Purpose: events that lie apart in all columns together, also beside a dense group. Formula: robust z of each column;
    in each of `samples` random samples of `size` recent events, the Euclidean distance to the nearest one; the score is
    the median of these distances. A small sample holds no second anomaly of the same kind, and so none hides another.
    Source: Sugiyama and Borgwardt, "Rapid distance-based outlier detection via sampling" (2013); samples repeated:
    Zimek et al., "Subsampling for efficient and effective unsupervised outlier detection ensembles" (2013). Unit:
    spreads. Range: 0 to 16 x root of columns; higher is more unusual; 0 for the first `samples` events. Credits: the
    square of each column's difference from that neighbour, divided by the distance; they add up to the score.
    Forgetting: an event takes a random place among the kept ones, so often that one stays for `horizon` events on
    average. Cost: about 20 us for ten columns. Memory: `samples` x `size` rows of 8 bytes a column, 12 kB for ten.
    Fails on one odd column among many usual ones, and once an anomaly has come back often enough to be in most samples.

    >>> import random
    >>> rng, model = random.Random(3), SampledNeighbours()
    >>> for _ in range(600):
    ...     a = rng.gauss(0, 1)
    ...     model.learn_one({"a": a, "b": a + rng.gauss(0, 0.2)})
    >>> model.score_one({"a": 1.5, "b": -1.5}) > 3 * model.score_one({"a": 1.5, "b": 1.5})
    True
    """

    def __init__(
        self, samples: int = 9, size: int = 16, horizon: int = 2000, floor: float = 0.5, seed: int = 1
    ) -> None:
        self.samples, self.size, self.horizon, self.floor, self.seed = samples, size, horizon, floor, seed
        self.n_learned = 0
        self.columns = KnownColumns(floor)
        self.places = samples * size
        # One of so many events is kept, once all places are taken.
        self.every = max(1, horizon // self.places)
        # A row for each column and a column for each kept event; place p belongs to sample p modulo `samples`.
        self.kept: Table = np.zeros((0, self.places))
        self.numbers = np.arange(samples)

    def _compared(self) -> int:
        """How many places are compared with: whole rounds over the samples."""
        return min(self.n_learned, self.places) // self.samples * self.samples

    def _nearest(self, z: Vector) -> tuple[float, Vector]:
        """The median distance, and the squares of the differences that it is made of, by column.

        Added column by column, so that the sum is the same on any processor.
        """
        squares = self.kept[:, : self._compared()] - z[:, None]
        squares *= squares
        distances = squares.sum(axis=0).reshape(-1, self.samples)
        rounds = distances.argmin(axis=0)
        middle = int(distances[rounds, self.numbers].argsort(kind="stable")[self.samples // 2])
        place = int(rounds[middle]) * self.samples + middle
        return sqrt(float(distances[rounds[middle], middle])), squares[:, place]

    def _scored(self, z: Vector) -> tuple[float, dict[str, float]]:
        if not self._compared():
            return 0.0, {}
        distance, squares = self._nearest(z)
        if distance == 0.0:
            return 0.0, dict.fromkeys(self.columns.names, 0.0)
        return distance, dict(zip(self.columns.names, (squares / distance).tolist(), strict=True))

    def _keep(self, z: Vector) -> None:
        """Take the event into a place, if it is one of those that are kept."""
        number = self.n_learned
        self.n_learned += 1
        if number < self.places:
            self.kept[:, number] = z
            return
        bits = drawn(self.seed, number)
        if (bits & 0xFFFFFFFF) % self.every == 0:
            self.kept[:, (bits >> 32) % self.places] = z

    def grow(self, new: list[str]) -> None:
        """Rows for columns that are new: kept events lie at the usual place in them."""
        self.kept = np.concatenate([self.kept, np.zeros((len(new), self.places))])

    def learn_one(self, x: Deviations) -> None:
        """Keep the event where it lies now, perhaps, then move the scaler."""
        new = self.columns.add_new(x)
        if new:
            self.grow(new)
        self._keep(self.columns.place(x))
        self.columns.learn(x)

    def score_one(self, x: Deviations) -> float:
        """The median distance in spreads; changes nothing."""
        return self._scored(self.columns.place(x))[0]

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Each known column's part of the distance."""
        return self._scored(self.columns.place(x))[1]

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """One vector serves score, credits and learning, unless a column is new."""
        z = self.columns.place(x)
        scored = self._scored(z)
        if learn:
            new = self.columns.add_new(x)
            if new:
                self.grow(new)
                z = self.columns.place(x)
            self._keep(z)
            self.columns.learn(x)
        return scored

    def to_state(self) -> bytes:
        """Counter, columns with their scales, and the kept events."""
        kept = self.kept[:, : min(self.n_learned, self.places)].astype("<f8").tobytes()
        shape = (self.samples, self.size, self.horizon, self.floor, self.seed)
        return msgspec.msgpack.encode((shape, self.n_learned, self.columns.names, self.columns.scaler.scales, kept))

    @classmethod
    def build(cls, parameters: Mapping[str, float], seed: int) -> "SampledNeighbours":
        """A new detector; `seed` chooses what is kept. Raises `ValueError` for too many kept events together."""
        values = check_parameters("sampled_neighbours", parameters, PARAMETERS)
        kept = int(values["samples"]) * int(values["size"])
        if kept > MOST_KEPT:
            raise ValueError(f"detector sampled_neighbours: samples x size = {kept}, must be at most {MOST_KEPT}")
        return cls(int(values["samples"]), int(values["size"]), int(values["horizon"]), values["floor"], seed)

    @classmethod
    def from_state(cls, parameters: Mapping[str, float], seed: int, state: bytes) -> "SampledNeighbours":
        """As `Member.from_state`."""
        model = cls.build(parameters, seed)
        kinds = tuple[tuple[int, int, int, float, int], int, list[str], dict[str, list[float]], bytes]
        shape, model.n_learned, names, scales, kept = msgspec.msgpack.decode(state, type=kinds)
        expected = (model.samples, model.size, model.horizon, model.floor, model.seed)
        if shape != expected:
            raise ValueError(f"sampled_neighbours state is of other parameters; got: {shape}; expected: {expected}")
        filled = min(model.n_learned, model.places)
        if len(kept) != 8 * filled * len(names):
            raise ValueError(
                f"sampled_neighbours state does not fit; got: {len(kept)} bytes of kept events; "
                f"expected: {8 * filled * len(names)}"
            )
        model.columns.restore(names, scales)
        model.grow(names)
        model.kept[:, :filled] = np.frombuffer(kept, dtype="<f8").reshape(len(names), filled)
        return model
