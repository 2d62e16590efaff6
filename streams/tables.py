"""Tables of the commands: drawn in a terminal, tab-separated and unwrapped in a pipe."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table


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
        # markup of a cell is data here, such as a topic[partition]
        drawn.add_row(*(printable(cell).replace("[", r"\[") for cell in row))
    Console().print(drawn)


def printable(text: str) -> str:
    """`text` without control characters, which a sender may have chosen to rewrite the reader's terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
