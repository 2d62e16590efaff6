"""What the ledger holds of one party: its payments, declarations, profile and verdicts, counted and the newest kept.

One reading of the party's partition, 5 us a record of others. Held are the entries shown and the sums: a month and
direction, and the counterparties paid most (`MOST_COUNTERPARTIES` are told apart, the others counted together), so that
a party with a million payments costs no more memory than one with a thousand.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.events import Event, Origin, Profile, Transaction
from detectors.memory.event_clock import borne_out
from detectors.values.legal_calendar import to_us
from streams.desk.alert_heads import First, slot_part
from streams.desk.verdicts import Verdicts, read_verdict
from streams.desk.worth import Worth
from streams.errors import LedgerError, UsageError
from streams.kafka import topic_reader, topics
from streams.kafka.topics.ledger_partitions import read_begun_partitions
from streams.keys import pseudonyms
from streams.ledger import envelope
from streams.settings import Settings

MOST_COUNTERPARTIES = 10_000
# links from former to later names among parties of one slot: some 250 in a partition of a million parties
MOST_LINKS = 20_000
OTHERS = ""
MOST_NAMED = 5
# the monitor tells duplicates among as many events of a kind of a whole partition
REMEMBERED = 50_000


class PartyEvent(msgspec.Struct, frozen=True):
    """One event of the party: when it happened, where it stands in the ledger, and its amount in USD if it has one."""

    at: datetime
    offset: int
    event: Event
    usd: str | None = None


class Sum(msgspec.Struct):
    """Payments of a month and direction, or of a counterparty: how many, USD in all, and how many have no USD."""

    count: int = 0
    usd: Decimal = Decimal(0)
    without_usd: int = 0

    def add(self, usd: str | None) -> None:
        """Count one more."""
        self.count += 1
        if usd is None:
            self.without_usd += 1
        else:
            self.usd += Decimal(usd)


class Period(NamedTuple):
    """A month where the law applies (`2026-04`), and a direction."""

    month: str
    direction: str


class History:
    """A party's entries and sums; `take` is given every record of its partition in order.

    `since` <= time of the event < `until`, where given. Sums are of settled payments, as they were reported; what was
    ordered, returned or cancelled is counted by its status. What the monitor drops, because the same event came before
    among the newest `REMEMBERED` of the party, is counted as `repeated` and nowhere else. `verdicts` has those of the
    party's slot, whatever time is asked for: the list of its alerts need not read the ledger for them.
    """

    def __init__(
        self,
        token: str,
        names: frozenset[str],
        zone: ZoneInfo,
        stale_us: int,
        most: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        officers: Iterable[str] = (),
    ) -> None:
        self.names = names or frozenset({token})
        self._keys = frozenset(name.encode() for name in self.names)
        self._slot = f".{slot_part(token)}.".encode()
        self._zone, self._since, self._until = zone, since, until
        self._worth = Worth(stale_us)
        self._kept = First(most, lambda entry: (entry.at, entry.offset))
        self.links: dict[str, set[str]] = {}
        self.kinds, self.statuses = Counter[str](), Counter[str]()
        self.months: dict[Period, Sum] = {}
        self.counterparties: dict[str, Sum] = {}
        self.institutions = Counter[str]()
        self.verdicts = Verdicts(officers)
        self.profile: Profile | None = None
        self._profile_us = 0
        self.unreadable = self.repeated = 0
        self.unreadable_at: list[int] = []  # offsets of the first of them
        self._identities: dict[str, None] = {}

    @property
    def total(self) -> int:
        """Entries of the party in the time asked for."""
        return self._kept.total

    def entries(self) -> list[PartyEvent]:
        """Those kept, the oldest first."""
        return list(reversed(self._kept.in_order()))

    @property
    def earlier_before(self) -> datetime | None:
        """The `until` that asks for what was not kept; of events of one time some may come again, and none is lost."""
        if self._kept.left_out is None:
            return None
        first, left = self.entries()[0].at, self._kept.left_out[0]
        return first if left < first else first + timedelta(microseconds=1)

    def take(self, record: Any, partition: int) -> None:
        """Take the next record of the partition."""
        if self._worth.take(record):
            return
        if record.key is None or self._slot not in record.key:
            return
        if b'"previous"' in (record.value or b""):
            self._link(record)
        given = read_verdict(record, partition)
        if given is not None:
            self.verdicts.add(given)
        if record.key in self._keys:
            self._own(record)

    def _link(self, record: Any) -> None:
        """Note which former name the record gives its party, whoever that is: it may prove to be this one."""
        try:
            event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
        except LedgerError:
            return
        name = record.key.decode(errors="replace")
        former = getattr(event, "previous", {}).get(name)
        if former is not None and (name in self.links or len(self.links) < MOST_LINKS):
            self.links.setdefault(name, set()).add(former)

    def _own(self, record: Any) -> None:
        try:
            event, origin = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
        except LedgerError:
            self.unreadable += 1
            self.unreadable_at = [*self.unreadable_at, record.offset][:MOST_NAMED]
            return
        if self._is_known(event):
            self.repeated += 1
            return
        if isinstance(event, Profile):
            self._know(event, origin)
        at = time_of(event)
        if at is None or (self._since is not None and at < self._since) or (self._until and at >= self._until):
            return
        usd = self._worth.usd(event) if isinstance(event, Transaction) else None
        self._kept.add(PartyEvent(at, record.offset, event, usd))
        self.kinds[str(event.__struct_config__.tag)] += 1
        if isinstance(event, Transaction):
            self._count(event, at, usd)

    def _know(self, event: Profile, origin: Origin) -> None:
        """Keep the newest profile as the monitor does: by its date, as far as Kafka's time of it bears that out."""
        at_us = borne_out(to_us(event.as_of), origin.timestamp_ms)
        if self.profile is None or at_us >= self._profile_us:
            self.profile, self._profile_us = event, at_us

    def _is_known(self, event: Event) -> bool:
        """Whether an event of this identity came before; else remember it."""
        identity = getattr(event, "identity", None)
        if identity is None or identity in self._identities:
            return identity is not None
        self._identities[identity] = None
        if len(self._identities) > REMEMBERED:
            del self._identities[next(iter(self._identities))]
        return False

    def _count(self, event: Transaction, at: datetime, usd: str | None) -> None:
        self.statuses[event.status] += 1
        if event.status != "settled":
            return
        self.institutions[event.institution] += 1
        period = Period(at.astimezone(self._zone).strftime("%Y-%m"), event.direction)
        self.months.setdefault(period, Sum()).add(usd)
        known = event.counterparty in self.counterparties or len(self.counterparties) < MOST_COUNTERPARTIES
        self.counterparties.setdefault(event.counterparty if known else OTHERS, Sum()).add(usd)

    def all_names(self) -> frozenset[str]:
        """Every name that the links lead to from the party's own, in either direction."""
        names, grown = set(self.names), True
        while grown:
            more = {
                other for name, former in self.links.items() for other in ({name} | former) if names & ({name} | former)
            } - names
            names |= more
            grown = bool(more)
        return frozenset(names)


def require_token(token: str) -> None:
    """Raises `UsageError` for what is no token."""
    if not pseudonyms.is_token(token):
        raise UsageError(
            "this is not a party's token",
            got=repr(token[:80]),
            expected="KEY.SLOT.DIGEST",
            todo="copy the field party of an alert",
        )


def time_of(event: Event) -> datetime | None:
    """When the event happened, by its own word; None for a configuration."""
    names = ("event_time", "declared_time", "rate_time", "as_of", "decided_at")
    return next((getattr(event, name) for name in names if hasattr(event, name)), None)


def partition_of(settings: Settings, token: str) -> int:
    """The ledger partition of a party: by its slot, and as many partitions as the ledger was begun with.

    The configuration of whoever asks may say another number. Failure prevented: a party's page that says that nothing
    of it is in the ledger, read from another party's partition.
    """
    return pseudonyms.partition_of(token, count_ledger_partitions(settings))


def count_ledger_partitions(settings: Settings) -> int:
    """As many partitions as the ledger was begun with: two questions to the cluster."""
    count = topic_reader.count_partitions_of(settings, [topics.LEDGER])[topics.LEDGER]
    return read_begun_partitions(settings) or count


def read_party(
    settings: Settings,
    token: str,
    partition: int,
    most: int,
    told: topic_reader.Told,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> History:
    """The party's history in its partition; under its former and later names too, where keys were rotated.

    Its partition is read once, and once more where a name is found out behind records that have it. Raises what the
    reader raises.
    """
    names = frozenset({token})
    while True:
        history = History(
            token,
            names,
            ZoneInfo(settings.effective.engine.time_zone),
            int(settings.effective.engine.rate_stale_hours * 3_600_000_000),
            most,
            since=since,
            until=until,
            officers=settings.effective.admitted.officers,
        )
        with topic_reader.Reader(settings, [topics.LEDGER], [partition], known=True) as reader:
            for _, records in reader.read_to_end(told=told):
                for record in records:
                    history.take(record, partition)
        names = history.all_names()
        if names == history.names:
            return history


def largest(sums: dict[str, Sum], most: int) -> Iterable[tuple[str, Sum]]:
    """The counterparties with most USD, those told together last."""
    ranked = sorted(sums.items(), key=lambda one: (one[0] == OTHERS, -one[1].usd, -one[1].count, one[0]))
    return ranked[:most]
