"""Records an operator's decision to skip a ledger position, after checking that it can still be honoured."""

import asyncio
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.errors import BrokerUnavailableError, NotAuthorizedError, UsageError
from streams.ingest.input_topic_ids import read_ids
from streams.kafka import clients, topics
from streams.kafka.denied import choose_error
from streams.kafka.record_sets import RECORDS_LIMIT
from streams.kafka.topic_reader import count_partitions_of
from streams.kafka.unreadable_sets import Unreadable
from streams.learning_agents import LEARNING, LearningAgent
from streams.ledger import progress
from streams.ledger.progress import AgentPartition, Progress, Skip
from streams.partition.kafka_log import KafkaLog
from streams.partition.rebuild import rebuild
from streams.settings import Settings
from streams.version import code_version


def record_skip(
    settings: Settings, agent: str, partition: int, offset: int, reason: str, *, who: str, at: str, last: int = -1
) -> Skip:
    """Write the decision to `fx.progress.v1`, for one record, or all to `last` of a set that cannot be read.

    `agent` is one that learns: its topic is the ledger, or the legs.

    Raises `UsageError` when the record is applied, can be, or is not there.

    A record that is in the learned state cannot be skipped afterwards: replays would then differ from what was alerted.
    """
    topics.require(settings)
    learning = LEARNING[agent]
    skip = Skip(offset=offset, reason=reason, who=who, at=at, last=last)
    try:
        asyncio.run(_record(settings, learning, learning.identity.place(partition), skip))
    except KafkaError as fault:
        raise choose_error(BrokerUnavailableError("the decision was not recorded", got=repr(fault)), fault) from fault
    return skip


async def _record(settings: Settings, learning: LearningAgent, place: AgentPartition, skip: Skip) -> None:
    log = learning.identity.open_log(settings)
    _require_partition(settings, place)
    found = await log.progress(place)
    first, end, _ = await log.bounds(place)
    applied = _applied(found)
    if not first <= skip.offset < end:
        raise UsageError("the ledger holds no such record", got=skip.offset, expected=f"{first} to {end - 1}")
    if skip.offset < applied:
        raise UsageError(
            "the record is applied already and cannot be skipped any more",
            got=skip.offset,
            expected=f"an offset from {applied} on",
        )
    if skip.last >= 0 and not await _unreadable_to(log, place, skip):
        raise UsageError(
            "the offsets are not those of one record set that cannot be read",
            got=f"{skip.offset} to {skip.last}",
            expected="what a stopped partition names",
        )
    if await _can_be_applied(learning, log, place, skip.offset):
        raise UsageError(
            "the record can be applied, so there is nothing to skip",
            got=skip.offset,
            expected="the offset that a stopped partition names on /readyz and in its log",
        )
    await _write(settings, place, skip)


async def _unreadable_to(log: KafkaLog, place: AgentPartition, skip: Skip) -> bool:
    """Whether every offset of a decision on several is one of a record set that cannot be read."""
    if not skip.offset <= skip.last <= skip.offset + RECORDS_LIMIT:
        return False
    return all(
        [
            isinstance(record, Unreadable)
            async for records in log.records(place.partition, skip.offset, skip.last + 1)
            for record in records
        ]
    )


async def _can_be_applied(learning: LearningAgent, log: KafkaLog, place: AgentPartition, offset: int) -> bool:
    """Whether the core takes the record: tried, because a worker's memory is ahead of what the topics say it applied.

    Costs a replay from the newest snapshot before it, 0.3 ms an event. Raises `UsageError` when an earlier record stops
    the replay already: that one has to be decided first.
    """
    core = learning.core(code_version())
    try:
        state, _ = await rebuild(log, core, place, cold=False, upto=offset)
    except KafkaError:
        raise
    except Exception as fault:
        raise UsageError(
            "an earlier record of the partition cannot be applied",
            got=str(fault),
            expected="a decision on that one first",
        ) from fault
    async for records in log.records(place.partition, offset, offset + 1):
        for record in records:
            try:
                core.apply(state, place.partition, record, muted=True)
            except Exception:  # noqa: BLE001  (whatever it is, it is what stops the partition)
                return False
    return True


def record_input_skip(
    settings: Settings, agent: str, partition: int, offset: int, reason: str, *, topic: str, who: str, at: str
) -> Skip:
    """Write the decision to pass the damaged record set at `offset` of an input.

    Raises `UsageError` when none is there: what can be read is not passed, it is a sender's to correct.
    """
    topics.require(settings)
    if topic not in topics.INPUTS:
        raise UsageError("this is no input topic", got=topic, expected=", ".join(topics.INPUTS))
    count = count_partitions_of(settings, [topic])[topic]
    if partition >= count:
        raise UsageError("there is no such partition", got=partition, expected=f"0 to {count - 1}")
    place = AgentPartition(topics.PROGRESS, agent, partition)
    topic_id = read_ids(settings).get(topic, b"").decode()
    skip = Skip(offset=offset, reason=reason, who=who, at=at, topic=topic, topic_id=topic_id)
    try:
        return asyncio.run(_record_input(settings, place, skip))
    except TopicAuthorizationFailedError as fault:
        # the one who may write the decision may read no input (docs/SECURITY.md, the roles)
        raise NotAuthorizedError(
            "the decision was not recorded: this client may not look at the record set",
            got=f"{topic}[{partition}]",
            expected=f"Read on {topic}, which no role has that may record it",
            todo=f"let the cluster's administrator grant it Read on {topic} for the time of this decision",
        ) from fault
    except KafkaError as fault:
        raise choose_error(BrokerUnavailableError("the decision was not recorded", got=repr(fault)), fault) from fault


async def _record_input(settings: Settings, place: AgentPartition, skip: Skip) -> Skip:
    found = await _at(settings, TopicPartition(skip.topic, place.partition), skip.offset)
    if not isinstance(found, Unreadable) or not found.damaged:
        raise UsageError(
            "there is no damaged record set to pass",
            got=f"{skip.topic}[{place.partition}] {skip.offset}",
            expected="the offset that ingest names on /readyz and in its log",
        )
    skip = msgspec.structs.replace(skip, offset=found.first, last=found.offset)
    await _write(settings, place, skip)
    return skip


async def _at(settings: Settings, tp: TopicPartition, offset: int) -> Any:
    """The first record from `offset` on, or what stands in the place of its record set; None when there is none."""
    consumer = clients.make_reader(settings, committed=True, unreadable="set")
    try:
        await consumer.start()
        consumer.assign([tp])
        end = await clients.end_offset(consumer, tp)
        consumer.seek(tp, offset)
        while offset < end and await consumer.position(tp) < end:
            fetched = await consumer.getmany(tp, timeout_ms=200)
            for records in fetched.values():
                return records[0]
    finally:
        await consumer.stop()
    return None


async def _write(settings: Settings, place: AgentPartition, skip: Skip) -> None:
    producer = clients.make_idempotent_producer(settings, f"{settings.application}-skip")
    await producer.start()
    try:
        record: clients.Record = (place.skip_key(skip.offset, skip.topic), progress.encode(skip), [], None)
        partition = place.partition % settings.effective.engine.partitions
        await clients.send_records(producer, place.topic, partition, [record], settings.broker_patience_seconds)
    finally:
        await producer.stop()


def _require_partition(settings: Settings, place: AgentPartition) -> None:
    partitions = settings.effective.engine.partitions
    if place.partition >= partitions:
        raise UsageError("there is no such partition", got=place.partition, expected=f"0 to {partitions - 1}")


def _applied(found: Progress) -> int:
    return max([found.next, *(pointer.next for pointer in found.snapshots.values())])
