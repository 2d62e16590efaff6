"""An agent that learns: it owns partitions of one topic, keeps a state of each, and publishes what follows from it.

What an agent has of its own are its `AgentParameters`; the monitor's stand in streams/monitor/agent.py. Exactness is
the work of `Partition` (partition.py). Here stands when a partition is opened, fed, saved and left.

A partition's life, and its `Partition.status` meanwhile:

1. Assigned (`closed`). Kafka's group gives the partition to this process. It gets a producer for outputs and one for
   snapshots, under transactional ids that no other agent or partition has.
2. Opened (`replaying`). Both producers start: a former owner is fenced, and what it had open is ended. The state is
   the one still in memory, or that of the newest snapshot, or a new one. Then the ledger is replayed to its position.
   Brokers that are away are waited for; a right that is missing ends the process.
3. Fed (`running`). Faust hands over runs of records, each only after the one before it is done. A run's outputs and
   the position behind it are one Kafka transaction.
4. Saved (still `running`). After so many records or seconds the state is copied and written beside the work.
5. Held (`stopped`). A record cannot be applied. The other partitions go on. This one waits for the operator's
   decision to skip the record, or for a restart with mended code, and is then opened again (2).
6. Revoked (`closed`). The state is saved and stays in memory, because the next assignment often gives it back (1).
7. Lost. The next assignment gave it to another process: state, producers and metrics are forgotten.
8. Stopped with the process. As revoked; after `shutdown_seconds` the process ends in any case.

A kill at any of these moments loses nothing: the next owner begins at 2 with what is on the topics.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic

from faust.types import TP

from streams.errors import FxwatchError
from streams.faust_runtime import app as faust_app
from streams.faust_runtime import run_consumer
from streams.faust_runtime.lag import known_ends
from streams.faust_runtime.lag import lag as lag_of
from streams.kafka import clients, topics
from streams.kafka.async_tasks import cancel_and_wait
from streams.log import logs
from streams.operations import health
from streams.operations.metrics import Metrics
from streams.partition.agent_parameters import AgentParameters, D
from streams.partition.opening_faults import AWAY, NOT_GRANTED, ended_unasked, not_granted, unreadable
from streams.partition.outputs import PartitionOutputs
from streams.partition.partition import Partition
from streams.partition.relay import Relay
from streams.partition.snapshot_writer import SnapshotPlan, SnapshotWriter
from streams.settings import Settings

logger = logs.get_logger(__name__)

RETRY_SECONDS = 1.0
# Snapshots written at once: one waits for the broker while another is packed.
WRITING = 2


async def freeze_beside(state: D) -> Any:
    """The state as a snapshot needs it. Its partition waits meanwhile; everybody else goes on between the steps.

    Failure prevented: a copy of a large partition at once, beside another's work, held the loop for 98 ms (measured).
    """
    frozen, steps = state.freezing()
    for _ in steps:
        await asyncio.sleep(0)
    return frozen


class StatefulAgent(Generic[D]):
    """One agent of this process: its Faust app and the partitions that it holds.

    Agents of one process share nothing but the event loop, the broker watch and the metrics, whose series bear the
    agent's name. `topic_id` is the input topic's (KIP-516): no state goes on from a topic that was created anew.
    """

    def __init__(
        self,
        parameters: AgentParameters[D],
        settings: Settings,
        metrics: Metrics,
        broker: health.BrokerWatch,
        *,
        topic_id: str,
        code_version: str,
        config_version: str,
        web: bool,
    ) -> None:
        self.parameters, self.identity, self.name = parameters, parameters.identity, parameters.identity.name
        self.settings, self.metrics, self.broker = settings, metrics, broker
        self.core = parameters.core(code_version)
        self.log = self.identity.open_log(settings, topic_id, watched=True)
        self.plan = SnapshotPlan(
            topic=topics.SNAPSHOTS,
            schema=self.identity.state_schema,
            code=code_version,
            config=config_version,
            topic_id=topic_id,
            every_events=settings.snapshot_every_events,
            every_seconds=settings.snapshot_every_seconds,
            transaction_timeout=settings.transaction_timeout_seconds,
        )
        self.partitions: dict[int, Partition[D]] = {}
        self.writers: dict[int, SnapshotWriter] = {}
        self.opening: dict[int, asyncio.Task[None]] = {}
        self._unpacking, self._writing = asyncio.Lock(), asyncio.Semaphore(WRITING)
        self.assigned: set[int] | None = None  # None: the group has not given us anything yet
        self.unread: dict[int, str] = {}  # partition -> why its ledger cannot be read for a run
        self.unopened: dict[int, str] = {}  # partition -> why it is not open yet
        self.saved = 0  # partitions that were left with a snapshot of their last state
        self.last_progress = time.monotonic()
        self.app = faust_app.build(settings, self.name, web=web)
        self._connect()

    def _connect(self) -> None:
        """Let Faust call: runs of records, and the group's decisions about partitions."""
        run_consumer.install(
            self.app,
            run_records=self.settings.run_records,
            queued_runs=self.settings.queued_runs,
            order_wait=self.settings.order_wait_seconds,
            ordered=False,
            ready=self.ready,
        )
        self.app.agent(faust_app.raw_topic(self.app, self.identity.input_topic), name=self.name)(self._agent)
        self.app.on_partitions_assigned.connect(self._on_assigned)
        self.app.on_partitions_revoked.connect(self._on_revoked)
        self.app.on_before_shutdown.connect(self._on_shutdown)

    # -- fed by Faust ---------------------------------------------------------------------------------------------

    def ready(self, tp: TP) -> bool:
        """Whether the partition takes runs now."""
        partition = self.partitions.get(tp.partition)
        return tp.topic == self.identity.input_topic and partition is not None and partition.status == "running"

    async def _agent(self, stream: Any) -> None:
        async for event in stream.events():
            try:
                await self._run(event.message.partition, event.value)
            except FxwatchError as fault:
                health.die(fault)
            except Exception as fault:  # noqa: BLE001  (Faust would ack and go on; nothing may pass unseen)
                health.die(fault)

    async def _run(self, number: int, records: list[Any]) -> None:
        partition = self.partitions.get(number)
        if partition is None:
            return  # revoked meanwhile; the next owner replays from the state's own position
        began, busy = time.perf_counter(), self.core.tally.busy
        await self._run_patiently(partition, records)
        busy = self.core.tally.busy - busy
        self.metrics.observe_stage(self.name, "publish", max(0.0, time.perf_counter() - began - busy))
        self.core.tally.flush(self.metrics, self.name, len(records))
        self.last_progress = time.monotonic()
        opening = self.opening.get(number)
        if partition.status == "stopped" and (opening is None or opening.done()):
            # stopped in the middle of its work: watched for an operator's decision as one that stopped when it opened
            self._start_opening(number)

    async def _run_patiently(self, partition: Partition[D], records: list[Any]) -> None:
        """A run may have to read the ledger first, which waits for a broker: `/readyz` says so.

        How long one may be away is the broker watch's business; one that answers and cannot be read from for longer
        than the patience raises `BrokerUnavailableError`.
        """
        number, since, patience = partition.place.partition, time.monotonic(), self.settings.broker_patience_seconds
        try:
            while True:
                try:
                    return await partition.run(records)
                except AWAY as fault:
                    cause = fault
                since = since if self.broker.reachable else time.monotonic()
                if time.monotonic() - since > patience:
                    raise unreadable(partition.place, cause, patience) from cause
                self.unread[number] = f"{partition.place}: the ledger cannot be read now, trying again: {cause!r}"
                logger.warning("%s", self.unread[number], agent=self.name, partition=number, fault=cause)
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            self.unread.pop(number, None)

    # -- given and taken by the group -----------------------------------------------------------------------------

    async def _on_assigned(self, _app: Any, assigned: set[TP], **_: Any) -> None:
        # partitions that somebody added to a ledger later hold nothing, and no state belongs to them
        topic, most = self.identity.input_topic, self.settings.effective.engine.partitions
        numbers = {tp.partition for tp in assigned if tp.topic == topic and tp.partition < most}
        self.assigned = numbers
        for number in [number for number in self.partitions if number not in numbers]:
            await self.partitions.pop(number).drop()
            await self.writers.pop(number).close()
            self.metrics.forget_partition(self.name, number)
        for number in sorted(numbers):
            if number not in self.partitions:
                self._create(number)
            self._start_opening(number)

    async def _on_revoked(self, _app: Any, revoked: set[TP], **_: Any) -> None:
        topic = self.identity.input_topic
        await self._leave([tp.partition for tp in revoked if tp.topic == topic and tp.partition in self.partitions])

    async def _on_shutdown(self, _app: Any, **_: Any) -> None:
        health.exit_deadline(self.settings.shutdown_seconds)
        await self._leave(list(self.partitions))
        self.saved = sum(
            one.state is not None and not one.unsaved and self.writers[number].written
            for number, one in self.partitions.items()
        )

    async def _leave(self, numbers: list[int]) -> None:
        """Save and stop producers; what goes wrong only lengthens the next replay, so it is logged and passed over."""
        results = await asyncio.gather(*(self._leave_one(number) for number in numbers), return_exceptions=True)
        for number, result in zip(numbers, results, strict=True):
            if isinstance(result, BaseException):
                logger.warning(
                    "%s[%d] was not left cleanly, replay will be longer: %r",
                    self.name,
                    number,
                    result,
                    agent=self.name,
                    partition=number,
                )

    async def _leave_one(self, number: int) -> None:
        # Twice: a run that found the partition stopped meanwhile has begun to watch for a decision, and might open it.
        for _ in range(2):
            await cancel_and_wait(self.opening.pop(number, None))
            await self.partitions[number].suspend()
        await self.writers[number].finish()

    # -- made and opened ------------------------------------------------------------------------------------------

    def _create(self, number: int) -> None:
        place, names = self.identity.place(number), self.identity.names(self.settings)
        producer = partial(clients.make_transactional_producer, self.settings)

        async def read_published() -> int:
            return (await self.log.progress(place)).next

        outputs = PartitionOutputs(
            partial(producer, names.outputs_id(number)),
            read_published,
            self.broker.was_away,
            place,
            self.settings.broker_patience_seconds,
            self.plan.topic_id,
            transaction_timeout=self.settings.transaction_timeout_seconds,
            relay=self._make_relay(number),
        )
        new_writer = partial(producer, names.snapshots_id(number))
        self.writers[number] = SnapshotWriter(
            new_writer, place, self.plan, partial(self._observe_saved, number), self._writing
        )
        self.partitions[number] = Partition(
            place,
            self.core,
            self.log,
            outputs,
            self._save,
            self._observe_status,
            self._beside,
            self._flush,
            may_write=self.parameters.may_write,
        )

    def _make_relay(self, number: int) -> Relay | None:
        if not self.parameters.relays:
            return None
        client = f"{self.identity.names(self.settings).group}-relay-{number}"
        producer = partial(clients.make_idempotent_producer, self.settings, client)
        return Relay(producer, self.parameters.relays, self.settings.broker_patience_seconds)

    async def _beside(self, work: Callable[[], D]) -> D:
        """One at a time: twelve threads would keep the loop waiting for the interpreter longer than the work itself."""
        async with self._unpacking:
            return await asyncio.to_thread(work)

    def _start_opening(self, number: int) -> None:
        earlier = self.opening.pop(number, None)
        self.opening[number] = asyncio.ensure_future(self._open(self.partitions[number], earlier))

    async def _open(self, partition: Partition[D], earlier: asyncio.Task[None] | None = None) -> None:
        """Open, as often as it takes: how long a broker is waited for is the broker watch's business."""
        await cancel_and_wait(earlier)
        number = partition.place.partition
        try:
            while True:
                try:
                    return await self._open_once(partition)
                except NOT_GRANTED as fault:
                    health.die(not_granted(partition.place, fault))
                except AWAY as fault:
                    self.unopened[number] = f"{partition.place}: cannot be opened now, trying again: {fault!r}"
                    logger.warning("%s", self.unopened[number], agent=self.name, partition=number, fault=fault)
                    await asyncio.sleep(RETRY_SECONDS)
                except asyncio.CancelledError:
                    task = asyncio.current_task()
                    if task is None or task.cancelling():
                        raise
                    # something it waited for was cancelled
                    health.die(ended_unasked(partition.place))
                except Exception as fault:  # noqa: BLE001  (an unopened partition would be silence)
                    health.die(fault)
        finally:
            self.unopened.pop(number, None)

    async def _open_once(self, partition: Partition[D]) -> None:
        if partition.status != "stopped":
            await self.writers[partition.place.partition].start()
            await partition.open()
        self._flush()
        self.unopened.pop(partition.place.partition, None)
        if partition.status == "stopped":
            await partition.wait_for_skip()

    # -- saved ----------------------------------------------------------------------------------------------------

    async def _save(self, partition: Partition[D], state: D, *, now: bool = False) -> None:
        writer = self.writers[partition.place.partition]
        if now:
            await writer.finish()
        if writer.due(partition.unsaved) or (now and partition.unsaved):
            day = datetime.fromtimestamp(state.watermark, UTC).date().isoformat() if state.watermark else None
            writer.begin(await freeze_beside(state), state.next, day)
            partition.unsaved = 0
        if now:
            await writer.finish()

    # -- what the metrics are told --------------------------------------------------------------------------------

    def _flush(self, replayed: int = 0) -> None:
        """What was replayed, into the metrics; it was no run."""
        self.metrics.count_replayed(self.name, replayed)
        self.core.tally.flush(self.metrics, self.name)

    def _observe_saved(self, number: int, size: int, at: float) -> None:
        self.metrics.note_snapshot(self.name, number, at, size)
        state = self.partitions[number].state if number in self.partitions else None
        if state is not None:
            self.parameters.observe_saved(self.metrics, number, state, size)

    def _observe_status(self, partition: Partition[D]) -> None:
        number = partition.place.partition
        if partition.status == "closed":
            self.metrics.forget_partition(self.name, number)
        else:
            self.metrics.set_partition_state(self.name, number, partition.status)
            self.metrics.set_loaded(self.name, number, refused=partition.refused, cold=partition.cold)

    # -- what health asks -----------------------------------------------------------------------------------------

    def held(self) -> list[int]:
        """The partitions held."""
        return sorted(self.assigned or ())

    def observe_lag(self) -> int:
        """Set the lag of every partition held; returns the sum over running ones (records)."""
        total, ends = 0, known_ends(self.app._consumer)  # noqa: SLF001  (`app.consumer` would create one)
        for number, partition in self.partitions.items():
            if partition.state is None:
                continue
            tp = TP(self.identity.input_topic, number)
            lag = lag_of(self.app._consumer, tp, ends.get(tp), partition.state.next)  # noqa: SLF001
            self.metrics.set_lag(self.name, number, lag)
            total += lag if partition.status == "running" else 0
        if total == 0 or self._waited_for():
            self.last_progress = time.monotonic()
        return total

    def _waited_for(self) -> list[str]:
        """What cannot be written or read now; that is no standstill of ours, and it has a patience of its own."""
        unwritten = {reason for one in self.partitions.values() for reason in one.outputs.outstanding.reasons()}
        return sorted(unwritten | set(self.unread.values()))

    def unready(self) -> list[str]:
        """Why the agent is not ready; empty when it is."""
        if self.assigned is None:
            return [f"{self.name}: no partitions assigned yet"]
        reasons = self._waited_for()
        for number in sorted(self.assigned):
            partition = self.partitions.get(number)
            if partition is None or partition.status in ("closed", "replaying"):
                reasons.append(self.unopened.get(number, f"{self.name}[{number}]: replaying"))
            elif partition.status == "stopped" and partition.cause is not None:
                reasons.append(partition.cause.message)
        return reasons
