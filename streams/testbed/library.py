"""The library: named, versioned sets of test data, each with checksums and a data sheet.

`ROOT/NAME/VERSION/` holds `set.json`, `sheet.toml` and `files/`. A set is written once: a changed one is a new
version. The overall checksum is over name, version, kind, arguments and the digest of every file, the sheet among them.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from detectors.testbed import data_sheet
from detectors.testbed.data_sheet import DataSheet, Kind, SheetFaultsError
from streams.errors import FxwatchError, UsageError
from streams.testbed.result_files import sha256_of

ENVIRONMENT = "FXWATCH_TESTBED_LIBRARY"
DEFAULT = Path("~/.local/share/fxwatch/testbed")
SET, SHEET, FILES = "set.json", "sheet.toml", "files"
FORMAT = 1
_UNFINISHED = ".part"


# Writes a set's files, and tells what they were made with, as far as that may be told, and the data sheet.
Fill = Callable[[Path], tuple[dict[str, Any], DataSheet]]


class LibraryError(FxwatchError):
    """A set of the library is damaged: a file is missing, new or changed."""

    code = "testbed.library"


class FileRead(msgspec.Struct, frozen=True):
    """A file of a set."""

    sha256: str
    bytes: int


class Set(msgspec.Struct, frozen=True, kw_only=True):
    """What `set.json` holds. `arguments` says what the set was made with, as far as that may be told."""

    format: int = FORMAT
    name: str
    version: str
    kind: Kind
    arguments: dict[str, Any]
    files: dict[str, FileRead]
    checksum: str


def root(told: Path | None) -> Path:
    """The library's directory: as told, by `FXWATCH_TESTBED_LIBRARY`, or the default below the home directory."""
    return (told or Path(os.environ.get(ENVIRONMENT) or DEFAULT)).expanduser()


def read_sheet(path: Path) -> DataSheet:
    """The data sheet of a TOML file. Raises `UsageError` with every fault."""
    try:
        return data_sheet.read(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"cannot read the data sheet: {fault}", got=path) from fault
    except SheetFaultsError as fault:
        told = "\n".join(f"  - {one}" for one in fault.faults)
        raise UsageError(
            f"the data sheet cannot be used:\n{told}\n",
            got=path,
            expected=f"TOML with the texts {', '.join(data_sheet.REQUIRED)}",
        ) from fault


def add(home: Path, name: str, version: str, kind: Kind, fill: Fill) -> Set:
    """Add a set: `fill` writes its files into a directory and returns what it was made with, and its data sheet.

    Raises `UsageError` for a name or version that is none or that exists; what `fill` raises, and then nothing is left
    behind; `FxwatchError` where the library cannot be written.
    """
    faults = data_sheet.name_faults(name, version)
    if faults:
        raise UsageError("the set cannot be called so: " + "; ".join(faults))
    place = home / name / version
    if place.exists():
        raise UsageError(
            "the library has this set already",
            got=f"{name} {version}",
            expected="a new version",
            todo="sets are never changed: give the next version number",
        )
    unfinished = place.with_name(version + _UNFINISHED)
    made = [each for each in (home / name, home, *home.parents) if not each.exists()]
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        (unfinished / FILES).mkdir(parents=True)
        arguments, sheet = fill(unfinished / FILES)
        (unfinished / SHEET).write_bytes(_toml(sheet))
        files = _digests(unfinished)
        told = Set(name=name, version=version, kind=kind, arguments=arguments, files=files, checksum="")
        told = msgspec.structs.replace(told, checksum=_checksum(told))
        (unfinished / SET).write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
        unfinished.rename(place)
    except OSError as fault:
        raise FxwatchError(
            f"the library cannot be written: {fault.strerror or fault}",
            got=fault.filename or home,
            todo="choose another --dir, or make room",
        ) from fault
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        _remove_empty(made)
    return told


def _remove_empty(directories: Sequence[Path]) -> None:
    """Remove directories that hold nothing, the deepest first."""
    for each in directories:
        if not each.is_dir() or next(each.iterdir(), None) is not None:
            return
        with contextlib.suppress(OSError):
            # somebody else has just put something there: then it is theirs
            each.rmdir()


def _toml(sheet: DataSheet) -> bytes:
    import tomli_w

    return tomli_w.dumps(msgspec.structs.asdict(sheet), multiline_strings=True).encode()


def _digests(place: Path) -> dict[str, FileRead]:
    """Digests of everything in a set's directory but `set.json`."""
    paths = sorted(path for path in place.rglob("*") if path.is_file())
    return {
        path.relative_to(place).as_posix(): FileRead(sha256_of(path), path.stat().st_size)
        for path in paths
        if path != place / SET
    }


def _checksum(told: Set) -> str:
    """SHA-256 of everything that `set.json` holds, but for the checksum itself."""
    content = msgspec.json.encode(msgspec.structs.replace(told, checksum=""), order="sorted")
    return hashlib.sha256(content).hexdigest()


def list_sets(home: Path) -> list[Set]:
    """Every set, by name, then version (as numbers). Raises `LibraryError` for a set that cannot be read."""
    found = [load(path.parent) for path in home.glob(f"*/*/{SET}") if not path.parent.name.endswith(_UNFINISHED)]
    return sorted(found, key=lambda one: (one.name, [int(part) for part in one.version.split(".")]))


def load(place: Path) -> Set:
    """The set in a directory. Raises `LibraryError`, for a name or version that is none too."""
    try:
        told = msgspec.json.decode((place / SET).read_bytes(), type=Set)
    except (OSError, msgspec.DecodeError) as fault:
        raise LibraryError(
            f"{SET} cannot be read: {fault}", got=place, todo="restore the set from its backup"
        ) from fault
    if wrong := data_sheet.name_faults(told.name, told.version):
        raise LibraryError(f"{SET} is damaged: {'; '.join(wrong)}", got=place, todo="restore the set from its backup")
    return told


def find(home: Path, name: str, version: str | None = None) -> tuple[Path, Set]:
    """A set's directory and what it is; the newest version where none is told. Raises `UsageError` for no such set."""
    mine = [one for one in list_sets(home) if one.name == name and version in {None, one.version}]
    if not mine:
        known = ", ".join(f"{one.name} {one.version}" for one in list_sets(home)) or "none: the library is empty"
        raise UsageError("the library has no such set", got=f"{name} {version or ''}".strip(), expected=known)
    return home / name / mine[-1].version, mine[-1]


def find_faults(place: Path, told: Set) -> list[str]:
    """What of a set is not as it was added; empty when every byte is."""
    now = _digests(place)
    found = [f"{name} is not there" for name in told.files if name not in now]
    found += [f"{name} is new" for name in now if name not in told.files]
    found += [f"{name} was changed" for name, was in told.files.items() if name in now and now[name] != was]
    if _checksum(told) != told.checksum:
        found.append(f"the checksum in {SET} is not that of what it says")
    if (place.parent.name, place.name) != (told.name, told.version):
        found.append(f"it stands as {place.parent.name} {place.name}, and says {told.name} {told.version}")
    return found
