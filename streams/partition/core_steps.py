"""What every core of an agent does alike: reject damaged sets and others' snapshots, name a record's fault, tell it."""

from typing import Any, Protocol, TypeVar

import msgspec

from detectors.contracts.events import Origin
from detectors.core import Outputs
from streams.errors import LedgerError, SnapshotError
from streams.kafka import topics
from streams.kafka.unreadable_sets import Unreadable
from streams.ledger.snapshot_format import Section
from streams.partition.agent_identity import AgentIdentity
from streams.partition.outputs import Output

_encode = msgspec.json.Encoder().encode


class ThawedState(Protocol):
    """A state that knows where it belongs."""

    partition: int
    ledger_topic: str


S = TypeVar("S", bound=ThawedState)
S_co = TypeVar("S_co", bound=ThawedState, covariant=True)


class Thaws(Protocol[S_co]):
    """The class of a state: `PartitionState`, `SharedState`."""

    def thaw(self, sections: list[Section]) -> S_co:
        """State from sections. Raises `ValueError` for sections that are no such state."""
        ...


def thaw_state(state: Thaws[S], agent: AgentIdentity, partition: int, sections: list[Section]) -> S:
    """The state that a snapshot's sections hold.

    Raises `SnapshotError` where they hold no such state, or that of another partition.
    """
    try:
        thawed = state.thaw(sections)
    except ValueError as fault:
        raise SnapshotError("the snapshot's contents cannot be used", got=str(fault)) from fault
    if (thawed.partition, thawed.ledger_topic) != (partition, agent.input_topic):
        raise SnapshotError(
            "the snapshot is of another partition",
            got=f"{thawed.ledger_topic}[{thawed.partition}]",
            expected=f"{agent.input_topic}[{partition}]",
        )
    return thawed


def reject_unreadable(record: Any) -> None:
    """Raises `LedgerError` for a set of records that the broker's log holds damaged: it stops the partition."""
    if record.value is None and isinstance(record, Unreadable):
        raise LedgerError(
            "a record cannot be read",
            got=str(record),
            todo="mend the broker's log; where that cannot be, see `fxwatch skip --help`",
        )


def cannot_apply(fault: Exception, agent: AgentIdentity, partition: int, offset: int) -> LedgerError:
    """The error of a record that the core refused with `fault`: what the door admits the core must be able to apply."""
    return LedgerError(
        f"a record cannot be applied: {fault!r}",
        got=f"{agent.input_topic}[{partition}], offset {offset}",
        expected="a record that this version of fxwatch can apply",
        todo=f"report it; `fxwatch skip {agent.name} {partition} {offset} --reason ...` leaves it out",
    )


def notice_outputs(step: Outputs, record: Any, origin: Origin, partition: int) -> list[Output]:
    """The notice of a step for `fx.notices.v1`, of which ingest makes a dead letter; none where there is none."""
    if step.notice is None:
        return []
    return [Output(topics.NOTICES, partition, record.key or b"", _encode(step.notice), [], origin.timestamp_ms)]
