"""The senders' original records, by their places, read one after another with one consumer.

Failure prevented: a consumer was opened for each, 15 ms to 0.1 s, so that 5 000 conflicts of one sender held up the
dead letters of all others for more than a minute, and what it left behind took 1.4 GB.
"""

import asyncio
from collections import deque
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from detectors.contracts.events import Source
from streams.kafka import clients
from streams.kafka.unreadable_sets import Unreadable
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

ORIGINAL_SECONDS = 30.0
PAST_RETENTION = "past their topic's retention"
REPLACED = "gone: their topic was deleted and created anew, and holds another record there"

# How far one reads on to the next original instead of seeking it. Seeking may decompress a set of 32 MiB again from its
# beginning, so a sender could make every original that dear. Reading on takes less than ingest took for these records.
READ_ON = 8192
# Records of one look: 2 to 4 ms of the event loop, whose other tasks come between two looks.
LOOK = 500
_LOOK_MS = 200
# What is asked for at once, bytes, of which a seek leaves most unused; brokers give a larger set whole.
FETCH_BYTES = 1_000_000
# A reader at the end of one partition is asked for another one: brokers answer a connection's requests in order, so
# that the wait for more records there (0.1 s else) would come first.
FETCH_WAIT_MS = 10


class Originals:
    """Has a consumer, in no group, from the first `at` to `close`.

    Asked for in order of topic, partition and offset, neighbours cost some 10 us each and a new place some 10 ms. In
    memory are at most what is asked for at once, one record set (32 MiB), and one look of 4 MiB.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._place: TopicPartition | None = None
        # of the place: how many partitions its topic has, its first offset, and one past its last
        self._partitions = self._first = self._end = 0
        # the last offset asked for, and what was read from there on
        self._asked = 0
        self._held: deque[Any] = deque()

    def renew(self) -> None:
        """Believe nothing that was read before: a topic may have been deleted since, and created anew."""
        self._place = None

    async def close(self) -> None:
        """Stop the consumer, if there is one; the next `at` opens another."""
        consumer, self._consumer, self._place = self._consumer, None, None
        self._held.clear()
        if consumer is not None:
            try:
                await consumer.stop()
            except KafkaError as fault:
                logger.info("the reader of senders' originals did not stop cleanly: %r", fault)

    async def _opened(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = clients.make_reader(
                self._settings, committed=False, unreadable="set", fetch_bytes=FETCH_BYTES, fetch_wait_ms=FETCH_WAIT_MS
            )
            try:
                await self._consumer.start()
            except BaseException:
                await self.close()
                raise
        return self._consumer

    async def read_at(self, source: Source) -> tuple[Any, str]:
        """The record there, or None and where it is gone. Raises `KafkaError`, and `TimeoutError` after 30 s."""
        tp, offset = TopicPartition(source.topic, source.partition), source.offset
        consumer = await self._opened()
        if tp != self._place:
            await self._go(consumer, tp, offset)
        if tp.partition >= self._partitions:
            # waited for, the letters behind it would stand still for ever
            return None, "gone: their topic has no such partition any more"
        if offset < self._first:
            return None, PAST_RETENTION
        if offset >= self._end:
            # truncated, or deleted and created anew: there is nothing to wait for
            return None, f"gone: their topic ends at offset {self._end}"
        if not self._asked <= offset <= self._asked + READ_ON:
            self._seek(consumer, tp, offset)
        self._asked = offset
        async with asyncio.timeout(ORIGINAL_SECONDS):
            return await self._found(consumer, tp, offset)

    async def _go(self, consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> None:
        """Turn to an offset of another partition. Raises `UnknownTopicOrPartitionError` for a topic that is missing."""
        self._place = None
        consumer.assign([tp])
        # at once: the consumer would begin to fetch the oldest records that the partition has, as it does when none has
        # the offset any more
        self._seek(consumer, tp, offset)
        self._asked = offset
        self._partitions = await clients.count_partitions(consumer, tp.topic)
        if tp.partition < self._partitions:
            self._first = (await consumer.beginning_offsets([tp]))[tp]
            self._end = await clients.end_offset(consumer, tp)
        self._place = tp

    def _seek(self, consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> None:
        self._held.clear()
        consumer.seek(tp, offset)

    async def _found(self, consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> tuple[Any, str]:
        """As `at`, of an offset that the partition has."""
        while True:
            while self._held and self._held[0].offset < offset:
                if isinstance(self._held.popleft(), Unreadable):
                    # a damaged set may stand for one offset at a time, each of which would be a fetch
                    self._seek(consumer, tp, offset)
            if self._held:
                found = self._held[0]
                if isinstance(found, Unreadable) and found.first <= offset:
                    return None, f"not to be read any more: {found.cause}"
                return (found, "") if found.offset == offset else (None, PAST_RETENTION)
            if await consumer.position(tp) >= self._end:
                return None, REPLACED  # no record has that offset, nor comes one after it
            fetched = await consumer.getmany(tp, timeout_ms=_LOOK_MS, max_records=LOOK)
            self._held.extend(fetched.get(tp, ()))
            await asyncio.sleep(0)
