"""Watches that nothing passes ingest by: its own positions against the group's offsets and the logs' beginnings."""

import asyncio
import queue
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka.errors import KafkaError
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError as AdminError
from kafka.structs import TopicPartition

from streams.errors import BrokerUnavailableError, FxwatchError
from streams.kafka import clients, topic_reader, topics
from streams.kafka.agent_names import AgentNames
from streams.kafka.coordinators import ask_coordinator
from streams.kafka.deliveries import Outstanding
from streams.ledger.input_positions import (
    AGENT,
    InputAccount,
    InputPartition,
    Kept,
    Sought,
    is_acknowledged,
    of_topic,
    passed_record,
    position_record,
)
from streams.ledger.progress import InputPosition, Passed
from streams.log import logs
from streams.operations.metrics import Metrics
from streams.settings import Settings

logger = logs.get_logger(__name__)

# Retention deletes at most every few minutes. A look costs a connection, some 20 ms of CPU beside the event loop.
LOOK_SECONDS = 30.0
# After an assignment: what the operator did to the offsets is told before it is forgotten.
FIRST_LOOK_SECONDS = 2.0
# Positions that are older only make what is told of moved offsets less exact, and only after a crash.
SAVE_SECONDS = 60.0
# A stop has a deadline, and a broker may be away.
STOP_SECONDS = 3.0


class InputWatch:
    """Of one ingest worker; `ids` gives the input topics' ids."""

    def __init__(self, settings: Settings, metrics: Metrics, ids: Callable[[], Mapping[str, bytes]]) -> None:
        self._settings, self._metrics, self._ids = settings, metrics, ids
        self._partitions = settings.effective.engine.partitions
        self.account = InputAccount()
        # in their order: where an assignment is read from, and where a broker refused to read on
        self._told: queue.SimpleQueue[dict[InputPartition, Sought] | tuple[InputPartition, int]] = queue.SimpleQueue()
        self._saved: dict[InputPartition, int] = {}
        # what this worker counts as a gap until an operator settles it
        self._counted: list[tuple[InputPartition, Passed]] = []
        self._producer: Any = None

    def note_sought(self, found: dict[InputPartition, Sought]) -> None:
        """The consumer went to where its group says; called from the consumer's own thread."""
        self._told.put(found)

    def note_lost(self, place: InputPartition, at: int) -> None:
        """A broker refused to read on at offset `at`; called from the consumer's own thread."""
        self._told.put((place, at))

    async def read_kept(self, places: list[InputPartition]) -> dict[InputPartition, int]:
        """Up to where ingest has read these places, as far as it is known; called from the consumer's own thread.

        What cannot be read then is told by a later look.
        """
        try:
            found = await self._read(places)
        except (KafkaError, FxwatchError) as fault:
            logger.warning("whether somebody moved the group's offsets cannot be told: %r", fault)
            return {}
        ids = self._ids()
        return {
            place: position.next
            for place, position in found.positions.items()
            if place in places and position.topic_id in ("", ids.get(place[0], b"").decode())
        }

    def note_handled(self, runs: Iterable[tuple[InputPartition, int, int]]) -> None:
        """First and last offset of each place in a run whose outputs are written."""
        self._take_told()
        self.account.note_delivered(runs)

    def read_on(self, offsets: Mapping[InputPartition, int]) -> None:
        """These offsets were committed."""
        self._take_told()
        self.account.read_on(offsets.items())

    def _take_told(self) -> bool:
        """What the consumer's thread told; returns whether there was a new assignment."""
        assigned = False
        while not self._told.empty():
            told = self._told.get()
            if isinstance(told, dict):
                self.account.note_sought(told)
                assigned = True
            else:
                self.account.note_lost(*told)
        return assigned

    async def run(self, producer: Any) -> None:
        """Look for ever, and keep the positions; `producer` is a started idempotent one."""
        self._producer = producer
        looked = saved = time.monotonic()
        while True:
            await asyncio.sleep(FIRST_LOOK_SECONDS)
            now = time.monotonic()
            if self._take_told() or self.account.unsettled or now - looked > LOOK_SECONDS:
                looked = now
                await self._look_or_tell()
            if now - saved > SAVE_SECONDS:
                saved = now
                await self._save_or_tell()

    async def save(self) -> None:
        """Keep the positions, at a stop: an operator moves offsets while no worker runs.

        A worker that stops within seconds of an assignment has not looked yet, and a place is kept only after a look.
        Without one here its offsets could be moved forward unseen before the next start.
        """
        if self._producer is not None:
            try:
                await asyncio.wait_for(self._look_and_save(), STOP_SECONDS)
            except TimeoutError:
                logger.warning("the positions of ingest are not kept: no answer within %.0f s", STOP_SECONDS)

    async def _look_and_save(self) -> None:
        if self._take_told() or self.account.unsettled:
            await self._look_or_tell()
        await self._save_or_tell()

    async def _look_or_tell(self) -> None:
        try:
            await self.look()
        except BrokerUnavailableError as fault:
            logger.debug(
                "whether records passed ingest by cannot be told now: %r", fault
            )  # the broker watch's business
        except (FxwatchError, KafkaError, AdminError) as fault:
            logger.warning("whether records passed ingest by cannot be told: %s", fault)

    async def _save_or_tell(self) -> None:
        try:
            await self._write([])
        except (FxwatchError, KafkaError) as fault:
            logger.warning("the positions of ingest are not kept: %s", fault)

    async def look(self) -> None:
        """Compare once; tell, count and keep what was found. Raises what reading and writing raise."""
        unsettled = self.account.unsettled
        places = sorted(unsettled | self.account.next.keys())
        if not places:
            return
        kept = await self._read(unsettled | {place for place, _ in self._counted})
        self._settle(kept)
        bounds = await asyncio.to_thread(self._bounds, places)
        ids = {name: topic_id.decode() for name, topic_id in self._ids().items()}
        found = self.account.settle(kept.positions, ids, bounds)
        for place, passed in found:
            self._tell(place, passed)
        if found or unsettled:
            await self._write(found)

    def _settle(self, kept: Kept) -> None:
        """Count what an operator has settled as a gap no more."""
        for place, passed in [one for one in self._counted if is_acknowledged(kept, *one)]:
            self._counted.remove((place, passed))
            self._metrics.count_acknowledged(passed.next - passed.first)
            logger.warning(
                "%s[%d]: offsets %d to %d are acknowledged as unread",
                *place,
                passed.first,
                passed.next - 1,
                topic=place[0],
                partition=place[1],
                offset=passed.first,
            )

    def _tell(self, place: InputPartition, passed: Passed) -> None:
        self._counted.append((place, passed))
        count = passed.next - passed.first
        which = f"{place[0]}[{place[1]}]: {count} offsets, {passed.first} to {passed.next - 1},"
        self._metrics.count_passed(place[0], passed.cause, count)
        fields = {"topic": place[0], "partition": place[1], "offset": passed.first}
        if passed.cause == "deleted":
            logger.critical(
                "%s were deleted before they were read; to do: raise raw_retention_days, or run more "
                "ingest workers; ask the senders to send the records again",
                which,
                **fields,
            )
        else:
            logger.critical(
                "%s are not read, because somebody moved the group's offset; to do: ask the senders to "
                "send the records again",
                which,
                **fields,
            )

    async def _read(self, places: Iterable[InputPartition]) -> Kept:
        """What the progress topic says of these places. Our records there are in no transaction."""
        kept = Kept()
        for partition in sorted({place[1] % self._partitions for place in places}):
            async for records in clients.read_whole(self._settings, topics.PROGRESS, partition):
                for record in records:
                    kept.absorb(record.key or b"", record.value)
        return kept

    def _bounds(self, places: list[InputPartition]) -> dict[InputPartition, tuple[int, int]]:
        asked = [TopicPartition(*place) for place in places]
        with topics.connect(self._settings) as admin:
            begins = admin.list_partition_offsets(dict.fromkeys(asked, OffsetSpec.EARLIEST))
            ends = admin.list_partition_offsets(dict.fromkeys(asked, OffsetSpec.LATEST))
        return {(tp.topic, tp.partition): (one.offset, ends[tp].offset) for tp, one in begins.items() if tp in ends}

    async def _write(self, found: list[tuple[InputPartition, Passed]]) -> None:
        """Keep what was passed, and every position that changed since it was kept."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        ids, unsettled = self._ids(), self.account.unsettled
        due = {
            place: position
            for place, position in self.account.next.items()
            if place not in unsettled and self._saved.get(place) != position
        }
        records: dict[int, list[clients.Record]] = {}

        def add(place: InputPartition, key: bytes, value: bytes) -> None:
            records.setdefault(place[1] % self._partitions, []).append((key, value, [], None))

        for place, passed in found:
            add(
                place,
                *passed_record(
                    place,
                    Passed(first=passed.first, next=passed.next, cause=passed.cause, topic_id=passed.topic_id, at=at),
                ),
            )
        for place, position in due.items():
            add(place, *position_record(place, InputPosition(next=position, topic_id=ids.get(place[0], b"").decode())))
        patience = self._settings.broker_patience_seconds
        for partition, some in records.items():
            await clients.send_records(
                self._producer, topics.PROGRESS, partition, some, patience, Outstanding(patience)
            )
        self._saved |= due


def read_kept(settings: Settings) -> Kept:
    """What ingest keeps on the progress topic, of all input partitions. Raises `BrokerUnavailableError`."""
    kept = Kept()
    with topic_reader.Reader(settings, [topics.PROGRESS]) as reader:
        for _, records in reader.read_to_end():
            for record in records:
                kept.absorb(record.key or b"", record.value)
    return kept


def read_committed_offsets(settings: Settings, ids: Mapping[str, bytes]) -> dict[InputPartition, int]:
    """The ingest group's committed offsets of the topics that have these ids. Raises `BrokerUnavailableError`."""
    group = AgentNames(settings.application, AGENT).group
    with topics.connect(settings) as admin:
        offsets = ask_coordinator(lambda: admin.list_group_offsets({group: None})).get(group, {})
    return {
        (tp.topic, tp.partition): held.offset
        for tp, held in offsets.items()
        if isinstance(tp, TopicPartition)
        and held.offset >= 0
        and of_topic(held.metadata, ids.get(tp.topic, b"").decode())
    }
