"""The monitor: ledger -> state -> alerts, exactly once. A `StatefulAgent` with these parameters."""

import river.tree.padded  # noqa: F401  (growing the first forest imports it: a second that no event should wait)

from detectors.memory.state import PartitionState
from streams.kafka import topics
from streams.monitor.core import MONITOR, MonitorCore
from streams.monitor.startup import ranked_among
from streams.operations.metrics import Metrics
from streams.partition.agent_parameters import AgentParameters
from streams.partition.alert_records import may_take_alerts

# open items, supervisors' lists, notices for ingest, what it learned, and what challengers would have alerted
_OTHERS = (topics.NOTICES, topics.OPEN_ITEMS, topics.SCREENS, topics.LEARNING, topics.SHADOW)


def _may_write(topic: str) -> bool:
    """Alerts, their copies for desks, and what else it publishes."""
    return topic in _OTHERS or may_take_alerts(topic)


def _observe_saved(metrics: Metrics, partition: int, state: PartitionState, size: int) -> None:
    metrics.set_state_size(partition, len(state.parties), size)
    metrics.set_rank_among(partition, ranked_among(state))


MONITOR_AGENT = AgentParameters[PartitionState](
    identity=MONITOR,
    core=MonitorCore,
    may_write=_may_write,
    observe_saved=_observe_saved,
)
