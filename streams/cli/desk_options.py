"""Options and manners that the desk's commands share: language, CSV, progress of a long reading."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import click

from streams.alert_text import alert_text
from streams.desk_text.desk_words import DESK_WORDS
from streams.errors import UsageError
from streams.plain_text import tables
from streams.plain_text.csv_text import csv_text
from streams.plain_text.languages import Language
from streams.plain_text.printable import say
from streams.settings import Settings, load_settings

# a reading that takes longer says how far it is, and then as often
PATIENCE_SECONDS = 2.0

Command = TypeVar("Command", bound=Callable[..., object])


def language(command: Command) -> Command:
    """The option --lang."""
    option = click.option(
        "--lang",
        type=click.Choice(["en", "ko"]),
        callback=_language,
        help="English or Korean; default: FXWATCH_LANG, else English.",
    )
    return option(command)


def _language(_: click.Context, __: click.Parameter, chosen: Language | None) -> Language:
    return load_settings().lang if chosen is None else chosen


def spreadsheet(command: Command) -> Command:
    """The options --csv and --bom."""
    for option in (
        click.option("--bom", is_flag=True, help="With --csv: a byte order mark, by which Excel reads it as UTF-8."),
        click.option(
            "--csv",
            "as_csv",
            is_flag=True,
            help="RFC 4180, UTF-8; a cell that a spreadsheet would run as a formula gets an apostrophe.",
        ),
    ):
        command = option(command)
    return command


def require_one_form(*, as_csv: bool, as_json: bool, bom: bool) -> None:
    """Raises `UsageError` for two forms of output at once, or a mark for a file that is none."""
    if as_csv and as_json:
        raise UsageError("output has one form", got="--csv and --json", expected="one of them", todo="leave one out")
    if bom and not as_csv:
        raise UsageError("--bom belongs to --csv", got="--bom alone", expected="--csv --bom", todo="add --csv")


def remark(text: str) -> None:
    """A remark beside the output."""
    say(text, err=True)


def require_officer(settings: Settings, officer: str | None) -> str:
    """Who answers for it. Raises `UsageError` where nobody does."""
    answers = officer or settings.officer
    if not answers:
        raise UsageError(
            "nobody answers for this verdict",
            got="neither --officer nor the setting officer",
            expected="the id of the accountable officer",
            todo="say --officer ID, or set FXWATCH_OFFICER",
        )
    return answers


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[str]], *, bom: bool) -> None:
    """CSV to standard output, byte for byte: on a terminal too, its line ends are the format's."""
    sys.stdout.buffer.write(csv_text(columns, rows, mark=bom).encode())
    sys.stdout.buffer.flush()


def show_page(page: list[alert_text.TextLine], style: str = "bold") -> None:
    """A page to standard output: wrapped in a terminal, one line a statement in a pipe."""
    if tables.is_terminal():
        tables.make_console().print(alert_text.TerminalPage(page, style))
    else:
        say(alert_text.text_of(page).rstrip("\n"))


class ReadingProgress:
    """Says how far a reading is, on standard error, once it takes long; call it with records read and to be read."""

    def __init__(self, lang: Language) -> None:
        self._words, self._due = DESK_WORDS[lang], time.monotonic() + PATIENCE_SECONDS

    def __call__(self, seen: int, total: int) -> None:
        """Note how far it is."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PATIENCE_SECONDS
            remark(self._words.reading.format(seen=f"{seen:,}", total=f"{total:,}"))
