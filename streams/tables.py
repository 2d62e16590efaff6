"""Tables of the commands: drawn in a terminal, tab-separated and unwrapped in a pipe."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.showing import printable


def in_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def show(
    columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Iterable[str] = (), whole: Iterable[str] = ()
) -> None:
    """Print a table to standard output. In a pipe: one header line, tabs.

    In a terminal `numeric` columns are right-aligned, and those and `whole` ones are never broken over lines.
    """
    if not in_terminal():
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(printable(cell) for cell in row))
        return
    right, unbroken = set(numeric), {*numeric, *whole}
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(
            column, justify="right" if column in right else "left", overflow="fold", no_wrap=column in unbroken
        )
    for row in rows:
        # no markup and no emoji codes in a cell: escaping brackets is not enough, a backslash before one undoes it
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    Console().print(drawn)
