"""Compiled trees and tails against plain Python and River, bit for bit, on whatever numbers come."""

import ast
import math
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import anomaly

from detectors.features import NAMES as REGISTERED
from detectors.models import bounded_scaler, compiled_code, windowed_tails
from detectors.models.flat_trees import FlatHalfSpaceTrees
from detectors.models.half_space_trees import HalfSpaceTrees
from detectors.models.tree_state import Shape
from detectors.models.windowed_tails import WindowedTails

if compiled_code.kernels() is None:
    pytest.skip(compiled_code.prepare().said, allow_module_level=True)

from detectors.models import machine_memory, tail_kernels, tree_kernels
from detectors.models.compiled_trees import CompiledTrees

NAMES = ("a", "b", "c")
MEMORY = "detectors.models.machine_memory"
# values that differ from each other in the last bit, huge and tiny ones, both zeros, and what is no number
NUMBERS = st.one_of(
    st.floats(-4, 4),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e9, -1e9, 1e300, 5e-324, math.inf, -math.inf, math.nan]),
    st.integers(-3, 3),
)
EVENTS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from([*NAMES, "other"]), NUMBERS, max_size=4), st.sampled_from("lllsb")),
    min_size=1,
    max_size=80,
)


def same(one: Any, two: Any) -> bool:
    """Equal to the last bit: `repr` tells zeros and NaN apart as == does not."""
    return repr(one) == repr(two)


def both(name: str) -> tuple[Any, Any]:
    """A compiled and a plain detector of small windows, so that 80 events pass several pivots."""
    made: list[Any] = []
    for plain in (False, True):
        model: Any = (
            HalfSpaceTrees(trees=6, height=3, window=16, first_window=4, features=NAMES, seed=5)
            if name == "trees"
            else WindowedTails(12)
        )
        if plain:
            model.stay_plain()
        made.append(model)
    return made[0], made[1]


@pytest.mark.parametrize("name", ["trees", "tails"])
@settings(max_examples=150)
@given(events=EVENTS)
def test_compiled_is_plain_bit_for_bit(name, events):
    """Scores, credits and state after each event: learned, only scored, or learned in one call with the scoring."""
    compiled, plain = both(name)
    for x, what in events:
        assert same(compiled.score_one(x), plain.score_one(x))
        assert same(compiled.explain_one(x), plain.explain_one(x))
        if what == "l":
            compiled.learn_one(x)
            plain.learn_one(x)
        else:
            learn = what == "b"
            assert same(compiled.score_then_learn_one(x, learn), plain.score_then_learn_one(x, learn))
        assert compiled.to_state() == plain.to_state()
        assert compiled.n_learned == plain.n_learned


def test_either_goes_on_from_a_state_of_the_other(monkeypatch):
    """A worker with compiled code takes over from one without, and the other way round, before, at and after pivots."""
    rng = random.Random(8)
    names = REGISTERED[:4]
    events = [{n: rng.choice((rng.gauss(0, 2), 1e9, -1e300)) for n in names if rng.random() < 0.8} for _ in range(140)]
    for kind, given_ in (
        (HalfSpaceTrees, {"trees": 6.0, "height": 3.0, "window": 16.0, "first_window": 4.0}),
        (WindowedTails, {"window": 12.0}),
    ):
        for count in (1, 3, 4, 12, 60, 61):
            models = [kind.build(given_, 3), kind.build(given_, 3)]
            models[1].stay_plain()
            for model in models:
                for x in events[:count]:
                    model.learn_one(x)
            state = models[0].to_state()
            assert state == models[1].to_state()
            loaded = [kind.from_state(given_, 3, state)]
            with monkeypatch.context() as patch:
                patch.setattr(compiled_code, "kernels", lambda: None)
                loaded.append(kind.from_state(given_, 3, state))
            assert [model._compiled is None for model in loaded] == [False, True]
            for x in events[count:]:
                first, *others = [model.score_then_learn_one(x) for model in (*models, *loaded)]
                assert all(same(first, other) for other in others)
            assert len({model.to_state() for model in (*models, *loaded)}) == 1


def squeezed(rng: random.Random, nan: float) -> float:
    """Around the middle of 0-1, sometimes on a border, outside, huge, or NaN."""
    if rng.random() < nan:
        return math.nan
    return rng.choice((rng.gauss(0.5, 0.2), rng.gauss(0.5, 0.2), 0.0, 1.0, -3.0, 1e9, -1e300, math.inf))


@pytest.mark.parametrize("seed", [1, 2026])
@pytest.mark.parametrize(("trees", "height", "window"), [(1, 1, 10), (5, 3, 37), (50, 8, 100)])
@pytest.mark.parametrize(("missing", "nan"), [(0.0, 0.0), (0.3, 0.0), (0.2, 0.05)])
def test_scores_equal_rivers_bit_for_bit(seed, trees, height, window, missing, nan):
    """One by one, and all again in blocks that end before, at and after pivots, with loads between them."""
    rng = random.Random(seed)
    events = [dict.fromkeys(NAMES, 0.5)]
    events += [{n: squeezed(rng, nan) for n in NAMES if rng.random() >= missing} for _ in range(4 * window + 20)]
    river = anomaly.HalfSpaceTrees(n_trees=trees, height=height, window_size=window, seed=seed)
    shape = Shape(trees, height, window, seed)
    singly, block = (
        CompiledTrees(compiled_code.kernels(), shape),
        CompiledTrees(compiled_code.kernels(), shape, None, NAMES),
    )
    expected = []
    for x in events:
        expected.append(float(river.score_one(x)))
        assert singly.score_one(x) == expected[-1]
        river.learn_one(x)
        singly.learn_one(x)
    assert len(set(expected)) >= 3
    rows = np.array([[x.get(name, -7.0) for name in NAMES] for x in events])
    present = np.array([[name in x for name in NAMES] for x in events])
    scores, done = [], 0
    for size in (1, window - 1, window, window + 1, 2 * window, len(events)):
        scores += block.score_then_learn_block(rows[done : done + size], present[done : done + size]).tolist()
        done += size
        block = pickle.loads(pickle.dumps(block))
    assert scores == expected
    assert block.to_state() == singly.to_state()


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_blocks_equal_one_call_after_another(missing):
    """Trees and tails, compiled and plain; a block that is only scored leaves all as it is."""
    rng = np.random.default_rng(3)
    rows = np.round(rng.normal(0.5, 0.3, (300, 3)), 2)
    rows[7, 1], rows[8, 2] = math.nan, math.inf
    present = rng.random(rows.shape) >= missing if missing else None
    shape = Shape(6, 4, 40, 9)
    trees = [CompiledTrees(compiled_code.kernels(), shape, 10, NAMES), FlatHalfSpaceTrees(6, 4, 40, 10, NAMES, 9)]
    for first, last in ((0, 1), (1, 40), (40, 41), (41, 300)):
        part = rows[first:last], None if present is None else present[first:last]
        before = trees[0].to_state()
        only = trees[0].score_then_learn_block(*part, learn=False)
        assert only.tolist() == trees[1].score_then_learn_block(*part, learn=False).tolist()
        assert trees[0].to_state() == before == trees[1].to_state()
        one, two = (model.score_then_learn_block(*part) for model in trees)
        assert one.tolist() == two.tolist()
        assert trees[0].to_state() == trees[1].to_state()
    compiled, plain = both("tails")
    for first, last in ((0, 1), (1, 40), (40, 300)):
        part = rows[first:last], None if present is None else present[first:last]
        one, two = (model.score_then_learn_block(("b", "a", "c"), *part) for model in (compiled, plain))
        assert one.tolist() == two.tolist()
        assert compiled.to_state() == plain.to_state()
    assert compiled.n_learned == plain.n_learned == 300


def test_the_constants_are_those_of_plain_python():
    """Numba sees its own file only, so they stand there again."""
    assert (tree_kernels.SLOWEST, tree_kernels.STEP_LIMIT, tree_kernels.Z_LIMIT) == (
        bounded_scaler.SLOWEST,
        bounded_scaler.STEP_LIMIT,
        bounded_scaler.Z_LIMIT,
    )
    assert windowed_tails.USUAL == tail_kernels.USUAL


@pytest.mark.parametrize(
    ("module", "ours"), [(tree_kernels, {MEMORY}), (tail_kernels, {MEMORY}), (machine_memory, set())]
)
def test_the_kernels_use_nothing_of_ours_from_elsewhere(module, ours):
    """Failure prevented: a function of another module changes, and the cache, which knows this file only, goes on."""
    imported = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    assert {name for name in imported if name.startswith("detectors")} == ours
