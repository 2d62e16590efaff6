"""The number of partitions that a ledger was begun with: fixed by its first record, whatever the cluster holds since.

Failure prevented: partitions can be added to a topic, and never taken away. A party's state lives in the partition that
its slot gives, counted round the number of partitions: with another number every party would move away from all that
was learned of it.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from streams.errors import BrokerUnavailableError
from streams.kafka.security import kafka_python_access
from streams.kafka.topics.table import LEDGER
from streams.settings import Settings

READ_SECONDS = 15.0


class _Engine(msgspec.Struct, frozen=True):
    partitions: int


class _Configuration(msgspec.Struct, frozen=True):
    engine: _Engine


class _FirstRecord(msgspec.Struct, frozen=True):
    configuration: _Configuration


def read_begun_partitions(settings: Settings) -> int | None:
    """The partitions that the ledger was begun with; None for one without records.

    A ledger whose first record is gone (a retention was configured) was begun with as many as are configured, if it has
    so many: the start-up check of the configuration in force says more. Raises `BrokerUnavailableError`.
    """
    count, record = 0, None
    with _consumer(settings) as consumer:
        count = len(consumer.partitions_for_topic(LEDGER) or ())
        record = _read_first(consumer, TopicPartition(LEDGER, 0)) if count else None
    if record is None:
        return None
    try:
        return msgspec.json.decode(record.value, type=_FirstRecord).configuration.engine.partitions
    except msgspec.MsgspecError:
        return min(count, settings.effective.engine.partitions)


def read_first_records(settings: Settings, topic: str, numbers: Iterable[int]) -> dict[int, Any]:
    """The first record that is kept of each of these partitions, None where none is.

    Raises `BrokerUnavailableError`. Cost: some 20 ms a partition.
    """
    with _consumer(settings) as consumer:
        return {number: _read_first(consumer, TopicPartition(topic, number)) for number in numbers}


@contextmanager
def _consumer(settings: Settings) -> Iterator[Any]:
    consumer: Any = KafkaConsumer(**kafka_python_access(settings), enable_auto_commit=False, group_id=None)
    try:
        yield consumer
    finally:
        consumer.close()


def _read_first(consumer: Any, place: TopicPartition) -> Any:
    consumer.assign([place])
    begin, end = consumer.beginning_offsets([place])[place], consumer.end_offsets([place])[place]
    if begin == end:
        return None
    consumer.seek(place, begin)
    deadline = time.monotonic() + READ_SECONDS
    while time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=500, max_records=1).values():
            return records[0]
    raise BrokerUnavailableError(
        "a partition's first record cannot be read",
        got=f"nothing for {READ_SECONDS:.0f} s",
        expected=f"a record of {place.topic}[{place.partition}]",
        todo="see the broker's log",
    )
