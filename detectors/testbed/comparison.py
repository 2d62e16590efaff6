"""Two versions side by side: paired bootstrap differences on the same cases, days and look-alikes."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.figures.lookalikes import alerted
from detectors.testbed.figures.money import found_cents
from detectors.testbed.figures.precision import alerts_by_day
from detectors.testbed.ground import Mask
from detectors.testbed.judgement import PRODUCT, Judged
from detectors.testbed.statistics import Difference, Interval, paired_bootstrap, paired_ratio, paired_share

CENTS = 100


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


def compare(first: Judged, second: Judged) -> Comparison:
    """The differences of two judged versions: `first` minus `second`, so more is better for `first` but in look-alikes.

    Cases, days (of both together) and look-alikes are resampled alike for both versions: two equal versions differ by
    exactly 0, [0, 0]. Raises `ValueError` when they were judged on different cases or look-alikes, or at no common
    budget. Resamples and seed are those of `first`.
    """
    one, other = first.ground.truth, second.ground.truth
    if one.cases != other.cases or one.lookalikes != other.lookalikes:
        raise ValueError("two versions can be compared on the same cases only; got: another truth for each; "
                         "expected: both judged by one truth")  # fmt: skip
    settings = first.judgement.settings
    budgets = [key[1] for key in first.outcomes if key[0] == PRODUCT and key in second.outcomes]
    if not budgets:
        raise ValueError(f"the two judgements have no budget in common; got: {list(settings.budgets)} and "
                         f"{list(second.judgement.settings.budgets)}")  # fmt: skip
    draws = Draws(settings.resamples, settings.seed)
    return Comparison(budgets=tuple([_at(first, second, budget, draws) for budget in budgets]))


def _at(first: Judged, second: Judged, budget: int | str, draws: Draws) -> BudgetComparison:
    one, other = first.outcomes[PRODUCT, budget], second.outcomes[PRODUCT, budget]
    ground = first.ground
    ids = [case.case_id for case in ground.truth.cases]
    names = {name: ground.named(name) for name in sorted(set(ground.typology))}
    money = _paired(found_cents(ground, one.found), found_cents(second.ground, other.found), draws, "cases")
    seen = ground.lookalike_seen & second.ground.lookalike_seen
    return BudgetComparison(
        budget=budget,
        recall=_paired(one.found, other.found, draws, "cases"),
        by_typology={
            name: _paired(one.found[mask], other.found[mask], draws, f"cases of {name}") for name, mask in names.items()
        },
        precision=_precision(first, second, (one.alerts, other.alerts), draws),
        illicit_usd=_usd(money, ground.cases),
        lookalikes=_paired(_alike(first, one.alerts)[seen], _alike(second, other.alerts)[seen], draws, "look-alikes"),
        only_first=tuple([ids[place] for place in np.flatnonzero(one.found & ~other.found)]),
        only_second=tuple([ids[place] for place in np.flatnonzero(other.found & ~one.found)]),
    )


def _paired(a: NDArray[np.generic], b: NDArray[np.generic], draws: Draws, name: str) -> Difference:
    if not len(a):
        return Difference(None, None, None, 0)
    paired = paired_share if a.dtype == np.bool_ else paired_bootstrap
    return paired(a, b, draws.of(name, len(a)))


def _alike(judged: Judged, alerts: Mask) -> Mask:
    """By look-alike of the truth, whether it was alerted on."""
    whole = np.zeros(len(judged.ground.truth.lookalikes), np.bool_)
    whole[judged.ground.lookalike_seen] = alerted(judged.ground, alerts)
    return whole


def _usd(mean_cents: Difference, cases: int) -> Difference:
    """A difference of means in cents as one of totals in USD."""

    def total(value: float | None) -> float | None:
        return None if value is None else value * cases / CENTS

    found = mean_cents.interval
    interval = None if found is None else Interval(found.low * cases / CENTS, found.high * cases / CENTS)
    return Difference(total(mean_cents.a), total(mean_cents.b), total(mean_cents.difference), cases, interval,
                      mean_cents.differing)  # fmt: skip


def _precision(first: Judged, second: Judged, alerts: tuple[Mask, Mask], draws: Draws) -> Difference:
    """Over the days of either version: a day on which one of them saw nothing counts with no alert for it."""
    days = np.union1d(first.ground.days, second.ground.days)
    if not len(days):
        return Difference(None, None, None, 0)
    sides = []
    for judged, mask in zip((first, second), alerts, strict=True):
        places = np.searchsorted(days, judged.ground.days)
        true, every = np.zeros(len(days), np.int64), np.zeros(len(days), np.int64)
        true[places] = alerts_by_day(judged.ground, mask & judged.ground.illicit)
        every[places] = alerts_by_day(judged.ground, mask)
        sides.append((true, every))
    return paired_ratio(sides[0], sides[1], draws.of("days", len(days)))
