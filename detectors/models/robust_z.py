"""Detector: sum of robust z over the features."""

from collections.abc import Mapping

import msgspec

from detectors.models.bounded_scaler import BoundedScaler
from detectors.models.member import Deviations, Member, check_parameters
from detectors.values.float_sums import add_up

PARAMETERS = {"floor": (0.5, 1e-9, 1e9)}
# Mean |z| of a normal distribution. A present feature adds |z| less this, so that a missing one, which adds nothing,
# neither raises nor lowers the score.
USUAL = 0.8


class RobustZ(Member):
    """How many spreads the features lie from where they usually lie, summed.

    Purpose: the cheapest detector; strong on single features that are far out.
    Formula: sum over present features of |z| - 0.8, z by bounded steps, clipped at +-8 (`BoundedScaler`).
    Source: DETECTION.md ("Sum of feature terms beats max"). Unit: spreads. Range: -0.8 x features to 7.2 x features;
    higher is more unusual. Cost: about 5 us for ten features. Fails on odd combinations of usual values.

    >>> import random
    >>> rng, model = random.Random(7), RobustZ()
    >>> for _ in range(500):
    ...     model.learn_one({"a": rng.gauss(0, 1), "b": rng.gauss(0, 1)})
    >>> model.score_one({"a": 0.1, "b": 0.1}) < 0 < 4 < model.score_one({"a": 6.0, "b": 0.1})
    True
    >>> model.n_learned
    500
    """

    def __init__(self, floor: float = 0.5) -> None:
        self.floor = floor
        self.n_learned = 0
        self.scaler = BoundedScaler(floor)

    def learn_one(self, x: Deviations) -> None:
        """One bounded step per present feature."""
        self.scaler.learn_one(x)
        self.n_learned += 1

    def score_one(self, x: Deviations) -> float:
        """Sum of |z| - 0.8 over present features."""
        return add_up([abs(z) - USUAL for z in self.scaler.transform_one(x).values()])

    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Each feature's |z|."""
        return {name: abs(z) for name, z in self.scaler.transform_one(x).items()}

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """Score and credits from one pass, then learn."""
        credited = self.explain_one(x)
        if learn:
            self.learn_one(x)
        return add_up([value - USUAL for value in credited.values()]), credited

    def to_state(self) -> bytes:
        """Counter, floor and the three numbers of each feature."""
        return msgspec.msgpack.encode((self.n_learned, self.floor, self.scaler.scales))

    @classmethod
    def build(cls, parameters: Mapping[str, float], seed: int) -> "RobustZ":  # noqa: ARG003
        """Nothing is random here, so the seed has no effect."""
        return cls(check_parameters("robust_z", parameters, PARAMETERS)["floor"])

    @classmethod
    def from_state(cls, parameters: Mapping[str, float], seed: int, state: bytes) -> "RobustZ":
        """As `Member.from_state`."""
        model = cls.build(parameters, seed)
        model.n_learned, floor, scales = msgspec.msgpack.decode(state, type=tuple[int, float, dict[str, list[float]]])
        if floor != model.floor:
            raise ValueError(f"robust_z state is of other parameters; got: floor {floor}; expected: {model.floor}")
        model.scaler.scales = scales
        return model
