"""A broker's directory: who has it, where it answers, and how to stop it from another process.

A running broker is one that holds the directory's lock. The JVM itself holds it, through an inherited file descriptor,
so that the lock ends exactly when the process does, however it ends; process ids in a file alone would be believed
after a crash, or after the directory was copied.
"""

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

import msgspec

from streams.errors import BrokerStartError

LOCK = "broker.lock"
STATE = "broker.json"


class Running(msgspec.Struct, frozen=True):
    """What a running broker wrote down about itself: its address, ports and the JVM's process id."""

    bootstrap: str
    port: int
    controller_port: int
    pid: int
    node: int
    kafka: str


def take(directory: Path) -> int:
    """Create `directory` if need be and take its lock; the open descriptor is returned, close it to let go.

    Raises `BrokerStartError` when the directory cannot be written or a running broker has it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as fault:
        raise BrokerStartError(
            f"cannot write the broker's directory: {fault.strerror}",
            got=directory,
            expected="a directory that this user may write",
            todo="choose another one with --dir",
        ) from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        running = _state(directory)
        where = f"answers at {running.bootstrap} (process {running.pid})" if running else "is starting or stopping"
        raise BrokerStartError(
            f"the directory is in use by a broker that {where}",
            got=directory,
            todo=f"use that one, or: fxwatch broker stop --dir {directory}",
        ) from None
    with contextlib.suppress(FileNotFoundError):
        (directory / STATE).unlink()  # of a broker that was killed, or of the directory this one was copied from
    return descriptor


def write_state(directory: Path, running: Running) -> None:
    """Write down, in one step, where the broker that holds the lock answers."""
    scratch = directory / f"{STATE}.new"
    scratch.write_bytes(msgspec.json.format(msgspec.json.encode(running)) + b"\n")
    scratch.replace(directory / STATE)


def _state(directory: Path) -> Running | None:
    try:
        return msgspec.json.decode((directory / STATE).read_bytes(), type=Running)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def locked(directory: Path) -> bool:
    """Whether a process holds the directory's lock: a broker that runs, starts or stops."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def find_running(directory: Path) -> Running | None:
    """The broker that runs in `directory`, or None. It may not be ready yet."""
    return _state(directory) if locked(directory) else None


def _wait_unlocked(directory: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while locked(directory):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def stop_running(directory: Path, grace_seconds: float = 20) -> bool:
    """Stop the broker that runs in `directory`: SIGTERM, wait up to `grace_seconds`, SIGKILL. False when none runs.

    Raises `BrokerStartError` when the directory is locked by a process that left no word of itself, or cannot be ended.
    """
    if not locked(directory):
        return False
    running = find_running(directory)
    if running is None:
        if _wait_unlocked(directory, grace_seconds):
            return True
        raise BrokerStartError(
            "the directory is locked, but no broker says that it is its own",
            got=directory,
            todo=f"find the process that holds {directory / LOCK}",
        ) from None
    for number, patience in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):  # it ended by itself in between
            os.kill(running.pid, number)
        if _wait_unlocked(directory, patience):
            return True
    raise BrokerStartError("the broker cannot be ended", got=f"process {running.pid} in {directory}")
