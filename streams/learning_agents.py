"""The agents that learn, by name: what each reads and keeps, and the core that makes its state and its alerts.

For commands that rebuild a state or an alert: whatever they do for one agent, they do for each.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from streams.monitor.core import MONITOR, MonitorCore
from streams.partition.agent_identity import AgentIdentity
from streams.shared.core import SHARED, SharedCore


class LearningAgent(NamedTuple):
    """`core` makes the agent's science, given the code's version."""

    identity: AgentIdentity
    core: Callable[[str], Any]


LEARNING = {
    MONITOR.name: LearningAgent(MONITOR, MonitorCore),
    SHARED.name: LearningAgent(SHARED, SharedCore),
}
