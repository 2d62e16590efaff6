"""Writes a partition's snapshots: when, to which slot, without stalling the event loop.

Two alternating slots, so that a torn write never costs the last good snapshot; and one a day (event time) in a slot of
its own that stays, so that an alert of last month is re-scored after replaying at most a day. Snapshots have a producer
of their own: writing one must not wait for, or be rolled back with, the outputs of a run.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from streams.errors import FxwatchError
from streams.kafka import agent_names
from streams.kafka.deliveries import Awake, mark_heard
from streams.ledger import progress, snapshot_format
from streams.ledger.progress import AgentPartition
from streams.log import logs
from streams.partition.outputs import abandon

logger = logs.get_logger(__name__)

# One chunk takes about 1 ms to pack; between two of them the loop is free.
PAUSE_BETWEEN_CHUNKS = 0.0


class SnapshotPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot's header says beside its contents, and when the next one is due."""

    topic: str
    schema: int
    code: str
    config: str
    topic_id: str
    every_events: int
    every_seconds: float
    # after how many seconds the broker ends a transaction itself
    transaction_timeout: float = math.inf


class _TimedOutError(FxwatchError):
    """The broker ended a snapshot's transaction because it took too long; nobody else was involved."""

    code = "snapshot.timed_out"


class SnapshotWriter:
    """Snapshots of one partition. A failed save is logged and only lengthens the next replay.

    Once fenced it saves nothing until `start` is called again: a producer started without a new assignment would fence
    the rightful owner's in turn, and the two would take turns at that.
    """

    def __init__(
        self,
        new_producer: Callable[[], AIOKafkaProducer],
        place: AgentPartition,
        plan: SnapshotPlan,
        on_saved: Callable[[int, float], None] = lambda _size, _at: None,
        turn: asyncio.Semaphore | None = None,
    ) -> None:
        """`turn` is shared by the partitions of a process.

        Failure prevented: twelve large snapshots written side by side take twelve times as long each, and transactions
        that outlast their time-out are lost (measured at a million parties on a loaded machine: 4 of 12).
        """
        self._new_producer, self._place, self._plan, self._on_saved = new_producer, place, plan, on_saved
        self._turn = asyncio.Semaphore() if turn is None else turn
        self._producer: AIOKafkaProducer | None = None
        self._task: asyncio.Task[None] | None = None
        self._saved_at = time.monotonic()
        self._fenced = False
        self.written = True  # whether the last save that was asked for is on the topic
        self._begun = 0.0  # when the transaction under way began
        self._slot = 0
        self._day: str | None = None

    async def start(self) -> None:
        """Start a fresh producer, at assignment and before progress is read: it ends what an older owner has open.

        An owner that was killed in the middle of a snapshot would otherwise hide the partition's progress from
        read_committed readers until its transaction times out (measured: takeovers of 36-39 s instead of 9-14 s).
        """
        await self.close()
        producer = self._new_producer()
        try:
            await producer.start()
        except BaseException:
            await abandon(producer)
            raise
        self._producer, self._fenced = producer, False

    def due(self, unsaved: int) -> bool:
        """Whether enough events or time have passed, no earlier save is being written, and nobody fenced us."""
        if unsaved == 0 or self._fenced or (self._task is not None and not self._task.done()):
            return False
        return unsaved >= self._plan.every_events or time.monotonic() - self._saved_at >= self._plan.every_seconds

    def begin(self, frozen: Any, position: int, day: str | None) -> None:
        """Write `frozen` in the background; nothing once fenced.

        `day` is the event-time date (UTC); the first save of a new day also stays.
        """
        self.written = False
        if self._fenced:
            return
        self._saved_at = time.monotonic()
        slots = [f"slot-{self._slot}"]
        self._slot = 1 - self._slot
        if day is not None and day != self._day:
            slots.append(f"day-{day}")
        self._task = asyncio.ensure_future(self._write(frozen, position, slots, day))

    async def finish(self) -> None:
        """Wait for the save under way, if any; who is cancelled meanwhile leaves it alone.

        Failure prevented: awaited itself, the save was cancelled with an opening that waited for it, and the next
        opening then found a cancelled save, ended as cancelled too, and nobody opened the partition any more.
        """
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Finish what is being written and stop the producer."""
        await self.finish()
        producer, self._producer = self._producer, None
        if producer is not None:
            await abandon(producer)

    async def _write(self, frozen: Any, position: int, slots: list[str], day: str | None) -> None:
        try:
            if self._producer is None:
                self._producer = self._new_producer()
                await self._producer.start()
            for slot in slots:
                async with self._turn:
                    size = await self._write_watched(self._producer, frozen, position, slot)
                logger.debug("%s: snapshot %s at %d, %d bytes", self._place, slot, position, size)
                self._on_saved(size, time.time())
        except ProducerFenced:
            logger.info(
                "%s: snapshot at %d not written, another worker owns the partition",
                self._place,
                position,
                offset=position,
            )
            self._fenced = True
        except _TimedOutError as fault:
            logger.warning(
                "%s: snapshot at %d not written, replay will be longer: %s",
                self._place,
                position,
                fault,
                offset=position,
            )
        except KafkaError as fault:
            logger.warning(
                "%s: snapshot at %d not written, replay will be longer: %r",
                self._place,
                position,
                fault,
                offset=position,
            )
        except Exception:
            # nobody awaits this task for minutes: what is not logged here passes unseen
            logger.exception(
                "%s: snapshot at %d not written, replay will be longer", self._place, position, offset=position
            )
        else:
            self.written = True
            self._day = day or self._day  # only now: a daily save that failed is due again with the next
            return
        producer, self._producer = self._producer, None
        if producer is not None:
            await abandon(producer)

    async def _write_watched(self, producer: AIOKafkaProducer, frozen: Any, position: int, slot: str) -> int:
        """Write, and tell a transaction that took too long from another owner: both look fenced.

        Only time spent awake is evidence. A process that was stopped (SIGSTOP) has none: meanwhile its partition was
        given to another.
        """
        with Awake(time.monotonic) as awake:
            try:
                return await self._write_slot(producer, frozen, position, slot)
            except ProducerFenced as fault:
                took, most = time.monotonic() - self._begun, self._plan.transaction_timeout
                if took < most or not awake.all_the_time:
                    raise
                raise _TimedOutError(
                    "its transaction took longer than the broker lets one take",
                    got=f"{took:.0f} s",
                    expected=f"at most transaction_timeout_seconds = {most:.0f}",
                    todo="raise it if this comes again",
                ) from fault

    async def _write_slot(self, producer: AIOKafkaProducer, frozen: Any, position: int, slot: str) -> int:
        """One snapshot as one transaction: chunks, header, and the pointer on the progress topic. Returns its bytes."""
        place, plan = self._place, self._plan
        snapshot_id = agent_names.snapshot_id(place.agent, place.partition, position, slot)
        digest, size, count = hashlib.sha256(), 0, 0
        self._begun = time.monotonic()
        await producer.begin_transaction()
        deliveries = []
        for count, value in enumerate(snapshot_format.cut_into_chunks(snapshot_id, frozen.sections()), 1):
            digest.update(value)
            size += len(value)
            key = snapshot_format.chunk_key(place.agent, place.partition, slot, count - 1)
            deliveries.append(await producer.send(plan.topic, value, key, place.partition))
            await asyncio.sleep(PAUSE_BETWEEN_CHUNKS)
        header = snapshot_format.Header(
            snapshot_id=snapshot_id,
            agent=place.agent,
            partition=place.partition,
            slot=slot,
            schema=plan.schema,
            code=plan.code,
            config=plan.config,
            next=position,
            topic_id=plan.topic_id,
            chunks=count,
            bytes=size,
            sha256=digest.hexdigest(),
        )
        header = snapshot_format.seal(header)
        key = snapshot_format.header_key(place.agent, place.partition, slot)
        deliveries.append(await producer.send(plan.topic, msgspec.json.encode(header), key, place.partition))
        for delivery in deliveries:
            delivery.add_done_callback(mark_heard)  # where one fails all do, and the first is told
        written = [await delivery for delivery in deliveries]
        pointer = progress.SnapshotPointer(
            slot=slot,
            snapshot_id=snapshot_id,
            first=min(one.offset for one in written),
            last=max(one.offset for one in written),
            next=position,
        )
        # awaited: aiokafka commits a transaction one of whose records was refused, without a word
        await (await producer.send(place.topic, progress.encode(pointer), place.snapshot_key(slot), place.partition))
        await producer.commit_transaction()
        return size
