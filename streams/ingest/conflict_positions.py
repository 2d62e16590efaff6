"""How far the notices were read, kept beside the group's offsets, so that who moves those loses nobody's letter.

As of the inputs (streams/ledger/input_positions.py): each offset is committed with its topic's id, which Kafka's own
tools do not write, and the position stands on `fx.progress.v1` too, as `ingest/fx.notices.v1/<partition>`. An offset
that somebody else moved past that position is not followed, and one of a deleted topic of that name says nothing.

Offsets moved back, and a group that is deleted, do no harm: letters are written again, and a letter's source position
is its identity.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from streams.errors import FxwatchError
from streams.ingest.input_topic_ids import shorten
from streams.kafka import clients, topics
from streams.ledger.input_positions import Kept, position_record
from streams.ledger.progress import InputPosition
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

Keep = Callable[[int, list[clients.Record]], Awaitable[None]]


class NoticePositions(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Of one ingest worker; `keep` writes records to a partition of `fx.progress.v1`."""

    def __init__(self, settings: Settings, keep: Keep) -> None:
        self._settings, self._keep = settings, keep
        self._partitions = settings.effective.engine.partitions
        self._topic_id = ""
        # partitions that were compared since they were assigned
        self._compared: set[TopicPartition] = set()
        # whether the group has given partitions; while it gives new ones, aiokafka still names the former ones as held
        self._given = False
        self._rebalances = 0

    def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        """Before a rebalance, which gives new ones: where those stand is compared anew."""
        self._compared.clear()
        self._given, self._rebalances = False, self._rebalances + 1

    def on_partitions_assigned(self, _assigned: Iterable[TopicPartition]) -> None:
        """After it; `readable` looks."""
        self._given = True

    async def begin(self, consumer: AIOKafkaConsumer) -> None:
        """Let a new consumer subscribe, before it is started. Raises `FxwatchError`."""
        self._compared.clear()
        self._given = False
        self._topic_id = await asyncio.to_thread(_topic_id, self._settings)
        consumer.subscribe([topics.NOTICES], listener=self)

    async def find_readable(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        """Partitions held, each sought to where reading must go on. Raises `KafkaError`, `FxwatchError`.

        None during a rebalance. Failure prevented: partitions were compared and sought between giving them up and
        getting them anew, which begins at the group's offset again, and then believed.
        """
        new = sorted(consumer.assignment() - self._compared) if self._given else []
        if new:
            await self._compare(consumer, new)
        found = sorted(consumer.assignment() & self._compared)
        if not found:
            consumer._coordinator.check_errors()  # noqa: SLF001  (as `getmany` does: a denied group gives no partition)
        return found

    async def _compare(self, consumer: AIOKafkaConsumer, new: list[TopicPartition]) -> None:
        rebalances = self._rebalances
        committed = await consumer._coordinator.fetch_committed_offsets(new)  # noqa: SLF001  (with metadata)
        begins = await consumer.beginning_offsets(new)
        elsewhere = await self._elsewhere(committed, begins)
        if self._rebalances != rebalances:
            return  # all are compared anew
        for tp, offset in elsewhere.items():
            consumer.seek(tp, offset)
        self._compared.update(new)
        # also of a partition that had no notice yet: what is moved before its first one is read hides that too
        await self._note(begins | {tp: one.offset for tp, one in committed.items() if one.offset >= 0} | elsewhere)

    async def commit(self, consumer: AIOKafkaConsumer, places: Iterable[TopicPartition]) -> None:
        """Commit where reading stands, and keep it. Raises `KafkaError`: the letters are then written again."""
        # one that a rebalance took meanwhile is the next owner's
        due = {tp: await consumer.position(tp) for tp in places if tp in self._compared}
        if due:
            await consumer.commit({tp: OffsetAndMetadata(offset, self._topic_id) for tp, offset in due.items()})
            await self._note(due)

    async def _note(self, positions: dict[TopicPartition, int]) -> None:
        try:
            for tp, offset in positions.items():
                position = InputPosition(next=offset, topic_id=self._topic_id)
                key, value = position_record((tp.topic, tp.partition), position)
                await self._keep(tp.partition % self._partitions, [(key, value, [], None)])
        except (FxwatchError, KafkaError) as fault:
            logger.warning("how far the notices were read is not kept: %s", fault)

    async def _elsewhere(
        self, committed: dict[TopicPartition, OffsetAndMetadata], begins: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """Where to read on instead of at the committed offset, where that is none of ours."""
        foreign = {tp: one for tp, one in committed.items() if one.offset >= 0 and one.metadata != self._topic_id}
        kept = await self._kept({tp.partition for tp in foreign if not foreign[tp].metadata})
        found = {}
        for tp, one in foreign.items():
            position = kept.positions.get((tp.topic, tp.partition))
            if one.metadata or (position is not None and position.topic_id != self._topic_id):
                found[tp] = begins[tp]
                logger.warning(
                    "%s[%d]: offset %d is of a topic that was deleted since; the notices of this one are "
                    "read from its beginning",
                    *tp,
                    one.offset,
                    topic=tp.topic,
                    partition=tp.partition,
                    offset=one.offset,
                )
            elif position is not None and position.next < one.offset:
                found[tp] = position.next
                logger.warning(
                    "%s[%d]: somebody moved the group's offset forward, from %d to %d; nothing is skipped, "
                    "the letters behind it are written",
                    *tp,
                    position.next,
                    one.offset,
                    topic=tp.topic,
                    partition=tp.partition,
                    offset=position.next,
                )
        return found

    async def _kept(self, partitions: set[int]) -> Kept:
        kept = Kept()
        for partition in sorted({number % self._partitions for number in partitions}):
            async for records in clients.read_whole(self._settings, topics.PROGRESS, partition):
                for record in records:
                    kept.absorb(record.key or b"", record.value)
        return kept


def _topic_id(settings: Settings) -> str:
    return shorten(topics.read_topic_id(settings, topics.NOTICES)).decode()
