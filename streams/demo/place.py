"""Where a demo keeps its broker's data and its logs: gone at its end, or at the next demo's start if it was killed.

A demo holds the lock of its directory as long as it lives, however it ends; its broker holds one of its own
(streams/demo/broker/directory.py). A directory whose locks nobody holds, and that nobody wanted to keep, is a leftover.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from streams.demo.broker import directory as broker_directory

PREFIX = "fxwatch-demo-"
BROKER = "broker"
_LOCK, _KEPT = "demo.lock", "kept"


def measure_size(directory: Path) -> int:
    """Bytes that a directory takes on its disk; what goes away meanwhile counts as nothing."""
    blocks = 0
    for found in directory.rglob("*"):
        with contextlib.suppress(OSError):
            blocks += found.lstat().st_blocks
    return 512 * blocks


class DemoDirectory:
    """A directory for one demo, below the system's one for temporary files. Raises `OSError` where none can be made."""

    def __init__(self) -> None:
        # locked before it has the name by which others look: a demo that begins now must not take it for a leftover
        made = Path(tempfile.mkdtemp(prefix="." + PREFIX))
        self._lock = os.open(made / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.directory = made.rename(made.with_name(made.name.removeprefix(".")))
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir()

    def keep(self) -> int:
        """Let go of it and leave it there; the next demo does not remove it either. Returns its bytes."""
        (self.directory / _KEPT).touch()
        os.close(self._lock)
        return measure_size(self.directory)

    def remove(self) -> int:
        """Remove it; returns how many bytes it took. Call it when broker and workers have ended."""
        taken = measure_size(self.directory)
        _remove(self.directory)
        os.close(self._lock)
        return taken


def _remove(directory: Path) -> None:
    """The lock's file last, so that what an interrupted removal leaves is a leftover again."""
    for found in directory.iterdir():
        if found.name != _LOCK:
            shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()
    (directory / _LOCK).unlink()
    directory.rmdir()


def remove_leftovers() -> list[tuple[Path, int]]:
    """Remove what killed demos of this user left: each directory with the bytes that it took."""
    removed = []
    for directory in sorted(Path(tempfile.gettempdir()).glob(PREFIX + "*")):
        with _let_go(directory) as free:
            if free:
                taken = measure_size(directory)
                _remove(directory)
                removed.append((directory, taken))
    return removed


@contextlib.contextmanager
def _let_go(directory: Path) -> Iterator[bool]:
    """Whether this is a demo's directory that nobody uses or wants; its locks are held meanwhile."""
    with contextlib.ExitStack() as held:
        yield _is_ours(directory) and all(
            _locked(path, held) for path in (directory / _LOCK, directory / BROKER / broker_directory.LOCK)
        )


def _is_ours(directory: Path) -> bool:
    if directory.is_symlink() or not (directory / _LOCK).is_file() or (directory / _KEPT).exists():
        return False
    return directory.stat().st_uid == os.getuid()


def _locked(path: Path, held: contextlib.ExitStack) -> bool:
    """Whether nobody else has this lock, a file that does not exist included."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
