"""What an agent writes to its own topic: before the transaction, in order, each partition for itself."""

import asyncio
from typing import Any

import pytest

from streams.errors import DeliveryError
from streams.kafka.deliveries import Outstanding
from streams.partition import relay as module
from streams.partition.outputs import Output
from streams.partition.relay import Relay

TOPIC = "fx.legs.v1"


class Producer:
    """One that starts and stops, and whether it may."""

    def __init__(self, calls: list[Any], *, refuses: bool = False) -> None:
        self.calls, self.refuses = calls, refuses

    async def start(self) -> None:
        self.calls.append("start")
        if self.refuses:
            raise OSError("no broker")

    async def stop(self) -> None:
        self.calls.append("stop")


def output(partition: int, key: bytes) -> Output:
    return Output(TOPIC, partition, key, b"{}", [("h", key)], 7)


def written(monkeypatch: pytest.MonkeyPatch, *, fails: bool = False, refuses: bool = False) -> tuple[Relay, list[Any]]:
    calls: list[Any] = []

    async def send(_producer: Any, topic: str, partition: int, records: Any, patience: float, _waiting: Any) -> None:
        calls.append((topic, partition, [record[0] for record in records], patience))
        if fails:
            raise DeliveryError("not acknowledged")

    monkeypatch.setattr(module, "send_records", send)
    relay = Relay(lambda: Producer(calls, refuses=refuses), TOPIC, 5.0)  # type: ignore[arg-type,return-value]
    return relay, calls


def test_each_partitions_records_are_written_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """One producer serves all, from the first record on."""
    relay, calls = written(monkeypatch)
    asyncio.run(relay.send([], Outstanding(5.0)))
    assert calls == []
    outputs = [output(2, b"a"), output(0, b"b"), output(2, b"c"), output(0, b"d")]
    asyncio.run(relay.send(outputs, Outstanding(5.0)))
    asyncio.run(relay.send([output(1, b"e")], Outstanding(5.0)))
    assert calls == ["start", (TOPIC, 0, [b"b", b"d"], 5.0), (TOPIC, 2, [b"a", b"c"], 5.0), (TOPIC, 1, [b"e"], 5.0)]


def test_a_record_is_written_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, value, headers and time."""
    found: list[Any] = []

    async def send(_producer: Any, _topic: str, _partition: int, records: Any, *_more: Any) -> None:
        found.extend(records)

    monkeypatch.setattr(module, "send_records", send)
    relay = Relay(lambda: Producer([]), TOPIC, 5.0)  # type: ignore[arg-type,return-value]
    asyncio.run(relay.send([output(2, b"a")], Outstanding(5.0)))
    assert found == [(b"a", b"{}", [("h", b"a")], 7)]


def test_after_a_failure_the_next_record_has_another_producer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idempotent producer that lost a batch is out of sequence."""
    relay, calls = written(monkeypatch, fails=True)
    for _ in range(2):
        with pytest.raises(DeliveryError):
            asyncio.run(relay.send([output(0, b"a")], Outstanding(5.0)))
    assert [call for call in calls if isinstance(call, str)] == ["start", "stop", "start", "stop"]


def test_a_producer_that_cannot_start_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds connections."""
    relay, calls = written(monkeypatch, refuses=True)
    with pytest.raises(OSError, match="no broker"):
        asyncio.run(relay.send([output(0, b"a")], Outstanding(5.0)))
    assert calls == ["start", "stop"]
    asyncio.run(relay.close())
    assert calls == ["start", "stop"]
