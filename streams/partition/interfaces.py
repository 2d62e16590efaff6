"""What the exact loop asks of others: a state and a core that applies records to it, a log to read, a way to save.

The monitor's own are in streams/monitor; tests have others, and so will the next agent.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Literal, Protocol, TypeVar

from streams.ledger.progress import AgentPartition, Progress
from streams.ledger.snapshot_format import Section
from streams.partition.outputs import Output
from streams.partition.run_tally import RunTally

# closed     not ours, or given back: no producer is held; a state may still be in memory
# replaying  ours: the state is loaded and catches up with what was published and committed
# running    ours: takes runs of records
# stopped    ours: a record cannot be applied, or its ledger is not the one it was; `cause` says which
Status = Literal["closed", "replaying", "running", "stopped"]


class State(Protocol):
    """Learned state of one partition. `next` is the first ledger offset not applied."""

    next: int

    def freezing(self) -> "tuple[Frozen, Iterator[None]]":
        """An immutable copy, and the steps of a few ms that fill it; nothing is applied before their end."""
        ...


class DatedState(State, Protocol):
    """A state that knows the time of its events, so that one snapshot a day stays."""

    @property
    def watermark(self) -> float | None:
        """Event time that the partition has reached, seconds since 1970 (UTC); None before the first event."""
        ...


class Frozen(Protocol):
    """A frozen state, packed piece by piece."""

    def sections(self) -> Iterable[Section]:
        """(name, bytes) of each piece; every piece is small."""
        ...


S = TypeVar("S", bound=State)


class Core(Protocol[S]):
    """The pure part that a partition drives: `streams.monitor.core.MonitorCore`, or a test's own."""

    def new(self, partition: int) -> S:
        """State before the first ledger record."""
        ...

    def thaw(self, partition: int, sections: list[Section]) -> S:
        """State from a snapshot's sections. Raises `SnapshotError` for sections that are no such state."""
        ...

    def apply(self, state: S, partition: int, record: Any, *, muted: bool) -> list[Output]:
        """Apply one ledger record; sets `state.next`. Raises `LedgerError` when the record cannot be read.

        The same records give the same state and outputs, on any machine and after any crash. Muted, there are none.
        """
        ...

    def skip(self, state: S, offset: int) -> None:
        """Leave one ledger record out, as an operator decided."""
        ...


class CountedCore(Core[S], Protocol[S]):
    """A core that counts what it does; the agent puts that into the metrics, once a run or replayed batch."""

    @property
    def tally(self) -> RunTally:
        """What was counted since it went into the metrics."""
        ...


class Log(Protocol):
    """What a partition reads: the ledger, its own progress, and its snapshots."""

    async def progress(self, place: AgentPartition) -> Progress:
        """Everything committed for this partition, up to the read_uncommitted end at the time of the call."""
        ...

    def snapshots(self, place: AgentPartition, progress: Progress) -> AsyncIterator[tuple[int, Callable[[], Any]]]:
        """Snapshots, newest first: (next, coroutine function that loads its sections)."""
        ...

    async def bounds(self, place: AgentPartition) -> tuple[int, int, int]:
        """(first, end, committed): ledger offsets that exist, and the group's committed offset (0 when none)."""
        ...

    def records(self, partition: int, start: int, stop: int) -> AsyncIterator[list[Any]]:
        """Ledger records in [start, stop)."""
        ...
