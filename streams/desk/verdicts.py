"""Verdicts on alerts, as ledger and legs have them, and which of them stand.

As the monitor judges (detectors/memory/verdicts.py): of the alert's own party, each record once, one opinion an
officer, the newest; where the configuration lists the officers only theirs count. An alert that was brought up to date
after its verdict is open again: there is news.

A verdict on an alert about a shared thing stands on the legs too, in the partition of its alert (docs/SHARED.md).
"""

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Self

import msgspec

from detectors.contracts.events import Disposition, Origin, Source, Verdict
from detectors.memory.officers import officer_number
from streams.desk.alert_heads import slot_part
from streams.errors import LedgerError
from streams.kafka import topic_reader
from streams.ledger import envelope
from streams.settings import Settings

_KIND = b"disposition"
# topic, partition, offset of an alert's position
Place = tuple[str, int, int]
WITHDRAWN: Verdict = "withdrawn"


class LedgerVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict in the ledger or on the legs; `source` is where its officer's record stands, with the reason in words.

    `received_at` is Kafka's time of it, None where that is not known. `shared_token` is that of a shared thing.
    """

    event_id: str
    alert_id: str
    party: str
    verdict: Verdict
    investigator: str
    decided_at: datetime
    partition: int
    offset: int
    source: Source | None
    amount_krw: str | None = None
    legal_basis: str | None = None
    sanction: str | None = None
    office: str | None = None
    received_at: datetime | None = None
    shared_token: str | None = None

    @property
    def about(self) -> str:
        """What its alert is kept under: the shared thing's token, or the party's."""
        return self.party if self.shared_token is None else self.shared_token

    @property
    def counted_at(self) -> datetime:
        """Since when it counts (detectors/memory/event_clock.py).

        A clock that is ahead does not date a verdict behind its arrival.
        """
        return self.decided_at if self.received_at is None else min(self.decided_at, self.received_at)


def counted_at(decided_at: datetime, timestamp_ms: int) -> datetime:
    """The same of what was decided then and came at Kafka's time (ms, negative: not known)."""
    return decided_at if timestamp_ms < 0 else min(decided_at, datetime.fromtimestamp(timestamp_ms / 1000, UTC))


class Verdicts:
    """Verdicts by alert, in the order of the ledger; some 1 KB each, and verdicts are tens a day.

    `about` is what the alert is kept under: a verdict that names another counts for nothing. Failure prevented: a
    record with an alert's id and somebody else's token took the alert off the list, and the monitor had refused it.
    """

    def __init__(self, officers: Iterable[str] = ()) -> None:
        self._listed = frozenset(map(officer_number, officers))
        self._of: dict[str, list[LedgerVerdict]] = {}
        self._known: set[tuple[int, str, str]] = set()

    def add(self, given: LedgerVerdict) -> None:
        """Take the next verdict of the ledger; one that came before is passed over, as the monitor does."""
        identity = officer_number(given.investigator), given.about, given.event_id
        if identity not in self._known:
            self._known.add(identity)
            self._of.setdefault(given.alert_id, []).append(given)

    def on(self, alert_id: str, about: str) -> list[LedgerVerdict]:
        """Every verdict that was given on the alert of this party or shared thing."""
        return [given for given in self._of.get(alert_id, ()) if may_be_one(given.about, about)]

    def does_count(self, given: LedgerVerdict) -> bool:
        """Whether the officer's verdicts count at all, by the configuration here."""
        return not self._listed or officer_number(given.investigator) in self._listed

    def newest(self, alert_id: str, about: str) -> dict[int, LedgerVerdict]:
        """Each officer's own verdict on the alert, by the officer's number, in the order they were given."""
        newest: dict[int, LedgerVerdict] = {}
        for given in self.on(alert_id, about):
            officer = officer_number(given.investigator)
            before = newest.get(officer)
            if self.does_count(given) and (before is None or _replaces(given, before)):
                newest.pop(officer, None)
                newest[officer] = given
        return newest

    def of_officer(self, alert_id: str, about: str, investigator: str) -> LedgerVerdict | None:
        """The officer's own verdict on the alert, a withdrawal too; None where there is none that counts."""
        return self.newest(alert_id, about).get(officer_number(investigator))

    def list_standing(self, alert_id: str, about: str) -> list[LedgerVerdict]:
        """The officers' own verdicts on the alert that were not withdrawn, in the order they were given."""
        return [given for given in self.newest(alert_id, about).values() if given.verdict != WITHDRAWN]


def _replaces(given: LedgerVerdict, before: LedgerVerdict) -> bool:
    """The monitor's own rule: another verdict than the officer's last one, and not decided before that."""
    return given.verdict != before.verdict and given.counted_at >= before.counted_at


def may_be_one(token: str, other: str) -> bool:
    """Whether two tokens may be one party's: they are equal, or of one slot and two keys."""
    keys = {each.partition(".")[0] for each in (token, other)}
    return token == other or (slot_part(token) == slot_part(other) and len(keys) > 1)


def _first(start: int, begin: int, end: int) -> int:
    """Where to begin; beyond the end is a position of a ledger that was made anew since, and all may be behind it."""
    return begin if start > end else max(begin, start)


def read_disposition(record: Any, partition: int) -> tuple[Disposition, Origin] | None:
    """An officer's record in the ledger; None for any other, and one that cannot be read. 0.2 us for another's."""
    if not envelope.is_kind(record.headers, _KIND):
        return None
    try:
        event, origin = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp, partition)
    except LedgerError:
        return None  # `fxwatch ledger show` says what is wrong with it; the monitor stops there
    return (event, origin) if isinstance(event, Disposition) else None


def read_verdict(record: Any, partition: int) -> LedgerVerdict | None:
    """The verdict of a ledger record; None for any other record, a snooze among them. The same cost."""
    found = read_disposition(record, partition)
    if found is None or found[0].snooze_until is not None:
        return None
    event, origin = found
    return LedgerVerdict(
        event_id=event.event_id,
        alert_id=event.alert_id,
        party=event.party,
        verdict=event.verdict,
        investigator=event.investigator,
        decided_at=event.decided_at,
        partition=partition,
        offset=record.offset,
        source=origin.source,
        amount_krw=event.amount_krw,
        legal_basis=event.legal_basis,
        sanction=event.sanction,
        office=event.office,
        shared_token=event.shared_token,
        received_at=datetime.fromtimestamp(origin.timestamp_ms / 1000, UTC) if origin.timestamp_ms >= 0 else None,
    )


class VerdictReader:
    """Reads verdicts from ledger and legs; a context manager. A topic is opened where something is asked of it.

    `partitions`: these alone, known to be there.
    """

    def __init__(self, settings: Settings, told: topic_reader.Told, partitions: Iterable[int] | None = None) -> None:
        self._settings, self._told = settings, told
        self._partitions = None if partitions is None else frozenset(partitions)
        self._open = ExitStack()
        self._readers: dict[str, topic_reader.Reader] = {}

    def __enter__(self) -> Self:
        self._open.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def open(self, topic: str) -> topic_reader.Reader:
        """The reader of ledger or legs, to where the topic ended when it was first asked for. Raises what it raises."""
        if topic not in self._readers:
            some = self._partitions
            reader = topic_reader.Reader(self._settings, [topic], some, known=some is not None)
            self._readers[topic] = self._open.enter_context(reader)
        return self._readers[topic]

    def read(self, places: Iterable[Place], verdicts: Verdicts | None = None) -> Verdicts:
        """All verdicts on alerts of these positions, to where the topics end; added to those given.

        A verdict stands behind its alert, so that an alert's own position is where to begin. 5 us a record.
        """
        verdicts = Verdicts(self._settings.effective.admitted.officers) if verdicts is None else verdicts
        starts = starts_of(places)
        for topic in sorted({topic for topic, _ in starts}):
            reader = self.open(topic)
            ends, begins = reader.ends, reader.begins
            first = {tp: _first(starts.get((topic, tp.partition), end), begins[tp], end) for tp, end in ends.items()}
            for tp, records in reader.read_to_end(first, self._told):
                for given in filter(None, (read_verdict(record, tp.partition) for record in records)):
                    verdicts.add(given)
        return verdicts


def starts_of(places: Iterable[Place]) -> dict[tuple[str, int], int]:
    """Where to begin in each partition of ledger and legs for the verdicts on alerts of these positions."""
    starts: dict[tuple[str, int], int] = {}
    for topic, partition, offset in places:
        starts[topic, partition] = min(offset, starts.get((topic, partition), offset))
    return starts
