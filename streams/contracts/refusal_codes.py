"""Every way a record can be refused: stable codes, and the message that goes into the dead letter.

Messages name fields and codes, never values: they are read by more people than the dead letters themselves.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

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
    "currency.unknown": "A currency is no ISO 4217 code, active or withdrawn since 2005.",
    "currency.withdrawn": "A currency had ceased to be money when the event happened.",
    "amount.minor_units": "A payment message has an amount with more decimal places than its currency (ISO 4217).",
    "identifier.placeholder": "A field that must name somebody or something holds a placeholder.",
    "identifier.check_digits": "An LEI or IBAN whose check digits are wrong.",
    "history.not_allowed": "A record marked as history whose institution or time the configuration does not allow.",
    "signature.missing": "A sender whose keys are known must sign its records, and this one has no signature.",
    "signature.malformed": "The header fx.signature is not of a scheme that is known.",
    "signature.wrong": "The signature is not of this record by a key of the sender that it names.",
    "signature.expired": "The signature's key was not valid any more at the record's Kafka timestamp.",
    "signature.no_key": "Every record of the topic must be signed, and no key of the sender that it names is known.",
    "currency.same": "Base and quote of a rate are the same currency.",
    "country.unknown": "A country is not an ISO 3166-1 alpha-2 code, nor XK.",
    "region.unknown": "A region is not an ISO 3166-2 code.",
    "time.malformed": "A time is not RFC 3339 with an offset, or cannot be written in UTC.",
    "time.future": "A time is more than 24 h after the record's own Kafka timestamp.",
    "timestamp.missing": "The record has no Kafka timestamp, so that nothing says whether its time is in the future.",
    "date.malformed": "A date is not YYYY-MM-DD.",
    "key.missing": "The record has no key.",
    "key.malformed": "The key is not UTF-8.",
    "key.mismatch": "The key is not what the body says it must be.",
    "header.length": "A CloudEvents or trace header is longer than 4096 bytes.",
    "header.count": "The record has more than 1 000 headers.",
    "configuration.invalid": "The configuration, or who approved it, does not fit its type.",
    "configuration.partition": "A configuration stands in another partition than 0: it has no place in their order.",
    "configuration.refused": "It would stop every partition; the former configuration stays (told by the monitor).",
    "learning.malformed": "The record is none that a monitor writes: bytes, type, or a number out of bounds.",
    "learning.partition": "The record says another partition than it stands in, or one that the ledger has not.",
    "learning.unusable": "It counts what no partition can have seen; nothing of it was applied (told by the monitor).",
    "event.conflict": "The same identity came before with another body (told by the monitor).",
    "verdict.unknown_officer": "The configuration does not list this investigator (told by the monitor).",
    "verdict.unknown_alert": "The verdict is on an alert not raised for this party, or long ago (told by the monitor).",
    "verdict.repeated": "The same officer gave the same verdict on this alert before (told by the monitor).",
    "verdict.outdated": "The same officer decided otherwise on this alert at a later time (told by the monitor).",
    "snooze.too_long": "A snooze ends more than 90 days after it was given.",
    "verdict.too_many_officers": "Eight other officers had given verdicts on this alert (told by 0.2.0 alone).",
    "rate.held": "The rate is far from the one before and nothing confirms it; not used (told by the monitor).",
    "rate.direction": "The pair is quoted the other way round already; not used (told by the monitor).",
    "rate.pair": "The pair is none of the configured ones; not used (told by the monitor).",
    "rate.source": "The rate names none of the configured feeds; not used (told by the monitor).",
    "record.refused": "The record does not fit the contract; no finer fault is known.",
    "xml.malformed": "The value is not well-formed XML.",
    "xml.document_type": "The XML declares a document type or an entity.",
    "xml.encoding": "The XML is neither UTF-8 nor UTF-16.",
    "fin.malformed": "The value is not made of the blocks and fields of a SWIFT FIN message.",
    "message.parameter": "What the conversion of a message needs to be told is missing or wrong.",
    "message.type": "The message is no customer credit transfer that is read (pacs.008.001.02 to 13, MT103).",
    "message.several": "A record holds several payments.",
    "message.count": "A message holds another number of payments than it states.",
    "message.repeated": "An element or field that may stand once stands several times.",
    "message.missing": "An element or field that the message's standard demands is absent.",
    "message.form": "An element or field does not have the form that the message's standard gives it.",
    "message.resident": "Not exactly one side of the payment is in the resident country, or a country is not told.",
    "message.identifier": "A message tells no identification that the contract requires of a party or institution.",
    "message.time": "A message tells no time with its offset.",
    "message.returned": "The message returns or rejects an earlier payment.",
    "message.nak": "The network refused the message, so no payment was made by it.",
    "message.test": "The message is a test or training message.",
    "set.too_large": "A record set is larger after decompression, or holds more records, than fxwatch reads.",
    "set.undecodable": "A record set was written so that fxwatch cannot decompress it or find its records.",
    "set.damaged": "A record set was damaged on the broker; an operator decided to pass it.",
    "set.codec": "A record set is of a codec that this release does not know; an operator decided to pass it.",
    "door.failed": "fxwatch itself failed on this record; report it with the message.",
}

# Told by the monitor, which alone knows what came before: their records stand in the ledger too.
# the starts of their names
_MONITORS = ("event.", "verdict.", "rate.", "configuration.refused", "learning.unusable")
TOLD_BY_MONITOR = frozenset(code for code in CODES if code.startswith(_MONITORS))
# Faults of the bytes and their syntax; all others are found in a record that could be read.
_OF_BYTES = ("value.", "size.", "utf8.", "depth.", "json.", "xml.", "fin.")
_DECODE = frozenset(code for code in CODES if code.startswith(_OF_BYTES))

# Contract: the message has at most 512 characters.
MESSAGE_LIMIT = 512
# A sender's own field name may be anything, a person's name or number included, so only a misspelt name of the contract
# is shown. How alike the two must be, of 1.
_ALIKE = 0.8
_LONGEST_NAME = 40


class Fault(msgspec.Struct, frozen=True):
    """One fault: a code of `CODES`, the contract's field (empty: the record itself) and what was expected there."""

    code: str
    field: str = ""
    expected: str = ""


def show_name(name: str, known: Iterable[str]) -> str:
    """A sender's own field name as far as it may be shown: when it is one of the `known` names, misspelt."""
    alike = len(name) <= _LONGEST_NAME and get_close_matches(name, list(known), 1, _ALIKE)
    return name if alike and name.isascii() else "(name not shown)"


def list_codes(faults: Iterable[Fault]) -> tuple[str, ...]:
    """The distinct codes, in the order they were found."""
    return tuple(dict.fromkeys(fault.code for fault in faults))


def name_stage(faults: Iterable[Fault]) -> str:
    """Where the record was refused: `decode` when its bytes could not be read, `validate` otherwise."""
    return "decode" if any(fault.code in _DECODE for fault in faults) else "validate"


def write_message(faults: Sequence[Fault]) -> str:
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
