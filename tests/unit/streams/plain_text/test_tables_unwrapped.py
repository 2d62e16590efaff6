"""What goes to a pipe or file is neither wrapped nor cut: a line of the output is a line of the file."""

import io
import re

import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.table import Table

from streams.cli import topics as topics_cli
from streams.cli.topics import command as topics_command
from streams.kafka.topics.acls import ON_REQUEST, list_grants
from streams.plain_text import tables
from streams.settings import load_settings
from tests.support.repository import ROOT

STREAMS = ROOT / "streams"
LONG = "dev.5a0.5a006014734b2d32b87600a25ec2fc6a " * 60


@pytest.fixture(params=[None, "40"], ids=["no COLUMNS", "COLUMNS=40"])
def columns(request, monkeypatch):
    """The variable by which a shell tells the width of its terminal."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if request.param:
        monkeypatch.setenv("COLUMNS", request.param)


@pytest.mark.usefixtures("columns")
@pytest.mark.parametrize("stderr", [False, True])
def test_a_long_line_stays_one(capsys, stderr):
    """A sentence, and a row of a drawn table."""
    tables.make_console(stderr=stderr).print(LONG)
    drawn = Table()
    drawn.add_column("party")
    drawn.add_row(LONG)
    tables.make_console(stderr=stderr).print(drawn)
    said = capsys.readouterr()[1 if stderr else 0].splitlines()
    assert said[0] == LONG
    assert len([line for line in said if "dev." in line]) == 2


@pytest.mark.usefixtures("columns")
def test_a_table_in_a_pipe_is_one_line_a_row(capsys):
    """With tabs between cells."""
    tables.show(["party", "told"], [["a", LONG], ["b", "short"]], styles={"short": "red"})
    assert capsys.readouterr().out.splitlines() == ["party\ttold", f"a\t{LONG}", "b\tshort"]


@pytest.mark.usefixtures("columns")
def test_a_command_with_many_columns_prints_a_line_for_each_of_its_rows():
    """`topics acls`, whose table is wider than any terminal."""
    out = CliRunner().invoke(topics_command, ["acls"]).stdout.splitlines()
    shown = [one for one in list_grants(load_settings()) if one.role not in ON_REQUEST]
    assert len(out) == 1 + len(shown)
    assert {line.count("\t") for line in out} == {4}


@pytest.mark.parametrize(("width", "whole"), [(80, False), (139, False), (140, True)])
def test_the_topic_table_breaks_no_word_in_a_terminal(width, whole, monkeypatch, capsys):
    """At 80 columns `ingest` stood on two lines and a topic on eight; who writes and reads is left to wider ones."""
    drawn = io.StringIO()
    monkeypatch.setattr(tables, "is_terminal", lambda: True)
    monkeypatch.setattr(tables, "make_console", lambda: Console(file=drawn, width=width, color_system=None))
    topics_cli._print(load_settings(), [], "missing", "differs")
    lines = drawn.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    said = {word.strip(",") for line in lines for word in line.split()}
    rows = topics_cli.table(load_settings())
    shown = " ".join(f"{row.name} {row.key} {row.writers} {row.readers}" if whole else row.name for row in rows)
    assert {word.strip(",") for word in shown.split()} <= said
    assert sum("as it should be" in line for line in lines) == len(rows)
    assert ("fx.clock.v1" in said, sum("1 hour " in line for line in lines)) == (True, 1)
    assert ("in a terminal of 140 columns" in capsys.readouterr().err) is not whole


def test_nobody_draws_beside_the_console_that_knows_pipes():
    """A new command that makes a console of rich's own would wrap at 80 columns in a pipe."""
    makers = [
        path.relative_to(STREAMS).as_posix()
        for path in sorted(STREAMS.rglob("*.py"))
        if re.search(r"\bConsole\(|rich import print|rich\.print", path.read_text("utf-8"))
    ]
    assert makers == ["plain_text/tables.py"]
