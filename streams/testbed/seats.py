"""A partition that meets the others: replayed up to a time, given what they told, and replayed on.

What it is given becomes part of its ledger file, so that a partition is run again from its own file alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from detectors.contracts.learning import Learning
from streams.contracts.record_headers import Header
from streams.testbed import ledger_files, score_columns
from streams.testbed.ledger_files import LedgerRecord
from streams.testbed.partition_files import PARTS, PartitionTask, alerts_of, scores_file, scores_of
from streams.testbed.partition_pass import PartitionFigures, open_pass
from streams.testbed.prepared import Stages
from streams.testbed.result_files import LEDGER, partition_file
from streams.testbed.score_columns import ScoreRow

# Rows of scores that wait to be written together. Failure prevented: a record batch a day and partition, 2 ms each.
_ROWS = 4_096


class Arriving(NamedTuple):
    """A record that every partition is given, without the offset that it gets there."""

    timestamp_ms: int
    key: bytes
    value: bytes
    headers: list[Header]


class Seat:
    """One partition: its ledger as the source gave it comes from the parts' folder, and goes on with what is given.

    Memory: the partition's state, and a row group of its ledger.
    """

    def __init__(self, task: PartitionTask, stages: Stages) -> None:
        directory, partition = task.directory, task.partition
        self._task, self._stages = task, stages
        self._part = open_pass(directory, partition)
        self._figures = {"transactions": 0, "scored": 0, "alerts": 0}
        self._batches = ledger_files.read_batches(partition_file(directory / PARTS, LEDGER, partition))
        self._batch: Any = None
        self._records: list[LedgerRecord] = []
        # the newest Kafka timestamp up to each record of the batch, ms
        self._newest: Any = np.zeros(0, np.int64)
        self._at, self._shift, self._next = 0, 0, 0
        self._rows: list[ScoreRow] = []
        with ExitStack() as files:
            self._ledger = files.enter_context(ledger_files.open_file(partition_file(directory, LEDGER, partition)))
            self._scores = files.enter_context(scores_file(scores_of(directory, partition), task.members))
            self._alerts = files.enter_context(alerts_of(directory, partition).open("wb"))
            self._files = files.pop_all()
        self._fill()

    def _fill(self) -> None:
        """Have the next batch at hand where this one is done."""
        while self._batch is None or self._at == len(self._records):
            before = int(self._newest[-1]) if len(self._newest) else 0
            found = next(self._batches, None)
            if found is None:
                self._batch, self._records, self._at = None, [], 0
                return
            self._batch, self._records = found
            times = self._batch["timestamp_ms"].to_numpy()
            self._newest, self._at = np.maximum.accumulate(np.r_[before, times])[1:], 0

    @property
    def next_ms(self) -> int | None:
        """The newest Kafka timestamp up to the next record, ms; None at the ledger's end."""
        return None if self._batch is None else int(self._newest[self._at])

    def run(self, until_ms: int) -> list[Learning]:
        """Apply what is stamped before a time; returns what the partition told all others meanwhile."""
        while self._batch is not None and self._newest[self._at] < until_ms:
            end = int(np.searchsorted(self._newest, until_ms))
            records = self._records[self._at : end]
            if self._shift:
                records = [one._replace(offset=one.offset + self._shift) for one in records]
            self._ledger.write(ledger_files.moved(self._batch.slice(self._at, end - self._at), self._shift))
            self._apply(records)
            self._stages.advance(len(records))
            self._at = end
            self._fill()
        return self._part.take_told()

    def give(self, arriving: Sequence[Arriving]) -> None:
        """Apply what all partitions told, as the next records of the ledger."""
        if not arriving:
            return
        records = [
            LedgerRecord(self._next + number, one.timestamp_ms, one.key, one.value, one.headers)
            for number, one in enumerate(arriving)
        ]
        self._shift += len(records)
        self._ledger.write(ledger_files.batch_of(records))
        self._apply(records)

    def _apply(self, records: list[LedgerRecord]) -> None:
        rows, alerts = self._part.apply(records)
        self._next = records[-1].offset + 1
        self._rows += rows
        self._alerts.writelines(alert + b"\n" for alert in alerts)
        self._figures["transactions"] += len(rows)
        self._figures["scored"] += sum(row.scored for row in rows)
        self._figures["alerts"] += len(alerts)
        if len(self._rows) >= _ROWS:
            self._write_rows()

    def _write_rows(self) -> None:
        if self._rows:
            self._scores.write(score_columns.batch(self._rows, self._task.members))
            self._rows = []

    def finish(self) -> PartitionFigures:
        """Write what waits and close the files; the partition's figures."""
        self._write_rows()
        self._files.close()
        figures = self._part.finish(self._task.end)
        for name, count in self._figures.items():
            setattr(figures, name, count)
        return figures


class Round(NamedTuple):
    """What the partitions of a process do next: open (`tasks`), or take what arrives and go on until a time.

    Without either they finish.
    """

    tasks: tuple[PartitionTask, ...] = ()
    until_ms: int | None = None
    arriving: tuple[Arriving, ...] = ()


class Reached(NamedTuple):
    """What came of a round: what was told, the next record's time (ms) if there is one, and figures at the end."""

    told: list[Learning]
    next_ms: int | None
    figures: list[PartitionFigures]


class Seats:
    """The partitions of one process, from round to round."""

    def __init__(self) -> None:
        self._seats: list[Seat] = []

    def __call__(self, task: Round, stages: Stages) -> Reached:
        """Work off a round. Raises `LedgerError`, `ResultError`."""
        if task.tasks:
            self._seats = [Seat(one, stages) for one in task.tasks]
            return Reached([], self._next_ms(), [])
        if task.until_ms is None:
            return Reached([], None, [seat.finish() for seat in self._seats])
        told = list(self._run(task.until_ms, task.arriving))
        return Reached(told, self._next_ms(), [])

    def _run(self, until_ms: int, arriving: Sequence[Arriving]) -> Iterator[Learning]:
        for seat in self._seats:
            seat.give(arriving)
            yield from seat.run(until_ms)

    def _next_ms(self) -> int | None:
        return min((seat.next_ms for seat in self._seats if seat.next_ms is not None), default=None)
