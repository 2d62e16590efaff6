"""Contracts only grow: what outside parties write today is read tomorrow, and what they read keeps its shape.

`kept_schemas/v1` holds the schemas as they were published first. They are never regenerated: a change that fails here
needs topics of a new version, or must be made another way.
"""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.contracts.alert import Alert, Snoozed
from detectors.contracts.events import Event, Leg
from detectors.contracts.learning import Learning
from streams import schemas
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import INPUTS, TRANSACTIONS
from streams.ingest.door import Admitted, Door, Rejected
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from streams.monitor.core import MonitorCore
from tests.support.compatibility import breaks
from tests.support.pipeline import GOOD, TIMESTAMP_MS, TRANSACTION, LedgerRecord, Pipeline

HERE = Path(__file__).parent
KEPT = {path.stem: json.loads(path.read_text("utf-8")) for path in (HERE / "kept_schemas" / "v1").glob("*.json")}
LEDGERS = sorted((HERE.parent / "evolution" / "ledger-v1").glob("*.jsonl"))
OUTPUTS = {"fx.alerts.v1", "fx.deadletter.v1", "fx.identities.v1", "fx.openitems.v1", "fx.screens.v1", "fx.shadow.v1"}
# The codes of dead letters are a list that grows: readers were told to expect codes they do not know.
GROWING = {"__fx.error.codes: the pattern was changed"}
# CONTRACT 1.1 says so, to everybody who reads alerts: a plain hash let anybody who reads them guess identifiers.
AGREED = {"evidence[].sha256: a field that was always given became optional"}


def direction(topic: str) -> Any:
    """Who writes a topic: others (input) or we (output)."""
    return "output" if topic in OUTPUTS else "input"


@pytest.mark.parametrize("topic", KEPT)
def test_no_contract_breaks_what_was_published(topic):
    """Every topic of version 1 still takes what it took, and gives what it gave."""
    now = json.loads(json.dumps(schemas.generate()[topic]))
    faults = breaks(KEPT[topic], now, direction(topic))
    assert [fault for fault in faults if fault not in GROWING | AGREED] == []


def test_every_topic_has_a_kept_schema():
    """A new topic's schema is kept from its first version on."""
    assert KEPT.keys() == schemas.generate().keys()


def test_dead_letters_keep_their_codes():
    """A code that was published never disappears: searches and alerting rules name it."""

    def listed(schema: dict[str, Any]) -> set[str]:
        pattern = schema["properties"]["__fx.error.codes"]["pattern"]
        return set(pattern.split(")", 1)[0].removeprefix("^(").split("|"))

    assert listed(KEPT["fx.deadletter.v1"]) <= listed(schemas.generate()["fx.deadletter.v1"])


def changed(topic: str, change: Any) -> list[str]:
    """What the check says of today's schema after a change to it."""
    now = copy.deepcopy(KEPT[topic])
    change(now)
    return breaks(KEPT[topic], now, direction(topic))


def field(name: str, **changes: Any) -> Any:
    """A change of one field; None takes a keyword away."""

    def change(schema: dict[str, Any]) -> None:
        for word, content in changes.items():
            if content is None:
                schema["properties"][name].pop(word)
            else:
                schema["properties"][name][word] = content

    return change


def removed(name: str) -> Any:
    """A field taken away."""

    def change(schema: dict[str, Any]) -> None:
        del schema["properties"][name]
        schema["required"] = [each for each in schema.get("required", []) if each != name]

    return change


def added(name: str, *, required: bool) -> Any:
    """A new field."""

    def change(schema: dict[str, Any]) -> None:
        schema["properties"][name] = {"type": "string"}
        schema["required"] = [*schema["required"], name] if required else schema["required"]

    return change


def required(name: str) -> Any:
    """An optional field that is demanded now."""
    return lambda schema: schema["required"].append(name)


def optional(name: str) -> Any:
    """A field that need not be there any more."""
    return lambda schema: schema["required"].remove(name)


def without_own_fields(schema: dict[str, Any]) -> None:
    """Senders' own fields are no longer taken."""
    del schema["patternProperties"]


def with_rule(schema: dict[str, Any]) -> None:
    """A demand between fields that was not there."""
    schema["dependentRequired"]["deal_rate"] = ["settled_currency"]


def hit_without_strength(schema: dict[str, Any]) -> None:
    """A field of a nested output type is renamed."""
    schema["$defs"]["TypologyHit"]["properties"]["force"] = schema["$defs"]["TypologyHit"]["properties"].pop("strength")


BREAKING = [
    (TRANSACTIONS, added("lei", required=True), "lei: a required field was added"),
    (TRANSACTIONS, required("branch"), "branch: an optional field became required"),
    (TRANSACTIONS, removed("branch"), "branch: a field was removed or renamed"),
    (TRANSACTIONS, field("channel", enum=["branch", "web"]), "channel: the enum was narrowed"),
    (TRANSACTIONS, field("branch", enum=["A"]), "branch: the enum was narrowed, no longer any other value"),
    (TRANSACTIONS, field("amount", type="number"), "amount: the type was changed from string to number"),
    (TRANSACTIONS, field("institution", maxLength=11), "institution: the bound maxLength was tightened from 32 to 11"),
    (TRANSACTIONS, field("remittance_info", minLength=1), "remittance_info: the bound minLength was tightened"),
    (TRANSACTIONS, field("amount", pattern="^[0-9]+$"), "amount: the pattern was changed"),
    (TRANSACTIONS, field("status", default="ordered"), "status: the default was changed"),
    (TRANSACTIONS, without_own_fields, "the record: senders' own fields are refused now"),
    (TRANSACTIONS, with_rule, "the record: the rule dependentRequired was added or changed"),
    ("customs.declarations.v1", field("line", minimum=2), "line: the bound minimum was tightened from 1 to 2"),
    ("fx.profiles.v1", field("related_counterparties", maxItems=10), "related_counterparties: the bound maxItems"),
    (
        "fx.profiles.v1",
        field("related_counterparties", items={"type": "string", "maxLength": 1}),
        "related_counterparties[]: the bound maxLength was tightened",
    ),
    ("fx.alerts.v1", removed("desk"), "desk: a field was removed or renamed"),
    ("fx.alerts.v1", optional("score"), "score: a field that was always given became optional"),
    ("fx.alerts.v1", field("score", type="string"), "score: the type was changed"),
    (
        "fx.alerts.v1",
        field("severity", enum=["low", "medium", "high", "critical", "extreme"]),
        "severity: the enum was widened by extreme",
    ),
    ("fx.alerts.v1", hit_without_strength, "typologies[].strength: a field was removed or renamed"),
    ("fx.deadletter.v1", removed("__fx.error.stage"), "__fx.error.stage: a field was removed or renamed"),
    (
        "fx.deadletter.v1",
        field("__fx.error.message", maxLength=4096),
        "__fx.error.message: the bound maxLength was loosened",
    ),
    ("fx.identities.v1", removed("key_id"), "key_id: a field was removed or renamed"),
]


@pytest.mark.parametrize(("topic", "change", "said"), BREAKING, ids=[said for _, _, said in BREAKING])
def test_a_breaking_change_is_named(topic, change, said):
    """Each kind of break fails, and the message names field and rule."""
    assert any(fault.startswith(said) for fault in changed(topic, change)), changed(topic, change)


HARMLESS = [
    (TRANSACTIONS, added("lei", required=False)),
    (TRANSACTIONS, field("institution", maxLength=64)),
    (
        TRANSACTIONS,
        field("channel", enum=["branch", "web", "app", "small_remitter", "card", "exchanger", "interbank", "atm"]),
    ),
    (TRANSACTIONS, optional("channel")),
    (TRANSACTIONS, field("event_id", description="other words")),
    ("fx.alerts.v1", added("analyst_note", required=False)),
    ("fx.alerts.v1", added("retracted_at", required=True)),
    ("fx.alerts.v1", field("severity", enum=["high", "critical"])),
]


@pytest.mark.parametrize(("topic", "change"), HARMLESS)
def test_a_harmless_change_passes(topic, change):
    """New optional fields, wider inputs and narrower outputs break nobody."""
    assert changed(topic, change) == []


# -- version 1 meets version 1.1 ----------------------------------------------------------------------------------


def admit(body: dict[str, Any], topic: str = TRANSACTIONS) -> Admitted | Rejected:
    """The door's answer to a record."""
    key = INPUTS[topic].key
    assert key is not None
    value = json.dumps(body).encode()
    return Door(development_keys(), 1, {}).admit(
        ArrivedRecord(topic, 0, 0, TIMESTAMP_MS, key(body).encode(), value, [])
    )


@pytest.mark.parametrize("topic", GOOD)
def test_a_reader_of_v1_takes_a_writer_of_v1_1_with_own_fields(topic):
    """New fields named x_ are taken, at top level and nested, and stop at ingest; the event is as without them."""
    plain, grown = (
        admit(GOOD[topic], topic),
        admit(GOOD[topic] | {"x_new": {"deep": [1, {"x": None}]}, "x_b": "1"}, topic),
    )
    assert isinstance(plain, Admitted)
    assert isinstance(grown, Admitted)
    (_, _, value, _), (_, _, grown_value, _) = plain.records[0], grown.records[0]
    one, other = (envelope._decode_event(each) for each in (value, grown_value))
    # the body's fingerprint covers own fields: another body is a conflict, and the sender should know
    assert msgspec.structs.replace(other, body=one.body) == one
    assert other.body != one.body


@pytest.mark.parametrize("topic", GOOD)
def test_a_new_field_without_x_is_refused_by_a_reader_of_v1(topic):
    """A writer that is ahead of its reader is told so; the record is not half read."""
    answer = admit(GOOD[topic] | {"settlement_system": "CIPS"}, topic)
    assert isinstance(answer, Rejected)
    assert answer.codes == ("field.unknown",)


@pytest.mark.parametrize("topic", GOOD)
def test_a_reader_of_v1_1_takes_a_writer_of_v1(topic):
    """With a new optional field in the type, the records of today convert as they did."""
    kind = INPUTS[topic].type
    grown = msgspec.defstruct(
        "Grown",
        [("settlement_system", str | msgspec.UnsetType, msgspec.UNSET)],
        bases=(kind,),
        kw_only=True,
        frozen=True,
    )
    old, new = msgspec.convert(GOOD[topic], kind), msgspec.convert(GOOD[topic], grown)
    assert all(getattr(old, name) == getattr(new, name) for name in kind.__struct_fields__)
    assert new.settlement_system is msgspec.UNSET


def test_a_reader_of_v1_takes_an_event_of_a_later_ledger():
    """A ledger record with a field of tomorrow is read today (a worker that was not updated yet), without it."""
    pipeline = Pipeline()
    pipeline.send(TRANSACTIONS, TRANSACTION)
    record = pipeline.log[-1]
    body = json.loads(record.value) | {"settlement_system": "CIPS"}
    value = json.dumps(body).encode()
    headers = envelope.checked(record.headers[:-1], value)
    assert envelope.decode_record(value, headers, 1, 0)[0] == pipeline.events()[0]


GROWN = {
    TRANSACTIONS: {"residency": "foreign_resident", "designated_bank": True},
    "fx.profiles.v1": {"register": "small_remitter", "residency": "non_resident"},
    "fx.dispositions.v1": {"voluntary": True},
}
# identity and body of `GOOD` under the development key, as written before these fields were built
BEFORE = {
    TRANSACTIONS: ("44b1206d38a81883ba1765472dc46ceb", "4d363c0580e68e7d931f57c0bca47c79"),
    "fx.profiles.v1": ("305183ef01c460eeb86b623f4f559445", "b9b6e79de67aae69074e28e9f4dbe33b"),
    "fx.dispositions.v1": ("3ddf3f2bed684b53807a77da95c368ba", "f8173b2fa09dd3f5b565d2cf1337bdd3"),
}


def ledger_value(body: dict[str, Any], topic: str) -> bytes:
    """What the door writes of a record into the ledger."""
    answer = admit(body, topic)
    assert isinstance(answer, Admitted), answer
    return answer.records[0][2]


@pytest.mark.parametrize("topic", GROWN)
def test_a_record_without_the_fields_of_1_1_is_written_as_before(topic):
    """No fingerprint changes with an upgrade: a record that is sent again stays a duplicate, and no field appears."""
    written = json.loads(ledger_value(GOOD[topic], topic))
    assert (written["identity"], written["body"]) == BEFORE[topic]
    assert written.keys().isdisjoint(GROWN[topic])


@pytest.mark.parametrize("topic", GROWN)
def test_the_fields_of_1_1_reach_the_ledger_and_stand_in_the_body(topic):
    """The same event with one of them said is another body, and each is read back as it was said."""
    value = ledger_value(GOOD[topic] | GROWN[topic], topic)
    written, event = json.loads(value), envelope._decode_event(value)
    assert {name: getattr(event, name) for name in GROWN[topic]} == GROWN[topic]
    assert (written["identity"], written["body"] != BEFORE[topic][1]) == (BEFORE[topic][0], True)


@pytest.mark.parametrize("topic", GROWN)
def test_a_worker_of_before_reads_a_ledger_with_the_fields_of_1_1(topic):
    """A worker that was not updated yet knows the event without them, and reads everything else of it."""
    value = ledger_value(GOOD[topic] | GROWN[topic], topic)
    now = envelope._decode_event(value)
    fields = [each for each in msgspec.structs.fields(type(now)) if each.name not in GROWN[topic]]
    old = msgspec.defstruct(
        "Before",
        [
            (each.name, each.type, msgspec.field(default=each.default, default_factory=each.default_factory))
            for each in fields
        ],
        kw_only=True,
        tag_field="type",
        tag=type(now).__struct_config__.tag,
    )
    read = msgspec.json.decode(value, type=old)
    assert all(getattr(read, each.name) == getattr(now, each.name) for each in fields)


SNOOZE = GOOD["fx.dispositions.v1"] | {
    "verdict": "inconclusive",
    "snooze_until": "2026-02-01T00:00:00+09:00",
    "snooze_typology": "T16",
}


def test_a_snooze_reaches_the_ledger_and_is_a_verdict_that_decides_nothing_to_a_worker_of_before():
    """Both fields as they were said; without them the event is one that every release reads as `inconclusive`."""
    value = ledger_value(SNOOZE, "fx.dispositions.v1")
    event, written = envelope._decode_event(value), json.loads(value)
    assert (event.snooze_until, event.snooze_typology) == (datetime(2026, 1, 31, 15, tzinfo=UTC), "T16")
    known = {name: said for name, said in written.items() if not name.startswith("snooze_")}
    before = envelope._decode_event(json.dumps(known).encode())
    assert (before.verdict, before.snooze_until, before.snooze_typology) == ("inconclusive", None, None)


def test_an_alert_says_of_a_snooze_only_where_it_rests_under_one():
    """No byte of other alerts changes, and a reader of 1.0 passes over the field."""
    alert = msgspec.json.decode((HERE.parent / "golden" / "alert.json").read_bytes(), type=Alert)
    assert "snoozed" not in json.loads(msgspec.json.encode(alert))
    resting = msgspec.structs.replace(
        alert, snoozed=Snoozed(until=datetime(2026, 2, 1, tzinfo=UTC), offset=7, legal_line=False)
    )
    told = json.loads(msgspec.json.encode(resting))
    assert told["snoozed"] == {"until": "2026-02-01T00:00:00Z", "offset": 7, "legal_line": False}
    fields = [(each.name, each.type, each.default) for each in msgspec.structs.fields(Alert) if each.name == "case_id"]
    old = msgspec.defstruct("Before", [(name, kind) for name, kind, _ in fields])
    assert msgspec.json.decode(msgspec.json.encode(resting), type=old).case_id == alert.case_id


def test_a_reader_of_v1_takes_an_alert_of_v1_1():
    """Evidence that says what each payment was is read by a type that has none of those fields."""

    class Item(msgspec.Struct):
        event_id: str
        topic: str
        institution: str | None
        event_time: datetime
        offset: int | None
        commitment: str | None = None

    known = {field.encode_name for field in msgspec.structs.fields(Item)}
    pipeline = Pipeline()
    alerts = []
    for number in range(4):
        paid = TRANSACTION | {"event_id": f"piece{number}", "amount": "4900.00", "purpose": "40101"}
        alerts += [json.loads(one.value) for one in pipeline.send(TRANSACTIONS, paid) if one.topic == "fx.alerts.v1"]
    (item, *_) = alerts[-1]["evidence"]
    assert {"direction", "amount", "x_purpose_ko", "counterparty"} <= item.keys() - known
    old = msgspec.json.decode(json.dumps(item).encode(), type=Item)
    assert (old.event_id, old.offset) == (item["event_id"], item["offset"])


# -- ledgers of earlier versions ----------------------------------------------------------------------------------


def kept(path: Path) -> list[LedgerRecord]:
    """A kept ledger partition."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        LedgerRecord(
            number,
            line["timestamp"],
            line["key"].encode(),
            line["value"].encode(),
            [(name, content.encode()) for name, content in line["headers"]],
        )
        for number, line in enumerate(lines)
    ]


def test_there_are_kept_ledgers():
    """The replay below is of something."""
    assert [path.name for path in LEDGERS] == ["before-checks.jsonl", "with-checks.jsonl"]


@pytest.mark.parametrize("path", LEDGERS, ids=[path.stem for path in LEDGERS])
def test_a_kept_ledger_is_read_and_applied(path):
    """Every record written by an earlier version decodes, is applied, and says the same when it is written again."""
    core = MonitorCore("later")
    state = core.new(0)
    kinds = set()
    for record in kept(path):
        event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
        kinds.add(type(event))
        written = json.loads(envelope.encode(event))
        assert written == json.loads(record.value), "a field of the ledger was lost or changed its meaning"
        core.apply(state, 0, record, muted=False)
    # what partitions tell one another came later
    assert kinds == set(Event.__args__) - {Learning}  # type: ignore[attr-defined]
    # the verdict of that version is on an alert that was never raised; it says so, and is read like the others
    assert (state.counters["applied"], state.counters["refused"]) == (len(kept(path)) - 1, 1)
    assert state.counters["scored"] == 3


def test_fields_of_the_ledger_are_only_added():
    """Every field that kept ledgers and legs have is still there, and every new one has a default."""
    first = msgspec.json.decode((HERE / "kept_schemas" / "v1" / "ledger-fields.txt").read_bytes())
    kinds = (*Event.__args__, Leg)  # type: ignore[attr-defined]
    assert {kind for kind in kinds if kind.__name__ not in first} == {Learning}, "it came later"
    for kind in set(kinds) - {Learning}:
        fields = {each.name: each for each in msgspec.structs.fields(kind)}
        assert set(first[kind.__name__]) <= fields.keys()
        new = [each for name, each in fields.items() if name not in first[kind.__name__]]
        assert [each.name for each in new if each.required] == []


def test_the_newest_time_of_the_kept_ledgers_is_no_surprise():
    """Kept records are of 2026: nothing in them depends on the day the test runs."""
    times = {record.timestamp for path in LEDGERS for record in kept(path)} - {0}
    assert {datetime.fromtimestamp(each / 1000, UTC).year for each in times} == {2026}
