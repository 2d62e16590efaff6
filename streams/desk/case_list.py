"""The list of cases: what became of each, made of current alerts and of the verdicts on them.

The topic of alerts is read once, a partition at a time. Held are the heads of one partition and a summary of each case,
with what joins it to others: 1.8 KB a case, 184 MB for 100 000 of three alerts each. Of a large topic memory goes by
cases, and not by the alerts in them.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from sys import intern
from typing import Any, Literal

import msgspec

from detectors.contracts.alert import Severity
from streams.alert_text.alert_text import SEVERITIES
from streams.desk.alert_heads import ANOMALY, Current, First, Head, Thing, Wanted, read_head
from streams.desk.joined_cases import JoinedCases
from streams.desk.listing import AlertReader, AlertRow, Query, places_of, row_of
from streams.desk.rotated_names import RotatedNames, read_rotated_names
from streams.desk.verdicts import VerdictReader
from streams.errors import NotAuthorizedError
from streams.kafka import topic_reader, topics
from streams.settings import Settings

# the first comes first in the list. resting: what is open came under a snooze. unknown: verdicts could not be read
CaseState = Literal["open", "unknown", "resting", "disposed", "retracted"]
STATES: tuple[CaseState, ...] = ("open", "unknown", "resting", "disposed", "retracted")
ChosenCases = Literal["open", "closed", "all"]
_UNEXPLAINED = ((ANOMALY, ""),)
_CLOSED = frozenset({"disposed", "retracted"})
# residents and shared things that a summary names; a case has few
MOST_NAMED = 64


class CaseSummary(msgspec.Struct, gc=False):
    """What is known of a case. Several that are one have one together (`with_other`).

    `counts` are the current alerts by what became of them, as `STATES` has it. `found` are typologies, id and name,
    in the order of their ids; `anomaly` has no name.
    `parties` are the residents, those of the newest alerts first. `least` and `most` are amounts at risk, USD, of the
    current alerts: None where none was converted. They are no parts of a sum, for alerts of a case may count the same
    payments. `until` is when the last snooze ends that an alert came under.
    """

    cases: tuple[str, ...]
    began: datetime
    changed: datetime
    counts: tuple[int, ...]
    severity: int
    found: tuple[tuple[str, str], ...]
    parties: tuple[str, ...] = ()
    things: tuple[Thing, ...] = ()
    desks: tuple[str, ...] = ()
    least: Decimal | None = None
    most: Decimal | None = None
    until: datetime | None = None

    @property
    def case_id(self) -> str:
        """The case that began first; it names those that are one with it."""
        return self.cases[0]

    @property
    def alerts(self) -> int:
        """Current alerts: what was brought up to date is in what did so."""
        return sum(self.counts)

    @property
    def states(self) -> dict[CaseState, int]:
        """How many of its current alerts are in each state that there is."""
        return {state: n for state, n in zip(STATES, self.counts, strict=True) if n}

    @property
    def state(self) -> CaseState:
        """Open as long as one of its alerts is."""
        return next(iter(self.states))

    @property
    def worst(self) -> Severity:
        """The severity of its most severe current alert."""
        return SEVERITIES[self.severity]  # type: ignore[return-value]  # a tuple of the same words

    def with_other(self, other: "CaseSummary") -> "CaseSummary":
        """Both as one; the names of the one that changed last come first."""
        newer, older = (self, other) if self.changed >= other.changed else (other, self)
        return CaseSummary(
            cases=(self if self.began <= other.began else other).cases,
            began=min(self.began, other.began),
            changed=newer.changed,
            counts=tuple(map(sum, zip(self.counts, other.counts, strict=True))),
            severity=max(self.severity, other.severity),
            found=self.found if self.found == other.found else tuple(sorted({*self.found, *other.found})),
            parties=tuple(dict.fromkeys((*newer.parties, *older.parties)))[:MOST_NAMED],
            things=tuple(dict.fromkeys((*newer.things, *older.things)))[:MOST_NAMED],
            desks=tuple(dict.fromkeys((*newer.desks, *older.desks))),
            least=_some(min, self.least, other.least),
            most=_some(max, self.most, other.most),
            until=_some(max, self.until, other.until),
        )


def _some(choose: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    """The chosen of two, or the only one there is."""
    return choose(one, other) if one is not None and other is not None else one if other is None else other


class CaseQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases: each given condition must hold of one of its alerts; `since`: of its newest current one."""

    since: datetime | None = None
    parties: frozenset[str] = frozenset()
    typology: str | None = None
    desk: str | None = None
    state: ChosenCases = "all"
    most: int = 200


class ListedCases(msgspec.Struct, frozen=True):
    """The cases in their order, how many met the conditions, and what of the ledger could not be read, where so."""

    rows: tuple[CaseSummary, ...]
    total: int
    unreadable: int = 0
    without_ledger: NotAuthorizedError | None = None


def summary_of(row: AlertRow) -> CaseSummary:
    """What one current alert says of its case."""
    head = row.current.head
    state: CaseState = "resting" if row.state == "open" and head.rests else row.state
    worth = head.worth if head.amount_usd is not None and head.worth >= 0 else None
    return CaseSummary(
        cases=(head.case_id,),
        began=head.created_for,
        changed=head.created_for,
        counts=tuple(int(one == state) for one in STATES),
        severity=SEVERITIES.index(head.severity),
        found=tuple(sorted({(intern(hit.id), intern(hit.name)) for hit in head.typologies})) or _UNEXPLAINED,
        parties=residents_of(head)[:MOST_NAMED],
        things=() if head.shared is None else (head.shared,),
        desks=(intern(head.desk),),
        least=worth,
        most=worth,
        until=head.snoozed.until if head.snoozed is not None else None,
    )


def residents_of(head: Head) -> tuple[str, ...]:
    """The residents of an alert, its own party first; third parties are none."""
    return tuple(dict.fromkeys((head.party, *(() if head.shared is None else head.parties))))


class CaseCollection:
    """Takes alerts and tells cases; everything between the topics and the list, without Kafka."""

    def __init__(self, window_days: float) -> None:
        self.joined = JoinedCases(window_days)
        self._of: dict[str, CaseSummary] = {}

    def add(self, row: AlertRow) -> None:
        """Take a current alert with its verdicts."""
        one = summary_of(row)
        before = self._of.get(one.case_id)
        self._of[one.case_id] = one if before is None else before.with_other(one)

    def listed(self, query: CaseQuery, names: RotatedNames, at_desk: frozenset[str] | None = None) -> ListedCases:
        """The cases that meet the conditions, open ones first, the newest change first in each state.

        `at_desk` are the cases of which a desk got an alert, None where none is asked for.
        """
        self.joined.know(names)
        named = self.joined.naming({names.of(token) for token in query.parties}) if query.parties else None
        first = First(query.most, lambda one: (-STATES.index(one.state), one.changed, one.case_id))
        for cases in self.joined.groups():
            found = [self._of[case] for case in cases if case in self._of]
            if not found or any(some is not None and some.isdisjoint(cases) for some in (at_desk, named)):
                continue
            one = found[0]
            for other in found[1:]:
                one = one.with_other(other)
            one.cases = cases
            if _meets(one, query):
                first.add(one)
        return ListedCases(tuple(first.in_order()), first.total)


def _meets(one: CaseSummary, query: CaseQuery) -> bool:
    return (
        (query.since is None or one.changed >= query.since)
        and (query.typology is None or query.typology in dict(one.found))
        and (query.state == "all" or (one.state in _CLOSED) == (query.state == "closed"))
    )


def list_cases(settings: Settings, query: CaseQuery, told: topic_reader.Told) -> ListedCases:
    """The cases of `query`, as the topics were when it was called. 40 us an alert, with its verdicts.

    Raises what the reader raises; who may not read the ledger gets cases without verdicts, apart over a rotation.
    """
    found = CaseCollection(settings.effective.engine.case_window_days)
    alerts = AlertReader(settings, Query(topic=topics.ALERTS, wanted=Wanted()), told, found.joined.add)
    fault: NotAuthorizedError | None = None
    with VerdictReader(settings, told) as reader:
        for currents in alerts.partitions():
            try:
                rows = _rows(currents, reader) if fault is None else list(map(AlertRow, currents))
            except NotAuthorizedError as refused:
                fault, rows = refused, list(map(AlertRow, currents))
            for row in rows:
                found.add(row)
    names = RotatedNames()
    with suppress(NotAuthorizedError):  # told once, by the verdicts
        names = read_rotated_names(settings, {*found.joined.residents(), *query.parties}, told)
    at_desk = None if query.desk is None else _cases_at(settings, query.desk, told)
    listed = found.listed(query, names, at_desk)
    return ListedCases(listed.rows, listed.total, alerts.unreadable, fault)


def _rows(currents: list[Current], reader: VerdictReader) -> list[AlertRow]:
    if not currents:
        return []
    verdicts = reader.read(places_of(currents))
    return [row_of(each, verdicts) for each in currents]


def _cases_at(settings: Settings, desk: str, told: topic_reader.Told) -> frozenset[str]:
    """The cases of which a desk got an alert."""
    cases: set[str] = set()
    with topic_reader.Reader(settings, [topics.desk_topic(desk)]) as reader:
        for _, records in reader.read_to_end(told=told):
            cases.update(_case_ids(records))
    return frozenset(cases)


def _case_ids(records: Iterable[Any]) -> Iterable[str]:
    for record in records:
        with suppress(msgspec.DecodeError):  # what is no alert is counted on the topic of all
            yield read_head(record.value).case_id
