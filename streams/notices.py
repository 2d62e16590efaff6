"""Dead letters of conflicts.

The monitor finds a conflict; only the ingest role may read raw topics, so it writes the letter.

Notices come in Kafka transactions, so they are read with a plain read_committed consumer of their own: Faust's would
also hand over aborted ones, and its order between topics has no use for them. A letter is written at least once; its
source topic, partition and offset are its identity.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from detectors.core import Notice
from streams import clients, health, topics
from streams.clients import Record
from streams.deadletter import dead_letter
from streams.faults import CODES
from streams.settings import Settings

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0

Deliver = Callable[[int, Record, str, str], Awaitable[None]]


class ConflictLetters:
    """Reads `fx.notices.v1` and writes the dead letter of each conflict, with the sender's original bytes."""

    def __init__(
        self, settings: Settings, deliver: Deliver, version: str, die: Callable[[BaseException], Any] = health.die
    ) -> None:
        self._settings, self._deliver, self._version, self._die = settings, deliver, version, die
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start reading in the background."""
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """Stop reading; an unfinished letter is written again by the next worker."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=5)

    async def _run(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(
                topics.NOTICES,
                bootstrap_servers=self._settings.bootstrap_servers,
                isolation_level="read_committed",
                group_id=f"{self._settings.application}-notices",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=int(self._settings.session_timeout_seconds * 1000),
                metadata_max_age_ms=clients.METADATA_AGE_MS,
            )
            try:
                await consumer.start()
                await self._read(consumer)
            except (KafkaError, TimeoutError) as fault:
                logger.warning("conflict notices are not read, trying again in %.0f s: %r", RETRY_SECONDS, fault)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as fault:  # noqa: BLE001  (a task that ended here would end the letters without a word)
                self._die(fault)
                return
            finally:
                await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=1000)
            for records in fetched.values():
                for record in records:
                    await self.write(msgspec.json.decode(record.value, type=Notice), record.timestamp)
            if fetched:
                await consumer.commit()

    async def write(self, notice: Notice, timestamp: int) -> None:
        """Write the dead letter of the conflicting record with its original bytes; `timestamp` is its own, ms UTC."""
        source, first = notice.source, notice.first
        assert source is not None  # only the first configuration has none, and it conflicts with nothing
        found = await self._original(source.topic, source.partition, source.offset)
        message = f"{CODES[notice.code]} It stands as " + (
            f"{first.topic}[{first.partition}] offset {first.offset}" if first else "unknown"
        )
        key, value = None, None
        headers: clients.Headers = ()
        if found is None:
            message += "; the original bytes are past their topic's retention"
        else:
            key, value, headers, timestamp = found.key, found.value, found.headers, found.timestamp
        key, value, letter_headers = dead_letter(
            source.topic,
            source.partition,
            source.offset,
            timestamp,
            key,
            value,
            headers,
            "monitor",
            (notice.code,),
            message,
            self._version,
        )
        await self._deliver(source.partition, (key, value, letter_headers, timestamp), source.topic, notice.code)

    async def _original(self, topic: str, partition: int, offset: int) -> Any:
        consumer = clients.reader(self._settings, committed=False)
        try:
            await consumer.start()
            tp = TopicPartition(topic, partition)
            consumer.assign([tp])
            first = (await consumer.beginning_offsets([tp]))[tp]
            if offset < first:
                return None
            consumer.seek(tp, offset)
            record = await asyncio.wait_for(consumer.getone(tp), 30)
        finally:
            await consumer.stop()
        return record if record.offset == offset else None
