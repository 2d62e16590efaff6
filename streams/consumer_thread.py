"""The thread that owns Faust's aiokafka consumer: what it commits, and where it reads on.

Each offset is committed with its topic's id. Failure prevented: a worker goes on committing for some seconds after its
topic was deleted and created again, and the offset of the old topic then hid as many records of the new one.
"""

import time
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP


class RunConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # faust ships no types
    """Of `RunConsumer`; a failed commit is reported, not fatal."""

    async def seek_to_committed(self) -> Any:
        """Seek every partition to its committed offset, those without one of this topic to their beginning.

        Returns the committed offsets by partition, None for the latter.
        """
        return await self.call_thread(self._seek_to_committed)

    async def _seek_to_committed(self) -> Any:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        # aiokafka's `committed` drops the metadata
        committed = await consumer._coordinator.fetch_committed_offsets(list(assigned))  # noqa: SLF001
        found = {tp: one.offset for tp, one in committed.items() if one.offset and self._of_this_topic(tp, one)}
        begins, without = {}, [tp for tp in assigned if tp not in found]
        if without:
            # aiokafka leaves those where they are: what was fetched since the assignment, and is dropped with the seek,
            # would never be fetched again. Not `seek_to_beginning`: that asks the leaders of the metadata at hand and,
            # when one has moved, asks it again without end. After a leader election ingest stood still for the request
            # time-out of 90 s.
            begins = await consumer.beginning_offsets(without)
        for tp, offset in (found | begins).items():
            consumer.seek(tp, offset)
        return found | dict.fromkeys(without)

    def _of_this_topic(self, tp: Any, committed: OffsetAndMetadata) -> bool:
        """Whether an offset is of the topic that bears the name now; one without an id (earlier releases) is."""
        current = self.consumer.topic_id(tp.topic)
        if not committed.metadata or not current or committed.metadata == current:
            return True
        self.log.warning("%s: offset %d was committed for another topic of that name (id %s); this one (%s) is read "
                         "from its beginning", tp, committed.offset, committed.metadata, current)  # fmt: skip
        return False

    async def _commit(self, offsets: dict[TP, int]) -> bool:
        consumer = self._ensure_consumer()
        assigned = self.assignment()
        due = {
            driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, self.consumer.topic_id(tp.topic))
            for tp, offset in offsets.items()
            if tp in assigned
        }
        if not due:
            return True
        try:
            await consumer.commit(due)
        except KafkaError as fault:
            # Offsets only say where to read from next; what counts is the ledger's marks and the state's gate.
            self.log.warning("offsets not committed, they stay owed: %r", fault)
            return False
        now = time.monotonic()
        self.tp_last_committed_at.update(dict.fromkeys(due, now))
        return True
