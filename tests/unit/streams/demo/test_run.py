"""`fxwatch demo` around its stream: what it leaves behind, how it ends, and that a pipe gets whole lines."""

import signal
import tempfile

import msgspec
import pytest
from click.testing import CliRunner

from detectors.contracts.alert import Alert
from streams.alert_text.alert_text import plain
from streams.cli import demo
from streams.demo.run import DemoError
from tests.support.repository import ROOT

ALERT = ROOT / "tests" / "golden" / "alert.json"


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A directory for temporary files that only this test has; the signals' handlers of before afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield tmp_path / "tmp"
    for number, handler in before.items():
        signal.signal(number, handler)


def ended(monkeypatch, fault=None, *options):
    """The command with a stream that writes a log and then ends, by that fault where one is given."""

    def run(teller, place, *_, **__):
        (place.directory / "worker-1.log").write_text("ready\n")
        if fault is not None:
            raise fault

    monkeypatch.setattr(demo, "_run", run)
    return CliRunner().invoke(demo.command, options)


def test_the_demo_leaves_nothing(temporary, monkeypatch):
    """And says what it removed."""
    done = ended(monkeypatch)
    assert done.exit_code == 0, done.output
    assert "removed: " in done.output
    assert list(temporary.iterdir()) == []


def test_what_is_to_be_kept_is_kept(temporary, monkeypatch):
    """And the last lines say where."""
    done = ended(monkeypatch, None, "--keep")
    (kept,) = temporary.iterdir()
    assert f"kept: {kept} (" in done.output
    assert (kept / "worker-1.log").exists()


def test_ctrl_c_ends_it_in_order(temporary, monkeypatch):
    """Exit code 130, and nothing is left; a supervisor's or a closed terminal's signal comes as the same."""
    done = ended(monkeypatch, KeyboardInterrupt())
    assert done.exit_code == 130
    assert "interrupted; everything is stopped" in done.output
    assert list(temporary.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is signal.getsignal(signal.SIGHUP) is signal.default_int_handler


def test_a_failure_keeps_its_logs(temporary, monkeypatch):
    """What went wrong stands in them."""
    done = ended(monkeypatch, DemoError("the stream was not worked off in time"))
    assert isinstance(done.exception, DemoError)
    (kept,) = temporary.iterdir()
    assert f"kept: {kept} (" in done.output


def test_a_pipe_gets_whole_lines(monkeypatch, capsys):
    """An alert as `alerts show` pipes it, then one line each; an aside of 200 letters is not broken at 80."""
    monkeypatch.setenv("COLUMNS", "80")
    alert = msgspec.json.decode(ALERT.read_bytes(), type=Alert)
    teller = demo._Teller("en", as_json=False)
    teller.aside("x" * 200)
    with teller.bar(10) as sent:
        sent(5)
        for _ in range(demo.FULL_ALERTS + 1):
            teller.show(alert)
    told = capsys.readouterr().out
    assert told.splitlines()[0] == "x" * 200
    assert told.count(plain(alert)) == demo.FULL_ALERTS
    last = told.splitlines()[-1]
    assert last.startswith(alert.severity.upper())
    assert last.endswith(alert.party)
