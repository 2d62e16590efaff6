"""The figures that the promotion gate decides on, of two replays of one stream judged by one truth.

What `detectors.testbed.comparison` tells of two versions is taken from there; here are the rules' firing, the members'
own ranking, calibration and fairness. Both versions are resampled together: the same cases, local days or parties.
Pure; in every `Difference` `a` is the challenger and `b` the champion.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.contracts.configuration import Configuration
from detectors.testbed.comparison import compare
from detectors.testbed.draws import Draws
from detectors.testbed.figures.average_precision import difference
from detectors.testbed.figures.fairness import BLOCKS, DIMENSIONS, UNKNOWN
from detectors.testbed.figures.statistical_part import models_average_precision
from detectors.testbed.gate import Costs, GateFigures, GroupFigures, TypologyFigures
from detectors.testbed.ground import Ground
from detectors.testbed.judgement import AS_SHIPPED, PRODUCT, JudgedResult, Settings, judge
from detectors.testbed.party_days import PartyDays, party_days
from detectors.testbed.statistics import (
    LEVEL,
    Difference,
    Floats,
    holding_zero,
    paired_bootstrap,
    paired_share,
    percentile_interval,
    ratios,
    resampled_sums,
)
from detectors.typologies import all_rules

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
BINS = 10
# Ranks and scores are resampled as whole billionths and millionths, whose sums are exact on every machine.
_BILLION, _MILLION = 10**9, 10**6


class Version(NamedTuple):
    """One version's replay: its rows joined with the truth, and the configuration it ran with."""

    ground: Ground
    configuration: Configuration


class Resampling(NamedTuple):
    """How figures are resampled, and the most alerts a day of each version that are compared."""

    budget: int = 50
    resamples: int = 2000
    seed: int = 1


class _Side(NamedTuple):
    """A version, judged at the budget: its alerts by row, and which cases they found."""

    judged: JudgedResult
    configuration: Configuration
    party_days: PartyDays
    alerts: Mask
    found: Mask

    @property
    def ground(self) -> Ground:
        return self.judged.ground

    def has(self, member: str) -> bool:
        """Whether a member counts in the version's scores: one of weight 0 only learns."""
        detectors = self.configuration.detectors
        return member in detectors.members and detectors.weight(member) > 0


def figures(champion: Version, challenger: Version, how: Resampling, costs: Costs) -> GateFigures:
    """Every figure of both versions. Cost: two judgements at one budget, some 20 s for 1 000 000 rows each.

    Raises `ValueError` when they are judged on different cases or look-alikes, or when every row is history.
    """
    a, b = _side(challenger, how), _side(champion, how)
    if not len(a.ground.days) or not len(b.ground.days):
        raise ValueError("nothing may alert: every row of a replay is history")
    compared = {one.budget: one for one in compare(a.judged, b.judged).budgets}
    told, shipped = compared[how.budget], compared[AS_SHIPPED]
    draws = Draws(how.resamples, how.seed)
    members = tuple(name for name in b.configuration.detectors.members if b.has(name))
    return GateFigures(
        recall=told.recall,
        typologies=tuple(_typologies(a, b, told.by_typology, draws)),
        precision=told.precision,
        usd=told.illicit_usd,
        shipped_recall=shipped.recall,
        shipped_usd=shipped.illicit_usd,
        shipped=(_raised(b), _raised(a)),
        lookalikes=told.lookalikes,
        models_order=difference(*(models_average_precision(side.ground, draws) for side in (a, b))),
        members={name: _member(a, b, name, draws) for name in members if a.has(name)},
        missing_members=tuple(name for name in members if not a.has(name)),
        calibration=_calibration(a, b, draws),
        fairness=tuple(each for name in DIMENSIONS for each in _fairness(a, b, name, draws)),
        costs=costs,
    )


def _side(version: Version, how: Resampling) -> _Side:
    settings = Settings(budgets=(how.budget,), resamples=how.resamples, seed=how.seed, lots=0)
    judged = judge(version.ground, (), settings)
    outcome = judged.outcomes[PRODUCT, how.budget]
    return _Side(judged, version.configuration, party_days(version.ground), outcome.alerts, outcome.found)


def _typologies(a: _Side, b: _Side, recall: dict[str, Difference], draws: Draws) -> Iterator[TypologyFigures]:
    """Every typology that was planted or that a version has a rule for, in order of their names."""
    known = {rule.id for rule in all_rules()}
    ruled = {name for side in (a, b) for name in side.configuration.rules if name in known}
    for name in sorted(ruled | set(recall)):
        mine = a.ground.named(name)
        rows = (_fired(a, name), _fired(b, name))
        fired = [side.ground.events.hit(held, side.ground.cases)[mine] for side, held in zip((a, b), rows, strict=True)]
        n = int(mine.sum())
        firing = paired_share(fired[0], fired[1], draws.of(f"cases of {name}", n)) if n else _nothing()
        yield TypologyFigures(
            typology=name,
            recall=recall.get(name, _nothing()),
            found=(int(b.found[mine].sum()), int(a.found[mine].sum())),
            fired=(int(fired[1].sum()), int(fired[0].sum())),
            firing=firing,
            payments=(int(rows[1].sum()), int(rows[0].sum())),
            enabled=(_enabled(b, name), _enabled(a, name)) if name in ruled else None,
        )


def _raised(side: _Side) -> int:
    """The number of alerts that the version raised."""
    return int((side.ground.sheet.alerted & side.ground.may_alert).sum())


def _nothing() -> Difference:
    return Difference(None, None, None, 0)


def _enabled(side: _Side, name: str) -> bool:
    rules = side.configuration.rules
    return name in rules and rules[name].enabled


def _fired(side: _Side, typology: str) -> Mask:
    """Rows at which a typology fired."""
    fired = side.ground.sheet.fired
    rows = np.repeat(np.arange(len(side.ground.sheet)), fired.counts())
    held = np.zeros(len(side.ground.sheet), np.bool_)
    held[rows[fired.names.codes == fired.names.code(typology)]] = True
    return held


def _member(a: _Side, b: _Side, name: str, draws: Draws) -> Difference:
    """Mean over the cases of the share of honest payments that a member puts below the case's payments: its AUC.

    A case without a scored payment counts as chance, a half, where the other version scored one: a member that gives no
    score any more would otherwise not be measured at all. Honest payments are not resampled: there are so many of them
    that what varies is the cases.
    """
    sides = [_above_honest(side, name) for side in (a, b)]
    scored = (sides[0] >= 0) | (sides[1] >= 0)
    if not scored.any():
        return _nothing()
    counts = draws.of(f"cases scored by {name}", int(scored.sum()))
    whole = np.full(int(scored.sum()), _BILLION, np.int64)
    first, second = (np.where(side >= 0, side, _BILLION // 2)[scored] for side in sides)
    return paired_bootstrap(first, second, counts, whole)


def _above_honest(side: _Side, name: str) -> Ints:
    """By case, in billionths, the mean share of honest payments scored below its own; -1 without a scored payment."""
    ground = side.ground
    score = ground.sheet.members[name]
    told = ~np.isnan(score)
    honest = np.sort(score[told & ground.honest & ground.may_alert])
    means = np.full(ground.cases, -1, np.int64)
    pairs = told[ground.events.row]
    if not len(honest):
        return means
    own, thing = score[ground.events.row[pairs]], ground.events.thing[pairs]
    # an equal score counts half, as in the area under the ROC curve
    below = np.searchsorted(honest, own, "left") + np.searchsorted(honest, own, "right")
    # whole numbers: np.add.at sums in one order, but fractions would still round by it
    shares = below.astype(np.int64) * (_BILLION // 2) // len(honest)
    sums, numbers = np.zeros(ground.cases, np.int64), np.bincount(thing, minlength=ground.cases)
    np.add.at(sums, thing, shares)
    held = numbers > 0
    means[held] = sums[held] // numbers[held]
    return means


def _calibration(a: _Side, b: _Side, draws: Draws) -> Difference:
    """Expected calibration error of a party-day's highest score as the probability that the party-day is illicit."""
    days = np.union1d(a.ground.days, b.ground.days)
    counts = draws.of("days", len(days))
    values, samples, laid = [], [], []
    for side in (a, b):
        gaps, numbers = _gaps_by_day(side, days)
        laid.append(gaps)
        values.append(float(np.abs(gaps.sum(axis=0)).sum()) / (_MILLION * int(numbers.sum())))
        summed = np.abs(resampled_sums(counts, gaps)).sum(axis=1)
        samples.append(ratios(summed, _MILLION * resampled_sums(counts, numbers)))
    differing = int((laid[0] != laid[1]).any(axis=1).sum())
    interval = holding_zero(percentile_interval(samples[0] - samples[1]), differing)
    return Difference(values[0], values[1], values[0] - values[1], len(days), interval, differing)


def _gaps_by_day(side: _Side, days: NDArray[np.int32]) -> tuple[Ints, Ints]:
    """By day and bin, the sum of scores less the number of illicit party-days, in millionths; by day, party-days."""
    held = side.party_days
    day = np.searchsorted(days, side.ground.sheet.day[held.row])
    place = day * BINS + np.minimum((held.score * BINS).astype(np.int64), BINS - 1)
    gaps = np.zeros(len(days) * BINS, np.int64)
    np.add.at(gaps, place, np.rint(held.score * _MILLION).astype(np.int64) - held.illicit * _MILLION)
    return gaps.reshape(len(days), BINS), np.bincount(day, minlength=len(days))


def _fairness(a: _Side, b: _Side, dimension: str, draws: Draws) -> Iterator[GroupFigures]:
    """By group, how many times as often honest party-days are alerted on as honest party-days overall.

    Parties are resampled, in blocks, as in figures/fairness.py. The interval is widened for the number of groups
    (Bonferroni), or one of many would rise by luck.
    """
    blocks = _blocks(a, b)
    count = len(set(blocks.values()))
    if not count:
        return
    laid = [_honest(side, dimension, blocks) for side in (a, b)]
    names = sorted({name for _, groups, _ in laid for name in groups})
    tables = [_table(side, names, count) for side in laid]
    counts = draws.of("honest parties", count)
    level = 1 - (1 - LEVEL) / len(names)
    drawn = [(resampled_sums(counts, alerted), resampled_sums(counts, seen)) for alerted, seen in tables]
    for number, name in enumerate(names):
        first, second = (_uneven(alerted.sum(axis=0), seen.sum(axis=0), number) for alerted, seen in tables)
        if first is None or second is None:
            ratio = Difference(first, second, None, count)
        else:
            samples = [_uneven_samples(alerted, seen, number) for alerted, seen in drawn]
            # blocks of parties of which the group's alerts differ, or all: either moves the ratio
            unlike = (tables[0][0] != tables[1][0])[:, [number, -1]]
            differing = int(unlike.any(axis=1).sum())
            interval = holding_zero(percentile_interval(samples[0] - samples[1], level), differing)
            ratio = Difference(first, second, first - second, count, interval, differing)
        yield GroupFigures(dimension=dimension, group=name, ratio=ratio)


def _blocks(a: _Side, b: _Side) -> dict[str, int]:
    """By token of an honest party, the block it is resampled in: the same in both versions."""
    names = {
        side.ground.sheet.party.names[code]
        for side in (a, b)
        for code in np.unique(side.party_days.party[side.party_days.honest]).tolist()
    }
    return {name: number % BLOCKS for number, name in enumerate(sorted(names))}


class _Honest(NamedTuple):
    """Honest party-days: block, group and whether alerted, one entry each."""

    block: Ints
    groups: list[str]
    alerted: Mask


def _honest(side: _Side, dimension: str, blocks: dict[str, int]) -> _Honest:
    held, sheet = side.party_days, side.ground.sheet
    places = np.flatnonzero(held.honest)
    own = np.array([blocks.get(name, 0) for name in sheet.party.names], np.int64)
    groups = [name or UNKNOWN for name in getattr(sheet, dimension).take(held.row[places]).texts()]
    return _Honest(own[held.party[places]], groups, held.having(side.alerts)[places])


def _table(side: _Honest, names: list[str], blocks: int) -> tuple[Ints, Ints]:
    """By block and group, party-days alerted on and party-days; the last column is all groups together."""
    place = {name: number for number, name in enumerate(names)}
    codes = np.array([place[name] for name in side.groups], np.int64)
    tables = []
    for rows in (np.flatnonzero(side.alerted), np.arange(len(codes))):
        table = np.zeros((blocks, len(names) + 1), np.int64)
        np.add.at(table, (side.block[rows], codes[rows]), 1)
        table[:, -1] = table.sum(axis=1)
        tables.append(table)
    return tables[0], tables[1]


def _uneven(alerted: Ints, seen: Ints, number: int) -> float | None:
    """A group's alert rate over the overall one, which stands last; None where either cannot be told."""
    if not alerted[-1] or not seen[number]:
        return None
    return float((int(alerted[number]) * int(seen[-1])) / (int(seen[number]) * int(alerted[-1])))


def _uneven_samples(alerted: Floats, seen: Floats, number: int) -> Floats:
    return ratios(ratios(alerted[:, number], seen[:, number]), ratios(alerted[:, -1], seen[:, -1]))
