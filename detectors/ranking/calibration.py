"""From strangeness to rank: how rare a payment is among those of all partitions, as far as they told one another.

A tail by construction stands for what nobody has seen yet, and counts as `SHRINKAGE` payments:

    p = (payments at least as strange + k x p of the tail) / (payments + k)

Among the strangest payments there are few to count. There it goes on by an exponential tail, fitted to how far they
reach beyond the strangest tenth, and shrunk to the scale of the one by construction (`p_value`).

Payments are counted over all segments together. Features are measured against the own past and against peers, so that
a payment of a firm and one of a person compare. Failure prevented: a partition's own few hundred payments of a segment,
counted beside everybody's, made the order of the strangest chance in part (docs/DETECTION.md, "One calibration").

Everything kept is a whole number in a bin of strangeness. So the order of payments within a generation is irrelevant,
counts of several partitions add up exactly, and equal counts give equal ranks on every machine.
"""

from array import array
from collections.abc import Mapping
from math import exp, log
from typing import NamedTuple

import msgspec
import numpy as np

# Strangeness is the weighted mean of -ln p over the members, in nats. One bin is 1/64 of a nat: two payments of one bin
# differ by at most 1.6 % in p where the tail falls as e^-s. No member says less than p = 1e-9, which is 20.7 nats.
BINS_A_NAT = 64
BINS = 22 * BINS_A_NAT
# The prior counts as so many payments. Less lets the first few payments say more than they can know.
SHRINKAGE = 30
# The tail is fitted to the strangest tenth: at least 10, or its scale is a guess, and at most 100, so that where there
# is much to count it is counted.
LEAST_TAIL, MOST_TAIL, TAIL_SHARE = 10, 100, 10
# The prior's scale counts as so many payments of the tail.
TAIL_SHRINKAGE = 30
FIRST_GENERATION = 32
# What is usual changes: the longer the pasts of parties are, the stranger a payment can be. So a generation of what all
# partitions told ends after so many days too, if it has so many payments: five of them are beyond the largest rank that
# alerts, 0.002. Failure prevented: ranks were 1.6 times too low where the counts of four months stood behind them
# (docs/DETECTION.md, "One calibration").
GENERATION_DAYS = 14
ENOUGH = 2_500
# All partitions together see as many times more payments; 12 partitions are the default. Failure prevented: their
# level would forget within the hours in which all see what the partition sees in a day.
WIDER = 12
# Failure prevented: a rank of exactly 0, whose logarithm an alert's reasons take.
FINEST = 1e-9


class Ranked(NamedTuple):
    """How rare a payment is. `p`: the share of payments at least as strange, above 0 to 1, lower is rarer.

    `among`: how many payments were counted. A `p` below 1 / (`among` + 1) is beyond them: the fitted tail says it.
    """

    p: float
    among: int


def bin_of(strangeness: float) -> int:
    """The bin of a strangeness; what is beyond the last one is in the last one, and nothing is below the first."""
    place = int(strangeness * BINS_A_NAT)
    return 0 if place < 0 else min(place, BINS - 1)


def prior(place: int) -> float:
    """The share of payments in this bin or a stranger one, before any was seen: min(1, e x exp(-strangeness)).

    exp(-strangeness) is the weighted geometric mean of the members' p-values, and e times it is a p-value whatever the
    dependence among them (Vovk and Wang 2020, "Combining p-values via averaging", Biometrika 107). Independent members
    would have a far thinner tail (a gamma distribution's), and the members are not independent: they see the same
    features. Fails where the members' own p-values are wrong, and is too large by a factor of up to e and more where
    they differ from one another: a rank that rests on it alone is too coarse, not too fine.
    """
    return min(1.0, exp(1.0 - place / BINS_A_NAT))


PRIOR = tuple([prior(place) for place in range(BINS)])


class LevelState(msgspec.Struct, frozen=True, array_like=True):
    """A level as it is saved: how many payments its newer generation takes, counts by bin, and its first local day."""

    limit: int
    newer: dict[int, int]
    older: dict[int, int]
    begun: int = 0


def _sparse(counts: "array[int]") -> dict[int, int]:
    return {place: count for place, count in enumerate(counts) if count}


class Level:
    """How many payments of each bin one level has seen lately: whole numbers, in two generations.

    When the newer one has `limit` payments it takes the place of the older one. The first has 32, each has twice as
    many as the one before it, up to `size` / 2: so the newer half of all payments, and at most `size`, is counted.
    Failure prevented: while everything is new to the models everything is strange, and payments of these days counted
    for as long as it takes to see `size`.
    `reach[place]` says how many are in a bin or a stranger one, `counted` how many there are, `tail_count` how many
    make the tail (0 where there are too few to tell one). Memory: 35 kB.
    """

    __slots__ = ("_at_least", "begun", "counted", "half", "limit", "newer", "older", "reach", "seen", "tail_count")

    def __init__(self, size: int) -> None:
        self.half = max(1, size // 2)
        self.limit = min(self.half, FIRST_GENERATION)
        self.newer, self.older = array("q", bytes(8 * BINS)), array("q", bytes(8 * BINS))
        self.seen = self.counted = self.tail_count = 0  # `seen`: of the newer generation
        self.begun = 0  # local day (ordinal) of the newer generation's first counts; 0 where none was told
        # one more bin, so that what is beyond the last needs no case
        self._at_least = np.zeros(BINS + 1, dtype=np.int64)
        self.reach = self._at_least.data

    def add(self, place: int, count: int = 1) -> None:
        """Count a payment of a bin, or several."""
        self.newer[place] += count
        self._at_least[: place + 1] += count
        self.seen += count
        self.counted += count
        if self.seen >= self.limit:
            self._begin_generation()
            self._count()
        else:
            self._tail_of(self.counted)

    def _begin_generation(self) -> None:
        self.limit = min(self.half, 2 * self.limit)
        self.older, self.newer, self.seen = self.newer, array("q", bytes(8 * BINS)), 0

    def _count(self) -> None:
        both = np.frombuffer(self.newer, dtype=np.int64) + np.frombuffer(self.older, dtype=np.int64)
        self._at_least[:BINS] = both[::-1].cumsum()[::-1]
        self.counted = self.reach[0]
        self._tail_of(self.counted)

    def _tail_of(self, counted: int) -> None:
        self.tail_count = min(MOST_TAIL, max(LEAST_TAIL, counted // TAIL_SHARE)) if counted >= LEAST_TAIL else 0

    def to_state(self) -> "LevelState":
        """Limit and counts of both generations, those above 0, and the newer one's first day."""
        return LevelState(self.limit, _sparse(self.newer), _sparse(self.older), self.begun)

    @classmethod
    def from_state(cls, size: int, state: "LevelState") -> "Level":
        """The level `to_state` described. Raises `ValueError` for bins that are none."""
        level = cls(size)
        level.limit, level.begun = state.limit, state.begun
        for counts, kept in ((level.newer, state.newer), (level.older, state.older)):
            for place, count in kept.items():
                if not 0 <= place < BINS or count < 1:
                    raise ValueError(f"a level's state is damaged; got: {count} in bin {place}")
                counts[place] = count
        level.seen = sum(level.newer)
        level._count()
        return level

    def merge(self, counts: Mapping[int, int], day: int = 0) -> None:
        """Count what a partition has seen, by bin; 40 us. Raises `ValueError` for a bin or a count that is none.

        `day` is the local day (ordinal) on which it was seen, 0 where that was not told.
        A generation ends behind all of it. Failure prevented: cut in the middle of the bins, a generation that is
        forgotten would take the low bins with it and leave the high ones.
        """
        for place, count in counts.items():
            if not 0 <= place < BINS or count < 0:
                raise ValueError(
                    f"a count of scores is none; got: {count} in bin {place}; expected: 0 or more in one of {BINS}"
                )
        for place, count in counts.items():
            self.newer[place] += count
            self.seen += count
        # a day before the first one tells that the first was ahead of time
        if day and (day < self.begun or not self.begun):
            self.begun = day
        old = bool(day) and day - self.begun >= GENERATION_DAYS and self.seen >= ENOUGH
        if old or self.seen >= self.limit:
            self._begin_generation()
            self.begun = day
        self._count()

    def shared(self, place: int) -> float:
        """The share in this bin or a stranger one, by counting, and by the prior as far as that counts."""
        return (self.reach[place] + SHRINKAGE * PRIOR[place]) / (self.counted + SHRINKAGE)

    def tail_begins(self) -> int:
        """The last bin that as many reach as make the tail."""
        # counts fall from bin to bin; read from the end they rise
        return BINS - int(self._at_least[::-1].searchsorted(self.tail_count))

    def excess(self, begins: int) -> tuple[int, float]:
        """How many are in a bin or a stranger one, and the sum, in nats, of how far they reach beyond its beginning."""
        count = self.reach[begins]
        # each is taken to lie in the middle of its bin
        return count, (int(self._at_least[begins + 1 :].sum()) + count / 2) / BINS_A_NAT


def p_value(level: Level, place: int) -> float:
    """The share of payments in this bin or a stranger one; above 0, at most 1."""
    if level.reach[place] < level.tail_count:
        return _tail(level, place)
    return level.shared(place)


def _tail(level: Level, place: int) -> float:
    """The share where few reach.

    The prior says how it falls from where the tail begins: as e^-x. The level's own payments say how much faster or
    slower: excess over the beginning is taken as exponential in x, of a scale near 1 that is known by the level's own
    payments and `TAIL_SHRINKAGE` of the prior. (1 + x / (sum + k))^-(count + k) is the predictive distribution (Lomax),
    heavier than an exponential one where few stand behind it.
    Fails where payments reach further than exponentially: the rarest of all are then called too rare.
    """
    begins = level.tail_begins()
    count, excess = level.excess(begins)
    x = log(PRIOR[begins] / PRIOR[place])
    return level.shared(begins) * float((1.0 + x / (excess + TAIL_SHRINKAGE)) ** -(count + TAIL_SHRINKAGE))


class Calibration:
    """Ranks of one partition. Deterministic: equal counts give equal ranks.

    A payment is counted in `whole`, the partition's own level, when it is learned, and in `everyone` when what this
    partition told comes back with what the others told. That says the rank once it has 2 500 payments, or as many as
    the partition itself. Cost of a rank and its counting: 2 us.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.everyone = Level(WIDER * size)
        self.whole = Level(size)

    @property
    def level(self) -> Level:
        """The level that says ranks now."""
        return self.everyone if self.everyone.counted >= min(self.whole.counted, ENOUGH) else self.whole

    def rank(self, strangeness: float) -> Ranked:
        """How rare a payment of this strangeness (mean -ln p, nats) is; changes nothing."""
        level = self.level
        return Ranked(max(FINEST, p_value(level, bin_of(strangeness))), level.counted)

    def learn(self, strangeness: float) -> None:
        """Count a payment of this strangeness."""
        self.count(bin_of(strangeness))

    def count(self, place: int) -> None:
        """Count a payment of this bin."""
        self.whole.add(place)

    def hear(self, counts: Mapping[int, int], day: int = 0) -> None:
        """Count what a partition told all others of a local day (ordinal, 0 = not told), by bin.

        Raises `ValueError` for a bin or a count that is none.
        """
        self.everyone.merge(counts, day)

    def to_state(self) -> bytes:
        """Both levels' counts. The same counts give the same bytes."""
        return msgspec.msgpack.encode((self.size, self.everyone.to_state(), self.whole.to_state()))

    @classmethod
    def from_state(cls, size: int, state: bytes) -> "Calibration":
        """The calibration `to_state` described. Raises `ValueError` for damaged bytes or those of another size."""
        kept_size, everyone, whole = msgspec.msgpack.decode(state, type=tuple[int, LevelState, LevelState])
        if kept_size != size:
            raise ValueError(f"a calibration's state is of another size; got: {kept_size}; expected: {size}")
        made = cls(size)
        made.everyone = Level.from_state(WIDER * size, everyone)
        made.whole = Level.from_state(size, whole)
        return made
