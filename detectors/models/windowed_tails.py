"""Detector: sum of windowed tail probabilities."""

from collections.abc import Mapping, Sequence
from math import log
from typing import Any

import msgspec
import numpy as np

from detectors.models import compiled_code
from detectors.models.blocks import Block, Present, check_block, mappings
from detectors.models.member import Deviations, Member, check_parameters
from detectors.models.sliding_window import SlidingWindow

PARAMETERS = {"window": (1000.0, 10.0, 1_000_000.0)}
# A p-value of a continuous feature is uniform, so -ln p is 1 on average: a missing feature, which adds nothing, is
# neutral.
USUAL = 1.0
# Features that get a window; further ones add 0 - 1 as one does that was never seen. Failure prevented: names that
# change with each event fill the memory, 16 KB each at a window of 1 000.
MOST_FEATURES = 256


class WindowedTails(Member):
    """How far out in the tails of the last `window` values the features lie, summed.

    Purpose: adapts to any shape of distribution, needs no scale. Formula: sum over present features of -ln(p) - 1,
    p = min(1, 2 min(upper, lower)), upper = (1 + #(kept >= x)) / (1 + n), lower likewise (Fisher's method).
    Source: DETECTION.md (w = 1000). Unit: nats. Range: -1 x features to (ln((w + 1) / 2) - 1) x features; higher is
    more unusual.
    Cost: 6 us for ten features where compiled, 20 us in plain Python. State: 8 bytes a kept value, at most 256
    features. NaN counts as missing. Fails beyond the window's resolution (two values beyond all kept ones are equal)
    and counts correlated features twice.

    >>> model = WindowedTails(window=100)
    >>> for i in range(150):
    ...     model.learn_one({"a": i % 10})
    >>> round(model.score_one({"a": 11}), 3), round(model.score_one({"a": 4}), 3)
    (2.922, -1.0)
    >>> model.score_one({})
    0.0
    """

    compiled = True

    def __init__(self, window: int = 1000) -> None:
        self.window = window
        self.n_learned = 0
        self.windows: dict[str, SlidingWindow] = {}
        # None: plain Python runs. Decided with the first event that is learned, or with a state.
        self._compiled: Any = None
        self._decided = False

    def _decide(self) -> None:
        self._decided = True
        found = compiled_code.kernels()
        if found is not None:
            from detectors.models.compiled_tails import CompiledTails

            self._compiled = CompiledTails(found, self.window, MOST_FEATURES)

    def stay_plain(self) -> None:
        """Run as plain Python, compiled code or not: what the compiled is compared with. Call it before learning."""
        self._decided = True

    def learn_one(self, x: Deviations) -> None:
        """Take each present value into its window."""
        if not self._decided:
            self._decide()
        self.n_learned += 1
        if self._compiled is not None:
            self._compiled.learn_one(x)
            return
        for name, value in x.items():
            window = self.windows.get(name)
            if value != value or (window is None and len(self.windows) >= MOST_FEATURES):  # noqa: PLR0124
                continue
            if window is None:
                window = self.windows[name] = SlidingWindow(self.window)
            window.add(value)

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Each feature's -ln p."""
        if self._compiled is not None:
            credits_of_all: dict[str, float] = self._compiled.score_then_learn_one(x, learn=False)[1]
            return credits_of_all
        credited = {}
        for name, value in x.items():
            window = self.windows.get(name)
            if value != value:  # noqa: PLR0124
                continue
            if window is None:
                credited[name] = 0.0
                continue
            tail = min(window.at_least(value), window.at_most(value))
            p = 2.0 * (1 + tail) / (1 + len(window.order))
            credited[name] = -log(p) if p < 1.0 else 0.0
        return credited

    def score_one(self, x: Deviations) -> float:
        """Sum of -ln(p) - 1 over present features."""
        if self._compiled is not None:
            score: float = self._compiled.score_one(x)
            return score
        return _sum(self.explain_one(x))

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """Score and credits from one pass, then learn."""
        if self._compiled is not None:
            self.n_learned += learn
            scored: tuple[float, dict[str, float]] = self._compiled.score_then_learn_one(x, learn)
            return scored
        credited = self.explain_one(x)
        if learn:
            self.learn_one(x)
        return _sum(credited), credited

    def score_then_learn_block(self, names: Sequence[str], rows: Block, present: Present | None = None) -> Block:
        """The score of each row before it is learned, rows in order, values in the order of `names`.

        NaN, and a value where `present` is False, is missing. Equal to one call after another.
        Raises `ValueError` for rows of another width.
        """
        values, there = check_block(tuple(names), rows, present)
        if not self._decided:
            self._decide()
        if self._compiled is not None:
            self.n_learned += len(values)
            scores: Block = self._compiled.score_then_learn_block(tuple(names), values, there, learn=True)
            return scores
        return np.array([self.score_then_learn_one(x)[0] for x in mappings(tuple(names), values, there)])

    def restore(self, windows: dict[str, SlidingWindow]) -> None:
        """Take over saved windows."""
        self._decide()
        if self._compiled is not None:
            self._compiled.restore({name: window.arrivals for name, window in windows.items()})
        else:
            self.windows = windows

    def to_state(self) -> bytes:
        """Counter, window length and each feature's kept values in arrival order; at most 2 MB at a window of 1 000."""
        if self._compiled is not None:
            kept = self._compiled.kept()
        else:
            kept = {name: window.to_bytes() for name, window in self.windows.items()}
        return msgspec.msgpack.encode((self.n_learned, self.window, kept))

    @classmethod
    def build(cls, parameters: Mapping[str, float], seed: int) -> "WindowedTails":  # noqa: ARG003
        """Nothing is random here, so the seed has no effect."""
        return cls(int(check_parameters("windowed_tails", parameters, PARAMETERS)["window"]))

    @classmethod
    def from_state(cls, parameters: Mapping[str, float], seed: int, state: bytes) -> "WindowedTails":
        """As `Member.from_state`."""
        model = cls.build(parameters, seed)
        model.n_learned, window, kept = msgspec.msgpack.decode(state, type=tuple[int, int, dict[str, bytes]])
        if window != model.window:
            raise ValueError(
                f"windowed_tails state is of other parameters; got: window {window}; expected: {model.window}"
            )
        if len(kept) > MOST_FEATURES:
            raise ValueError(f"windowed_tails state is too large; got: {len(kept)} features; expected: {MOST_FEATURES}")
        model.restore({name: SlidingWindow.from_bytes(window, values) for name, values in kept.items()})
        return model


def _sum(credited: Mapping[str, float]) -> float:
    """The score, added in order. Failure prevented: `sum` is more exact since Python 3.12, and scores would differ."""
    total = 0.0
    for credit in credited.values():
        total += credit - USUAL
    return total
