"""Two versions side by side: paired bootstrap differences on the same cases, days and look-alikes."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.figures.lookalikes import alerted
from detectors.testbed.figures.money import found_cents
from detectors.testbed.figures.precision import alerts_by_day
from detectors.testbed.ground import Mask
from detectors.testbed.judgement import PRODUCT, JudgedResult
from detectors.testbed.statistics import Difference, Interval, paired_bootstrap, paired_ratio, paired_share

CENTS = 100
NOTHING = Difference(None, None, None, 0)
Cents = NDArray[np.int64]


class BudgetComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One budget: first version minus second, with 95 % intervals.

    `illicit_usd` is the total found, in USD. `only_first` and `only_second` are cases that one version alone found.
    """

    budget: int | str
    recall: Difference
    by_typology: dict[str, Difference]
    precision: Difference
    illicit_usd: Difference
    lookalikes: Difference
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The product of two results at every budget that both were judged at, `as_shipped` last."""

    budgets: tuple[BudgetComparison, ...]


def compare(first: JudgedResult, second: JudgedResult) -> Comparison:
    """The differences of two judged versions: `first` minus `second`, so more is better for `first` but in look-alikes.

    Cases, days (of both together) and look-alikes are resampled alike for both versions: two equal versions differ by
    exactly 0, [0, 0]. What was shipped can always be compared, whatever the budgets. Raises `ValueError` when they were
    judged on different cases or look-alikes. Resamples and seed are those of `first`.
    """
    one, other = first.ground.truth, second.ground.truth
    if one.cases != other.cases or one.lookalikes != other.lookalikes:
        raise ValueError(
            "two versions can be compared on the same cases only; got: another truth for each; "
            "expected: both judged by one truth"
        )
    settings = first.judgement.settings
    budgets = [key[1] for key in first.outcomes if key[0] == PRODUCT and key in second.outcomes]
    draws = Draws(settings.resamples, settings.seed)
    return Comparison(budgets=tuple([_at(first, second, budget, draws) for budget in budgets]))


def _at(first: JudgedResult, second: JudgedResult, budget: int | str, draws: Draws) -> BudgetComparison:
    one, other = first.outcomes[PRODUCT, budget], second.outcomes[PRODUCT, budget]
    ground = first.ground
    ids = [case.case_id for case in ground.truth.cases]
    names = {name: ground.named(name) for name in sorted(set(ground.typology))}
    cents = found_cents(ground, one.found), found_cents(second.ground, other.found)
    seen = ground.lookalike_seen & second.ground.lookalike_seen
    return BudgetComparison(
        budget=budget,
        recall=_shares(one.found, other.found, draws, "cases"),
        by_typology={
            name: _shares(one.found[mask], other.found[mask], draws, f"cases of {name}") for name, mask in names.items()
        },
        precision=_precision(first, second, (one.alerts, other.alerts), draws),
        illicit_usd=_usd(*cents, draws),
        lookalikes=_shares(_alike(first, one.alerts)[seen], _alike(second, other.alerts)[seen], draws, "look-alikes"),
        only_first=tuple([ids[place] for place in np.flatnonzero(one.found & ~other.found)]),
        only_second=tuple([ids[place] for place in np.flatnonzero(other.found & ~one.found)]),
    )


def _shares(a: Mask, b: Mask, draws: Draws, name: str) -> Difference:
    return paired_share(a, b, draws.of(name, len(a))) if len(a) else NOTHING


def _alike(judged: JudgedResult, alerts: Mask) -> Mask:
    """By look-alike of the truth, whether it was alerted on."""
    whole = np.zeros(len(judged.ground.truth.lookalikes), np.bool_)
    whole[judged.ground.lookalike_seen] = alerted(judged.ground, alerts)
    return whole


def _usd(a: Cents, b: Cents, draws: Draws) -> Difference:
    """The difference of two totals over the cases, in USD; it is that of their means, in cents, times the cases."""
    if not len(a):
        return NOTHING
    told = paired_bootstrap(a, b, draws.of("cases", len(a)))
    usd = len(a) / CENTS
    interval = None if told.interval is None else Interval(told.interval.low * usd, told.interval.high * usd)
    first, second = int(a.sum()) / CENTS, int(b.sum()) / CENTS
    return Difference(first, second, first - second, len(a), interval, told.differing)


def _precision(first: JudgedResult, second: JudgedResult, alerts: tuple[Mask, Mask], draws: Draws) -> Difference:
    """Over the days of either version: a day on which one of them saw nothing counts with no alert for it."""
    days = np.union1d(first.ground.days, second.ground.days)
    if not len(days):
        return NOTHING
    sides = []
    for judged, mask in zip((first, second), alerts, strict=True):
        places = np.searchsorted(days, judged.ground.days)
        true, every = np.zeros(len(days), np.int64), np.zeros(len(days), np.int64)
        true[places] = alerts_by_day(judged.ground, mask & judged.ground.illicit)
        every[places] = alerts_by_day(judged.ground, mask)
        sides.append((true, every))
    return paired_ratio(sides[0], sides[1], draws.of("days", len(days)))
