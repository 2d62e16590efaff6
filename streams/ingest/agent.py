"""The ingest agent: raw input topics -> door -> ledger and legs, or dead letter. Stateless, at least once.

What makes it safe to repeat: every output carries its source position, order within a source partition is kept, and per
ledger partition at most one batch is in flight. So each ledger partition always holds a prefix of each source
partition, whoever wrote it, and the monitor's high-water mark drops exactly the repetitions.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from streams.contracts import refusal_codes
from streams.contracts.dead_letters import Letter, RecordSetOf
from streams.contracts.input_record import ArrivedRecord, arrived
from streams.faust_runtime import app as faust_app
from streams.faust_runtime import run_consumer
from streams.faust_runtime.backlog_clock import ClockExchange, StreamClock
from streams.faust_runtime.lag import known_ends
from streams.faust_runtime.lag import lag as lag_of
from streams.ingest import routing_key
from streams.ingest.conflict_letters import ConflictLetters
from streams.ingest.conflict_positions import NoticePositions
from streams.ingest.door import Admitted, Door, Rejected
from streams.ingest.input_topic_ids import InputIds
from streams.ingest.input_watch import InputWatch
from streams.ingest.letter_writer import LetterWriter
from streams.ingest.refused_configuration import RulesRefused
from streams.ingest.run_counts import RunCounts
from streams.ingest.stopped_inputs import StoppedInputs
from streams.kafka import clients, topics
from streams.kafka.async_tasks import cancel_and_wait, wait_to_the_end
from streams.kafka.clients import Record
from streams.kafka.deliveries import Outstanding
from streams.kafka.unreadable_sets import Unreadable
from streams.keys.pseudonyms import partition_of
from streams.keys.sealed_identities import Sealer
from streams.ledger.input_positions import AGENT, InputPartition
from streams.log import logs
from streams.operations import health
from streams.operations.metrics import Metrics
from streams.partition.kafka_log import read_progress
from streams.partition.partition import BREATHE_SECONDS
from streams.settings import Settings

logger = logs.get_logger(__name__)

# A run waits for its deliveries, so that one more in the queue keeps the agent busy. More would only let this worker
# run further ahead of the others than the clock can see: it looks at runs when they are handed over.
QUEUED_RUNS = 1


Deliveries = dict[tuple[str, int], list[Record]]


class IngestAgent:
    """The ingest role's Faust app: one agent over all input topics, and the writer of conflicts' dead letters.

    `inputs` is how many partitions the input topics have together.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        door: Door,
        sealer: Sealer | None,
        *,
        version: str,
        web: bool,
        inputs: int | None = None,
        die: Callable[[BaseException], Any] = health.die,
    ) -> None:
        self.settings, self.metrics, self.door, self.sealer = settings, metrics, door, sealer
        self._version, self._die = version, die
        self._partitions = {topic.name: topic.partitions for topic in topics.table(settings)}
        self.app = faust_app.build(settings, AGENT, web=web)
        self.producer: Any = None
        self.outstanding = Outstanding(settings.broker_patience_seconds)
        self.last_progress = time.monotonic()
        clock = StreamClock(inputs or len(topics.INPUTS) * settings.effective.engine.partitions)
        self.clock = ClockExchange(settings, topics.CLOCK, clock)
        self.inputs = InputIds(settings)
        self.watch = InputWatch(settings, metrics, lambda: self.inputs.ids)
        run_consumer.install(
            self.app,
            run_records=settings.run_records,
            queued_runs=QUEUED_RUNS,
            order_wait=settings.order_wait_seconds,
            from_senders=True,
            clock=clock,
            topic_id=lambda topic: self.inputs.ids.get(topic, b"").decode(),
            sought=self.watch.note_sought,
            kept=self.watch.read_kept,
            lost=self.watch.note_lost,
            read_on=self.watch.read_on,
        )
        self.app.agent(faust_app.raw_topic(self.app, *topics.INPUTS), name=AGENT)(self._agent)
        self.app.on_partitions_assigned.connect(self._on_assigned)
        self._assigned: set[int] | None = None  # None: the group has not given us anything yet
        self.stopped = StoppedInputs(
            lambda: self.app._consumer,  # noqa: SLF001
            partial(read_progress, settings),
            lambda: self.inputs.ids,
            agent=AGENT,
            topic=topics.PROGRESS,
        )
        self.rules = RulesRefused(settings)
        self._watching: list[asyncio.Task[None]] = []
        # highest offset handled, by input topic and partition
        self._handled: dict[tuple[str, int], int] = {}
        # whether the ids were looked at since the last assignment
        self._looked = True
        self.letters = LetterWriter(settings, self.outstanding, self._partitions[topics.DEADLETTER])
        self.conflicts = ConflictLetters(
            settings,
            self._deliver_letters,
            NoticePositions(settings, self._keep),
            version,
            door.evidence_keys,
            die,
            metrics.count_dead_letter,
        )
        self.app.on_before_shutdown.connect(self._on_shutdown)

    async def start(self) -> None:
        """Start the producer; call before the app starts, on its event loop.

        Raises `KeyFileError` when the routing key is another than the ledger was written with.
        """
        await self.inputs.look()
        self.door.topic_ids = self.inputs.ids
        self.producer = clients.make_idempotent_producer(self.settings, self.app.conf.id)
        await self.producer.start()
        try:
            await routing_key.require(self.settings, self.producer, self.door.routing)
            await self.letters.start(f"{self.app.conf.id}-letters")
        except BaseException:
            await self.producer.stop()
            raise
        self.clock.start(self.producer)
        works = self.inputs.watch(), self.stopped.watch(), self.watch.run(self.producer)
        self._watching = [health.start_in_background(work, self._die) for work in works]

    # -- Faust's side ---------------------------------------------------------------------------------------------

    async def _agent(self, stream: Any) -> None:
        async for event in stream.events():
            run, consumer = event.value, self.app.consumer
            run.track(consumer)
            work = asyncio.ensure_future(self._run(run))
            try:
                await asyncio.shield(work)
                run.ack(consumer)
            except asyncio.CancelledError:
                # Faust acknowledges the event when it cancels the agent: not before its outputs are delivered.
                await self._settle(work, run)
                raise
            except Exception as fault:  # noqa: BLE001  (Faust would ack and lose the run)
                self._fail(fault)

    async def _settle(self, work: "asyncio.Future[None]", run: Any) -> None:
        try:
            await wait_to_the_end(work)
        finally:
            fault = work.exception()
            if fault is None:
                run.ack(self.app.consumer)
            else:
                self._fail(fault)  # as above: the only way not to acknowledge is to end here

    def _fail(self, fault: BaseException) -> None:
        self._die(fault)

    async def _on_assigned(self, _app: Any, assigned: set[Any], **_: Any) -> None:
        numbers = {tp.partition for tp in assigned}
        for number in (self._assigned or set()) - numbers:
            self.metrics.forget_partition(AGENT, number)
        self._assigned = numbers
        self._looked = False
        await self.rules.note_assigned({(tp.topic, tp.partition) for tp in assigned})

    async def _on_shutdown(self, _app: Any, **_: Any) -> None:
        health.exit_deadline(self.settings.shutdown_seconds)
        for task in self._watching:
            await cancel_and_wait(task)
        await self.rules.stop()
        await self.conflicts.stop()
        await self.clock.stop()
        await self.watch.save()
        await self.letters.stop()
        if self.producer is not None:
            try:
                await self.producer.stop()
            except Exception as fault:  # noqa: BLE001  (a handler that raises here leaves Faust hanging for ever)
                logger.warning("the producer did not stop cleanly: %r", fault)

    # -- a run ----------------------------------------------------------------------------------------------------

    async def _run(self, records: list[Any]) -> None:
        """Admit or reject every record of a run, then deliver all outputs; returns when all are acknowledged."""
        runs = await self._require_same_inputs(records)
        began = time.perf_counter()
        deliveries: Deliveries = {}
        letters: list[Letter] = []
        counts = RunCounts()
        breathe = time.monotonic() + BREATHE_SECONDS
        for record in records:
            # heartbeats and the watchdog's proof of life go on, however long a sender's records take
            if time.monotonic() > breathe:
                await asyncio.sleep(0)
                breathe = time.monotonic() + BREATHE_SECONDS
            self._take(record, counts, deliveries, letters)
        decoded = time.perf_counter()
        await self._deliver(deliveries, letters)
        self.watch.note_handled(runs)
        self.metrics.observe_stage(AGENT, "decode", decoded - began)
        self.metrics.observe_stage(AGENT, "publish", time.perf_counter() - decoded)
        counts.publish(self.metrics, AGENT, records)
        self.last_progress = time.monotonic()

    def _take(self, record: Any, counts: RunCounts, deliveries: Deliveries, letters: list[Letter]) -> None:
        """Put what becomes of one record with the run's outputs."""
        if isinstance(record, Unreadable):
            letters.append(self._letter_of_set(record))
            counts.reject()
            return
        came = arrived(record)
        result = self.door.admit(came)
        self.rules.note_taken(record, refused=isinstance(result, Rejected))
        if isinstance(result, Rejected):
            letters.append(self._letter(came, result))
            counts.reject(result)
        else:
            self._admit(result, record.timestamp, deliveries)
            counts.admit(record, result)

    async def _require_same_inputs(self, records: list[Any]) -> list[tuple[InputPartition, int, int]]:
        """Look at the topics' ids before the first run of an assignment, and where offsets go back.

        Returns the places of the run with their first and last offsets.

        They do in a redelivery, after a rebalance, and when a topic was created again. Failure prevented: written with
        the old topic's id, the new one's records would pass as redelivered. Raises `InputRecreatedError`; nothing of
        the run is written then.
        """
        handled = self._handled
        first: dict[tuple[str, int], int] = {}
        last: dict[tuple[str, int], int] = {}
        for record in records:
            place = record.topic, record.partition
            first.setdefault(place, record.offset)
            last[place] = record.offset
        if not self._looked or any(offset <= handled.get(place, -1) for place, offset in first.items()):
            self._looked = True
            await self.inputs.require(self.settings.broker_patience_seconds)
            handled.clear()  # one look serves the whole rebalance
        handled.update(last)
        return [(place, offset, last[place]) for place, offset in first.items()]

    def _admit(self, admitted: Admitted, timestamp: int, deliveries: Deliveries) -> None:
        for one in admitted.records:
            deliveries.setdefault((topics.LEDGER, one.partition), []).append(
                (one.key, one.value, one.headers, timestamp)
            )
        for leg in admitted.legs:
            deliveries.setdefault((topics.LEGS, leg.partition), []).append((leg.key, leg.value, leg.headers, timestamp))
        if self.sealer is not None:
            for token, identifier in admitted.identities:
                key, value = self.sealer.record(token, identifier, timestamp)
                partition = partition_of(token, self._partitions[topics.IDENTITIES])
                deliveries.setdefault((topics.IDENTITIES, partition), []).append((key, value, [], timestamp))

    def _letter(self, record: ArrivedRecord, rejected: Rejected) -> Letter:
        self.metrics.count_dead_letter(record.topic, rejected.codes[0])
        return Letter(
            record,
            rejected.stage,
            rejected.codes,
            rejected.message,
            self._version,
            self.door.topic_ids.get(record.topic, b""),
        )

    def _letter_of_set(self, unreadable: Unreadable) -> Letter:
        """One letter for a whole record set: its offsets, size and hash. Its bytes may be anything, or too many."""
        code = unreadable.code
        self.metrics.count_dead_letter(unreadable.topic, code)
        return Letter(
            ArrivedRecord(unreadable.topic, unreadable.partition, unreadable.first, unreadable.timestamp, None, None),
            "decode",
            (code,),
            f"{code}: {refusal_codes.CODES[code]}",
            self._version,
            self.door.topic_ids.get(unreadable.topic, b""),
            RecordSetOf(unreadable.offset, unreadable.size, unreadable.sha256),
        )

    async def _deliver(self, deliveries: Deliveries, letters: list[Letter]) -> None:
        """Write to all partitions at once; within one partition in order, one batch in flight."""
        patience = self.settings.broker_patience_seconds
        writes = [
            clients.send_records(self.producer, topic, partition, records, patience, self.outstanding)
            for (topic, partition), records in deliveries.items()
        ]
        await asyncio.gather(*writes, *([self.letters.write(letters)] if letters else []))

    async def _deliver_letters(self, letters: Sequence[Letter]) -> None:
        await self.letters.write(letters)

    async def _keep(self, partition: int, records: list[clients.Record]) -> None:
        patience = self.settings.broker_patience_seconds
        await clients.send_records(self.producer, topics.PROGRESS, partition, records, patience)

    # -- what health asks -----------------------------------------------------------------------------------------

    def held(self) -> list[int]:
        """The numbers of the partitions held; of every input those that it has of them."""
        return sorted(self._assigned or ())

    def observe_lag(self) -> int:
        """Set the lag of the input partitions held, summed over topics; returns the sum of all (records)."""
        consumer = self.app._consumer  # noqa: SLF001
        by_partition: dict[int, int] = {}
        standing, takeable = self.stopped.standing(), 0
        for tp, end in known_ends(consumer).items():
            lag = lag_of(consumer, tp, end, consumer._committed_offset[tp] or 0)  # noqa: SLF001
            by_partition[tp.partition] = by_partition.get(tp.partition, 0) + lag
            takeable += 0 if tp in standing or consumer.all_taken(tp) else lag
        stopped = {tp.partition for tp in standing}
        hidden = self.stopped.observe()
        for partition, lag in by_partition.items():
            self.metrics.set_partition_state(AGENT, partition, "stopped" if partition in stopped else "running")
            self.metrics.set_lag(AGENT, partition, lag)
            self.metrics.set_hidden(AGENT, partition, hidden.get(partition, 0))
        total = sum(by_partition.values())
        if takeable == 0 or self.outstanding.reasons():
            self.last_progress = time.monotonic()
        return total

    def unready(self) -> list[str]:
        """Why the agent is not ready; empty when it is."""
        if self._assigned is None or self.app.rebalancing:
            return ["ingest: no partitions assigned yet"]
        return self.outstanding.reasons() + self.stopped.unready()

    def notes(self) -> list[str]:
        """What is no fault of this worker: a sender's transaction that stays open, a configuration that is refused."""
        return self.stopped.notes() + self.rules.notes()
