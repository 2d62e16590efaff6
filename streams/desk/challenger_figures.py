"""Challengers beside the champion, in figures: what they would have alerted, and what became of what both alerted.

An officer sees the champion's alerts alone. So verdicts say of a challenger how good the part of it is that the
champion alerted too, and what it would have left out. Of what it alone would have alerted they say nothing.
Rules' alerts are no part of this: no budget limits them. What a lot chose is no part either, because it says nothing of
a rank.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from detectors.contracts.shadow import Shadow
from streams.desk.alert_heads import Wanted
from streams.desk.kpi import HitRate, decision
from streams.desk.listing import AlertReader, AlertRow, Query, places_of, row_of
from streams.desk.verdicts import VerdictReader
from streams.kafka import topic_reader, topics
from streams.settings import Settings

# With fewer decisions the interval of a hit rate is some 40 points wide: it tells nothing. As few lessons say nothing.
LEAST_DECIDED = 20
_DECIDES = frozenset({"confirmed", "refuted"})
_decode = msgspec.json.Decoder(Shadow).decode


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One challenger's figures since its first record, which is of `first` (event time).

    `detectors` is the fingerprint of its set. `payments` it would have alerted; of these the champion alerted
    `overlap`, and `alone` it did not. `by_lot` more were drawn by lot. `both` are the champion's alerts of the overlap
    by what became of them (several payments may be one alert), `left_out` those of the champion's models that the
    challenger would not have alerted. `unreadable` records of either topic are left out of everything.
    """

    challenger: str
    detectors: str
    first: datetime
    payments: int
    overlap: int
    alone: int
    by_lot: int
    both: HitRate
    left_out: HitRate

    @property
    def too_few(self) -> bool:
        """Whether too few verdicts are known to tell one group from the other."""
        return min(self.both.decided, self.left_out.decided) < LEAST_DECIDED


class Challenged:
    """Takes shadow records, then the champion's alerts, and tells the figures; without Kafka. 200 bytes a record."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], list[Shadow]] = {}
        self._rows: list[AlertRow] = []
        self.unreadable = 0

    def take(self, records: Iterable[Any]) -> None:
        """Take the next records of a partition of `fx.shadow.v1`."""
        for record in records:
            try:
                one = _decode(record.value or b"")
            except msgspec.DecodeError:
                self.unreadable += 1
                continue
            self._records.setdefault((one.challenger, one.detectors), []).append(one)

    @property
    def first(self) -> datetime | None:
        """The event time of the earliest record; None where there is none."""
        return min((one.created_for for found in self._records.values() for one in found), default=None)

    def add(self, row: AlertRow) -> None:
        """Take a current alert; a rule's, and one drawn by lot, are passed over."""
        head = row.current.head
        if not head.typologies and not head.drawn_by_lot:
            self._rows.append(row)

    def told(self) -> list[Compared]:
        """The figures by challenger and detector set, the one that began first at the head."""
        found = [self._compared(name, detectors, some) for (name, detectors), some in self._records.items()]
        return sorted(found, key=lambda one: (one.first, one.challenger, one.detectors))

    def _compared(self, name: str, detectors: str, records: list[Shadow]) -> Compared:
        first = min(one.created_for for one in records)
        ranked = [one for one in records if not one.selection.explored]
        shared = {one.champion_alert_id for one in ranked} - {None}
        both: list[AlertRow] = []
        left_out: list[AlertRow] = []
        for row in self._rows:
            ids = {row.current.head.alert_id, *row.current.earlier}
            if ids & shared:
                both.append(row)
            elif row.current.head.created_for >= first:
                left_out.append(row)
        overlap = sum(one.champion_alert_id is not None for one in ranked)
        return Compared(
            challenger=name,
            detectors=detectors,
            first=first,
            payments=len(ranked),
            overlap=overlap,
            alone=len(ranked) - overlap,
            by_lot=len(records) - len(ranked),
            both=_became("both", both),
            left_out=_became("left out", left_out),
        )


def _became(group: str, rows: Iterable[AlertRow]) -> HitRate:
    counts = {"alerts": 0, "confirmed": 0, "refuted": 0, "undecided": 0, "open": 0}
    for row in rows:
        given = decision(row)
        counts["alerts"] += 1
        counts["open" if given is None else given.verdict if given.verdict in _DECIDES else "undecided"] += 1
    return HitRate(group=group, **counts)


def read_figures(settings: Settings, told: topic_reader.Told) -> tuple[list[Compared], int]:
    """The figures of every challenger that has records, and how many records could not be read.

    Reads `fx.shadow.v1`, then the alerts and verdicts from its first record on. Raises what the reader raises.
    Cost: 20 us a record, 40 us an alert, 5 us a ledger record.
    """
    found = Challenged()
    with topic_reader.Reader(settings, [topics.SHADOW]) as reader:
        for _, records in reader.read_to_end(told=told):
            found.take(records)
    if found.first is None:
        return [], found.unreadable
    alerts = AlertReader(settings, Query(topic=topics.ALERTS, wanted=Wanted(since=found.first)), told)
    with VerdictReader(settings, told) as verdict_reader:
        verdict_reader.open(topics.LEDGER)
        for currents in alerts.partitions():
            if currents:
                verdicts = verdict_reader.read(places_of(currents))
                for each in currents:
                    found.add(row_of(each, verdicts))
    return found.told(), found.unreadable + alerts.unreadable
