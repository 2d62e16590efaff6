"""Reads the file of senders' public keys (`FXWATCH_SENDER_KEYS_FILE`): every fault of it at once."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_core_ed25519_is_valid_point

from detectors.values.ed25519_forms import PRIVATE_FORM, PUBLIC_FORM, read_key
from detectors.values.spelling import folded
from streams.contracts.identifiers import DEFAULT
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS
from streams.errors import ConfigurationError, KeyFileError
from streams.keys.secret_files import read_trusted_file
from streams.keys.sender_keys import MOST_KEYS, SenderKey, SenderKeys

# Configurations are not among them: who puts one in force is an operator, and `rules show` tells what is in force from
# the topic alone.
PROVABLE = (TRANSACTIONS, DECLARATIONS, RATES, PROFILES, DISPOSITIONS)
# the contract's lengths of `institution`, `investigator` and `source`
_LONGEST = {"institutions": 32, "officers": 128, "feeds": 32}
_NAMES = ("institutions", "officers", "feeds", "topics")
_FIELDS = ("public_key", *_NAMES, "until")


def load_sender_keys(path: Path) -> SenderKeys:
    """The keys of the file. Raises `ConfigurationError` with every fault, also when others can write to the file."""
    try:
        text = read_trusted_file(path, "sender keys")
    except KeyFileError as fault:
        raise ConfigurationError(
            "the sender keys file cannot be used", [fault.message], todo="mend it, then look again: fxwatch doctor"
        ) from fault
    keys, required, problems = read_sender_keys(text)
    if problems:
        raise ConfigurationError(
            "the sender keys file is not valid",
            problems,
            got=path,
            todo="mend each of these, then look again: fxwatch doctor",
        )
    return SenderKeys(keys, required)


def read_sender_keys(text: str) -> tuple[list[SenderKey], list[str], list[str]]:
    """Keys, topics that require a proof, and every fault, of the file's text."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        return [], [], [f"not TOML: {fault}"]
    problems = [
        f"{name}: no such setting; expected: require, [[key]]" for name in sorted(tables.keys() - {"require", "key"})
    ]
    required = _required(tables.get("require", False), problems)
    listed = tables.get("key", [])
    if not isinstance(listed, list) or not listed:
        return [], required, [*problems, "key: expected at least one table [[key]]"]
    keys = [_key(f"[[key]] {number}", table, problems) for number, table in enumerate(listed, 1)]
    problems += _repeated(keys)
    return keys, required, problems


def _required(told: Any, problems: list[str]) -> list[str]:
    """The topics on which everybody must prove what it writes."""
    if isinstance(told, bool):
        return list(PROVABLE) if told else []
    if isinstance(told, list) and all(topic in PROVABLE for topic in told):
        return told
    problems.append(f"require: expected true, false, or a list of these: {', '.join(PROVABLE)}")
    return []


def _key(place: str, table: Any, problems: list[str]) -> SenderKey:
    """One table, as far as it is right; the rest is told in `problems`."""
    if not isinstance(table, dict):
        problems.append(f"{place}: expected a table")
        return SenderKey(b"")
    problems += [
        f"{place} {name}: no such field; expected: {', '.join(_FIELDS)}" for name in sorted(table.keys() - set(_FIELDS))
    ]
    names = {kind: _names(f"{place} {kind}", kind, table.get(kind, []), problems) for kind in _NAMES}
    if not any(table.get(kind) for kind in _NAMES):
        problems.append(f"{place}: proves nobody; expected: {', '.join(_NAMES)}")
    until = table.get("until")
    if until is not None and not (isinstance(until, datetime) and until.tzinfo is not None):
        problems.append(f"{place} until: expected a date and time with an offset, like 2027-06-30T00:00:00+09:00")
        until = None
    return SenderKey(_public_key(f"{place} public_key", table.get("public_key"), problems), **names, until=until)


def _public_key(place: str, text: Any, problems: list[str]) -> bytes:
    """The key's bytes. What stands there is never shown: it may be the private key, by mistake."""
    if isinstance(text, str):
        if read_key(text, PUBLIC_FORM) is None and read_key(text, PRIVATE_FORM) is not None:
            problems.append(f"{place}: this is a private key, which nobody but its sender may have: make a new pair")
            return b""
        found = read_key(text, PUBLIC_FORM)
        if found is not None and crypto_core_ed25519_is_valid_point(found):
            return found
    problems.append(
        f"{place}: expected an Ed25519 public key: its PEM, the line between BEGIN and END of it, or 64 hex digits"
    )
    return b""


def _names(place: str, kind: str, told: Any, problems: list[str]) -> tuple[str, ...]:
    """Names in the spelling that records are compared in."""
    if not isinstance(told, list) or not all(isinstance(name, str) for name in told):
        problems.append(f"{place}: expected a list of texts")
        return ()
    spelled = []
    for name in told:
        found, expected = _spelled(kind, name)
        if expected:
            problems.append(f"{place} {name!r}: expected {expected}")
        spelled.append(found)
    return tuple(dict.fromkeys(spelled))


def _spelled(kind: str, name: str) -> tuple[str, str]:
    """A name as records are compared, and what was expected of one that cannot be used."""
    if kind == "topics":
        return name, "" if name in PROVABLE else f"one of these: {', '.join(PROVABLE)}"
    if not 0 < len(name) <= _LONGEST[kind]:
        return name, f"1 to {_LONGEST[kind]} characters"
    if kind != "institutions":
        return folded(name), "" if folded(name) else "a name"
    found, fault = DEFAULT.institution(name)
    return found, "an institution's code" if fault else ""


def _repeated(keys: list[SenderKey]) -> Iterator[str]:
    """A key that one name has twice, and names with too many."""
    for kind in _NAMES:
        held = Counter((name, key.public_key) for key in keys if key.public_key for name in getattr(key, kind))
        yield from (f"{kind} {name!r}: has one key twice" for (name, _), times in held.items() if times > 1)
        most = Counter(name for name, _ in held)
        yield from (
            f"{kind} {name!r}: has {times} keys; expected: at most {MOST_KEYS}"
            for name, times in most.items()
            if times > MOST_KEYS
        )
