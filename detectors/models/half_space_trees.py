"""Detector: River's Half-Space Trees on squashed robust z, with path shares."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from detectors.features import NAMES
from detectors.models import compiled_code
from detectors.models.bounded_scaler import BoundedScaler, squash
from detectors.models.flat_trees import FlatHalfSpaceTrees
from detectors.models.member import Deviations, Member, check_parameters
from detectors.models.tree_state import CREDIT_UNIT, credit_drops

PARAMETERS = {
    "trees": (50.0, 1.0, 1000.0),
    "height": (8.0, 1.0, 12.0),
    "window": (1000.0, 2.0, 1_000_000.0),
    "first_window": (32.0, 2.0, 1_000_000.0),
    "floor": (0.5, 1e-9, 1e9),
}
# Trees times leaves of each; the defaults have 12 800. Failure prevented: 1 000 trees of height 12, both in range, are
# grown for each segment and take every worker three minutes of CPU and gigabytes, at each start again.
MOST_LEAVES = 2**15


class HalfSpaceTrees(Member):
    """How empty the neighbourhood of the event is among recent ones, over all features together.

    Purpose: odd combinations of usual values. Formula: River's Half-Space Trees (`FlatHalfSpaceTrees`, equal scores) on
    logistic(2z/8) of the bounded-step robust z, first windows doubling from 32 to `window`.
    Source: DETECTION.md; why not River's `MinMaxScaler` in front: one value of 1e9 leaves one constant score.
    Range 0-1, higher is more unusual; 0 for the first 32 events. Missing features follow the heavier child.
    Credits: at each split of each path, the drop of log2(mass x 2^depth) goes to the split's feature; a feature whose
    drops sum below 0 gets 0. Cost: about 6 us for ten features where compiled (50 x 8), 130 us in plain
    Python; 33 us at 25 x 6. State: 8 bytes a leaf of each tree (100 KB at 50 x 8) and 30 a feature.
    NaN counts as missing, and what is no feature of the trees is not looked at.
    Fails on anomalies packed in time, on more features than paths can split on, and forgets at each pivot.

    >>> import random
    >>> rng, model = random.Random(3), HalfSpaceTrees(features=("a", "b"), window=128, seed=1)
    >>> for _ in range(600):
    ...     a = rng.gauss(0, 1)
    ...     model.learn_one({"a": a, "b": a + rng.gauss(0, 0.2)})
    >>> model.score_one({"a": 1.5, "b": -1.5}) > model.score_one({"a": 1.5, "b": 1.5})
    True
    """

    compiled = True

    def __init__(
        self,
        trees: int = 50,
        height: int = 8,
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
        self._own = frozenset(self.model.names)
        # Made when first asked for after a pivot; not part of the state.
        self._drops: list[list[int]] = []
        self._dropped = 0
        # None: plain Python runs, with `scaler` and `model`. Decided with the first event learned, or with a state.
        self._compiled: Any = None
        self._decided = False

    def _decide(self) -> None:
        """Compiled code from now on, where there is any. Not before: commands build models only to check parameters."""
        self._decided = True
        found = compiled_code.kernels()
        if found is not None:
            from detectors.models.compiled_trees import CompiledTrees

            self._compiled = CompiledTrees(found, self.model.shape, self.first_window, self.features, self.floor)

    def stay_plain(self) -> None:
        """Run as plain Python, compiled code or not: what the compiled is compared with. Call it before learning."""
        self._decided = True

    def _known(self, x: Deviations) -> dict[str, float]:
        """What the trees split on. NaN is missing: it would stay in the scaler for ever."""
        return {name: value for name, value in x.items() if name in self._own and value == value}  # noqa: PLR0124

    def _squashed(self, x: Deviations) -> dict[str, float]:
        return {name: squash(z) for name, z in self.scaler.transform_one(self._known(x)).items()}

    def learn_one(self, x: Deviations) -> None:
        """Learn the event where it lies now, then move the scaler."""
        if not self._decided:
            self._decide()
        self.n_learned += 1
        if self._compiled is not None:
            self._compiled.learn_one(x)
            return
        self.model.learn_one(self._squashed(x))
        self.scaler.learn_one(self._known(x))

    def score_one(self, x: Deviations) -> float:
        """0-1; changes nothing."""
        if self._compiled is not None:
            score: float = self._compiled.score_one(x)
            return score
        return self.model.score_one(self._squashed(x))

    def _credits(self, reached: Sequence[int]) -> dict[str, float]:
        """Over the paths to these leaves, what each feature's splits credit it with, where that is more than 0."""
        model = self.model
        if not model.reference:
            return {}
        if self._dropped != model.pivots:
            assert model.nodes is not None
            self._drops, self._dropped = credit_drops(model.nodes).tolist(), model.pivots
        totals = [0] * len(model.names)
        for (features, _), drops, leaf in zip(model.splits, self._drops, reached, strict=True):
            child = leaf + model.leaves - 1
            while child:
                parent = (child - 1) >> 1
                totals[features[parent]] += drops[child]
                child = parent
        return {name: total / CREDIT_UNIT for name, total in zip(model.names, totals, strict=True) if total > 0}

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Path shares in log2 mass; empty before the first window is full."""
        if self._compiled is not None:
            credited: dict[str, float] = self._compiled.score_then_learn_one(x, learn=False)[1]
            return credited
        return self._credits(self.model.leaves_of(self._squashed(x)))

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """One descent serves score, credits and learning: none of them moves the others' path."""
        if learn and not self._decided:
            self._decide()
        self.n_learned += learn
        if self._compiled is not None:
            both: tuple[float, dict[str, float]] = self._compiled.score_then_learn_one(x, learn)
            return both
        reached = self.model.leaves_of(self._squashed(x))
        scored = self.model.score_leaves(reached), self._credits(reached)
        if learn:
            self.model.learn_leaves(reached)
            self.scaler.learn_one(self._known(x))
        return scored

    def restore(self, scales: Mapping[str, list[float]], trees: bytes) -> None:
        """Take over a saved scaler and trees. Raises `ValueError` when they are of another shape, seed or features."""
        self._decide()
        own = {name: scale for name, scale in scales.items() if name in self._own}
        if self._compiled is not None:
            self._compiled.restore(trees, own)
        else:
            self.scaler.scales = own
            self.model.restore(trees)

    def to_state(self) -> bytes:
        """Counter, scaler and masses: 8 bytes a leaf of each tree, and some 30 a feature."""
        trees, scales = (
            (self.model, self.scaler.scales) if self._compiled is None else (self._compiled, self._compiled.scales)
        )
        return msgspec.msgpack.encode((self.n_learned, self.floor, scales, trees.to_state()))

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
        model.n_learned, floor, scales, trees = msgspec.msgpack.decode(state, type=kinds)
        if floor != model.floor:
            raise ValueError(
                f"half_space_trees state is of other parameters; got: floor {floor}; expected: {model.floor}"
            )
        model.restore(scales, trees)
        return model
