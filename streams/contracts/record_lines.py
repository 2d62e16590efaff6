"""Records as lines of text: the contract's own JSON, one event a line, or an envelope where that cannot say it all.

A plain line is the value itself, sent byte for byte; its key follows from the contract. An envelope is an object whose
only field is `__record`: {"__record": {"value": text or null, or "value_base64", "key" or "key_base64" (or no key),
"timestamp_ms", "headers": [[name, text], ...]}}. It carries what is not JSON, has another key, or has headers.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson

from streams.contracts.input_record import InputRecord
from streams.contracts.inputs import INPUTS, RULES
from streams.contracts.record_headers import HISTORY_HEADER, by_name, is_history
from streams.contracts.refusal_codes import show_name
from streams.errors import FxwatchError, UsageError

ENVELOPE = "__record"
# a record's time stamp when it is to be the time of sending
AT_SENDING = -1
# the last millisecond of the year 9999; Kafka's field holds 2**63 - 1, and a greater number ended the sending
LATEST_MS = 253_402_300_799_999
Timestamps = Literal["own", "event", "now"]


class LineError(FxwatchError):
    """A line that cannot be made into a record, with its place."""

    code = "publish.line"


class EnvelopeError(LineError):
    """An envelope that is none: what it means to send is not known, so that nothing can be said of its value."""


class RecordLine(NamedTuple):
    """A line with its number. `fault`: why it cannot be made into a record, or None.

    `record` is then what `--as-is` sends: the line as it stands, without a key where none can be derived.
    """

    number: int
    record: InputRecord
    fault: LineError | None = None


def topic_of(name: str, chosen: str | None) -> str:
    """The topic of a file: the one chosen, or the one that the file is named after. Raises `UsageError`."""
    stem = name.rsplit("/", 1)[-1].removesuffix(".jsonl")
    topic = chosen or stem
    known = [known for known in INPUTS if known != RULES]
    if topic not in known:
        raise UsageError(
            "not a topic to publish to" if chosen else "the file's name says no topic",
            got=topic,
            expected=f"one of {', '.join(known)}",
            todo="pass --topic TOPIC or name the file TOPIC.jsonl",
        )
    return topic


def contract_key(topic: str, body: dict[str, Any]) -> bytes:
    """The key that the contract demands for a body. Raises `KeyError` naming the field that is absent."""
    derive = INPUTS[topic].key
    if derive is None:
        raise KeyError(topic)
    return str(derive(body)).encode()


def event_time_ms(topic: str, body: dict[str, Any]) -> int:
    """The event's own time in ms. Raises `KeyError` when absent, `ValueError` when it is no time with an offset."""
    when = datetime.fromisoformat(body[INPUTS[topic].time or ""])
    if when.tzinfo is None:
        raise ValueError("no offset")
    return round(when.timestamp() * 1000)


def parse_lines(
    lines: Iterable[bytes], topic: str, *, timestamps: Timestamps = "own", history: bool = False
) -> Iterator[RecordLine]:
    """Every line that is not empty, in order, as a record or with why it is none. 3 us a line of a transaction.

    `timestamps`: `own` = an envelope's own where it has one, else the time of sending; `event` = an envelope's own,
    else the event's own; `now` = the time of sending.
    """
    for number, line in enumerate(lines, 1):
        text = line.rstrip(b"\r\n")
        if not text.strip():
            continue
        told: LineError | None = None
        try:
            record = _record(text, topic, timestamps)
        except (LineError, KeyError, ValueError, TypeError) as fault:
            told = _told(fault, topic)
            record = InputRecord(topic, _key_if_any(text, topic), text, AT_SENDING)
        if history and not is_history(by_name(record.headers)):
            record = record._replace(headers=(*record.headers, HISTORY_HEADER))
        yield RecordLine(number, record, told)


def read(lines: Iterable[bytes], topic: str, *, source: str, timestamps: Timestamps = "own") -> Iterator[InputRecord]:
    """Records of the lines as by `parsed`. Raises `LineError` with the number of the first line that is none."""
    for line in parse_lines(lines, topic, timestamps=timestamps):
        if line.fault is not None:
            raise LineError(
                f"{source}, line {line.number}: {line.fault.what}",
                todo="mend the line",
                expected="one JSON object of the contract a line",
            ) from line.fault
        yield line.record


def _told(fault: Exception, topic: str) -> LineError:
    """The fault in words without anything of the line: it is shown to more people than the line is."""
    if isinstance(fault, LineError):
        return fault
    if isinstance(fault, orjson.JSONDecodeError):
        return LineError(f"not JSON: {fault.msg}, at character {fault.pos + 1}")
    if isinstance(fault, KeyError):
        return LineError(f"the field {fault.args[0]} is missing")
    return LineError(f"{INPUTS[topic].time} is no time with an offset")


def _key_if_any(text: bytes, topic: str) -> bytes | None:
    try:
        body = orjson.loads(text)
        return contract_key(topic, body) if isinstance(body, dict) else None
    except (orjson.JSONDecodeError, KeyError):
        return None


def _record(text: bytes, topic: str, timestamps: Timestamps) -> InputRecord:
    body = orjson.loads(text)
    if not isinstance(body, dict):
        raise LineError("not a JSON object")
    if ENVELOPE in body:
        return _opened(body[ENVELOPE], topic, timestamps)
    at_ms = event_time_ms(topic, body) if timestamps == "event" else AT_SENDING
    return InputRecord(topic, contract_key(topic, body), text, at_ms)


_FIELDS = frozenset({"key", "key_base64", "value", "value_base64", "timestamp_ms", "headers"})


def _opened(content: Any, topic: str, timestamps: Timestamps) -> InputRecord:
    if not isinstance(content, dict):
        raise EnvelopeError("the envelope holds no object")
    unknown = sorted(set(content) - _FIELDS)
    if unknown:
        raise EnvelopeError(f"an envelope has no field {', '.join(show_name(name, _FIELDS) for name in unknown)}")
    key, value = _bytes(content, "key"), _bytes(content, "value")
    at_ms = AT_SENDING if timestamps == "now" else content.get("timestamp_ms", AT_SENDING)
    if at_ms == AT_SENDING and timestamps == "event":
        try:
            at_ms = event_time_ms(topic, orjson.loads(value or b""))
        except (KeyError, ValueError, TypeError) as fault:
            raise EnvelopeError("its value has no time of its own, and the envelope no timestamp_ms") from fault
    if type(at_ms) is not int or at_ms > LATEST_MS:
        raise EnvelopeError(f"timestamp_ms is not a whole number of at most {LATEST_MS}")
    told = content.get("headers", [])
    if not isinstance(told, list) or not all(map(_is_header, told)):
        raise EnvelopeError("headers are not a list of [name, text]")
    return InputRecord(topic, key, value, at_ms, tuple((name, held.encode()) for name, held in told))


def _is_header(told: Any) -> bool:
    return isinstance(told, list) and [type(part) for part in told] == [str, str]


def _bytes(content: dict[str, Any], name: str) -> bytes | None:
    encoded = content.get(f"{name}_base64")
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError, TypeError) as fault:
            raise EnvelopeError(f"{name}_base64 is not base64") from fault
    text = content.get(name)
    if text is not None and not isinstance(text, str):
        raise EnvelopeError(f"{name} is no text; an object is written in it as a text of JSON")
    return None if text is None else text.encode()


def write(record: InputRecord) -> bytes:
    """The record as a line: plain where the contract alone gives it back byte for byte, else an envelope."""
    value = record.value
    if (
        value is not None
        and not record.headers
        and b"\n" not in value
        and value[-1:] != b"\r"
        and _is_plain(record, value)
    ):
        return value + b"\n"
    content: dict[str, Any] = {
        **_encoded("key", record.key),
        **_encoded("value", value),
        "timestamp_ms": record.timestamp_ms,
    }
    if record.headers:
        content["headers"] = [[name, held.decode()] for name, held in record.headers]
    return orjson.dumps({ENVELOPE: content}) + b"\n"


def _is_plain(record: InputRecord, value: bytes) -> bool:
    try:
        body = orjson.loads(value)
        return (
            isinstance(body, dict)
            and ENVELOPE not in body
            and contract_key(record.topic, body) == record.key
            and event_time_ms(record.topic, body) == record.timestamp_ms
        )
    except (orjson.JSONDecodeError, KeyError, ValueError, TypeError):
        return False


def _encoded(name: str, content: bytes | None) -> dict[str, str | None]:
    if content is None:
        return {name: None} if name == "value" else {}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}
