"""Strict decoding of input records. Fast for a good record, exhaustive about a bad one, and it never raises.

`decode` takes the fast path and answers None when anything is wrong; `find_faults` then collects every fault. Both are
bounded: nothing is parsed beyond the topic's size limit, and every step is linear in the value's length.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import orjson
from msgspec import inspect

from streams.contracts import decimals
from streams.contracts.identifiers import DEFAULT, MINOR_UNITS, Identifiers
from streams.contracts.inputs import RULES, TRANSACTIONS, InputTopic
from streams.contracts.iso_registers import has_more_places
from streams.contracts.refusal_codes import Fault, show_name
from streams.ingest.json_structure import DEPTH_LIMIT, excludes_duplicates, has_duplicate_keys, text_depth
from streams.ingest.validate import FIELDS, control_character_faults, key_faults, rule_faults, utc

# What a sender of nonsense may make us list; the rest is counted under the same codes anyway.
UNKNOWN_LISTED = 20


class Decoded(msgspec.Struct, frozen=True):
    """A record that fits the contract: typed, and as the JSON object it was, its identifiers in their one spelling.

    `when` is the topic's time in UTC (None for the rules). `canonical` is the object as sorted JSON, equal for
    records that are equal as JSON values. `notes` say what was done to which field (`identifiers.NOTES`).
    """

    record: Any
    body: dict[str, Any]
    when: datetime | None
    canonical: bytes
    notes: tuple[str, ...] = ()


def _plain_number(value: Any) -> Any:
    """The value with whole floats as integers: 1.0 and 1 are the same JSON number."""
    if isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) < 2**53 else value
    if isinstance(value, dict):
        return {name: _plain_number(content) for name, content in value.items()}
    if isinstance(value, list):
        return [_plain_number(content) for content in value]
    return value


def decode(  # noqa: PLR0911
    topic: InputTopic, timestamp_ms: int, key: bytes | None, value: bytes | None, identifiers: Identifiers = DEFAULT
) -> Decoded | None:
    """The record if it fits the contract, else None. 9 us for a transaction.

    `timestamp_ms` is the record's Kafka timestamp in ms, negative when it has none.
    """
    if value is None or len(value) > topic.size_limit:
        return None
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    if type(body) is not dict:
        return None
    extended = not body.keys() <= FIELDS[topic.name].names
    if extended and unknown_names(topic, body):
        return None
    flat = not extended and excludes_duplicates(value, body, topic.time)
    if not flat and (text_depth(value) > DEPTH_LIMIT or has_duplicate_keys(value)):
        return None
    told = body
    body, notes, faults = identifiers.read(topic.name, told)
    if faults:
        return None
    try:
        record = _typed(topic, told, body)
        when = utc(getattr(record, topic.time)) if topic.time is not None else None
    except (msgspec.ValidationError, OverflowError):
        return None
    # a C0 control character can stand in JSON only behind a backslash; DEL and C1 also as they are
    plain = b"\\" not in value and b"\x7f" not in value and value.isascii()
    if (
        key_faults(topic, key, body, identifiers)
        or rule_faults(topic, body, body, when, timestamp_ms)
        or (not plain and control_character_faults(topic, told))
    ):
        return None
    if topic.name == TRANSACTIONS and has_more_places(record.amount, record.currency):
        notes = (*notes, f"{MINOR_UNITS} amount")
    canonical = orjson.dumps(_plain_number(body) if extended else body, option=orjson.OPT_SORT_KEYS)
    return Decoded(record, body, when, canonical, notes)


def _typed(topic: InputTopic, told: dict[str, Any], body: dict[str, Any]) -> Any:
    """The record as its type; what was told must fit it as well as what it was read as. Raises `ValidationError`."""
    if body is not told:
        msgspec.convert(told, topic.type)
    return msgspec.convert(body, topic.type)


def unknown_names(topic: InputTopic, body: Mapping[str, Any]) -> list[str]:
    """Names of fields that are neither in the contract nor the sender's own (`x_`)."""
    names = FIELDS[topic.name].names
    return [name for name in body if name not in names and not name.startswith("x_")]


def find_faults(
    topic: InputTopic, timestamp_ms: int, key: bytes | None, value: bytes | None, identifiers: Identifiers = DEFAULT
) -> list[Fault]:
    """Every fault of a record that `decode` refused, at least one. Never raises; at most some milliseconds.

    Bytes that cannot be read end the search: nothing can be said of fields in them.
    """
    faults = _byte_faults(topic, value)
    if faults or value is None:
        return faults + key_faults(topic, key, {}, identifiers)
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        return [Fault("json.malformed"), *key_faults(topic, key, {}, identifiers)]
    if not isinstance(body, dict):
        return [Fault("json.not_object"), *key_faults(topic, key, {}, identifiers)]
    if has_duplicate_keys(value):
        faults.append(Fault("json.duplicate_key"))
    unknown = unknown_names(topic, body)
    faults += [Fault("field.unknown", show_name(name, FIELDS[topic.name].names)) for name in unknown[:UNKNOWN_LISTED]]
    faults += [Fault("field.missing", name) for name in FIELDS[topic.name].required if name not in body]
    told = body
    body, _, wrong = identifiers.read(topic.name, told)
    faults += wrong
    valid, when, field_faults = _field_by_field(topic, told)
    if body is not told:
        valid, when, more = _field_by_field(topic, {name: body[name] for name in body if name in valid})
        field_faults += more
    faults += field_faults
    faults += rule_faults(topic, valid, body, when, timestamp_ms)
    faults += control_character_faults(topic, {name: told[name] for name in told if name in valid or name not in body})
    faults += key_faults(topic, key, valid, identifiers)
    return faults or [Fault("record.refused")]


def _byte_faults(topic: InputTopic, value: bytes | None) -> list[Fault]:
    if value is None:
        return [Fault("value.missing")]
    if len(value) > topic.size_limit:
        return [Fault("size.exceeded", "", f"at most {topic.size_limit} bytes")]
    try:
        value.decode()
    except UnicodeDecodeError:
        return [Fault("utf8.invalid")]
    if text_depth(value) > DEPTH_LIMIT:
        return [Fault("depth.exceeded", "", f"at most {DEPTH_LIMIT} levels")]
    return []


def _field_by_field(topic: InputTopic, body: Mapping[str, Any]) -> tuple[dict[str, Any], datetime | None, list[Fault]]:
    """The fields that fit by themselves (as in the body), the topic's time in UTC, and the faults of the others."""
    fields = FIELDS[topic.name]
    valid: dict[str, Any] = {}
    when: datetime | None = None
    faults = []
    for name, content in body.items():
        if name not in fields.names:
            continue
        try:
            converted = msgspec.convert(content, fields.annotations[name])
            if name == topic.time:
                when = utc(converted)
        except msgspec.ValidationError:
            faults.append(_classify(topic, name, content))
        except OverflowError:
            faults.append(Fault("time.malformed", name, "a time that UTC can write"))
        else:
            valid[name] = content
    return valid, when, faults


_EXPECTED_TYPE: tuple[tuple[type[inspect.Type], type, str], ...] = (
    (inspect.StrType, str, "a string"),
    (inspect.LiteralType, str, "a string"),
    (inspect.DateTimeType, str, "a string"),
    (inspect.DateType, str, "a string"),
    (inspect.VarTupleType, list, "a list"),
    (inspect.IntType, int, "a whole number"),
    (inspect.BoolType, bool, "true or false"),
)


def _classify(topic: InputTopic, name: str, content: Any) -> Fault:
    """The code of a field that msgspec refused, from the field's type and the kind of its content."""
    described = FIELDS[topic.name].types[name]
    if topic.name == RULES and name == "configuration":
        return Fault("configuration.invalid", name, "what `fxwatch rules apply` sends")
    if topic.name == RULES and name == "approvals":
        return Fault("configuration.invalid", name, "what `fxwatch rules approve` sends")
    if isinstance(described, inspect.Metadata):
        described = described.type
    for kind, wanted, words in _EXPECTED_TYPE:
        # to Python a boolean is a whole number
        fits = isinstance(content, wanted) and isinstance(content, bool) == (wanted is bool)
        if isinstance(described, kind) and not fits:
            return Fault("field.type", name, words)
    return _classify_content(described, name, content)


def _classify_content(described: inspect.Type, name: str, content: Any) -> Fault:  # noqa: PLR0911 - one answer a kind
    match described:
        case inspect.StrType(pattern=str() as pattern):
            if pattern not in decimals.PATTERNS:
                return Fault("field.form", name)
            return Fault("decimal.range" if decimals.is_decimal(content) else "decimal.malformed", name)
        case inspect.StrType(min_length=shortest, max_length=longest):
            return Fault("field.length", name, f"{shortest or 0} to {longest} characters" if longest else "not empty")
        case inspect.LiteralType(values=values):
            return Fault("field.enum", name, " ".join(str(value) for value in values))
        case inspect.DateTimeType():
            return Fault("time.malformed", name, "RFC 3339 with an offset")
        case inspect.DateType():
            return Fault("date.malformed", name, "YYYY-MM-DD")
        case inspect.IntType(ge=least):
            return Fault("field.range", name, f"at least {least}")
        case inspect.VarTupleType(max_length=most):
            if most is not None and len(content) > most:
                return Fault("field.length", name, f"at most {most} entries")
            strings = all(isinstance(item, str) for item in content)
            return Fault("field.length" if strings else "field.type", name, "entries of 1 to 128 characters")
    return Fault("record.refused", name)
