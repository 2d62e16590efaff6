"""Supervisors' lists as `fx.screens.v1` has them: the newest entry of each screen, subject and month."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from detectors.contracts.screens import Screened, ScreenId
from streams.alert_text.alert_text import LimitRead
from streams.kafka import topic_reader, topics
from streams.settings import Settings


class ScreenedRead(Screened, frozen=True, kw_only=True):
    """An entry as read: with limits that say whether their figure was checked."""

    limits: tuple[LimitRead, ...]


class Lists(NamedTuple):
    """The entries of one month (`2026-10`, empty where there are none), by screen and subject.

    `months` are all that have entries, the oldest first; `unreadable` counts records that are no entries.
    """

    month: str
    entries: list[ScreenedRead]
    months: list[str]
    unreadable: int


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

    def of(self, month: str | None, screens: frozenset[ScreenId]) -> Lists:
        """The lists of a month, of the newest one for None; of these screens, of all where none is named."""
        every = [one for one in self._newest.values() if not screens or one.screen in screens]
        months = sorted({one.period for one in every})
        chosen = month or (months[-1] if months else "")
        entries = [one for one in every if one.period == chosen]
        entries.sort(key=lambda one: (one.screen, one.subject, one.position.partition))
        return Lists(chosen, entries, months, self.unreadable)


def read_lists(settings: Settings, month: str | None, screens: frozenset[ScreenId], told: topic_reader.Told) -> Lists:
    """Read the whole topic once. Raises what the reader raises. Cost: 20 us an entry."""
    reading = ListsReading()
    with topic_reader.Reader(settings, [topics.SCREENS]) as reader:
        for _, records in reader.read_to_end(told=told):
            reading.take(records)
    return reading.of(month, screens)
