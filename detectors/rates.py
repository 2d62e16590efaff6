"""Reference rates by event time: a bounded history per pair, exact arithmetic, never a guess.

An event uses the latest rate at or before its own time among those applied before it, whatever order they came in.
Kept are rates newer than 36 days before the partition's newest payment (35 days of lateness and a stale rate's 26
hours), and
at most `MOST` per pair; where more come, the oldest go, and an event that would have needed one is marked
`rate_missing`.
"""

from bisect import bisect_left, bisect_right
from functools import lru_cache
from itertools import islice
from operator import ge

import msgspec

from detectors.calendar import DAY_US
from detectors.money import ONE, Ratio, parse

KEPT_US = 36 * DAY_US
# one rate a minute for 36 days is 51 840; twice that bounds memory at about 10 MB a pair
MOST = 100_000
# rates are dropped in lots, because cutting the front of a list copies the rest
_LOT = 256
# ECB rates are quoted against the euro; the others are what Korean banks quote against
PIVOTS = ("KRW", "USD", "EUR")


@lru_cache(maxsize=4096)  # a rate comes to every partition, and is read by many payments
def _ratio(mid: str) -> Ratio:
    """The rate a decimal says. Raises `ValueError` when it is not a decimal above zero."""
    mantissa, exponent = parse(mid)
    return Ratio(mantissa, 10**exponent)


class History:
    """The rates of one pair in order of their own time."""

    __slots__ = ("mids", "times")

    def __init__(self, times: list[int], mids: list[str]) -> None:
        self.times, self.mids = times, mids

    def add(self, at_us: int, mid: str) -> None:
        """Put a rate in its place in time; one of the same time replaces the earlier one."""
        if not self.times or at_us > self.times[-1]:
            self.times.append(at_us)
            self.mids.append(mid)
            return
        place = bisect_left(self.times, at_us)
        if self.times[place] == at_us:
            self.mids[place] = mid
        else:
            self.times.insert(place, at_us)
            self.mids.insert(place, mid)

    def prune(self, horizon_us: int | None) -> None:
        """Drop what is older than the horizon (not the last rate before it, in force there) and beyond `MOST`."""
        excess = 0 if horizon_us is None else bisect_right(self.times, horizon_us) - 1
        excess = max(excess, len(self.times) - MOST)
        if excess >= _LOT:
            del self.times[:excess], self.mids[:excess]

    def at(self, at_us: int, stale_us: int) -> Ratio | None:
        """The latest rate at or before `at_us`, None when there is none or it is older than `stale_us`."""
        place = bisect_right(self.times, at_us)
        if not place or at_us - self.times[place - 1] > stale_us:
            return None
        return _ratio(self.mids[place - 1])


class Rates:
    """Histories by `BASE/QUOTE`."""

    def __init__(self) -> None:
        self.pairs: dict[str, History] = {}

    def add(self, base: str, quote: str, mid: str, at_us: int, watermark_us: int | None) -> None:
        """Remember a rate. Raises `ValueError` when `mid` is not a decimal above zero; then nothing changed."""
        _ratio(mid)
        history = self.pairs.get(f"{base}/{quote}")
        if history is None:
            history = self.pairs[f"{base}/{quote}"] = History([], [])
        history.add(at_us, mid)
        history.prune(None if watermark_us is None else watermark_us - KEPT_US)

    def ratio(self, base: str, quote: str, at_us: int, stale_us: int) -> Ratio | None:
        """Units of `quote` for one `base` at a time: direct, inverse, or through KRW, USD or EUR; else None."""
        if base == quote:
            return ONE
        found = self._one(base, quote, at_us, stale_us)
        if found is not None:
            return found
        for pivot in PIVOTS:
            if pivot in (base, quote):
                continue
            first = self._one(base, pivot, at_us, stale_us)
            second = self._one(pivot, quote, at_us, stale_us) if first is not None else None
            if first is not None and second is not None:
                return Ratio(first.numerator * second.numerator, first.denominator * second.denominator)
        return None

    def _one(self, base: str, quote: str, at_us: int, stale_us: int) -> Ratio | None:
        history = self.pairs.get(f"{base}/{quote}")
        found = history.at(at_us, stale_us) if history is not None else None
        if found is not None:
            return found
        history = self.pairs.get(f"{quote}/{base}")
        found = history.at(at_us, stale_us) if history is not None else None
        return None if found is None else Ratio(found.denominator, found.numerator)

    def copied(self) -> "Rates":
        """A copy that later rates do not change, for a snapshot."""
        copy = Rates()
        copy.pairs = {pair: History(list(kept.times), list(kept.mids)) for pair, kept in self.pairs.items()}
        return copy

    def to_state(self) -> list[tuple[str, bytes]]:
        """One section a pair, in the order the pairs first came."""
        return [(pair, msgspec.msgpack.encode((kept.times, kept.mids))) for pair, kept in self.pairs.items()]

    @classmethod
    def from_state(cls, sections: list[tuple[str, bytes]]) -> "Rates":
        """The rates that `to_state` described. Raises `ValueError` for damaged sections."""
        rates = cls()
        for pair, packed in sections:
            times, mids = msgspec.msgpack.decode(packed, type=tuple[list[int], list[str]])
            if len(times) != len(mids) or any(map(ge, times, islice(times, 1, None))):
                # a search in what is out of order would find some rate, and the score would be wrong in silence
                raise ValueError(f"the rates of {pair} are damaged: {len(times)} times, {len(mids)} rates, or no order")
            rates.pairs[pair] = History(times, mids)
        return rates
