"""What a partition tells all others, and what it has heard: every partition learns from all payments.

A partition counts its scores by segment and bin. It tells the counts after 32, 64, 128, ... scores, and then after each
1 000, or at the first score of a new local day, whichever comes first. So at most one record a day, six once, and one
for each 1 000 payments: 12 records a day at 60 or 3 000 payments a day over 12 partitions, some 1 000 at a million. A
record holds at most 1 000 pairs of bin and count, 10 kB.

What it tells goes to `fx.learning.v1` and comes back through the ledger of every partition, its own too. A partition
counts what it told when it comes back, as it counts what others told. So the sums of all partitions are the same
everywhere, however the records of two partitions interleave, and they follow from one partition's ledger alone.

What challengers score is counted and told in the same way, each set under its own fingerprint.

Each teller's records are numbered. One at or below the last number heard of its teller was applied before: told again
because a position was lost, or written twice. Counts of another detector set are passed over, a lesson never.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.contracts.learning import Learning, ScoreCounts, Told
from detectors.memory.day_measures import sums_of
from detectors.values.legal_calendar import HOUR_US, local_date

# Scores of the first record. Failure prevented: a partition with five payments a day would learn from nobody for a week
# if all waited for a thousand.
FIRST = 32
# Scores of a record once many were told: 1 % of the ledger at a million payments a day in 12 partitions.
MOST = 1_000

# Scores that a record may say at most, whoever wrote it. Failure prevented: a damaged count that weighs more than all
# payments ever seen. No partition tells more than `MOST`.
MOST_BELIEVED = 100_000
# Numbers of a segment's payments that wait to be told. Failure prevented: payments whose scores do not count, those of
# one busy party for example, would gather until the day ends.
MOST_NUMBERS = 10_000
# `applied`: new, and of the detector set in force. `repeated`: applied before. `passed`: of another detector set.
# `unusable`: what no monitor writes; nothing of it was applied.
Heard = Literal["applied", "repeated", "passed", "unusable"]
HEARD: tuple[Heard, ...] = ("applied", "repeated", "passed", "unusable")
SECTION = "exchange"
BESIDE = "exchange beside"


class _ExchangeState(msgspec.Struct, array_like=True):
    """The state's section."""

    detectors: str
    told: int
    counted: int
    day: int
    hour: int
    since: dict[str, dict[int, int]]
    last: dict[int, int]
    outcomes: dict[str, int]
    measured: dict[str, bytes] = {}


class ScoreTally:
    """The scores of one detector set that were not told yet, by segment and bin.

    `detectors` is the set's fingerprint, `counted` all its scores since it began. Cost of `add`: 0.3 us.
    """

    def __init__(self, detectors: str, counted: int = 0, since: dict[str, dict[int, int]] | None = None) -> None:
        self.detectors, self.counted = detectors, counted
        self.since = since or {}
        self.pending = sum(sum(bins.values()) for bins in self.since.values())
        # by segment, the numbers of one payment after the other
        self.measured: dict[str, array[float]] = {}

    def add(self, segment: str, place: int, numbers: Sequence[float] = ()) -> bool:
        """Count a score, and what its payment measures; whether what was counted is to be told now."""
        bins = self.since.setdefault(segment, {})
        bins[place] = bins.get(place, 0) + 1
        if numbers:
            self.measure(segment, numbers)
        self.pending += 1
        self.counted += 1
        return self.pending >= min(MOST, max(FIRST, self.counted - self.pending))

    def measure(self, segment: str, numbers: Sequence[float]) -> None:
        """Note what a payment measures, until `MOST_NUMBERS` of its segment wait to be told."""
        kept = self.measured.get(segment)
        if kept is None:
            kept = self.measured[segment] = array("d")
        if len(kept) < MOST_NUMBERS:
            kept.extend(numbers)

    def take(self, day: int) -> ScoreCounts:
        """What is to be told of a local day; afterwards nothing is pending."""
        segments = {
            segment: tuple([number for pair in sorted(bins.items()) for number in pair])
            for segment, bins in sorted(self.since.items())
        }
        measured = {segment: sums for segment, kept in sorted(self.measured.items()) if (sums := sums_of(kept))}
        self.since, self.pending, self.measured = {}, 0, {}
        return ScoreCounts(segments=segments, detectors=self.detectors, day=day, measured=measured)


class Exchange:
    """What one partition told and heard. Part of the state, but for `waiting`, what is told with the record at hand.

    `detectors` is the fingerprint of the detector set in force, empty before any. Challengers' scores are told as its
    own are, each under its fingerprint. Cost of `count`: 0.8 us. Memory: the counts of at most 1 000 scores a set,
    their payments' numbers (40 kB), and 100 bytes a partition.
    """

    def __init__(self) -> None:
        self._own = ScoreTally("")
        self._beside: dict[str, ScoreTally] = {}
        self.told = 0
        self.waiting: list[Learning] = []
        # local day (ordinal) and hour since 1970 of the partition's clock at the last score
        self.day = self.hour = 0
        self._last: dict[int, int] = {}
        self.outcomes: Counter[str] = Counter()

    @property
    def detectors(self) -> str:
        """The fingerprint of the detector set in force."""
        return self._own.detectors

    @property
    def counted(self) -> int:
        """Scores of that set since it began."""
        return self._own.counted

    @property
    def pending(self) -> int:
        """Scores of that set that were counted and not told yet."""
        return self._own.pending

    def begin(self, detectors: str, beside: Iterable[str] = ()) -> None:
        """A detector set is in force from here on, and others run `beside` it.

        A set that counted before goes on, whichever place it had. Scores of a set that runs no more are not told.
        """
        known = {tally.detectors: tally for tally in (self._own, *self._beside.values())}
        self._own = known.get(detectors) or ScoreTally(detectors)
        self._beside = {name: known.get(name) or ScoreTally(name) for name in beside}
        for tally in self._beside.values():
            tally.measured = {}  # payments are measured once, with the scores of the set in force

    def count(
        self, partition: int, segment: str, place: int, clock_us: int, zone: ZoneInfo, numbers: Sequence[float] = ()
    ) -> None:
        """Count a score by its segment and bin, at a time of the partition's clock, and tell what is due.

        `numbers` are what the payment measures (day_measures.py), which is summed beside it.
        """
        self._turn_day(partition, clock_us, zone)
        if self._own.add(segment, place, numbers):
            self.tell(partition, self._own.take(self.day))

    def measure(self, partition: int, segment: str, clock_us: int, zone: ZoneInfo, numbers: Sequence[float]) -> None:
        """Note what a payment measures whose score is not counted: drift is of all payments. Cost: 0.4 us."""
        self._turn_day(partition, clock_us, zone)
        self._own.measure(segment, numbers)

    def _turn_day(self, partition: int, clock_us: int, zone: ZoneInfo) -> None:
        """Tell what is left of a local day at the first payment of another one."""
        hour = clock_us // HOUR_US
        if hour != self.hour:
            day = local_date(clock_us, zone).toordinal()
            if day != self.day:
                for tally in (self._own, *self._beside.values()):
                    # of a day without a score that counts, what its payments measure is told alone
                    if tally.pending or tally.measured:
                        self.tell(partition, tally.take(self.day))
            self.hour, self.day = hour, day

    def count_beside(self, partition: int, detectors: str, segment: str, place: int) -> None:
        """Count a challenger's score of the payment whose own score was counted just now, and tell what is due."""
        tally = self._beside[detectors]
        if tally.add(segment, place):
            self.tell(partition, tally.take(self.day))

    def tell(self, partition: int, told: Told) -> None:
        """Tell all partitions, in the transaction of the record at hand."""
        self.told += 1
        self.waiting.append(Learning(partition=partition, number=self.told, told=told))

    def take_waiting(self) -> tuple[Learning, ...]:
        """What is told with the record at hand; afterwards nothing waits."""
        waiting, self.waiting = tuple(self.waiting), []
        return waiting

    def hear(self, record: Learning) -> Heard:
        """Whether a record is to be applied: new, and of a detector set that runs. The caller says `note` after it."""
        if record.number <= self._last.get(record.partition, 0):
            return "repeated"
        self._last[record.partition] = record.number
        # an investigator's word is about the alert, and a desk's copy is a copy, whichever detectors raised it
        told = record.told
        if not isinstance(told, ScoreCounts) or told.detectors == self.detectors or told.detectors in self._beside:
            return "applied"
        return "passed"

    def note(self, heard: Heard, kind: str) -> None:
        """Count what became of a record of a kind."""
        self.outcomes[f"{kind} {heard}"] += 1

    def to_state(self) -> bytes:
        """Everything but what waits, which is empty between two records."""
        return msgspec.msgpack.encode(
            _ExchangeState(
                self.detectors,
                self.told,
                self.counted,
                self.day,
                self.hour,
                self._own.since,
                self._last,
                dict(self.outcomes),
                {segment: np.asarray(kept, "<f8").tobytes() for segment, kept in self._own.measured.items()},
            )
        )

    def beside_to_state(self) -> bytes:
        """What was counted of each challenger's scores; empty bytes where none runs."""
        if not self._beside:
            return b""
        return msgspec.msgpack.encode([(one.detectors, one.counted, one.since) for one in self._beside.values()])

    @classmethod
    def from_state(cls, packed: bytes, beside: bytes = b"") -> "Exchange":
        """What `to_state` and `beside_to_state` described. Raises `ValueError` for damaged bytes."""
        kept = msgspec.msgpack.decode(packed, type=_ExchangeState)
        found = cls()
        found._own = ScoreTally(kept.detectors, kept.counted, kept.since)
        for segment, numbers in kept.measured.items():
            found._own.measured[segment] = array("d", np.frombuffer(numbers, "<f8"))
        if beside:
            for one in msgspec.msgpack.decode(beside, type=list[tuple[str, int, dict[str, dict[int, int]]]]):
                found._beside[one[0]] = ScoreTally(*one)
        found.told, found.day, found.hour, found._last = kept.told, kept.day, kept.hour, kept.last
        found.outcomes.update(kept.outcomes)
        return found


def bins_of(counts: ScoreCounts, most: int) -> Mapping[str, Mapping[int, int]] | None:
    """Counts by segment and bin; None where no partition can have told them.

    That is where bins do not rise or are `most` and more, a count is 0, or all of them are more than `MOST_BELIEVED`.
    """
    found: dict[str, dict[int, int]] = {}
    for segment, numbers in counts.segments.items():
        places, times = numbers[::2], numbers[1::2]
        rising = all(first < second for first, second in pairwise(places))
        if len(places) != len(times) or not rising or (places and places[-1] >= most) or 0 in times:
            return None
        found[segment] = dict(zip(places, times, strict=True))
    return found if sum(sum(bins.values()) for bins in found.values()) <= MOST_BELIEVED else None
