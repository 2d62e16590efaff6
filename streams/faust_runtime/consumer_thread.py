"""The thread that owns Faust's aiokafka consumer: what it reads and commits, and where it reads on.

Each offset is committed with its topic's id. Failure prevented: a worker goes on committing for some seconds after its
topic was deleted and created again, and the offset of the old topic then hid as many records of the new one.
"""

import logging
import time
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.faust_runtime.fetch_answers import FetchAnswers, watch_answers
from streams.kafka import bounded_fetching
from streams.ledger.input_positions import Sought
from streams.log import logs
from streams.log.library_noise import LASTING_SECONDS, REPEAT_SECONDS

logger = logs.get_logger(__name__)

# Records that one look may take. Bounds memory: a record set of 2 MiB may hold a hundred thousand, and is read as its
# records are taken.
RECORDS_A_LOOK = 8192


class RunConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # faust ships no types
    """Of `RunConsumer`; a failed commit is reported, not fatal."""

    # What Faust and mode say of the thread is a library's: it would come under this module's name, as ours. One of its
    # own loggers mode would replace.
    logger = logging.getLogger("faust.consumer_thread")
    mundane_level = "debug"  # that it starts and stops

    answers: FetchAnswers | None = None

    # when it was told last that commits are refused, monotonic seconds
    _owed_told = float("-inf")

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: Faust's alarm about a slow stream is often false here, and the watchdog looks for the same.

        It compares with the high watermark, and takes the time of a partition's last *event*. A sender's transaction
        that stays open, a partition that stopped and says so on `/readyz`, one whose records only ride along in the
        runs of others: after five minutes each would be an error, told again and again.
        """

    def _create_worker_consumer(self, transport: Any) -> Any:
        """Faust's; of senders' topics it reads what is committed, and it survives record sets that cannot be read.

        Faust has no setting for either. A payment that its sender rolled back was never sent: scored, it raised alerts,
        and the sender's correction was refused as a conflict.
        """
        consumer = super()._create_worker_consumer(transport)
        if self.consumer.from_senders:
            consumer._isolation_level = "read_committed"  # noqa: SLF001
        consumer._max_poll_records = RECORDS_A_LOOK  # noqa: SLF001
        bounded_fetching.hand_over(consumer, each_offset=not self.consumer.from_senders)
        return consumer

    async def on_start(self) -> None:
        """Start the consumer, and note what its fetches bring."""
        await super().on_start()
        self.answers = watch_answers(self._ensure_consumer(), lambda tp, at: self.consumer.lost(tuple(tp), at))

    def deliverable_end(self, tp: Any, state: Any) -> int | None:
        """One past the last offset that can be delivered from a partition now; None when nothing was fetched yet.

        Of senders' topics the last stable offset: what lies behind a transaction that is still open comes later, or
        never. Where the broker had no record from the position on, the position.
        """
        end: int | None = state.highwater
        if self.consumer.from_senders and end is not None and state.lso is not None and state.lso >= 0:
            end = state.lso
        if end is not None and self.answers is not None and state.has_valid_position:
            position = state.position
            if position < end and self.answers.nothing.get(tp) == (position, end):
                return int(position)
        return end

    def highwater(self, tp: TP) -> int:
        """What `deliverable_end` says; Faust's monitor asks for it with each message."""
        consumer = self._ensure_consumer()
        end: int = consumer.highwater(tp)
        subscription = consumer._subscription.subscription  # noqa: SLF001
        assignment = subscription.assignment if subscription is not None else None
        state = assignment.state_value(tp) if assignment is not None else None
        return end if state is None else self.deliverable_end(tp, state)  # type: ignore[return-value]  # None as Faust's

    async def read_from(self, tp: Any, offset: int) -> None:
        """Read a partition from `offset` on."""
        await self.call_thread(self._ensure_consumer().seek, tp, offset)

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
        found |= await self._not_moved_forward(found, committed)
        begins, without = {}, [tp for tp in assigned if tp not in found]
        if without:
            # aiokafka leaves those where they are: what was fetched since the assignment, and is dropped with the seek,
            # would never be fetched again. Not `seek_to_beginning`: that asks the leaders of the metadata at hand and,
            # when one has moved, asks it again without end. After a leader election ingest stood still for the request
            # time-out of 90 s.
            begins = await consumer.beginning_offsets(without)
        for tp, offset in (found | begins).items():
            consumer.seek(tp, offset)
        self.consumer.sought(
            {tuple(tp): Sought(found.get(tp), self._is_ours(tp, committed.get(tp))) for tp in assigned}
        )
        return found | dict.fromkeys(without)

    async def _not_moved_forward(
        self, found: dict[Any, int], committed: dict[Any, OffsetAndMetadata]
    ) -> dict[Any, int]:
        """Where to read from instead of offsets that somebody else moved past what this group is known to have read.

        Failure prevented: what lies between would never be read, and moving back later does not heal it. The ledger's
        marks then take those records for redelivered ones, because later ones of their partition were there before.
        """
        others = [tp for tp in found if not self._is_ours(tp, committed[tp])]
        kept = await self.consumer.kept([tuple(tp) for tp in others]) if others else {}
        back = {tp: kept[tuple(tp)] for tp in others if kept.get(tuple(tp), found[tp]) < found[tp]}
        for tp, offset in back.items():
            logger.warning(
                "%s: somebody moved the group's offset forward, from %d to %d; nothing is skipped, "
                "reading goes on at %d",
                tp,
                offset,
                found[tp],
                offset,
                offset=offset,
            )
        return back

    def _is_ours(self, tp: Any, committed: OffsetAndMetadata | None) -> bool:
        """Whether a worker committed this offset: with the topic's id, which Kafka's own tools do not write."""
        told = committed.metadata if committed is not None else ""
        return bool(told) and told == self.consumer.topic_id(tp.topic)

    def _of_this_topic(self, tp: Any, committed: OffsetAndMetadata) -> bool:
        """Whether an offset is of the topic that bears the name now; one without an id (earlier releases) is."""
        current = self.consumer.topic_id(tp.topic)
        if not committed.metadata or not current or committed.metadata == current:
            return True
        logger.warning(
            "%s: offset %d was committed for another topic of that name (id %s); this one (%s) is read "
            "from its beginning",
            tp,
            committed.offset,
            committed.metadata,
            current,
            offset=committed.offset,
        )
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
            self._tell_refused(fault)
            return False
        now = time.monotonic()
        self.tp_last_committed_at.update(dict.fromkeys(due, now))
        return True

    def _tell_refused(self, fault: KafkaError) -> None:
        """Offsets only say where to read from next; what counts is the ledger's marks and the state's gate.

        So a commit that a rebalance or an absent broker refuses is told when that lasts.
        """
        now, since = time.monotonic(), self.consumer.owed_since
        if since is None or now - since < LASTING_SECONDS or now - self._owed_told < REPEAT_SECONDS:
            logger.debug("offsets not committed, they stay owed: %r", fault)
            return
        self._owed_told = now
        logger.warning(
            "offsets have not been committed for %.0f s, they stay owed: %r", now - since, fault, seconds=now - since
        )
