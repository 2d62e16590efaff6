"""What each institution told in a month, in one partition: numbers of payments, from which its habits are compared.

A month stays until it is told of, and then goes out as one part an institution. Names cost a sender nothing, so those
without a share of their own (shares.py) are one institution, `OTHERS`, as are those beyond `MOST_NAMES` in a month.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from detectors.contracts.screens import COUNTS
from detectors.values.shares import OTHERS

# Senders have at most 256 shares and those that the configuration lists; within a month some are given to others.
MOST_NAMES = 512
# Months that wait; of more, the oldest one counts what is told. A month's payments are told for 45 days.
MOST_MONTHS = 6
# today, yesterday and two that somebody tells late
_MOST_DAYS = 4
# Parts that one record writes, some 20 us each. Failure prevented: 512 parts, 10 ms, with one record.
MOST_PARTS = 64


class InstitutionPart(NamedTuple):
    """What an institution told in a month, in this partition; `name` is `OTHERS` for those without a share."""

    month: int
    name: str
    counts: dict[str, int]


class LegalDay(NamedTuple):
    """A legal day and its limits under a configuration in force: what payments of that day are compared with.

    `least` and `most` are the band under the document line in USD cents, `away` hundredths of a basis point, `late_us`
    None without the table `[screens]`.
    """

    starts_us: int
    ends_us: int
    month: int
    late_us: int | None
    least: int
    most: int
    away: int | None
    effective: object


class InstitutionMonths:
    """Counts by month and institution; part of the state. Memory: 150 bytes an institution and month.

    `open_from` is the first month that did not go out; what is told of an earlier one counts in it.
    """

    def __init__(self) -> None:
        self._counts: dict[int, dict[str, list[int]]] = {}
        self.open_from = 0
        # looked up once for most payments: the newest legal days; follows from the configuration, so no part of a state
        self._days: list[LegalDay] = []

    def day_of(self, at_us: int, effective: object) -> LegalDay | None:
        """The legal day of a time, where it is kept for the configuration in force. Cost: 0.3 us."""
        for day in self._days:
            if day.starts_us <= at_us < day.ends_us and day.effective is effective:
                return day
        return None

    def keep_day(self, day: LegalDay) -> LegalDay:
        """Keep a legal day, the newest first, and give it back."""
        self._days = [day, *self._days[: _MOST_DAYS - 1]]
        return day

    def add(self, month: int, name: str, told: Sequence[int]) -> None:
        """Count a payment of an institution in the month of its time; `told` are places in `COUNTS`. Cost: 0.6 us."""
        month = max(month, self.open_from)
        if month not in self._counts and len(self._counts) >= MOST_MONTHS:
            month = min(self._counts)
        held = self._counts.setdefault(month, {})
        if name not in held and len(held) >= MOST_NAMES:
            name = OTHERS
        counts = held.setdefault(name, [0] * len(COUNTS))
        for place in told:
            counts[place] += 1

    def oldest(self) -> int | None:
        """The oldest month that anything was told in and that did not go out."""
        return min(self._counts, default=None)

    def take(self, month: int) -> Iterator[InstitutionPart]:
        """At most `MOST_PARTS` of a month, by name; they are kept no more, and what comes later counts in the next."""
        self.open_from = max(self.open_from, month + 1)
        held = self._counts[month]
        for name in sorted(held)[:MOST_PARTS]:
            yield InstitutionPart(month, name, dict(zip(COUNTS, held.pop(name), strict=True)))
        if not held:
            del self._counts[month]

    def to_state(self) -> bytes:
        """Everything."""
        return msgspec.msgpack.encode((self.open_from, self._counts))

    @classmethod
    def from_state(cls, packed: bytes) -> "InstitutionMonths":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        found = cls()
        found.open_from, found._counts = msgspec.msgpack.decode(
            packed, type=tuple[int, dict[int, dict[str, list[int]]]]
        )
        if any(len(counts) != len(COUNTS) for held in found._counts.values() for counts in held.values()):
            raise ValueError("an institution's counts are not of this release")
        return found
