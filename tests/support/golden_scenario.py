"""Golden scenarios of the typologies: events in a compact form, applied by the real core, and the alerts that come.

The form is told in tests/golden/typologies/README.md.
"""

import tomllib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.alert import Alert, TypologyHit
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import Declaration, Disposition, Event, Profile
from detectors.core import Outputs
from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, configuration, digest16, payment, stamp
from tests.support.repository import ROOT

FOLDER = ROOT / "tests" / "golden" / "typologies"
SEOUL = ZoneInfo("Asia/Seoul")
Kind = Literal["fires", "just_not", "look_alike", "late", "reversed", "year_change", "law_change", "missing_field"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SILENT: tuple[Kind, ...] = ("just_not", "look_alike")
PARTY = "k1.0a3.party"
MINUTE = timedelta(minutes=1)
BACK = {"returned", "cancelled"}


class Expected(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An alert of the typology: `on` is its trigger, `by` the event with which it comes, the same unless given.

    `met`, `not_met` and `cannot_tell` are all tests of that outcome, where one of the three is given. `measured` are
    some measured values by name, `says_en` and `says_ko` parts of the typology's reason.
    """

    on: str
    by: str | None = None
    status: str = "raised"
    met: list[str] | None = None
    not_met: list[str] | None = None
    cannot_tell: list[str] | None = None
    measured: dict[str, Any] = {}
    says_en: list[str] = []
    says_ko: list[str] = []


class LimitChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Another value of a limit of the typology from a day on; its unit and provenance are those it has."""

    name: str
    value: str
    effective_from: date


class Scenario(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Events and what must come of them; `limits` are changes of the law that the scenario needs."""

    kind: Kind
    name: str
    events: list[dict[str, Any]]
    alerts: list[Expected] = []
    defaults: dict[str, dict[str, Any]] = {}
    limits: list[LimitChange] = []
    configuration: dict[str, Any] = {}


class Golden(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The scenarios of a typology; `absent` says in one sentence why a kind does not exist for it.

    `kinds`: of a rule over what residents share, the shared things that are looked at (golden_node.py).
    """

    typology: str
    scenario: list[Scenario]
    defaults: dict[str, dict[str, Any]] = {}
    absent: dict[Kind, str] = {}
    kinds: list[str] = []


class Played(msgspec.Struct, kw_only=True):
    """What came of a scenario: each alert with the event by which it came, and the ledger that was written."""

    alerts: list[tuple[str, Alert]]
    ledger: Ledger


@cache
def read(path: Path) -> Golden:
    """A golden file. Raises `msgspec.ValidationError` for what it may not hold."""
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Golden)


def golden(typology: str) -> Golden:
    """The golden file of a typology. Raises `FileNotFoundError` where it has none."""
    return read(FOLDER / f"{typology.lower()}.toml")


@cache
def play(typology: str, number: int) -> Played:
    """Apply a scenario's events to a new partition under the shipped configuration. Cost: milliseconds.

    Played once for all tests that look at it: nobody changes what came of it.
    """
    file = golden(typology)
    ledger = Ledger(configured(file, file.scenario[number]))
    found = [
        (name, alert)
        for name, outputs in pour(ledger, file, number)
        for alert in outputs.alerts
        if hit_of(alert, typology) is not None
    ]
    return Played(alerts=found, ledger=ledger)


def pour(ledger: Ledger, file: Golden, number: int) -> list[tuple[str, Outputs]]:
    """Write a scenario's events to a ledger, whatever its configuration; what came of each, by its name."""
    return [(name, _put(ledger, event, history=history)) for name, event, history in timed(file, file.scenario[number])]


def firing(typology: str) -> int:
    """The number of a typology's first scenario of the kind `fires`. Raises `StopIteration` where it has none."""
    return next(number for number, one in enumerate(golden(typology).scenario) if one.kind == "fires")


def hit_of(alert: Alert, typology: str) -> TypologyHit | None:
    """What an alert says of a typology; None where it says nothing of it."""
    return next((hit for hit in alert.typologies if hit.id == typology), None)


def configured(file: Golden, scenario: Scenario) -> Configuration:
    """The shipped configuration, with the scenario's tables and changes of limits."""
    found = configuration(**scenario.configuration)
    if not scenario.limits:
        return found
    rules = found.rules[file.typology]
    kept = {limit.name: limit for limit in rules.limits}
    added = tuple(
        msgspec.structs.replace(kept[one.name], value=one.value, effective_from=one.effective_from)
        for one in scenario.limits
    )
    changed = {(one.name, one.effective_from) for one in added}
    rest = tuple(one for one in rules.limits if (one.name, one.effective_from) not in changed)
    return msgspec.structs.replace(
        found, rules=found.rules | {file.typology: msgspec.structs.replace(rules, limits=rest + added)}
    )


def timed(file: Golden, scenario: Scenario) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each event's name, its fields with its local time under `at`, and whether it is history."""
    now = datetime(2025, 3, 3, 10, tzinfo=SEOUL)
    for number, written in enumerate(scenario.events):
        word = next(iter(written))
        given = file.defaults.get(word, {}) | scenario.defaults.get(word, {}) | written
        at, after, history = given.pop("at", None), given.pop("after", None), given.pop("history", False)
        if at is not None:
            now = _local(at)
        elif number:
            now += MINUTE if after is None else _length(after)
        yield str(given[word]), given | {"at": now, "word": word}, history


def _local(at: Any) -> datetime:
    """A local date or time of TOML as the time in Seoul; a date is its ten o'clock."""
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, 10)  # noqa: DTZ001 - the zone comes in the next line
    return at.replace(tzinfo=SEOUL)


def _length(text: str) -> timedelta:
    """A length such as `20h`, `3d`, `-2d`, `15m`."""
    units = {"d": "days", "h": "hours", "m": "minutes"}
    return timedelta(**{units[text[-1]]: float(text[:-1])})


def declared(name: str, at: datetime, fields: dict[str, Any]) -> Declaration:
    """A line of a customs declaration as a scenario writes it."""
    found = _other("declare", name, at, fields)[1]
    assert isinstance(found, Declaration)
    return found


def _put(ledger: Ledger, given: dict[str, Any], *, history: bool) -> Outputs:
    word, at = given.pop("word"), given.pop("at")
    fields = dict(given)
    name = str(fields.pop(word))
    if word == "pay":
        amount = str(fields.pop("amount"))
        return ledger.pay(name, at, amount, history=history, **_fields({"party": PARTY} | fields))
    if word == "clock":
        # somebody else's documented payment: event time passes
        event = payment(name, at, "50", party="k1.0a3.passer", evidence="shown", party_type="company")
        return ledger.put(event, ledger.origin())
    if word == "rate":
        return ledger.rate(at, name, **fields)
    topic, event = _other(word, name, at, fields)
    sent = msgspec.structs.replace(ledger.origin(topic), timestamp_ms=stamp(at))
    return ledger.put(event, sent)


def _other(word: str, name: str, at: datetime, fields: dict[str, Any]) -> tuple[str, Event]:
    common = {
        "event_id": name,
        "identity": digest16(f"{word}{name}"),
        "body": digest16(f"{name}{sorted(fields)}{fields}"),
    }
    fields = _fields({"party": PARTY} | fields)
    if word == "declare":
        return "customs.declarations.v1", Declaration(
            **common, **{"declaration_no": name, "quantity": "1", "quantity_unit": "U"} | fields, declared_time=at
        )
    if word == "profile":
        return "fx.profiles.v1", Profile(**common, **{"party_type": "company"} | fields, as_of=at)
    if word == "verdict":
        given = {"reason_hash": digest16(name), "investigator": "I-1"} | fields
        return "fx.dispositions.v1", Disposition(**common, **given, decided_at=at)
    raise ValueError(
        f"event of a golden scenario: got: {word}; expected: pay, clock, rate, declare, profile or verdict"
    )


def _fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Lists as tuples, numbers of money as text."""
    money = {"value", "quantity", "capital_krw", "turnover_krw", "deal_rate", "settled_amount"}
    return {
        name: tuple(one) if isinstance(one, list) else str(one) if name in money else one
        for name, one in fields.items()
    }


def faults_of_kind(file: Golden, number: int) -> Iterator[str]:
    """What a scenario lacks to be of its kind: nobody can name one what it is not."""
    return faults_among(file, number, play(file.typology, number).alerts)


def faults_among(file: Golden, number: int, alerts: list[tuple[str, Alert]]) -> Iterator[str]:
    """The same of a scenario that came to these alerts."""
    scenario = file.scenario[number]
    events = list(timed(file, scenario))
    times = [event["at"] for _, event, _ in events]
    kind = scenario.kind
    if kind == "fires" and not alerts:
        yield "no alert; expected: one"
    if kind in SILENT and alerts:
        yield "an alert; expected: none"
    if kind == "late" and not any(after < before for before, after in pairwise(times)):
        yield "no event comes after a later one; expected: one whose time is earlier than that of the event before"
    if kind == "reversed" and not any(
        event.get("status") in BACK or event.get("original_event_id") or event.get("amends") for _, event, _ in events
    ):
        yield "nothing is taken back; expected: a return, a cancellation or an amendment"
    if kind == "year_change" and len({at.year for at in times}) == 1:
        yield "one calendar year; expected: events of two"
    if kind == "law_change":
        dates = {limit.effective_from for limit in configured(file, scenario).rules[file.typology].limits}
        if not any(min(times).date() < day <= max(times).date() for day in dates):
            yield "no limit of the typology changes between the first event and the last; expected: one that does"
    if kind == "missing_field":
        tests = [test for _, alert in alerts for test in _hit(alert, file.typology).tests]
        if alerts and not any(test.missing for test in tests):
            yield "an alert whose tests miss no field; expected: cannot_tell with a missing field, or no alert"


def _hit(alert: Alert, typology: str) -> TypologyHit:
    found = hit_of(alert, typology)
    assert found is not None
    return found


def told(file: Golden, number: int) -> list[dict[str, Any]]:
    """The alerts of a scenario as `Expected` would write them, with as much of each as the file asks for."""
    return told_of(file, number, play(file.typology, number).alerts)


def told_of(file: Golden, number: int, alerts: list[tuple[str, Alert]]) -> list[dict[str, Any]]:
    """The same of these alerts, each with the event by which it came."""
    scenario, found = file.scenario[number], []
    for place, (by, alert) in enumerate(alerts):
        asked = scenario.alerts[place] if place < len(scenario.alerts) else Expected(on="")
        hit = _hit(alert, file.typology)
        reason = next((one for one in alert.reasons if one.feature == file.typology), None)
        values = {one.name: one.value for one in hit.measured}
        one: dict[str, Any] = {"on": alert.trigger_event_id, "by": by, "status": alert.status}
        if (asked.met, asked.not_met, asked.cannot_tell) != (None, None, None):
            for outcome in ("met", "not_met", "cannot_tell"):
                one[outcome] = sorted(test.id for test in hit.tests if test.outcome == outcome)
        one["measured"] = {name: values.get(name) for name in asked.measured}
        one["says_en"] = [part for part in asked.says_en if reason is not None and part in reason.text_en]
        one["says_ko"] = [part for part in asked.says_ko if reason is not None and part in reason.text_ko]
        found.append(one)
    return found


def expected(file: Golden, number: int) -> list[dict[str, Any]]:
    """What the file says, in the form of `told`."""
    found = []
    for one in file.scenario[number].alerts:
        said = msgspec.structs.asdict(one) | {"by": one.by or one.on}
        outcomes = ("met", "not_met", "cannot_tell")
        if all(said[outcome] is None for outcome in outcomes):
            said = {name: value for name, value in said.items() if name not in outcomes}
        else:
            said |= {outcome: sorted(said[outcome] or ()) for outcome in outcomes}
        found.append(said)
    return found


def digest_after_pause(file: Golden, number: int) -> tuple[str, str]:
    """The state's digest as played, and with a save and a load in the middle of the same log."""
    played = play(file.typology, number)
    again = Ledger(configured(file, file.scenario[number]))
    for place, (event, origin) in enumerate(played.ledger.log[1:]):
        if place == len(played.ledger.log) // 2:
            again.state = PartitionState.thaw(list(again.state.freeze().sections()))
        again.put(event, origin)
    return played.ledger.state.freeze().digest(), again.state.freeze().digest()
