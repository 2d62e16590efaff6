"""Whose verdicts count: the officers that the configuration lists, or else those whose verdicts counted before.

Anybody who may write to `fx.dispositions.v1` can write a name. With a list (`[admission] officers`) only its names
count. Without one nobody can tell a made-up name from a new colleague; what can be told is who was there before. So
officers have a rank: the order in which a verdict of theirs first counted in the partition. The first `AT_ONCE` get
one at once, after them one a day of the partition's clock, up to `MOST_KNOWN`; one who was silent for `IDLE_US` gives
his place to another. Where an alert has more opinions than are kept, those of the highest ranks stay, and the newest of
the others (verdicts.py): no number of new names is in the way of who was there before, nor of one who comes after them.
Fails where the made-up names were there from the first day, or never end; then a list is needed.
"""

from collections.abc import Iterable

import msgspec

from detectors.books.party import token_number
from detectors.values.legal_calendar import DAY_US
from detectors.values.spelling import folded

# A department of officers; after them a made-up name waits for a day of its own.
AT_ONCE = 16
MOST_KNOWN = 256
IDLE_US = 400 * DAY_US


def officer_number(name: str) -> int:
    """The number of an officer, the same in every spelling of the name. Cost: 2 us, 5 where it is not ASCII.

    Failure prevented: `Kim`, `KIM` and `Kim ` were three opinions on one alert, and none of them listed but the first.
    """
    return token_number(folded(name))


class Officers:
    """The officers of a partition, by the numbers of their ids; a part of its state."""

    def __init__(self) -> None:
        self._listed: frozenset[int] = frozenset()
        # number -> the clock at the newest verdict, by rank
        self._known: dict[int, int] = {}
        self._day = 0

    def list(self, officers: Iterable[str]) -> None:
        """Officers whose verdicts alone count, as the configuration in force says; none: everybody's do."""
        self._listed = frozenset(map(officer_number, officers))

    @property
    def are_listed(self) -> bool:
        """Whether the configuration says who the officers are."""
        return bool(self._listed)

    def may_judge(self, officer: int) -> bool:
        """Whether a verdict of this officer counts at all."""
        return not self._listed or officer in self._listed

    def rank(self, officer: int) -> int:
        """0 for who was there first, higher for who came later; `MOST_KNOWN` for those without a rank. 5 us."""
        if officer not in self._known:
            return MOST_KNOWN
        return next(place for place, one in enumerate(self._known) if one == officer)

    def note_counted(self, officer: int, clock_us: int) -> None:
        """A verdict of this officer counts, by the partition's clock: it may give a rank."""
        if officer in self._known:
            self._known[officer] = max(clock_us, self._known[officer])
            return
        day = clock_us // DAY_US
        if len(self._known) >= AT_ONCE and day <= self._day:
            return
        if len(self._known) >= MOST_KNOWN:
            silent = min(self._known, key=lambda one: self._known[one])
            if clock_us - self._known[silent] <= IDLE_US:
                return
            del self._known[silent]
        self._known[officer], self._day = clock_us, day

    def to_state(self) -> bytes:
        """What is learned; the list stands in the configuration."""
        return msgspec.msgpack.encode((self._day, list(self._known.items())))

    @classmethod
    def from_state(cls, packed: bytes) -> "Officers":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        found = cls()
        found._day, known = msgspec.msgpack.decode(packed, type=tuple[int, list[tuple[int, int]]])
        found._known = dict(known)
        return found
