"""Who has a share of its own in a bounded memory, so that no sender pushes out what another one's records need.

A memory that is full forgets the oldest entry of a sender that holds more than its share. Shares go by what each sends
usually, over the days of the partition's clock, and a quarter is shared out equally: so a flood of a day pushes out its
own entries, and a large bank's go no further back than a small one's. What others do not use is lent. Whoever sends
more than usual counts at once for as much as the mean of all, and nobody for more than all others together.

Names cost a sender nothing, so a name alone gives no share: institutions of the configuration (`[admission]
institutions`) have one; of the others the first `AT_ONCE`, then one more a day of the clock, up to `MOST_SHARES`.
Whoever has none yet shares one with all others that have none.
Failure prevented: 50 000 records of one bank, or of 50 000 made-up banks, and a record that another bank sent again
counted twice.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from detectors.values.institution_code import institution_code, listed_codes
from detectors.values.legal_calendar import DAY_US

# Stands for all senders without a share of their own; no institution's name is empty.
OTHERS = ""
# Stands for those that tell of parties and are no institution: profiles, customs. The door admits no such name.
OFFICES = "\0offices"
# A country's banks, when a cluster begins; after them a made-up name waits for a day of its own.
AT_ONCE = 64
# With one a day the rest is given out in half a year; banks, branches and small remitters that report are fewer.
MOST_SHARES = 256
# Whoever was silent for longer gives its share up when another needs the place. What is older counts in no total.
IDLE_US = 35 * DAY_US
# Part of a memory that is shared out equally: a new or small sender has room for some records of its own.
EQUAL_PART = 4
# Weight of the newest day in what a sender usually sends, an eighth, follows it within two weeks; a day counts for at
# most so many times the usual, and for `LEAST_DAY` events. So a flood of one day is never usual.
OLD_DAYS = 7
LARGEST_DAY = 4
LEAST_DAY = 16
# usual numbers are kept in parts of an event, so that whole numbers are exact enough
_PARTS = 64
_LONGEST_GAP = 60


class GivenShare(NamedTuple):
    """What came of a sender's record: who gave his share up for it, and whether `Shares.quotas` changed."""

    given_up: str | None
    changed: bool


class Shares:
    """Which senders have shares of their own; a part of the partition's state."""

    def __init__(self) -> None:
        self._listed: frozenset[str] = frozenset()
        # name -> the clock when it last sent, the one that was silent longest first
        self._named: OrderedDict[str, int] = OrderedDict()
        self._day = 0
        # of each share that was ever used: events a day as usual, in parts, and those of the clock's day
        self._usual: dict[str, int] = {}
        self._today: dict[str, int] = {}
        self._counted_day = 0

    def list(self, institutions: Iterable[str]) -> None:
        """Institutions that always have a share, as the configuration in force says."""
        self._listed = listed_codes(institutions)
        for name in self._listed & self._named.keys():
            del self._named[name]
        for name in [one for one in self._usual if one != OTHERS and not self.has(one)]:
            self._forget(name)

    def has(self, sender: str) -> bool:
        """Whether a sender, by its institution's code, has a share of its own."""
        return sender in self._listed or sender in self._named

    def is_listed(self, sender: str) -> bool:
        """Whether the configuration in force lists a sender, by its institution's code."""
        return sender in self._listed

    @property
    def several(self) -> bool:
        """Whether more than one sender is known."""
        return len(self._listed) + len(self._named) > 1

    def known_as(self, institution: str) -> str:
        """The share that an institution's entries take a place in: its own, or that of all others. Cost: 0.2 us."""
        sender = institution_code(institution)
        return sender if self.has(sender) else OTHERS

    def rank(self, sender: str) -> int:
        """What a sender's word on whose a party is counts for.

        2 where the configuration lists it, 1 where it has a share of its own otherwise, else 0.
        """
        if sender in self._listed:
            return 2
        return 1 if sender == OFFICES or sender in self._named else 0

    def owner(self, owner: str, sender: str) -> str:
        """Whose share a party takes a place in: its owner's, or that of a sender of higher rank that tells of it.

        Failure prevented: a made-up name tells of a bank's customers first, and they would go with its own.
        """
        if self.rank(sender) > self.rank(owner):
            return sender
        return owner if self.rank(owner) else OTHERS

    def give(self, institution: str, clock_us: int) -> "GivenShare":
        """An institution sends now, by the partition's clock, and may get a share. Cost: 0.5 us."""
        sender, day = institution_code(institution), clock_us // DAY_US
        given_up = None
        if day > self._counted_day:
            self._end_days(day)
        if sender in self._named:
            self._named[sender] = max(clock_us, self._named[sender])
            self._named.move_to_end(sender)
        elif sender not in self._listed:
            may, given_up = self._may_have(clock_us)
            if may:
                self._named[sender], self._day = clock_us, day
            else:
                sender = OTHERS
        self._usual.setdefault(sender, 0)
        today = self._today[sender] = self._today.get(sender, 0) + 1
        # What a day has brought counts in powers of two, so that shares seldom change. The first record of a day, or of
        # a share, is 1, which is one of them.
        return GivenShare(given_up, not today & today - 1)

    def _may_have(self, clock_us: int) -> tuple[bool, str | None]:
        """Whether one more sender may have a share of its own, and who gives his up for it."""
        if len(self._named) >= AT_ONCE and clock_us // DAY_US <= self._day:
            return False, None
        if len(self._named) < MOST_SHARES:
            return True, None
        silent, since_us = next(iter(self._named.items()))
        if clock_us - since_us <= IDLE_US:
            return False, None
        del self._named[silent]
        self._forget(silent)
        return True, silent

    def _forget(self, sender: str) -> None:
        self._usual.pop(sender, None)
        self._today.pop(sender, None)

    def _end_days(self, day: int) -> None:
        """Take what was sent on the day that ends into what is usual; days without any count too."""
        first, empty = not any(self._usual.values()), min(day - self._counted_day - 1, _LONGEST_GAP)
        mean = self._mean()
        for sender, usual in self._usual.items():
            sent = self._today.get(sender, 0) * _PARTS
            most = max(LARGEST_DAY * usual, LEAST_DAY * _PARTS)
            now = sent if first else (OLD_DAYS * usual + min(sent, most)) // (OLD_DAYS + 1)
            now = max(now, min(sent, mean))
            for _ in range(0 if first else empty):
                now = OLD_DAYS * now // (OLD_DAYS + 1)
            self._usual[sender] = now
        self._today, self._counted_day = {}, day

    def _mean(self) -> int:
        return sum(self._usual.values()) // max(len(self._usual), 1)

    def _weight(self, sender: str, mean: int) -> int:
        """What a sender counts for: what is usual, or what the day has brought so far, up to the mean of all."""
        today = self._today.get(sender, 0)
        brought = _PARTS << today.bit_length() - 1 if today else 0
        # on the first day nothing is usual
        return max(self._usual[sender], min(brought, mean) if mean else brought)

    def quotas(self, size: int) -> dict[str, int]:
        """How many of `size` entries each sender may have where there is no room for all; together no more than that.

        It changes only where `give` or `list` says so. Cost: 0.2 us a sender.
        """
        mean = self._mean()
        weights = {sender: self._weight(sender, mean) for sender in self._usual}
        total = sum(weights.values())
        weights = {sender: min(weight, total - weight) for sender, weight in weights.items()}
        together = sum(weights.values())
        if not together:
            return {sender: size // len(weights) for sender in weights}
        equal = size // (EQUAL_PART * len(weights))
        rest = size - equal * len(weights)
        return {sender: equal + rest * weight // together for sender, weight in weights.items()}

    def to_state(self) -> bytes:
        """What is learned; what is listed stands in the configuration."""
        volumes = [(sender, usual, self._today.get(sender, 0)) for sender, usual in self._usual.items()]
        return msgspec.msgpack.encode((self._day, list(self._named.items()), self._counted_day, volumes))

    @classmethod
    def from_state(cls, packed: bytes) -> "Shares":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        found = cls()
        kind = tuple[int, list[tuple[str, int]], int, list[tuple[str, int, int]]]
        found._day, named, found._counted_day, volumes = msgspec.msgpack.decode(packed, type=kind)
        found._named.update(named)
        found._usual = {sender: usual for sender, usual, _ in volumes}
        found._today = {sender: today for sender, _, today in volumes if today}
        return found


Kept = TypeVar("Kept")


def fairly_cut(kept: Sequence[Kept], most: int, sender: Callable[[Kept], Hashable]) -> list[Kept]:
    """At most `most` of these, oldest first: the oldest of the sender that has most goes, of equal ones the oldest.

    Cost: 30 us for 64, 0.2 ms for 500.
    """
    if len(kept) <= most:
        return list(kept)
    places: dict[Hashable, list[int]] = {}
    for place, one in enumerate(kept):
        places.setdefault(sender(one), []).append(place)
    # the most that each may have: as many as there is room for
    counts = [len(own) for own in places.values()]
    level = bisect_right(range(max(counts)), most, key=lambda each: sum(min(own, each) for own in counts)) - 1
    chosen = [place for own in places.values() for place in own[-level:]] if level else []
    # one more of those that have it, the newest of them first
    more = sorted((own[-level - 1] for own in places.values() if len(own) > level), reverse=True)
    return [kept[place] for place in sorted(chosen + more[: most - len(chosen)])]
