"""How many statistical alerts each desk got on a day: this partition's own at once, those of others as they tell.

A desk's ceiling is over all partitions. So each copy that counts is told to all of them (contracts/learning.py), and
comes through their ledgers. What a partition knows at a record follows from its own ledger alone, so a replay routes
every alert as it was routed. Copies that two partitions send before either has heard of the other may pass a ceiling
together: some in the second that a record takes to come back, and more where a backlog is worked off.
"""

from collections import Counter

import msgspec

from detectors.contracts.learning import DeskCopies

SECTION = "desk copies"
# the state of no copies, which stands in no snapshot
NO_COPIES = msgspec.msgpack.encode([])
# Failure prevented: a partition that works off a backlog hears of days to come, one after the other, without end. Days
# furthest from its own go first.
MOST_DAYS = 32


class DeskCopyCounts:
    """Copies by local day (ordinal) and desk. At most 32 days; part of the state, true where there are any."""

    def __init__(self) -> None:
        self._days: dict[int, Counter[str]] = {}

    def __bool__(self) -> bool:
        """Whether any copy was counted: a state without any has the bytes of before there were ceilings."""
        return bool(self._days)

    def sent(self, day: int, desk: str) -> int:
        """Statistical alerts that the desk got on a day, as far as this partition knows."""
        counts = self._days.get(day)
        return 0 if counts is None else counts[desk]

    def add(self, copies: DeskCopies, own_day: int) -> None:
        """Count copies; `own_day` is the day of this partition's clock, which is kept whatever comes."""
        self._days.setdefault(copies.day, Counter()).update(copies.desks)
        if len(self._days) > MOST_DAYS:
            del self._days[max(self._days, key=lambda day: (abs(day - own_day), -day))]

    def to_state(self) -> bytes:
        """Everything. The same counts give the same bytes."""
        days = [(day, sorted(counts.items())) for day, counts in sorted(self._days.items())]
        return msgspec.msgpack.encode(days)

    @classmethod
    def from_state(cls, packed: bytes) -> "DeskCopyCounts":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        made = cls()
        for day, counts in msgspec.msgpack.decode(packed, type=list[tuple[int, list[tuple[str, int]]]]):
            made._days[day] = Counter(dict(counts))
        return made
