"""Detector: sum of windowed tail probabilities."""

from collections.abc import Mapping
from math import log

import msgspec

from detectors.models.member import Deviations, Member, check_parameters
from detectors.models.sliding_window import SlidingWindow

PARAMETERS = {"window": (1000.0, 10.0, 1_000_000.0)}
# A p-value of a continuous feature is uniform, so -ln p is 1 on average: a missing feature, which adds nothing, is
# neutral.
USUAL = 1.0


class WindowedTails(Member):
    """How far out in the tails of the last `window` values the features lie, summed.

    Purpose: adapts to any shape of distribution, needs no scale. Formula: sum over present features of -ln(p) - 1,
    p = min(1, 2 min(upper, lower)), upper = (1 + #(kept >= x)) / (1 + n), lower likewise (Fisher's method).
    Source: DETECTION.md (w = 1000). Unit: nats. Range: -1 x features to (ln((w + 1) / 2) - 1) x features; higher is
    more unusual.
    Cost: about 2 us per feature. Fails beyond the window's resolution (two values beyond all kept ones are equal) and
    counts correlated features twice.

    >>> model = WindowedTails(window=100)
    >>> for i in range(150):
    ...     model.learn_one({"a": i % 10})
    >>> round(model.score_one({"a": 11}), 3), round(model.score_one({"a": 4}), 3)
    (2.922, -1.0)
    >>> model.score_one({})
    0.0
    """

    def __init__(self, window: int = 1000) -> None:
        self.window = window
        self.n_learned = 0
        self.windows: dict[str, SlidingWindow] = {}

    def learn_one(self, x: Deviations) -> None:
        """Take each present value into its window."""
        for name, value in x.items():
            window = self.windows.get(name)
            if window is None:
                window = self.windows[name] = SlidingWindow(self.window)
            window.add(value)
        self.n_learned += 1

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Each feature's -ln p."""
        credited = {}
        for name, value in x.items():
            window = self.windows.get(name)
            if window is None:
                credited[name] = 0.0
                continue
            tail = min(window.at_least(value), window.at_most(value))
            p = 2.0 * (1 + tail) / (1 + len(window.order))
            credited[name] = -log(p) if p < 1.0 else 0.0
        return credited

    def score_one(self, x: Deviations) -> float:
        """Sum of -ln(p) - 1 over present features."""
        return float(sum([value - USUAL for value in self.explain_one(x).values()]))

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """Score and credits from one pass, then learn."""
        credited = self.explain_one(x)
        if learn:
            self.learn_one(x)
        return float(sum([value - USUAL for value in credited.values()])), credited

    def to_state(self) -> bytes:
        """Counter, window length and each feature's kept values in arrival order."""
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
        model.windows = {name: SlidingWindow.from_bytes(window, values) for name, values in kept.items()}
        return model
