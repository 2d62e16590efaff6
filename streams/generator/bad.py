"""Deliberately bad records: a valid one with one fault each, and the code it must be rejected with.

The codes are those of `streams/contracts/refusal_codes.py`. A test decodes every kind and compares, so that the two
cannot part.
"""

from collections.abc import Callable
from typing import Any

import orjson

from streams.contracts.input_record import DECLARATIONS, PROFILES, RATES, TRANSACTIONS, InputRecord
from streams.contracts.inputs import INPUTS
from streams.generator.draw import Draw

Body = dict[str, Any]
# after every time stamp that any run will ever give a record
FAR_FUTURE = "2190-01-01T00:00:00+09:00"
DEPTH = 40


def _with(**fields: Any) -> Callable[[Body, str], bytes]:
    """A fault that is one wrong value; `TIME` stands for the topic's time field."""
    return lambda body, time: orjson.dumps(
        body | {time if name == "TIME" else name: value for name, value in fields.items()}
    )


def _without(name: str) -> Callable[[Body, str], bytes]:
    return lambda body, _: orjson.dumps({field: value for field, value in body.items() if field != name})


def _twice(body: Body, _: str) -> bytes:
    name = next(iter(body))
    return b"{" + orjson.dumps(name) + b":" + orjson.dumps(body[name]) + b"," + orjson.dumps(body)[1:]


def _deep(body: Body, _: str) -> bytes:
    nested: Any = 1
    for _level in range(DEPTH):
        nested = [nested]
    return orjson.dumps(body | {"x_nested": nested})


def _cut(body: Body, _: str) -> bytes:
    value = orjson.dumps(body)
    return value[: len(value) * 2 // 3]


def _not_utf8(body: Body, _: str) -> bytes:
    return orjson.dumps(body | {"x_note": "caf?"}).replace(b"caf?", b"caf\xe9")


# fault -> (code, topics it is made on, value)
VALUE_FAULTS: dict[str, tuple[str, tuple[str, ...], Callable[[Body, str], bytes]]] = {
    "cut off": ("json.malformed", (TRANSACTIONS, DECLARATIONS, RATES, PROFILES), _cut),
    "text after the object": ("json.malformed", (TRANSACTIONS,), lambda body, _: orjson.dumps(body) + b"}"),
    "not an object": ("json.not_object", (TRANSACTIONS, RATES), lambda body, _: orjson.dumps([body])),
    "duplicate key": ("json.duplicate_key", (TRANSACTIONS, DECLARATIONS, RATES), _twice),
    "Latin-1 text": ("utf8.invalid", (TRANSACTIONS, DECLARATIONS), _not_utf8),
    "oversize": ("size.exceeded", (TRANSACTIONS,), _with(x_pad="0" * 70_000)),
    "too deep": ("depth.exceeded", (TRANSACTIONS, DECLARATIONS), _deep),
    "no institution": ("field.missing", (TRANSACTIONS,), _without("institution")),
    "no HS code": ("field.missing", (DECLARATIONS,), _without("hs_code")),
    "no mid": ("field.missing", (RATES,), _without("mid")),
    "unknown field": ("field.unknown", (TRANSACTIONS, DECLARATIONS, RATES, PROFILES), _with(comment="checked")),
    "number for a decimal": ("field.type", (TRANSACTIONS,), _with(amount=1200.5)),
    "null": ("field.type", (TRANSACTIONS,), _with(purpose=None)),
    "long event_id": ("field.length", (TRANSACTIONS, DECLARATIONS), _with(event_id="e" * 65)),
    "unknown direction": ("field.enum", (TRANSACTIONS,), _with(direction="sideways")),
    "thousands separator": ("decimal.malformed", (TRANSACTIONS,), _with(amount="12,000.50")),
    "exponent": ("decimal.malformed", (RATES,), _with(mid="1.4E3")),
    "zero amount": ("decimal.range", (TRANSACTIONS,), _with(amount="0.00")),
    "old currency": ("currency.unknown", (TRANSACTIONS,), _with(currency="DEM")),
    "unknown country": ("country.unknown", (TRANSACTIONS, DECLARATIONS), _with(counterparty_country="UK")),
    "local time": ("time.malformed", (TRANSACTIONS, DECLARATIONS, RATES), _with(TIME="2026/05/04 10:00")),
    "far future": ("time.future", (TRANSACTIONS, DECLARATIONS, RATES), _with(TIME=FAR_FUTURE)),
}
KEY_FAULTS: dict[str, tuple[str, tuple[str, ...], bytes | None]] = {
    "no key": ("key.missing", (TRANSACTIONS, DECLARATIONS), None),
    "another key": ("key.mismatch", (TRANSACTIONS, DECLARATIONS, RATES, PROFILES), b"somebody-else"),
}
TOMBSTONE = "no value"


def kinds(topic: str) -> tuple[str, ...]:
    """The faults that are made on records of this topic."""
    chosen = [fault for fault, (_, topics, _) in VALUE_FAULTS.items() if topic in topics]
    return (*chosen, *(fault for fault, (_, topics, _) in KEY_FAULTS.items() if topic in topics), TOMBSTONE)


def spoil(record: InputRecord, body: Body, fault: str, event_id: str) -> tuple[InputRecord, str]:
    """A copy of a valid record with one fault and an id of its own, due 1 ms later; and the code to reject it with."""
    if "event_id" in body:
        body = body | {"event_id": event_id}
    record = record._replace(timestamp_ms=record.timestamp_ms + 1, headers=())
    if fault == TOMBSTONE:
        return record._replace(value=None), "value.missing"
    if fault in KEY_FAULTS:
        code, _, key = KEY_FAULTS[fault]
        return record._replace(key=key, value=orjson.dumps(body)), code
    code, _, make = VALUE_FAULTS[fault]
    return record._replace(value=make(body, INPUTS[record.topic].time or "")), code


class Spoiler:
    """Draws faults, resends and conflicts beside valid records, in fixed shares of the stream."""

    # of all records, for each bad one: exact duplicates, and conflicts
    RESENDS, CONFLICTS = 0.25, 0.05

    def __init__(self, share: float, seed: int) -> None:
        self._draw = Draw(seed, "bad")
        # shares are of all records, draws are made for each valid one
        valid = 1 - share * (1 + self.RESENDS + self.CONFLICTS)
        self._bad = share / valid
        self._resend = self._bad + share * self.RESENDS / valid
        self._conflict = self._resend + share * self.CONFLICTS / valid

    def fault(self, topic: str) -> str | None:
        """What to do beside a valid record: a fault, `resend`, `conflict`, or nothing."""
        chance = self._draw.random()
        if chance >= self._conflict:
            return None
        if chance < self._bad:
            return self._draw.pick(kinds(topic))
        return "resend" if chance < self._resend else "conflict"

    def delay_ms(self) -> int:
        """How long after the original a resend or a conflict comes: up to two hours."""
        return self._draw.integer(1, 7_200) * 1000
