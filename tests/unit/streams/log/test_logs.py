"""A worker's log from its first line to its last: the settings, what is refused, and what Python itself would print."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.errors import BrokerUnavailableError, ConfigurationError
from streams.settings import load_settings
from tests.support.repository import ROOT

# a light one: the import of Kafka's clients takes a second
SOME = """
import gc, logging, sys, threading, warnings
from streams.log import logs
logs.set_up({form!r}, {level!r})
logs.hear_libraries({level!r})
logging.getLogger("aiokafka").info("of a library")
logging.getLogger("aiokafka").warning("of a library")
logging.getLogger("mode.timers").warning("Timer %s is overlapping (interval=%r runtime=%r)", "commit", 1.0, 2.0)
logs.get_logger("streams.a").info("of ours", offset=7)
logs.get_logger("streams.a").debug("in detail")
"""
EVERYTHING = (
    SOME
    + """
warnings.warn("of Python")
def fail(): raise ValueError("in a thread\\nof two lines")
thread = threading.Thread(target=fail); thread.start(); thread.join()
class Broken:
    def __del__(self): raise ValueError("in a destructor")
Broken(); gc.collect()
logs.write_last_words("whatever logging does")
logging.getLogger("streams.a").warning("%d", "a sender's text")
sys.excepthook(ValueError, ValueError("nobody caught it"), None)
from streams.operations import health
from streams.errors import BrokerUnavailableError
health.die(BrokerUnavailableError("the end", got="no broker"))
"""
)


def said(*command: str, code: int, **environment: str) -> list[str]:
    """Lines on standard error of a process that ends with `code`; on standard output there is nothing."""
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("FXWATCH_")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=foreign | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    return done.stderr.splitlines()


def everything(form: str, level: str) -> list[str]:
    """What a process says that says everything, and ends."""
    return said("-c", EVERYTHING.format(form=form, level=level), code=1)


def test_each_line_is_an_object_whoever_says_it() -> None:
    """Libraries, Python's warnings, threads and destructors, the last words; each once."""
    told = [json.loads(line) for line in everything("json", "info")]
    assert [(one["logger"], one["level"], one["event"].splitlines()[0]) for one in told] == [
        ("aiokafka", "warning", "of a library"),
        ("streams.a", "info", "of ours"),
        ("py.warnings", "warning", "<string>:12: UserWarning: of Python"),
        ("python", "critical", "a thread ended with an unexpected fault"),
        ("python", "error", "a fault where none can be raised"),
        ("fxwatch", "critical", "whatever logging does"),
        ("fxwatch", "critical", "a record of streams.a cannot be shown: TypeError"),
        ("python", "critical", "ended by an unexpected fault"),
        ("streams.operations.health", "critical", "the end; got: no broker"),
    ]
    assert told[1]["offset"] == 7
    assert told[3]["exception"].endswith("ValueError: in a thread\nof two lines")
    assert told[4]["exception"].endswith("ValueError: in a destructor")
    assert (told[-1]["code"], told[-1]["retriable"], told[-1]["got"]) == ("broker.unavailable", True, "no broker")
    assert all(one["timestamp"].endswith("Z") for one in told)


DEAF = """
import logging, os, sys
from streams.log import logs
from streams.operations import health
from streams.errors import BrokerUnavailableError
logs.set_up({form!r}, "info")
for number in range(1000):
    logs.get_logger("streams.a").warning("%s", "x" * 100)
print("it works", flush=True)
health.SPEAKING_SECONDS = 0.5
try:
    health.die(BrokerUnavailableError("the end"))
except OSError:
    print("it goes on", flush=True)
"""


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("log", ["full disk", "reader gone", "none"])
def test_a_log_that_takes_nothing_stops_nobody_from_working_or_ending(form: str, log: str) -> None:
    """A worker that was to end went on: its last message could not be written, and that fault came instead."""
    into = {"full disk": ">/dev/full", "reader gone": "> >(exec true)", "none": ">&-"}[log]
    wait = "sleep 0.2; " if log == "reader gone" else ""
    shell = f'exec 2{into}; {wait}exec "$0" -c "$1"'
    done = subprocess.run(
        ["bash", "-c", shell, sys.executable, DEAF.format(form=form)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout) == (BrokerUnavailableError.exit_code, "it works\n")


def test_a_log_that_nobody_empties_does_not_keep_a_worker_from_ending() -> None:
    """A full pipe whose reader hangs: a write to it never returns."""
    code = DEAF.replace("range(1000)", "range(0)").replace(
        'print("it works"',
        "os.set_blocking(2, False)\n"
        "try:\n    while True: os.write(2, b'x' * 4096)\nexcept BlockingIOError: os.set_blocking(2, True)\n"
        'print("it works"',
    )
    with subprocess.Popen(
        [sys.executable, "-c", code.format(form="text")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.wait(60) == BrokerUnavailableError.exit_code
        assert process.stdout is not None
        assert process.stdout.read() == "it works\n"


def test_in_text_the_message_is_the_last_line() -> None:
    """As other commands print it; no terminal, so no colours."""
    lines = everything("text", "info")
    assert lines[-2].endswith(" CRITICAL operations.health the end; got: no broker")
    assert lines[-1] == "fxwatch: the end; got: no broker"
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        ("error", [], []),
        ("warning", [], ["of a library"]),
        (
            "debug",
            ["of ours", "in detail"],
            ["of a library", "of a library", "Timer commit is overlapping (interval=1.0 runtime=2.0)"],
        ),
    ],
)
def test_levels(level: str, ours: list[str], theirs: list[str]) -> None:
    """From `debug` on libraries are heard in full, word for word."""
    told = [json.loads(line) for line in said("-c", SOME.format(form="json", level=level), code=0)]
    assert [one["event"] for one in told if one["logger"] == "streams.a"] == ours
    assert [one["event"] for one in told if one["logger"] in ("aiokafka", "mode.timers")] == theirs


def secret(file: Path) -> Path:
    """A file with a password that nobody else may read."""
    file.write_text("hunter2\n")
    file.chmod(0o600)
    return file


def test_a_worker_that_does_not_start_says_so_in_the_form_that_was_chosen(tmp_path: Path) -> None:
    """One object with code and advice, after what the settings warn of; in text it is the command line's message."""
    in_clear = {
        "SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "SASL_MECHANISM": "PLAIN",
        "SASL_USERNAME": "u",
        "SASL_PASSWORD_FILE": str(secret(tmp_path / "password")),
        "LOG_FORMAT": "JSON",
    }
    environment = {f"FXWATCH_{name}": value for name, value in in_clear.items()}
    warning, line = said("-m", "streams", "worker", "ingest", code=2, **environment)
    assert json.loads(warning)["level"] == "warning"
    assert json.loads(warning)["logger"] == "streams.settings"
    told: dict[str, Any] = json.loads(line)
    assert (told["level"], told["event"], told["code"]) == (
        "critical",
        "the worker does not start",
        "configuration.invalid",
    )
    assert told["fault"].startswith("no pseudonym key file is configured")
    assert told["todo"].startswith("write one")


def test_wrong_words_are_refused_with_all_other_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting with what it got and what it may be; capitals are no fault."""
    for name, value in (("LOG_FORMAT", "xml"), ("LOG_LEVEL", "loud"), ("WEB_PORT", "70000")):
        monkeypatch.setenv(f"FXWATCH_{name}", value)
    with pytest.raises(ConfigurationError) as refusal:
        load_settings()
    assert [problem.split(":")[0] for problem in refusal.value.problems] == [
        "environment FXWATCH_WEB_PORT",
        "environment FXWATCH_LOG_FORMAT",
        "environment FXWATCH_LOG_LEVEL",
    ]
    assert "'text' or 'json'; got: 'xml'" in refusal.value.problems[1]
    assert "'debug', 'info', 'warning' or 'error'; got: 'loud'" in refusal.value.problems[2]
    for name, value in (("LOG_FORMAT", "JSON"), ("LOG_LEVEL", "Warning"), ("WEB_PORT", "7000")):
        monkeypatch.setenv(f"FXWATCH_{name}", value)
    settings = load_settings()
    assert (settings.log_format, settings.log_level) == ("json", "warning")


def test_both_are_settings_of_the_file_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment first; `text` and `info` where nobody says otherwise."""
    assert (load_settings().log_format, load_settings().log_level) == ("text", "info")
    file = tmp_path / "fxwatch.toml"
    file.write_text('log_format = "json"\nlog_level = "debug"\n')
    monkeypatch.setenv("FXWATCH_CONFIG", str(file))
    monkeypatch.setenv("FXWATCH_LOG_LEVEL", "error")
    assert (load_settings().log_format, load_settings().log_level) == ("json", "error")
