"""Files that hold secrets: read only when nobody else can read them.

The rule is PostgreSQL's for a private key. A file of this account: mode 0600 or less. A file of root that is handed to
this account through its group, as Kubernetes does with `fsGroup`: mode 0640 or less. A file of anybody else is refused,
because its owner can read it (an account that is root may use it: root reads everything). Docker's and Kubernetes'
defaults (0444, 0644) are refused: every process in the container could read the secret.

A file that is not secret and must not be replaced (a public key that identities are sealed to) is refused when others
can write to it: whoever replaces it reads every identity from then on.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from streams.errors import KeyFileError

# no key, password or certificate is larger; failure prevented: a path of /dev/zero must not fill the memory
LARGEST = 1024 * 1024
_ADVICE = (
    "chmod 600 it, as its owner; in a container set owner and mode of the secret (Docker: uid and mode 0400; "
    "Kubernetes: defaultMode 0400 with fsGroup)"
)


def read_secret_file(path: Path, what: str) -> str:
    """The text of a secret file, refused when others can read it. The check is of the very file that is read.

    Raises `KeyFileError` for a file that others can read, that cannot be read, that is no text, or of over 1 MiB.
    """
    return _read(path, what, _refuse_readable)


def read_trusted_file(path: Path, what: str) -> str:
    """The text of a file that is public and that this account relies on, refused when others can write to it.

    Raises `KeyFileError` as `read_secret_file` does.
    """
    return _read(path, what, _refuse_writable)


def _read(path: Path, what: str, refuse: Callable[[os.stat_result, Path, str], None]) -> str:
    try:
        # non-blocking: a pipe that nobody writes to must not hang a start
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            refuse(os.fstat(file.fileno()), path, what)
            content = file.read(LARGEST + 1)
    except OSError as fault:
        _unreadable(path, what, fault)
    if len(content) > LARGEST:
        raise KeyFileError(
            f"the {what} file is too large", got=path, expected=f"at most {LARGEST} bytes", todo="correct the path"
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise KeyFileError(f"the {what} file is not text", got=path, expected="UTF-8", todo="replace it") from fault


def _unreadable(path: Path, what: str, fault: OSError) -> NoReturn:
    raise KeyFileError(
        f"cannot read the {what} file: {fault.strerror}",
        got=path,
        expected="a readable file",
        todo="correct the path, or the file's owner and mode",
    ) from fault


def _refuse_readable(status: os.stat_result, path: Path, what: str) -> None:
    mode = stat.S_IMODE(status.st_mode)
    us = os.geteuid()
    handed_by_root = status.st_uid == 0 and us != 0
    allowed = 0o740 if handed_by_root else 0o700
    if status.st_uid not in {us, 0} and us != 0:
        raise KeyFileError(
            f"the {what} file belongs to another account, which can read it",
            got=f"{path}, owner {status.st_uid}",
            expected=f"owner {us} or root",
            todo=f"chown {us} it, and {_ADVICE}",
        )
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"the {what} file is no file", got=path, expected="a regular file", todo="correct the path")
    if mode & ~allowed & 0o777:
        raise KeyFileError(
            f"the {what} file can be read or changed by others",
            got=f"{path}, mode {mode:04o}",
            expected="mode 0600 or less" + (" (0640 of root's)" if handed_by_root else ""),
            todo=f"{_ADVICE}; if others could read it, treat it as known to them",
        )


def _refuse_writable(status: os.stat_result, path: Path, what: str) -> None:
    mode = stat.S_IMODE(status.st_mode)
    us = os.geteuid()
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"the {what} file is no file", got=path, expected="a regular file", todo="correct the path")
    if mode & (stat.S_IWGRP | stat.S_IWOTH) or (status.st_uid not in {us, 0} and us != 0):
        raise KeyFileError(
            f"the {what} file can be changed by others",
            got=f"{path}, mode {mode:04o}",
            expected="a file that only this account or root can change",
            todo="chmod 644 it, and look whether it is still the right one",
        )
