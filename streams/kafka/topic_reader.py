"""Reading topics for the command line: partitions are assigned, no group is joined and nothing is committed.

aiokafka under an own event loop, because kafka-python checks each CRC in Python: 70-120 us a record against 4-8 here,
measured on 200 000 records of 0.5 and 0.7 KB.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailableError, FxwatchError, TopicsError, UnreadableError
from streams.kafka import clients, topics
from streams.kafka.denied import DENIED, choose_error, make_not_authorized_error
from streams.kafka.unreadable_sets import UnreadableSetError
from streams.settings import Settings

# A bounded reading that gets nothing for this long is given up: the end was read before, so records are there.
STALLED_SECONDS = 30.0
# How often a reader that waits asks the broker for a sign of life.
ALIVE_SECONDS = 10.0
_POLL_MS = 200

Batch = tuple[TopicPartition, list[Any]]
# told how many records were read so far, and about how many there are
Told = Callable[[int, int], None]


def count_partitions_of(settings: Settings, names: Iterable[str]) -> dict[str, int]:
    """Number of partitions of each topic.

    Raises `BrokerUnavailableError` when no broker answers, `TopicsError` naming every topic that is missing, and
    `NotAuthorizedError` those that this client may not describe.
    """
    wanted = list(names)
    with topics.connect(settings) as admin:
        found = {
            name: len(each["partitions"])
            for name, each in topics.describe_topics(admin, wanted).items()
            if each["error_code"] == 0
        }
    missing = [name for name in wanted if name not in found]
    if missing:
        raise TopicsError(
            "topics are missing",
            got=", ".join(missing),
            expected="the topics of fxwatch",
            todo="run `fxwatch topics apply`",
        )
    return {name: found[name] for name in wanted}


def read_written_ends(settings: Settings, names: Iterable[str]) -> dict[tuple[str, int], int]:
    """Where each partition of the topics ends, open transactions included. Raises what `partitions_of` raises."""
    counts = count_partitions_of(settings, names)
    asked = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]

    async def ask() -> dict[tuple[str, int], int]:
        consumer = clients.make_reader(settings, committed=False)
        try:
            await consumer.start()
            ends = await consumer.end_offsets(asked)
        finally:
            await consumer.stop()
        return {(tp.topic, tp.partition): int(end) for tp, end in ends.items()}

    try:
        return asyncio.run(ask())
    except KafkaError as fault:
        raise choose_error(_gone(settings, repr(fault)), fault, "this client may not read") from fault


def _gone(settings: Settings, cause: object) -> BrokerUnavailableError:
    return BrokerUnavailableError(
        "the broker stopped answering while topics were read",
        got=cause,
        expected=f"records from {settings.bootstrap}",
        todo="see `fxwatch broker status`, then run the command again",
    )


class Reader:
    """A read_committed reader of whole topics, or of some of their partitions; a context manager.

    `begins` and `ends` are the offsets when it was opened: the first record kept, and one past the last record that no
    open transaction stands before. Raises what `partitions_of` raises. `unreadable`: whether an `Unreadable` stands
    among the records where a record set cannot be read; else that is an `UnreadableError`. `known`: these partitions
    are known to be there, so that the cluster is not asked on two connections more (each may take 8 s).
    """

    def __init__(
        self,
        settings: Settings,
        names: Iterable[str],
        partitions: Iterable[int] | None = None,
        *,
        unreadable: bool = False,
        known: bool = False,
    ) -> None:
        self._settings, self._unreadable = settings, unreadable
        wanted = None if partitions is None else set(partitions)
        counts = dict.fromkeys(names, max(wanted) + 1) if known and wanted else count_partitions_of(settings, names)
        self._assigned = [
            TopicPartition(topic, partition)
            for topic, count in counts.items()
            for partition in range(count)
            if wanted is None or partition in wanted
        ]
        self.begins: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}
        self._runner = asyncio.Runner()
        self._consumer: AIOKafkaConsumer | None = None

    def __enter__(self) -> Self:
        # what it would log here is said by the errors raised, once and in words
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        self._runner.__enter__()
        try:
            self._runner.run(self._open())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._consumer is not None:
            self._runner.run(self._consumer.stop())
        self._runner.__exit__(kind, fault, trace)

    async def _open(self) -> None:
        self._consumer = clients.make_reader(
            self._settings, committed=True, unreadable="set" if self._unreadable else "raise"
        )
        try:
            await self._consumer.start()
            self._consumer.assign(self._assigned)
            self.begins = dict(await self._consumer.beginning_offsets(self._assigned))
            self.ends = dict(await self._consumer.end_offsets(self._assigned))
        except KafkaError as fault:
            raise self._lost(fault) from fault

    def _lost(self, cause: object) -> FxwatchError:
        if isinstance(cause, DENIED):
            return make_not_authorized_error("this client may not read", cause)
        return _gone(self._settings, cause)

    def read_to_end(self, starts: dict[TopicPartition, int] | None = None, told: Told | None = None) -> Iterator[Batch]:
        """Every committed record from `starts` (default: `begins`) to `ends`, in batches, each of one partition.

        Ends when the positions reach `ends`, not when records do: markers of transactions and aborted records take
        offsets too. `told` is called behind each batch. Raises `BrokerUnavailableError` when nothing comes for 30 s.
        """
        first = self.begins | (starts or {})
        still = {tp for tp in self._assigned if first[tp] < self.ends[tp]}
        total, seen = sum(self.ends[tp] - first[tp] for tp in still), 0
        self._runner.run(self._seek(first, still))
        last_progress = time.monotonic()
        positions: dict[TopicPartition, int] = {}
        while still:
            fetched, reached = self._runner.run(self._step(still))
            for tp, records in fetched.items():
                kept = (
                    records
                    if records[-1].offset < self.ends[tp]
                    else [each for each in records if each.offset < self.ends[tp]]
                )
                if kept:
                    yield tp, kept
                    seen += len(kept)
                    if told is not None:
                        told(seen, total)
            if reached != positions:
                positions, last_progress = reached, time.monotonic()
            elif time.monotonic() - last_progress > STALLED_SECONDS:
                raise self._lost(f"nothing for {STALLED_SECONDS:.0f} s")
            done = {tp for tp, position in reached.items() if position >= self.ends[tp]}
            still -= done
            self._runner.run(self._pause(done))

    def follow(self, *, from_beginning: bool, silent: Callable[[bool], None]) -> Iterator[Batch]:
        """Committed records as they come, for ever; from `begins`, or only those after `ends`.

        `silent` is told False once each time that the broker stops answering, and True when it is back.
        """
        self._runner.run(self._seek(self.begins if from_beginning else self.ends, set(self._assigned)))
        asked, alive = time.monotonic(), True
        while True:
            fetched = self._runner.run(self._poll())
            yield from fetched.items()
            now = time.monotonic()
            if fetched:
                asked, alive = now, True
            elif now - asked > ALIVE_SECONDS:
                answers = self._runner.run(self._answers())
                if answers != alive:
                    silent(answers)
                asked, alive = time.monotonic(), answers

    async def _seek(self, offsets: dict[TopicPartition, int], wanted: set[TopicPartition]) -> None:
        assert self._consumer is not None
        for tp in self._assigned:
            self._consumer.seek(tp, offsets[tp])
            (self._consumer.resume if tp in wanted else self._consumer.pause)(tp)

    async def _pause(self, done: set[TopicPartition]) -> None:
        assert self._consumer is not None
        if done:
            self._consumer.pause(*done)

    async def _poll(self) -> dict[TopicPartition, list[Any]]:
        assert self._consumer is not None
        try:
            return dict(await self._consumer.getmany(timeout_ms=_POLL_MS))
        except UnreadableSetError as fault:
            raise UnreadableError(
                f"a record set cannot be read: {fault.unreadable}", todo="restore the broker's log, or a replica of it"
            ) from fault
        except KafkaError as fault:
            raise self._lost(fault) from fault

    async def _step(
        self, still: set[TopicPartition]
    ) -> tuple[dict[TopicPartition, list[Any]], dict[TopicPartition, int]]:
        assert self._consumer is not None
        fetched = await self._poll()
        return fetched, {tp: await self._consumer.position(tp) for tp in still}

    async def _answers(self) -> bool:
        assert self._consumer is not None
        try:
            await asyncio.wait_for(self._consumer.end_offsets(self._assigned[:1]), ALIVE_SECONDS)
        except (KafkaError, TimeoutError):
            return False
        return True
