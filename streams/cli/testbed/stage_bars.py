"""How far a replay is, on standard error: one bar a stage."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from streams.plain_text import tables

# What a stage does, for people.
_WORDS = {
    "door": "records through the door",
    "ledger": "ledger records read",
    "core": "records through the core",
    "files": "writing",
}


class StageBars:
    """The `Stages` of streams/testbed/prepared.py as progress bars. A context manager."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description:<24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}/s"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=tables.make_console(stderr=True))
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._progress.stop()

    def _end(self) -> None:
        """Stop the stage's clock; a stage whose length was not known ends where it is."""
        if self._task is not None:
            task = self._progress.tasks[self._task]
            self._progress.update(self._task, total=task.total or task.completed or 1)
            self._progress.stop_task(self._task)

    def begin(self, name: str, total: int | None) -> None:
        """A stage begins."""
        self._end()
        self._task = self._progress.add_task(_WORDS.get(name, name), total=total, rate="0")

    def advance(self, records: int) -> None:
        """So many more records of the stage are done."""
        assert self._task is not None
        task = self._progress.tasks[self._task]
        elapsed = task.elapsed or 0.0
        done = task.completed + records
        self._progress.update(self._task, advance=records, rate=f"{done / elapsed:,.0f}" if elapsed else "0")
