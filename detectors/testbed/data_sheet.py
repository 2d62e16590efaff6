"""A library set's data sheet: its purpose, its make-up, its origin, its limits, its licence.

Purpose: Gebru and others, "Datasheets for Datasets", Communications of the ACM 64 (2021). Pure: text in, fields and
faults out.
"""

import re
import tomllib
from typing import Any, Literal

import msgspec

Kind = Literal["pack", "excerpt"]
REQUIRED = ("purpose", "make_up", "origin", "limits", "licence")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,2}")
# Fewer letters say nothing that a reader could act on.
_LEAST = 3


class DataSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The five things every set must tell, in words."""

    purpose: str
    make_up: str
    origin: str
    limits: str
    licence: str


class SheetFaultsError(ValueError):
    """A data sheet that cannot be used; `faults` holds every fault found."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


def read(text: str) -> DataSheet:
    """The sheet of a TOML text. Raises `SheetFaultsError` with all that is missing, empty, unknown or no text."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SheetFaultsError([f"it is not TOML: {fault}"]) from fault
    return of(found)


def of(found: dict[str, Any]) -> DataSheet:
    """The sheet of these fields. Raises `SheetFaultsError` with every fault."""
    faults = [f"{name}: no such field; expected: {', '.join(REQUIRED)}" for name in found if name not in REQUIRED]
    for name in REQUIRED:
        if name not in found:
            faults.append(f"{name}: it is missing")
        elif not isinstance(found[name], str):
            faults.append(f"{name}: got: {found[name]!r}; expected: a text")
        elif len(found[name].strip()) < _LEAST:
            faults.append(f"{name}: it says nothing; got: {found[name]!r}")
    if faults:
        raise SheetFaultsError(faults)
    return DataSheet(**{name: found[name].strip() for name in REQUIRED})


def name_faults(name: str, version: str) -> list[str]:
    """What is wrong with a set's name and version; empty when both can be used."""
    faults = []
    if not NAME.fullmatch(name):
        faults.append(f"name: got: {name!r}; expected: 1 to 40 of a-z, 0-9 and -, not - first")
    if not VERSION.fullmatch(version):
        faults.append(f"version: got: {version!r}; expected: numbers such as 1 or 1.2")
    return faults
