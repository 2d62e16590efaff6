"""Secrets of a connection: read from their file when they are used, and shown nowhere.

A password is read for each new connection, so that one that was changed needs no restart.
"""

import os
from pathlib import Path

from streams.errors import ConfigurationError
from streams.keys.secret_files import read_secret_file

Stamp = tuple[int, int, int]


def stamp_of(path: Path) -> Stamp | None:
    """Inode, size and time of a file; None for one that is not there at the moment."""
    try:
        found = os.stat(path)  # noqa: PTH116  (follows links: Kubernetes renews a secret by turning one)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class HiddenText(str):
    """Text that a client can use and that no log, message or `repr` shows: kafka-python logs its arguments."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'(hidden)'"

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return format(repr(self), specification)


class PasswordFile:
    """A SASL password by its file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> HiddenText:
        """The password: the file's text without the line's end. Raises `KeyFileError`, `ConfigurationError`."""
        password = read_secret_file(self._path, "SASL password").rstrip("\r\n")
        if not password:
            raise ConfigurationError(
                "the SASL password file is empty",
                got=self._path,
                expected="a password",
                todo="correct FXWATCH_SASL_PASSWORD_FILE",
            )
        return HiddenText(password)

    def stamp(self) -> Stamp | None:
        """What tells that the file was changed."""
        return stamp_of(self._path)

    def __repr__(self) -> str:
        return f"<password in {self._path}>"
