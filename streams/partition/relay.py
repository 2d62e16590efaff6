"""Records that an agent writes to the topic it reads itself: at least once, in order, before its transaction.

Such a topic is read as it is written, offset by offset, so no transaction may write to it: its markers would be holes,
and what it rolls back would be read. Ingest writes it so too. A record names the record that it follows from, and a
number. Each partition's records are acknowledged before the position past their cause is published, and one batch is
under way at a time. So each partition of the topic holds a prefix of them, whoever wrote it, and after a crash they
come again, the same. The readers' gate drops them (detectors/memory/marks.py).
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from streams.kafka.clients import send_records
from streams.kafka.deliveries import Outstanding

if TYPE_CHECKING:
    from streams.partition.outputs import Output


class Relay:
    """Writes to one topic, with a producer of its own from the first record on."""

    def __init__(self, new_producer: Callable[[], AIOKafkaProducer], topic: str, patience: float) -> None:
        """`new_producer` makes an idempotent one; `patience` is how long an acknowledgement may take, seconds."""
        self._new_producer, self.topic, self._patience = new_producer, topic, patience
        self._producer: AIOKafkaProducer | None = None

    async def send(self, outputs: Sequence["Output"], outstanding: Outstanding) -> None:
        """Write these, each partition's in their order, and await every acknowledgement.

        Raises `RefusedError` when the topic refuses one for good, `DeliveryError` when one was not acknowledged in
        time. Costs 2 ms a partition that is written to.
        """
        by_partition = sorted(outputs, key=attrgetter("partition"))
        for partition, found in groupby(by_partition, attrgetter("partition")):
            records = [(one.key, one.value, one.headers, one.timestamp_ms) for one in found]
            try:
                producer = await self._started()
                await send_records(producer, self.topic, partition, records, self._patience, outstanding)
            except BaseException:
                # what aiokafka lost of a batch it may also count as sent: the next ones would be out of sequence
                await self.close()
                raise

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = self._new_producer()
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def close(self) -> None:
        """Stop the producer; the next record starts another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
