"""Tries compiled code before it is used: the same events through it and through plain Python must give the same bytes.

Failure prevented: a mathematical library whose exp or log differs in the last bit from Python's own, or a compiler with
a fault. Ledgers replayed on two machines would then give different scores, and nobody would know why.
"""

from math import sin
from typing import Any

from detectors.models.compiled_tails import CompiledTails
from detectors.models.compiled_trees import CompiledTrees
from detectors.models.half_space_trees import HalfSpaceTrees
from detectors.models.windowed_tails import WindowedTails

NAMES = ("a", "b", "c", "d", "e")
EVENTS = 150


def find_difference(kernels: Any) -> str:
    """What differed first, with the event's number; empty when nothing did. Cost: 30 ms."""
    plain_trees = HalfSpaceTrees(trees=5, height=4, window=40, first_window=10, features=NAMES, seed=3)
    plain_tails = WindowedTails(window=30)
    plain_trees.stay_plain()
    plain_tails.stay_plain()
    trees = CompiledTrees(kernels, plain_trees.model.shape, 10, NAMES, plain_trees.floor)
    tails = CompiledTails(kernels, 30, len(NAMES))
    for number in range(EVENTS):
        x = {name: 3.0 * sin(number * (place + 1.1)) for place, name in enumerate(NAMES) if (number * place) % 7 != 1}
        for what, plain, compiled in (("trees", plain_trees, trees), ("tails", plain_tails, tails)):
            expected, got = plain.score_then_learn_one(x), compiled.score_then_learn_one(x)
            if got != expected:
                return f"{what}, event {number}; got: {got}; expected: {expected}"
    if trees.to_state() != plain_trees.model.to_state() or trees.scales != plain_trees.scaler.scales:
        return "the trees' state after all events"
    if tails.kept() != {name: window.to_bytes() for name, window in plain_tails.windows.items()}:
        return "the tails' state after all events"
    return ""
