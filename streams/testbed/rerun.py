"""One partition of a result run again in this process: what the core costs, and whether the same bits come out.

The judge takes its timing and its proof of determinism from here; `search` tries other configurations with it.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detectors.contracts.alert import Position
from detectors.contracts.configuration import Configuration
from streams.errors import UsageError
from streams.testbed import ledger_copy, ledger_files, result_files, score_columns
from streams.testbed.ledger_copy import set_partitions
from streams.testbed.partition_pass import Change, PartitionFigures, open_pass, quiet_collector
from streams.testbed.result_files import ALERTS, LEDGER, SCORES, Manifest, partition_file
from streams.testbed.score_columns import ScoreRow


class Rerun(NamedTuple):
    """What came of one partition.

    `apply_seconds` is the CPU time of `detectors.core.apply` alone, over `records` ledger records; `state_bytes` and
    `parties` stand in `figures`. `difference` names the first row or alert that did not come out bit for bit as the
    result has it; None where all did. It is None too under another configuration, where nothing was compared: then
    `compared` is false.
    """

    records: int
    apply_seconds: float
    rows: list[ScoreRow]
    alerts: list[bytes]
    figures: PartitionFigures
    compared: bool
    difference: str | None

    @property
    def identical(self) -> bool:
        """Whether every score row and alert was compared and came out bit for bit."""
        return self.compared and self.difference is None


class _Positioned(msgspec.Struct, frozen=True):
    position: Position


def rerun(
    directory: Path,
    partition: int,
    configuration: Configuration | Change | None = None,
    clock: Callable[[], float] = time.process_time,
) -> Rerun:
    """Run a partition's ledger of a result again, in memory; nothing is written.

    `configuration` takes the place of those in the ledger: of all of them, or, where it is a function, of each the one
    that it makes of it. `clock` is read before and after each lot of calls of the
    core. Raises `UsageError` for a directory without a result, an unknown partition, and another configuration on a
    ledger that begins from a snapshot; `ResultError` for damage; `LedgerError`.
    Memory: the rows, some 2 KB each. Cost: that of the replay.
    """
    manifest = result_files.read_manifest(directory)
    if not 0 <= partition < manifest.partitions:
        raise UsageError("the result has no such partition", got=partition, expected=f"0 to {manifest.partitions - 1}")
    if configuration is not None:
        ledger_copy.require_whole(directory)
    judged_from, end = manifest.source.partitions.get(str(partition), (0, 0))
    part = open_pass(
        directory, partition, judged_from=judged_from, change=_change(configuration, manifest), clock=clock
    )
    rows: list[ScoreRow] = []
    alerts: list[bytes] = []
    records = 0
    with quiet_collector():
        for batch in ledger_files.read_ledger(partition_file(directory, LEDGER, partition)):
            found, raised = part.apply(batch)
            rows += found
            alerts += raised
            records += len(batch)
    figures = part.finish(end)
    figures.transactions, figures.alerts = len(rows), len(alerts)
    figures.scored = sum(row.scored for row in rows)
    difference = None if configuration is not None else _difference(directory, manifest, partition, rows, alerts)
    return Rerun(records, part.apply_seconds, rows, alerts, figures, configuration is None, difference)


def _change(configuration: Configuration | Change | None, manifest: Manifest) -> Change | None:
    if not isinstance(configuration, Configuration):
        return configuration
    only = set_partitions(configuration, manifest.partitions)
    return lambda _: only


def _difference(
    directory: Path, manifest: Manifest, partition: int, rows: list[ScoreRow], alerts: list[bytes]
) -> str | None:
    result_files.prove(directory, manifest, (SCORES, ALERTS))
    then = pq.read_table(directory / SCORES, filters=pc.field("partition") == partition)
    members = score_columns.members_of(then.schema)
    now = pa.Table.from_batches([score_columns.batch(rows, members)])
    strange = sorted({name for row in rows for name in row.members} - set(members))
    if strange:
        return f"{SCORES}: members {', '.join(strange)} are new"
    return find_first_difference(then, now) or _alerts_difference(directory, partition, alerts)


def find_first_difference(then: Any, now: Any) -> str | None:
    """The first column, and in it the first row, in which two tables of scores differ by a bit; None where none does.

    Bits, not values: -0.0 is not 0.0 here, and NaN is itself.
    """
    if then.num_rows != now.num_rows:
        return f"{SCORES}: {then.num_rows} rows then, {now.num_rows} now"
    for name in then.column_names:
        valid = pc.is_valid(then[name]).to_numpy() != pc.is_valid(now[name]).to_numpy()
        unequal = np.flatnonzero(valid | (_keys(then[name]) != _keys(now[name])))
        if len(unequal):
            row = int(unequal[0])
            return (
                f"{SCORES}, row {row} (offset {then['offset'][row].as_py()}), {name}: "
                f"{then[name][row].as_py()!r} then, {now[name][row].as_py()!r} now"
            )
    return None


def _keys(column: Any) -> Any:
    """By row, something that is equal exactly where all bits of the value are; of nulls, something that is equal."""
    if pa.types.is_list(column.type):
        listed = np.empty(len(column), dtype=np.object_)
        listed[:] = [repr(value) for value in column.to_pylist()]
        return listed
    if pa.types.is_floating(column.type):
        return pc.fill_null(column, 0.0).to_numpy().view(np.int64)
    if pa.types.is_integer(column.type):
        # with nulls left in, numpy makes them doubles: NaN is not itself, and digits above 2^53 are lost
        return pc.fill_null(column, 0).to_numpy()
    return column.to_numpy()


def _alerts_difference(directory: Path, partition: int, alerts: list[bytes]) -> str | None:
    with (directory / ALERTS).open("rb") as lines:
        then = [
            line.rstrip(b"\n")
            for line in lines
            if msgspec.json.decode(line, type=_Positioned).position.partition == partition
        ]
    if len(then) != len(alerts):
        return f"{ALERTS}: {len(then)} alerts then, {len(alerts)} now"
    for number, (old, new) in enumerate(zip(then, alerts, strict=True)):
        if old != new:
            return f"{ALERTS}: alert {number} of the partition: {old[:200]!r} then, {new[:200]!r} now"
    return None
