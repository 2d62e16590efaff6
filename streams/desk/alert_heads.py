"""What a list shows of each alert: read quickly, superseded ones folded into the newest, the first ones kept."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from detectors.alerting.expected_value import chance, expected_usd
from detectors.contracts.alert import Position, Severity
from detectors.contracts.events import LegKind
from streams.alert_text.alert_text import SEVERITIES

ANOMALY = "anomaly"
_PARTS = 3  # of a token: key, slot, digest
Sorting = Literal["severity", "time", "amount", "value"]


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A typology of an alert: its id, its name in both languages, and how sure the finding is (0-1)."""

    id: str
    name: str
    strength: float = 0.0


class Chosen(msgspec.Struct, frozen=True, gc=False):
    """How an alert was chosen: by lot, or not (detectors/contracts/alert.py)."""

    explored: bool = False


class Resting(msgspec.Struct, frozen=True, gc=False):
    """The snooze that an alert came under (detectors/contracts/alert.py)."""

    until: datetime
    offset: int
    legal_line: bool


class Thing(msgspec.Struct, frozen=True, gc=False):
    """The shared thing that an alert is about (detectors/contracts/alert.py)."""

    kind: LegKind
    token: str


class Head(msgspec.Struct, frozen=True, gc=False):
    """The fields of an alert that lists are made of (detectors/contracts/alert.py); some 1.2 KB each."""

    alert_id: str
    status: Literal["raised", "updated", "retracted"]
    case_id: str
    created_for: datetime
    party: str
    severity: Severity
    typologies: tuple[Hit, ...]
    amount_usd: str | None
    amount_krw: str | None
    position: Position
    evidence_total: int
    desk: str
    counterparty: str | None = None
    supersedes: str | None = None
    snoozed: Resting | None = None
    probability: float | None = None
    selection: Chosen | None = None
    parties: tuple[str, ...] = ()
    shared: Thing | None = msgspec.field(name="x_shared", default=None)

    @property
    def about(self) -> str:
        """What the alert is kept under, and verdicts on it: the shared thing's token, or the party's."""
        return self.party if self.shared is None else self.shared.token

    @property
    def rests(self) -> bool:
        """Whether an officer let it rest, and no line of the law is passed."""
        return self.snoozed is not None and not self.snoozed.legal_line

    @property
    def found(self) -> tuple[str, ...]:
        """The ids of its typologies; `anomaly` where no typology explains it."""
        return tuple(hit.id for hit in self.typologies) or (ANOMALY,)

    @property
    def worth(self) -> Decimal:
        """The amount at risk by which it is sorted, USD; -1 where it is not known."""
        try:
            return Decimal(self.amount_usd) if self.amount_usd is not None else Decimal(-1)
        except InvalidOperation:
            return Decimal(-1)

    @property
    def drawn_by_lot(self) -> bool:
        """Whether the lot chose it, to see what the models miss."""
        return self.selection is not None and self.selection.explored

    @property
    def expected(self) -> Decimal:
        """Its expected value, USD (detectors/alerting/expected_value.py)."""
        return expected_usd(chance([hit.strength for hit in self.typologies], self.probability), self.worth)


class Current(msgspec.Struct, frozen=True):
    """The newest alert of a series, and the ids of those that it brought up to date, the newest first.

    `first_offset` is the ledger position of the oldest of them that was read.
    """

    head: Head
    first_offset: int
    earlier: tuple[str, ...] = ()


def slot_part(token: str) -> str:
    """The slot of a token, which is the same under every key (`KEY.SLOT.DIGEST`); of what is no token itself."""
    parts = token.split(".")
    return parts[1] if len(parts) == _PARTS else token


_decode = msgspec.json.Decoder(Head).decode


def read_head(value: bytes | None) -> Head:
    """The head of an alert's record. Raises `msgspec.DecodeError` for anything else. 5 us."""
    return _decode(value or b"")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts: each given condition must hold; `since` <= time of the trigger < `until`; one of the `cases`.

    Those that rest under a snooze are among them unless `resting` is false.
    """

    since: datetime | None = None
    until: datetime | None = None
    parties: frozenset[str] = frozenset()
    typology: str | None = None
    cases: frozenset[str] = frozenset()
    least: Severity = "low"
    resting: bool = True

    def takes(self, head: Head) -> bool:
        """Whether the alert is one of those."""
        return self.takes_awake(head) and (self.resting or not head.rests)

    def takes_awake(self, head: Head) -> bool:
        """The same, whether it rests or not."""
        return (
            (self.since is None or head.created_for >= self.since)
            and (self.until is None or head.created_for < self.until)
            and (not self.parties or self._names(head))
            and (self.typology is None or self.typology in head.found)
            and (not self.cases or head.case_id in self.cases)
            and SEVERITIES.index(head.severity) >= SEVERITIES.index(self.least)
        )

    def _names(self, head: Head) -> bool:
        """Whether it is a party's; of an alert about what residents share, whether it names one of them."""
        return head.party in self.parties or (head.shared is not None and not self.parties.isdisjoint(head.parties))


class Folding:
    """The current alerts of whole partitions: one that brings another up to date takes its place.

    Alerts of a party stand in one partition in their order, so that a later one never supersedes what is not read yet.
    A series' ids are kept, the newest `MOST_EARLIER`.
    """

    MOST_EARLIER = 64

    def __init__(self) -> None:
        self._current: dict[str, Current] = {}

    def add(self, head: Head) -> None:
        """Take the next alert of the partition."""
        before = self._current.pop(head.supersedes, None) if head.supersedes is not None else None
        earlier = () if head.supersedes is None else (head.supersedes, *(before.earlier if before else ()))
        first = min(head.position.offset, before.first_offset if before else head.position.offset)
        self._current[head.alert_id] = Current(head, first, earlier[: self.MOST_EARLIER])

    def __iter__(self) -> Iterator[Current]:
        return iter(self._current.values())


def order(sorting: Sorting) -> Callable[[Head], tuple[Any, ...]]:
    """The key by which the first alert of a list is the largest."""
    keys: dict[Sorting, Callable[[Head], tuple[Any, ...]]] = {
        "severity": lambda head: (SEVERITIES.index(head.severity), head.created_for, head.worth, head.alert_id),
        "time": lambda head: (head.created_for, SEVERITIES.index(head.severity), head.worth, head.alert_id),
        "amount": lambda head: (head.worth, SEVERITIES.index(head.severity), head.created_for, head.alert_id),
        "value": lambda head: (head.expected, SEVERITIES.index(head.severity), head.created_for, head.alert_id),
    }
    return keys[sorting]


class First:
    """The first `most` of many in an order; memory goes by `most`, not by how many there were."""

    def __init__(self, most: int, key: Callable[[Any], tuple[Any, ...]]) -> None:
        self._most, self._key = most, key
        self._heap: list[tuple[tuple[Any, ...], int, Any]] = []
        self.total = 0
        self.left_out: tuple[Any, ...] | None = None  # the largest key of those that were not kept

    def add(self, one: Any) -> None:
        """Take one more."""
        self.total += 1
        entry = (self._key(one), -self.total, one)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            left = heapq.heappushpop(self._heap, entry)[0]
            self.left_out = left if self.left_out is None else max(left, self.left_out)

    def add_all(self, many: Iterable[Any]) -> None:
        """Take each of many."""
        for one in many:
            self.add(one)

    def in_order(self) -> list[Any]:
        """Those kept, the first one first; equal ones as they came."""
        return [one for _, _, one in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]
