"""Outputs of one partition, exactly once for read_committed readers.

One transactional producer per (agent, partition). Starting it fences any older owner (KIP-98), so that whatever a
zombie still holds can never be committed. The outputs of a run and the new position on `fx.progress.v1` are one Kafka
transaction.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from streams.contracts.record_headers import RawHeaders
from streams.errors import FencedError
from streams.kafka.deliveries import REFUSALS, Outstanding, Write, make_refused_error, mark_heard
from streams.ledger import progress
from streams.log import logs
from streams.partition.relay import Relay

logger = logs.get_logger(__name__)

# The broker looks for transactions that are over time every 10 s, so none is ended before its time; a tenth is for the
# difference of the two clocks' beginnings.
TIMED_OUT_SHARE = 0.9
STOP_SECONDS = 5.0
SETTLE_SECONDS = 0.5


class Output(msgspec.Struct, frozen=True):
    """One record to publish. It goes to partition `partition` of `topic`; `timestamp_ms` is event time, UTC.

    Without a `value` it takes its key from a compacted topic.
    """

    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: RawHeaders
    timestamp_ms: int


class PartitionOutputs:
    """The transactional producer of one (agent, partition).

    After any failure the producer is abandoned and never used again: aiokafka raises an invalid state transition on
    every later begin (DESIGN section 3).
    """

    def __init__(
        self,
        new_producer: Callable[[], AIOKafkaProducer],
        read_published: Callable[[], Awaitable[int]],
        broker_was_away: Callable[[], bool],
        place: progress.AgentPartition,
        patience: float,
        ledger: str = "",
        transaction_timeout: float = math.inf,
        relay: Relay | None = None,
    ) -> None:
        """`ledger` is the topic id that positions are of; `patience` is how long an output may take, seconds.

        `transaction_timeout`: after how many seconds the broker ends a transaction itself. `relay` writes what is for
        its topic, before the transaction (relay.py).
        """
        self._new_producer, self._read_published, self._broker_was_away = new_producer, read_published, broker_was_away
        self._place, self._patience, self._ledger = place, patience, ledger
        self._transaction_timeout, self._relay = transaction_timeout, relay
        self.outstanding = Outstanding(patience)
        self._producer: AIOKafkaProducer | None = None
        self.published = 0

    async def start(self) -> None:
        """Start a fresh producer: fences any older owner and ends its open transaction."""
        await self.close()
        producer = self._new_producer()
        try:
            await producer.start()
        except BaseException:
            await abandon(producer)
            raise
        self._producer = producer

    async def publish(self, outputs: list[Output], position: int) -> None:
        """Commit `outputs` and the position (first ledger offset not covered) in one transaction, the relay's first.

        Raises `FencedError` when another worker owns the partition, `RefusedError` when a topic refuses an output for
        good, `DeliveryError` when the broker or a topic stayed away for longer than the patience. Costs about 6 ms and
        1.5 ms CPU.
        """
        # What an earlier transaction waited for is no evidence about this one, and no part of its patience.
        self.outstanding.forget()
        try:
            if self._relay is not None:
                topic = self._relay.topic
                await self._relay.send([one for one in outputs if one.topic == topic], self.outstanding)
                outputs = [one for one in outputs if one.topic != topic]
            await self._publish(outputs, position)
        except BaseException:
            self.outstanding.forget()
            raise
        self.outstanding.clear()
        self.published = position

    async def _publish(self, outputs: list[Output], position: int) -> None:
        try:
            await self._transaction(outputs, position)
        except ProducerFenced as fault:
            # A transaction that its broker timed out is fenced too: while it was away, or while a topic could not be
            # written. Only evidence makes it that case; a process that was stopped (SIGSTOP) has none and must not
            # fence the rightful owner in turn.
            if not (self._broker_was_away() or self._timed_out()):
                raise FencedError(f"another worker owns {self._place} now", got=repr(fault)) from fault
            await self._settle(outputs, position, fault)
        except (KafkaError, TimeoutError) as fault:
            await self._settle(outputs, position, fault)

    def _timed_out(self) -> bool:
        """Whether this process waited, awake, for so long that the broker has ended the transaction itself."""
        return self.outstanding.awake_seconds > TIMED_OUT_SHARE * self._transaction_timeout

    async def _settle(self, outputs: list[Output], position: int, cause: Exception) -> None:
        """Find out with a new producer whether the transaction was committed after all; if not, send it again.

        Everything it waits for ends with the patience; what it waits for is told from the beginning.
        """
        deadline = time.monotonic() + self._patience
        logger.warning("%s: whether its outputs were committed is being found out: %r", self._place, cause)
        while time.monotonic() < deadline:
            self.outstanding.note_settling(str(self._place), self._place.topic, repr(cause))
            await asyncio.sleep(SETTLE_SECONDS)
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    # a broker that cannot write the old transaction's end to a topic does not begin another
                    await self.start()
                    found = await self._read_published()
                    if found == position:
                        return
                    if found != self.published:
                        raise FencedError(
                            f"another worker published for {self._place}", got=found, expected=self.published
                        )
                    await self._transaction(outputs, position)
            except (KafkaError, TimeoutError) as fault:
                cause = fault
            else:
                return
        raise self.outstanding.make_given_up_error(repr(cause)) from cause

    async def _transaction(self, outputs: list[Output], position: int) -> None:
        producer = self._producer
        if producer is None:
            raise FencedError(f"{self._place} has no producer", todo="the partition must be opened first")
        try:
            await producer.begin_transaction()
            # awaited one by one: aiokafka commits a transaction whose batches were refused, without a word
            await self.outstanding.wait_acknowledged(await self._send(producer, outputs, position))
            self.outstanding.note_committing(str(self._place), self._place.topic)
            await asyncio.wait_for(producer.commit_transaction(), self._patience)
        except BaseException:
            await self.close()
            raise

    async def _send(self, producer: AIOKafkaProducer, outputs: list[Output], position: int) -> list[Write]:
        """Hand over the outputs and the position; returns what must be acknowledged before the commit."""
        topic, number = self._place.topic, self._place.partition
        value = progress.encode(progress.Published(next=position, ledger=self._ledger))
        records: list[tuple[str, int, bytes | None, bytes, int | None, RawHeaders]] = [
            (one.topic, one.partition, one.value, one.key, one.timestamp_ms, one.headers) for one in outputs
        ]
        records.append((topic, number, value, self._place.published_key, None, []))
        writes = []
        for target, partition, content, key, timestamp, headers in records:
            self.outstanding.note_begun(target, partition)
            try:
                delivery = await producer.send(target, content, key, partition, timestamp, headers)
            except REFUSALS as fault:
                raise make_refused_error(target, partition, fault) from fault
            except KafkaError as fault:
                self.outstanding.note_refused(target, partition, fault)
                raise
            writes.append(Write(target, partition, delivery))
        return writes

    async def close(self) -> None:
        """Stop the producers; what is open of a transaction is aborted by the next owner's start."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await abandon(producer)
        if self._relay is not None:
            await self._relay.close()


def _waiters(producer: Any) -> "Iterator[asyncio.Future[Any]]":
    """Aiokafka's own futures of a transaction and of batches not sent, which a fenced producer fails, unasked."""
    waiter = getattr(getattr(producer, "_txn_manager", None), "_transaction_waiter", None)
    if waiter is not None:
        yield waiter
    accumulator = getattr(producer, "_message_accumulator", None)
    if accumulator is not None:
        queued = [accumulator._pending_batches, *accumulator._batches.values()]  # noqa: SLF001  (no other way)
        yield from (batch._drain_waiter for batches in queued for batch in batches)  # noqa: SLF001


async def abandon(producer: Any) -> None:
    """Stop a producer that may be in any state; the broker aborts what it left open."""
    for waiter in _waiters(producer):
        waiter.add_done_callback(mark_heard)
    try:
        await asyncio.wait_for(producer.stop(), STOP_SECONDS)
    except (KafkaError, AssertionError, TimeoutError, OSError) as fault:
        logger.info("a producer did not stop cleanly, it is abandoned: %r", fault)
        # it would send what the broker refuses again and again, beside its successor, for ever
        sender = getattr(getattr(producer, "_sender", None), "sender_task", None)
        if sender is not None:
            sender.cancel()
        with contextlib.suppress(KafkaError, TimeoutError, OSError):
            await asyncio.wait_for(producer.client.close(), STOP_SECONDS)
