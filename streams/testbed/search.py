"""History search: a result's own ledger under every combination of a grid, in parallel, without writing anything.

What would a changed limit have done last quarter? Each task is one partition under one combination; what comes back is
its alerts only, so that memory does not grow with the grid.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.alert import Alert
from detectors.calendar import local_date, to_us
from detectors.configuration import Configuration, Limit
from detectors.testbed import grid, sweep
from detectors.testbed.grid import Combination, Dimension, PathError
from detectors.testbed.ground import Ground
from detectors.testbed.sweep import Raised, Row
from streams.errors import UsageError
from streams.testbed.ledger_copy import require_whole
from streams.testbed.prepared import Stages
from streams.testbed.processes import in_processes
from streams.testbed.rerun import rerun
from streams.testbed.result_files import ALERTS, LEDGER, Result, partition_file, prove

FORMAT = 1
_EPOCH = date(1970, 1, 1).toordinal()


class Task(NamedTuple):
    """One partition under one combination."""

    directory: Path
    partition: int
    configuration: Configuration


class Found(NamedTuple):
    """A combination's alerts, as bytes of `fx.alerts.v1`, in order of partition and offset."""

    combination: Combination
    alerts: list[bytes]


class Search(NamedTuple):
    """Rows in the grid's order, the recorded configuration's own row, and the dated limits that were changed."""

    recorded: Row
    rows: list[Row]
    found: list[Found]
    changed: dict[str, Limit]


def dimensions(texts: Sequence[str]) -> list[Dimension]:
    """The grid's dimensions, as typed. Raises `UsageError` with every one that is none."""
    found, problems = [], []
    for text in texts:
        try:
            found.append(grid.dimension(text))
        except PathError as fault:
            problems.append(str(fault))
    if problems:
        raise UsageError("--vary takes a path and its values", got="; ".join(problems),
                         expected="PATH=VALUE,VALUE such as rules.T01.limits.pieces_min=3,4,5")  # fmt: skip
    return found


def combinations(result: Result, varied: Sequence[Dimension], most: int) -> list[Combination]:
    """The grid's combinations. Raises `UsageError` for a path or value that cannot be, or for more than `most`."""
    count = int(np.prod([len(each.values) for each in varied]))
    if count > most:
        raise UsageError("the grid is too large", got=f"{count:,} combinations", expected=f"at most {most:,}",
                         todo="name fewer values, or raise --most")  # fmt: skip
    try:
        return grid.combinations(result.configuration, varied, first_day(result))
    except PathError as fault:
        near = ", ".join(fault.near) or "any path that `fxwatch testbed search --help` lists"
        raise UsageError(str(fault), got=", ".join(each.path for each in varied), expected=near) from fault


def first_day(result: Result) -> date:
    """The first local day judged: a limit in force on it is the one that is changed."""
    days = result.sheet.day[~result.sheet.history]
    days = days if len(days) else result.sheet.day
    if not len(days):
        raise UsageError("the result has no transaction", got=result.directory, expected="a replay with payments")
    return date.fromordinal(_EPOCH + int(days.min()))


def search(
    result: Result, grid_of: Sequence[Combination], ground: Ground | None, processes: int, stages: Stages
) -> Search:
    """Replay the result's ledger under every combination.

    Raises `UsageError` for a ledger that begins from snapshots (what was learned before cannot be learned otherwise),
    `ResultError` for damage, `LedgerError`. Cost: that of as many replays, shared among the processes.
    """
    require_whole(result.directory)
    numbers = range(result.manifest.partitions)
    ledgers = [f"{LEDGER}/{partition_file(result.directory, LEDGER, number).name}" for number in numbers]
    prove(result.directory, result.manifest, [ALERTS, *ledgers])
    tasks = [Task(result.directory, number, one.configuration) for one in grid_of for number in numbers]
    stages.begin("core", len(grid_of) * len(result.sheet))
    answers = in_processes(_alerts_of, tasks, processes, stages)
    zone = ZoneInfo(result.configuration.engine.time_zone)
    days = len(np.unique(result.sheet.day[~result.sheet.history]))
    recorded = [_raised(line, zone) for line in (result.directory / ALERTS).read_bytes().splitlines()]
    found = []
    for place, combination in enumerate(grid_of):
        lots = answers[place * len(numbers) : (place + 1) * len(numbers)]
        found.append(Found(combination, [value for lot in lots for value in lot]))
    rows = [
        sweep.row(one.combination.values, [_raised(value, zone) for value in one.alerts], recorded, days, ground)
        for one in found
    ]
    dated = {path: entry for path in (grid_of[0].values if grid_of else ())
             if (entry := grid.entry_changed(result.configuration, path, first_day(result))) is not None}  # fmt: skip
    return Search(sweep.row({}, recorded, recorded, days, ground), rows, found, dated)


def _alerts_of(task: Task, stages: Stages) -> list[bytes]:
    again = rerun(task.directory, task.partition, task.configuration)
    stages.advance(len(again.rows))
    return again.alerts


def _raised(value: bytes, zone: ZoneInfo) -> Raised:
    alert = msgspec.json.decode(value, type=Alert)
    return Raised(
        partition=alert.position.partition, offset=alert.position.offset, event_id=alert.trigger_event_id,
        party=alert.party, day=local_date(to_us(alert.created_for), zone).toordinal() - _EPOCH,
        typologies=tuple(hit.id for hit in alert.typologies), score=alert.score,
        usd=None if alert.amount_usd is None else float(alert.amount_usd),
    )  # fmt: skip


def report(result: Result, told: Search, varied: Sequence[Dimension], *, judged: bool) -> dict[str, Any]:
    """What `search.json` holds: the same for the same result, truth and grid."""
    return {
        "format": FORMAT, "made_by": "fxwatch testbed search", "files": result.manifest.files,
        "versions": msgspec.to_builtins(result.manifest.versions), "truth": judged,
        "first_day": first_day(result).isoformat(), "limits_changed": msgspec.to_builtins(told.changed),
        "vary": {each.path: list(each.values) for each in varied}, "recorded": msgspec.to_builtins(told.recorded),
        "rows": msgspec.to_builtins(told.rows),
    }  # fmt: skip
