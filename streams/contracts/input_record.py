"""One record for an input topic, as the built-in stream and `fxwatch publish` make it."""

from typing import Any, NamedTuple

import msgspec

from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS
from streams.contracts.record_headers import RawHeaders

__all__ = [
    "DECLARATIONS",
    "DISPOSITIONS",
    "PROFILES",
    "RATES",
    "TRANSACTIONS",
    "ArrivedRecord",
    "InputRecord",
    "arrived",
]


class InputRecord(NamedTuple):
    """A record to publish: topic, key, value, Kafka timestamp (ms, UTC; negative = time of sending), headers.

    `value` is None only for a deliberately bad record; a valid record always has one.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: tuple[tuple[str, bytes], ...] = ()

    def at(self, offset: int) -> "ArrivedRecord":
        """The record as it would stand in partition 0 of its topic."""
        return ArrivedRecord(self.topic, 0, offset, self.timestamp_ms, self.key, self.value, self.headers)


class ArrivedRecord(msgspec.Struct, frozen=True, gc=False):
    """An input record as it stands in Kafka: place, Kafka timestamp (ms, UTC; negative = none), content.

    What ingest knows of a record goes through the door, and into a dead letter, as this one value.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders = ()


def arrived(record: Any) -> ArrivedRecord:
    """A consumer's record as one that has arrived."""
    return ArrivedRecord(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        record.headers or (),
    )
