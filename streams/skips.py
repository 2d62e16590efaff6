"""Records an operator's decision to skip a ledger position, after checking that it can still be honoured."""

import asyncio

from aiokafka.errors import KafkaError

from detectors.state import STATE_SCHEMA
from streams import app, clients, progress, topics
from streams.errors import BrokerUnavailableError, UsageError
from streams.kafka_log import KafkaLog
from streams.monitor_core import MonitorCore
from streams.progress import Place, Progress, Skip
from streams.rebuild import rebuild
from streams.settings import Settings
from streams.version import code_version


def record_skip(settings: Settings, agent: str, partition: int, offset: int, reason: str, *, who: str, at: str) -> Skip:
    """Write the decision to `fx.progress.v1`. Raises `UsageError` when the record is applied, can be, or is not there.

    A record that is in the learned state cannot be skipped afterwards: replays would then differ from what was alerted.
    """
    topics.require(settings)
    place = Place(topics.PROGRESS, agent, partition)
    skip = Skip(offset=offset, reason=reason, who=who, at=at)
    try:
        asyncio.run(_record(settings, place, skip))
    except KafkaError as fault:
        raise BrokerUnavailableError("the decision was not recorded", got=repr(fault)) from fault
    return skip


async def _record(settings: Settings, place: Place, skip: Skip) -> None:
    log = KafkaLog(
        settings,
        ledger=topics.LEDGER,
        snapshots_topic=topics.SNAPSHOTS,
        schema=STATE_SCHEMA,
        topic_id=topics.topic_id(settings, topics.LEDGER),
        group=app.group(settings, place.agent),
    )
    if place.partition >= settings.effective.engine.partitions:
        raise UsageError(
            "there is no such partition",
            got=place.partition,
            expected=f"0 to {settings.effective.engine.partitions - 1}",
        )
    found = await log.progress(place)
    first, end, _ = await log.bounds(place)
    applied = _applied(found)
    if not first <= skip.offset < end:
        raise UsageError("the ledger holds no such record", got=skip.offset, expected=f"{first} to {end - 1}")
    if skip.offset < applied:
        raise UsageError("the record is applied already and cannot be skipped any more", got=skip.offset,
                         expected=f"an offset from {applied} on")  # fmt: skip
    if await _can_be_applied(log, place, skip.offset):
        raise UsageError("the record can be applied, so there is nothing to skip", got=skip.offset,
                         expected="the offset that a stopped partition names on /readyz and in its log")  # fmt: skip
    producer = clients.idempotent_producer(settings, f"{settings.application}-skip")
    await producer.start()
    try:
        record: clients.Record = (place.skip_key(skip.offset), progress.encode(skip), [], None)
        await clients.send_records(producer, place.topic, place.partition, [record], settings.broker_patience_seconds)
    finally:
        await producer.stop()


async def _can_be_applied(log: KafkaLog, place: Place, offset: int) -> bool:
    """Whether the core takes the record: tried, because a worker's memory is ahead of what the topics say it applied.

    Costs a replay from the newest snapshot before it, 0.3 ms an event. Raises `UsageError` when an earlier record stops
    the replay already: that one has to be decided first.
    """
    core = MonitorCore(code_version())
    try:
        state, _ = await rebuild(log, core, place, cold=False, upto=offset)
    except KafkaError:
        raise
    except Exception as fault:
        raise UsageError("an earlier record of the partition cannot be applied", got=str(fault),
                         expected="a decision on that one first") from fault  # fmt: skip
    async for records in log.records(place.partition, offset, offset + 1):
        for record in records:
            try:
                core.apply(state, place.partition, record, muted=True)
            except Exception:  # noqa: BLE001  (whatever it is, it is what stops the partition)
                return False
    return True


def _applied(found: Progress) -> int:
    return max([found.next, *(pointer.next for pointer in found.snapshots.values())])
