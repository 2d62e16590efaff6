"""The consumer of runs: one Faust event is a run, up to a few hundred records in order.

Stock Faust spends 65-200 us and four asyncio tasks on each record, so that the engine would cost more than the science.
This subclass of Faust's aiokafka consumer hands over runs instead. An ordered run holds records of all assigned
partitions merged by their Kafka timestamps, best effort (DESIGN section 2, "Order between topics"); an unordered one
holds consecutive records of one partition, partitions taking turns. The order of one partition is always kept.

A run's message stands for the partition of its last record; the run's other partitions are its companions,
acknowledged by `Run.ack` with it. Faust's own code is not changed; its exact version is pinned in pyproject.toml, and
the exactness tests guard what is assumed here:

* `_wait_next_records` is Faust's only source of records;
* `ack` puts a message's offset into `_acked_index`, and `_new_offset` says what may be committed;
* a message whose offset is not the one after the read offset makes Faust call `_add_gap`, and one below it is dropped;
* `consumer.track_message` and `consumer.ack` are what a stream itself does with a message.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from heapq import heapify, heappop, heapreplace
from types import SimpleNamespace
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.faust_runtime.backlog_clock import RUN_RECORDS, StreamClock
from streams.faust_runtime.consumer_thread import RunConsumerThread
from streams.faust_runtime.run_offsets import RunOffsets
from streams.kafka.fetched_bytes import BYTES_A_PARTITION, weigh
from streams.ledger.input_positions import Sought

# How long one look for more records blocks while others are already waiting to be handed over.
TOP_UP_SECONDS = 0.01

# How often a full stream queue is looked at. The queue holds at most a few runs, each a few ms of work. uvloop counts
# whole milliseconds, so less than one would be none: half of one gave 300 000 looks a second, at 86 % of a core.
QUEUE_POLL_SECONDS = 0.001


# How long a partition is waited for that was never fetched since it was assigned: on a busy machine aiokafka's first
# fetches of some dozen partitions take a second or two, and going on without them would put their whole backlog out of
# order. And how long in any backlog, that is while the others hold a full run older than a minute: there is no latency
# to lose then. With half a second, one fetch that a busy broker did not answer let the others run a thousand records
# ahead, 93 hours of a thin stream (measured at load 12).
LONG_WAIT_SECONDS = 4.0
BACKLOG_AGE_MS = 60_000

# How often a worker that is ahead of the others looks whether they have come nearer; news comes every 25 ms.
STEP_POLL_SECONDS = 0.005


class Run(list[Any]):
    """Records in order; the value of one Faust event. `companions` are the messages of its other partitions."""

    companions: tuple[Any, ...] = ()

    def track(self, consumer: Any) -> None:
        """Say that work on the run has begun: a rebalance then waits until it is acknowledged."""
        for message in self.companions:
            consumer.track_message(message)

    def ack(self, consumer: Any) -> None:
        """Acknowledge the companions; Faust does the run's own message when the agent asks for the next event."""
        for message in self.companions:
            consumer.ack(message)


class RunConsumer(RunOffsets):
    """Faust's aiokafka consumer, handing over runs instead of records."""

    run_records: int = 256
    queued_runs: int = 4
    order_wait: float = 0.5
    ordered: bool = True
    ready: Callable[[TP], bool] = staticmethod(lambda _tp: True)
    wall: Callable[[], float] = staticmethod(time.time)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting_since: float | None = None
        self._given_up: set[TP] = set()
        self._turn = 0
        self._served: dict[TP, int] = {}

    # -- handing over ---------------------------------------------------------------------------------------------

    def _queued(self) -> int:
        return max((channel.queue.qsize() for channel in self.app.topics), default=0)

    async def _wait_next_records(  # Faust's signature
        self,
        timeout: float,  # noqa: ASYNC109  (how long one fetch may block, not a deadline)
    ) -> tuple[dict[TP, list[Any]], set[TP]]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        # polled, because Faust's queues have no event for it
        while self._queued() >= self.queued_runs and self.flow_active and not self.should_stop:  # noqa: ASYNC110
            await asyncio.sleep(QUEUE_POLL_SECONDS)
        active = {tp for tp in self._get_active_partitions() if self.ready(tp)}
        if not active:
            await self.sleep(0.05)
            return {}, active
        async with self._fetching:
            if self.flow_active:
                await self._top_up(active, timeout)
        message = await self._next_message(active) if self.flow_active else None
        return {} if message is None else {TP(message.topic, message.partition): [message]}, active

    async def _next_message(self, active: set[TP]) -> Any:
        """The next run's message, or None while there is nothing to hand over or something to wait for."""
        waiting = [tp for tp, queue in self._held.items() if queue and tp in active]
        if not waiting:
            if self.clock is not None and not self._behind(active):
                self.clock.note_caught_up()
            return None
        if not self.ordered:
            return self._next_in_turn(waiting)
        if self._should_wait(active):
            return None
        if not self._in_step(waiting, active):
            await asyncio.sleep(STEP_POLL_SECONDS)
            return None
        return self._merged(waiting, active)

    def _in_step(self, waiting: list[TP], active: set[TP]) -> bool:
        """Whether the next run may go out, given where others are in the backlog. Live traffic waits for nobody."""
        if self.clock is None:
            return True
        if not self._behind(active) and sum(len(self._held[tp]) for tp in waiting) < RUN_RECORDS:
            self.clock.note_caught_up()
            return True
        return self.clock.may_pass(min(self._held[tp][0].timestamp for tp in waiting), time.monotonic())

    def _next_in_turn(self, waiting: list[TP]) -> Any:
        """A run of the partition served longest ago: where partitions do not depend on each other, none may starve."""
        tp = min(waiting, key=lambda one: (self._served.get(one, -1), one))
        self._turn += 1
        self._served[tp] = self._turn
        queue, run = self._held[tp], Run()
        while queue and len(run) < self.run_records:
            run.append(queue.popleft())
        return self._own(tp, run, run[-1])

    def _merged(self, waiting: list[TP], active: set[TP]) -> Any:
        """A run over all waiting partitions in timestamp order, up to where a partition that has more runs dry."""
        behind = set(self._behind(active)) - self._given_up
        heads = [(self._held[tp][0].timestamp, tp) for tp in waiting]
        heapify(heads)
        run = Run()
        last: dict[TP, Any] = {}
        most = (self.clock.run_records if self.clock is not None else None) or self.run_records
        while heads and len(run) < most:
            _, tp = heads[0]
            queue = self._held[tp]
            record = queue.popleft()
            run.append(record)
            last[tp] = record
            if queue:
                heapreplace(heads, (queue[0].timestamp, tp))
            elif tp in behind:
                break
            else:
                heappop(heads)
        own = run[-1]
        if self.clock is not None:
            self.clock.note_passed(run[0].timestamp, own.timestamp)
        run.companions = tuple(self._companion(tp, record) for tp, record in last.items() if record is not own)
        return self._own(TP(own.topic, own.partition), run, own)

    def _own(self, tp: TP, run: list[Any], last: Any) -> Any:
        """The run's own message. Read up to the record before it, Faust sees no gap."""
        self._account(tp, last.offset)
        self._read_offset[tp] = last.offset - 1
        return _message(run, last)

    def _companion(self, tp: TP, last: Any) -> Any:
        """What Faust does itself for a message it is given: note that it was read."""
        self._account(tp, last.offset)
        self._read_offset[tp] = last.offset
        return self._to_message(tp, _message([], last))

    async def _top_up(self, active: set[TP], timeout: float) -> None:  # noqa: ASYNC109  (as above)
        """Fetch for partitions that run low while others have records waiting, or for all when none has."""
        held, active = self._held, active - self.stopped.keys()
        if not active:
            await asyncio.sleep(TOP_UP_SECONDS)  # asked for none, aiokafka would give those of all
            return
        if any(held.get(tp) for tp in active):
            low = {tp for tp in self._behind(active) if self._low(held.get(tp, ()))}
            if not low:
                return
            found = await self._getmany(active_partitions=low, timeout=TOP_UP_SECONDS)
        else:
            found = await self._getmany(active_partitions=active, timeout=timeout)
        for tp, records in (found or {}).items():
            # Right after a seek the read offset is the next record to deliver, so records below it are dropped and the
            # record at it is not: dropping it too would lose the first record of every assignment.
            read = self._read_offset[tp]
            fresh = records if read is None else [record for record in records if record.offset >= read]
            if self.from_senders:
                fresh = self._before_damage(tp, fresh)
            if fresh:
                held.setdefault(tp, deque()).extend(fresh)
                self._given_up.discard(tp)
        self._note_positions(active)

    def _low(self, queue: Sequence[Any]) -> bool:
        """Whether more of a partition should be fetched that has these records in hand."""
        return len(queue) < self.run_records and sum(map(weigh, queue)) < BYTES_A_PARTITION

    def _should_wait(self, active: set[TP]) -> bool:
        """Whether a partition known to have more, of which nothing is here, should still be waited for."""
        missing = {tp for tp in self._behind(active) if not self._held.get(tp)} - self._given_up
        if not missing:
            self._waiting_since = None
            return False
        now = time.monotonic()
        self._waiting_since = self._waiting_since or now
        if now - self._waiting_since < self._patience(active, missing):
            return True
        # Waited for once, not once per run: a partition whose leader is away would otherwise slow all others to a
        # crawl.
        self._waiting_since = None
        self._given_up |= missing
        return False

    def _patience(self, active: set[TP], missing: set[TP]) -> float:
        held = [self._held[tp] for tp in active if self._held.get(tp)]
        # a few old records are a sender's, not a backlog's
        many = sum(map(len, held)) >= self.run_records
        backlog = many and self.wall() * 1000 - min(queue[0].timestamp for queue in held) > BACKLOG_AGE_MS
        long = backlog or not missing.isdisjoint(self._unfetched)
        return max(self.order_wait, LONG_WAIT_SECONDS) if long else self.order_wait

    def _new_consumer_thread(self) -> RunConsumerThread:
        return RunConsumerThread(self, loop=self.loop, beacon=self.beacon)


def _message(run: list[Any], last: Any) -> Any:
    """The record that Faust turns into the run's message: its offset, and so its acknowledgement, is `last`'s."""
    return SimpleNamespace(
        topic=last.topic,
        partition=last.partition,
        offset=last.offset,
        timestamp=last.timestamp,
        timestamp_type=last.timestamp_type,
        headers=(),
        key=None,
        value=run,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=sum(len(record.value or b"") for record in run),
    )


def install(
    app: Any,
    *,
    run_records: int,
    queued_runs: int,
    order_wait: float,
    ordered: bool = True,
    from_senders: bool = False,
    clock: StreamClock | None = None,
    ready: Callable[[TP], bool] | None = None,
    topic_id: Callable[[str], str] | None = None,
    sought: Callable[[dict[tuple[str, int], Sought]], None] | None = None,
    kept: Callable[[list[tuple[str, int]]], Awaitable[dict[tuple[str, int], int]]] | None = None,
    lost: Callable[[tuple[str, int], int], None] | None = None,
    read_on: Callable[[dict[tuple[str, int], int]], None] | None = None,
) -> None:
    """Give `app` the run transport. Call before the app starts.

    `run_records` bounds a run (one run must not hold the event loop over 50 ms); `queued_runs` is how many runs may
    wait in the stream's queue before no more are fetched (without that bound runs stay tiny, the queue grows and so
    does latency);
    `ordered`: whether partitions depend on each other's time order; if not, they are served in turn, without waiting;
    `from_senders`: the topics are written by others, so that only committed records are read, offsets without a record
    are passed, and a damaged record set stops its partition here (`RunConsumer.stopped`); if not, the agent is handed
    something in place of each record of the set (streams/kafka/unreadable_sets.py);
    `clock` keeps the workers of the group in step while they work off a backlog (ordered runs only);
    `order_wait` seconds is how long the next partition in time order is waited for; `ready(tp)` holds a partition back;
    `topic_id(topic)` is committed with each offset, so that one of a deleted topic is not taken for its successor's;
    `sought(offsets)` is told, by the consumer's own thread, from where an assignment is read; `kept(places)` says,
    there too, up to where the group is known to have read them, and `lost(place, offset)` is told there where a broker
    refused to read on; `read_on(offsets)` is told what was committed.
    """
    settings: dict[str, Any] = {
        "__module__": __name__,
        "run_records": run_records,
        "queued_runs": queued_runs,
        "order_wait": order_wait,
        "ordered": ordered,
        "from_senders": from_senders,
        "clock": clock,
    }
    given = {"ready": ready, "topic_id": topic_id, "sought": sought, "kept": kept, "lost": lost, "read_on": read_on}
    settings |= {name: staticmethod(function) for name, function in given.items() if function is not None}
    consumer = type("ConfiguredRunConsumer", (RunConsumer,), settings)
    transport = type("RunTransport", (driver.Transport,), {"Consumer": consumer})
    app.transport = transport(app.conf.broker_consumer, app, loop=app.loop)
