"""Decayed location and spread in four numbers, moved by bounded steps.

A step is clipped at 3 spreads, so one absurd value moves a baseline by little and cannot blind it (DETECTION, "Bounded
steps suffice for spikes"). A baseline is the list [observations, decayed weight, location, spread]; spread estimates
the standard deviation as 1.25 x mean absolute deviation (exact for a normal distribution). Cost: under 1 us.
"""

# ruff: noqa: FURB136
# max() and min() cost three times a comparison, and this runs a dozen times an event.

from collections.abc import Sequence

SLOTS = 4
# Steps larger than this many spreads are clipped (DETECTION's robust z).
STEP_LIMIT = 3.0
# A baseline of very many observations still follows: DETECTION's a = max(0.002, 1/n).
SLOWEST = 0.002
# The first clipped steps would be measured against a spread nobody has seen yet, so the first few count a prior
# spread in.
PRIOR_WEIGHT = 2.0


def learn(own: list[float], value: float, fade: float, weight: float, prior_spread: float, floor: float) -> None:
    """Move the baseline towards `value`.

    `fade` (0-1) is what older weight keeps since the last event; `weight` (0-1) is less than 1 for a late event, by
    what it would have faded to by now. `prior_spread` is assumed before anything is known; the spread never falls
    under `floor`.
    """
    seen, total, location, spread = own
    own[0] = seen + 1.0
    if seen == 0.0:
        own[1], own[2], own[3] = weight, value, max(prior_spread, floor)
        return
    total = total * fade + weight
    error = value - location
    bound = STEP_LIMIT * spread
    error = bound if error > bound else -bound if error < -bound else error
    slowest = SLOWEST * weight
    step = weight / total if total > 0.0 else 1.0
    step = step if step > slowest else slowest
    own[1] = total
    own[2] = location + step * error
    step = weight / (total + PRIOR_WEIGHT)
    step = step if step > slowest else slowest
    spread += step * (1.25 * abs(error) - spread)
    own[3] = spread if spread > floor else floor


def deviation(own: Sequence[float], value: float) -> float:
    """Spreads between `value` and the baseline, signed; widened while observations are few (a prediction's error)."""
    return float((value - own[2]) / (own[3] * (1.0 + 1.0 / max(own[1], 1e-3)) ** 0.5))
