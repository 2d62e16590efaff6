"""Benign look-alikes: honest behaviour close to a typology, and how much of it is alerted on."""

import msgspec
import numpy as np

from detectors.testbed.draws import Draws
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.statistics import Estimate


class Lookalikes(msgspec.Struct, frozen=True):
    """`rate` 0-1 is the share of look-alikes with at least one alert on their events; lower is better.

    Those without any event outside history cannot be alerted on and are left out. `alerts_share` is the share of all
    alerts that fall on them: what they cost of the budget.
    """

    rate: Estimate
    by_name: dict[str, Estimate]
    alerts_share: float | None


def alerted(ground: Ground, alerts: Mask) -> Mask:
    """Which look-alikes are alerted on, of those that could be."""
    return ground.alike.hit(alerts, len(ground.truth.lookalikes))[ground.lookalike_seen]


def lookalikes(ground: Ground, alerts: Mask, draws: Draws) -> Lookalikes:
    """Look-alike rate by name; look-alikes are resampled. A payment that belongs to a case is none of a look-alike."""
    hit = alerted(ground, alerts)
    seen = np.flatnonzero(ground.lookalike_seen)
    names = np.array([ground.truth.lookalikes[place].lookalike for place in seen])
    total = int(alerts.sum())
    return Lookalikes(
        rate=draws.share("look-alikes", hit),
        by_name={name: draws.share(f"look-alikes {name}", hit[names == name]) for name in sorted(set(names.tolist()))},
        alerts_share=int((alerts & ground.alike.touched(len(alerts))).sum()) / total if total else None,
    )
