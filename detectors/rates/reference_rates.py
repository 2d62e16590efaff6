"""Reference rates by event time: a bounded history per pair, exact arithmetic, never a guess.

An event uses the latest rate at or before its own time among those applied before it, whatever order they came in.
Kept are rates newer than 36 days before the partition's clock (35 days of lateness and a stale rate's 26 hours), and
at most `MOST` per pair and `MOST_OF_ALL` together. Where more come, those go whose neighbours in time are nearest to
each other (`History.thin`), so that every time keeps a rate of about then; an event that has none is marked
`rate_missing`. Failure prevented: one feed's 100 000 rates of a minute pushed out all that were older, and every
payment of before that minute, of whatever bank, was worth nothing.

Each point says from which ledger position on it stood, so that it can be told later which points an event used: that
is how a corrected rate finds what it touched (restatement.py). What is not believed is held (rate_checks.py).
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import compress, islice
from operator import ge
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.values.legal_calendar import DAY_US
from detectors.values.money import ONE, Ratio, parse

KEPT_US = 36 * DAY_US
# one rate a minute for 36 days is 51 840; twice that bounds memory at about 14 MB a pair
MOST = 100_000
# All pairs together: twice what 40 pairs of one rate a minute have, some 560 MB. Failure prevented: one feed can quote
# 39 402 pairs. Beyond it the pair with most rates loses some.
MOST_OF_ALL = 4_000_000
# rates are dropped in lots, because cutting the front of a list copies the rest
_LOT = 256
# and thinned out in larger ones, because all points are compared: 10 ms
_THINNED_AT_ONCE = 8_192
# ECB rates are quoted against the euro; the others are what Korean banks quote against
PIVOTS = ("KRW", "USD", "EUR")
# Who is quoted in whom, by the market's convention: the earlier one is the base. The won is nobody's base, and of two
# currencies that are not named the one that was quoted first stands.
BASES = ("EUR", "GBP", "AUD", "NZD", "USD", "CAD", "CHF")
# Points that came after an event are passed over to find the one it used: two days of one a minute, as after an outage
# of the feed. Where more came in such disorder, the event's amount stays as it was.
MOST_PASSED = 4_096
# What a look for the rate that an event used costs, in points passed over: 2 ns each, and 1 us a look.
EFFORT_OF_A_LOOK = 500
NEVER = 2**63
# A snapshot's copy is made in steps of some 2 ms: 40 pairs of one rate a minute for five weeks took 41 ms at once. A
# pair costs as much as 20 points.
_COPIED_AT_ONCE, _POINTS_OF_A_PAIR = 100_000, 20


class Point(NamedTuple):
    """One rate that an event used: the pair's name and the rate's own time."""

    pair: str
    at_us: int


class Directions(NamedTuple):
    """A pair's name, its inverse's, and whether convention is for it (1), for the inverse (-1) or silent (0)."""

    pair: str
    inverse: str
    convention: int


@lru_cache(maxsize=4096)  # a rate comes to every partition, and is read by many payments
def ratio_of(mid: str) -> Ratio:
    """The rate a decimal says. Raises `ValueError` when it is not a decimal above zero."""
    mantissa, exponent = parse(mid)
    return Ratio(mantissa, 10**exponent)


@lru_cache(maxsize=4096)
def directions(base: str, quote: str) -> Directions:
    """The two ways to write a pair, and which one the market uses."""
    ranks = [len(BASES) + (name == "KRW") if name not in BASES else BASES.index(name) for name in (base, quote)]
    return Directions(f"{base}/{quote}", f"{quote}/{base}", (ranks[0] < ranks[1]) - (ranks[0] > ranks[1]))


class DisorderError(Exception):
    """Too many rates came after an event for times before it, to tell which one it used."""


class History:
    """The rates of one pair in order of their own time; `offsets` are the ledger positions at which each time came."""

    __slots__ = ("mids", "offsets", "times")

    def __init__(self, times: list[int], mids: list[str], offsets: Iterable[int]) -> None:
        # positions in an array, so that many are passed over at once
        self.times, self.mids, self.offsets = times, mids, array("q", offsets)

    def add(self, at_us: int, mid: str, offset: int) -> bool:
        """Put a rate in its place in time; whether it took the place of another rate of the same time."""
        if not self.times or at_us > self.times[-1]:
            self.times.append(at_us)
            self.mids.append(mid)
            self.offsets.append(offset)
            return False
        place = bisect_left(self.times, at_us)
        if self.times[place] == at_us:
            replaced, self.mids[place] = self.mids[place] != mid, mid
            return replaced
        self.times.insert(place, at_us)
        self.mids.insert(place, mid)
        self.offsets.insert(place, offset)
        return False

    def prune(self, horizon_us: int | None) -> None:
        """Drop what is older than the horizon (not the last rate before it, in force there) and beyond `MOST`."""
        # one comparison tells that less than a lot is too old
        if horizon_us is not None and len(self.times) > _LOT and self.times[_LOT] <= horizon_us:
            excess = bisect_right(self.times, horizon_us) - 1
            del self.times[:excess], self.mids[:excess], self.offsets[:excess]
        if len(self.times) >= MOST + min(_THINNED_AT_ONCE, MOST):
            self.thin(len(self.times) - MOST)

    def thin(self, excess: int) -> int:
        """Forget so many points, or half of them where that is less, and not the first and last; how many.

        Of every second one those go that leave the smallest hole, of equal ones the oldest. Cost: 10 ms for 100 000.
        """
        times = np.array(self.times)
        holes = times[2::2] - times[:-2:2]
        places = 1 + 2 * np.argsort(holes, kind="stable")[:excess]
        stays = np.ones(len(times), np.bool_)
        stays[places] = False
        kept = stays.tolist()
        self.times, self.mids = list(compress(self.times, kept)), list(compress(self.mids, kept))
        self.offsets = array("q", np.frombuffer(self.offsets, "<i8")[stays].tobytes())
        return len(places)

    def place(self, at_us: int, stale_us: int) -> int | None:
        """The index of the latest rate at or before `at_us`; None without one, or when it is older than `stale_us`."""
        place = bisect_right(self.times, at_us) - 1
        return place if place >= 0 and at_us - self.times[place] <= stale_us else None

    def place_before(self, at_us: int, stale_us: int, before: int) -> tuple[int | None, int]:
        """The same among those that stood before the ledger position `before`; and how many points were looked at.

        Raises `DisorderError` beyond `MOST_PASSED` later ones. Cost: 1 us, and 2 us a thousand passed over.
        """
        place, passed = bisect_right(self.times, at_us) - 1, 0
        if place >= 0 and self.offsets[place] >= before:
            first = max(place + 1 - MOST_PASSED, 0)
            passed = place + 1 - first
            stood = np.flatnonzero(np.frombuffer(self.offsets, "<i8", passed, 8 * first) < before)
            if not len(stood) and first:
                raise DisorderError
            place = first + int(stood[-1]) if len(stood) else -1
        return (place if place >= 0 and at_us - self.times[place] <= stale_us else None), passed

    def at(self, at_us: int, stale_us: int) -> Ratio | None:
        """The latest rate at or before `at_us`, None when there is none or it is older than `stale_us`."""
        place = bisect_right(self.times, at_us)
        if not place or at_us - self.times[place - 1] > stale_us:
            return None
        return ratio_of(self.mids[place - 1])


class Rates:
    """Histories by `BASE/QUOTE`."""

    def __init__(self) -> None:
        self.pairs: dict[str, History] = {}
        self.count = 0
        # spent in looks for rates that events used, since the state was made; only differences of it mean anything
        self.effort = 0

    def add(self, base: str, quote: str, mid: str, at_us: int, offset: int, horizon_us: int | None) -> bool:
        """Remember a rate, whatever it says; whether it corrected one of the same time.

        What is older than `horizon_us` may be forgotten. Raises `ValueError` when `mid` is not a decimal above zero;
        then nothing changed. Cost: 2 us.
        """
        ratio_of(mid)
        return self.put(directions(base, quote).pair, mid, at_us, offset, horizon_us)

    def put(self, pair: str, mid: str, at_us: int, offset: int, horizon_us: int | None) -> bool:
        """As `add`, of a rate that is known to be a decimal above zero. Cost: 1 us."""
        history = self.pairs.get(pair)
        if history is None:
            history = self.pairs[pair] = History([], [], [])
        before = len(history.times)
        replaced = history.add(at_us, mid, offset)
        history.prune(horizon_us)
        self.count += len(history.times) - before
        if self.count > MOST_OF_ALL:
            longest = max(self.pairs.values(), key=lambda each: len(each.times))
            self.count -= longest.thin(min(_THINNED_AT_ONCE, len(longest.times) // 2))
        return replaced

    def ratio(self, base: str, quote: str, at_us: int, stale_us: int) -> Ratio | None:
        """Units of `quote` for one `base` at a time: as quoted, inverse, or through KRW, USD or EUR; else None."""
        if base == quote:
            return ONE
        return self._one(base, quote, at_us, stale_us) or self.cross(base, quote, at_us, stale_us)

    def cross(self, base: str, quote: str, at_us: int, stale_us: int) -> Ratio | None:
        """The same through KRW, USD or EUR only."""
        for pivot in PIVOTS:
            if pivot in (base, quote):
                continue
            first = self._one(base, pivot, at_us, stale_us)
            second = self._one(pivot, quote, at_us, stale_us) if first is not None else None
            if first is not None and second is not None:
                return Ratio(first.numerator * second.numerator, first.denominator * second.denominator)
        return None

    def used(
        self, base: str, quote: str, at_us: int, stale_us: int, before: int
    ) -> tuple[Ratio | None, tuple[Point, ...]]:
        """What `ratio` gave an event at the ledger position `before`, with the corrections since, and by which points.

        None as well where that cannot be told. Cost: 3 us.
        """
        if base == quote:
            return ONE, ()
        try:
            return self._used(base, quote, at_us, stale_us, before)
        except DisorderError:
            self.effort += EFFORT_OF_A_LOOK + MOST_PASSED
            return None, ()

    def _used(
        self, base: str, quote: str, at_us: int, stale_us: int, before: int
    ) -> tuple[Ratio | None, tuple[Point, ...]]:
        found = self._point(base, quote, at_us, stale_us, before)
        if found is not None:
            return found[0], (found[1],)
        for pivot in PIVOTS:
            if pivot in (base, quote):
                continue
            first = self._point(base, pivot, at_us, stale_us, before)
            second = self._point(pivot, quote, at_us, stale_us, before) if first is not None else None
            if first is not None and second is not None:
                (one, from_one), (other, from_other) = first, second
                whole = Ratio(one.numerator * other.numerator, one.denominator * other.denominator)
                return whole, (from_one, from_other)
        return None, ()

    def _one(self, base: str, quote: str, at_us: int, stale_us: int) -> Ratio | None:
        """The rate as the market quotes it, else the other way round."""
        pair, inverse, convention = directions(base, quote)
        if convention < 0:
            found = self._inverted(inverse, at_us, stale_us)
            return found if found is not None else self._quoted(pair, at_us, stale_us)
        found = self._quoted(pair, at_us, stale_us)
        return found if found is not None else self._inverted(inverse, at_us, stale_us)

    def _quoted(self, pair: str, at_us: int, stale_us: int) -> Ratio | None:
        history = self.pairs.get(pair)
        return None if history is None else history.at(at_us, stale_us)

    def _inverted(self, pair: str, at_us: int, stale_us: int) -> Ratio | None:
        history = self.pairs.get(pair)
        found = None if history is None else history.at(at_us, stale_us)
        return None if found is None else Ratio(found.denominator, found.numerator)

    def _point(self, base: str, quote: str, at_us: int, stale_us: int, before: int) -> tuple[Ratio, Point] | None:
        """As `_one`, as it stood before a ledger position, with the point that says it."""
        pair, inverse, convention = directions(base, quote)
        for name in (inverse, pair) if convention < 0 else (pair, inverse):
            history = self.pairs.get(name)
            if history is None:
                continue
            place, passed = history.place_before(at_us, stale_us, before)
            self.effort += EFFORT_OF_A_LOOK + passed
            if place is not None:
                found, point = ratio_of(history.mids[place]), Point(name, history.times[place])
                return (found if name == pair else Ratio(found.denominator, found.numerator)), point
        return None

    def copying(self, into: "Rates") -> Iterator[None]:
        """Fill a copy that later rates do not change, for a snapshot; yields after each few ms."""
        copied = 0
        for pair, kept in self.pairs.items():
            into.pairs[pair] = History(list(kept.times), list(kept.mids), kept.offsets)
            copied += len(kept.times) + _POINTS_OF_A_PAIR
            if copied > _COPIED_AT_ONCE:
                copied = 0
                yield

    def sections(self) -> Iterator[tuple[str, bytes]]:
        """One section a pair, in the order the pairs first came. Each costs up to 4 ms."""
        for pair, kept in self.pairs.items():
            yield pair, msgspec.msgpack.encode((kept.times, kept.mids, kept.offsets.tolist()))

    @classmethod
    def from_state(cls, sections: list[tuple[str, bytes]]) -> "Rates":
        """The rates that `to_state` described. Raises `ValueError` for damaged sections."""
        rates = cls()
        for pair, packed in sections:
            times, mids, offsets = msgspec.msgpack.decode(packed, type=tuple[list[int], list[str], list[int]])
            if not len(times) == len(mids) == len(offsets) or any(map(ge, times, islice(times, 1, None))):
                # a search in what is out of order would find some rate, and the score would be wrong in silence
                raise ValueError(
                    f"the rates of {pair} are damaged: {len(times)} times, {len(mids)} rates, "
                    f"{len(offsets)} positions, or no order"
                )
            rates.pairs[pair] = History(times, mids, offsets)
            rates.count += len(times)
        return rates
