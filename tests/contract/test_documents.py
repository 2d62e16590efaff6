"""What README, CONTRIBUTING and ARCHITECTURE mention exists: commands, options, paths, targets of make, variables."""

import re
from pathlib import Path

import click
import pytest

from streams.cli import COMMANDS, command
from streams.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
GUARANTEES = "docs/GUARANTEES.md"
PAGES = sorted(f"docs/{page.name}" for page in ROOT.glob("docs/*.md"))
EVERY = pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "tests/README.md", *PAGES])
ROOMS = ("streams", "detectors", "deploy", "tests")
# settings that are not fields: the file itself
OTHER_VARIABLES = {"FXWATCH_CONFIG"}


def text_of(name):
    """A document's text."""
    return (ROOT / name).read_text("utf-8")


def resolve(words):
    """The click command that `words` begin with."""
    found, context = command, click.Context(command)
    for word in words:
        if not isinstance(found, click.Group):
            break
        following = found.get_command(context, word)
        assert following is not None, f"there is no command `fxwatch {' '.join(words)}`"
        found = following
    return found


def mentioned_commands(text):
    """(words, options) of every `fxwatch ...` in code, and of every row of the table of commands."""
    code = re.findall(r"(?:^    |`)(?:\.venv/bin/)?fxwatch ((?:[^`\n#;]|\\`)+)", text, re.MULTILINE)
    rows = re.findall(r"^\| (`.+`) \|", text, re.MULTILINE)
    cells = [cell for row in rows for cell in re.findall(r"`([^`]+)`", row)]
    for usage in [*code, *(cell for cell in cells if cell.split()[0] in COMMANDS)]:
        words = [word for word in re.split(r"\s+", usage) if word]
        yield [word for word in words if re.fullmatch(r"[a-z]+", word)][:2], re.findall(r"--[a-z][a-z-]*", usage)


@EVERY
def test_commands_and_options_exist(name):
    """Each command line shown can be typed."""
    for words, options in mentioned_commands(text_of(name)):
        if not words:
            continue  # `fxwatch COMMAND --help`
        found = resolve(words)
        known = {option for parameter in found.params for option in parameter.opts} | {"--help"}
        assert set(options) <= known, words


def test_the_readme_names_every_command():
    """Nobody has to guess what there is."""
    named = {words[0] for words, _ in mentioned_commands(text_of("README.md")) if words}
    assert set(COMMANDS) - named == set()


@EVERY
def test_paths_exist(name):
    """Each file or directory shown in code is there; `<...>` stands for a name of the reader's own."""
    mentioned = re.findall(r"`([\w./-]+)`", text_of(name))
    paths = [path for path in mentioned if path.split("/")[0] in ROOMS and "/" in path]
    assert [path for path in paths if not (ROOT / path).exists()] == []


# What a part of a promise that is told as a section begins with; a further sentence of the same part has no label.
LABEL = re.compile(r"\* \*\*(Attack|Promise|Before|Now|Reached|Long version|In CI|Test)\.\*\* ")
MEASURED = {"Before", "Now", "Reached"}
TESTS = {"Long version", "In CI", "Test"}


def promises_of(text):
    """(promise, what was measured, what measures it) of each row, and of each section with labelled parts."""
    for row in [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]:
        if row[0] not in {"| promise", "| attack or failure"}:
            yield row[0], " ".join(row[1:3]), " ".join(row[2:])
    for section in re.split(r"^#{2,4} ", text, flags=re.MULTILINE)[1:]:
        title, *lines = section.splitlines()
        parts, label = {}, None
        for line in lines:
            found = LABEL.match(line)
            label = found[1] if found else label if line.startswith("* ") else None
            if label:
                parts[label] = parts.get(label, "") + " " + line
        if parts:
            yield title, *(" ".join(parts.get(one, "") for one in sorted(kind)) for kind in (MEASURED, TESTS))


def test_each_guarantee_names_a_test():
    """A promise without a command that shows it would be a claim; each figure stands beside its promise."""
    promises = list(promises_of(text_of(GUARANTEES)))
    # none may be dropped without a word: raise this with each new one
    assert len(promises) >= 188
    for promise, measured, tests in promises:
        assert re.search(r"`tests/[\w/.]+\.py`", tests), promise
        assert re.search(r"\d", measured), promise


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("| a promise | 3 of 3 | `tests/a.py` |", (True, True)),
        ("| a promise | all | `tests/a.py` |", (False, True)),
        ("### A promise\n\n* **Now.** 3 of 3.\n* **Test.** `tests/a.py`.", (True, True)),
        ("### A promise\n\n* **Now.** All.\n* And 3.\n* **Test.** `tests/a.py`.", (True, True)),
        ("### A promise of 3\n\n* **Attack.** 3.\n* **Now.** None.\n* **Test.** By hand.", (False, False)),
    ],
)
def test_a_promise_without_figure_or_test_is_found(text, faults):
    """The reader itself: rows and sections, a figure in a later sentence, and none in the attack alone."""
    ((_, measured, tests),) = promises_of(text)
    assert (bool(re.search(r"\d", measured)), "`tests/a.py`" in tests) == faults


@EVERY
def test_targets_of_make_exist(name):
    """`make ...` works as shown."""
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^    |`)make ([a-z]+)", text_of(name), re.MULTILINE)) <= targets


@EVERY
def test_variables_exist(name):
    """Each FXWATCH_ variable is a setting."""
    fields = {f"FXWATCH_{field.upper()}" for field in Settings.model_fields} | OTHER_VARIABLES
    assert set(re.findall(r"FXWATCH_[A-Z_]*[A-Z]", text_of(name))) <= fields
