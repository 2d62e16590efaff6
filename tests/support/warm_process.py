"""A worker that begins with everything imported: a fork of the server of commands (`warm_commands.py`).

A start of Python and its imports are 2 s of CPU, and the tests with a broker start hundreds of workers and wait for
each. What the worker does then is what it always does.
"""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import IO

from tests.support.warm_commands import ask


class WarmProcess:
    """`fxwatch ARGUMENTS...`, as much of `subprocess.Popen` as the tests with workers use.

    In a session of its own; killed when this process ends, however it ends.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> None:
        """Returns when the process is there. Raises `OSError` when the server does not answer within a minute."""
        self.args, self.returncode = list(arguments), None
        self._lock = threading.Lock()
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        ask(self._connection, {"arguments": self.args, "environment": dict(environment), "lasting": True}, log, log)
        self._told = b""
        while b"\n" not in self._told:
            self._hear()
        first, _, self._told = self._told.partition(b"\n")
        self.pid = int(first)

    def _hear(self) -> None:
        more = self._connection.recv(64)
        if not more:
            raise ChildProcessError(
                f"the server of commands said no exit code of {self.args}; to do: see its traceback"
            )
        self._told += more

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while the process runs."""
        return self._code(0.0)

    def _code(self, seconds: float | None) -> int | None:
        with self._lock:
            if self.returncode is None:
                self._connection.settimeout(seconds)
                with contextlib.suppress(BlockingIOError, TimeoutError):
                    while b"\n" not in self._told:
                        self._hear()
                    self.returncode = int(self._told)
                    self._connection.close()
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; returns the exit code. Raises `subprocess.TimeoutExpired` after `timeout` seconds."""
        code = self._code(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ended since
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9."""
        self.send_signal(signal.SIGKILL)
