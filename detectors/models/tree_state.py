"""The saved bytes of Half-Space Trees, the same whichever code wrote them, and the credits that their masses give."""

from typing import Any, NamedTuple

import msgspec
import numpy as np

Masses = np.ndarray[Any, np.dtype[np.int32]]

# A leaf that no event reached has no logarithm; half an event stands for "fewer than one seen".
LEAST_MASS = 0.5
# Credits are counted in 2^-24 of a doubling. Failure prevented: sums of fractions differ with the order of adding, and
# logarithms in their last bit with the processor.
CREDIT_UNIT = 2.0**24


class Shape(NamedTuple):
    """What a state must agree in with the trees that load it."""

    n_trees: int
    height: int
    window_size: int
    seed: int | None


class Counters(NamedTuple):
    """Events learned, of them in the current window, its size, and the size of the reference window (0 = none)."""

    n_learned: int
    counter: int
    window: int
    reference: int


class TreeState(NamedTuple):
    """Counters, names, and masses of the leaves: one row a tree, left to right. `reference` None: no full window."""

    counters: Counters
    names: list[str]
    current: Masses
    reference: Masses | None


def encode(shape: Shape, state: TreeState) -> bytes:
    """Counters and integer masses, four bytes each; splits follow from the seed and are not saved."""
    current = state.current.astype("<i4").tobytes()
    reference = b"" if state.reference is None else state.reference.astype("<i4").tobytes()
    return msgspec.msgpack.encode((tuple(shape), tuple(state.counters), state.names, current, reference))


def decode(saved: bytes, expected: Shape, names: tuple[str, ...]) -> TreeState:
    """What `encode` was given. Raises `ValueError` when it was of another shape, seed or features (none: any)."""
    kinds = tuple[tuple[int, int, int, int | None], tuple[int, int, int, int], list[str], bytes, bytes]
    shape, counters, found, current, reference = msgspec.msgpack.decode(saved, type=kinds)
    if shape != tuple(expected) or (names and list(names) != found):
        raise ValueError(
            f"half-space trees of another shape or other features; got: {shape}, {found}; "
            f"expected: {tuple(expected)}, {list(names)}"
        )
    rows = (expected.n_trees, 1 << expected.height) if found else (0, 0)
    return TreeState(
        Counters(*counters),
        found,
        np.frombuffer(current, dtype="<i4").reshape(rows),
        np.frombuffer(reference, dtype="<i4").reshape(rows) if reference else None,
    )


def credit_drops(nodes: "np.ndarray[Any, np.dtype[Any]]") -> Masses:
    """For each node but the roots, how far log2(mass x 2^depth) falls from its parent to it, in `CREDIT_UNIT`.

    `nodes` are the reference masses, one row a tree, in heap order. One level down is one more doubling.
    """
    logs = np.rint(np.log2(np.maximum(nodes, LEAST_MASS)) * CREDIT_UNIT).astype(np.int32)
    drops: Masses = np.zeros_like(logs)
    parents = (np.arange(1, nodes.shape[1]) - 1) >> 1
    drops[:, 1:] = logs[:, parents] - logs[:, 1:] - np.int32(CREDIT_UNIT)
    return drops


def balances(masses: "np.ndarray[Any, np.dtype[Any]]") -> Masses:
    """Per inner node, mass to the right less mass to the left, one row a tree, from the masses of the leaves."""
    levels: Masses = masses.astype(np.int32)
    differences: list[Masses] = []
    while levels.shape[1] > 1:
        lefts, rights = levels[:, ::2], levels[:, 1::2]
        differences.insert(0, rights - lefts)
        levels = lefts + rights
    return np.concatenate(differences, axis=1)
