"""What chance finds with as many alerts: for each day as many random party-days as a system raised alerts that day.

The baseline `random` uses up its whole budget; a system that alerts on fewer parties than it may is to be set beside
chance that has as many alerts as it. The product may alert on a party twice a day: chance then opens another party
instead, which does not make it weaker.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.figures.lookalikes import alerted
from detectors.testbed.figures.money import found_cents, illicit_leaked_cents
from detectors.testbed.figures.precision import alerts_by_day
from detectors.testbed.figures.recall import NEVER_US, first_alerts
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.party_days import PartyDays
from detectors.testbed.statistics import Estimate, Interval

Ints = NDArray[np.int64]
NAME = "random, as many"
# From the lowest to the highest of 39 draws lies one more draw with the probability 38 / 40 = 95 %.
LOTS = 39


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """Shares 0-1 that as many random alerts as the product's at `budget` give: `alerts` in all, on the same days.

    A day on which more alerts were raised than parties acted has each of its party-days once.

    Each value is the mean over the draws, each interval from the lowest to the highest of them: where the product's own
    share is not above it, chance does as well on these cases. `on_events` and `recall` are as the product's (by an
    alert on a case's own events; on its party too), and so are the others.
    """

    budget: int | str
    alerts: int
    on_events: Estimate
    recall: Estimate
    on_events_by_typology: dict[str, Estimate]
    by_typology: dict[str, Estimate]
    precision: Estimate
    found_share: Estimate
    illicit_leaked_share: Estimate
    lookalikes: Estimate


class _Lot(NamedTuple):
    """One draw: each party-day's place in its day's random queue (0 = first), and a random one of its rows."""

    place: Ints
    row: Ints


class _Drawn(NamedTuple):
    """What one draw found: by case or look-alike, and the alerts that fall on a case."""

    on_events: Mask
    found: Mask
    found_cents: Ints
    leaked_cents: Ints
    lookalikes: Mask
    true: int


def chance(
    ground: Ground, days: PartyDays, selections: Mapping[int | str, Mask], lots: int, seed: int
) -> tuple[Chance, ...]:
    """What chance finds at each budget, whose alerts by row are in `selections`; empty where `lots` is 0.

    Every party-day of a day is drawn alike, and each of its payments. Seeded; the draws are the same for all budgets.
    Cost: 5 to 7 s for 1 000 000 rows, 6 budgets and 39 draws.
    """
    if not lots:
        return ()
    day = ground.day_of[days.row]
    active = np.bincount(day, minlength=len(ground.days))
    wanted = {budget: np.minimum(alerts_by_day(ground, alerts), active) for budget, alerts in selections.items()}
    drawn: dict[int | str, list[_Drawn]] = {budget: [] for budget in selections}
    rows = np.flatnonzero(days.of_row >= 0)
    # by party-day; stable, so that a party-day's rows stay in order
    rows = rows[np.argsort(days.of_row[rows], kind="stable")]
    for number in range(lots):
        lot = _lot(day, days, rows, f"{seed}|{NAME}|{number}")
        for budget, most in wanted.items():
            drawn[budget].append(_found(ground, lot.row[lot.place < most[day]]))
    return tuple([_told(ground, budget, int(wanted[budget].sum()), each) for budget, each in drawn.items()])


def _lot(day: Ints, days: PartyDays, rows: Ints, name: str) -> _Lot:
    source = np.random.PCG64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest(), "little"))
    number = len(days)
    # one key of day (up to 20 bits) and lot (44 bits) is sorted sooner than two; equal keys stay in order
    keys = (day.astype(np.uint64) << np.uint64(44)) | (source.random_raw(number) >> np.uint64(20))
    order = np.argsort(keys, kind="stable")
    sizes = np.bincount(day)
    place = np.empty_like(order)
    place[order] = np.arange(number) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    held = np.bincount(days.of_row[rows], minlength=number)
    picked = ((source.random_raw(number) >> np.uint64(32)) * held.astype(np.uint64)) >> np.uint64(32)
    return _Lot(place, rows[np.cumsum(held) - held + picked.astype(np.int64)])


def _found(ground: Ground, rows: Ints) -> _Drawn:
    alerts = np.zeros(len(ground.sheet), np.bool_)
    alerts[rows] = True
    first = first_alerts(ground, alerts)
    found = first != NEVER_US
    return _Drawn(
        on_events=ground.events.hit(alerts, ground.cases),
        found=found,
        found_cents=found_cents(ground, found),
        leaked_cents=illicit_leaked_cents(ground, first),
        lookalikes=alerted(ground, alerts),
        true=int((alerts & ground.illicit).sum()),
    )


def _told(ground: Ground, budget: int | str, alerts: int, drawn: Sequence[_Drawn]) -> Chance:
    groups = {name: ground.named(name) for name in sorted(set(ground.typology))}
    usd = int(ground.illicit_cents.sum())
    return Chance(
        budget=budget,
        alerts=alerts,
        on_events=_over([int(one.on_events.sum()) for one in drawn], ground.cases),
        recall=_over([int(one.found.sum()) for one in drawn], ground.cases),
        on_events_by_typology={
            name: _over([int(one.on_events[own].sum()) for one in drawn], int(own.sum()))
            for name, own in groups.items()
        },
        by_typology={
            name: _over([int(one.found[own].sum()) for one in drawn], int(own.sum())) for name, own in groups.items()
        },
        precision=_over([one.true for one in drawn], alerts),
        found_share=_over([int(one.found_cents.sum()) for one in drawn], usd),
        illicit_leaked_share=_over([int(one.leaked_cents.sum()) for one in drawn], usd),
        lookalikes=_over([int(one.lookalikes.sum()) for one in drawn], int(ground.lookalike_seen.sum())),
    )


def _over(hits: Sequence[int], units: int) -> Estimate:
    """The mean over the draws of hits / units, from the lowest to the highest; no value without units."""
    if not units:
        return Estimate(None, 0)
    return Estimate(sum(hits) / (units * len(hits)), units, Interval(min(hits) / units, max(hits) / units))
