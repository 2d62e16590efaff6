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

from detectors.contracts.alert import Alert
from detectors.contracts.configuration import Configuration, Limit
from detectors.testbed import grid, sweep
from detectors.testbed.grid import Combination, Dimension, PathError
from detectors.testbed.ground import Ground
from detectors.testbed.judgement import cold_share
from detectors.testbed.sweep import Raised, SweepRow
from detectors.values.legal_calendar import local_date, to_us
from streams.errors import UsageError
from streams.testbed import ledger_files
from streams.testbed.ledger_copy import require_whole
from streams.testbed.prepared import Stages
from streams.testbed.processes import run_in_processes
from streams.testbed.rerun import rerun
from streams.testbed.result_files import ALERTS, LEDGER, Result, partition_file, prove

FORMAT = 1
_EPOCH = date(1970, 1, 1).toordinal()


class SearchTask(NamedTuple):
    """One partition under one combination: of each configuration in its ledger, the one that takes its place."""

    directory: Path
    partition: int
    changes: tuple[tuple[Configuration, Configuration], ...]

    def change(self, recorded: Configuration) -> Configuration:
        """What takes a recorded configuration's place."""
        return next(changed for known, changed in self.changes if known == recorded)


class CombinationAlerts(NamedTuple):
    """A combination's alerts, as bytes of `fx.alerts.v1`, in order of partition and offset."""

    combination: Combination
    alerts: list[bytes]


class HistorySearch(NamedTuple):
    """Rows in the grid's order, the recorded row, and the dated limits that were changed in the last configuration.

    `configurations` is how many different ones the ledger holds; each was varied at its own place.
    """

    recorded: SweepRow
    rows: list[SweepRow]
    found: list[CombinationAlerts]
    changed: dict[str, Limit]
    configurations: int


def parse_dimensions(texts: Sequence[str]) -> list[Dimension]:
    """The grid's dimensions, as typed. Raises `UsageError` with every one that is none."""
    found, problems = [], []
    for text in texts:
        try:
            found.append(grid.dimension(text))
        except PathError as fault:
            problems.append(str(fault))
    if problems:
        raise UsageError(
            "--vary takes a path and its values",
            got="; ".join(problems),
            expected="PATH=VALUE,VALUE such as rules.T01.limits.pieces_min=3,4,5",
        )
    return found


def list_combinations(result: Result, varied: Sequence[Dimension], most: int) -> list[Combination]:
    """The grid's combinations. Raises `UsageError` for a path or value that cannot be, or for more than `most`."""
    count = int(np.prod([len(each.values) for each in varied]))
    if count > most:
        raise UsageError(
            "the grid is too large",
            got=f"{count:,} combinations",
            expected=f"at most {most:,}",
            todo="name fewer values, or raise --most",
        )
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
) -> HistorySearch:
    """Replay the result's ledger under every combination, each of its configurations varied at its own place.

    Raises `UsageError` for a path that an earlier configuration of the ledger has not, and for a ledger that begins
    from snapshots (what was learned before cannot be learned otherwise), `ResultError` for damage, `LedgerError`.
    Cost: that of as many replays, shared among the processes.
    """
    require_whole(result.directory)
    numbers = range(result.manifest.partitions)
    ledgers = [f"{LEDGER}/{partition_file(result.directory, LEDGER, number).name}" for number in numbers]
    prove(result.directory, result.manifest, [ALERTS, *ledgers])
    known = recorded_configurations(result)
    tasks = [
        SearchTask(result.directory, number, changes)
        for changes in _changes(result, known, grid_of)
        for number in numbers
    ]
    stages.begin("core", len(grid_of) * len(result.sheet))
    answers = run_in_processes(_alerts_of, tasks, processes, stages)
    zone = ZoneInfo(result.configuration.engine.time_zone)
    days = len(np.unique(result.sheet.day[~result.sheet.history]))
    recorded = [_raised(line, zone) for line in (result.directory / ALERTS).read_bytes().splitlines()]
    found = []
    for place, combination in enumerate(grid_of):
        lots = answers[place * len(numbers) : (place + 1) * len(numbers)]
        found.append(CombinationAlerts(combination, [value for lot in lots for value in lot]))
    rows = [
        sweep.row(one.combination.values, [_raised(value, zone) for value in one.alerts], recorded, days, ground)
        for one in found
    ]
    dated = {
        path: entry
        for path in (grid_of[0].values if grid_of else ())
        if (entry := grid.entry_changed(result.configuration, path, first_day(result))) is not None
    }
    return HistorySearch(sweep.row({}, recorded, recorded, days, ground), rows, found, dated, len(known))


def recorded_configurations(result: Result) -> list[Configuration]:
    """The different configurations in a result's ledger, oldest first. Raises `ResultError`. Cost: reading its keys."""
    found: list[Configuration] = []
    for number in range(result.manifest.partitions):
        for one in ledger_files.read_configurations(partition_file(result.directory, LEDGER, number)):
            if one not in found:
                found.append(one)
    return found


def _changes(
    result: Result, known: Sequence[Configuration], grid_of: Sequence[Combination]
) -> list[tuple[tuple[Configuration, Configuration], ...]]:
    """For each combination, of each recorded configuration the varied one."""
    day = first_day(result)
    try:
        return [
            tuple((one, grid.combination(one, point.values, day).configuration) for one in known) for point in grid_of
        ]
    except PathError as fault:
        raise UsageError(
            f"an earlier configuration of the ledger cannot be varied so: {fault}",
            got=f"{len(known)} configurations in {result.directory}",
            expected="paths and values that all of them have",
            todo="replay the result under one configuration first: `fxwatch testbed replay RESULT "
            "--config FILE --out DIR`",
        ) from fault


def _alerts_of(task: SearchTask, stages: Stages) -> list[bytes]:
    again = rerun(task.directory, task.partition, task.change)
    stages.advance(len(again.rows))
    return again.alerts


def _raised(value: bytes, zone: ZoneInfo) -> Raised:
    alert = msgspec.json.decode(value, type=Alert)
    return Raised(
        partition=alert.position.partition,
        offset=alert.position.offset,
        event_id=alert.trigger_event_id,
        party=alert.party,
        day=local_date(to_us(alert.created_for), zone).toordinal() - _EPOCH,
        typologies=tuple(hit.id for hit in alert.typologies),
        score=alert.score,
        usd=None if alert.amount_usd is None else float(alert.amount_usd),
    )


def report(result: Result, told: HistorySearch, varied: Sequence[Dimension], *, judged: bool) -> dict[str, Any]:
    """What `search.json` holds: the same for the same result, truth and grid."""
    return {
        "format": FORMAT,
        "made_by": "fxwatch testbed search",
        "files": result.manifest.files,
        "versions": msgspec.to_builtins(result.manifest.versions),
        "truth": judged,
        "first_day": first_day(result).isoformat(),
        "configurations": told.configurations,
        "cold_share": cold_share(result.sheet),
        "limits_changed": msgspec.to_builtins(told.changed),
        "vary": {each.path: list(each.values) for each in varied},
        "recorded": msgspec.to_builtins(told.recorded),
        "rows": msgspec.to_builtins(told.rows),
    }
