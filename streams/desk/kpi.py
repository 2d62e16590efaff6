"""What became of the alerts, in figures for operators and heads of desks: hit rates by kind, and won by month.

Hit rate: of the alerts that an officer decided, the share confirmed. Alerts drawn by lot are the comparison: what an
investigator finds in payments that no rule and no rank chose. Counts and amounts are exact.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.events import Verdict
from detectors.values.wilson import wilson_ends
from streams.desk.alert_heads import Head, Wanted
from streams.desk.joined_cases import JoinedCases
from streams.desk.listing import AlertReader, AlertRow, Query, places_of, row_of
from streams.desk.rotated_names import RotatedNames, read_rotated_names
from streams.desk.verdicts import LedgerVerdict, VerdictReader
from streams.kafka import topic_reader, topics
from streams.settings import Settings

# Groups of alerts: every one, those that a rule explains, those of the models' rank, those drawn by lot. A typology's
# id is a group too.
Group = Literal["all", "rules", "models", "lot"]
GROUPS: tuple[Group, ...] = ("all", "rules", "models", "lot")
# A verdict of these says whether the alert was right; the others say nothing of it.
_DECIDES: frozenset[Verdict] = frozenset({"confirmed", "refuted"})


class HitRate(msgspec.Struct, frozen=True, kw_only=True):
    """The current alerts of a group by what became of them.

    `undecided` have a verdict that neither confirms nor refutes. `open` have none, those that were taken back among
    them. `hit_rate` is confirmed / (confirmed + refuted), None while nothing is decided; `low` and
    `high` are Wilson's 95 % interval around it.
    """

    group: str
    alerts: int = 0
    confirmed: int = 0
    refuted: int = 0
    undecided: int = 0
    open: int = 0

    @property
    def decided(self) -> int:
        """Alerts that an officer confirmed or refuted."""
        return self.confirmed + self.refuted

    @property
    def hit_rate(self) -> Decimal | None:
        """The share confirmed of those decided, 0-1."""
        return Decimal(self.confirmed) / Decimal(self.decided) if self.decided else None

    @property
    def interval(self) -> tuple[Decimal, Decimal] | None:
        """Between what hit rates it may well lie, by so few decisions."""
        ends = wilson_ends(self.confirmed, self.decided)
        return None if ends is None else (Decimal(ends[0]), Decimal(ends[1]))


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """A local month, such as `2026-04`. Amounts are KRW.

    `cases` began in it, and `at_risk_krw` is what their alerts say is at risk; of the cases that an officer first
    confirmed in it, `confirmed` is their number and `confirmed_krw` their amount. `without_amount` of those confirmed
    have none. Of a case the largest amount of an alert counts: its alerts may count the same payments. An officer's
    own amount goes before the alert's.
    """

    month: str
    cases: int = 0
    at_risk_krw: Decimal = Decimal(0)
    confirmed: int = 0
    confirmed_krw: Decimal = Decimal(0)
    without_amount: int = 0


class Kpi(msgspec.Struct, frozen=True, kw_only=True):
    """The figures: groups in the order of `GROUPS`, then typologies by id; months, the earliest first.

    `unreadable` records of the topic are no alerts.
    """

    groups: tuple[HitRate, ...]
    months: tuple[Month, ...]
    unreadable: int

    def group(self, name: str) -> HitRate:
        """A group's counts; of one that has no alert, nothing but its name."""
        return next((one for one in self.groups if one.group == name), HitRate(group=name))


class _Case(msgspec.Struct):
    """What is known of a case, or of several that are one."""

    began: datetime
    at_risk: Decimal | None = None
    confirmed_at: datetime | None = None
    confirmed: Decimal | None = None

    def take(self, other: "_Case") -> None:
        """Take in what belongs to the same case."""
        self.began = min(self.began, other.began)
        self.at_risk = _of_both(max, self.at_risk, other.at_risk)
        self.confirmed_at = _of_both(min, self.confirmed_at, other.confirmed_at)
        self.confirmed = _of_both(max, self.confirmed, other.confirmed)


def _of_both(choose: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    """The chosen of two, or the only one there is."""
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)


class KpiCollection:
    """Takes current alerts with their verdicts and tells the figures; without Kafka. Some 500 bytes a case."""

    def __init__(self, window_days: float) -> None:
        self.joined = JoinedCases(window_days)
        self._counts: dict[str, dict[str, int]] = {}
        self._cases: dict[str, _Case] = {}

    def add(self, row: AlertRow) -> None:
        """Take a current alert. Of several officers' verdicts the one given last counts, of those that decide."""
        head, given = row.current.head, decision(row)
        became = "open" if given is None else given.verdict if given.verdict in _DECIDES else "undecided"
        for group in groups_of(head):
            counts = self._counts.setdefault(group, {})
            counts[became] = counts.get(became, 0) + 1
        case = _Case(head.created_for, _krw(head.amount_krw))
        if given is not None and given.verdict == "confirmed":
            case.confirmed_at = given.counted_at
            case.confirmed = _krw(head.amount_krw) if given.amount_krw is None else _krw(given.amount_krw)
        before = self._cases.setdefault(head.case_id, case)
        if before is not case:
            before.take(case)

    def told(self, zone: ZoneInfo, names: RotatedNames, unreadable: int = 0) -> Kpi:
        """The figures; `names` say which tokens are one resident's, whose cases are one."""
        self.joined.know(names)
        others = sorted(self._counts.keys() - {*GROUPS})
        return Kpi(
            groups=tuple([self._group(name) for name in (*GROUPS, *others)]),
            months=tuple(_months(self._joined(), zone)),
            unreadable=unreadable,
        )

    def _group(self, name: str) -> HitRate:
        counts = self._counts.get(name, {})
        return HitRate(group=name, alerts=sum(counts.values()), **counts)

    def _joined(self) -> Iterator[_Case]:
        """The cases, those that are one as one."""
        for cases in self.joined.groups():
            found = [self._cases[case] for case in cases if case in self._cases]
            if found:
                whole = msgspec.structs.replace(found[0])
                for other in found[1:]:
                    whole.take(other)
                yield whole


def groups_of(head: Head) -> tuple[str, ...]:
    """The groups of an alert. What a rule explains is no draw, even where the lot chose it too."""
    if head.typologies:
        return "all", "rules", *sorted({hit.id for hit in head.typologies})
    return "all", "lot" if head.drawn_by_lot else "models"


def decision(row: AlertRow) -> LedgerVerdict | None:
    """The verdict by which the alert is counted; None where there is none, or the ledger was not read.

    The last that decides, else the last. Where none stands on the alert itself, those on alerts that it brought up to
    date count: a head of a desk asks what was found, and the newest alert of a case is often open again.
    """
    for given in (row.standing or (), row.earlier):
        if given:
            return next((one for one in reversed(given) if one.verdict in _DECIDES), given[-1])
    return None


def _krw(amount: str | None) -> Decimal | None:
    with suppress(InvalidOperation):
        return None if amount is None else Decimal(amount)
    return None


def _months(cases: Iterator[_Case], zone: ZoneInfo) -> list[Month]:
    found: dict[str, Month] = {}

    def at(moment: datetime) -> Month:
        name = moment.astimezone(zone).strftime("%Y-%m")
        return found.get(name) or Month(month=name)

    for case in cases:
        began = at(case.began)
        found[began.month] = msgspec.structs.replace(
            began, cases=began.cases + 1, at_risk_krw=began.at_risk_krw + (case.at_risk or Decimal(0))
        )
        if case.confirmed_at is not None:
            month = at(case.confirmed_at)
            found[month.month] = msgspec.structs.replace(
                month,
                confirmed=month.confirmed + 1,
                confirmed_krw=month.confirmed_krw + (case.confirmed or Decimal(0)),
                without_amount=month.without_amount + (case.confirmed is None),
            )
    return [found[name] for name in sorted(found)]


def read_kpi(settings: Settings, topic: str, wanted: Wanted, told: topic_reader.Told) -> Kpi:
    """The figures of the alerts wanted on a topic, as the topics were when it was called. 40 us an alert.

    Raises what the reader raises: `NotAuthorizedError` for who may not read the ledger, where the verdicts stand.
    """
    found = KpiCollection(settings.effective.engine.case_window_days)
    alerts = AlertReader(settings, Query(topic=topic, wanted=wanted), told, found.joined.add)
    with VerdictReader(settings, told) as reader:
        reader.open(topics.LEDGER)
        for currents in alerts.partitions():
            if currents:
                verdicts = reader.read(places_of(currents))
                for each in currents:
                    found.add(row_of(each, verdicts))
    names = read_rotated_names(settings, found.joined.residents(), told)
    return found.told(ZoneInfo(settings.effective.engine.time_zone), names, alerts.unreadable)
