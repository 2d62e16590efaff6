"""What the agents assume of Faust and aiokafka (DESIGN section 3), and that they do not fall for it."""

import asyncio
import inspect
from importlib import metadata
from types import SimpleNamespace

import faust
import pytest
from aiokafka import AIOKafkaConsumer

from streams.faust_runtime.consumer_thread import RunConsumerThread
from streams.faust_runtime.run_consumer import Run, RunConsumer
from streams.faust_runtime.run_offsets import RunOffsets
from streams.ingest.agent import IngestAgent


@pytest.mark.parametrize(("package", "version"), [("faust-streaming", "0.15.3"), ("aiokafka", "0.14.0")])
def test_the_versions_that_the_run_transport_was_measured_with_are_installed(package, version):
    """It overrides private parts of both.

    After an upgrade read streams/faust_runtime/run_consumer.py and its tests again.
    """
    assert metadata.version(package) == version


@pytest.mark.parametrize(
    "name",
    [
        "_wait_next_records",
        "_add_gap",
        "_new_offset",
        "_commit",
        "perform_seek",
        "force_commit",
        "_filter_tps_with_pending_acks",
        "on_partitions_revoked",
    ],
)
def test_what_the_run_transport_overrides_is_there(name):
    """An override of something that Faust no longer calls would silently do nothing."""
    assert callable(getattr(faust.transport.drivers.aiokafka.Consumer, name))
    assert any(name in vars(kind) for kind in (RunConsumer, RunOffsets))


@pytest.mark.parametrize("name", ["_create_worker_consumer", "_commit", "highwater", "on_start", "seek_to_committed"])
def test_what_the_consumers_thread_overrides_is_there(name):
    """As above, of the thread; `_create_worker_consumer` is the only place where Faust makes a consumer of a worker."""
    assert callable(getattr(faust.transport.drivers.aiokafka.AIOKafkaConsumerThread, name))
    assert name in vars(RunConsumerThread)


def test_an_aiokafka_consumer_takes_its_isolation_level_when_it_starts():
    """The thread sets these between making and starting it."""
    source = inspect.getsource(AIOKafkaConsumer.start)
    assert "isolation_level=self._isolation_level" in source
    assert "value_deserializer=self._value_deserializer" in source


class NotingConsumer:
    """Notes what is tracked and acknowledged."""

    def __init__(self):
        self.tracked, self.acked = [], []

    def track_message(self, message):
        self.tracked.append(message)

    def ack(self, message):
        self.acked.append(message)


class OneEventStream:
    """A Faust stream of one run; asking for the next event acknowledges it, as Faust does."""

    def __init__(self, run, consumer):
        self.run, self.consumer = run, consumer

    async def events(self):
        yield SimpleNamespace(value=self.run)
        self.consumer.ack("the run itself")


class Died(Exception):  # noqa: N818
    """Stands for the end of the process."""


def test_a_run_that_fails_ends_the_process_before_faust_can_acknowledge_it():
    """Faust acks and loses the event of an agent that raises; the ingest agent never gets that far."""
    consumer, faults = NotingConsumer(), []
    run = Run([object()])
    run.companions = ("companion",)

    def die(fault):
        faults.append(fault)
        raise Died

    async def undeliverable(_records):
        raise OSError("the dead letter cannot be delivered")

    agent = SimpleNamespace(app=SimpleNamespace(consumer=consumer), _run=undeliverable, _die=die, broken=False)
    agent._fail = lambda fault: IngestAgent._fail(agent, fault)
    with pytest.raises(Died):
        asyncio.run(IngestAgent._agent(agent, OneEventStream(run, consumer)))
    assert [str(fault) for fault in faults] == ["the dead letter cannot be delivered"]
    assert consumer.tracked == ["companion"]
    assert consumer.acked == []
