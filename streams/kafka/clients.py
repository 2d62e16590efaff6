"""aiokafka producers and readers, configured once.

Faust's own producer is not used: a failed send there only logs, and the source offset is committed all the same
(DESIGN section 3). Every delivery here is awaited.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError, UnknownTopicOrPartitionError

from streams.contracts.record_headers import RawHeaders
from streams.errors import DeliveryError, RefusedError
from streams.kafka import bounded_fetching
from streams.kafka.deliveries import Outstanding, Write
from streams.kafka.denied import choose_error
from streams.kafka.security import aiokafka_access
from streams.settings import Settings

# One produce request at most; topics allow 2 MiB, so a batch of this size always fits.
BATCH_BYTES = 1_000_000

# Time-out of one request. Retries go on as long as `broker_patience_seconds` says; a request that hangs longer than
# this (a broker that was stopped, a blackholed connection) is sent again on a new connection.
REQUEST_TIMEOUT_MS = 15_000

# A consumer that looks for its first offset asks the leader it knows, and asks it again when that is not the leader any
# more; only new metadata help (aiokafka's default: after 5 minutes). A refresh is one small request.
METADATA_AGE_MS = 5_000

# key, value, headers, Kafka timestamp (ms UTC; None = the time of sending)
Record = tuple[bytes | None, bytes | None, RawHeaders, int | None]


def make_idempotent_producer(settings: Settings, client: str) -> AIOKafkaProducer:
    """A producer whose retries neither duplicate nor reorder (KIP-98, idempotence), acknowledged by all replicas."""
    producer = AIOKafkaProducer(
        **aiokafka_access(settings),
        client_id=client,
        enable_idempotence=True,
        acks="all",
        max_batch_size=BATCH_BYTES,
        max_request_size=2 * BATCH_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    return _patient(producer, settings)


def make_repeating_producer(settings: Settings, client: str) -> AIOKafkaProducer:
    """A producer for records that may stand twice: acknowledged by all replicas, without sequence numbers.

    After a batch that was refused for its size an idempotent producer's next one is out of sequence (aiokafka counts
    the refused one), and could never be written.
    """
    producer = AIOKafkaProducer(
        **aiokafka_access(settings),
        client_id=client,
        acks="all",
        max_batch_size=BATCH_BYTES,
        max_request_size=2 * BATCH_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    return _patient(producer, settings)


def make_transactional_producer(settings: Settings, transactional_id: str) -> AIOKafkaProducer:
    """A transactional producer (KIP-98); starting it fences any older owner of `transactional_id`."""
    producer = AIOKafkaProducer(
        **aiokafka_access(settings),
        client_id=transactional_id,
        transactional_id=transactional_id,
        transaction_timeout_ms=int(settings.transaction_timeout_seconds * 1000),
        acks="all",
        max_batch_size=BATCH_BYTES,
        max_request_size=2 * BATCH_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    return _patient(producer, settings)


def _patient(producer: AIOKafkaProducer, settings: Settings) -> AIOKafkaProducer:
    """The same producer, whose batches wait for a partition without a leader as long as for a broker.

    aiokafka fails them after one request's time-out (15 s), and has no setting of its own for it.
    """
    producer._message_accumulator._batch_ttl = settings.broker_patience_seconds  # noqa: SLF001
    return producer


class AssignedConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's own, which says that a topic is denied or missing where that one asks for its offsets without end.

    Failure prevented: a worker whose right to a topic was taken away said for ever that it was replaying.
    """

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """As in the base. Raises `TopicAuthorizationFailedError`, and `UnknownTopicOrPartitionError` after 15 s."""
        await self._known(partitions)
        return dict(await super().beginning_offsets(partitions))

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """As in the base. Raises as `beginning_offsets` does."""
        await self._known(partitions)
        return dict(await super().end_offsets(partitions))

    async def _known(self, partitions: Sequence[TopicPartition]) -> None:
        """Wait until the topics' partitions are known; at once where they are."""
        for topic in {tp.topic for tp in partitions}:
            await self._client._wait_on_metadata(topic)  # noqa: SLF001  (aiokafka's own wait; its offsets lack it)


def make_reader(
    settings: Settings,
    *,
    committed: bool,
    group: str | None = None,
    unreadable: Literal["raise", "set", "each"] = "raise",
    fetch_bytes: int = 8 * BATCH_BYTES,
    fetch_wait_ms: int = 100,
) -> AIOKafkaConsumer:
    """A consumer for assign-and-seek reading; it joins no group and commits nothing.

    `unreadable` says what becomes of a record set that cannot be read (streams/kafka/unreadable_sets.py): raise
    `UnreadableSetError`, or get an `Unreadable` in the place of the set, or of each of its offsets. `fetch_bytes` are
    asked for at once of a partition (a larger set comes whole), `fetch_wait_ms` is waited at its end for more.
    """
    consumer = AssignedConsumer(
        **aiokafka_access(settings),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed" if committed else "read_uncommitted",
        max_partition_fetch_bytes=fetch_bytes,
        fetch_max_wait_ms=fetch_wait_ms,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    if unreadable != "raise":
        bounded_fetching.hand_over(consumer, each_offset=unreadable == "each")
    return consumer


async def send_records(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    records: Sequence[Record],
    patience: float,
    outstanding: Outstanding | None = None,
) -> None:
    """Write `records` in order as record batches, one in flight at a time, and await each acknowledgement.

    aiokafka can fail one batch and deliver the next; with one in flight nothing can overtake a failed one. Costs about
    2 us a record (`send` costs 7-10). `outstanding` tells meanwhile what is waited for. Raises `RefusedError` when the
    topic refuses a batch for good, `DeliveryError` when one was not acknowledged within `patience` seconds.
    """
    outstanding = Outstanding(patience) if outstanding is None else outstanding
    position = 0
    while position < len(records):
        batch, taken = fill_batch(producer, topic, records, position)
        await send_batch(producer, batch, topic, partition, outstanding)
        position += taken


def fill_batch(producer: AIOKafkaProducer, topic: str, records: Sequence[Record], position: int) -> tuple[Any, int]:
    """A batch of the records from `position` on, and how many it took. Raises `RefusedError` when it takes none."""
    builder = producer.create_batch()
    end = position
    while end < len(records):
        key, value, headers, timestamp = records[end]
        if builder.append(timestamp=timestamp, key=key, value=value, headers=headers) is None:
            break
        end += 1
    if end == position:
        raise RefusedError(
            f"a record for {topic} is larger than a batch may be",
            got=f"{len(records[position][1] or b'')} bytes",
            expected=f"at most {BATCH_BYTES} bytes",
        )
    return builder, end - position


async def send_batch(
    producer: AIOKafkaProducer, batch: Any, topic: str, partition: int, outstanding: Outstanding
) -> None:
    """Send one batch and await its acknowledgement. Raises what `send_records` raises."""
    try:
        delivery = await _queued(producer, batch, topic, partition, outstanding)
        await outstanding.wait_acknowledged([Write(topic, partition, delivery)])
    except (KafkaError, TimeoutError) as fault:
        missed = DeliveryError(
            f"Kafka did not acknowledge a batch for {topic}[{partition}]",
            got=repr(fault),
            todo="nothing was committed past it; see the broker's log, then start the worker again",
        )
        raise choose_error(missed, fault) from fault


async def _queued(
    producer: AIOKafkaProducer, builder: Any, topic: str, partition: int, outstanding: Outstanding
) -> "asyncio.Future[Any]":
    """Hand a batch over; returns the future of its acknowledgement."""
    outstanding.note_begun(topic, partition)
    while True:
        try:
            delivery: asyncio.Future[Any] = await producer.send_batch(builder, topic, partition=partition)
        except (KafkaTimeoutError, UnknownTopicOrPartitionError) as fault:
            # 15 s for nothing: another batch is under way to the partition and waits, or the topic is missing
            outstanding.note_refused(topic, partition, fault)
            outstanding.check_patience()
        else:
            return delivery


async def end_offset(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int:
    """The partition's end offset as `consumer`'s isolation level sees it."""
    return int((await consumer.end_offsets([partition]))[partition])


async def count_partitions(consumer: AIOKafkaConsumer, topic: str) -> int:
    """How many partitions a topic has. Raises `UnknownTopicOrPartitionError` when there is none of that name."""
    await consumer.beginning_offsets([TopicPartition(topic, 0)])
    return len(consumer.partitions_for_topic(topic) or ())


async def read_whole(settings: Settings, topic: str, partition: int) -> AsyncIterator[list[Any]]:
    """Every record of `topic`[`partition`] up to its end now, as a read_uncommitted reader sees them."""
    place = TopicPartition(topic, partition)
    consumer = make_reader(settings, committed=False)
    try:
        await consumer.start()
        consumer.assign([place])
        end = await end_offset(consumer, place)
    finally:
        await consumer.stop()
    async for records in read_range(settings, topic, partition, None, end, committed=False):
        yield records


async def read_range(
    settings: Settings,
    topic: str,
    partition: int,
    start: int | None,
    stop: int,
    *,
    committed: bool = True,
    unreadable: Literal["raise", "each"] = "raise",
) -> AsyncIterator[list[Any]]:
    """The records of `topic`[`partition`] in [start, stop), in lists as they are fetched; `start` None = the beginning.

    Reads until the *position* reaches `stop`, not until a record does: transaction markers and aborted records take
    offsets too, and another partition's open transaction may hide committed records for a while (they are waited for).
    """
    tp = TopicPartition(topic, partition)
    consumer = make_reader(settings, committed=committed, unreadable=unreadable)
    try:
        await consumer.start()
        consumer.assign([tp])
        begin = int((await consumer.beginning_offsets([tp]))[tp])
        position = begin if start is None else max(start, begin)
        if position >= stop:
            return
        consumer.seek(tp, position)
        while position < stop:
            fetched = await consumer.getmany(tp, timeout_ms=200)
            for records in fetched.values():
                wanted = [record for record in records if record.offset < stop]
                if wanted:
                    yield wanted
            position = await consumer.position(tp)
    finally:
        await consumer.stop()
