"""What a record is like that is sent again, and how many of them are held at once."""

import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from streams.cli.deadletter import _replay, _Sender
from streams.contracts.dead_letters import Original
from streams.kafka import clients, topic_reader, topics
from streams.settings import load_settings

NOW = 1_790_000_000_000
DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000


@pytest.mark.parametrize(
    ("ahead", "kept"),
    [
        (0, True),
        (-14 * DAY, True),
        (-15 * DAY, False),
        (-400 * DAY, False),
        (20 * MINUTE, True),
        (HOUR - MINUTE, False),
        (2 * HOUR, False),
        (3_000_000_000_000, False),
        (-NOW - 1, False),
    ],
)
def test_a_stamp_that_the_topic_would_refuse_becomes_the_time_of_sending(ahead: int, kept: bool) -> None:
    """One stamp beyond the limits has its whole batch refused, and the replay ends there, half sent."""
    sender = _Sender(load_settings(), NOW)
    letter = SimpleNamespace(topic=topics.TRANSACTIONS, timestamp_ms=NOW + ahead)
    assert sender.stamp(letter) == (NOW + ahead if kept else None)


MEBIBYTE = 1024 * 1024


class Producer:
    """Counts how often it was started and stopped."""

    def __init__(self) -> None:
        self.started = self.stopped = 0

    async def start(self) -> None:
        """As a producer."""
        self.started += 1

    async def stop(self) -> None:
        """As a producer."""
        self.stopped += 1


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What was sent, as (topic, partition, number in the value), and the producer."""
    found = SimpleNamespace(records=[], batches=0, producer=Producer())

    async def send_records(producer: Any, topic: str, partition: int, records: Any, _patience: float) -> None:
        assert (producer, found.producer.started, found.producer.stopped) == (found.producer, 1, 0)
        found.batches += 1
        found.records += [(topic, partition, int(value[:8])) for _, value, _, _ in records]

    monkeypatch.setattr(clients, "make_idempotent_producer", lambda *_: found.producer)
    monkeypatch.setattr(clients, "send_records", send_records)
    monkeypatch.setattr(topic_reader, "count_partitions_of", lambda *_: dict.fromkeys(topics.INPUTS, 12))
    return found


def letters(count: int, size: int) -> Iterator[tuple[Original, int]]:
    """Letters of two partitions in turns, each with its number and `size` bytes behind it."""
    for number in range(count):
        value = b"%08d" % number + bytes(size)
        yield (
            Original(
                topic=topics.TRANSACTIONS,
                partition=number % 2,
                offset=number,
                timestamp_ms=NOW,
                key=b"k",
                value=value,
                headers=(),
                stage="decode",
                codes=("json.syntax",),
                message="",
                version="",
                complete=True,
            ),
            len(value),
        )


@pytest.mark.parametrize("yes", [True, False], ids=["sent", "only told"])
def test_large_letters_are_not_held_all_at_once(sent: Any, yes: bool) -> None:
    """Of 200 MiB of them at most some 16, in their order; a look at what would be sent holds none."""
    tracemalloc.start()
    try:
        done = _replay(load_settings(), letters(200, MEBIBYTE), yes=yes)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < (24 if yes else 4) * MEBIBYTE
    assert done.counts == {(topics.TRANSACTIONS, "json.syntax"): 200}
    for partition in (0, 1):
        numbers = [number for _, place, number in sent.records if place == partition]
        assert numbers == (list(range(partition, 200, 2)) if yes else [])
    assert (sent.producer.started, sent.producer.stopped) == ((1, 1) if yes else (0, 0))


def test_small_letters_go_500_at_a_time(sent: Any) -> None:
    """And the last ones, however few; what cannot be sent is told, and the others are."""
    done = _replay(load_settings(), iter([*letters(1100, 1), *cut()]), yes=True)
    assert (len(sent.records), sent.batches, done.counts.total()) == (1100, 6, 1100)
    assert [told[:30] for told in done.refused] == ["fx.transactions.v1[0]@7: cut f"]


def test_headers_count_as_well(sent: Any) -> None:
    """300 letters of 5 000 empty headers are 755 010 bytes each, 23 over 16 MiB: 13 times two partitions, and one."""
    crowded = (
        (msgspec.structs.replace(letter, headers=(("h", b""),) * 5000), size) for letter, size in letters(300, 1)
    )
    _replay(load_settings(), crowded, yes=True)
    assert (len(sent.records), sent.batches) == (300, 27)


def cut() -> Iterator[tuple[Original, int]]:
    """A letter whose record was cut for its size."""
    for letter, size in letters(1, 1):
        yield msgspec.structs.replace(letter, offset=7, complete=False), size
