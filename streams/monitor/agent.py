"""The monitor: ledger -> state -> alerts, exactly once. A `StatefulAgent` with these parameters."""

import re

import river.tree.padded  # noqa: F401  (growing the first forest imports it: a second that no event should wait)

from detectors.memory.state import PartitionState
from streams.kafka import topics
from streams.monitor.core import MONITOR, MonitorCore
from streams.operations.metrics import Metrics
from streams.partition.agent_parameters import AgentParameters

# A configuration in the ledger may name a desk that this worker's own has not.
_DESK_COPIES = re.compile(r"fx\.alerts\.[a-z0-9][a-z0-9-]*\.v1")


def _may_write(topic: str) -> bool:
    """Alerts, their copies for desks, and notices for ingest."""
    return topic in (topics.ALERTS, topics.NOTICES) or _DESK_COPIES.fullmatch(topic) is not None


def _observe_saved(metrics: Metrics, partition: int, state: PartitionState, size: int) -> None:
    metrics.set_state_size(partition, len(state.parties), size)


MONITOR_AGENT = AgentParameters[PartitionState](
    identity=MONITOR,
    core=MonitorCore,
    may_write=_may_write,
    observe_saved=_observe_saved,
)
