"""Drift: the first partition sees when the payments of all partitions change, and tells operators what changed.

Partitions tell one another the sums of each local day anyway (exchange.py). The first one keeps them by segment and
measure, and looks for a change when a day has passed (values/mean_change.py). One partition alone would be blind: at 60
payments a day over 12 partitions it sees five. What it tells is a record like any other that is told, so it stands in
the ledger. No score, rank or alert follows from a drift.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain

import msgspec

from detectors.contracts.learning import Mean, ScoreCounts, StreamDrift
from detectors.memory.day_measures import MEASURES, NAT_PARTS, NATS, STRANGENESS, Measure, shown
from detectors.values.mean_change import DaySums, find_change

SECTION = "drift"
# The partition that looks: each hears the same, and once is enough.
WATCHER = 0
# Days that are kept; what changes more slowly than within two months is no drift but a habit.
MOST_DAYS = 60
# Days after the first one that is heard on which strangeness is not watched. Failure prevented: models that know
# nothing find nothing strange, and in its first weeks each segment would drift. On a generated stream (seed 1, 200
# payments a day) all four did, the last one in its third week.
DAYS_TO_SETTLE = 30
# As many as the scorer takes (ranking/ensemble.py), of each measure.
MOST_SERIES = 64 * len(MEASURES)
# Payments that a record may have measured at most, as with scores.
MOST_MEASURED = 100_000


_State = tuple[int, int, list[tuple[str, str, list[DaySums]]]]


class Drifts:
    """The days of each segment and measure that were heard, in whole numbers. Part of the first partition's state.

    Cost: 0.2 ms a record that is heard, and 1 ms once a day, when a day has passed. Memory: 60 days of some 30 series,
    35 kB saved.
    """

    def __init__(self) -> None:
        self.first = self.newest = 0
        self._series: dict[tuple[str, str], list[DaySums]] = {}

    def hear(self, told: ScoreCounts, counts: Mapping[str, Mapping[int, int]]) -> list[StreamDrift]:
        """Add what a partition told of one day; the changes seen, where it is of a later day than all before it.

        `counts` are its scores by segment and bin. The day at hand is not looked at: it has only begun. What comes late
        is added to its own day, and looked at with the next one.
        """
        found = list(self._look(told)) if told.day > self.newest > 0 else []
        self.newest, self.first = max(self.newest, told.day), self.first or told.day
        settled = told.day >= self.first + DAYS_TO_SETTLE
        sums = ((segment, STRANGENESS, _of_bins(bins)) for segment, bins in counts.items() if settled)
        named = ((segment, name, one) for segment, by_name in told.measured.items() for name, one in by_name.items())
        for segment, name, one in chain(sums, named):
            # what a later release measures is not known here
            if name in MEASURES and one[0]:
                self._add(segment, name, told.day, one)
        return found

    def _add(self, segment: str, name: str, day: int, sums: tuple[int, int, int]) -> None:
        days = self._series.get((segment, name))
        if days is None:
            if len(self._series) >= MOST_SERIES:
                return
            days = self._series[segment, name] = []
        at = len(days)
        while at and days[at - 1].day > day:
            at -= 1
        if not at or days[at - 1].day != day:
            if not at and len(days) == MOST_DAYS:
                return  # older than all that are kept
            days.insert(at, DaySums(day))
            at += 1
        days[at - 1].add(*sums)
        del days[:-MOST_DAYS]

    def _look(self, told: ScoreCounts) -> Iterator[StreamDrift]:
        """The changes of all series, each in the order of their names; of one that changed, what is older goes."""
        for (segment, name), days in sorted(self._series.items()):
            measure = MEASURES[name]
            since = find_change(days, measure.span, measure.least)
            if since is not None:
                yield _drift(segment, measure, days[:since], days[since:], told.detectors)
                del days[:since]

    def to_state(self) -> bytes:
        """Everything: the same sums give the same bytes."""
        series = [(segment, name, days) for (segment, name), days in sorted(self._series.items())]
        return msgspec.msgpack.encode((self.first, self.newest, series))

    @classmethod
    def from_state(cls, packed: bytes) -> "Drifts":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        first, newest, series = msgspec.msgpack.decode(packed, type=_State)
        found = cls()
        found.first, found.newest = first, newest
        for segment, name, days in series:
            if name not in MEASURES:
                raise ValueError(
                    f"a drift's state is damaged; got: a measure {name!r}; expected: {', '.join(MEASURES)}"
                )
            found._series[segment, name] = days
        return found


def are_sums(told: ScoreCounts) -> bool:
    """Whether a partition can have measured these sums: within each measure's span, of no more payments than told."""
    return all(
        0 < count <= MOST_MEASURED
        and total <= count * MEASURES[name].span
        and total * total <= count * squares
        and squares <= total * MEASURES[name].span
        for by_name in told.measured.values()
        for name, (count, total, squares) in by_name.items()
        if name in MEASURES
    )


def _of_bins(bins: Mapping[int, int]) -> tuple[int, int, int]:
    """Number, sum and sum of squares of strangeness by bins; what is beyond the span counts as the span."""
    most = NATS * NAT_PARTS
    kept = [(min(place, most), times) for place, times in bins.items()]
    return (
        sum(times for _, times in kept),
        sum(place * times for place, times in kept),
        sum(place * place * times for place, times in kept),
    )


def _mean(days: list[DaySums]) -> Mean:
    return Mean(payments=sum(one.count for one in days), days=len(days), total=sum(one.total for one in days))


def _drift(segment: str, measure: Measure, old: list[DaySums], new: list[DaySums], detectors: str) -> StreamDrift:
    before, after, since = _mean(old), _mean(new), date.fromordinal(new[0].day)
    was, is_now = (shown(measure.name, one.total / one.payments) for one in (before, after))
    text = (
        f"{measure.name} of {segment} changed on {since}: a mean of {was} before ({before.payments} payments on "
        f"{before.days} days), {is_now} since ({after.payments} payments on {after.days} days)"
    )
    return StreamDrift(
        segment=segment,
        measure=measure.name,
        since=since,
        before=before,
        after=after,
        text=text,
        detectors=detectors,
    )
