"""A worker that begins with everything imported ends, and is ended, as one for which Python was started."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.support.repository import ROOT
from tests.support.warm_process import WarmProcess
from tests.support.worker_process import Worker

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("FXWATCH_")}
SILENT = ENVIRONMENT | {"FXWATCH_BOOTSTRAP": "127.0.0.1:1"}  # nobody listens there


@pytest.fixture
def lasting(tmp_path):
    """A process that runs until it is ended, or for as long as it waits for a broker."""
    with (tmp_path / "log").open("wb") as log:
        process = WarmProcess(["alerts", "follow"], SILENT, log)
    yield process
    process.kill()


def test_a_refusal_has_the_code_and_the_words_of_a_cold_start(tmp_path):
    """No key file: the log and the exit code are those of `python -m streams worker`."""
    worker = Worker(tmp_path, ENVIRONMENT, "ingest", 1, warm=True)
    assert isinstance(worker.process, WarmProcess)
    code = worker.process.wait(300)
    cold = subprocess.run(
        [sys.executable, "-m", "streams", "worker", "ingest"],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (code, worker.log.read_text("utf-8")) == (cold.returncode, cold.stderr)
    assert code != 0
    assert "key" in cold.stderr


def test_who_wants_another_start_of_python_gets_one(tmp_path):
    worker = Worker(tmp_path, ENVIRONMENT | {"PYTHONHASHSEED": "7"}, "ingest", 1, warm=True)
    assert isinstance(worker.process, subprocess.Popen)
    assert worker.process.wait(300) != 0


def test_a_signal_ends_it_and_is_its_code(lasting):
    """As with `subprocess.Popen`; a signal after the end goes to nobody."""
    assert os.getsid(lasting.pid) == lasting.pid
    lasting.send_signal(signal.SIGSTOP)
    assert lasting.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        lasting.wait(0.05)
    lasting.kill()
    assert lasting.wait(300) == lasting.poll() == lasting.returncode == -signal.SIGKILL
    lasting.send_signal(signal.SIGTERM)


def test_it_ends_with_who_asked_for_it(lasting):
    """The kernel closes the connection of a process that is killed."""
    lasting.send_signal(signal.SIGSTOP)
    lasting._connection.close()
    until = time.monotonic() + 300
    while os.path.exists(f"/proc/{lasting.pid}"):  # noqa: PTH110 - a process, and no file
        assert time.monotonic() < until
        time.sleep(0.05)
    lasting.returncode = -signal.SIGKILL  # nobody tells it any more
