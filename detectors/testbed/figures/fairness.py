"""Fairness: whether honest parties of one kind are alerted on more often than others."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.draws import Draws
from detectors.testbed.ground import Ground, Mask
from detectors.testbed.party_days import PartyDays
from detectors.testbed.sheet import NONE, Texts
from detectors.testbed.statistics import (
    LEVEL,
    Estimate,
    Interval,
    percentile_interval,
    ratios,
    resampled_sums,
    wilson,
)

DIMENSIONS = ("party_type", "size", "region", "institution")
UNKNOWN = "unknown"
# More parties than this are resampled in as many blocks of parties: a cluster bootstrap at bounded cost.
BLOCKS = 1000


class GroupFairness(msgspec.Struct, frozen=True):
    """One group's honest party-days: how many, how many alerted, the share, and its ratio to the share of all.

    `ratio` 1 = as often as everybody; 1.25 = a quarter more often. None when no honest party-day was alerted at all.
    Both intervals are widened for the number of groups of all dimensions together (Bonferroni), so that any group of a
    table lies beside 1 by chance in at most one table of twenty. That of `rate` 0-1 is Wilson's, which takes party-days
    for independent; where none of the group was alerted on, that of `ratio` is the same over the rate of all.
    """

    group: str
    party_days: int
    alerted: int
    rate: Estimate
    ratio: Estimate


class Fairness:
    """Alert rates of honest party-days by group, for one result; the groups are laid out once.

    Honest are the party-days of parties in no case. A party-day's group is that of its highest-scored event. Parties
    are resampled, not party-days: one honest party that is alerted on daily is one observation.
    """

    def __init__(self, ground: Ground, days: PartyDays, draws: Draws) -> None:
        self._days, self._honest = days, np.flatnonzero(days.honest)
        self._draws = draws
        parties, place = np.unique(days.party[self._honest], return_inverse=True)
        self._blocks = max(1, min(BLOCKS, len(parties)))
        self._block = place % self._blocks
        rows = days.row[self._honest]
        self._groups = {name: _grouped(getattr(ground.sheet, name), rows) for name in DIMENSIONS}
        self._level = 1 - (1 - LEVEL) / max(1, sum(len(names) for _, names in self._groups.values()))

    def of(self, alerts: Mask) -> dict[str, tuple[GroupFairness, ...]]:
        """The groups of each dimension, by name."""
        alerted = self._days.having(alerts)[self._honest]
        return {name: self._dimension(codes, names, alerted) for name, (codes, names) in self._groups.items()}

    def _dimension(self, codes: NDArray[np.int64], names: tuple[str, ...], alerted: Mask) -> tuple[GroupFairness, ...]:
        if not len(codes):
            return ()
        cells = self._block * len(names) + codes
        shape = (self._blocks, len(names))
        days = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
        hits = np.bincount(cells[alerted], minlength=shape[0] * shape[1]).reshape(shape)
        counts = self._draws.of("honest parties", self._blocks)
        drawn_days, drawn_hits = resampled_sums(counts, days), resampled_sums(counts, hits)
        overall = ratios(drawn_hits.sum(axis=1), drawn_days.sum(axis=1))
        samples = ratios(ratios(drawn_hits, drawn_days), overall[:, None])
        told = []
        for place, name in enumerate(names):
            n, hit = int(days[:, place].sum()), int(hits[:, place].sum())
            # whole numbers until the last division
            value = (hit * len(codes)) / (n * int(hits.sum())) if hits.any() else None
            # without any alert every resample says 0: how rare alerts are cannot be told from that
            interval = percentile_interval(samples[:, place], self._level) if hit else self._never(n, alerted)
            rate = Estimate(hit / n, n, wilson(hit, n, self._level))
            told.append(GroupFairness(name, n, hit, rate, Estimate(value, n, interval)))
        return tuple(sorted(told, key=lambda group: group.group))

    def _never(self, party_days: int, alerted: Mask) -> Interval | None:
        """The interval of the ratio of a group of so many party-days, none of them alerted on."""
        around = wilson(0, party_days, self._level)
        if around is None or not alerted.any():
            return None
        return Interval(0.0, around.high * len(alerted) / int(alerted.sum()))


def _grouped(column: Texts, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The groups that occur, numbered; a missing one is `UNKNOWN`."""
    found, codes = np.unique(column.codes[rows], return_inverse=True)
    names = tuple([UNKNOWN if code == NONE else column.names[code] for code in found.tolist()])
    return codes.astype(np.int64), names
