"""One record for an input topic, as the built-in stream and `fxwatch publish` make it."""

from typing import NamedTuple

from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS

__all__ = ["DECLARATIONS", "DISPOSITIONS", "PROFILES", "RATES", "TRANSACTIONS", "InputRecord"]


class InputRecord(NamedTuple):
    """A record to publish: topic, key, value, Kafka timestamp (ms, UTC; negative = time of sending), headers.

    `value` is None only for a deliberately bad record; a valid record always has one.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: tuple[tuple[str, bytes], ...] = ()
