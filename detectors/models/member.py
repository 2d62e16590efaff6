"""What the scorer asks of a detector, beyond River's own interface."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from river.base import AnomalyDetector

# What River calls x: feature name -> number; ours hold deviations (features/view.py). Any, as River's names are
# Hashable.
Deviations = Mapping[Any, float]


class Member(AnomalyDetector):
    """A River anomaly detector that can also explain a score and save its state without pickle.

    `score_one(x)` changes nothing; higher is more unusual. A missing feature is absent from `x`, never None or NaN.
    """

    # Whether machine code runs it (compiled_code.py), which a worker prepares before it is ready.
    compiled: ClassVar[bool] = False
    # Whether low values say nothing to it, so that its input is how much counts against a payment (direction.py).
    one_sided: ClassVar[bool] = False
    # How many times `learn_one` was called, over saves and loads: proves that each payment was learned once.
    n_learned: int

    @abstractmethod
    def learn_one(self, x: Deviations) -> None:
        """Learn from one event."""

    @abstractmethod
    def score_one(self, x: Deviations) -> float:
        """The event's score; changes nothing."""

    @abstractmethod
    def explain_one(self, x: Deviations) -> dict[str, float]:
        """Credit of each feature for `score_one(x)`, in the member's own units, all >= 0. Changes nothing."""

    def strangeness(self, score: float) -> float | None:  # noqa: ARG002 - the default of a detector without a unit
        """What a score says by itself: nats, about -ln of the chance to be as strange; None where only others can tell.

        It must rise with the score. Where it is told, a detector that stands alone needs no ranking of its scores
        (ranking/fused_members.py).
        """
        return None

    @abstractmethod
    def to_state(self) -> bytes:
        """Everything learned, as explicit bytes (no pickle), bit-exact."""

    @classmethod
    @abstractmethod
    def from_state(cls, parameters: Mapping[str, float], seed: int, state: bytes) -> "Member":
        """The detector `to_state` described. Raises `ValueError` when the bytes belong to other parameters."""

    @classmethod
    @abstractmethod
    def build(cls, parameters: Mapping[str, float], seed: int) -> "Member":
        """A new detector. Raises `ValueError` naming a parameter it does not know or a value out of range."""

    def score_then_learn_one(self, x: Deviations, learn: bool = True) -> tuple[float, dict[str, float]]:
        """Score and credits before learning, then learn once unless told not to."""
        scored = self.score_one(x), self.explain_one(x)
        if learn:
            self.learn_one(x)
        return scored


def check_parameters(
    name: str, parameters: Mapping[str, float], known: Mapping[str, tuple[float, float, float]]
) -> dict[str, float]:
    """`parameters` filled up with defaults; `known` maps a name to (default, least, largest).

    Raises `ValueError` with every unknown name and every value out of range.
    """
    faults = [f"no parameter {key!r}" for key in parameters if key not in known]
    values = {}
    for key, (default, least, largest) in known.items():
        values[key] = parameters.get(key, default)
        if not least <= values[key] <= largest:
            faults.append(f"{key} = {values[key]}, must be {least:g} to {largest:g}")
    if faults:
        raise ValueError(f"detector {name}: " + "; ".join(faults) + f"; it has: {', '.join(known)}")
    return values
