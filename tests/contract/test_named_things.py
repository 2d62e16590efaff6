"""What outputs and documents name exists: commands in messages, topics, and whom the topic table names."""

import re
from pathlib import Path

import click
import pytest

from streams.cli import COMMANDS, command
from streams.kafka.topics.acls import DESK, split_names
from streams.kafka.topics.table import table
from streams.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
AGENTS = {"ingest", "monitor", "shared"}
# People and programs of fxwatch's surroundings.
OUTSIDE = {"investigators", "console of your own", "auditors", "banks", "customs", "rate feed", "registers"}
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docker-compose.yml", "Makefile")
KINDS = (("streams", "*.py"), ("detectors", "*.py"), ("detectors", "*.toml"), ("deploy", "*"), ("docs", "*.md"))
SOURCES = [ROOT / name for name in DOCUMENTS] + sorted(
    path
    for folder, kind in KINDS
    for path in (ROOT / folder).rglob(kind)
    if path.is_file() and "__pycache__" not in path.parts
)
# A command line is meant after a backtick, a colon, `Example:` or four blanks; elsewhere "fxwatch" begins a sentence.
SHOWN = re.compile(r"(?:`|[:;,] |^ {4}|\$ |bin/)fxwatch ([a-z]+)(?: ([a-z][a-z-]*))?", re.MULTILINE)
TOPIC = re.compile(r"\b(?:fx|customs)\.[a-z][a-z.-]*\.v1\b")
# Sentences that go on after a comma or a colon.
PROSE = {"default", "writes", "reads", "raised", "needs", "itself", "is", "with", "cannot", "does", "renews"}


def exists(words: list[str]) -> bool:
    """Whether `fxwatch WORDS` is a command."""
    found, context = command, click.Context(command)
    for word in words:
        if not isinstance(found, click.Group):
            return False
        following = found.get_command(context, word)
        if following is None:
            return False
        found = following
    return True


def not_commands(text: str) -> list[str]:
    """Command lines in a text that nobody can type."""
    wrong = []
    for first, second in SHOWN.findall(text):
        if first in PROSE:
            continue
        if first not in COMMANDS:
            wrong.append(first)
        elif second and isinstance(command.get_command(click.Context(command), first), click.Group):
            wrong += [] if exists([first, second]) else [f"{first} {second}"]
    return wrong


def test_every_command_that_a_message_or_document_names_exists():
    """In source, configuration, deployment files and documents."""
    wrong = {str(path.relative_to(ROOT)): found for path in SOURCES if (found := not_commands(path.read_text("utf-8")))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("run `fxwatch nothing`", ["nothing"]),
        ("to do: fxwatch topics repair", ["topics repair"]),
        ("run: fxwatch topics apply", []),
        ("what fxwatch does", []),
        ("`fxwatch skip monitor 3`", []),
    ],
)
def test_a_command_that_does_not_exist_is_found(text, wrong):
    """The check itself: a command, and a command of a group."""
    assert not_commands(text) == wrong


def test_every_topic_that_is_named_is_in_the_topic_table():
    """One of the table, or a desk's copy of alerts."""
    known = {row.name for row in table(load_settings())}
    desk = re.compile(r"fx\.alerts\.[a-z0-9-]+\.v1")
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path in SOURCES
        for name in TOPIC.findall(path.read_text("utf-8"))
        if name not in known and not desk.fullmatch(name)
    }
    assert wrong == set()


def test_who_the_topic_table_names_exists():
    """An agent, a command that can be typed, a desk, or a party outside fxwatch that is known as such."""
    unknown = {
        name
        for row in table(load_settings())
        for column in (row.writers, row.readers)
        for name in split_names(column)
        if name not in AGENTS and name not in OUTSIDE and not name.startswith(DESK) and not exists(name.split())
    }
    assert unknown == set()


def test_the_agents_are_those_that_a_worker_runs():
    """So that the test above cannot pass by a name that only it knows."""
    worker = command.get_command(click.Context(command), "worker")
    (choice,) = [
        each.type for each in worker.params if isinstance(each.type, click.Choice) and "all" in each.type.choices
    ]
    assert set(choice.choices) - {"all"} == AGENTS
