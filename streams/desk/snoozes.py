"""Snoozes as the ledger has them: which stand, which are over, and how many alerts came under each.

As the monitor judges (detectors/memory/snoozes.py): the newest word on a party and typology counts, by when it was
given; where the configuration lists the officers only theirs count. What the monitor refused for another reason, such
as an alert that it knows no more, is a dead letter, and stands here all the same.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

import msgspec

from detectors.contracts.events import LegKind, Source
from detectors.memory.officers import officer_number
from streams.desk.alert_heads import Head, read_head, slot_part
from streams.desk.verdicts import counted_at, may_be_one, read_disposition
from streams.kafka import topic_reader, topics
from streams.settings import Settings

State = Literal["resting", "over", "ended"]
# ledger position (partition, offset); of a shared thing its slot or group, the typology, and the end
Counted = tuple[int, int] | tuple[str, str, datetime]


class LedgerSnooze(msgspec.Struct, frozen=True, kw_only=True):
    """An officer's word that a party's alerts of a typology rest until a time, and the alert that it rests on.

    One whose `until` is not after `decided_at` ends an earlier one. `source` is where the officer's record stands.
    `shared_token` is that of the thing whose alerts rest, where the alert is one of the shared agent's.
    """

    event_id: str
    party: str
    typology: str
    until: datetime
    alert_id: str
    investigator: str
    decided_at: datetime
    counted_at: datetime
    partition: int
    offset: int
    source: Source | None
    office: str | None = None
    shared_kind: LegKind | None = None
    shared_token: str | None = None

    @property
    def about(self) -> str:
        """Whose alerts rest: the shared thing's token, or the party's."""
        return self.party if self.shared_token is None else self.shared_token

    @property
    def counted_as(self) -> "Counted":
        """What alerts under it say of it. The shared agent knows its place on the legs, which is not told here."""
        if self.shared_token is None:
            return self.partition, self.offset
        return slot_part(self.shared_token), self.typology, self.until

    def state_at(self, at: datetime) -> State:
        """Whether it stands at an event time."""
        if self.until <= self.decided_at:
            return "ended"
        return "resting" if at < self.until else "over"


def read_snooze(record: Any, partition: int) -> LedgerSnooze | None:
    """The snooze of a ledger record; None for any other record, and one that cannot be read."""
    found = read_disposition(record, partition)
    if found is None:
        return None
    event, origin = found
    if event.snooze_until is None:
        return None
    return LedgerSnooze(
        event_id=event.event_id,
        party=event.party,
        typology=event.snooze_typology or "",
        until=event.snooze_until,
        alert_id=event.alert_id,
        investigator=event.investigator,
        decided_at=event.decided_at,
        counted_at=counted_at(event.decided_at, origin.timestamp_ms),
        partition=partition,
        offset=record.offset,
        source=origin.source,
        office=event.office,
        shared_kind=event.shared_kind,
        shared_token=event.shared_token,
    )


class Snoozes:
    """The newest word on each party and typology, in the order of the ledger; some 1 KB each."""

    def __init__(self, officers: Iterable[str] = ()) -> None:
        self._listed = frozenset(map(officer_number, officers))
        self._newest: dict[tuple[str, str], LedgerSnooze] = {}

    def add(self, given: LedgerSnooze) -> None:
        """Take the next one of the ledger; the same record again changes nothing."""
        before = self._newest.get((given.about, given.typology))
        if self._listed and officer_number(given.investigator) not in self._listed:
            return
        if before is None or (given.counted_at >= before.counted_at and given.event_id != before.event_id):
            self._newest[given.about, given.typology] = given

    def of(self, party: str, typology: str) -> list[LedgerSnooze]:
        """Those of a party or shared thing, under any of its tokens, and a typology; the newest last."""
        found = [one for one in self if one.typology == typology and may_be_one(one.about, party)]
        return sorted(found, key=lambda one: one.counted_at)

    def __iter__(self) -> Any:
        return iter(self._newest.values())


def read_snoozes(settings: Settings, told: topic_reader.Told, partitions: Iterable[int] | None = None) -> Snoozes:
    """All snoozes of the ledger, or of some partitions, to where it ends now. 5 us a ledger record.

    Raises what the reader raises: `NotAuthorizedError` for who may not read the ledger.
    """
    snoozes = Snoozes(settings.effective.admitted.officers)
    with topic_reader.Reader(settings, [topics.LEDGER], partitions) as reader:
        for tp, records in reader.read_to_end(told=told):
            for given in filter(None, (read_snooze(record, tp.partition) for record in records)):
                snoozes.add(given)
    return snoozes


def count_alerts(settings: Settings, told: topic_reader.Told) -> Counter[Counted]:
    """How many alerts came under each snooze, by its `counted_as`. 5 us an alert."""
    found: Counter[Counted] = Counter()
    with topic_reader.Reader(settings, [topics.ALERTS]) as reader:
        for _, records in reader.read_to_end(told=told):
            for record in records:
                with suppress(msgspec.DecodeError):  # `alerts list` says how many those are
                    head = read_head(record.value)
                    found.update(_counted(head))
    return found


def _counted(head: Head) -> list[Counted]:
    """The snoozes that an alert came under; about a shared thing, one of each of its typologies has this end."""
    if head.snoozed is None:
        return []
    if head.shared is None:
        return [(head.position.partition, head.snoozed.offset)]
    return [(slot_part(head.shared.token), name, head.snoozed.until) for name in head.found]
