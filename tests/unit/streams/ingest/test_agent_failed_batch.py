"""One failed batch among good ones in ingest: nothing overtakes it, and the redelivery leaves no hole."""

import asyncio
import contextlib
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from detectors.contracts.events import ConfigurationChange
from detectors.memory.state import PartitionState
from streams.contracts.inputs import TRANSACTIONS
from streams.errors import DeliveryError
from streams.generator import Simulation
from streams.ingest.agent import IngestAgent
from streams.ingest.door import Door
from streams.kafka import clients, topics
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from streams.monitor.core import MonitorCore
from streams.operations.metrics import Metrics
from streams.settings import Settings, load_settings
from streams.version import versions
from tests.support.ledger import configuration

RUN = 40
# so small that a run comes to several batches a ledger partition
BATCH_BYTES = 2_000


class Dead(Exception):  # noqa: N818
    """Stands for the end of the process."""


class Topic:
    """What stands on the ledger, in order, by partition."""

    def __init__(self) -> None:
        self.records: dict[int, list[Any]] = {}

    def append(self, partition: int, batch: list[Any]) -> None:
        """Give the batch its offsets; the first record of a partition is its configuration."""
        there = self.records.setdefault(partition, [])
        for key, value, headers, timestamp in batch:
            there.append(SimpleNamespace(key=key, value=value, headers=headers, timestamp=timestamp, offset=len(there)))


class FailingProducer:
    """Delivers batches to `topic`, all but the `fails`-th one to the ledger; aiokafka delivers those after it."""

    def __init__(self, topic: Topic, fails: int | None) -> None:
        self.topic, self.fails, self.batches = topic, fails, 0

    def create_batch(self) -> Any:
        """A batch that takes so many bytes of values, at least one record."""
        kept: list[Any] = []

        def append(*, timestamp: int, key: bytes, value: bytes, headers: Any) -> bool | None:
            if kept and sum(len(one[1]) for one in kept) + len(value) > BATCH_BYTES:
                return None
            kept.append((key, value, headers, timestamp))
            return True

        return SimpleNamespace(append=append, kept=kept)

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> "asyncio.Future[None]":
        """The future of its delivery, which takes a turn of the loop."""
        delivery = asyncio.get_running_loop().create_future()
        failed = False
        if topic == topics.LEDGER:
            self.batches += 1
            failed = self.batches == self.fails
            if not failed:
                self.topic.append(partition, batch.kept)
        act = delivery.set_exception if failed else delivery.set_result
        asyncio.get_running_loop().call_soon(act, KafkaConnectionError() if failed else None)
        return delivery


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The shipped configuration."""
    return load_settings()


@pytest.fixture(scope="module")
def records() -> list[Any]:
    """Transactions of two source partitions, each in order."""
    stream = Simulation(seed=3, events=1_200)
    offsets = {0: itertools.count(), 1: itertools.count()}
    found = []
    for number, one in enumerate(record for record in stream if record.topic == TRANSACTIONS):
        partition = number % 2
        found.append(
            SimpleNamespace(
                topic=one.topic,
                partition=partition,
                offset=next(offsets[partition]),
                timestamp=one.timestamp_ms,
                key=one.key,
                value=one.value,
                headers=[],
            )
        )
    return found[:400]


def agent(settings: Settings, producer: Any) -> IngestAgent:
    """An ingest agent over this producer, whose end raises `Dead`."""

    def die(fault: BaseException) -> None:
        raise Dead from fault

    metrics = Metrics(
        partitions=settings.effective.engine.partitions,
        desks=[],
        typologies=[],
        topics=topics.INPUTS,
        codes=[],
        detectors=[],
        versions=versions(settings.effective),
    )
    door = Door(development_keys(), settings.effective.engine.partitions, {})
    made = IngestAgent(settings, metrics, door, None, version="test", web=False, die=die)
    made.producer = producer
    return made


class Stream:
    """What Faust hands to the agent: one event a run, counted when it is acknowledged."""

    def __init__(self, runs: list[list[Any]]) -> None:
        self.runs, self.acknowledged = runs, 0

    async def events(self) -> Any:
        """The runs, one after the other."""
        for records in self.runs:
            run = Run(records)
            run.track = lambda _consumer: None
            run.ack = lambda _consumer: setattr(self, "acknowledged", self.acknowledged + 1)
            yield SimpleNamespace(value=run)


class Run(list[Any]):
    """A run as the transport makes them."""

    track: Any
    ack: Any


def applied(topic: Topic) -> tuple[dict[int, list[tuple[int, int]]], int]:
    """By ledger partition the source places that the pure monitor applies, in order; and how many it drops by mark."""
    core, found, redelivered = MonitorCore("test"), {}, 0
    for partition, there in sorted(topic.records.items()):
        state: PartitionState = core.new(partition)
        for record in there:
            before = state.counters["redelivered"]
            core.apply(state, partition, record, muted=True)
            headers = dict(record.headers)
            if state.counters["redelivered"] == before and envelope.SOURCE_TOPIC in headers:
                place = int(headers[envelope.SOURCE_PARTITION]), int(headers[envelope.SOURCE_OFFSET])
                found.setdefault(partition, []).append(place)
        redelivered += state.counters["redelivered"]
    return found, redelivered


def new_topic(partitions: int) -> Topic:
    """A ledger as `topics apply` leaves it."""
    topic = Topic()
    for partition in range(partitions):
        topic.append(
            partition, [(*envelope.first_configuration(ConfigurationChange(configuration=configuration())), 0)]
        )
    return topic


def work(settings: Settings, producer: FailingProducer, records: list[Any]) -> int:
    """Let an agent work off the records in runs; returns how many of them it acknowledged before it ended."""
    stream = Stream([records[start : start + RUN] for start in range(0, len(records), RUN)])

    async def run() -> None:
        await agent(settings, producer)._agent(stream)

    with contextlib.suppress(Dead):
        asyncio.run(run())
    return min(len(records), stream.acknowledged * RUN)


@pytest.mark.parametrize("fails", [1, 2, 7, 30, 61])
def test_a_failed_batch_ends_ingest_and_leaves_no_hole(settings: Settings, records: list[Any], fails: int) -> None:
    """Nothing after the failed run is sent or acknowledged; redelivered, each place is applied once, in order."""
    partitions = settings.effective.engine.partitions
    undisturbed = new_topic(partitions)
    assert work(settings, FailingProducer(undisturbed, None), records) == len(records)
    disturbed = new_topic(partitions)
    producer = FailingProducer(disturbed, fails)
    done = work(settings, producer, records)
    assert done < len(records), "no batch failed: the test proves nothing"
    expected, _ = applied(undisturbed)
    sent = {place for places in applied(disturbed)[0].values() for place in places}
    later = {(one.partition, one.offset) for one in records[done + RUN :]}
    assert not sent & later, "something was sent after the failed run"
    assert work(settings, FailingProducer(disturbed, None), records[done:]) == len(records) - done
    found, redelivered = applied(disturbed)
    assert found == expected
    assert redelivered > 0 or fails == 1


def test_a_batch_that_overtook_a_failed_one_would_leave_a_hole(settings: Settings, records: list[Any]) -> None:
    """What the rule prevents: the marks drop the redelivery of what is missing, so nothing else may heal it."""
    whole = new_topic(settings.effective.engine.partitions)
    work(settings, FailingProducer(whole, None), records)
    partition, there = max(whole.records.items(), key=lambda item: len(item[1]))
    as_sent = [(one.key, one.value, one.headers, one.timestamp) for one in there]
    holed = Topic()
    holed.append(partition, [*as_sent[:5], *as_sent[8:], *as_sent[1:]])
    found, redelivered = applied(holed)
    assert redelivered == len(as_sent) - 1
    assert len(found[partition]) == len(as_sent) - 1 - 3


def test_deliveries_of_one_partition_are_one_after_the_other(settings: Settings, records: list[Any]) -> None:
    """The batch after a failed one is never handed over, though it would have been delivered."""
    producer = FailingProducer(Topic(), fails=2)
    batch = [(one.key, one.value, [], one.timestamp) for one in records[:60]]
    with pytest.raises(DeliveryError, match=r"fx\.ledger\.v1"):
        asyncio.run(clients.send_records(producer, topics.LEDGER, 0, batch, settings.broker_patience_seconds))
    assert producer.batches == 2
    assert len(producer.topic.records[0]) < len(batch)
