"""What holds for every command: it exists, explains itself with an example, and fails with one message."""

import importlib
import json
import re
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from streams import cli
from streams.errors import ConfigurationError, FxwatchError, UsageError


def commands(group: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it."""
    yield name, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for below in group.list_commands(context):
            one = group.get_command(context, below)
            assert one is not None
            yield from commands(one, f"{name} {below}")


ALL = [
    pair
    for name, (module, _) in cli.COMMANDS.items()
    for pair in commands(importlib.import_module(module).command, name)
]


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_command_explains_itself_with_an_example(name: str, command: click.Command) -> None:
    """--help exits with 0 and has an `Example:` that calls this very command."""
    told = CliRunner().invoke(cli.command, [*name.split(), "--help"])
    assert told.exit_code == 0
    text = " ".join(told.output.split())
    assert "Example:" in text
    assert f"fxwatch {name.split(maxsplit=1)[0]}" in text


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_an_example_is_broken_between_words_only(name: str, command: click.Command) -> None:
    """Else what is copied from a terminal of 80 columns is another command."""
    told = " ".join(CliRunner().invoke(cli.command, [*name.split(), "--help"]).output.split())
    parts = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    broken = [part for part in parts if part.startswith("Example:") and part not in told]
    assert broken == []


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_where_a_groups_line_names_its_commands_it_names_all(name: str) -> None:
    """Behind a colon: `fxwatch --help` is where a newcomer looks for what there is."""
    module, line = cli.COMMANDS[name]
    group = importlib.import_module(module).command
    if isinstance(group, click.Group) and name != "testbed":
        named = re.findall(r"[\w-]+", line.rpartition(":")[2])
        assert sorted(named) == sorted(group.list_commands(click.Context(group)))


def test_help_lists_every_command() -> None:
    """In the table's order, which is the documentation's."""
    told = CliRunner().invoke(cli.command, ["--help"]).output
    places = [told.index(f"\n  {name} ") for name in cli.COMMANDS]
    assert places == sorted(places)


def outcome(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, fault: BaseException, *more: str) -> tuple:
    """Exit code and standard error of `main()` when a command raises `fault`."""

    def fail(**_: object) -> None:
        raise fault

    monkeypatch.setattr(cli, "command", fail)
    monkeypatch.setattr(sys, "argv", ["fxwatch", *more])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return stop.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (FxwatchError("it failed"), 1),
        (UsageError("wrong use"), 2),
        (ConfigurationError("bad", ["one", "two"]), 2),
        (click.UsageError("no such option"), 2),
        (click.ClickException("failed"), 1),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_are_one_message_and_the_right_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, fault: BaseException, code: int
) -> None:
    """1 failed, 2 wrong use or configuration, 130 interrupted; never a traceback."""
    found, told = outcome(monkeypatch, capsys, fault)
    assert found == code
    assert told.strip()
    assert "Traceback" not in told


def test_json_callers_get_the_error_as_fields(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """With --json the error is one JSON object with a stable code."""
    code, told = outcome(monkeypatch, capsys, ConfigurationError("bad", ["one"]), "version", "--json")
    assert code == 2
    assert json.loads(told)["code"] == "configuration.invalid"
    assert json.loads(told)["problems"] == ["one"]


def test_a_fault_of_ours_is_one_message_that_names_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: object
) -> None:
    """Exit code 1; the traceback is in a file of its own, so nothing is lost for the report."""
    import tempfile
    from pathlib import Path

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code, told = outcome(monkeypatch, capsys, ZeroDivisionError("our fault"))
    assert code == 1
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1
    [file] = Path(str(tmp_path)).iterdir()
    assert str(file) in told
    assert "ZeroDivisionError" in file.read_text()
