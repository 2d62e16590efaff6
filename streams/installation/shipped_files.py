"""The files that an operator needs beside the code: rules, dashboards, Compose files, image, locks, documents.

The repository has each of them once. A wheel carries copies in `streams/shipped_files` (setup.py puts them there); a
source tree, and so an editable installation, is read where the files stand.
"""

import filecmp
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from streams.errors import FxwatchError, UsageError

_IN_WHEEL = Path(__file__).parents[1] / "shipped_files"
_SOURCE = Path(__file__).parents[2]


class FilesDifferError(UsageError):
    """Files of other contents stand where the shipped ones would be written. Exit code 2."""

    code = "deploy.exists"


class NotShippedError(FxwatchError):
    """The installation carries no files: it is neither a wheel of fxwatch nor its source tree."""

    code = "deploy.not_shipped"


class WrittenFiles(msgspec.Struct, frozen=True):
    """Paths below `directory`, each list sorted: files that were written, and those that stood there already, equal."""

    directory: str
    written: list[str]
    unchanged: list[str]


def files() -> dict[str, Path]:
    """Path in the repository's layout -> the file, sorted. Raises `NotShippedError`. Some milliseconds."""
    if _IN_WHEEL.is_dir():
        return dict(sorted(_below(_IN_WHEEL, _IN_WHEEL)))
    return dict(sorted(pair for name in _listed() for pair in _below(_SOURCE / name, _SOURCE)))


def write(directory: Path, *, force: bool = False) -> WrittenFiles:
    """Write all files to `directory`, which is made where it is missing. What else stands there is left alone.

    Raises `FilesDifferError` before anything is written when a file with other contents is in the way and `force` is
    not set, and `FxwatchError` when the directory cannot be written to.
    """
    shipped = files()
    try:
        unchanged = [name for name, file in shipped.items() if _equal(file, directory / name)]
        standing = [name for name in shipped if name not in unchanged and (directory / name).exists()]
        if standing and not force:
            raise FilesDifferError(
                f"{len(standing)} files in {directory} are not as this version ships them",
                got=", ".join(standing),
                expected="none of them, or equal ones",
                todo="name another directory, or replace them with --force",
            )
        missing = [name for name in shipped if name not in unchanged]
        for name in missing:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(shipped[name], directory / name)
    except OSError as fault:
        raise FxwatchError(
            f"the files cannot be written to {directory}",
            got=fault.strerror or fault,
            todo="name a directory that you may write to",
        ) from fault
    return WrittenFiles(directory=str(directory), written=missing, unchanged=unchanged)


def _equal(file: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(file, other, shallow=False)


def _below(place: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """The file itself, or all files below a directory but the hidden ones in it and what Python compiled."""
    if place.is_file():
        yield place.relative_to(root).as_posix(), place
        return
    for file in place.rglob("*"):
        inner = file.relative_to(place).parts
        if file.is_file() and "__pycache__" not in inner and (place == root or not any(p[0] == "." for p in inner)):
            yield file.relative_to(root).as_posix(), file


def _listed() -> list[str]:
    """`shipped` of `[tool.fxwatch]` in the source tree's pyproject.toml."""
    try:
        listed: list[str] = tomllib.loads((_SOURCE / "pyproject.toml").read_text("utf-8"))["tool"]["fxwatch"]["shipped"]
    except (OSError, KeyError) as fault:
        raise NotShippedError(
            "this installation of fxwatch carries no files to deploy",
            got=f"none in {_IN_WHEEL}",
            expected="a wheel of fxwatch, or its source tree",
            todo="install fxwatch from its wheel (make wheel)",
        ) from fault
    return listed
