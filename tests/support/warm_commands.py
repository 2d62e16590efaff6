"""Commands of fxwatch as processes that begin with everything imported: a fork each, and no start of Python.

A command's imports take 2.4 s of CPU, half of it River's SciPy, and the tests with a broker run hundreds of commands.
Here one process imports once and forks for each: what a command does then is what it always does, and the process ends
with it. How commands start is left to the tests without a broker (the fixture `fxwatch`, tests/conftest.py). Workers
begin so too (`warm_process.py`), but for those of the tests that say that theirs start as operators start them.
"""

import atexit
import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from streams.demo.broker.supervisor import die_with_parent
from tests.support.repository import ROOT

# What Python itself reads when it starts: who wants other values than the server began with gets a start of his own.
_OF_THE_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "MALLOC", "OPENSSL", "SSL_")
# Seconds that a fork may take on a busy machine.
_TO_START = 60.0
_server: list[tuple[subprocess.Popen[bytes], Path]] = []
_starting = threading.Lock()


def run(arguments: Sequence[str], environment: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """`fxwatch ARGUMENTS...` to its end, from the repository's root; raises `TimeoutExpired` after `seconds`.

    Where no server can be had (not Linux), or the environment asks Python itself for something, Python is started.
    """
    if not can_begin_warm(environment):
        return subprocess.run(
            [sys.executable, "-m", "streams", *arguments],
            cwd=ROOT,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        ask(connection, {"arguments": list(arguments), "environment": dict(environment)}, out, err)
        answers = connection.makefile("r", encoding="ascii")
        child = int(answers.readline())
        connection.settimeout(seconds)
        try:
            code = int(answers.readline())
        except TimeoutError:
            os.kill(child, 9)
            raise subprocess.TimeoutExpired(list(arguments), seconds, _text(out), _text(err)) from None
        return subprocess.CompletedProcess(list(arguments), code, _text(out), _text(err))


def can_begin_warm(environment: Mapping[str, str]) -> bool:
    """Whether a process with this environment can be a fork of one that is there."""
    return sys.platform == "linux" and _of_the_start(environment) == _of_the_start(os.environ)


def ask(connection: socket.socket, order: Mapping[str, Any], out: IO[bytes], err: IO[bytes]) -> None:
    """Order a process of the server; the answers are its id and its exit code, a line each.

    `lasting`: it has a session of its own, and is killed when this end of the connection is closed.
    """
    connection.settimeout(_TO_START)
    connection.connect(str(_address()))
    text = json.dumps(order).encode()
    socket.send_fds(connection, [len(text).to_bytes(8, "little")], [out.fileno(), err.fileno()])
    connection.sendall(text)


def _of_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_OF_THE_START)}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    # as `text=True` reads it
    return file.read().decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _address() -> Path:
    """Where the server listens; started by the first command of this process, ended with it."""
    with _starting:
        if not _server:
            place = Path(tempfile.mkdtemp(prefix="fxwatch-tests-")) / "commands"
            # its standard input is a pipe of ours: its end is our end, however we end
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm_commands", str(place)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n", "the server of commands did not start"
            _server.append((process, place))
            atexit.register(_end)
        return _server[0][1]


def _end() -> None:
    process, place = _server.pop()
    process.communicate(timeout=30)
    with contextlib.suppress(FileNotFoundError):
        place.unlink()
    place.parent.rmdir()


# -- the server -------------------------------------------------------------------------------------------------------


def _import_everything() -> None:
    """All commands, and what they import when they run: River and with it SciPy are half of it."""
    from streams.cli import COMMANDS
    from streams.settings import overlay_configuration

    for name in COMMANDS:
        importlib.import_module(f"streams.cli.{name}")
    for name in ("streams.worker", "streams.monitor.core", "streams.proofs.rescore", "streams.proofs.reconcile"):
        importlib.import_module(name)
    overlay_configuration({})


def _serve(place: Path) -> None:
    """Fork for each connection, until our standard input ends."""
    _import_everything()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(place))
        listening.listen(16)
        print("ready", flush=True)
        while sys.stdin not in select.select([sys.stdin, listening], [], [])[0]:  # it says nothing until it ends
            connection, _ = listening.accept()
            order, out, err = _order(connection)
            _try_once(order["environment"])
            if os.fork() == 0:
                listening.close()
                _answer(connection, order, out, err)
            for ours in (out, err):
                os.close(ours)
            connection.close()
            with contextlib.suppress(ChildProcessError):  # those that ended since
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass


def _order(connection: socket.socket) -> tuple[dict[str, Any], int, int]:
    """What is to be run, and where what it says goes."""
    size, (out, err), _, _ = socket.recv_fds(connection, 8, 2)
    left = int.from_bytes(size, "little")
    parts = []
    while left:
        parts.append(connection.recv(left))
        left -= len(parts[-1])
    return json.loads(b"".join(parts)), out, err


def _try_once(environment: Mapping[str, str]) -> None:
    """Try the configuration of a command's settings file here: its answer is there for all commands with that file.

    Each of hundreds of commands would else try it for itself, 0.2 s of CPU. What is wrong with it the command tells.
    """
    from streams.errors import FxwatchError
    from streams.rule_packs import read_tables
    from streams.settings import EFFECTIVE, overlay_configuration

    file = environment.get("FXWATCH_CONFIG")
    if file is None:
        return
    with contextlib.suppress(FxwatchError):
        tables = read_tables(Path(file))
        overlay_configuration({name: table for name, table in tables.items() if name in EFFECTIVE})


def _answer(connection: socket.socket, order: dict[str, Any], out: int, err: int) -> None:
    """In a process of its own: have the command run by another one, and tell its id and its exit code."""
    waits, begun = os.pipe()
    child = os.fork()
    if child == 0:
        connection.close()
        if order.get("lasting"):
            os.setsid()
            die_with_parent()
        os.close(waits)
        os.close(begun)
        _command(order, out, err)
    # its id is told when it has a session of its own: who asked may send signals to that at once
    os.close(begun)
    os.read(waits, 1)
    os.close(waits)
    connection.sendall(f"{child}\n".encode())
    if order.get("lasting"):
        ended = os.pidfd_open(child)
        if connection in select.select([connection, ended], [], [])[0]:  # nothing is said there: who asked is gone
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _command(order: Mapping[str, Mapping[str, str]], out: int, err: int) -> NoReturn:
    """Run `fxwatch` with these arguments and this environment, as a process that was started for it."""
    from streams.cli import main

    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(ours, theirs)
        os.close(ours)
    os.environ.clear()
    os.environ.update(order["environment"])
    # by these click knows how it was started, which its messages of usage tell
    sys.argv = [str(ROOT / "streams" / "__main__.py"), *order["arguments"]]
    sys.modules["__main__"].__package__ = "streams"
    code: object = 1
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:  # noqa: BLE001 - as Python does: without this a test could not see the traceback of a fault
        traceback.print_exc()
    finally:
        _end_as_python_does(code if isinstance(code, int) else 1)


def _end_as_python_does(code: int) -> NoReturn:
    """Wait for threads, run what was registered for the end, write out what was printed; a fault of these is shown."""
    for last in (threading._shutdown, atexit._run_exitfuncs):
        try:
            last()
        except BaseException:  # noqa: BLE001 - the process ends here whatever it is
            traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError, OSError):  # closed, or nobody reads
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
