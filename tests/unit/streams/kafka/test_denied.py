"""A right that is missing is told as such, by every client and command; other faults keep their own name."""

import asyncio
from typing import Any

import pytest
from aiokafka import errors as aiokafka_errors
from kafka import errors as kafka_errors

from streams.errors import BrokerUnavailableError, DeliveryError, FxwatchError, NotAuthorizedError
from streams.faust_runtime import backlog_clock
from streams.faust_runtime.backlog_clock import ClockExchange, StreamClock
from streams.kafka import clients
from streams.kafka.deliveries import Outstanding
from streams.kafka.denied import choose_error
from streams.partition import agent_identity
from streams.proofs import rescore, state_digest
from streams.settings import Settings

DENIED = [
    aiokafka_errors.TopicAuthorizationFailedError("fx.ledger.v1"),
    aiokafka_errors.GroupAuthorizationFailedError("fxwatch-monitor"),
    aiokafka_errors.ClusterAuthorizationFailedError(),
    aiokafka_errors.TransactionalIdAuthorizationFailed("fxwatch-audit"),
    kafka_errors.TopicAuthorizationFailedError("fx.ledger.v1"),
    kafka_errors.GroupAuthorizationFailedError("fxwatch-monitor"),
]
OUTAGES = [aiokafka_errors.KafkaConnectionError("gone"), aiokafka_errors.KafkaTimeoutError()]


@pytest.mark.parametrize("fault", DENIED, ids=lambda fault: f"{type(fault).__module__}.{type(fault).__name__}")
def test_a_denial_is_told_as_one(fault: Exception) -> None:
    """What was under way, the library's word, and how to grant it."""
    told = choose_error(BrokerUnavailableError("the state cannot be rebuilt", got="?"), fault)
    assert isinstance(told, NotAuthorizedError)
    assert told.message.startswith(f"the state cannot be rebuilt; got: {type(fault).__name__}")
    assert "fxwatch topics acls --apply" in told.message


def test_what_could_not_be_done_is_no_outage() -> None:
    """Where the other error says that the broker is away."""
    told = choose_error(BrokerUnavailableError("no Kafka broker answers"), DENIED[0], "this client may not write")
    assert told.message.startswith("this client may not write; got: TopicAuthorizationFailedError: fx.ledger.v1")


@pytest.mark.parametrize("fault", OUTAGES, ids=lambda fault: type(fault).__name__)
def test_an_outage_stays_one(fault: Exception) -> None:
    """Rights would not help."""
    otherwise = BrokerUnavailableError("the state cannot be rebuilt", got="?")
    assert choose_error(otherwise, fault) is otherwise


class Denying:
    """A producer and a ledger of which this client may do nothing, or that are away."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    async def send_batch(self, *_: Any, **__: Any) -> Any:
        """As aiokafka does before it knows the topic."""
        raise self._fault

    async def send(self, *_: Any, **__: Any) -> Any:
        """As a producer does that knew the topic."""
        raise self._fault

    async def start(self) -> None:
        """As a consumer that reads on."""
        raise self._fault

    async def stop(self) -> None:
        """Nothing to do."""

    async def progress(self, *_: Any) -> Any:
        """As a reader does."""
        raise self._fault


@pytest.mark.parametrize(("fault", "expected"), [(DENIED[0], NotAuthorizedError), (OUTAGES[0], DeliveryError)])
def test_a_batch(fault: Exception, expected: type[FxwatchError]) -> None:
    """What every producer of the product writes by."""
    sending = clients.send_batch(Denying(fault), None, "fx.clock.v1", 0, Outstanding(1.0))  # type: ignore[arg-type]
    with pytest.raises(expected, match=r"did not acknowledge a batch for fx\.clock\.v1\[0\]"):
        asyncio.run(sending)


@pytest.mark.parametrize(("fault", "expected"), [(DENIED[0], NotAuthorizedError), (OUTAGES[0], BrokerUnavailableError)])
@pytest.mark.parametrize("command", ["digest", "rescore"])
def test_commands_that_rebuild(
    monkeypatch: pytest.MonkeyPatch, command: str, fault: Exception, expected: type[FxwatchError]
) -> None:
    """They said that the broker was away."""
    monkeypatch.setattr(agent_identity.topics, "read_topic_id", lambda *_: "an-id")
    monkeypatch.setattr(agent_identity, "KafkaLog", lambda *_, **__: Denying(fault))

    async def run() -> None:
        found = (
            state_digest.compute_digests(Settings())
            if command == "digest"
            else rescore.Rescorer(Settings()).rescore_partition(0, {})
        )
        async for _ in found:
            pass

    with pytest.raises(expected, match="cannot be re"):
        asyncio.run(run())


@pytest.mark.parametrize("work", ["tells", "hears"])
def test_a_right_to_the_clock_that_was_taken_away_ends_the_exchange(monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    """Whose end ends the worker. It was asked for again for ever, and said only to who reads the log at info."""
    monkeypatch.setattr(backlog_clock, "TICK_SECONDS", 0.0)
    monkeypatch.setattr(backlog_clock, "RETRY_SECONDS", 0.0)
    denying = Denying(DENIED[0])
    monkeypatch.setattr(clients, "make_reader", lambda *_, **__: denying)
    clock = StreamClock(0)
    exchange = ClockExchange(Settings(), "fx.clock.v1", clock)
    clock.known, clock.head = True, 5
    running = exchange._tell(denying) if work == "tells" else exchange._hear()
    with pytest.raises(NotAuthorizedError, match="TopicAuthorizationFailedError"):
        asyncio.run(asyncio.wait_for(running, 60))
