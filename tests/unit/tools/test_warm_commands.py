"""A command that begins with everything imported ends as one for which Python was started."""

import atexit
import os
import subprocess
import sys

import pytest

from streams import cli
from tests.support import warm_commands
from tests.support.repository import ROOT

SILENT = "127.0.0.1:1"  # nobody listens there


def cold(arguments, environment):
    """The same by a start of Python."""
    return subprocess.run(
        [sys.executable, "-m", "streams", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def test_code_and_output_are_those_of_a_cold_start():
    """A refusal of settings, in the environment's language: on standard error, with its code."""
    given = {**os.environ, "FXWATCH_LANG": "ko", "FXWATCH_RAW_RETENTION_DAYS": "never"}
    warm = warm_commands.run(["topics", "diff"], given, 120)
    started = cold(["topics", "diff"], given)
    assert (warm.returncode, warm.stdout, warm.stderr) == (started.returncode, started.stdout, started.stderr)
    assert warm.returncode != 0
    assert "FXWATCH_RAW_RETENTION_DAYS" in warm.stderr
    assert "FXWATCH_RAW_RETENTION_DAYS" not in os.environ


def test_each_command_has_a_process_and_an_environment_of_its_own():
    """What one was given is not there for the next; usage is told with the name it was called by."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FXWATCH_")}
    refused = warm_commands.run(["version"], environment | {"FXWATCH_CONFIG": "/nowhere"}, 120)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "/nowhere" in refused.stderr
    assert warm_commands.run(["version"], environment, 120).stdout.startswith("code ")
    unknown = warm_commands.run(["nonsense"], environment, 120)
    assert (unknown.returncode, unknown.stderr.splitlines()[0]) == (
        2,
        "Usage: python -m streams [OPTIONS] COMMAND [ARGS]...",
    )


def test_a_command_that_does_not_end_is_ended():
    """As `subprocess.run` does with a time-out."""
    environment = {**os.environ, "FXWATCH_BOOTSTRAP": SILENT}
    with pytest.raises(subprocess.TimeoutExpired):
        warm_commands.run(["alerts", "follow"], environment, 0.05)


@pytest.mark.parametrize("stage", ["at work", "at the end"])
def test_a_fault_that_nobody_caught_shows_its_traceback(monkeypatch, tmp_path, stage):
    """Tests look for `Traceback` in what a command says: here it would be missed where it is swallowed."""

    def fail():
        raise ZeroDivisionError(stage)

    if stage == "at work":
        monkeypatch.setattr(cli, "main", fail)
    else:
        monkeypatch.setattr(cli, "main", lambda: None)
        monkeypatch.setattr(warm_commands.threading, "_shutdown", fail)
    places = [tmp_path / "out", tmp_path / "err"]
    child = os.fork()
    if child == 0:
        # of these tests' process: what it registered would wait 30 s for the server, which ends with its parent
        atexit._clear()
        out, err = (os.open(place, os.O_WRONLY | os.O_CREAT) for place in places)
        sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115 - pytest has its own
        warm_commands._command({"environment": {}, "arguments": []}, out, err)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == (1 if stage == "at work" else 0)
    assert places[1].read_text().startswith("Traceback (most recent call last)")
    assert places[1].read_text().endswith(f"ZeroDivisionError: {stage}\n")
