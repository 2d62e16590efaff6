"""The monitor agent: ledger -> state -> alerts, exactly once. The science is `detectors.core.apply`; this drives it."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import river.tree.padded  # noqa: F401  (growing the first forest imports it: a second that no event should wait)
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTransactionTimeout,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedVersionError,
)
from faust.types import TP

from detectors.memory.frozen_state import STATE_SCHEMA
from detectors.memory.state import PartitionState
from streams.errors import BrokerUnavailableError, FxwatchError, RefusedError
from streams.faust_runtime import app as faust_app
from streams.faust_runtime import run_consumer
from streams.faust_runtime.lag import known_ends
from streams.faust_runtime.lag import lag as lag_of
from streams.kafka import clients, topics
from streams.kafka.async_tasks import ended
from streams.ledger.progress import AgentPartition
from streams.log import logs
from streams.monitor.core import AGENT, MonitorCore
from streams.operations import health
from streams.operations.health import WatchdogError
from streams.operations.metrics import Metrics
from streams.partition.kafka_log import KafkaLog
from streams.partition.outputs import PartitionOutputs
from streams.partition.partition import Partition
from streams.partition.snapshot_writer import SnapshotPlan, SnapshotWriter
from streams.settings import Settings

logger = logs.get_logger(__name__)

RETRY_SECONDS = 1.0
# What the broker's absence looks like while something is read: aiokafka's word for it, and the admin client's.
AWAY = (KafkaError, BrokerUnavailableError)
# What an opening meets that does not pass by itself: rights, and a transaction time-out that the brokers do not allow.
NOT_GRANTED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTransactionTimeout,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedVersionError,
)
# Snapshots written at once: one waits for the broker while another is packed.
WRITING = 2


def _unreadable(place: AgentPartition, cause: Exception, settings: Settings) -> BrokerUnavailableError:
    return BrokerUnavailableError(
        f"the ledger of {place} cannot be read",
        got=repr(cause),
        expected=f"an answer within broker_patience_seconds = {settings.broker_patience_seconds:.0f}",
        todo="see the broker's log; mend it, then start the worker again, nothing is lost",
    )


def _refused(place: AgentPartition, fault: Exception) -> RefusedError:
    return RefusedError(
        f"{place} cannot be opened: the cluster refuses it",
        got=repr(fault),
        expected="Read and Write on fxwatch's topics, groups and transactional ids; transaction_timeout_seconds "
        "within the brokers' transaction.max.timeout.ms",
        todo="grant what is missing to this worker, then start it again, nothing is lost",
    )


async def _frozen(state: PartitionState) -> Any:
    """The state as a snapshot needs it. Its partition waits meanwhile; everybody else goes on between the steps.

    Failure prevented: a copy of a large partition at once, beside another's work, held the loop for 98 ms (measured).
    """
    frozen, steps = state.freezing()
    for _ in steps:
        await asyncio.sleep(0)
    return frozen


class MonitorAgent:
    """The monitor's Faust app and its partitions."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        broker: health.BrokerWatch,
        *,
        topic_id: dict[int, str] | str,
        code_version: str,
        config_version: str,
        web: bool,
    ) -> None:
        self.settings, self.metrics, self.broker = settings, metrics, broker
        self.app = faust_app.build(settings, AGENT, web=web)
        self.core = MonitorCore(code_version)
        self.log = KafkaLog(
            settings,
            ledger=topics.LEDGER,
            snapshots_topic=topics.SNAPSHOTS,
            schema=STATE_SCHEMA,
            topic_id=str(topic_id),
            group=self.app.conf.id,
            read_topic_id=partial(topics.read_topic_id, settings, topics.LEDGER),
        )
        self._topic_id = str(topic_id)
        self.plan = SnapshotPlan(
            topic=topics.SNAPSHOTS,
            schema=STATE_SCHEMA,
            code=code_version,
            config=config_version,
            topic_id=str(topic_id),
            every_events=settings.snapshot_every_events,
            every_seconds=settings.snapshot_every_seconds,
            transaction_timeout=settings.transaction_timeout_seconds,
        )
        self.partitions: dict[int, Partition[PartitionState]] = {}
        self.writers: dict[int, SnapshotWriter] = {}
        self.opening: dict[int, asyncio.Task[None]] = {}
        self._unpacking, self._writing = asyncio.Lock(), asyncio.Semaphore(WRITING)
        self.assigned: set[int] | None = None  # None: the group has not given us anything yet
        self.unread: dict[int, str] = {}  # partition -> why its ledger cannot be read for a run
        self.unopened: dict[int, str] = {}  # partition -> why it is not open yet
        self.saved = 0  # partitions that were left with a snapshot of their last state
        self.last_progress = time.monotonic()
        run_consumer.install(
            self.app,
            run_records=settings.run_records,
            queued_runs=settings.queued_runs,
            order_wait=settings.order_wait_seconds,
            ordered=False,
            ready=self.ready,
        )
        self.app.agent(faust_app.raw_topic(self.app, topics.LEDGER), name=AGENT)(self._agent)
        self.app.on_partitions_assigned.connect(self._on_assigned)
        self.app.on_partitions_revoked.connect(self._on_revoked)
        self.app.on_before_shutdown.connect(self._on_shutdown)

    # -- Faust's side ---------------------------------------------------------------------------------------------

    def ready(self, tp: TP) -> bool:
        """Whether the partition takes runs now."""
        partition = self.partitions.get(tp.partition)
        return tp.topic == topics.LEDGER and partition is not None and partition.status == "running"

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
        self.metrics.observe_stage(AGENT, "publish", max(0.0, time.perf_counter() - began - busy))
        self.core.tally.flush(self.metrics, AGENT, len(records))
        self.last_progress = time.monotonic()
        opening = self.opening.get(number)
        if partition.status == "stopped" and (opening is None or opening.done()):
            # stopped in the middle of its work: watched for an operator's decision as one that stopped when it opened
            self._start_opening(number)

    async def _run_patiently(self, partition: Partition[PartitionState], records: list[Any]) -> None:
        """A run may have to read the ledger first, which waits for a broker: `/readyz` says so.

        How long one may be away is the broker watch's business; one that answers and cannot be read from for longer
        than the patience raises `BrokerUnavailableError`.
        """
        number, since = partition.place.partition, time.monotonic()
        try:
            while True:
                try:
                    return await partition.run(records)
                except AWAY as fault:
                    cause = fault
                since = since if self.broker.reachable else time.monotonic()
                if time.monotonic() - since > self.settings.broker_patience_seconds:
                    raise _unreadable(partition.place, cause, self.settings) from cause
                self.unread[number] = f"{partition.place}: the ledger cannot be read now, trying again: {cause!r}"
                logger.warning("%s", self.unread[number], agent=AGENT, partition=number, fault=cause)
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            self.unread.pop(number, None)

    async def _on_assigned(self, _app: Any, assigned: set[TP], **_: Any) -> None:
        # partitions that somebody added to a ledger later hold nothing, and no state belongs to them
        most = self.settings.effective.engine.partitions
        numbers = {tp.partition for tp in assigned if tp.topic == topics.LEDGER and tp.partition < most}
        self.assigned = numbers
        for number in [number for number in self.partitions if number not in numbers]:
            await self.partitions.pop(number).drop()
            await self.writers.pop(number).close()
            self.metrics.forget_partition(AGENT, number)
        for number in sorted(numbers):
            if number not in self.partitions:
                self._create(number)
            self._start_opening(number)

    async def _on_revoked(self, _app: Any, revoked: set[TP], **_: Any) -> None:
        numbers = [tp.partition for tp in revoked if tp.topic == topics.LEDGER and tp.partition in self.partitions]
        await self._leave(numbers)

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
                    AGENT,
                    number,
                    result,
                    agent=AGENT,
                    partition=number,
                )

    async def _leave_one(self, number: int) -> None:
        # Twice: a run that found the partition stopped meanwhile has begun to watch for a decision, and might open it.
        for _ in range(2):
            await ended(self.opening.pop(number, None))
            await self.partitions[number].suspend()
        await self.writers[number].finish()

    # -- partitions -----------------------------------------------------------------------------------------------

    async def _beside(self, work: Callable[[], PartitionState]) -> PartitionState:
        """One at a time: twelve threads would keep the loop waiting for the interpreter longer than the work itself."""
        async with self._unpacking:
            return await asyncio.to_thread(work)

    def _create(self, number: int) -> None:
        place = AgentPartition(topics.PROGRESS, AGENT, number)
        name = f"{self.app.conf.id}-{number}"
        producer = partial(clients.transactional_producer, self.settings)

        async def read_published() -> int:
            return (await self.log.progress(place)).next

        outputs = PartitionOutputs(
            partial(producer, name),
            read_published,
            self.broker.was_away,
            place,
            self.settings.broker_patience_seconds,
            self._topic_id,
            transaction_timeout=self.settings.transaction_timeout_seconds,
        )
        self.writers[number] = SnapshotWriter(
            partial(producer, f"{name}-snapshot"), place, self.plan, partial(self._saved, number), self._writing
        )
        self.partitions[number] = Partition(
            place, self.core, self.log, outputs, self._save, self._on_change, self._beside, self._flush
        )

    def _flush(self, replayed: int = 0) -> None:
        """What was replayed, into the metrics; it was no run."""
        self.metrics.count_replayed(AGENT, replayed)
        self.core.tally.flush(self.metrics, AGENT)

    def _start_opening(self, number: int) -> None:
        earlier = self.opening.pop(number, None)
        self.opening[number] = asyncio.ensure_future(self._open(self.partitions[number], earlier))

    async def _open(self, partition: Partition[PartitionState], earlier: asyncio.Task[None] | None = None) -> None:
        """Open, as often as it takes: how long a broker is waited for is the broker watch's business."""
        await ended(earlier)
        number = partition.place.partition
        try:
            while True:
                try:
                    return await self._open_once(partition)
                except NOT_GRANTED as fault:
                    health.die(_refused(partition.place, fault))
                except AWAY as fault:
                    self.unopened[number] = f"{partition.place}: cannot be opened now, trying again: {fault!r}"
                    logger.warning("%s", self.unopened[number], agent=AGENT, partition=number, fault=fault)
                    await asyncio.sleep(RETRY_SECONDS)
                except asyncio.CancelledError:
                    task = asyncio.current_task()
                    if task is None or task.cancelling():
                        raise
                    # something it waited for was cancelled: left at that, nobody would open the partition any more
                    health.die(
                        WatchdogError(
                            f"the opening of {partition.place} ended, and nobody had asked for that",
                            todo="report it; start the worker again, nothing is lost",
                        )
                    )
                except Exception as fault:  # noqa: BLE001  (an unopened partition would be silence)
                    health.die(fault)
        finally:
            self.unopened.pop(number, None)

    async def _open_once(self, partition: Partition[PartitionState]) -> None:
        if partition.status != "stopped":
            await self.writers[partition.place.partition].start()
            await partition.open()
        self._flush()
        self.unopened.pop(partition.place.partition, None)
        if partition.status == "stopped":
            await partition.wait_for_skip()

    async def _save(self, partition: Partition[PartitionState], state: PartitionState, *, now: bool = False) -> None:
        writer = self.writers[partition.place.partition]
        if now:
            await writer.finish()
        if writer.due(partition.unsaved) or (now and partition.unsaved):
            day = datetime.fromtimestamp(state.watermark, UTC).date().isoformat() if state.watermark else None
            writer.begin(await _frozen(state), state.next, day)
            partition.unsaved = 0
        if now:
            await writer.finish()

    def _saved(self, number: int, size: int, at: float) -> None:
        self.metrics.snapshot_saved(AGENT, number, at, size)
        state = self.partitions[number].state if number in self.partitions else None
        if state is not None:
            self.metrics.set_state_size(number, len(state.parties), size)

    def _on_change(self, partition: Partition[PartitionState]) -> None:
        number = partition.place.partition
        if partition.status == "closed":
            self.metrics.forget_partition(AGENT, number)
        else:
            self.metrics.set_partition_state(AGENT, number, partition.status)
            self.metrics.set_loaded(AGENT, number, refused=partition.refused, cold=partition.cold)

    # -- what health asks -----------------------------------------------------------------------------------------

    def held(self) -> list[int]:
        """The ledger partitions held."""
        return sorted(self.assigned or ())

    def observe_lag(self) -> int:
        """Set the lag of every partition held; returns the sum over running ones (records)."""
        total, ends = 0, known_ends(self.app._consumer)  # noqa: SLF001  (`app.consumer` would create one)
        for number, partition in self.partitions.items():
            if partition.state is None:
                continue
            tp = TP(topics.LEDGER, number)
            lag = lag_of(self.app._consumer, tp, ends.get(tp), partition.state.next)  # noqa: SLF001
            self.metrics.set_lag(AGENT, number, lag)
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
            return ["monitor: no partitions assigned yet"]
        reasons = self._waited_for()
        for number in sorted(self.assigned):
            partition = self.partitions.get(number)
            if partition is None or partition.status in ("closed", "replaying"):
                reasons.append(self.unopened.get(number, f"monitor[{number}]: replaying"))
            elif partition.status == "stopped" and partition.cause is not None:
                reasons.append(partition.cause.message)
        return reasons
