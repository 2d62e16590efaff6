"""Verdicts on alerts, as the ledger has them, and which of them stand.

As the monitor judges (detectors/memory/verdicts.py): of the alert's own party, each record once, one opinion an
officer, the newest; where the configuration lists the officers only theirs count. An alert that was brought up to date
after its verdict is open again: there is news.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from detectors.contracts.events import Disposition, Origin, Source, Verdict
from detectors.memory.officers import officer_number
from streams.desk.alert_heads import slot_part
from streams.errors import LedgerError
from streams.kafka import topic_reader
from streams.ledger import envelope
from streams.settings import Settings

_KIND = b"disposition"
WITHDRAWN: Verdict = "withdrawn"


class LedgerVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict in the ledger; `source` is where its officer's own record stands, with the reason in words.

    `received_at` is Kafka's time of it, None where that is not known.
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

    `party` is the one that the alert shows: a verdict that names another counts for nothing. Failure prevented: a
    record with an alert's id and somebody else's token took the alert off the list, and the monitor had refused it.
    """

    def __init__(self, officers: Iterable[str] = ()) -> None:
        self._listed = frozenset(map(officer_number, officers))
        self._of: dict[str, list[LedgerVerdict]] = {}
        self._known: set[tuple[int, str, str]] = set()

    def add(self, given: LedgerVerdict) -> None:
        """Take the next verdict of the ledger; one that came before is passed over, as the monitor does."""
        identity = officer_number(given.investigator), given.party, given.event_id
        if identity not in self._known:
            self._known.add(identity)
            self._of.setdefault(given.alert_id, []).append(given)

    def on(self, alert_id: str, party: str) -> list[LedgerVerdict]:
        """Every verdict that was given on the alert of this party."""
        return [given for given in self._of.get(alert_id, ()) if may_be_one(given.party, party)]

    def does_count(self, given: LedgerVerdict) -> bool:
        """Whether the officer's verdicts count at all, by the configuration here."""
        return not self._listed or officer_number(given.investigator) in self._listed

    def newest(self, alert_id: str, party: str) -> dict[int, LedgerVerdict]:
        """Each officer's own verdict on the alert, by the officer's number, in the order they were given."""
        newest: dict[int, LedgerVerdict] = {}
        for given in self.on(alert_id, party):
            officer = officer_number(given.investigator)
            before = newest.get(officer)
            if self.does_count(given) and (before is None or _replaces(given, before)):
                newest.pop(officer, None)
                newest[officer] = given
        return newest

    def of_officer(self, alert_id: str, party: str, investigator: str) -> LedgerVerdict | None:
        """The officer's own verdict on the alert, a withdrawal too; None where there is none that counts."""
        return self.newest(alert_id, party).get(officer_number(investigator))

    def list_standing(self, alert_id: str, party: str) -> list[LedgerVerdict]:
        """The officers' own verdicts on the alert that were not withdrawn, in the order they were given."""
        return [given for given in self.newest(alert_id, party).values() if given.verdict != WITHDRAWN]


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
        received_at=datetime.fromtimestamp(origin.timestamp_ms / 1000, UTC) if origin.timestamp_ms >= 0 else None,
    )


def read_verdicts(
    settings: Settings, ledger_reader: topic_reader.Reader, starts: Mapping[int, int], told: topic_reader.Told
) -> Verdicts:
    """All verdicts in these ledger partitions from an offset on (partition -> offset), to where the reader ends.

    A verdict stands behind its alert, so that an alert's own position is where to begin. 5 us a ledger record. Raises
    what the reader raises.
    """
    verdicts, ends = Verdicts(settings.effective.admitted.officers), ledger_reader.ends
    first = {tp: _first(starts.get(tp.partition, end), ledger_reader.begins[tp], end) for tp, end in ends.items()}
    for tp, records in ledger_reader.read_to_end(first, told):
        for given in filter(None, (read_verdict(record, tp.partition) for record in records)):
            verdicts.add(given)
    return verdicts


def starts_of(places: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Where to begin in each ledger partition for the verdicts on alerts of these positions (partition, offset)."""
    starts: dict[int, int] = {}
    for partition, offset in places:
        starts[partition] = min(offset, starts.get(partition, offset))
    return starts
