"""Trees and tails beside River's, in one run: CPU us an event, and how many times River's.

River's tails are made of its own parts, as it has no such detector: a `utils.SortedWindow` a feature, counted by
`bisect` in the window as its own `append` does, and the same sum of -ln p.
"""

import random
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from math import log
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table
from river import anomaly, utils
from river.base import AnomalyDetector

from detectors.models import compiled_code
from detectors.models.flat_trees import FlatHalfSpaceTrees
from detectors.models.half_space_trees import HalfSpaceTrees
from detectors.models.tree_state import Shape
from detectors.models.windowed_tails import WindowedTails

pytestmark = pytest.mark.bench

NAMES = tuple(f"f{number}" for number in range(10))
SHAPE = Shape(n_trees=50, height=8, window_size=1000, seed=1)
LEARNED, MEASURED, ROUNDS = 1000, 2000, 5
# the goals of issue 14
SINGLY, IN_BLOCKS = 20.0, 100.0
# What is judged, as the goals are near on a machine that others load: less than this means that it no longer works.
LEAST_SINGLY, LEAST_IN_BLOCKS = 10.0, 50.0


class RiverTails(AnomalyDetector):
    """`WindowedTails` of River's parts."""

    def __init__(self, window: int = 1000) -> None:
        self.window = window
        self.windows: dict[str, Any] = {}

    def learn_one(self, x: dict[str, float]) -> None:
        for name, value in x.items():
            if name not in self.windows:
                self.windows[name] = utils.SortedWindow(self.window)
            self.windows[name].append(value)

    def score_one(self, x: dict[str, float]) -> float:
        total = 0.0
        for name, value in x.items():
            kept = self.windows.get(name, ())
            tail = min(len(kept) - bisect_left(kept, value), bisect_right(kept, value))
            p = 2.0 * (1 + tail) / (1 + len(kept))
            total += (-log(p) if p < 1.0 else 0.0) - 1.0
        return total


def cpu(work: Callable[[], object]) -> float:
    """CPU us an event of this thread."""
    began = time.thread_time()
    work()
    return (time.thread_time() - began) / MEASURED * 1e6


def separately(model: Any, events: Iterable[dict[str, float]]) -> list[float]:
    """River's two calls."""
    scores = []
    for x in events:
        scores.append(model.score_one(x))
        model.learn_one(x)
    return scores


def together(model: Any, events: Iterable[dict[str, float]]) -> list[float]:
    """One call, with credits."""
    return [model.score_then_learn_one(x)[0] for x in events]


def least(make: Callable[[], Any], run: Callable[[Any, Any], Any], warm: Any, given: Any) -> tuple[float, list[float]]:
    """The least disturbed of some rounds, and its scores."""
    found = []
    for _ in range(ROUNDS):
        model = make()
        scores: list[float] = []
        run(model, warm)
        found.append((cpu(lambda run=run, model=model, scores=scores: scores.extend(run(model, given))), scores))
    return min(found, key=lambda one: one[0])


def show(title: str, yardstick: float, lines: list[tuple[str, float, float | None]]) -> dict[str, float]:
    table = Table("what", "us", "x faster than River", "goal", title=title)
    for what, us, goal in lines:
        verdict = "" if goal is None else f"{goal:g}: {'met' if yardstick / us >= goal else 'MISSED'}"
        table.add_row(what, f"{us:.2f}", f"{yardstick / us:.1f}", verdict)
    Console(width=130).print(table)
    return {what: yardstick / us for what, us, _ in lines}


def events(count: int, missing: float) -> list[dict[str, float]]:
    rng = random.Random(7)
    made = [{name: rng.gauss(0.5, 0.2) for name in NAMES} for _ in range(count)]
    return [made[0], *({n: v for n, v in x.items() if rng.random() >= missing} for x in made[1:])]


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_models_beside_rivers(missing):
    """50 trees of height 8, window 1 000, ten features, all there or a fifth missing; scores equal River's."""
    found = compiled_code.kernels()
    if found is None:
        pytest.skip(compiled_code.prepare().said)
    from detectors.models.compiled_trees import CompiledTrees

    every = events(LEARNED + MEASURED, missing)
    warm, given = every[:LEARNED], every[LEARNED:]
    rows = np.array([[x.get(name, 0.0) for name in NAMES] for x in every])
    there = np.array([[name in x for name in NAMES] for x in every]) if missing else None
    blocks = [(rows[part], None if there is None else there[part]) for part in (slice(LEARNED), slice(LEARNED, None))]

    def compiled() -> CompiledTrees:
        return CompiledTrees(found, SHAPE, None, NAMES)

    def in_block(model: Any, block: Any) -> list[float]:
        if isinstance(model, WindowedTails):
            return model.score_then_learn_block(NAMES, *block).tolist()
        return model.score_then_learn_block(*block).tolist()

    def river() -> Any:
        return anomaly.HalfSpaceTrees(n_trees=50, height=8, window_size=1000, seed=1)

    def squashed() -> HalfSpaceTrees:
        return HalfSpaceTrees(50, 8, 1000, 1000, features=NAMES, seed=1)

    yardstick, scores = least(river, separately, warm, given)
    singly, same = least(compiled, separately, warm, given)
    block, also = least(compiled, in_block, *blocks)
    assert scores == same == also
    plain, _ = least(lambda: FlatHalfSpaceTrees(*SHAPE[:3], None, NAMES, 1), separately, warm, given)
    member, _ = least(squashed, together, warm, given)
    ratios = show(
        f"Half-Space Trees, {missing:.0%} of the values missing",
        yardstick,
        [
            ("river.anomaly.HalfSpaceTrees, score_one + learn_one", yardstick, None),
            ("compiled, score_one + learn_one", singly, SINGLY),
            ("compiled, score_then_learn_block", block, IN_BLOCKS),
            ("plain Python, score_one + learn_one", plain, None),
            ("the detector: scaler, squash, trees, credits", member, None),
        ],
    )
    assert ratios["compiled, score_one + learn_one"] > LEAST_SINGLY
    assert ratios["compiled, score_then_learn_block"] > LEAST_IN_BLOCKS
    yardstick, scores = least(RiverTails, separately, warm, given)
    singly, same = least(WindowedTails, separately, warm, given)
    one_call, also = least(WindowedTails, together, warm, given)
    block, last = least(WindowedTails, in_block, *blocks)
    # in a block, values are added in the order of the columns, not in that of each event: the same here
    assert scores == same == also == last
    ratios = show(
        f"Windowed tails, {missing:.0%} of the values missing",
        yardstick,
        [
            ("river.utils.SortedWindow a feature, score_one + learn_one", yardstick, None),
            ("compiled, score_one + learn_one", singly, SINGLY),
            ("compiled, score_then_learn_one with credits", one_call, None),
            ("compiled, score_then_learn_block", block, IN_BLOCKS),
        ],
    )
    assert ratios["compiled, score_one + learn_one"] > LEAST_SINGLY
