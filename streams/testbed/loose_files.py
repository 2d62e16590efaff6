"""A result's alerts as the judge counts them: how severe each is, and those that no payment's row carries."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from detectors.alerting.expected_value import chance, expected_usd
from detectors.alerting.severity import SEVERITIES
from detectors.contracts.alert import Position, Severity
from detectors.testbed.loose_alerts import AlertSaid, LooseAlert
from detectors.testbed.truth import CENTS
from detectors.typologies import all_rules
from detectors.values.legal_calendar import local_date, to_us
from streams.testbed import ledger_files
from streams.testbed.result_files import ALERTS, LEDGER, SHARED_ALERTS, Result, ResultError, partition_file, prove

_EPOCH = date(1970, 1, 1).toordinal()
_MS_US = 1000


class _Test(msgspec.Struct, frozen=True):
    id: str
    outcome: str


class _Hit(msgspec.Struct, frozen=True):
    id: str
    strength: float
    tests: tuple[_Test, ...] = ()


class _Named(msgspec.Struct, frozen=True):
    event_id: str


class _Shared(msgspec.Struct, frozen=True):
    kind: str
    token: str


class _Chosen(msgspec.Struct, frozen=True):
    explored: bool


class _Line(msgspec.Struct, frozen=True):
    """Of an alert, what the judge needs."""

    alert_id: str
    status: str
    created_for: datetime
    trigger_event_id: str
    party: str
    severity: Severity
    score: float
    amount_usd: str | None
    typologies: tuple[_Hit, ...]
    evidence: tuple[_Named, ...]
    position: Position
    selection: _Chosen | None = None
    probability: float | None = None
    shared: _Shared | None = msgspec.field(name="x_shared", default=None)


class Alerts(NamedTuple):
    """What an investigator is sent: the loose alerts, and by the id of every alert what it says of itself."""

    loose: list[LooseAlert]
    said: Mapping[str, AlertSaid]


def read_alerts(result: Result) -> Alerts:
    """The alerts of both agents, the monitor's first, each in the order of its file. Raises `ResultError`.

    An update of a standing alert is one too, as it is at a payment: an investigator is sent it and reads it. One that
    takes back is none: it asks for no work. An alert on a due date was raised when the record came that let the date
    pass. Cost: 20 us an alert, and 1 s for 1 000 000 ledger records.
    """
    prove(result.directory, result.manifest, (ALERTS, SHARED_ALERTS))
    own, shared = (_to_be_read(result.directory / name) for name in (ALERTS, SHARED_ALERTS))
    of_payments = set(result.sheet.alert_id.names)
    aside = [one for one in own if one.alert_id not in of_payments]
    times = _times(result, aside)
    zone = ZoneInfo(result.configuration.engine.time_zone)
    loose = [_loose(one, max(to_us(one.created_for), times[_place(one)]), zone) for one in aside]
    loose += [_loose(one, to_us(one.created_for), zone) for one in shared]
    lines = {(rule.id, test) for rule in all_rules() for test in rule.words.hard_lines}
    return Alerts(loose, {one.alert_id: _said(one, lines) for one in (*own, *shared)})


def _said(one: _Line, lines: AbstractSet[tuple[str, str]]) -> AlertSaid:
    met = {(hit.id, test.id) for hit in one.typologies for test in hit.tests if test.outcome == "met"}
    explored = one.selection is not None and one.selection.explored
    right = chance([hit.strength for hit in one.typologies], one.probability)
    expected = expected_usd(right, None if one.amount_usd is None else Decimal(one.amount_usd))
    return AlertSaid(
        SEVERITIES.index(one.severity),
        bool(one.typologies),
        not met.isdisjoint(lines),
        explored,
        round(expected * CENTS),
    )


def _to_be_read(path: Path) -> list[_Line]:
    """The alerts of a file that an investigator is sent to read."""
    return [one for one in _lines(path) if one.status != "retracted"]


def _lines(path: Path) -> Iterator[_Line]:
    decode = msgspec.json.Decoder(_Line).decode
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield decode(line)
            except msgspec.DecodeError as fault:
                raise ResultError(
                    f"an alert cannot be read: {fault}", got=f"{path}, line {number}", todo="replay again"
                ) from fault


def _place(one: _Line) -> tuple[int, int]:
    return one.position.partition, one.position.offset


def _times(result: Result, alerts: Sequence[_Line]) -> dict[tuple[int, int], int]:
    """By place in the ledger, the time stamp (us) of the record at which an alert was raised."""
    wanted: dict[int, set[int]] = {}
    for partition, offset in map(_place, alerts):
        wanted.setdefault(partition, set()).add(offset)
    paths = {number: partition_file(result.directory, LEDGER, number) for number in wanted}
    prove(result.directory, result.manifest, [f"{LEDGER}/{path.name}" for path in paths.values()])
    found = {}
    for partition, offsets in wanted.items():
        for offset, time_ms in ledger_files.read_timestamps(paths[partition], offsets).items():
            found[partition, offset] = time_ms * _MS_US
    return found


def _loose(one: _Line, time_us: int, zone: ZoneInfo) -> LooseAlert:
    return LooseAlert(
        alert_id=one.alert_id,
        time_us=time_us,
        day=local_date(time_us, zone).toordinal() - _EPOCH,
        party=one.party,
        shared=None if one.shared is None else f"{one.shared.kind} {one.shared.token}",
        score=one.score,
        usd_cents=0 if one.amount_usd is None else round(float(one.amount_usd) * CENTS),
        fired=tuple([(hit.id, hit.strength) for hit in one.typologies]),
        events=frozenset([one.trigger_event_id, *(item.event_id for item in one.evidence)]),
    )
