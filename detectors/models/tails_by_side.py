"""Detector: upper tails of one-sided features, averaged within a side and added over the sides."""

from collections.abc import Mapping
from math import log

import msgspec

from detectors.features import SIDES
from detectors.models.member import Deviations, Member, check_parameters
from detectors.models.sliding_window import SlidingWindow

PARAMETERS = {"window": (1000.0, 100.0, 1_000_000.0)}
# Beyond the largest few values a window cannot tell how rare a value is. There the tail is taken to fall exponentially,
# as fast as it does from the 50th largest to the 5th. Failure prevented: of two features beyond all kept values, one by
# a hair and one by ten spreads, both count the same.
TAIL_FROM, TAIL_TO = 50, 5
# Nats; one absurd value must not outshout all other sides together.
LARGEST_SURPRISE = 12.0


class TailsBySide(Member):
    """How far above what is usual the features lie, side by side.

    Purpose: features of one side see the same oddity (a large payment is large against the own past and against the
    corridor), so their surprise is averaged; different sides are independent witnesses, so theirs is added.
    Formula: -ln p of each feature, p = (1 + #(kept >= x)) / (1 + n) among the last `window` values, beyond the fifth
    largest the exponential tail through the 50th and the 5th; the mean over a side's features, an absent one being 0;
    the sum over sides. Source: Fisher's method, weighed for dependence. Unit: nats. Range: 0 to 12 x sides; higher is
    more unusual. Inputs are one-sided (features/direction.py): 0 or more, higher counts more against a payment. On raw
    columns each name is a side of its own and low values say nothing.
    Cost: about 1.5 us a feature. Fails where what is odd is low, or a combination.

    >>> model = TailsBySide(window=100, sides={"a": "amount", "b": "amount"})
    >>> for i in range(150):
    ...     model.learn_one({"a": i % 10, "b": i % 10, "c": i % 10})
    >>> round(model.score_one({"a": 9}), 3), round(model.score_one({"a": 9, "b": 9}), 3), model.score_one({})
    (1.109, 2.217, 0.0)
    """

    def __init__(self, window: int = 1000, sides: Mapping[str, str] | None = None) -> None:
        self.window, self.sides = window, dict(sides or {})
        counts: dict[str, int] = {}
        for side in self.sides.values():
            counts[side] = counts.get(side, 0) + 1
        self.parts = {name: 1.0 / counts[side] for name, side in self.sides.items()}
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
        """Each feature's part of the sum, >= 0."""
        windows, parts = self.windows, self.parts
        return {
            name: surprise(windows[name], value) * parts.get(name, 1.0) if name in windows else 0.0
            for name, value in x.items()
        }

    def score_one(self, x: Deviations) -> float:
        """The sum over sides, nats; changes nothing."""
        return float(sum(self.explain_one(x).values()))

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """Score and credits from one pass, then learn."""
        credited = self.explain_one(x)
        if learn:
            self.learn_one(x)
        return float(sum(credited.values())), credited

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
        model.windows = {name: SlidingWindow.from_bytes(window, values) for name, values in kept.items()}
        return model


def surprise(window: SlidingWindow, value: float) -> float:
    """-ln of the share of values at least this high, nats, 0 for what is as low as any, at most `LARGEST_SURPRISE`."""
    order = window.order
    count = len(order)
    above = window.at_least(value)
    if above < TAIL_TO and count >= 2 * TAIL_FROM:
        low, high = order[count - TAIL_FROM], order[count - TAIL_TO]
        if high > low:
            beyond = (value - high) / (high - low) * log(TAIL_FROM / TAIL_TO)
            return min(LARGEST_SURPRISE, log((1 + count) / (1 + TAIL_TO)) + beyond)
    return min(LARGEST_SURPRISE, log((1 + count) / (1 + above)))
