"""Writes the dead letters of what the monitor refuses: conflicts, rates and verdicts.

The monitor finds them; only the ingest role may read raw topics, so it writes the letter.

Notices come in Kafka transactions, so they are read with a plain read_committed consumer of their own: Faust's would
also hand over aborted ones, and its order between topics has no use for them. A letter is written at least once; its
source topic, topic id, partition and offset are its identity.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from detectors.contracts.events import Source
from detectors.core import Notice
from streams.contracts.dead_letters import Letter
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.refusal_codes import CODES
from streams.errors import BrokerUnavailableError
from streams.ingest.conflict_positions import NoticePositions
from streams.kafka import bounded_fetching, clients, topics
from streams.kafka.agent_names import NOTICES, AgentNames
from streams.kafka.async_tasks import CLOSING_SECONDS, cancel_and_wait
from streams.kafka.denied import DENIED, make_not_authorized_error
from streams.kafka.fetched_bytes import weigh
from streams.kafka.original_records import REPLACED, Originals
from streams.kafka.security import aiokafka_access
from streams.kafka.unreadable_sets import Unreadable
from streams.keys.commitments import EvidenceKeys
from streams.log import logs
from streams.operations import health
from streams.settings import Settings

logger = logs.get_logger(__name__)

RETRY_SECONDS = 2.0
# One message of a partition in this time: an operator acts on the first.
FOREIGN_SECONDS = 60.0
# how often one looks whether the group has given partitions
ASSIGNED_SECONDS = 0.2
# A batch has to be written within the time that the group lets pass between two fetches (300 s), else it would never be
# committed. Most take 0.2 s. At worst each original is sought in the midst of a full record set: 0.6 s for one of
# 120 000 records, measured on a busy machine.
BATCH = 250
# Letters are written once they hold so much, bytes: the originals of a batch may be a hundred of a megabyte.
LETTERS_BYTES = 4 * 1024 * 1024
# One failure is a rebalance or an election.
TOLD_FAILURES = 2
UNPROVEN = "not shown: the key of their commitment is not in this worker's key file, so they cannot be proven"
# of a release that knows more than this one: its monitors are upgraded first
_CODE = re.compile(r"[a-z]{1,20}(\.[a-z_]{1,30}){1,2}")
NEWER = "A newer release says why."

# Inputs whose records the door writes into each ledger partition: all monitors' partitions tell of one of them.
BROADCAST = frozenset({topics.RATES, topics.RULES, topics.LEARNING})

Deliver = Callable[[Sequence[Letter]], Awaitable[None]]
# told of a record that became a dead letter: its topic, its code
Count = Callable[[str, str], Any]


class ConflictLetters:
    """Reads `fx.notices.v1` and writes the dead letter of each conflict, with the sender's original bytes."""

    def __init__(
        self,
        settings: Settings,
        deliver: Deliver,
        positions: NoticePositions,
        version: str,
        evidence_keys: EvidenceKeys,
        die: Callable[[BaseException], Any] = health.die,
        count: Count = lambda _topic, _code: None,
    ) -> None:
        self._settings, self._deliver, self._version, self._die = settings, deliver, version, die
        self._count = count
        self._positions = positions
        self._evidence_keys = evidence_keys
        self._originals, self._foreign = Originals(settings), ForeignNotices()
        self._task: asyncio.Task[Any] | None = None
        # since something last went well
        self._failures, self._fault = 0, ""
        self._at: Source | None = None  # the original of the letter that is being written

    def start(self) -> None:
        """Start reading in the background."""
        self._task = health.start_in_background(self._run(), self._die)

    async def stop(self) -> None:
        """Stop reading; an unfinished letter is written again by the next worker.

        Not left to itself however long it takes: a letter written after the producer's end would end the process with
        an error (it did, in one stop of a busy machine). `health.exit_deadline` bounds the whole stop.
        """
        task, self._task = self._task, None
        await cancel_and_wait(task, CLOSING_SECONDS)

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
                self._die(
                    make_not_authorized_error("this worker may not read notices, or the originals of conflicts", fault)
                )
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
                await self._originals.close()
                await self._stopped(consumer)

    def _new_consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **aiokafka_access(self._settings),
            isolation_level="read_committed",
            group_id=AgentNames(self._settings.application, NOTICES).group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self._settings.session_timeout_seconds * 1000),
            metadata_max_age_ms=clients.METADATA_AGE_MS,
        )
        bounded_fetching.hand_over(consumer)
        return consumer

    @staticmethod
    async def _stopped(consumer: AIOKafkaConsumer) -> None:
        try:
            await consumer.stop()
        except KafkaError as fault:
            logger.info("the consumer of conflict notices did not stop cleanly: %r", fault)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        served: set[TopicPartition] = set()
        while True:
            readable = await self._positions.find_readable(consumer)
            if not readable:
                await asyncio.sleep(ASSIGNED_SECONDS)
            fetched = await _next(consumer, readable, served) if readable else {}
            found = [
                (tp.partition, understood(record, self._foreign), record.timestamp)
                for tp, records in fetched.items()
                for record in records
            ]
            told = [(number, notice, timestamp) for number, notice, timestamp in found if notice is not None]
            await self.write([(notice, timestamp) for _, notice, timestamp in told])
            for number, notice, _ in told:
                self._count_once(number, notice)
            if fetched:
                await self._positions.commit(consumer, fetched)
            else:
                await self._originals.close()  # until the next conflict, which may be long
            if fetched or await _nothing_left(consumer):
                self._failures, self._fault = 0, ""

    def _count_once(self, partition: int, notice: Notice) -> None:
        """Count the record of a notice from a ledger partition.

        Failure prevented: 621 refused rates were 7 452 dead letters of 627 records read, so that the share of a topic's
        records that are rejected was 1 188 %.
        """
        assert notice.source is not None
        if partition == 0 or notice.source.topic not in BROADCAST:
            self._count(notice.source.topic, notice.code)

    async def write(self, notices: Collection[tuple[Notice, int]]) -> None:
        """Write the dead letters of conflicting records with their original bytes, by the place of the original.

        Each comes with a time, ms UTC, that is taken for its own where an earlier release's notice does not tell it.
        """
        self._originals.renew()
        letters, size = list[Letter](), 0
        for notice, timestamp in sorted(notices, key=_place):
            assert notice.source is not None  # `understood` has looked
            self._at = notice.source
            found, gone = await self._originals.read_at(notice.source)
            letters.append(self._letter(notice, timestamp, found, gone))
            size += weigh(letters[-1].record)
            if size >= LETTERS_BYTES:
                await self._deliver(letters)
                letters, size = [], 0
        if letters:
            await self._deliver(letters)
        self._at = None

    def _letter(self, notice: Notice, timestamp: int, found: Any, gone: str) -> Letter:
        """The letter of a notice, with the record found; without it, `gone` says why."""
        source, first = notice.source, notice.first
        assert source is not None
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
        return Letter(
            ArrivedRecord(source.topic, source.partition, source.offset, stamp, key, value, headers),
            "monitor",
            (notice.code,),
            message,
            self._version,
            notice.topic_id.encode(),
        )


async def _next(
    consumer: AIOKafkaConsumer, readable: Iterable[TopicPartition], served: set[TopicPartition]
) -> dict[TopicPartition, list[Any]]:
    """The next batch, of partitions whose turn it is: of each that has notices one batch, then of each the next.

    Failure prevented: aiokafka hands over all that it fetched of one partition first, 1 MiB, so that a storm of one
    party's conflicts went before everybody's.
    """
    waiting = [tp for tp in readable if tp not in served]
    fetched = await consumer.getmany(*waiting, timeout_ms=0, max_records=BATCH) if served and waiting else {}
    if not fetched:
        served.clear()
        fetched = await consumer.getmany(*readable, timeout_ms=1000, max_records=BATCH)
    served.update(fetched)
    return dict(fetched)


class ForeignNotices:
    """Tells of records that are no notices, of each partition once in `FOREIGN_SECONDS`.

    Failure prevented: whoever may write to the topic could fill the disk with one error a record.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # by partition: when it was told last, and how many were passed since without a word
        self._told: dict[int, tuple[float, int]] = {}

    def __call__(self, record: Any, why: str) -> None:
        """Tell, or only count."""
        now = self._clock()
        last, passed = self._told.get(record.partition, (-FOREIGN_SECONDS, 0))
        if now - last < FOREIGN_SECONDS:
            self._told[record.partition] = last, passed + 1
            return
        self._told[record.partition] = now, 0
        logger.error(
            "%s[%d] offset %d is no notice of a monitor, and is passed: %s; %d before it since the last such "
            "message; to do: see who may write there, with fxwatch topics acls",
            record.topic,
            record.partition,
            record.offset,
            why,
            passed,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )


def understood(record: Any, tell: Callable[[Any, str], None]) -> Notice | None:
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
    tell(record, why)
    return None


def _place(one: tuple[Notice, int]) -> tuple[str, int, int]:
    source = one[0].source
    assert source is not None
    return source.topic, source.partition, source.offset


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
