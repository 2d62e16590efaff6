"""Tables of the commands: drawn in a terminal, tab-separated and unwrapped in a pipe."""

import sys
from collections.abc import Iterable, Mapping, Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.plain_text.printable import make_printable

# Cells of a line where no terminal bounds it; longer than any line that a command prints.
_UNBOUNDED = 1_000_000


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def make_console(*, stderr: bool = False) -> Console:
    """The terminal to draw on; in a pipe or file one so wide that nothing is wrapped or cut, whatever COLUMNS says.

    Failure prevented: rich takes a pipe for a terminal of 80 columns, and breaks an address or a token in two.
    """
    drawn = Console(stderr=stderr)
    return drawn if drawn.is_terminal else Console(stderr=stderr, width=_UNBOUNDED, soft_wrap=True)


def show(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Iterable[str] = (),
    whole: Iterable[str] = (),
    styles: Mapping[str, str] | None = None,
) -> None:
    """Print a table to standard output. In a pipe: one header line, tabs.

    In a terminal `numeric` columns are right-aligned, those and `whole` ones are never broken over lines, and a cell
    that `styles` names has that style.
    """
    if not is_terminal():
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(make_printable(cell) for cell in row))
        return
    right, unbroken = set(numeric), {*numeric, *whole}
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(
            column, justify="right" if column in right else "left", overflow="fold", no_wrap=column in unbroken
        )
    for row in rows:
        # no markup and no emoji codes in a cell: escaping brackets is not enough, a backslash before one undoes it
        drawn.add_row(*(Text(make_printable(cell), style=(styles or {}).get(cell, "")) for cell in row))
    make_console().print(drawn)
