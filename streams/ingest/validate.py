"""The second pass: what a type cannot say of a record (registers, time window, key, rules between fields).

One set of rules serves both paths: the fast path asks whether there is any fault in a whole record, the reject path
asks for all faults among the fields that are well formed by themselves.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import inspect

from detectors.configuration_faults import configuration_faults
from detectors.contracts.configuration import Configuration
from detectors.memory.snoozes import MOST_DAYS
from detectors.values.legal_calendar import HOUR_US, to_us
from streams.contracts import iso_registers
from streams.contracts.identifiers import DEFAULT, LONGEST_READ, Identifiers
from streams.contracts.inputs import (
    DISPOSITIONS,
    INPUTS,
    PROFILES,
    RATES,
    RULES,
    TOKEN_PATTERN,
    TRANSACTIONS,
    InputTopic,
    party_id,
)
from streams.contracts.refusal_codes import Fault

# the contract: a time more than 24 h after the record's own Kafka timestamp is a fault
FUTURE_US = 24 * HOUR_US

# The published schemas name no lengths here; but the ledger keeps these for ever, and a party's record its industry
# code too: 64 KiB of officer's name are no verdict, and of code no profile. An alert's id has 32 characters.
LENGTHS = {
    DISPOSITIONS: {"alert_id": 64, "investigator": 128, "legal_basis": 256, "office": 128},
    PROFILES: {"industry_code": 256},
}

# What the `verdict` of a snooze says, which decides nothing; a reader that knows no snoozes reads it so.
SNOOZING = "inconclusive"

_REGISTERS: dict[str, tuple[Callable[[str], bool], str]] = {
    "currency": (iso_registers.CURRENCIES.__contains__, "an active ISO 4217 code"),
    "country": (iso_registers.COUNTRIES.__contains__, "an ISO 3166-1 alpha-2 code or XK"),
    "region": (lambda code: code in iso_registers.subdivisions(), "an ISO 3166-2 code"),
}
# C0, DEL and C1: no id or code of any scheme holds them, and they would reach terminals, logs and CSV files.
_SHARED = ("shared_kind", "shared_token")
_TOKEN, _GROUP = re.compile(TOKEN_PATTERN), re.compile(r"[0-9]{6}/[A-Z]{2}/.{0,8}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Fields(msgspec.Struct, frozen=True):
    """What the second pass and the reject path need to know of a topic's fields, read off its type once."""

    names: frozenset[str]
    required: tuple[str, ...]
    types: dict[str, inspect.Type]
    annotations: dict[str, Any]
    registers: tuple[tuple[str, Callable[[str], bool], str, str], ...]


def _fields(topic: InputTopic) -> Fields:
    described = inspect.type_info(topic.type).fields  # type: ignore[attr-defined]
    registers = []
    for field in described:
        if isinstance(field.type, inspect.Metadata) and field.type.extra:
            register = field.type.extra["register"]
            known, expected = _REGISTERS[register]
            registers.append((field.name, known, f"{register}.unknown", expected))
    return Fields(
        names=frozenset(field.name for field in described),
        required=tuple(field.name for field in described if field.required),
        types={field.name: field.type for field in described},
        annotations={field.name: field.type for field in msgspec.structs.fields(topic.type)},
        registers=tuple(registers),
    )


FIELDS: dict[str, Fields] = {topic.name: _fields(topic) for topic in INPUTS.values()}


def utc(time: datetime) -> datetime:
    """The same time in UTC. Raises OverflowError for one that UTC cannot write (year 1 east of Greenwich)."""
    return time if time.tzinfo is UTC else time.astimezone(UTC)


def has_rfc3339_offset(text: str) -> bool:
    """Whether a time that msgspec reads also has RFC 3339's offset: it alone accepts `+0900`."""
    return text[-1] in "Zz" or text[-3] == ":"


def control_character_faults(topic: InputTopic, body: Mapping[str, Any]) -> list[Fault]:
    """Ids, codes and names with control characters. Free text and `x_` fields may hold them: neither leaves ingest."""
    faults = []
    for name, content in body.items():
        if name in topic.free_text or name not in FIELDS[topic.name].names:
            continue
        for text in content if isinstance(content, list) else (content,):
            if isinstance(text, str) and _CONTROL.search(text):
                faults.append(Fault("field.characters", name, "no control characters"))
                break
    return faults


def key_faults(
    topic: InputTopic, key: bytes | None, body: Mapping[str, Any], identifiers: Identifiers = DEFAULT
) -> list[Fault]:
    """Whether the key is the one the body demands; of a body without it, only whether there is a readable key.

    `body` has its identifiers in their one spelling; a party's key may have another one, as its body had.
    """
    if topic.key is None:
        return []
    if key is None:
        return [Fault("key.missing")]
    try:
        demanded: str | None = topic.key(body)  # type: ignore[arg-type]
    except KeyError:
        demanded = None
    if demanded is not None and key == demanded.encode():
        return []
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return [Fault("key.malformed", "", "UTF-8")]
    same = demanded is None or (
        topic.key is party_id
        and len(text) <= LONGEST_READ
        and not _CONTROL.search(text)
        and identifiers.person(text) == (demanded, "")
    )
    return [] if same else [Fault("key.mismatch", "", _KEY_MEANING[topic.key.__name__])]


_KEY_MEANING = {"party_id": "party_id", "_pair": "BASE/QUOTE", "_token": "party"}


def rule_faults(
    topic: InputTopic, valid: Mapping[str, Any], body: Mapping[str, Any], when: datetime | None, timestamp_ms: int
) -> list[Fault]:
    """Faults of registers, time window and rules between fields, among the fields in `valid`.

    `body` is the whole record: whether a field is there at all does not depend on its being valid. `timestamp_ms` is
    the record's Kafka timestamp, negative when it has none: then the window cannot be judged, and one payment dated
    9999 would make every later one late.
    """
    faults = []
    for name, known, code, expected in FIELDS[topic.name].registers:
        content = valid.get(name)
        if content is None:
            continue
        if not known(content):
            faults.append(Fault(code, name, expected))
        elif (
            content in iso_registers.WITHDRAWN
            and when is not None
            and not iso_registers.was_money(content, when.date())
            and not _takes_back(topic, valid)
        ):
            faults.append(Fault("currency.withdrawn", name, f"a payment up to {iso_registers.WITHDRAWN[content]}"))
    if when is not None and topic.time is not None:
        if not has_rfc3339_offset(valid[topic.time]):
            faults.append(Fault("time.malformed", topic.time, "an offset like +09:00 or Z"))
        if timestamp_ms < 0:
            faults.append(Fault("timestamp.missing", "", "a Kafka timestamp"))
        # whole microseconds: a float of seconds cannot tell the 24th hour from a microsecond later for every date
        elif to_us(when) > timestamp_ms * 1000 + FUTURE_US:
            faults.append(Fault("time.future", topic.time, "at most 24 h after the record's timestamp"))
    return faults + _between_fields(topic, valid, body)


def _takes_back(topic: InputTopic, valid: Mapping[str, Any]) -> bool:
    """Whether a record is about an earlier payment, whose currency may be gone since.

    Failure prevented: 100 000 lev ordered in December could not be cancelled in January: in leva the cancellation was
    refused, and in euro it agrees with no payment.
    """
    return topic.name == TRANSACTIONS and valid.get("status") in ("returned", "cancelled")


def _between_fields(topic: InputTopic, valid: Mapping[str, Any], body: Mapping[str, Any]) -> list[Fault]:
    """Faults of a topic's own rules between fields."""
    faults = []
    if topic.name == TRANSACTIONS:
        if valid.get("status") in ("returned", "cancelled") and "original_event_id" not in body:
            faults.append(Fault("field.missing", "original_event_id", "with returned and cancelled"))
        if "settled_amount" in body and "settled_currency" not in body:
            faults.append(Fault("field.missing", "settled_currency", "with settled_amount"))
    elif topic.name in LENGTHS:
        faults += [
            Fault("field.length", name, f"at most {most} characters")
            for name, most in LENGTHS[topic.name].items()
            if len(str(valid.get(name, ""))) > most
        ]
        faults += [*_snooze_faults(valid, body), *_shared_faults(valid, body)] if topic.name == DISPOSITIONS else []
    elif topic.name == RATES and "base" in valid and valid["base"] == valid.get("quote"):
        faults.append(Fault("currency.same", "quote", "another currency than base"))
    elif topic.name == RULES and not is_usable(valid.get("configuration")):
        faults.append(Fault("configuration.invalid", "configuration", "one that `fxwatch rules apply` accepts"))
    return faults


def _snooze_faults(valid: Mapping[str, Any], body: Mapping[str, Any]) -> list[Fault]:
    """Faults between the fields of a snooze: both of its own, no verdict beside it, an end within `MOST_DAYS`."""
    if "snooze_until" not in body and "snooze_typology" not in body:
        return []
    missing = [name for name in ("snooze_until", "snooze_typology") if name not in body]
    faults = [Fault("field.missing", name, "both fields of a snooze") for name in missing]
    if valid.get("verdict", SNOOZING) != SNOOZING:
        faults.append(Fault("field.enum", "verdict", f"{SNOOZING} with snooze_until"))
    if "snooze_until" in valid:
        until = _moment(valid["snooze_until"])
        given = _moment(valid["decided_at"]) if "decided_at" in valid else None
        if until is None or not has_rfc3339_offset(valid["snooze_until"]):
            faults.append(Fault("time.malformed", "snooze_until", "a time of UTC, with an offset like +09:00 or Z"))
        elif given is not None and until - given > timedelta(days=MOST_DAYS):
            faults.append(Fault("snooze.too_long", "snooze_until", f"at most {MOST_DAYS} days after decided_at"))
    return faults


def _shared_faults(valid: Mapping[str, Any], body: Mapping[str, Any]) -> list[Fault]:
    """Faults between the fields that name a shared thing: both of them, and a name as its kind has it."""
    there = [name for name in _SHARED if name in body]
    faults = [Fault("field.missing", name, "both fields of a shared thing") for name in _SHARED if name not in body]
    if len(there) < len(_SHARED):
        return faults if there else []
    kind, token = valid.get("shared_kind"), valid.get("shared_token")
    if kind is None or token is None:
        return []
    form, wanted = (_GROUP, "HS6/country/unit") if kind == "goods" else (_TOKEN, "a token")
    return [] if form.fullmatch(token) else [Fault("field.form", "shared_token", wanted)]


def _moment(text: str) -> datetime | None:
    """A time that its type takes, in UTC; None for one that UTC cannot write."""
    try:
        return utc(msgspec.convert(text, datetime))
    except OverflowError:
        return None


def is_usable(configuration: Any) -> bool:
    """Whether a configuration that fits its type can be put in force; one that does not fit has another fault.

    Failure prevented: a hand-written record with, say, an unknown detector would stop every partition of the ledger.
    """
    try:
        return not configuration_faults(msgspec.convert(configuration, Configuration))
    except msgspec.ValidationError:
        return True
