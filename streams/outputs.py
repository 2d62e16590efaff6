"""Outputs of one partition, exactly once for read_committed readers.

One transactional producer per (agent, partition). Starting it fences any older owner (KIP-98), so that whatever a
zombie still holds can never be committed. The outputs of a run and the new position on `fx.progress.v1` are one Kafka
transaction.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from streams import progress
from streams.clients import Headers
from streams.errors import DeliveryError, FencedError

logger = logging.getLogger(__name__)


class Output(msgspec.Struct, frozen=True):
    """One record to publish. It goes to partition `partition` of `topic`; `timestamp_ms` is event time, UTC."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: Headers
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
        place: progress.Place,
        patience: float,
        ledger: str = "",
    ) -> None:
        """`ledger` is the topic id that positions are of; `patience` is how long a commit may take, seconds."""
        self._new_producer, self._read_published, self._broker_was_away = new_producer, read_published, broker_was_away
        self._place, self._patience, self._ledger = place, patience, ledger
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
        """Commit `outputs` and the position (first ledger offset not covered) in one transaction.

        Raises `FencedError` when another worker owns the partition, `DeliveryError` when the broker stayed away for
        longer than the patience. Costs about 6 ms and 1.5 ms CPU.
        """
        try:
            await self._transaction(outputs, position)
        except ProducerFenced as fault:
            # A transaction that its broker timed out while it was away is fenced too. Only evidence of an outage makes
            # it that case; a process that was stopped (SIGSTOP) has none and must not fence the rightful owner in turn.
            if not self._broker_was_away():
                raise FencedError(f"another worker owns {self._place} now", got=repr(fault)) from fault
            await self._settle(outputs, position, fault)
        except (KafkaError, TimeoutError) as fault:
            await self._settle(outputs, position, fault)
        self.published = position

    async def _settle(self, outputs: list[Output], position: int, cause: Exception) -> None:
        """Find out with a new producer whether the transaction was committed after all; if not, send it again."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            try:
                await self.start()
                found = await self._read_published()
                if found == position:
                    return
                if found != self.published:
                    raise FencedError(f"another worker published for {self._place}", got=found, expected=self.published)
                await self._transaction(outputs, position)
            except (KafkaError, TimeoutError) as fault:
                cause = fault
            else:
                return
        raise DeliveryError(
            f"outputs of {self._place} were not committed",
            got=repr(cause),
            todo="nothing was committed past them; see the broker's log, then start the worker again",
        ) from cause

    async def _transaction(self, outputs: list[Output], position: int) -> None:
        producer = self._producer
        if producer is None:
            raise FencedError(f"{self._place} has no producer", todo="the partition must be opened first")
        try:
            await producer.begin_transaction()
            for output in outputs:
                await producer.send(
                    output.topic, output.value, output.key, output.partition, output.timestamp_ms, output.headers
                )
            value = progress.encode(progress.Published(next=position, ledger=self._ledger))
            await producer.send(self._place.topic, value, self._place.published_key, self._place.partition)
            await asyncio.wait_for(producer.commit_transaction(), self._patience)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop the producer; what it had open is aborted by the next owner's start."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await abandon(producer)


async def abandon(producer: Any) -> None:
    """Stop a producer that may be in any state; the broker aborts what it left open."""
    try:
        await asyncio.wait_for(producer.stop(), 5)
    except (KafkaError, AssertionError, TimeoutError, OSError) as fault:
        logger.info("a producer did not stop cleanly, it is abandoned: %r", fault)
