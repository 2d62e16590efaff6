"""Runs one command and ends it when whoever asked for it is gone, however it went: a `kill -9` runs no handlers.

A script of the standard library alone, started as `python -I -S supervisor.py LOCK_FD`. Its standard input is a pipe
whose other end the parent holds: the first line is the command as JSON, the end of file is the parent's end. (The pipe
and not the parent's process id, because ids are reused.) The first line it prints is the child's process id.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys

GRACE_SECONDS = 15
"""A Kafka node on a busy machine closes its log within a few seconds; after this it is killed."""

POLL_SECONDS = 0.5
"""How late the end of the child may be noticed."""

PR_SET_PDEATHSIG = 1
"""Linux, prctl(2): the signal a process gets when its parent dies."""


def die_with_parent() -> None:
    """In the child, before exec: have the kernel kill it when the supervisor is killed. Linux only.

    Elsewhere a killed supervisor leaves the broker running; `fxwatch broker stop` ends it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stop(child: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, wait, SIGKILL."""
    child.terminate()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def main() -> int:
    """Run until the child ends or the parent is gone. Returns the child's exit code, or 128 + the signal it died of."""
    lock = int(sys.argv[1])
    line = sys.stdin.buffer.readline()
    if not line:  # the parent died before it said what to run
        return 1
    order = json.loads(line)
    with open(order["output"], "wb") as output:  # noqa: PTH123 - pathlib costs a third of this script's start
        child = subprocess.Popen(  # noqa: S603
            order["command"],
            cwd=order["directory"],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads here
        )
    os.close(lock)  # only the JVM holds the directory's lock: the lock's end is the JVM's end
    told: list[int] = []  # a handler that waited for the child itself could meet Popen's own lock
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: told.append(number))
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{child.pid}\n")
        sys.stdout.flush()
    while child.poll() is None:
        readable, _, _ = select.select([sys.stdin.buffer], [], [], POLL_SECONDS)
        if told or (readable and not os.read(sys.stdin.fileno(), 4096)):
            stop(child)
            break
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
