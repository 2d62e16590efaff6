"""Writes dead letters, each as large as its topic takes it. A letter is never refused for its size.

Failure prevented: a record whose letter the topic refuses ended ingest, and met the next worker again, for ever.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from streams.contracts.dead_letters import FORMS, Letter
from streams.errors import RefusedError
from streams.kafka import clients, topics
from streams.kafka.deliveries import Outstanding
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


class LetterWriter:
    """Writes to `fx.deadletter.v1` with a producer of its own; `outstanding` tells what is waited for.

    At least once: a letter's source topic, topic id, partition and offset are its identity. Its Kafka timestamp is the
    time of writing.
    """

    def __init__(self, settings: Settings, outstanding: Outstanding, partitions: int) -> None:
        self._settings, self._outstanding, self._partitions = settings, outstanding, partitions
        self._producer: Any = None

    async def start(self, client: str) -> None:
        """Start the producer, on the running event loop. Raises `KafkaError`."""
        producer = clients.make_repeating_producer(self._settings, client)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Stop the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await producer.stop()
            except (KafkaError, OSError, TimeoutError) as fault:
                logger.warning("the producer of dead letters did not stop cleanly: %r", fault)

    async def write(self, letters: Sequence[Letter]) -> None:
        """Write letters, all partitions at once; returns when each is acknowledged.

        Raises `RefusedError` when the topic refuses for another reason than size, or takes not even a position and two
        hashes; `DeliveryError` when it was not acknowledged within the patience.
        """
        by_partition: dict[int, list[Letter]] = {}
        for letter in letters:
            by_partition.setdefault(letter.record.partition % self._partitions, []).append(letter)
        await asyncio.gather(*(self._write(partition, some) for partition, some in by_partition.items()))

    async def _write(self, partition: int, letters: list[Letter]) -> None:
        records = [_record(letter, 0) for letter in letters]
        position = 0
        while position < len(records):
            batch, taken = clients.fill_batch(self._producer, topics.DEADLETTER, records, position)
            try:
                await self._send(batch, partition)
            except RefusedError as fault:
                self._answered(fault, partition)
                for letter in letters[position : position + taken]:
                    await self._write_alone(partition, letter, first=1 if taken == 1 else 0)
            position += taken

    async def _write_alone(self, partition: int, letter: Letter, first: int) -> None:
        """Write one letter in the largest form that the topic takes, from form `first` on."""
        for form in range(first, FORMS):
            record = _record(letter, form)
            batch, _ = clients.fill_batch(self._producer, topics.DEADLETTER, [record], 0)
            try:
                await self._send(batch, partition)
            except RefusedError as fault:
                if form == FORMS - 1:
                    raise
                self._answered(fault, partition)
                logger.warning(
                    "%s[%d] takes no letter of %d bytes: that of %s[%d] offset %d is cut",
                    topics.DEADLETTER,
                    partition,
                    batch.size(),
                    letter.record.topic,
                    letter.record.partition,
                    letter.record.offset,
                    topic=letter.record.topic,
                    partition=letter.record.partition,
                    offset=letter.record.offset,
                )
            else:
                return

    def _answered(self, fault: RefusedError, partition: int) -> None:
        """The write was refused for its size, and is not waited for any more. Raises any other refusal."""
        if not isinstance(fault.__cause__, TOO_LARGE):
            raise fault
        self._outstanding.note_arrived(topics.DEADLETTER, partition)

    async def _send(self, batch: Any, partition: int) -> None:
        await clients.send_batch(self._producer, batch, topics.DEADLETTER, partition, self._outstanding)


def _record(letter: Letter, form: int) -> clients.Record:
    key, value, headers = letter.written(form)
    return key, value, headers, None
