"""The shared pass: the legs of a replay through the shared agent's core, to the alerts that it raises.

All partitions go in one process, in the order in which the legs were written: a trail that one partition's leg makes is
the next record of its resident's partition.
"""

from collections import deque
from pathlib import Path

import msgspec

from streams.kafka import topics
from streams.shared.core import SharedCore
from streams.testbed import leg_files
from streams.testbed.ledger_files import LedgerRecord
from streams.testbed.prepared import Stages
from streams.version import code_version


class SharedTask(msgspec.Struct, frozen=True):
    """What a process needs to know: the result with the ledger, its partitions, and where the alerts go."""

    directory: Path
    partitions: int
    alerts: Path


class SharedFigures(msgspec.Struct, kw_only=True):
    """What came of the legs. `state_bytes` are those of the snapshots' sections at the end."""

    outcomes: dict[str, int]
    alerts: int
    nodes: int
    state_bytes: int


def replay_legs(task: SharedTask, stages: Stages) -> SharedFigures:
    """Replay the legs; each alert becomes a line, in the order of raising. Raises `LedgerError`, `ResultError`.

    Cost: 0.1 to 0.3 ms a leg, 5 us a rate and partition. Memory: the states of all partitions.
    """
    core = SharedCore(code_version())
    states = [core.new(partition) for partition in range(task.partitions)]
    offsets = [0] * task.partitions
    raised = 0
    with task.alerts.open("wb") as lines:
        for written in leg_files.read_legs(task.directory, task.partitions, stages):
            waiting = deque([written])
            while waiting:
                partition, record = waiting.popleft()
                record = record._replace(offset=offsets[partition])
                offsets[partition] += 1
                for output in core.apply(states[partition], partition, record, muted=False):
                    value, headers = output.value or b"", list(output.headers or ())
                    if output.topic == topics.ALERTS:
                        lines.write(value + b"\n")
                        raised += 1
                    elif output.topic == topics.LEGS:
                        trail = LedgerRecord(0, output.timestamp_ms, output.key, value, headers)
                        waiting.append((output.partition, trail))
    return SharedFigures(
        outcomes=dict(core.tally.outcomes),
        alerts=raised,
        nodes=sum(len(state.parties) for state in states),
        state_bytes=sum(len(packed) for state in states for _, packed in state.freeze().sections()),
    )
