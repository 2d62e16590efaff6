"""The shared agent: legs -> state -> alerts, exactly once. A `StatefulAgent` with these parameters."""

from detectors.shared.state import SharedState
from streams.kafka import topics
from streams.operations.metrics import Metrics
from streams.partition.agent_parameters import AgentParameters
from streams.partition.alert_records import may_take_alerts
from streams.shared.core import SHARED, SharedCore


def _may_write(topic: str) -> bool:
    """Alerts, their copies for desks, trails, and notices of officers' records that do not count."""
    return topic in {topics.NOTICES, topics.LEGS} or may_take_alerts(topic)


def _observe_saved(metrics: Metrics, partition: int, state: SharedState, size: int) -> None:
    metrics.set_node_size(partition, len(state.parties), size)


SHARED_AGENT = AgentParameters[SharedState](
    identity=SHARED,
    core=SharedCore,
    may_write=_may_write,
    relays=topics.LEGS,
    observe_saved=_observe_saved,
)
