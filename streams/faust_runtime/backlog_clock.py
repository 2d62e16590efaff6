"""Keeps ingest workers at about the same place in time while they work off a backlog.

A worker hands over its own partitions' records in time order, but knows nothing of the others': two workers drain a
backlog at their own speeds, and a stream of months that is worked off in seconds would have its rates days apart from
the payments of the other worker. So each worker with a backlog tells the others, on `fx.clock.v1`, the Kafka timestamp
of its next record, and none runs ahead of the slowest by more than a few runs. Best effort, like the order within a
worker: a worker that does not move for a few seconds is not waited for, and one that has caught up is silent and waits
for nobody.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka import clients
from streams.kafka.async_tasks import CLOSING_SECONDS, cancel_and_wait
from streams.kafka.denied import DENIED, make_not_authorized_error
from streams.log import logs
from streams.operations import health
from streams.settings import Settings

logger = logs.get_logger(__name__)

# Runs that a worker may be ahead of the slowest: news takes one tick and a few ms, in which about one run is handed
# over.
RUNS_AHEAD = 1

# Records a run while others work on the same backlog. A run is the grain of the alignment: 256 records of half the
# partitions were two days of a stream of 1 250 records a day (measured: rates 50-60 h ahead of payments, over a
# weekend).
RUN_RECORDS = 64

# In live traffic runs are short and spans tiny; this much is always allowed, ms of timestamps.
LEAST_SLACK_MS = 100

# After an assignment the others need a moment to fetch and to say where they are: about a second for aiokafka's first
# fetch. Without waiting for it, the worker that resumes first would be thousands of records ahead before it hears of
# anyone. Longer than the 4 s that a worker may wait for its first fetch.
GRACE_SECONDS = 5.0

# A worker whose head does not move for this long is not waited for: it was killed, or has a fault of its own. Shorter,
# and a busy machine's hiccup of half a second lets the others run thousands of records ahead. Longer than a worker may
# wait for a slow fetch (`LONG_WAIT_SECONDS` in streams/faust_runtime/run_consumer.py, 4 s): its head stands still
# meanwhile.
PATIENCE_SECONDS = 5.5

TICK_SECONDS = 0.01
RETRY_SECONDS = 2.0


class ToldTime(msgspec.Struct, frozen=True):
    """What one worker says: the timestamp of its next record, ms UTC; None when it has caught up."""

    head: int | None


class StreamClock:
    """Pure part: what the others said, and whether our next run may go out. Times are given, seconds, monotonic."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._expected, self._since_restart, self._until = 0, set[str](), 0.0
        self.restarts = 0
        self.known = False
        self._others: dict[str, tuple[int, float]] = {}
        self.head: int | None = None
        self._span = 0.0

    def note_heard(self, member: str, head: int | None, at: float) -> None:
        """Note what another worker said."""
        self._since_restart.add(member)
        if head is None:
            self._others.pop(member, None)
        elif member not in self._others or self._others[member][0] != head:
            self._others[member] = (head, at)

    def restart(self, held: int, at: float) -> None:
        """A new assignment of `held` partitions begins: what was said before it says nothing any more."""
        self._others.clear()
        self._since_restart.clear()
        self.head = None
        self.restarts += 1
        self.known = False  # nothing was fetched yet: "caught up" would be a guess
        # workers hold about the same number of partitions each
        self._expected = -(-self._partitions // held) - 1 if held else 0
        self._until = at + GRACE_SECONDS

    def may_pass(self, head: int, at: float) -> bool:
        """Whether a run that begins at timestamp `head` may go out now."""
        self.head, self.known = head, True
        if at < self._until and len(self._since_restart) < self._expected:
            return False
        moving = [told for told, since in self._others.values() if at - since < PATIENCE_SECONDS]
        return not moving or head <= min(moving) + max(LEAST_SLACK_MS, RUNS_AHEAD * self._span)

    @property
    def run_records(self) -> int | None:
        """The most records a run may have now, or None for the usual bound."""
        return RUN_RECORDS if self._others else None

    def note_passed(self, first: int, last: int) -> None:
        """A run from timestamp `first` to `last` went out; its span says how dense this backlog is."""
        self._span += 0.2 * (max(0, last - first) - self._span)

    def note_caught_up(self) -> None:
        """Nothing more is waiting here."""
        self.head, self.known = None, True


class ClockExchange:
    """Tells the other workers our head and hears theirs. A cluster that does not answer only costs the alignment."""

    def __init__(
        self, settings: Settings, topic: str, clock: StreamClock, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._topic, self._clock, self._now = settings, topic, clock, now
        self._member = uuid.uuid4().hex[:12]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, producer: Any) -> None:
        """Start telling and hearing in the background; `producer` is a started aiokafka producer."""
        self._tasks = [health.start_in_background(self._tell(producer)), health.start_in_background(self._hear())]

    async def stop(self) -> None:
        """Stop both."""
        tasks, self._tasks = self._tasks, []
        await asyncio.gather(*(cancel_and_wait(task, CLOSING_SECONDS) for task in tasks))

    async def _tell(self, producer: Any) -> None:
        told: tuple[int, int | None] = (0, None)
        while True:
            await asyncio.sleep(TICK_SECONDS)
            # after a restart even a worker with nothing to say says so once: the others wait for it
            head, now = self._clock.head, (self._clock.restarts, self._clock.head)
            if now == told or not self._clock.known:
                continue
            try:
                await producer.send(
                    self._topic, msgspec.json.encode(ToldTime(head)), key=self._member.encode(), partition=0
                )
                told = now
            except DENIED as fault:
                raise make_not_authorized_error("the other workers cannot be told where this one is", fault) from fault
            except KafkaError as fault:
                logger.info("the other workers were not told where this one is: %r", fault)
                await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self) -> None:
        partition = TopicPartition(self._topic, 0)
        while True:
            consumer = clients.make_reader(self._settings, committed=False)
            try:
                await consumer.start()
                consumer.assign([partition])
                await consumer.seek_to_end(partition)
                async for record in consumer:
                    member = (record.key or b"").decode("utf-8", "replace")
                    if member != self._member and record.value is not None:
                        self._clock.note_heard(
                            member, msgspec.json.decode(record.value, type=ToldTime).head, self._now()
                        )
            except DENIED as fault:
                raise make_not_authorized_error("where the other workers are cannot be read", fault) from fault
            except (KafkaError, msgspec.DecodeError) as fault:
                logger.info("where the other workers are is not known for now: %r", fault)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                try:
                    await consumer.stop()
                except KafkaError as fault:
                    logger.info("a reader of the other workers' clocks did not stop cleanly: %r", fault)
