"""Robust z by bounded steps: the scaler in front of trees, and the heart of the robust-z detector."""

from collections.abc import Mapping
from math import exp
from typing import Any

from river.base import Transformer

# DETECTION: a = max(0.002, 1/n), so that the scaler always follows.
SLOWEST = 0.002
# Steps are clipped at 3 spreads.
STEP_LIMIT = 3.0
# A z beyond 8 says no more than 8 does: it is where the squash logistic(2z/8) is 0.88, and one absurd field must not
# outshout all others in a sum.
Z_LIMIT = 8.0


class BoundedScaler(Transformer):
    """Location and spread of each feature by bounded steps; gives robust z, clipped at +-8.

    Formula: e = clip(x - m, +-3d); m += a e; d += a (1.25 |e| - d); a = max(0.002, 1/n); starts at m = 0, d = 1 and d
    never falls under `floor` (a feature that is nearly always 0 would else call everything else infinite). z = (x -
    m) / d.
    Source: DETECTION.md. Units: those of the input, which must be of order 1 (deviations in spreads or nats).
    Cost: 0.3 us per feature. Fails when a feature has two levels: the location then lies between them.

    >>> scaler = BoundedScaler()
    >>> for x in [0.1, -0.2, 0.0, 1e9, 0.2, -0.1]:
    ...     scaler.learn_one({"a": x})
    >>> round(scaler.transform_one({"a": 0.0})["a"], 2)
    -0.36
    """

    def __init__(self, floor: float = 0.5) -> None:
        self.floor = floor
        self.scales: dict[str, list[float]] = {}

    def learn_one(self, x: Mapping[Any, float]) -> None:
        """Move each present feature's location and spread by one bounded step."""
        scales, floor = self.scales, self.floor
        for name, value in x.items():
            scale = scales.get(name)
            if scale is None:
                scale = scales[name] = [0.0, 0.0, 1.0]
            seen, location, spread = scale
            seen += 1.0
            step = 1.0 / seen
            if step < SLOWEST:  # noqa: PLR1730  # max() costs three times this
                step = SLOWEST
            error = value - location
            bound = STEP_LIMIT * spread
            if error > bound:
                error = bound
            elif error < -bound:
                error = -bound
            spread += step * (1.25 * (error if error >= 0.0 else -error) - spread)
            scale[0] = seen
            scale[1] = location + step * error
            scale[2] = spread if spread > floor else floor  # noqa: FURB136  # max() costs three times this

    def transform_one(self, x: Mapping[Any, float]) -> dict[Any, float]:
        """Robust z of each present feature, -8 to 8. Changes nothing (River's own scalers may add state here)."""
        scales = self.scales
        out = {}
        for name, value in x.items():
            scale = scales.get(name)
            z = value if scale is None else (value - scale[1]) / scale[2]
            out[name] = Z_LIMIT if z > Z_LIMIT else -Z_LIMIT if z < -Z_LIMIT else z  # noqa: FURB136
        return out


def squash(z: float) -> float:
    """logistic(2z/8), 0-1: keeps order, and keeps z of +-8 within the limits that Half-Space Trees need."""
    return 1.0 / (1.0 + exp(-0.25 * z))
