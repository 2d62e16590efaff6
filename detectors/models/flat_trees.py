"""River's Half-Space Trees on flat arrays: equal scores, a fraction of the time."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from river.base import AnomalyDetector

from detectors.models.blocks import Block, Present, check_block, mappings
from detectors.models.tree_state import Counters, Shape, TreeState, balances, decode, encode

Splits = tuple[list[int], list[float]]
# Growing 25 trees of height 6 takes some 7 ms, and every partition needs the same ones for a segment's seed.
GROWTHS_REMEMBERED = 128


def _heap(node: Any, number: dict[str, int], height: int) -> Splits:
    """Split features and thresholds of River's tree in heap order (children of i are 2i + 1 and 2i + 2)."""
    features, thresholds, level = [], [], [node]
    for _ in range(height):
        features += [number[branch.feature] for branch in level]
        thresholds += [float(branch.threshold) for branch in level]
        level = [child for branch in level for child in branch.children]
    return features, thresholds


@lru_cache(maxsize=GROWTHS_REMEMBERED)
def _grown(names: tuple[str, ...], n_trees: int, height: int, seed: int) -> tuple[Splits, ...]:
    """The splits of River's trees for a seed. Shared by all models of that seed: never written to."""
    return grow(names, n_trees, height, seed)


def grow(names: tuple[str, ...], n_trees: int, height: int, seed: int | None) -> tuple[Splits, ...]:
    """The splits of River's trees for a seed; None: others at each call."""
    # takes a second (SciPy), which commands that only read settings need not spend; a monitor does so at its start
    from river.tree.padded import make_padded_tree

    number = {name: index for index, name in enumerate(names)}
    grow: Callable[..., Any] = make_padded_tree
    rng = random.Random(seed)  # noqa: S311  # River's generator, not cryptography
    splits = []
    for _ in range(n_trees):
        limits = dict.fromkeys(names, (0.0, 1.0))
        tree = grow(limits=limits, height=height, padding=0.15, rng=rng, r_mass=0, l_mass=0)
        splits.append(_heap(tree, number, height))
    return tuple(splits)


@lru_cache(maxsize=32)
def _ways(height: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """For each leaf, left to right, the inner nodes that its path leaves to the left, and those to the right."""
    ways = []
    for leaf in range(1 << height):
        nodes = [(leaf >> (height - depth)) + (1 << depth) - 1 for depth in range(height)]
        rights = [leaf >> (height - depth - 1) & 1 for depth in range(height)]
        ways.append(
            (
                tuple([node for node, right in zip(nodes, rights, strict=True) if not right]),
                tuple([node for node, right in zip(nodes, rights, strict=True) if right]),
            )
        )
    return ways


class FlatHalfSpaceTrees(AnomalyDetector):
    """Half-Space Trees whose scores equal `river.anomaly.HalfSpaceTrees` of the same seed, bit for bit.

    Purpose: joint density of inputs in 0-1 (feature limits other than 0-1 are not supported: squash first).
    Formula: per tree, sum over the path of reference mass x 2^depth, ending below a tenth of the window; the score is
    1 - sum / largest possible sum. Source: Tan, Ting, Liu (IJCAI 2011); River 0.26.1, whose own `make_padded_tree`
    makes the splits here. Range 0-1, higher is more unusual; 0 until the first window is full. A missing feature
    follows the child with more mass in the current window (left at a tie), NaN goes right, None raises `TypeError`:
    all as River does.

    Beyond River: `first_window` < `window_size` makes the windows double from it (32, 64 .. `window_size`), so that
    scores exist early; each score then uses the size of the window its masses come from. Equal to River's with
    `window_size` set likewise at each pivot.

    Why it is exact: two `random()` draws per node in pre-order give every split; masses are integers; a score reads
    only the masses of the last full window, so a table by leaf, made at the pivot, holds every possible score of a
    tree. Cost (ten features, 25 x 6): about 10 us to score or learn, 20 us with missing
    features, 0.13 ms at a pivot; River's own trees take 35-41 us to score and learn.
    Fails on anomalies packed in time (they become the window), and forgets everything at each pivot.

    >>> model = FlatHalfSpaceTrees(n_trees=5, height=3, window_size=3, seed=42)
    >>> for x in [0.5, 0.45, 0.43]:
    ...     model.learn_one({"x": x})
    >>> model.learn_one({"x": 0.5}); round(model.score_one({"x": 0.5}), 3)
    0.107
    """

    def __init__(
        self,
        n_trees: int = 10,
        height: int = 8,
        window_size: int = 250,
        first_window: int | None = None,
        features: Sequence[str] | None = None,
        seed: int | None = None,
    ) -> None:
        """`features` None takes them from the first learned event, as River does: splits on others never happen."""
        self.n_trees, self.height, self.window_size, self.seed = n_trees, height, window_size, seed
        self.first_window, self.features = first_window, features
        self.n_learned = 0
        self.names: tuple[str, ...] = ()
        self.counter = 0
        self.window = min(first_window or window_size, window_size)
        # Size of the window that the reference masses come from; 0 = no window is full yet.
        self.reference = 0
        # How often the reference changed in this process (a restore counts): tells readers of `nodes` to look again.
        self.pivots = 0
        self.leaves = 1 << height
        self.splits: tuple[Splits, ...] = ()
        self.masses: list[list[int]] = []
        # Per inner node, mass to the right less mass to the left in the current window: a missing feature's way on.
        # It follows from the masses, and adding it up at each descent took longer than the descent.
        self.balances: list[list[int]] = []
        self.ways = _ways(height)
        self.table: list[list[float]] = []
        self.nodes: np.ndarray[Any, np.dtype[np.int64]] | None = None
        if features is not None:
            self._name(features)

    def _name(self, features: Sequence[str]) -> None:
        self.names = tuple(sorted(features))
        self._clear()

    def _grow(self) -> None:
        """Grow the trees: not before an event or a restore, as commands build models only to check their parameters."""
        grown = grow if self.seed is None else _grown
        self.splits = grown(self.names, self.n_trees, self.height, self.seed)

    def _clear(self) -> None:
        """Empty the current window."""
        self.masses = [[0] * self.leaves for _ in range(self.n_trees)]
        self.balances = [[0] * (self.leaves - 1) for _ in range(self.n_trees)]

    def leaves_of(self, x: Mapping[Any, float]) -> list[int]:
        """The leaf (0 .. 2^height - 1, left to right) that `x` reaches in each tree."""
        if not self.splits and self.names:
            self._grow()
        first = self.leaves - 1
        levels = range(self.height)
        reached = []
        values: list[Any] = [x.get(name, _ABSENT) for name in self.names]
        if _ABSENT not in values:
            for features, thresholds in self.splits:
                node = 0
                for _ in levels:
                    node = 2 * node + (1 if values[features[node]] < thresholds[node] else 2)
                reached.append(node - first)
            return reached
        for (features, thresholds), balance in zip(self.splits, self.balances, strict=True):
            node = 0
            for _ in levels:
                value = values[features[node]]
                if value is _ABSENT:
                    # River's way on: the child with more mass in the current window, left at a tie
                    node = 2 * node + (2 if balance[node] > 0 else 1)
                else:
                    node = 2 * node + (1 if value < thresholds[node] else 2)
            reached.append(node - first)
        return reached

    def score_leaves(self, reached: Sequence[int]) -> float:
        """The score of an event that reaches these leaves."""
        if not self.reference:
            return 0.0
        total = 0.0
        for row, leaf in zip(self.table, reached, strict=True):
            total += row[leaf]
        largest: int = self.n_trees * self.reference * (2 ** (self.height + 1) - 1)
        return 1.0 - total / largest

    def learn_leaves(self, reached: Sequence[int]) -> None:
        """Count one event in these leaves; at the window's end the counts become the reference."""
        for masses, balance, leaf in zip(self.masses, self.balances, reached, strict=True):
            masses[leaf] += 1
            lefts, rights = self.ways[leaf]
            for node in lefts:
                balance[node] -= 1
            for node in rights:
                balance[node] += 1
        self.n_learned += 1
        self.counter += 1
        if self.counter == self.window:
            self.reference, self.counter = self.window, 0
            self._tabulate(np.array(self.masses, dtype=np.int64))
            self._clear()
            self.window = min(2 * self.window, self.window_size)

    def score_one(self, x: Mapping[Any, float]) -> float:
        """0-1, higher is more unusual; changes nothing."""
        return self.score_leaves(self.leaves_of(x)) if self.reference else 0.0

    def learn_one(self, x: Mapping[Any, float]) -> None:
        """Learn one event. The first one names the features, unless they were given."""
        if not self.names:
            self._name(sorted(x))
        self.learn_leaves(self.leaves_of(x))

    def _tabulate(self, leaf_masses: "np.ndarray[Any, np.dtype[np.int64]]") -> None:
        """Each leaf's path sum, with River's early end below a tenth of the window. Integers below 2^53: exact."""
        levels = [leaf_masses]
        while levels[0].shape[1] > 1:
            levels.insert(0, levels[0][:, ::2] + levels[0][:, 1::2])
        self.nodes = np.concatenate(levels, axis=1)
        self.pivots += 1
        sums = np.zeros((self.n_trees, self.leaves))
        going = np.ones((self.n_trees, self.leaves), dtype=bool)
        for depth, masses in enumerate(levels):
            along = np.repeat(masses, self.leaves >> depth, axis=1)
            sums += np.where(going, along * float(1 << depth), 0.0)
            going &= along >= 0.1 * self.reference
        self.table = sums.tolist()

    def score_then_learn_block(self, rows: Block, present: Present | None = None, learn: bool = True) -> Block:
        """The score of each row before it is learned, rows in order, values in the order of `names`.

        NaN is a value, which goes right; a value where `present` is False is missing. Equal to one call after another.
        Raises `ValueError` for rows of another width, or before the features are known.
        """
        scores = []
        for x in mappings(self.names, *check_block(self.names, rows, present)):
            scores.append(self.score_one(x))
            if learn:
                self.learn_one(x)
        return np.array(scores)

    @property
    def shape(self) -> Shape:
        """What a state must agree in."""
        return Shape(self.n_trees, self.height, self.window_size, self.seed)

    def to_state(self) -> bytes:
        """Counters and integer masses; splits follow from the seed and are not saved. Size: 8 bytes a leaf."""
        counters = Counters(self.n_learned, self.counter, self.window, self.reference)
        reference = None if self.nodes is None else self.nodes[:, -self.leaves :].astype(np.int32)
        current = np.array(self.masses, dtype=np.int32)
        return encode(self.shape, TreeState(counters, list(self.names), current, reference))

    def restore(self, state: bytes) -> None:
        """Become the model `to_state` described. Raises `ValueError` when it was of another shape, seed or features."""
        found = decode(state, self.shape, self.names)
        if found.names:
            self._name(found.names)
            self._grow()  # now: loading has time, the first event after it has not
            self.masses = found.current.tolist()
            self.balances = balances(found.current).tolist()
        self.n_learned, self.counter, self.window, self.reference = found.counters
        if found.reference is not None:
            self._tabulate(found.reference.astype(np.int64))


_ABSENT: Any = object()
