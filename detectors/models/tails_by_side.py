"""Detector: upper tails of one-sided features, averaged within a side and added over the sides."""

from collections.abc import Mapping
from math import isnan

import msgspec

from detectors.features import SIDES
from detectors.models.fitted_tail import surprise
from detectors.models.member import Deviations, Member, check_parameters
from detectors.models.sliding_window import SlidingWindow
from detectors.values.float_sums import add_up

PARAMETERS = {"window": (1000.0, 10.0, 1_000_000.0)}
# Spreads or nats. A feature that is nearly always 0 has no scale of its own, and would call a hair infinitely rare. The
# bounded scaler has the same floor.
LEAST_SCALE = 0.5
# Failure prevented: a sender that makes up names of columns would fill the memory. The product has a few dozen.
MOST_FEATURES = 256
# Nats; one absurd value must not outshout all other sides together.
LARGEST_SURPRISE = 12.0
# The sum over sides that depend on one another falls slower than a payment's -ln p: on three streams of the testbed
# the share of payments at a score falls as e^(-score / 2.5) in the last hundredth. A little more makes ranks that rest
# on few payments too coarse, not too fine. Failure prevented: with 2, a stream without history had 119 alerts, not 78.
# Scaling such a sum: Brown 1975, "A method for combining non-independent, one-sided tests of significance".
DEPENDENCE = 3.0


class TailsBySide(Member):
    """How far above what is usual the features lie, side by side.

    Purpose: features of one side see the same oddity (a large payment is large against the own past and against the
    corridor), so their surprise is averaged; different sides are independent witnesses, so theirs is added.
    Formula: -ln p of each feature, p = (1 + #(kept >= x)) / (1 + n) among the last `window` values, in the largest
    tenth of them a fitted tail (fitted_tail.py); the mean over a side's features, an absent one being 0; the sum over
    sides. Source: Fisher's method, weighed for dependence. Unit: nats. Range: 0 to 12 x sides; higher is more unusual.
    Inputs are one-sided (features/direction.py): 0 or more, higher counts more against a payment. On raw columns each
    name is a side of its own and low values say nothing.
    Cost: about 1.5 us a feature. Fails where what is odd is low, or a combination.

    >>> model = TailsBySide(window=100, sides={"a": "amount", "b": "amount"})
    >>> for i in range(150):
    ...     model.learn_one({"a": i % 10, "b": i % 10, "c": i % 10})
    >>> round(model.score_one({"a": 9}), 3), round(model.score_one({"a": 9, "b": 9}), 3), model.score_one({})
    (1.109, 2.217, 0.0)
    """

    one_sided = True

    def __init__(self, window: int = 1000, sides: Mapping[str, str] | None = None) -> None:
        self.window, self.sides = window, dict(sides or {})
        counts: dict[str, int] = {}
        for side in self.sides.values():
            counts[side] = counts.get(side, 0) + 1
        self.parts = {name: 1.0 / counts[side] for name, side in self.sides.items()}
        self.n_learned = 0
        self.windows: dict[str, SlidingWindow] = {}

    def learn_one(self, x: Deviations) -> None:
        """Take each present value into its window; NaN is none, and names beyond the first 256 are not kept."""
        for name, value in x.items():
            window = self.windows.get(name)
            if isnan(value) or (window is None and len(self.windows) >= MOST_FEATURES):
                continue
            if window is None:
                window = self.windows[name] = SlidingWindow(self.window)
            window.add(value)
        self.n_learned += 1

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Each feature's part of the sum, >= 0."""
        windows, parts, credited = self.windows, self.parts, dict.fromkeys(x, 0.0)
        for name, value in x.items():
            if name in windows and not isnan(value):
                told = surprise(windows[name], value, LEAST_SCALE, LARGEST_SURPRISE)
                credited[name] = told * parts.get(name, 1.0)
        return credited

    def strangeness(self, score: float) -> float:
        """The score scaled down for sides that depend on one another, nats (`DEPENDENCE`).

        This is no rank: the calibration counts how rare it is.
        """
        return score / DEPENDENCE

    def score_one(self, x: Deviations) -> float:
        """The sum over sides, nats; changes nothing."""
        return add_up(self.explain_one(x).values())

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """Score and credits from one pass, then learn."""
        credited = self.explain_one(x)
        if learn:
            self.learn_one(x)
        return add_up(credited.values()), credited

    def to_state(self) -> bytes:
        """Counter, window length and each feature's kept values in arrival order."""
        kept = {name: window.to_bytes() for name, window in self.windows.items()}
        return msgspec.msgpack.encode((self.n_learned, self.window, kept))

    @classmethod
    def build(cls, parameters: Mapping[str, float], seed: int) -> "TailsBySide":  # noqa: ARG003
        """With the registry's sides. Nothing is random here, so the seed has no effect."""
        return cls(int(check_parameters("tails_by_side", parameters, PARAMETERS)["window"]), SIDES)

    @classmethod
    def from_state(cls, parameters: Mapping[str, float], seed: int, state: bytes) -> "TailsBySide":
        """As `Member.from_state`."""
        model = cls.build(parameters, seed)
        model.n_learned, window, kept = msgspec.msgpack.decode(state, type=tuple[int, int, dict[str, bytes]])
        if window != model.window:
            raise ValueError(
                f"tails_by_side state is of other parameters; got: window {window}; expected: {model.window}"
            )
        if len(kept) > MOST_FEATURES:
            raise ValueError(f"tails_by_side state is too large; got: {len(kept)} features; expected: {MOST_FEATURES}")
        model.windows = {name: SlidingWindow.from_bytes(window, values) for name, values in kept.items()}
        return model
