"""Producers and readers: how each is set up, what is written in which batches, and how far is read."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from streams.errors import DeliveryError, NotAuthorizedError, RefusedError
from streams.kafka import clients, deliveries
from streams.kafka.clients import (
    AssignedConsumer,
    fill_batch,
    make_reader,
    read_range,
    read_whole,
    send_batch,
    send_records,
)
from streams.kafka.deliveries import Outstanding
from streams.settings import Settings

SETTINGS = Settings(broker_patience_seconds=77.0, transaction_timeout_seconds=12.5)
TOPIC, PLACE = "fx.ledger.v1", TopicPartition("fx.ledger.v1", 3)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of every client that is made; each has the cluster's access as `access`."""
    found: list[dict[str, Any]] = []

    def make(**arguments: Any) -> Any:
        found.append(arguments)
        return SimpleNamespace(_message_accumulator=SimpleNamespace(_batch_ttl=15.0), _value_deserializer=None)

    monkeypatch.setattr(clients, "aiokafka_access", lambda settings: {"access": settings.bootstrap})
    monkeypatch.setattr(clients, "AIOKafkaProducer", make)
    monkeypatch.setattr(clients, "AssignedConsumer", make)
    return found


ACKNOWLEDGED = {
    "access": SETTINGS.bootstrap,
    "client_id": "me",
    "acks": "all",
    "max_batch_size": 1_000_000,
    "max_request_size": 2_000_000,
    "request_timeout_ms": 15_000,
}


@pytest.mark.parametrize(
    ("make", "more"),
    [
        (clients.make_idempotent_producer, {"enable_idempotence": True}),
        (clients.make_repeating_producer, {}),
        (clients.make_transactional_producer, {"transactional_id": "me", "transaction_timeout_ms": 12_500}),
    ],
)
def test_every_producer_waits_for_all_replicas_and_is_patient(
    made: list[dict[str, Any]], make: Callable[..., Any], more: dict[str, Any]
) -> None:
    """Batches below the topics' 2 MiB; they wait for a partition without a leader as long as for a broker."""
    producer = make(SETTINGS, "me")
    assert made == [ACKNOWLEDGED | more]
    assert producer._message_accumulator._batch_ttl == 77.0


@pytest.mark.parametrize(
    ("more", "isolation", "group"),
    [({"committed": True}, "read_committed", None), ({"committed": False, "group": "g"}, "read_uncommitted", "g")],
)
def test_a_reader_joins_no_group_and_commits_nothing(
    made: list[dict[str, Any]], more: dict[str, Any], isolation: str, group: str | None
) -> None:
    """It begins where it is told to, and sees what its isolation level shows."""
    make_reader(SETTINGS, **more)
    assert made == [
        {
            "access": SETTINGS.bootstrap,
            "group_id": group,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": isolation,
            "max_partition_fetch_bytes": 8_000_000,
            "fetch_max_wait_ms": 100,
            "request_timeout_ms": 15_000,
        }
    ]
    make_reader(SETTINGS, **more, fetch_bytes=1_000, fetch_wait_ms=7)
    assert made[1] == made[0] | {"max_partition_fetch_bytes": 1_000, "fetch_max_wait_ms": 7}


@pytest.mark.usefixtures("made")
def test_a_set_that_cannot_be_read_is_raised_or_handed_over() -> None:
    """One note for the set, or one for each of its offsets."""
    found = [
        make_reader(SETTINGS, committed=True, unreadable=how)._value_deserializer for how in ("raise", "set", "each")
    ]
    assert found[0] is None
    assert [one.each_offset for one in found[1:]] == [False, True]
    assert make_reader(SETTINGS, committed=True)._value_deserializer is None


def test_a_topics_offsets_are_asked_for_when_its_partitions_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each topic; a denied or missing one ends the question, which aiokafka would ask for ever."""
    calls: list[Any] = []

    async def known(topic: str) -> None:
        calls.append(topic)
        if topic == "denied":
            raise TopicAuthorizationFailedError

    async def beginning(_self: Any, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        calls.append("beginning")
        return dict.fromkeys(partitions, 4)

    async def end(_self: Any, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        calls.append("end")
        return dict.fromkeys(partitions, 9)

    monkeypatch.setattr(AIOKafkaConsumer, "beginning_offsets", beginning)
    monkeypatch.setattr(AIOKafkaConsumer, "end_offsets", end)
    consumer = AssignedConsumer.__new__(AssignedConsumer)
    consumer._client, consumer._closed = SimpleNamespace(_wait_on_metadata=known), True
    places = [PLACE, TopicPartition(TOPIC, 4)]
    assert asyncio.run(consumer.beginning_offsets(places)) == dict.fromkeys(places, 4)
    assert asyncio.run(consumer.end_offsets(places)) == dict.fromkeys(places, 9)
    assert asyncio.run(clients.end_offset(consumer, PLACE)) == 9
    assert calls == [TOPIC, "beginning", TOPIC, "end", TOPIC, "end"]
    for ask in (consumer.beginning_offsets, consumer.end_offsets):
        with pytest.raises(TopicAuthorizationFailedError):
            asyncio.run(ask([TopicPartition("denied", 0)]))


# Writing


class Producer:
    """A producer whose batches hold two records; `faults` are raised by sends, or are those of deliveries, in order."""

    def __init__(self, *faults: Any, holds: int = 2) -> None:
        self.holds, self.faults = holds, list(faults)
        self.sent: list[Any] = []

    def create_batch(self) -> Any:
        """A batch that takes records until it is full."""
        records: list[Any] = []

        def append(**record: Any) -> bool | None:
            if len(records) == self.holds:
                return None
            records.append((record["key"], record["value"], record["headers"], record["timestamp"]))
            return True

        return SimpleNamespace(append=append, records=records)

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> "asyncio.Future[None]":
        """Send; a fault in a list is one of the delivery."""
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        self.sent.append((topic, partition, list(batch.records)))
        delivery: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if fault is None:
            delivery.set_result(None)
        else:
            delivery.set_exception(fault[0])
        return delivery


def records(count: int) -> list[Any]:
    """Records: key, value, headers, timestamp."""
    return [(b"k%d" % n, b"v%d" % n, [("h", b"%d" % n)], 1000 + n) for n in range(count)]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(deliveries._retries, "answers", {})


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (2, [2]), (5, [2, 2, 1])])
def test_records_are_written_in_order_in_as_few_batches_as_they_fill(count: int, sizes: list[int]) -> None:
    """Each once, whole, to the one partition."""
    producer = Producer()
    asyncio.run(send_records(producer, TOPIC, 3, records(count), 60.0))
    assert [len(batch) for _, _, batch in producer.sent] == sizes
    assert [record for _, _, batch in producer.sent for record in batch] == records(count)
    assert {(topic, partition) for topic, partition, _ in producer.sent} <= {(TOPIC, 3)}


def test_a_batch_begins_where_it_is_told_to() -> None:
    """And says how many it took."""
    batch, taken = fill_batch(Producer(), TOPIC, records(5), 2)
    assert (batch.records, taken) == (records(5)[2:4], 2)
    batch, taken = fill_batch(Producer(holds=9), TOPIC, records(5), 2)
    assert (batch.records, taken) == (records(5)[2:], 3)


@pytest.mark.parametrize(("value", "size"), [(b"x" * 7, 7), (None, 0)])
def test_a_record_that_no_batch_takes_is_named(value: bytes | None, size: int) -> None:
    """With its size and the largest there may be: written it would never be."""
    with pytest.raises(RefusedError) as told:
        fill_batch(Producer(holds=0), TOPIC, [*records(1), (b"k", value, [], 1)], 1)
    assert told.value.message == (
        f"a record for {TOPIC} is larger than a batch may be; got: {size} bytes; expected: at most 1000000 bytes"
    )
    with pytest.raises(RefusedError, match=f"a record for {TOPIC} is larger"):
        asyncio.run(send_records(Producer(holds=0), TOPIC, 3, records(1), 60.0))


def test_nothing_overtakes_a_batch_that_failed() -> None:
    """One in flight at a time: what follows is not sent."""
    producer, fault = Producer(None, [KafkaConnectionError("gone")]), KafkaConnectionError("gone")
    with pytest.raises(DeliveryError) as told:
        asyncio.run(send_records(producer, TOPIC, 3, records(6), 60.0))
    assert len(producer.sent) == 2
    assert told.value.message == (
        f"Kafka did not acknowledge a batch for {TOPIC}[3]; got: {fault!r}; "
        "to do: nothing was committed past it; see the broker's log, then start the worker again"
    )


def test_a_missing_right_is_told_as_one() -> None:
    """Not as a broker that is away."""
    with pytest.raises(NotAuthorizedError, match=rf"a batch for {TOPIC}\[3\]; got: TopicAuthorizationFailedError"):
        asyncio.run(sent(Producer(TopicAuthorizationFailedError()), Outstanding(60.0)))


def test_a_topic_that_refuses_a_batch_is_named() -> None:
    """Sent again it would be refused again."""
    with pytest.raises(RefusedError, match=rf"{TOPIC}\[3\] refuses"):
        asyncio.run(sent(Producer([MessageSizeTooLargeError()]), Outstanding(60.0)))


async def sent(producer: Producer, outstanding: Outstanding) -> None:
    """Send one batch."""
    batch, _ = fill_batch(producer, TOPIC, records(1), 0)
    await send_batch(producer, batch, TOPIC, 3, outstanding)


def test_a_batch_that_is_not_taken_is_sent_again_and_told_meanwhile() -> None:
    """With what kept it; when it is acknowledged nothing is told any more."""
    told: list[Any] = []

    class Looked(Outstanding):
        def check_patience(self) -> None:
            told.append((dict(self._since), dict(deliveries._retries.answers)))

    producer, outstanding = Producer(KafkaTimeoutError(), UnknownTopicOrPartitionError()), Looked(60.0, lambda: 5.0)
    asyncio.run(sent(producer, outstanding))
    assert told == [
        ({(TOPIC, 3): 5.0}, {(TOPIC, 3): name}) for name in ("KafkaTimeoutError", "UnknownTopicOrPartitionError")
    ]
    assert (len(producer.sent), outstanding._since, deliveries._retries.answers) == (1, {}, {})


@pytest.mark.parametrize("given", [False, True])
def test_a_batch_that_is_never_taken_ends_with_the_patience(given: bool) -> None:
    """That of what is given to wait with, or the one that is said."""
    now = iter(range(0, 1000, 40))
    outstanding = Outstanding(90.0, lambda: float(next(now))) if given else None
    producer = Producer(*[KafkaTimeoutError() for _ in range(1000)])
    patience = 60.0 if given else -1.0
    with pytest.raises(DeliveryError, match=f"broker_patience_seconds = {'90' if given else '-1'}"):
        asyncio.run(send_records(producer, TOPIC, 3, records(1), patience, outstanding))


# Reading


class Consumer:
    """A consumer of one partition: offsets from `begin`, of which those in `markers` are no records."""

    def __init__(self, begin: int, end: int, markers: set[int]) -> None:
        self.begin, self.end, self.markers = begin, end, markers
        self.calls: list[Any] = []
        self.at: int | None = None

    async def start(self) -> None:
        """Start."""
        self.calls.append("start")

    async def stop(self) -> None:
        """Stop."""
        self.calls.append("stop")

    def assign(self, places: list[TopicPartition]) -> None:
        """Assign."""
        assert places == [PLACE]
        self.calls.append("assign")

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset."""
        assert places == [PLACE]
        return dict.fromkeys(places, self.begin)

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The end."""
        assert places == [PLACE]
        return dict.fromkeys(places, self.end)

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Go there."""
        assert place == PLACE
        self.calls.append(("seek", offset))
        self.at = offset

    async def getmany(self, place: TopicPartition, *, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        """Three offsets at a time; nothing where only markers are."""
        assert place == PLACE
        assert self.at is not None
        assert self.at < self.end, "a reader would wait for ever"
        self.calls.append(("getmany", timeout_ms))
        span = range(self.at, min(self.at + 3, self.end))
        self.at = span.stop
        found = [SimpleNamespace(offset=offset) for offset in span if offset not in self.markers]
        return {place: found} if found else {}

    async def position(self, place: TopicPartition) -> int:
        """The next offset to be read."""
        assert place == PLACE
        assert self.at is not None
        return self.at


def read(monkeypatch: pytest.MonkeyPatch, consumer: Consumer, work: Callable[[], Any]) -> tuple[list[Any], list[Any]]:
    """(offsets in lists as they came, what each consumer was made with); all consumers are given back."""
    made: list[Any] = []

    def make(settings: Settings, **arguments: Any) -> Consumer:
        assert settings is SETTINGS
        made.append(arguments)
        return consumer

    monkeypatch.setattr(clients, "make_reader", make)

    async def story() -> list[Any]:
        return [[record.offset for record in found] async for found in work()]

    try:
        return asyncio.run(story()), made
    finally:
        assert consumer.calls.count("start") == consumer.calls.count("stop") == len(made)


@pytest.mark.parametrize(
    ("start", "stop", "expected", "sought"),
    [
        (4, 9, [[4, 5, 6], [7, 8]], 4),
        (4, 8, [[4, 5, 6], [7]], 4),
        (4, 7, [[4, 5, 6]], 4),
        (None, 6, [[2, 3, 4], [5]], 2),
        (0, 6, [[2, 3, 4], [5]], 2),
        (2, 3, [[2]], 2),
        (6, 6, [], None),
        (0, 2, [], None),
        (None, 1, [], None),
    ],
)
def test_a_range_is_read_from_its_start_to_before_its_stop(
    monkeypatch: pytest.MonkeyPatch, start: int | None, stop: int, expected: list[Any], sought: int | None
) -> None:
    """From the partition's first offset at the earliest; of a range that holds nothing nothing is fetched."""
    consumer = Consumer(2, 20, set())
    found, made = read(monkeypatch, consumer, lambda: read_range(SETTINGS, TOPIC, 3, start, stop))
    assert (found, made) == (expected, [{"committed": True, "unreadable": "raise"}])
    seeks = [call for call in consumer.calls if call[0] == "seek"]
    fetches = [call for call in consumer.calls if call[0] == "getmany"]
    assert fetches == [("getmany", 200)] * len(expected)
    if sought is not None:
        assert seeks == [("seek", sought)]


def test_a_range_that_ends_in_markers_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transaction markers and aborted records take offsets too: the position tells the end, not a record."""
    consumer = Consumer(0, 9, {2, 3, 4, 5, 8})
    found, made = read(
        monkeypatch, consumer, lambda: read_range(SETTINGS, TOPIC, 3, 0, 9, committed=False, unreadable="each")
    )
    assert (found, made) == ([[0, 1], [6, 7]], [{"committed": False, "unreadable": "each"}])


def test_what_is_beyond_the_stop_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch may bring only records that nobody asked for."""
    consumer = Consumer(0, 9, {3, 4})
    found, _ = read(monkeypatch, consumer, lambda: read_range(SETTINGS, TOPIC, 3, 3, 5))
    assert found == []


def test_a_whole_partition_is_read_to_its_uncommitted_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is now."""
    consumer = Consumer(2, 7, set())
    found, made = read(monkeypatch, consumer, lambda: read_whole(SETTINGS, TOPIC, 3))
    assert found == [[2, 3, 4], [5, 6]]
    assert made == [{"committed": False}, {"committed": False, "unreadable": "raise"}]


def test_a_reader_that_fails_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it failed at."""
    for work in (lambda: read_whole(SETTINGS, TOPIC, 3), lambda: read_range(SETTINGS, TOPIC, 3, 0, 9)):
        consumer = Consumer(2, 7, set())
        monkeypatch.setattr(consumer, "assign", lambda _places: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            read(monkeypatch, consumer, work)
