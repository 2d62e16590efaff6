"""Dead letters on a topic that takes little: cut until they are taken, and nothing else is ever cut."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError, TopicAuthorizationFailedError
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.contracts.dead_letters import Letter, read_original
from streams.contracts.input_record import ArrivedRecord
from streams.errors import RefusedError
from streams.ingest.letter_writer import LetterWriter
from streams.kafka import clients, topics
from streams.kafka.deliveries import Outstanding
from streams.settings import Settings

PATIENCE = 5.0


class Topic:
    """A topic, and the producer that writes to it: a batch over `most` bytes, as Kafka encodes it, is refused."""

    def __init__(self, most: int, fault: type[Exception] = MessageSizeTooLargeError) -> None:
        self.most, self.fault, self.refused = most, fault, 0
        self.held: list[Any] = []
        self.pending: dict[int, list[Any]] = {}

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def create_batch(self) -> Any:
        """A batch of aiokafka's own, which also keeps what it was given."""
        builder = BatchBuilder(clients.BATCH_BYTES, 0)
        given: list[Any] = []

        def append(**record: Any) -> Any:
            taken = builder.append(**record)
            if taken is not None:
                given.append(SimpleNamespace(**record))
            return taken

        return SimpleNamespace(append=append, given=given, builder=builder, size=builder.size)

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> "asyncio.Future[None]":
        """Take it, or refuse it as the broker does."""
        assert topic == topics.DEADLETTER
        delivery = asyncio.get_running_loop().create_future()
        if len(batch.builder._build()) > self.most:
            self.refused += 1
            delivery.set_exception(self.fault())
        else:
            self.held += [(partition, record) for record in batch.given]
            delivery.set_result(None)
        return delivery


def letter(offset: int, size: int, partition: int = 0) -> Letter:
    """The letter of a record with a value of `size` bytes."""
    return Letter(
        ArrivedRecord(topics.TRANSACTIONS, partition, offset, 1_000 + offset, b"k", b"v" * size, (("h", b"1"),)),
        "decode",
        ("utf8.invalid",),
        "message",
        "1",
    )


def write(monkeypatch: pytest.MonkeyPatch, topic: Topic, letters: list[Letter]) -> Outstanding:
    """Write them; returns what is waited for afterwards."""
    monkeypatch.setattr(clients, "make_repeating_producer", lambda *_: topic)
    outstanding = Outstanding(PATIENCE)

    async def work() -> None:
        writer = LetterWriter(Settings(), outstanding, 12)
        await writer.start("test")
        await writer.write(letters)
        await writer.stop()

    asyncio.run(work())
    return outstanding


def read(topic: Topic) -> list[Any]:
    """The letters held, in order of writing."""
    found = [read_original(SimpleNamespace(key=one.key, value=one.value, headers=one.headers)) for _, one in topic.held]
    assert None not in found
    return found


def test_every_letter_is_written_once_and_only_the_large_ones_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch over the limit is parted into its letters; those that fit stay whole, in order."""
    topic = Topic(100_000)
    outstanding = write(
        monkeypatch, topic, [letter(0, 10), letter(1, 90_000), letter(2, 90_000), letter(3, 900_000), letter(4, 10)]
    )
    found = read(topic)
    assert [one.offset for one in found] == [0, 1, 2, 3, 4]
    assert [(one.complete, len(one.value)) for one in found] == [
        (True, 10),
        (True, 90_000),
        (True, 90_000),
        (False, 64 * 1024),
        (True, 10),
    ]
    assert topic.refused == 3  # two batches, and the large one by itself
    # an answered refusal is waited for no longer: the patience of later writes would end the worker
    outstanding._clock = lambda: time.monotonic() + 10 * PATIENCE
    outstanding.check_patience()


@pytest.mark.parametrize(("most", "kept"), [(10_000, 1024), (1_100, None)])
def test_a_letter_is_cut_as_far_as_it_must(monkeypatch: pytest.MonkeyPatch, most: int, kept: int | None) -> None:
    """In the end its position, lengths and hashes are left."""
    topic = Topic(most)
    write(monkeypatch, topic, [letter(7, 500_000)])
    [one] = read(topic)
    assert (one.offset, one.length, one.complete) == (7, 500_000, False)
    assert (None if one.value is None else len(one.value)) == kept


def test_a_letter_has_the_time_of_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention goes by it: a sender's clock that is years back must not have the letter deleted at once."""
    topic = Topic(1_000_000)
    write(monkeypatch, topic, [letter(0, 10)])
    assert topic.held[0][1].timestamp is None  # the producer's word for now
    assert read(topic)[0].timestamp_ms == 1_000


def test_a_topic_that_takes_nothing_at_all_and_other_refusals_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a letter's size any more, but a topic that an operator has to mend: one message with the remedy."""
    with pytest.raises(RefusedError, match=r"raise max\.message\.bytes"):
        write(monkeypatch, Topic(150), [letter(0, 10)])
    unauthorised = Topic(0, TopicAuthorizationFailedError)
    with pytest.raises(RefusedError, match="grant this worker Write"):
        write(monkeypatch, unauthorised, [letter(0, 10)])
    assert unauthorised.refused == 1


def test_letters_go_to_the_partition_of_their_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an input with more partitions than the letters' topic: counted round."""
    topic = Topic(1_000_000)
    write(monkeypatch, topic, [letter(0, 10, partition) for partition in (0, 11, 12, 63)])
    assert sorted(partition for partition, _ in topic.held) == [0, 0, 3, 11]
