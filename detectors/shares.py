"""Who has a share of its own in a bounded memory, so that no sender pushes out what another one's records need.

A memory that is full forgets the oldest entry of the sender that holds most. A sender that floods it then pushes out
its own entries alone, as soon as it holds more than the others. Names cost a sender nothing, so a name alone gives no
share: institutions of the configuration (`[admission] institutions`) have one; of the others the first
`AT_ONCE`, then one more a day of the partition's clock, up to `MOST_SHARES`. Whoever has none yet shares one with
all others that have none.
Failure prevented: 50 000 records of one bank, or of 50 000 made-up banks, and a record that another bank sent again
counted twice.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import msgspec

from detectors.calendar import DAY_US
from detectors.institution_code import institution_code

# Stands for all senders without a share of their own; no institution's name is empty.
OTHERS = ""
# A country's banks, when a cluster begins; after them a made-up name waits for a day of its own.
AT_ONCE = 64
# With one a day the rest is given out in half a year; banks, branches and small remitters that report are fewer.
MOST_SHARES = 256
# Whoever was silent for longer gives its share up when another needs the place. What is older counts in no total.
IDLE_US = 35 * DAY_US


class Shares:
    """Which senders have shares of their own; a part of the partition's state."""

    def __init__(self) -> None:
        self._listed: frozenset[str] = frozenset()
        # name -> the clock when it last sent, the one that was silent longest first
        self._named: OrderedDict[str, int] = OrderedDict()
        self._day = 0

    def list(self, institutions: Iterable[str]) -> None:
        """Institutions that always have a share, as the configuration in force says."""
        self._listed = frozenset(map(institution_code, institutions))
        for name in self._listed & self._named.keys():
            del self._named[name]

    def has(self, sender: str) -> bool:
        """Whether a sender, by its institution's code, has a share of its own."""
        return sender in self._listed or sender in self._named

    @property
    def several(self) -> bool:
        """Whether more than one sender is known."""
        return len(self._listed) + len(self._named) > 1

    def known_as(self, institution: str) -> str:
        """The share that an institution's entries take a place in: its own, or that of all others. Cost: 0.2 us."""
        sender = institution_code(institution)
        return sender if self.has(sender) else OTHERS

    def give(self, institution: str, clock_us: int) -> str | None:
        """An institution sends now, by the partition's clock, and may get a share. Cost: 0.3 us.

        Returns the sender that gave its share up for it, None nearly always.
        """
        sender = institution_code(institution)
        if sender in self._listed:
            return None
        if sender in self._named:
            self._named[sender] = max(clock_us, self._named[sender])
            self._named.move_to_end(sender)
            return None
        day = clock_us // DAY_US
        if len(self._named) >= AT_ONCE and day <= self._day:
            return None
        given_up = None
        if len(self._named) >= MOST_SHARES:
            silent, since_us = next(iter(self._named.items()))
            if clock_us - since_us <= IDLE_US:
                return None
            del self._named[silent]
            given_up = silent
        self._named[sender], self._day = clock_us, day
        return given_up

    def to_state(self) -> bytes:
        """What is learned; what is listed stands in the configuration."""
        return msgspec.msgpack.encode((self._day, list(self._named.items())))

    @classmethod
    def from_state(cls, packed: bytes) -> "Shares":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        found = cls()
        found._day, named = msgspec.msgpack.decode(packed, type=tuple[int, list[tuple[str, int]]])
        found._named.update(named)
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
    above = max(map(len, places.values()))
    level = bisect_right(range(above), most, key=lambda each: sum(min(len(own), each) for own in places.values())) - 1
    chosen = [place for own in places.values() for place in own[-level:]] if level else []
    # one more of those that have it, the newest of them first
    more = sorted((own[-level - 1] for own in places.values() if len(own) > level), reverse=True)
    return [kept[place] for place in sorted(chosen + more[: most - len(chosen)])]
