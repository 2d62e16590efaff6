"""aiokafka's producer and consumer over the in-memory broker, for one simulated worker.

`streams.kafka.clients` makes them where it would make aiokafka's, so that everything above (streams/kafka/clients.py,
kafka_log.py, outputs.py, snapshot_writer.py) is the product's own code.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import Context, ContextVar
from random import Random
from types import SimpleNamespace
from typing import Any, Protocol

from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced, RequestTimedOutError

from tests.simulation.kafka import MemoryKafka, Place

# Faults of one commit, and what each means:
# before: the request never arrives; after: it takes effect and the answer is lost; late: it arrives up to 2 s later,
# when the client has given up; hang: it never arrives and nobody says so; lost answer: it takes effect, nobody says so;
# expired: the broker has aborted the transaction and fenced its producer, as after an outage longer than its time-out.
COMMIT_FAULTS = ("before", "after", "late", "hang", "lost answer", "expired")


class Host(Protocol):
    """The simulated worker whose process a client lives in."""

    dead: bool

    async def breathe(self) -> None:
        """Return when the process runs: at once, or when it is continued after a stop."""

    def saw_outage(self) -> None:
        """The broker watch noticed that the broker was away."""

    def expired_unseen(self) -> None:
        """A transaction was timed out, and the broker watch noticed nothing."""


HOST: ContextVar[Host | None] = ContextVar("HOST", default=None)


class Network:
    """Between clients and broker: delays, outages, and faults set for the next commit of a kind."""

    def __init__(self, kafka: MemoryKafka, draw: Random) -> None:
        self.kafka, self._draw = kafka, draw
        self.away_until = 0.0
        # kind of producer ("outputs" or "snapshot") -> fault of its next commit
        self.faults: dict[str, str] = {}
        self.calm = False
        # what was done to commits, by kind of fault
        self.injected: Counter[str] = Counter()

    async def call(self) -> None:
        """One request's way to the broker. Raises `KafkaConnectionError` while the broker is away."""
        host = HOST.get()
        if host is not None:
            await host.breathe()
        chance = self._draw.random()
        if chance < 0.25:
            await asyncio.sleep(self._draw.random() * 0.05)
        elif chance < 0.4:
            await asyncio.sleep(0)
        if asyncio.get_running_loop().time() < self.away_until:
            await asyncio.sleep(0.1)
            if host is not None:
                host.saw_outage()
            raise KafkaConnectionError("the broker is away")
        if host is not None:
            await host.breathe()
            if host.dead:
                raise asyncio.CancelledError

    def later(self, seconds: float, action: Callable[[], Any]) -> None:
        """Let a request arrive after its sender gave up on it; no worker's end stops it."""

        async def arrive() -> None:
            await asyncio.sleep(seconds)
            await action()

        asyncio.get_running_loop().create_task(arrive(), context=Context())

    def draw_most(self) -> int:
        """How many records one fetch brings."""
        return self._draw.choice((3, 20, 100, 500, 500, 2000))

    def take_fault(self, kind: str) -> str | None:
        """The fault of this commit, if one is due; each strikes once."""
        fault = None if self.calm else self.faults.pop(kind, None)
        if fault is not None:
            self.injected[fault] += 1
        return fault

    def seconds(self, most: float) -> float:
        """A random time."""
        return self._draw.random() * most


class SimulatedProducer:
    """A transactional producer as aiokafka's: once it failed, every later begin is an invalid state transition."""

    def __init__(self, network: Network, transactional_id: str) -> None:
        self._network, self._id = network, transactional_id
        self._kind = "snapshot" if transactional_id.endswith("-snapshot") else "outputs"
        self._epoch = 0
        self._in_transaction = False
        self._fault: KafkaError | None = None
        # streams.kafka.clients sets a time-out in here, streams.partition.outputs hears of batches that wait: here none
        # does
        self._message_accumulator = SimpleNamespace(_pending_batches=(), _batches={})

    async def start(self) -> None:
        await self._network.call()
        self._epoch = await self._network.kafka.start_producer(self._id)
        await self._network.call()

    async def stop(self) -> None:
        """Nothing is sent: what is open stays open until the next producer or the time-out."""

    async def begin_transaction(self) -> None:
        if self._fault is not None or self._in_transaction or not self._epoch:
            raise AssertionError("invalid state transition")
        self._in_transaction = True

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        timestamp_ms: int | None = None,
        headers: Any = None,
    ) -> "asyncio.Future[Any]":
        if not self._in_transaction:
            raise AssertionError("no transaction was begun")
        host = HOST.get()
        if host is not None and host.dead:
            raise asyncio.CancelledError
        delivery: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        assert partition is not None
        try:
            record = self._network.kafka.append(
                self._id, self._epoch, Place(topic, partition), key, value, headers or (), timestamp_ms or 0
            )
        except ProducerFenced as fault:
            # as aiokafka: the sender task notices, this delivery and the commit fail
            self._fault = fault
            delivery.set_exception(fault)
            delivery.exception()
        else:
            delivery.set_result(record)
        return delivery

    async def commit_transaction(self) -> None:
        try:
            await self._commit()
        except KafkaError as fault:
            self._fault = fault
            raise
        self._in_transaction = False

    async def _commit(self) -> None:  # noqa: C901 - a branch a fault
        if self._fault is not None:
            raise self._fault
        network = self._network
        fault = network.take_fault(self._kind)
        if fault in {"hang", "lost answer"} and self._kind == "snapshot":
            fault = "before"  # requests time out by themselves; only the outputs' commit is given more patience
        await network.call()
        end = network.kafka.end_transaction
        if fault == "before":
            raise KafkaConnectionError("gone before the commit")
        if fault == "hang":
            await asyncio.Event().wait()
        if fault == "expired":
            network.kafka.expire(self._id)
            host = HOST.get()
            if host is not None:
                (host.saw_outage if network.seconds(1.0) < 0.7 else host.expired_unseen)()
            raise ProducerFenced
        if fault == "late":
            identity, epoch = self._id, self._epoch

            async def arrive() -> None:
                try:
                    await end(identity, epoch, commit=True)
                except ProducerFenced:
                    return  # a newer producer was faster: this request has no effect any more

            network.later(network.seconds(2.0), arrive)
            raise RequestTimedOutError("no answer to the commit")
        await end(self._id, self._epoch, commit=True)
        if fault == "after":
            raise KafkaConnectionError("gone after the commit")
        if fault == "lost answer":
            await asyncio.Event().wait()
        await network.call()


class SimulatedConsumer:
    """A consumer for assign-and-seek reading."""

    def __init__(self, network: Network, *, committed: bool) -> None:
        self._network, self._committed = network, committed
        self._positions: dict[Any, int] = {}

    async def start(self) -> None:
        await self._network.call()

    async def stop(self) -> None:
        pass

    def assign(self, partitions: list[Any]) -> None:
        self._positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: Any, offset: int) -> None:
        self._positions[partition] = offset

    async def beginning_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        await self._network.call()
        logs = {tp: self._network.kafka.log(tp.topic, tp.partition) for tp in partitions}
        return {tp: log.stable if self._committed else log.end for tp, log in logs.items()}

    async def committed(self, partition: Any) -> int | None:
        await self._network.call()
        return self._network.kafka.group.get(Place(partition.topic, partition.partition))

    async def position(self, partition: Any) -> int:
        return self._positions[partition]

    async def getmany(self, partition: Any, timeout_ms: int = 0) -> dict[Any, list[Any]]:
        await self._network.call()
        log = self._network.kafka.log(partition.topic, partition.partition)
        position = self._positions[partition]
        records, after = log.read(position, self._network.draw_most(), committed=self._committed)
        if after == position:
            await asyncio.sleep(timeout_ms / 1000)
            return {}
        self._positions[partition] = after
        return {partition: records} if records else {}
