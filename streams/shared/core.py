"""The shared agent's science behind the interface that a partition drives. The science itself is `detectors.shared`.

The agent reads `fx.legs.v1` alone: legs, officers' records on its alerts, and copies of rates and configurations.
"""

import time
from typing import Any

from detectors.contracts.events import ConfigurationChange, Origin
from detectors.core import Outputs
from detectors.shared import core as science
from detectors.shared.core import SharedOutputs
from detectors.shared.state import SHARED_SCHEMA, SharedState
from streams.kafka import agent_names, topics
from streams.ledger import envelope
from streams.ledger.envelope import Shared
from streams.ledger.snapshot_format import Section
from streams.partition.agent_identity import AgentIdentity
from streams.partition.alert_records import alert_outputs
from streams.partition.core_steps import cannot_apply, notice_outputs, reject_unreadable, thaw_state
from streams.partition.outputs import Output
from streams.settings import overlay_configuration
from streams.shared.tally import SharedTally
from streams.shared.trail_records import trail_outputs

SHARED = AgentIdentity(name=agent_names.SHARED, input_topic=topics.LEGS, state_schema=SHARED_SCHEMA)


class SharedCore:
    """`detectors.shared` as a partition's core: decode, apply, and the records to publish."""

    def __init__(self, code_version: str, tally: SharedTally | None = None) -> None:
        self._code = code_version
        self.tally = tally if tally is not None else SharedTally()

    def new(self, partition: int) -> SharedState:
        """State before the first record."""
        state = SharedState.new(partition, topics.LEGS)
        state.code_version, state.fallback = self._code, overlay_configuration({})
        return state

    def thaw(self, partition: int, sections: list[Section]) -> SharedState:
        """State from a snapshot's sections. Raises `SnapshotError` for whatever they hold that is no such state."""
        state = thaw_state(SharedState, SHARED, partition, sections)
        state.code_version, state.fallback = self._code, overlay_configuration({})
        self.tally.ruling = state.configuration
        return state

    def skip(self, state: SharedState, offset: int) -> None:
        """Leave a record out: only the position moves."""
        state.next = offset + 1

    def apply(self, state: SharedState, partition: int, record: Any, *, muted: bool) -> list[Output]:
        """Decode and apply one record of the legs; the outputs are empty while muted.

        Raises `LedgerError` for a record that cannot be read or applied; a state that raised must not be used further.
        """
        tally, began = self.tally, time.perf_counter()
        event, origin = _decoded(record, partition)
        decoded = time.perf_counter()
        forgotten = state.counters["parties_forgotten"]
        step = None if _is_passed(state, event, origin) else _applied(state, event, origin, partition)
        tally.apply_seconds += time.perf_counter() - decoded
        tally.decode_seconds += decoded - began
        if step is None:
            tally.outcomes["passed"] += 1
            state.next = origin.offset + 1
            return []
        self._count(step)
        if not muted:  # else it was counted when its outputs were published
            tally.left_out += step.folded
            tally.forgotten += state.counters["parties_forgotten"] - forgotten
            tally.count_snoozes(step)
        if isinstance(event, ConfigurationChange):
            tally.ruling = state.configuration
        if muted:
            tally.outcomes["muted"] += 1
            return []
        outputs = []
        if step.trails or step.cut:
            tally.trails, tally.cut = tally.trails + len(step.trails), tally.cut + step.cut
            assert state.configuration is not None
            outputs += trail_outputs(step.trails, origin, partition, state.configuration.engine.partitions)
        for one in step.raised:
            tally.alerts.append((one.alert, origin.timestamp_ms))
            outputs += alert_outputs(one.alert, one.desks, origin, partition, agent=SHARED.name)
        return [*outputs, *notice_outputs(step, record, origin, partition)]

    def _count(self, step: Outputs) -> None:
        self.tally.outcomes["applied" if step.outcome == "configuration" else step.outcome] += 1
        if step.late:
            self.tally.outcomes["late"] += 1
        if step.displaced:
            self.tally.outcomes["displaced"] += 1


def _decoded(record: Any, partition: int) -> tuple[Shared, Origin]:
    reject_unreadable(record)
    return envelope.decode_shared(record.value, record.headers, record.offset, record.timestamp, partition)


def _is_passed(state: SharedState, event: Shared, origin: Origin) -> bool:
    """Whether a record is no business of this agent.

    It is where a partition was begun by an earlier release, which wrote legs alone and only those of counterparties:
    without rates and limits nothing follows from them. And it is where `topics apply` appended what is in force to a
    partition that knows a configuration by then: the one known may be newer.
    """
    if isinstance(event, ConfigurationChange):
        return origin.source is None and state.configuration is not None
    return state.configuration is None


def _applied(state: SharedState, event: Shared, origin: Origin, partition: int) -> SharedOutputs:
    try:
        return science.apply(state, event, origin)
    except Exception as fault:
        raise cannot_apply(fault, SHARED, partition, origin.offset) from fault
