"""A partition's learned state at any ledger position, rebuilt from the topics: a snapshot, then the ledger after it.

Read only: no transactional producer is started (it would fence the worker) and nothing is committed.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from streams.errors import LedgerError, SnapshotError
from streams.ledger.progress import AgentPartition, Progress
from streams.partition.interfaces import CountedCore, DatedState
from streams.partition.kafka_log import KafkaLog
from streams.partition.outputs import Output
from streams.partition.partition import require_position


class ReleasedState(DatedState, Protocol):
    """A state that knows which release of the code its alerts are made by."""

    code_version: str


R = TypeVar("R", bound=ReleasedState)


class Begun(NamedTuple, Generic[R]):
    """Where a rebuild starts.

    `snapshot` is the ledger position of the snapshot used, None for a new state; `refused` says why newer ones were
    not: ledger position and reason.
    """

    state: R
    snapshot: int | None
    refused: tuple[str, ...]


async def begin(
    log: KafkaLog,
    core: CountedCore[R],
    place: AgentPartition,
    progress: Progress,
    *,
    stop: int,
    cold: bool = False,
    above: int = -1,
) -> Begun[R]:
    """The newest snapshot that can be used, in ledger positions above `above` up to `stop`; else a new state."""
    refused: list[str] = []
    if not cold:
        async for position, sections in log.snapshots(place, progress):
            if not above < position <= stop:
                continue
            try:
                state = core.thaw(place.partition, await sections())
                require_position(state, position)
            except SnapshotError as fault:
                # the next older one, or the ledger itself: the state is the same, it only takes longer
                refused.append(f"{position}: {fault.message}")
                continue
            return Begun(state, position, tuple(refused))
    return Begun(core.new(place.partition), None, tuple(refused))


async def replay(
    log: KafkaLog,
    core: CountedCore[R],
    place: AgentPartition,
    progress: Progress,
    state: R,
    stop: int,
    *,
    published_by: Mapping[int, str] | None = None,
) -> AsyncIterator[tuple[int, list[Output]]]:
    """Apply the ledger's records from the state's own position up to `stop` (exclusive), honouring skips.

    Yields (offset, outputs) of the records that have outputs. With `published_by` None all is muted; else it names the
    release that an offset's alert must carry, where that is another than today's. Raises `LedgerError` where a record
    is missing, cannot be read or cannot be applied.
    """
    first, end, _ = await log.bounds(place)
    if not first <= state.next <= end:
        raise LedgerError(
            f"the ledger of {place} does not hold the next record to apply",
            got=f"offsets {first} to {end}",
            expected=f"offset {state.next}",
            todo="retention or a recreated topic took what the snapshots do not cover; restore the ledger"
            if state.next < first
            else "the snapshot is of another ledger: see `fxwatch topics diff`",
        )
    today = state.code_version
    async for records in log.records(place.partition, state.next, stop):
        core.tally.clear()  # nobody asks for the metrics of a replay, and they would grow with the ledger
        for record in records:
            offset = record.offset
            if offset != state.next:
                raise LedgerError(
                    f"the ledger of {place} has a hole", got=f"offset {offset}", expected=f"offset {state.next}"
                )
            if offset in progress.skips:
                core.skip(state, offset)
                continue
            if published_by is not None:
                state.code_version = published_by.get(offset, today)
            outputs = core.apply(state, place.partition, record, muted=published_by is None)
            if outputs:
                yield offset, outputs
    state.code_version = today
    if state.next < stop:
        raise LedgerError(f"the ledger of {place} ended while it was read", got=state.next, expected=stop)


async def rebuild(
    log: KafkaLog, core: CountedCore[R], place: AgentPartition, *, cold: bool, upto: int | None = None
) -> tuple[R, int]:
    """The state of one partition at `upto` (default: the ledger's end), and the ledger's end offset."""
    progress = await log.progress(place)
    _, end, _ = await log.bounds(place)
    stop = end if upto is None else min(upto, end)
    state = (await begin(log, core, place, progress, stop=stop, cold=cold)).state
    async for _ in replay(log, core, place, progress, state, stop):
        pass
    return state, end
