"""Detector: LODA with forgetting, histograms of sparse random projections."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from math import log
from typing import Any

import msgspec
import numpy as np

from detectors.models.known_columns import KnownColumns, Vector
from detectors.models.member import Deviations, Member, check_parameters

PARAMETERS = {
    "projections": (50.0, 1.0, 1000.0),
    "window": (1000.0, 10.0, 100_000.0),
    "floor": (0.5, 1e-9, 1e9),
}
# Bins of half a spread from -10 to 10; what lies beyond falls into the outermost. A projection of usual events has a
# spread of 1. Measured on the labelled streams: 20 or 60 bins rank no better.
BINS, A_SPREAD, MIDDLE = 40, 2.0, 20.0
# Half an event in each bin, so that an empty one has a logarithm (Krichevsky and Trofimov 1981).
PRIOR = 0.5
# Of 256: a sixth of the columns counts up in a projection and a sixth down (Achlioptas 2003, density 1/3).
UP, DOWN = 43, 86
# Shares a projection's surprise where all of its columns are exactly usual.
HARDLY = 1e-6
DAMAGED = "loda state does not fit; got: {} bytes of places; expected: {}"

Places = np.ndarray[Any, np.dtype[np.int64]]


@lru_cache(maxsize=32)
def _logarithms(window: int) -> Vector:
    """ln(count + 1/2) for each count, made once: NumPy's own logarithm may differ in a bit between processors."""
    return np.array([log(count + PRIOR) for count in range(window + 1)])


def signs_of(name: str, projections: int, seed: int) -> list[float]:
    """What a column counts in each projection: 1, -1 or 0, from a hash of seed and name, so that a new column has one.

    >>> signs_of("hour", 9, seed=1)
    [0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0]
    """
    drawn = hashlib.shake_128(f"{seed}|{name}".encode()).digest(projections)
    return [1.0 if byte < UP else -1.0 if byte < DOWN else 0.0 for byte in drawn]


class Loda(Member):
    """How rare the event is in histograms of random projections of all columns.

    Purpose: odd combinations, and single columns that are far out, at a cost that hardly grows with columns.
    Formula: robust z of each column; projections with a third of the columns each, signs at random, divided by the root
    of how many; the score is the mean of ln((n + 20) / (count of the bin + 1/2)) over projections, the counts of the
    last `window` events. Source: Pevny, "Loda: Lightweight on-line detector of anomalies" (2016); signs by a hash of
    the column's name: Manzoor et al., "xStream" (2018). Unit: nats. Range: 0 to ln(2 window + 40); higher is more
    unusual; 0 before the first event is learned. Credits: a projection's part goes to its columns by their |z|; they
    add up to the score. Cost: about 36 us for ten columns. Memory: `window` x `projections` bytes, 50 kB, and 0.4 kB
    for each projection. Fails where odd events lie between usual ones in every direction, and for events that come by
    the hundred: after `window` of them they are usual.

    >>> import random
    >>> rng, model = random.Random(3), Loda()
    >>> for _ in range(600):
    ...     model.learn_one({"a": rng.gauss(0, 1), "b": rng.gauss(0, 1)})
    >>> model.score_one({"a": 5.0, "b": 0.0}) > 2 * model.score_one({"a": 0.5, "b": 0.5})
    True
    """

    def __init__(self, projections: int = 50, window: int = 1000, floor: float = 0.5, seed: int = 1) -> None:
        self.projections, self.window, self.floor, self.seed = projections, window, floor, seed
        self.n_learned = 0
        self.columns = KnownColumns(floor)
        self.signs = np.zeros((0, projections))
        self.scale = np.zeros(projections)
        self.live = 0
        self.counts = np.zeros(projections * BINS, dtype=np.int64)
        self.starts = np.arange(projections) * BINS
        # Where the last events lie, a ring of rows: the one that leaves the window is taken out of the counts.
        self.ring = np.zeros((window, projections), dtype=np.uint8)
        self.logarithms = _logarithms(window)

    def grow(self, names: list[str]) -> None:
        """Signs of columns that are new; each projection is divided by the root of how many columns it has."""
        if names:
            new = np.array([signs_of(name, self.projections, self.seed) for name in names])
            self.signs = np.concatenate([self.signs, new])
            having = np.abs(self.signs).sum(axis=0)
            self.scale = np.where(having > 0.0, A_SPREAD / np.sqrt(np.maximum(having, 1.0)), 0.0)
            self.live = int(np.count_nonzero(having))

    def _places(self, z: Vector) -> Places:
        """The bin of each projection. Added row by row, so that the sum is the same on any processor."""
        projected = (self.signs * z[:, None]).sum(axis=0) * self.scale + MIDDLE
        places: Places = np.minimum(np.maximum(projected, 0.0), BINS - 1.0).astype(np.int64)
        return places

    def _surprises(self, places: Places) -> Vector:
        """Each projection's part of the score; 0 for one that has no column yet."""
        seen = min(self.n_learned, self.window)
        rare = log(seen + PRIOR * BINS) - self.logarithms[self.counts[places + self.starts]]
        return np.where(self.scale > 0.0, rare, 0.0) / self.live

    def _credits(self, z: Vector, surprises: Vector) -> dict[str, float]:
        parts = np.abs(self.signs) * (np.abs(z) + HARDLY)[:, None]
        parts *= surprises / np.maximum(parts.sum(axis=0), HARDLY / 2)
        credited = np.ascontiguousarray(parts.T).sum(axis=0).tolist()
        return dict(zip(self.columns.names, credited, strict=True))

    def _learn_places(self, places: Places) -> None:
        row = self.ring[self.n_learned % self.window]
        if self.n_learned >= self.window:
            self.counts[row + self.starts] -= 1
        self.counts[places + self.starts] += 1
        row[:] = places
        self.n_learned += 1

    def learn_one(self, x: Deviations) -> None:
        """Learn the event where it lies now, then move the scaler."""
        self.grow(self.columns.add_new(x))
        self._learn_places(self._places(self.columns.place(x)))
        self.columns.learn(x)

    def score_one(self, x: Deviations) -> float:
        """Mean surprise in nats; changes nothing."""
        if not self.live:
            return 0.0
        return float(self._surprises(self._places(self.columns.place(x))).sum())

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Each known column's part of the score."""
        if not self.live:
            return {}
        z = self.columns.place(x)
        return self._credits(z, self._surprises(self._places(z)))

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """One projection serves score, credits and learning, unless a column is new."""
        scored: tuple[float, dict[str, float]] = (0.0, {})
        z = self.columns.place(x)
        places = self._places(z)
        if self.live:
            surprises = self._surprises(places)
            scored = float(surprises.sum()), self._credits(z, surprises)
        if learn:
            new = self.columns.add_new(x)
            if new:
                self.grow(new)
                places = self._places(self.columns.place(x))
            self._learn_places(places)
            self.columns.learn(x)
        return scored

    def to_state(self) -> bytes:
        """Counter, columns with their scales, and the bins of the last events; counts and signs follow from them."""
        kept = self.ring[: min(self.n_learned, self.window)].tobytes()
        shape = (self.projections, self.window, self.floor, self.seed)
        return msgspec.msgpack.encode((shape, self.n_learned, self.columns.names, self.columns.scaler.scales, kept))

    @classmethod
    def build(cls, parameters: Mapping[str, float], seed: int) -> "Loda":
        """A new detector; `seed` draws the signs."""
        values = check_parameters("loda", parameters, PARAMETERS)
        return cls(int(values["projections"]), int(values["window"]), values["floor"], seed)

    @classmethod
    def from_state(cls, parameters: Mapping[str, float], seed: int, state: bytes) -> "Loda":
        """As `Member.from_state`."""
        model = cls.build(parameters, seed)
        kinds = tuple[tuple[int, int, float, int], int, list[str], dict[str, list[float]], bytes]
        shape, model.n_learned, names, scales, kept = msgspec.msgpack.decode(state, type=kinds)
        expected = (model.projections, model.window, model.floor, model.seed)
        if shape != expected:
            raise ValueError(f"loda state is of other parameters; got: {shape}; expected: {expected}")
        rows = min(model.n_learned, model.window)
        if len(kept) != rows * model.projections or max(kept, default=0) >= BINS:
            raise ValueError(DAMAGED.format(len(kept), f"{rows * model.projections}, each below {BINS}"))
        model.columns.restore(names, scales)
        model.grow(names)
        model.ring[:rows] = np.frombuffer(kept, dtype=np.uint8).reshape(rows, model.projections)
        places = (model.ring[:rows] + model.starts).ravel()
        model.counts = np.bincount(places, minlength=len(model.counts)).astype(np.int64)
        return model
