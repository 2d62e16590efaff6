"""Every way a record can be refused: stable codes, and the message that goes into the dead letter.

Messages name fields and codes, never values: they are read by more people than the dead letters themselves.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

CODES: dict[str, str] = {
    "topic.unknown": "The topic is not one of the input topics.",
    "value.missing": "The record has no value (a tombstone).",
    "size.exceeded": "The value is longer than the contract allows.",
    "utf8.invalid": "The value is not UTF-8.",
    "depth.exceeded": "Objects or lists are nested deeper than 16 levels.",
    "json.malformed": "The value is not one JSON text (a byte order mark or NaN make it none).",
    "json.not_object": "The value is JSON, but not an object.",
    "json.duplicate_key": "An object names the same key twice.",
    "field.missing": "A field that the contract requires is absent.",
    "field.unknown": "A field is not in the contract and its name does not start with x_.",
    "field.type": "A field has another JSON type than the contract says; null counts as one.",
    "field.length": "A text or list is shorter or longer than the contract allows.",
    "field.characters": "An id, code or name holds control characters.",
    "field.enum": "A field is none of the values that the contract lists.",
    "field.form": "A code does not have the form that the contract gives it (HS code, Incoterm, token).",
    "field.range": "A whole number is outside its range.",
    "decimal.malformed": "A decimal is not plain digits with a point (no exponent, sign, separator, NaN or infinity).",
    "decimal.range": "A decimal is negative, zero where it must not be, above 1e15, or has too many digits.",
    "currency.unknown": "A currency is not an active ISO 4217 code.",
    "currency.same": "Base and quote of a rate are the same currency.",
    "country.unknown": "A country is not an ISO 3166-1 alpha-2 code.",
    "region.unknown": "A region is not an ISO 3166-2 code.",
    "time.malformed": "A time is not RFC 3339 with an offset, or cannot be written in UTC.",
    "time.future": "A time is more than 24 h after the record's own Kafka timestamp.",
    "timestamp.missing": "The record has no Kafka timestamp, so that nothing says whether its time is in the future.",
    "date.malformed": "A date is not YYYY-MM-DD.",
    "key.missing": "The record has no key.",
    "key.malformed": "The key is not UTF-8.",
    "key.mismatch": "The key is not what the body says it must be.",
    "header.length": "A CloudEvents or trace header is longer than 4096 bytes.",
    "configuration.invalid": "The configuration does not fit its type.",
    "event.conflict": "The same identity came before with another body (told by the monitor).",
    "record.refused": "The record does not fit the contract; no finer fault is known.",
    "door.failed": "fxwatch itself failed on this record; report it with the message.",
}

# Faults of the bytes and the JSON; all others are found in a record that could be read.
_DECODE = frozenset(code for code in CODES if code.startswith(("value.", "size.", "utf8.", "depth.", "json.")))

# Contract: the message has at most 512 characters.
MESSAGE_LIMIT = 512
# A sender's own field name may be anything, a person's name and number included: only plain words are shown.
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MANY_DIGITS = re.compile(r"[0-9].*[0-9].*[0-9]")


class Fault(msgspec.Struct, frozen=True):
    """One fault: a code of `CODES`, the contract's field (empty: the record itself) and what was expected there."""

    code: str
    field: str = ""
    expected: str = ""


def shown_name(name: str) -> str:
    """A sender's own field name as far as it may be shown: a plain lower-case word, with at most two digits."""
    return name if _PLAIN_NAME.fullmatch(name) and not _MANY_DIGITS.search(name) else "(name not shown)"


def codes(faults: Iterable[Fault]) -> tuple[str, ...]:
    """The distinct codes, in the order they were found."""
    return tuple(dict.fromkeys(fault.code for fault in faults))


def stage(faults: Iterable[Fault]) -> str:
    """Where the record was refused: `decode` when its bytes could not be read, `validate` otherwise."""
    return "decode" if any(fault.code in _DECODE for fault in faults) else "validate"


def message(faults: Sequence[Fault]) -> str:
    """All faults as one line of at most 512 characters; what does not fit is counted."""
    parts = []
    for fault in faults:
        text = f"{fault.code} {fault.field}".rstrip()
        parts.append(f"{text} (expected {fault.expected})" if fault.expected else text)
    shown: list[str] = []
    length = 0
    for part in parts:
        length += len(part) + 2
        # 20 characters are kept for the count of what is left out
        if length > MESSAGE_LIMIT - 20:
            return "; ".join([*shown, f"and {len(parts) - len(shown)} more"])
        shown.append(part)
    return "; ".join(shown)
