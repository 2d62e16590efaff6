"""Detector: River's Half-Space Trees on squashed robust z, with path shares."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from detectors.features import NAMES
from detectors.models.bounded_scaler import BoundedScaler, squash
from detectors.models.flat_trees import FlatHalfSpaceTrees
from detectors.models.member import Deviations, Member, check_parameters

PARAMETERS = {
    "trees": (25.0, 1.0, 1000.0),
    "height": (6.0, 1.0, 12.0),
    "window": (1000.0, 2.0, 1_000_000.0),
    "first_window": (32.0, 2.0, 1_000_000.0),
    "floor": (0.5, 1e-9, 1e9),
}
# Trees times leaves of each; the defaults have 1 600. Failure prevented: 1 000 trees of height 12, both in range, are
# grown for each segment and take every worker three minutes of CPU and gigabytes, at each start again.
MOST_LEAVES = 2**15
# A leaf that no event reached has no logarithm; half an event stands for "fewer than one seen".
LEAST_MASS = 0.5


class HalfSpaceTrees(Member):
    """How empty the neighbourhood of the event is among recent ones, over all features together.

    Purpose: odd combinations of usual values. Formula: River's Half-Space Trees (`FlatHalfSpaceTrees`, equal scores) on
    logistic(2z/8) of the bounded-step robust z, first windows doubling from 32 to `window`.
    Source: DETECTION.md; why not River's `MinMaxScaler` in front: one value of 1e9 leaves one constant score.
    Range 0-1, higher is more unusual; 0 for the first 32 events. Missing features follow the heavier child.
    Credits: at each split of each path, the drop of log2(mass x 2^depth) goes to the split's feature; a feature whose
    drops sum below 0 gets 0. Cost: about 33 us for ten features at 25 x 6.
    Fails on anomalies packed in time, on more features than paths can split on, and forgets at each pivot.

    >>> import random
    >>> rng, model = random.Random(3), HalfSpaceTrees(features=("a", "b"), window=128, seed=1)
    >>> for _ in range(600):
    ...     a = rng.gauss(0, 1)
    ...     model.learn_one({"a": a, "b": a + rng.gauss(0, 0.2)})
    >>> model.score_one({"a": 1.5, "b": -1.5}) > model.score_one({"a": 1.5, "b": 1.5})
    True
    """

    def __init__(
        self,
        trees: int = 25,
        height: int = 6,
        window: int = 1000,
        first_window: int = 32,
        floor: float = 0.5,
        features: Sequence[str] = NAMES,
        seed: int = 1,
    ) -> None:
        self.trees, self.height, self.window, self.first_window = trees, height, window, first_window
        self.floor, self.features, self.seed = floor, features, seed
        self.n_learned = 0
        self.scaler = BoundedScaler(floor)
        self.model = FlatHalfSpaceTrees(trees, height, window, first_window, features, seed)
        # Made when first asked for after a pivot; not part of the state.
        self._table, self._starts, self._tabulated = np.zeros((0, 0)), np.zeros(0, dtype=np.int64), 0

    def _squashed(self, x: Deviations) -> dict[str, float]:
        return {name: squash(z) for name, z in self.scaler.transform_one(x).items()}

    def learn_one(self, x: Deviations) -> None:
        """Learn the event where it lies now, then move the scaler."""
        self.model.learn_one(self._squashed(x))
        self.scaler.learn_one(x)
        self.n_learned += 1

    def score_one(self, x: Deviations) -> float:
        """0-1; changes nothing."""
        return self.model.score_one(self._squashed(x))

    def _tabulate(self) -> None:
        """Credits by leaf for the reference masses of now: one row per tree and leaf, one column per feature."""
        model = self.model
        assert model.nodes is not None
        leaves = np.arange(model.leaves)
        split_on = np.array([features for features, _ in model.splits])
        mass = np.log2(np.maximum(model.nodes, LEAST_MASS))
        table = np.zeros((self.trees, model.leaves, len(model.names)))
        rows = np.arange(self.trees)[:, None]
        for depth in range(self.height):
            parents = (leaves >> (self.height - depth)) + (1 << depth) - 1
            children = (leaves >> (self.height - depth - 1)) + (2 << depth) - 1
            # log2(mass x 2^depth) falls by this much; one level down is one more doubling
            drops = mass[:, parents] - mass[:, children] - 1.0
            table[rows, leaves[None, :], split_on[:, parents]] += drops
        self._table = table.reshape(self.trees * model.leaves, len(model.names))
        self._starts = np.arange(self.trees) * model.leaves
        self._tabulated = model.pivots

    def _credits(self, reached: Sequence[int]) -> dict[str, float]:
        model = self.model
        if not model.reference:
            return {}
        if self._tabulated != model.pivots:
            self._tabulate()
        totals = self._table[self._starts + reached].sum(axis=0).tolist()
        return {name: total for name, total in zip(model.names, totals, strict=True) if total > 0.0}

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Path shares in log2 mass; empty before the first window is full."""
        return self._credits(self.model.leaves_of(self._squashed(x)))

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """One descent serves score, credits and learning: none of them moves the others' path."""
        reached = self.model.leaves_of(self._squashed(x))
        scored = self.model.score_leaves(reached), self._credits(reached)
        if learn:
            self.model.learn_leaves(reached)
            self.scaler.learn_one(x)
            self.n_learned += 1
        return scored

    def to_state(self) -> bytes:
        """Counter, scaler and masses."""
        return msgspec.msgpack.encode((self.n_learned, self.floor, self.scaler.scales, self.model.to_state()))

    @classmethod
    def build(cls, parameters: Mapping[str, float], seed: int) -> "HalfSpaceTrees":
        """Trees over the registry's features. Raises `ValueError` for parameters out of range, alone or together."""
        values = check_parameters("half_space_trees", parameters, PARAMETERS)
        leaves = int(values["trees"]) << int(values["height"])
        if leaves > MOST_LEAVES:
            raise ValueError(f"detector half_space_trees: trees x 2^height = {leaves}, must be at most {MOST_LEAVES}")
        return cls(
            trees=int(values["trees"]),
            height=int(values["height"]),
            window=int(values["window"]),
            first_window=int(values["first_window"]),
            floor=values["floor"],
            seed=seed,
        )

    @classmethod
    def from_state(cls, parameters: Mapping[str, float], seed: int, state: bytes) -> "HalfSpaceTrees":
        """As `Member.from_state`."""
        model = cls.build(parameters, seed)
        kinds = tuple[int, float, dict[str, list[float]], bytes]
        model.n_learned, floor, model.scaler.scales, trees = msgspec.msgpack.decode(state, type=kinds)
        if floor != model.floor:
            raise ValueError(
                f"half_space_trees state is of other parameters; got: floor {floor}; expected: {model.floor}"
            )
        model.model.restore(trees)
        return model
