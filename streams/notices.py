"""Dead letters of what the monitor finds: conflicts, and reference rates that are not used.

The monitor finds them; only the ingest role may read raw topics, so it writes the letter.

Notices come in Kafka transactions, so they are read with a plain read_committed consumer of their own: Faust's would
also hand over aborted ones, and its order between topics has no use for them. A letter is written at least once; its
source topic, topic id, partition and offset are its identity.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from detectors.core import Notice
from detectors.events import Source
from streams import clients, health, record_sets, topics
from streams.commitments import EvidenceKeys
from streams.deadletter import Letter
from streams.errors import BrokerUnavailableError
from streams.faults import CODES
from streams.kafka.denied import DENIED, not_authorized
from streams.kafka.security import aiokafka_access
from streams.notice_positions import NoticePositions
from streams.record_sets import Unreadable, UnreadableSetError
from streams.settings import Settings
from streams.tasks import CLOSING_SECONDS, ended

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
# how often one looks whether the group has given partitions
ASSIGNED_SECONDS = 0.2
BATCH = 100
ORIGINAL_SECONDS = 30.0
# One failure is a rebalance or an election.
TOLD_FAILURES = 2
UNPROVEN = "not shown: the key of their commitment is not in this worker's key file, so they cannot be proven"
PAST_RETENTION = "past their topic's retention"
REPLACED = "gone: their topic was deleted and created anew, and holds another record there"
# of a release that knows more than this one: its monitors are upgraded first
_CODE = re.compile(r"[a-z]{1,20}(\.[a-z_]{1,30}){1,2}")
NEWER = "A newer release says why."

Deliver = Callable[[Letter], Awaitable[None]]


class ConflictLetters:
    """Reads `fx.notices.v1` and writes the dead letter of each conflict, with the sender's original bytes."""

    def __init__(
        self, settings: Settings, deliver: Deliver, positions: NoticePositions, version: str,
        evidence_keys: EvidenceKeys, die: Callable[[BaseException], Any] = health.die,
    ) -> None:  # fmt: skip
        self._settings, self._deliver, self._version, self._die = settings, deliver, version, die
        self._positions = positions
        self._evidence_keys = evidence_keys
        self._task: asyncio.Task[Any] | None = None
        # since something last went well
        self._failures, self._fault = 0, ""
        self._at: Source | None = None  # the original of the letter that is being written

    def start(self) -> None:
        """Start reading in the background."""
        self._task = health.background(self._run(), self._die)

    async def stop(self) -> None:
        """Stop reading; an unfinished letter is written again by the next worker.

        Not left to itself however long it takes: a letter written after the producer's end would end the process with
        an error (it did, in one stop of a busy machine). `health.exit_deadline` bounds the whole stop.
        """
        task, self._task = self._task, None
        await ended(task, CLOSING_SECONDS)

    def unready(self) -> list[str]:
        """Why no letters are written; empty when they are. What fails once and then goes well is not told."""
        if self._failures < TOLD_FAILURES:
            return []
        return [f"conflict letters stand still, tried {self._failures} times: {self._fault}"]

    async def _run(self) -> None:
        while True:
            consumer = self._new_consumer()
            try:
                await self._positions.begin(consumer)
                await consumer.start()
                await self._read(consumer)
            except DENIED as fault:
                # no time heals it, and the letters would stand still while the worker looks ready
                self._die(not_authorized("this worker may not read notices, or the originals of conflicts", fault))
                return
            except (KafkaError, TimeoutError, BrokerUnavailableError) as fault:
                at, self._at = self._at, None
                where = "notices are not read" if at is None else f"the letter of {_named(at)} is not written"
                self._failures, self._fault = self._failures + 1, f"{where}: {fault!r}"
                logger.warning("conflicts: %s, trying again in %.0f s", self._fault, RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as fault:  # noqa: BLE001  (a task that ended here would end the letters without a word)
                self._die(fault)
                return
            finally:
                await self._stopped(consumer)

    def _new_consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **aiokafka_access(self._settings),
            isolation_level="read_committed",
            group_id=f"{self._settings.application}-notices",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self._settings.session_timeout_seconds * 1000),
            metadata_max_age_ms=clients.METADATA_AGE_MS,
        )
        record_sets.hand_over(consumer)
        return consumer

    @staticmethod
    async def _stopped(consumer: AIOKafkaConsumer) -> None:
        try:
            await consumer.stop()
        except KafkaError as fault:
            logger.info("the consumer of conflict notices did not stop cleanly: %r", fault)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            # Each letter fetches its original, some 0.1 s: a storm of conflicts in one batch would outlast the time
            # that the group lets pass between two fetches (300 s), and no batch would ever be committed.
            readable = await self._positions.readable(consumer)
            if not readable:
                await asyncio.sleep(ASSIGNED_SECONDS)
            fetched = await consumer.getmany(*readable, timeout_ms=1000, max_records=BATCH) if readable else {}
            for records in fetched.values():
                for record in records:
                    notice = understood(record)
                    if notice is None:
                        continue
                    self._at = notice.source
                    await self.write(notice, record.timestamp)
                    self._at = None
            if fetched:
                await self._positions.commit(consumer, fetched)
            if fetched or await _nothing_left(consumer):
                self._failures, self._fault = 0, ""

    async def write(self, notice: Notice, timestamp: int) -> None:
        """Write the dead letter of the conflicting record with its original bytes.

        `timestamp`, ms UTC, is taken for its own where an earlier release's notice does not tell it.
        """
        source, first = notice.source, notice.first
        assert source is not None  # `understood` has looked
        found, gone = await self._original(source)
        if found is not None:
            proven = self._evidence_keys.is_of(notice.commitment or notice.sha256 or "", source, found.value or b"")
            if not proven:  # a letter must never hold somebody else's bytes
                found, gone = None, UNPROVEN if proven is None else REPLACED
        message = CODES.get(notice.code, NEWER) + (f" It stands as {_named(first)}" if first else "")
        stamp = notice.timestamp_ms if notice.timestamp_ms >= 0 else timestamp
        if found is None:
            message += f"; the original bytes are {gone}"
        else:
            stamp = found.timestamp
        key, value, headers = (None, None, ()) if found is None else (found.key, found.value, found.headers)
        await self._deliver(
            Letter(source.topic, source.partition, source.offset, stamp, key, value, headers, "monitor",
                   (notice.code,), message, self._version, notice.topic_id.encode())
        )  # fmt: skip

    async def _original(self, source: Source) -> tuple[Any, str]:
        """The record there, or None and where it is gone."""
        offset = source.offset
        consumer = clients.reader(self._settings, committed=False)
        try:
            await consumer.start()
            tp = TopicPartition(source.topic, source.partition)
            consumer.assign([tp])
            if source.partition >= await _partitions(consumer, source.topic):
                # waited for, the letters behind it would stand still for ever
                return None, "gone: their topic has no such partition any more"
            first, end = (await consumer.beginning_offsets([tp]))[tp], await clients.end_offset(consumer, tp)
            if offset < first:
                return None, PAST_RETENTION
            if offset >= end:
                # truncated, or deleted and created anew: there is nothing to wait for
                return None, f"gone: their topic ends at offset {end}"
            consumer.seek(tp, offset)
            try:
                record = await asyncio.wait_for(consumer.getone(tp), ORIGINAL_SECONDS)
            except TimeoutError:
                if await consumer.position(tp) <= offset:
                    raise
                return None, REPLACED  # no record has that offset, nor comes one after it
        except UnreadableSetError as fault:
            return None, f"not to be read any more: {fault.unreadable.cause}"
        finally:
            await consumer.stop()
        return (record, "") if record.offset == offset else (None, PAST_RETENTION)


def understood(record: Any) -> Notice | None:
    """The notice in a record of the topic; None for what nobody can act on, which is told and passed.

    Failure prevented: ingest ended at each start at a record that was no notice, and nobody's records were read.
    """
    if isinstance(record, Unreadable):
        why = record.cause
    else:
        try:
            notice = msgspec.json.decode(record.value or b"", type=Notice)
        except msgspec.DecodeError as fault:
            why = str(fault)
        else:
            source = notice.source
            if source is not None and source.topic in topics.INPUTS and source.partition >= 0 <= source.offset:
                if notice.code in CODES or _CODE.fullmatch(notice.code):
                    return notice
                why = "its code is none"
            else:
                why = "it is about no record of an input"
    logger.error("%s[%d] offset %d is no notice of a monitor, and is passed: %s; to do: see who may write there, with "
                 "fxwatch topics acls", record.topic, record.partition, record.offset, why)  # fmt: skip
    return None


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> int:
    """How many partitions a topic has. Raises `UnknownTopicOrPartitionError` when there is none of that name."""
    await consumer.beginning_offsets([TopicPartition(topic, 0)])
    return len(consumer.partitions_for_topic(topic) or ())


def _named(source: Source) -> str:
    return f"{source.topic}[{source.partition}] offset {source.offset}"


async def _nothing_left(consumer: AIOKafkaConsumer) -> bool:
    """Whether every partition held was read to its end: an empty fetch alone may only have been too early."""
    # at once, because a rebalance may take partitions while their positions are waited for
    ends = {tp: consumer.last_stable_offset(tp) for tp in consumer.assignment()}
    try:
        return all([end is not None and await consumer.position(tp) >= end for tp, end in ends.items()])
    except IllegalStateError:
        return False
