"""Runs the judge's baselines over a sheet, its partitions shared among processes."""

import os
import time
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.testbed.baselines import REGISTRY, Columns, partition_columns
from detectors.testbed.judgement import System
from detectors.testbed.sheet import Sheet
from detectors.values.legal_calendar import HOUR_US, from_us
from streams.testbed.prepared import Stages
from streams.testbed.processes import run_in_processes

# Fewer rows than this are done sooner in this process than another one starts.
_FEW_ROWS = 20_000


class _Task(NamedTuple):
    name: str
    columns: Columns
    seed: int


class _Scored(NamedTuple):
    scores: NDArray[np.float64]
    seconds: float


def _run(task: _Task, stages: Stages) -> _Scored:
    began = time.process_time()
    scores = REGISTRY[task.name].score(task.columns, task.seed)
    seconds = time.process_time() - began
    stages.advance(len(task.columns))
    return _Scored(scores, seconds)


def run_baselines(
    sheet: Sheet, zone: ZoneInfo, seed: int, stages: Stages, processes: int | None = None
) -> tuple[list[System], dict[str, float]]:
    """Every registered baseline as a system, and the CPU us an event that each took.

    The scores depend on sheet and seed only, not on the number of processes. Raises `ProcessDiedError`.
    Cost: River's recipe 41 us an event, the others 1 us together.
    """
    parts = partition_columns(sheet, zone_shift_us(sheet.time_us, zone))
    count = processes or (1 if len(sheet) < _FEW_ROWS else os.cpu_count() or 1)
    tasks = [_Task(name, columns, seed) for name in REGISTRY for columns in parts]
    stages.begin("baselines", len(sheet) * len(REGISTRY))
    scored = run_in_processes(_run, tasks, count, stages)
    systems, cpu_us = [], {}
    for place, (name, baseline) in enumerate(REGISTRY.items()):
        own = scored[place * len(parts) : (place + 1) * len(parts)]
        scores = np.concatenate([one.scores for one in own]) if own else np.zeros(0)
        systems.append(System(name, baseline.describes, scores))
        cpu_us[name] = sum(one.seconds for one in own) * 1e6 / max(1, len(sheet))
    return systems, cpu_us


def zone_shift_us(time_us: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """How far local time is ahead of UTC at each moment; zones change on the hour."""
    hours, place = np.unique(time_us // HOUR_US, return_inverse=True)
    shifts = []
    for hour in hours.tolist():
        offset = from_us(hour * HOUR_US).astimezone(zone).utcoffset()
        shifts.append(0 if offset is None else int(offset.total_seconds() * 1_000_000))
    return np.asarray(shifts, np.int64)[place]
