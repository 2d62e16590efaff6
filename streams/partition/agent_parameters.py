"""All that one stateful agent has of its own; the rest is the same for every agent (stateful_agent.py)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from streams.operations.metrics import Metrics
from streams.partition.agent_identity import AgentIdentity
from streams.partition.interfaces import CountedCore, DatedState

D = TypeVar("D", bound=DatedState)


def _nothing_more(_metrics: Metrics, _partition: int, _state: DatedState, _size: int) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class AgentParameters(Generic[D]):
    """`identity`: name, input topic and state schema. `core` makes the agent's science, given the code's version.

    `may_write`: whether the core's records may go to a topic; one for another topic stops its partition.
    `relays`: the topic that the agent both reads and writes (relay.py), empty for none.
    `observe_saved(metrics, partition, state, bytes)` is called after each snapshot, for metrics of the agent's own.
    """

    identity: AgentIdentity
    core: Callable[[str], CountedCore[D]]
    may_write: Callable[[str], bool]
    relays: str = ""
    observe_saved: Callable[[Metrics, int, D, int], None] = _nothing_more
