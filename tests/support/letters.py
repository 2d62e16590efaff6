"""A dead letter as ingest writes it, of a record given part by part."""

from collections.abc import Iterable

from streams.contracts.dead_letters import DeadLetter, Letter
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.record_headers import RawHeaders


def dead_letter(  # noqa: PLR0917 - the contract's own list of headers
    topic: str,
    partition: int,
    offset: int,
    timestamp_ms: int,
    key: bytes | None,
    value: bytes | None,
    headers: RawHeaders,
    stage: str,
    codes: Iterable[str],
    message: str,
    version: str,
    topic_id: bytes = b"",
) -> DeadLetter:
    """Key, value and headers of the letter."""
    record = ArrivedRecord(topic, partition, offset, timestamp_ms, key, value, headers)
    return Letter(record, stage, tuple(codes), message, version, topic_id).written()
