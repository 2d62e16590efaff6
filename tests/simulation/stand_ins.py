"""What stands in for aiokafka, Faust and the clock while a schedule runs the product's own code."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

from streams.kafka import clients, deliveries, topics
from streams.partition import kafka_log, outputs, partition, snapshot_writer, stateful_agent
from tests.simulation.clients import HOST, Network, SimulatedConsumer, SimulatedProducer
from tests.simulation.virtual_time import VirtualClock, VirtualLoop
from tests.simulation.worker import TOPIC_ID, NoFaust, Worker

# modules under test that look at the clock
ON_THE_CLOCK = (deliveries, kafka_log, stateful_agent, outputs, partition, snapshot_writer)


@contextmanager
def installed(network: Network, loop: VirtualLoop) -> Iterator[None]:
    """Put broker and clock in the place of aiokafka and `time` in the code under test."""
    clock = VirtualClock(loop)

    def consumer(**options: Any) -> SimulatedConsumer:
        return SimulatedConsumer(network, committed=options["isolation_level"] == "read_committed")

    def producer(**options: Any) -> SimulatedProducer:
        return SimulatedProducer(network, options["transactional_id"])

    places: list[tuple[Any, str, Any]] = [
        (clients, "AssignedConsumer", consumer),
        (clients, "AIOKafkaProducer", producer),
        (stateful_agent, "health", SimpleNamespace(die=_die, exit_deadline=lambda _seconds: None)),
        (stateful_agent, "faust_app", SimpleNamespace(build=lambda *_, **__: NoFaust(), raw_topic=lambda *_: None)),
        (stateful_agent, "run_consumer", SimpleNamespace(install=lambda *_, **__: None)),
        (topics, "read_topic_id", lambda *_: TOPIC_ID),
        (outputs, "Outstanding", partial(deliveries.Outstanding, clock=loop.look)),
        *((module, "time", clock) for module in ON_THE_CLOCK),
    ]
    before = [getattr(module, name) for module, name, _ in places]
    for module, name, stand_in in places:
        setattr(module, name, stand_in)
    try:
        yield
    finally:
        for (module, name, _), original in zip(places, before, strict=True):
            setattr(module, name, original)


def _die(error: BaseException) -> None:
    host = HOST.get()
    assert isinstance(host, Worker), f"not in a worker: {error!r}"
    host.die(error)
