"""One partition replayed from its ledger file to files of its own, and those of all partitions joined in order."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from streams.testbed import ledger_files, score_columns
from streams.testbed.parquet_files import ParquetFile
from streams.testbed.partition_pass import PartitionFigures, open_pass
from streams.testbed.prepared import Stages
from streams.testbed.result_files import ALERTS, LEDGER, SCORES, partition_file

PARTS = "parts"


class PartitionTask(NamedTuple):
    """What a process needs to know of a partition. `members` names the score columns of all partitions."""

    directory: Path
    partition: int
    judged_from: int
    end: int
    members: tuple[str, ...]


def scores_of(directory: Path, partition: int) -> Path:
    """Where a partition's scores are written before they are joined."""
    return partition_file(directory, PARTS, partition)


def scores_file(path: Path, members: tuple[str, ...]) -> ParquetFile:
    """A file of scores in the making."""
    return ParquetFile(path, score_columns.schema(members), score_columns.ROW_GROUP, score_columns.DICTIONARIES)


def alerts_of(directory: Path, partition: int) -> Path:
    """Where a partition's alerts are written before they are joined."""
    return directory / PARTS / f"{partition:02}.jsonl"


def replay_partition(task: PartitionTask, stages: Stages) -> PartitionFigures:
    """Replay one partition; scores and alerts go to the parts' folder. Raises `LedgerError`, `ResultError`."""
    directory, partition, members = task.directory, task.partition, task.members
    part = open_pass(directory, partition, judged_from=task.judged_from)
    transactions = scored = raised = 0
    with (
        scores_file(scores_of(directory, partition), members) as file,
        alerts_of(directory, partition).open("wb") as lines,
    ):
        for records in ledger_files.read_ledger(partition_file(directory, LEDGER, partition)):
            rows, alerts = part.apply(records)
            if rows:
                file.write(score_columns.batch(rows, members))
            lines.writelines(alert + b"\n" for alert in alerts)
            transactions, raised = transactions + len(rows), raised + len(alerts)
            scored += sum(row.scored for row in rows)
            stages.advance(len(records))
    figures = part.finish(task.end)
    figures.transactions, figures.scored, figures.alerts = transactions, scored, raised
    return figures


def join(directory: Path, partitions: int, members: tuple[str, ...]) -> None:
    """Join the parts to `scores.parquet` and `alerts.jsonl`, and remove them. Memory: a row group."""
    with scores_file(directory / SCORES, members) as file:
        for partition in range(partitions):
            with pq.ParquetFile(scores_of(directory, partition)) as part:
                for batch in part.iter_batches(batch_size=score_columns.ROW_GROUP):
                    file.write(batch)
    with (directory / ALERTS).open("wb") as joined:
        for partition in range(partitions):
            with alerts_of(directory, partition).open("rb") as part_lines:
                shutil.copyfileobj(part_lines, joined)
    shutil.rmtree(directory / PARTS)
