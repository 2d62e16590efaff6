"""What a partition reads from Kafka: the ledger, its progress and its snapshots. Read only, in no consumer group.

Read-only commands (`state digest`, `rescore`) use the same reader, and never a transactional producer: starting one
would fence the worker.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as BrokerError

from streams.errors import BrokerUnavailableError, FxwatchError, LedgerError, ProgressError, SnapshotError
from streams.kafka import clients
from streams.kafka.unreadable_sets import UnreadableSetError
from streams.ledger.progress import AgentPartition, Progress, SnapshotPointer
from streams.ledger.snapshot_format import Section, assemble, chunk_opening, header_key, read_header
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

# Snapshots being read at once. Failure prevented: twelve partitions of a million parties would hold all their chunks,
# decoded and not, at the same time: three times the state's own size.
LOADING = 2
# One look at the ledger's topic id serves the partitions that open together.
TOPIC_ID_SECONDS = 1.0
# How often a worker looks whether its ledger is still there. Costs a connection, some 20 ms of CPU.
WATCH_SECONDS = 10.0


async def read_progress(settings: Settings, place: AgentPartition) -> Progress:
    """Everything committed for an agent's partition on `fx.progress.v1`, up to its end now.

    An input may have more partitions than that topic. Raises `ProgressError` when a record of it cannot be read.
    """
    tp = TopicPartition(place.topic, place.partition % settings.effective.engine.partitions)
    consumer = clients.make_reader(settings, committed=False)
    try:
        await consumer.start()
        consumer.assign([tp])
        stop = await clients.end_offset(consumer, tp)
    finally:
        await consumer.stop()
    progress = Progress()
    async for records in clients.read_range(settings, tp.topic, tp.partition, None, stop):
        for record in records:
            progress.absorb(place.agent, place.partition, record.key or b"", record.value)
    return progress


class KafkaLog:
    """The `Log` of streams/partition/partition.py over a real cluster.

    `group` is the consumer group whose commits count. `topic_id` is the ledger's when the process started;
    `read_topic_id` says what it is now, None where the process is too short to care.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: str,
        snapshots_topic: str,
        schema: int,
        topic_id: str,
        group: str,
        read_topic_id: Callable[[], str] | None = None,
    ) -> None:
        self._settings, self._ledger, self._snapshots = settings, ledger, snapshots_topic
        self._schema, self._topic_id, self._group = schema, topic_id, group
        self._read_topic_id = read_topic_id
        self._same_until = 0.0
        self._looking, self._loading = asyncio.Lock(), asyncio.Semaphore(LOADING)

    async def progress(self, place: AgentPartition) -> Progress:
        """Everything committed for this partition up to the read_uncommitted end at the time of the call.

        That end matters: another partition's open transaction hides committed records behind it from a read_committed
        reader, so reading only to the read_committed end could miss the previous owner's last commit.

        Raises `ProgressError` when the newest record of a key cannot be read (a snapshot's pointer alone is passed
        over: without it the next snapshot is loaded), `LedgerError` when the position is one of another ledger.
        """
        stop = await self._end(place.topic, place.partition)
        found = Progress()
        faults: dict[bytes, ProgressError] = {}
        async for records in clients.read_range(self._settings, place.topic, place.partition, None, stop):
            for record in records:
                key = record.key or b""
                faults.pop(key, None)
                try:
                    found.absorb(place.agent, place.partition, key, record.value)
                except ProgressError as fault:
                    faults[key] = fault
        for key, unread in faults.items():
            if not key.startswith(place.snapshot_key("")):
                raise unread
            logger.warning("%s: the pointer %s is passed over: %s", place, key.decode("utf-8", "replace"), unread)
        if found.ledger and found.ledger != self._topic_id:
            raise LedgerError(
                "what is published was published from another ledger, so this one was created anew",
                got=f"topic id {self._topic_id}",
                expected=f"topic id {found.ledger}",
            )
        return found

    async def _end(self, topic: str, partition: int) -> int:
        """The read_uncommitted end offset."""
        tp = TopicPartition(topic, partition)
        consumer = clients.make_reader(self._settings, committed=False)
        try:
            await consumer.start()
            consumer.assign([tp])
            return await clients.end_offset(consumer, tp)
        finally:
            await consumer.stop()

    async def snapshots(
        self, place: AgentPartition, progress: Progress
    ) -> AsyncIterator[tuple[int, Callable[[], Coroutine[Any, Any, list[Section]]]]]:
        """Snapshots by pointer, newest first: (next, coroutine function that loads and proves the sections)."""
        for pointer in sorted(progress.snapshots.values(), key=lambda one: (-one.next, one.slot)):

            async def load(pointer: SnapshotPointer = pointer) -> list[Section]:
                return await self._load(place, pointer)

            yield pointer.next, load

    async def _load(self, place: AgentPartition, pointer: SnapshotPointer) -> list[Section]:
        async with self._loading:
            end = await self._end(self._snapshots, place.partition)
            if not 0 <= pointer.first <= pointer.last < end:
                # reading up to an offset that does not exist would wait for it for ever
                raise SnapshotError(
                    "the snapshot is not on its topic any more",
                    got=f"a topic that ends at {end}",
                    expected=f"offsets {pointer.first} to {pointer.last}",
                )
            try:
                headers, values = await self._read(place, pointer)
            except UnreadableSetError as fault:
                # the other slot, or the ledger itself: a broker's disk must not keep a partition from opening
                raise SnapshotError("a part of the snapshot cannot be read", got=str(fault)) from fault
            header = read_header(headers[-1]) if headers else None
            told = (pointer.snapshot_id, pointer.slot, pointer.next, place.agent, place.partition)
            if header is None or (header.snapshot_id, header.slot, header.next, header.agent, header.partition) != told:
                raise SnapshotError("the snapshot is not on its topic any more", expected=pointer.snapshot_id)
            return await asyncio.to_thread(assemble, header, values, self._schema, self._topic_id)

    async def _read(self, place: AgentPartition, pointer: SnapshotPointer) -> tuple[list[bytes], list[bytes]]:
        """(headers, chunks) at the pointer's place; of other snapshots nothing is kept, however far they reach."""
        headers: list[bytes] = []
        values: list[bytes] = []
        key, opening = header_key(place.agent, place.partition, pointer.slot), chunk_opening(pointer.snapshot_id)
        async for records in clients.read_range(
            self._settings, self._snapshots, place.partition, pointer.first, pointer.last + 1
        ):
            for record in records:
                if record.key == key and record.value is not None:
                    headers = [record.value]
                elif record.value is not None and record.value.startswith(opening):
                    values.append(record.value)
        return headers, values

    async def _require_same_ledger(self) -> None:
        """Raise `LedgerError` when the ledger was deleted and created again while this process ran."""
        if self._read_topic_id is None:
            return
        async with self._looking:
            if time.monotonic() < self._same_until:
                return
            current = await asyncio.to_thread(self._read_topic_id)
            if current != self._topic_id:
                raise LedgerError(
                    "the ledger was deleted, and perhaps created anew",
                    got=f"topic id {current}",
                    expected=f"topic id {self._topic_id}",
                    todo="restore the ledger, or begin new snapshot and progress topics",
                )
            self._same_until = time.monotonic() + TOPIC_ID_SECONDS

    async def watch(self, on_other: Callable[[LedgerError], Any]) -> None:
        """Look for ever whether the ledger is the one this process began with; `on_other` is told when it is not.

        Failure prevented: Faust drops a topic that was deleted from its assignment, and does not come back to it. The
        worker would look healthy and read nothing.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                await self._require_same_ledger()
            except LedgerError as fault:
                on_other(fault)
                return
            except BrokerUnavailableError as fault:
                logger.debug("the ledger's topic id cannot be read now: %r", fault)  # the broker watch's business
            except (FxwatchError, BrokerError) as fault:
                # no reason to end a worker that reads the ledger; but nobody looks after it now, and that is told
                logger.warning("whether the ledger is still the same cannot be told: %s", fault)

    async def bounds(self, place: AgentPartition) -> tuple[int, int, int]:
        """(first, end, committed) ledger offsets of the partition; committed is 0 when the group has none.

        Raises `LedgerError` when the ledger is not the one this process began with.
        """
        await self._require_same_ledger()
        tp = TopicPartition(self._ledger, place.partition)
        consumer = clients.make_reader(self._settings, committed=False, group=self._group)
        try:
            await consumer.start()
            consumer.assign([tp])
            first = int((await consumer.beginning_offsets([tp]))[tp])
            end = await clients.end_offset(consumer, tp)
            committed = await self._committed(consumer, tp)
        finally:
            await consumer.stop()
        return first, end, committed

    @staticmethod
    async def _committed(consumer: Any, tp: TopicPartition) -> int:
        for _attempt in range(20):
            try:
                return int(await consumer.committed(tp) or 0)
            except KafkaError as fault:
                if not fault.retriable:
                    raise
                await asyncio.sleep(0.1)
        return int(await consumer.committed(tp) or 0)

    async def records(self, partition: int, start: int, stop: int) -> AsyncIterator[list[Any]]:
        """Ledger records in [start, stop), in lists as fetched. The ledger is written without transactions."""
        async for records in clients.read_range(
            self._settings, self._ledger, partition, start, stop, committed=False, unreadable="each"
        ):
            yield records
