"""What a partition reads from Kafka: the ledger, its progress and its snapshots. Read only, in no consumer group.

Read-only commands (`state digest`, `rescore`) use the same reader, and never a transactional producer: starting one
would fence the worker.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams import clients
from streams.errors import SnapshotError
from streams.progress import Place, Progress, SnapshotPointer
from streams.settings import Settings
from streams.snapshots import Header, Section, assemble, header_key


class KafkaLog:
    """The `Log` of streams/partition.py over a real cluster. `group` is the consumer group whose commits count."""

    def __init__(
        self, settings: Settings, *, ledger: str, snapshots_topic: str, schema: int, topic_id: str, group: str
    ) -> None:
        self._settings, self._ledger, self._snapshots = settings, ledger, snapshots_topic
        self._schema, self._topic_id, self._group = schema, topic_id, group

    async def progress(self, place: Place) -> Progress:
        """Everything committed for this partition up to the read_uncommitted end at the time of the call.

        That end matters: another partition's open transaction hides committed records behind it from a read_committed
        reader, so reading only to the read_committed end could miss the previous owner's last commit.
        """
        tp = TopicPartition(place.topic, place.partition)
        consumer = clients.reader(self._settings, committed=False)
        await consumer.start()
        try:
            consumer.assign([tp])
            stop = await clients.end_offset(consumer, tp)
        finally:
            await consumer.stop()
        found = Progress()
        async for records in clients.read_range(self._settings, place.topic, place.partition, None, stop):
            for record in records:
                found.absorb(place.agent, place.partition, record.key or b"", record.value)
        return found

    async def snapshots(
        self, place: Place, progress: Progress
    ) -> AsyncIterator[tuple[int, Callable[[], Coroutine[Any, Any, list[Section]]]]]:
        """Snapshots by pointer, newest first: (next, coroutine function that loads and proves the sections)."""
        for pointer in sorted(progress.snapshots.values(), key=lambda one: (-one.next, one.slot)):

            async def load(pointer: SnapshotPointer = pointer) -> list[Section]:
                return await self._load(place, pointer)

            yield pointer.next, load

    async def _load(self, place: Place, pointer: SnapshotPointer) -> list[Section]:
        header, values = None, []
        key = header_key(place.agent, place.partition, pointer.slot)
        prefix = key.removesuffix(b"header")
        try:
            async for records in clients.read_range(
                self._settings, self._snapshots, place.partition, pointer.first, pointer.last + 1
            ):
                for record in records:
                    if record.key == key and record.value is not None:
                        header = msgspec.json.decode(record.value, type=Header)
                    elif record.key is not None and record.key.startswith(prefix) and record.value is not None:
                        values.append(record.value)
        except msgspec.DecodeError as fault:
            raise SnapshotError("the snapshot's header cannot be read", got=str(fault)) from fault
        if header is None or header.snapshot_id != pointer.snapshot_id:
            raise SnapshotError("the snapshot is not on its topic any more", expected=pointer.snapshot_id)
        return await asyncio.to_thread(assemble, header, values, self._schema, self._topic_id)

    async def bounds(self, place: Place) -> tuple[int, int, int]:
        """(first, end, committed) ledger offsets of the partition; committed is 0 when the group has none."""
        tp = TopicPartition(self._ledger, place.partition)
        consumer = clients.reader(self._settings, committed=False, group=self._group)
        await consumer.start()
        try:
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
        async for records in clients.read_range(self._settings, self._ledger, partition, start, stop, committed=False):
            yield records
