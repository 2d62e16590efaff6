"""The number of partitions that a ledger was begun with: fixed by its first record, whatever the cluster holds since.

Failure prevented: partitions can be added to a topic, and never taken away. A party's state lives in the partition that
its slot gives, counted round the number of partitions: with another number every party would move away from all that
was learned of it.
"""

import time
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
    consumer: Any = KafkaConsumer(**kafka_python_access(settings), enable_auto_commit=False, group_id=None)
    try:
        count = len(consumer.partitions_for_topic(LEDGER) or ())
        record = _first(consumer) if count else None
    finally:
        consumer.close()
    if record is None:
        return None
    try:
        return msgspec.json.decode(record.value, type=_FirstRecord).configuration.engine.partitions
    except msgspec.MsgspecError:
        return min(count, settings.effective.engine.partitions)


def _first(consumer: Any) -> Any:
    """The first record of the ledger's partition 0, None when there never was one."""
    place = TopicPartition(LEDGER, 0)
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
        "the ledger's first record cannot be read",
        got=f"nothing for {READ_SECONDS:.0f} s",
        expected=f"a record of {LEDGER}[0]",
        todo="see the broker's log",
    )
