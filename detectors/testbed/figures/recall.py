"""Scenario recall: the share of planted cases that an alert finds, by typology and by variant."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.statistics import Estimate

NEVER_US = np.iinfo(np.int64).max
"""First alert of a case that was never found."""


class Recall(msgspec.Struct, frozen=True):
    """Shares of cases found, 0-1. Keys of `by_typology_variant` are such as "T01/slow".

    `on_events` and `on_events_by_typology` count alerts on the cases' own events only: a system that alerts on busy
    parties by chance finds many cases by their party, and few by their events. `named` and those beginning so count
    alerts only at which the case's own typology fired: "found under the right id" (0 for one without a rule).
    """

    overall: Estimate
    on_events: Estimate
    on_events_by_typology: dict[str, Estimate]
    by_typology: dict[str, Estimate]
    by_variant: dict[str, Estimate]
    by_typology_variant: dict[str, Estimate]
    named: Estimate
    named_by_typology: dict[str, Estimate]
    named_by_typology_variant: dict[str, Estimate]


def first_alerts(ground: Ground, alerts: Mask) -> NDArray[np.int64]:
    """Event time (us) of each case's first alert; `NEVER_US` where it was not found.

    A case is found by an alert on one of its events, or on one of its parties from its first event to 30 days after
    its last.
    """
    first = np.full(ground.cases, NEVER_US)
    hit = alerts[ground.reach.row]
    np.minimum.at(first, ground.reach.thing[hit], ground.sheet.time_us[ground.reach.row[hit]])
    return first


def named_cases(ground: Ground, alerts: Mask) -> Mask:
    """By case, whether an alert that finds it (`first_alerts`) is one at which the case's own typology fired."""
    fired, reach = ground.sheet.fired, ground.reach
    row_of_pair = np.repeat(np.arange(len(ground.sheet)), fired.counts())
    own = {name: fired.names.code(name) for name in set(ground.typology)}
    wanted = np.array([own[name] for name in ground.typology])
    found = np.zeros(ground.cases, np.bool_)
    for code in set(own.values()):
        held = np.zeros(len(ground.sheet), np.bool_)
        held[row_of_pair[fired.names.codes == code]] = True
        links = alerts[reach.row] & held[reach.row] & (wanted[reach.thing] == code)
        found[reach.thing[links]] = True
    return found


def recall(ground: Ground, alerts: Mask, found: Mask, draws: Draws) -> Recall:
    """Recall with intervals; cases are resampled, within the group where a group is told.

    `found` is by case what `alerts` find (`first_alerts`).
    """
    groups = list(zip(ground.typology, ground.variant, strict=True))

    own, named = ground.events.hit(alerts, ground.cases), named_cases(ground, alerts)
    variants = [f"{typology}/{variant}" for typology, variant in groups]

    def by(names: list[str], hits: Mask = found) -> dict[str, Estimate]:
        column = np.array(names)
        return {name: draws.share(f"cases of {name}", hits[column == name]) for name in sorted(set(names))}

    return Recall(
        overall=draws.share("cases", found),
        on_events=draws.share("cases", own),
        on_events_by_typology=by(list(ground.typology), own),
        by_typology=by(list(ground.typology)),
        by_variant=by(list(ground.variant)),
        by_typology_variant=by(variants),
        named=draws.share("cases", named),
        named_by_typology=by(list(ground.typology), named),
        named_by_typology_variant=by(variants, named),
    )
