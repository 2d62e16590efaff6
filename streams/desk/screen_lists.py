"""Supervisors' lists as `fx.screens.v1` has them: the newest entry of each screen, subject and month.

What the ledger partitions counted of institutions is added up, and institutions are compared with their peers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from detectors.contracts.screens import INSTITUTION_PART, Screened
from detectors.ranking.institution_peers import Habit, Peers, compare
from streams.alert_text.alert_text import LimitRead
from streams.kafka import topic_reader, topics
from streams.settings import Settings


class ScreenedRead(Screened, frozen=True, kw_only=True):
    """An entry as read: with limits that say whether their figure was checked."""

    limits: tuple[LimitRead, ...]


class Lists(NamedTuple):
    """The entries of one month (`2026-10`, empty where there are none), by screen and subject.

    `months` are all that have entries, the oldest first; `unreadable` counts records that are no entries. `habits` are
    those of institutions that stand out, of so many `institutions` (those without a share of their own are one) in so
    many ledger `partitions`; `limits` what they were compared by.
    """

    month: str
    entries: list[ScreenedRead]
    months: list[str]
    unreadable: int
    habits: Sequence[Habit] = ()
    institutions: int = 0
    partitions: int = 0
    limits: tuple[LimitRead, ...] = ()


# the screen by which `fxwatch screens` calls what it makes of the parts
PEERS = "institution_peers"
_PEER_LIMITS = ("peer_payments_min", "peers_min", "peer_z", "peer_excess_min")
_decode = msgspec.json.Decoder(ScreenedRead).decode


class ListsReading:
    """Takes records of the topic, and says who is in the lists of a month."""

    def __init__(self) -> None:
        self._newest: dict[bytes, ScreenedRead] = {}
        self.unreadable = 0

    def take(self, records: Iterable[Any]) -> None:
        """Take the next records of a partition; one without value takes its entry back."""
        for record in records:
            if record.value is None:
                self._newest.pop(record.key, None)
                continue
            try:
                self._newest[record.key] = _decode(record.value)
            except msgspec.DecodeError:
                self.unreadable += 1

    def of(self, month: str | None, screens: frozenset[str]) -> Lists:
        """The lists of a month, of the newest one for None; of these screens, of all where none is named."""
        wanted = screens | {INSTITUTION_PART} if PEERS in screens else screens
        every = [one for one in self._newest.values() if not wanted or one.screen in wanted]
        months = sorted({one.period for one in every})
        chosen = month or (months[-1] if months else "")
        entries = [one for one in every if one.period == chosen]
        entries.sort(key=lambda one: (one.screen, one.subject, one.position.partition))
        firms = [one for one in entries if one.screen != INSTITUTION_PART]
        parts = [one for one in entries if one.screen == INSTITUTION_PART]
        return _with_institutions(Lists(chosen, firms, months, self.unreadable), parts)


def _with_institutions(found: Lists, parts: Sequence[ScreenedRead]) -> Lists:
    """The lists, with institutions compared by the limits that the newest part tells."""
    counts: dict[str, Counter[str]] = {}
    for part in parts:
        told = {one.name: int(one.value) for one in part.measured}
        counts.setdefault(part.subject, Counter()).update(told)
    limits = max(parts, key=lambda one: one.as_of).limits if parts else ()
    numbers = {one.name: float(one.value) for one in limits}
    habits: list[Habit] = []
    if numbers.keys() >= set(_PEER_LIMITS):
        # those without a share of their own are no institution
        own = {name: told for name, told in counts.items() if name}
        habits = compare(own, Peers(*(numbers[name] for name in _PEER_LIMITS)))
    partitions = len({part.position.partition for part in parts})
    return found._replace(habits=habits, institutions=len(counts), partitions=partitions, limits=limits)


def read_lists(settings: Settings, month: str | None, screens: frozenset[str], told: topic_reader.Told) -> Lists:
    """Read the whole topic once. Raises what the reader raises. Cost: 20 us an entry."""
    reading = ListsReading()
    with topic_reader.Reader(settings, [topics.SCREENS]) as reader:
        for _, records in reader.read_to_end(told=told):
            reading.take(records)
    return reading.of(month, screens)
