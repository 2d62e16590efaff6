"""One ledger partition of one agent: gate, load, replay, apply, publish, snapshot.

Everything that makes learned state and outputs exact is here, independent of Faust: Faust says which partitions are
ours and hands over runs; what has been applied is said by the state alone.

    offset <  next   already applied                    -> skip
    offset >  next   applied elsewhere, or acked and lost -> replay [next, offset) from the ledger first
    offset == next   live

Outputs of offsets below the published position are muted: a read_committed reader has them already.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, Protocol

from streams.errors import FxwatchError, LedgerError, PartitionStoppedError, ProgressError, RefusedError, SnapshotError
from streams.ledger.progress import AgentPartition, Progress
from streams.log import logs
from streams.partition.interfaces import Core, Log, S, State, Status
from streams.partition.outputs import Output, PartitionOutputs

logger = logs.get_logger(__name__)

# The event loop must answer heartbeats and health checks; a run of slow events hands it back this often (limit: 50 ms).
BREATHE_SECONDS = 0.02

# A replay that takes longer is told: whoever waits for `ready` sees what the worker does meanwhile.
TOLD_REPLAY_SECONDS = 5.0

# How often a stopped partition looks for an operator's skip decision.
SKIP_POLL_SECONDS = 2.0


class Save(Protocol[S]):
    """Saves a partition's state when a snapshot is due, or `now`."""

    async def __call__(self, partition: "Partition[S]", state: S, *, now: bool = False) -> None:
        """Save; a failure is logged and never raised."""
        ...


class Partition(Generic[S]):
    """One partition's life: `open` at assignment, `run` for each run, `suspend` at revocation, `drop` when lost."""

    def __init__(
        self,
        place: AgentPartition,
        core: Core[S],
        log: Log,
        outputs: PartitionOutputs,
        save: Save[S],
        on_change: Callable[["Partition[S]"], None] = lambda _partition: None,
        beside: Callable[[Callable[[], S]], Awaitable[S]] | None = None,
        on_replayed: Callable[[int], None] = lambda _records: None,
        *,
        may_write: Callable[[str], bool] = lambda _topic: True,
    ) -> None:
        """`beside` runs work that takes long (unpacking a snapshot: seconds) beside the event loop; default: in it.

        `on_replayed` is called after each replayed batch with its records, so that nothing need be kept for a whole
        replay, and an operator sees it move. `may_write` says of a topic whether the core's records may go there.
        """
        self.place, self.core, self.log, self.outputs = place, core, log, outputs
        self._save, self._on_change, self._beside, self._on_replayed = save, on_change, beside, on_replayed
        self._may_write = may_write
        self.state: S | None = None
        self.status: Status = "closed"
        self.cause: PartitionStoppedError | None = None
        self.unsaved = 0
        self.replayed = 0
        # snapshots that the last loading refused, and whether it ended in a cold start; for the metrics
        self.refused = 0
        self.cold = False
        self._skips: set[int] = set()
        self._delivered = -1
        # end of the runs handed over: Faust acknowledges them, applied or not, and does not bring them again
        self._handed_over = 0
        self._lock = asyncio.Lock()

    def _become(self, status: Status, cause: PartitionStoppedError | None = None) -> None:
        self.status, self.cause = status, cause
        self._on_change(self)

    # -- at assignment --------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Become the owner and catch up. Load and replay happen here, not at the first event.

        1. Start the transactional producer: fences any older owner, ends its open transaction.
        2. Read progress up to the read_uncommitted end, so that nothing that owner committed is missed.
        3. Keep the state in memory, or load the newest valid snapshot, or start cold.
        4. Replay, muted, to the published position, and on to what the group has committed.
        """
        async with self._lock:
            self._become("replaying")
            self._delivered = -1
            await self.outputs.start()
            try:
                await self._catch_up()
            except PartitionStoppedError as stop:
                self._stop(stop)
            except (LedgerError, ProgressError) as fault:
                self._stop(self._unusable(fault))
            else:
                self._become("running")

    async def _catch_up(self) -> None:
        progress = await self.log.progress(self.place)
        self.outputs.published = progress.next
        self._skips = set(progress.skips)
        first, end, committed = await self.log.bounds(self.place)
        if self.state is None:
            self.state = await self._load(progress, first, end)
        self._check_bounds(self.state.next, first, end)
        if progress.next > end:
            # what comes at these offsets from now on would be muted, though nobody has its alerts
            raise self._unusable(
                LedgerError(
                    "the ledger ends before what was published from it",
                    got=f"its end {end}",
                    expected=f"offset {progress.next} or later",
                )
            )
        await self._replay(min(max(progress.next, committed, self._handed_over), end))

    async def _load(self, progress: Progress, first: int, end: int) -> S:
        """The newest snapshot that can be used, or a state that has applied nothing.

        One that ends outside the ledger says that the ledger is at fault: it stops the partition, because an older
        one would go on from a ledger that was cut off and continued differently.
        """
        self.refused = 0
        async for position, sections in self.log.snapshots(self.place, progress):
            try:
                thaw = partial(self.core.thaw, self.place.partition, await sections())
                state = thaw() if self._beside is None else await self._beside(thaw)
                require_position(state, position)
            except SnapshotError as fault:
                self.refused += 1
                logger.warning("%s: snapshot at %d not used: %s", self.place, position, fault, offset=position)
                continue
            self._check_bounds(state.next, first, end)
            self.cold = False
            logger.debug("%s: state loaded at ledger offset %d", self.place, state.next)
            return state
        self.cold = True
        if self.refused:
            logger.warning("%s: no snapshot can be used; cold start, the whole ledger is replayed", self.place)
        else:
            logger.debug("%s: there is no snapshot; the ledger is replayed from its start", self.place)
        return self.core.new(self.place.partition)

    def _check_bounds(self, position: int, first: int, end: int) -> None:
        if not first <= position <= end:
            raise self._unusable(
                LedgerError(
                    "the ledger does not hold the next record to apply",
                    got=f"offsets {first} to {end}",
                    expected=f"offset {position} among them",
                )
            )

    def _unusable(self, fault: FxwatchError) -> PartitionStoppedError:
        """A stop that no decision on a single record heals."""
        where = "before any record" if self.state is None else f"at ledger offset {self.state.next}"
        mend = "mend the cause and restart"
        if isinstance(fault, LedgerError):
            mend = "the ledger was truncated or recreated: restore it, or begin new snapshot and progress topics"
        return PartitionStoppedError(f"{self.place} stopped {where}: {fault}", todo=mend)

    # -- applying -------------------------------------------------------------------------------------------------

    async def run(self, records: list[Any]) -> None:
        """Apply a run; publish its outputs before returning. Records already applied are skipped.

        A record that cannot be applied stops this partition only: what came before it is published, `next` stays at it.
        """
        async with self._lock:
            self._handed_over = max(self._handed_over, records[-1].offset + 1)
            if self.status != "running" or self.state is None:
                return  # not lost: `next` has not moved, so the records are replayed when the partition opens again
            try:
                await self._require_same_ledger(records)
                await self._replay(records[0].offset)
                await self._step(records)
            except PartitionStoppedError as stop:
                self._stop(stop)
                return
            except BaseException as fault:
                if self.state is None:
                    # `_step` forgot it: as "running" it would drop every later run without a word
                    self._become("stopped", self._interrupted(records[0].offset, fault))
                raise
            await self._save(self, self.state)

    def _interrupted(self, offset: int, fault: BaseException) -> PartitionStoppedError:
        if isinstance(fault, asyncio.CancelledError):
            # anything else ends the worker with a message of its own
            logger.warning(
                "%s: the run at ledger offset %d was interrupted while it was published",
                self.place,
                offset,
                offset=offset,
            )
        return PartitionStoppedError(
            f"{self.place} stopped: the run at ledger offset {offset} was interrupted while it was published",
            got=repr(fault),
            todo="nothing is lost: the next assignment, or a restart, replays from the last snapshot",
        )

    async def _require_same_ledger(self, records: list[Any]) -> None:
        """Offsets that go back without a rebalance are those of a ledger that was cut off or created anew.

        Failure prevented: its records have offsets that were applied before, and would pass as redelivered.
        """
        assert self.state is not None
        back, self._delivered = records[0].offset <= self._delivered, records[-1].offset
        if not back:
            return
        try:
            first, end, _ = await self.log.bounds(self.place)
        except LedgerError as fault:
            raise self._unusable(fault) from fault
        self._check_bounds(self.state.next, first, end)

    async def _step(self, records: list[Any]) -> None:
        """Apply `records` and publish their outputs; on a stop, publish those of the records before it."""
        outputs: list[Output] = []
        assert self.state is not None
        try:
            try:
                await self._apply(records, outputs)
            except PartitionStoppedError as stop:
                if outputs and stop.position is not None:
                    await self.outputs.publish(outputs, stop.position)
                raise
            if outputs:
                await self.outputs.publish(outputs, self.state.next)
        except BaseException:
            # A rebalance cancels an opening in the middle of its work: the state is then past outputs that nobody has
            # published. Kept, it would never make them again; forgotten, it is rebuilt and they come with the replay.
            if outputs:
                self.state, self.unsaved = None, 0
            raise

    async def _replay(self, stop: int) -> None:
        """Apply the ledger's records from `next` up to `stop` (exclusive)."""
        state = self.state
        assert state is not None
        if state.next >= stop:
            return
        start, began = state.next, time.monotonic()
        async for records in self.log.records(self.place.partition, start, stop):
            before = state.next
            await self._step(records)
            self.replayed += state.next - before
            self._on_replayed(state.next - before)
            await self._save(self, state)
        if state.next < stop:
            raise self._stopped(
                state.next, LedgerError("the ledger ended before the record that was expected", expected=stop)
            )
        took = time.monotonic() - began
        tell = logger.info if took >= TOLD_REPLAY_SECONDS else logger.debug
        tell("%s: replayed [%d, %d) in %.2f s", self.place, start, stop, took)

    async def _apply(self, records: list[Any], outputs: list[Output]) -> None:
        state, core, partition = self.state, self.core, self.place.partition
        assert state is not None
        breathe = time.monotonic() + BREATHE_SECONDS
        for record in records:
            offset = record.offset
            if offset < state.next:
                continue
            if offset > state.next:
                raise self._stopped(
                    state.next, LedgerError("ledger offsets are not dense", got=offset, expected=state.next)
                )
            if offset in self._skips:
                core.skip(state, offset)
                continue
            try:
                made = core.apply(state, partition, record, muted=offset < self.outputs.published)
                self._require_own_topics(made)
            except Exception as fault:
                # Whatever it is, it would come again at every replay: the partition stops here, the others go on.
                raise self._stopped(offset, fault) from fault
            outputs += made
            self.unsaved += 1
            if time.monotonic() > breathe:
                await asyncio.sleep(0)
                breathe = time.monotonic() + BREATHE_SECONDS

    def _require_own_topics(self, made: list[Output]) -> None:
        """A record for a topic that is none of the agent's would look there as if another had written it."""
        for one in made:
            if not self._may_write(one.topic):
                raise RefusedError(
                    f"the core of {self.place.agent} made a record for a topic that is not its own", got=one.topic
                )

    def _stopped(self, offset: int, fault: Exception) -> PartitionStoppedError:
        place = self.place
        decision = f"fxwatch skip {place.agent} {place.partition} {offset} --reason ..."
        return PartitionStoppedError(
            f"{place} stopped at ledger offset {offset}: {fault if isinstance(fault, FxwatchError) else repr(fault)}",
            position=offset,
            todo=f"mend the cause and restart, or record a decision: {decision}",
        )

    def _stop(self, stop: PartitionStoppedError) -> None:
        # The state may be torn by what was raised; it is rebuilt from the last snapshot when the partition opens again.
        self.state, self.unsaved = None, 0
        logger.error("%s", stop, agent=self.place.agent, partition=self.place.partition, offset=stop.position)
        self._become("stopped", stop)

    async def wait_for_skip(self) -> None:
        """While stopped, look for an operator's decision on the offset it stopped at; open again when there is one."""
        while self.status == "stopped" and self.cause is not None:
            await asyncio.sleep(SKIP_POLL_SECONDS)
            try:
                progress = await self.log.progress(self.place)
            except (LedgerError, ProgressError):
                continue  # why the partition is stopped, or as good a reason: it is asked again
            # revoked meanwhile, it is no longer ours to open: that would fence the next owner
            if self.status == "stopped" and self.cause is not None and self.cause.position in progress.skips:
                await self.open()

    # -- leaving --------------------------------------------------------------------------------------------------

    async def suspend(self) -> None:
        """The partition is revoked, perhaps only for a rebalance: save, keep the state, hold no producer."""
        async with self._lock:
            if self.status == "closed":
                return
            if self.status == "running" and self.state is not None and self.unsaved:
                await self._save(self, self.state, now=True)
            self._become("closed")
            await self.outputs.close()

    async def drop(self) -> None:
        """The partition is another worker's now: forget the state."""
        await self.suspend()
        self.state, self.unsaved = None, 0


def require_position(state: State, position: int) -> None:
    """The state itself says where it ends; pointer and header only repeat it. Raises `SnapshotError` on another."""
    if state.next != position:
        raise SnapshotError("the snapshot's state is of another position", got=state.next, expected=position)
