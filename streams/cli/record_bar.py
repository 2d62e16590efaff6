"""The progress bar of commands that make records, on a terminal: how many, how fast, how long still."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
# records between two reports: a report costs some 20 us
STEP = 1_000


def record_bar(total: int | None) -> "tuple[Any, Callable[[int], None]]":
    """A rich `Progress` to enter, and the function that is told how many are done; `total` None: not known.

    Where standard error is no terminal nothing is shown: a bar in a log is noise beside the summary.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from streams.plain_text import tables

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    console = tables.make_console(stderr=True)
    progress = Progress(*columns, console=console, disable=not console.is_terminal)
    task = progress.add_task("records", total=total, rate="0")

    def report(done: int) -> None:
        elapsed = progress.tasks[0].elapsed or 0
        progress.update(task, completed=done, rate=f"{done / elapsed:,.0f}" if elapsed else "0")

    return progress, report


def count_on_bar(records: Iterable[T], report: Callable[[int], None]) -> Iterator[T]:
    """The records as they are, while the bar is told how many have passed."""
    number = 0
    for number, record in enumerate(records, 1):
        yield record
        if number % STEP == 0:
            report(number)
    report(number)
