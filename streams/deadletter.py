"""Dead letters: a refused record as it came, byte for byte, and why it was refused; and the way back.

The sender's headers come first, ours last in one block that begins with `__fx.error.topic`; reading takes the last such
block, so that a sender's own headers of these names prove nothing. Headers and meaning: CONTRACT `fx.deadletter.v1`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from streams.faults import MESSAGE_LIMIT

PREFIX = "__fx.error."
TOPIC, PARTITION, OFFSET, TIMESTAMP = (PREFIX + name for name in ("topic", "partition", "offset", "timestamp"))
STAGE, CODES, MESSAGE, VERSION = (PREFIX + name for name in ("stage", "codes", "message", "version"))
# the id of the topic that the record stood on, where it is known: a topic created again has the same name and offsets
TOPIC_ID = PREFIX + "topic_id"
# only on a record that was cut
LENGTH, SHA256 = PREFIX + "length", PREFIX + "sha256"
KEY_LENGTH, KEY_SHA256, HEADERS_LEFT_OUT = PREFIX + "key_length", PREFIX + "key_sha256", PREFIX + "headers_left_out"

# the contract: beyond 1 MiB the first 64 KiB, the length and the SHA-256
WHOLE_LIMIT = 1024 * 1024
KEPT = 64 * 1024

RawHeaders = Sequence[tuple[str, bytes | None]]
DeadLetter = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


class Record(Protocol):
    """What is read of a Kafka record; kafka-python's and aiokafka's consumer records fit."""

    @property
    def key(self) -> bytes | None:
        """The record's key."""

    @property
    def value(self) -> bytes | None:
        """The record's value."""

    @property
    def headers(self) -> RawHeaders:
        """The record's headers, in order."""


class Original(msgspec.Struct, frozen=True):
    """The refused record and why it was refused.

    `timestamp_ms` is the record's Kafka timestamp; `partition`, `offset` and `timestamp_ms` are -1 when unreadable.
    `complete` is false when the record was cut for its size: it cannot be replayed; `length` and `sha256` are then
    those of the whole value.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    stage: str
    codes: tuple[str, ...]
    message: str
    version: str
    complete: bool
    length: int | None = None
    sha256: str | None = None
    topic_id: str = ""


def _size(headers: RawHeaders) -> int:
    return sum(len(name.encode(errors="replace")) + len(content or b"") for name, content in headers)


def _cut_headers(headers: RawHeaders) -> list[tuple[str, bytes | None]]:
    """The first headers that together stay within 64 KiB."""
    kept = []
    room = KEPT
    for header in headers:
        room -= _size([header])
        if room < 0:
            break
        kept.append(header)
    return kept


def _cut(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> tuple[DeadLetter, list[tuple[str, bytes]]]:
    """The record cut to what Kafka takes, and the headers that say what is missing."""
    notes = [(LENGTH, b"%d" % len(value or b"")), (SHA256, hashlib.sha256(value or b"").hexdigest().encode())]
    if key is not None and len(key) > KEPT:
        notes += [(KEY_LENGTH, b"%d" % len(key)), (KEY_SHA256, hashlib.sha256(key).hexdigest().encode())]
        key = key[:KEPT]
    kept = _cut_headers(headers)
    if len(kept) < len(headers):
        notes.append((HEADERS_LEFT_OUT, b"%d" % (len(headers) - len(kept))))
    return (key, value if value is None else value[:KEPT], kept), notes


def dead_letter(  # noqa: PLR0917 - the contract's own list of headers
    topic: str,
    partition: int,
    offset: int,
    timestamp_ms: int,
    key: bytes | None,
    value: bytes | None,
    headers: RawHeaders | None,
    stage: str,
    codes: Iterable[str],
    message: str,
    version: str,
    topic_id: bytes = b"",
) -> DeadLetter:
    """Key, value and headers of the dead letter of a record that stood at `topic`, `partition`, `offset`. Never raises.

    A record over 1 MiB (key, value and headers together) keeps the first 64 KiB of each; further headers then give the
    length and SHA-256 of the whole value, and of the key if it was cut too.
    """
    original = list(headers or ())
    notes: list[tuple[str, bytes]] = []
    if len(key or b"") + len(value or b"") + _size(original) > WHOLE_LIMIT:
        (key, value, original), notes = _cut(key, value, original)
    ours: list[tuple[str, bytes | None]] = [
        (TOPIC, topic.encode(errors="replace")),
        (PARTITION, b"%d" % partition),
        (OFFSET, b"%d" % offset),
        (TIMESTAMP, b"%d" % timestamp_ms),
        (STAGE, stage.encode(errors="replace")),
        (CODES, ",".join(codes).encode(errors="replace")),
        (MESSAGE, message[:MESSAGE_LIMIT].encode(errors="replace")),
        (VERSION, version.encode(errors="replace")),
    ]
    if topic_id:
        ours.append((TOPIC_ID, topic_id))
    return key, value, [*original, *ours, *notes]


def _whole_number(content: bytes | None) -> int:
    # int() also reads underscores and thousands of digits; a position is neither
    return int(content) if content is not None and content.isdigit() and len(content) <= 20 else -1  # noqa: PLR2004


def original(record: Record) -> Original | None:
    """The record that a dead letter was made of; None when `record` is not a dead letter. Never raises."""
    headers = list(record.headers or ())
    start = max((place for place, (name, _) in enumerate(headers) if name == TOPIC), default=None)
    if start is None:
        return None
    ours = dict(headers[start:])

    def text(name: str) -> str:
        return (ours.get(name) or b"").decode(errors="replace")

    cut = LENGTH in ours
    return Original(
        topic=text(TOPIC),
        partition=_whole_number(ours.get(PARTITION)),
        offset=_whole_number(ours.get(OFFSET)),
        timestamp_ms=_whole_number(ours.get(TIMESTAMP)),
        key=record.key,
        value=record.value,
        headers=tuple(headers[:start]),
        stage=text(STAGE),
        codes=tuple(code for code in text(CODES).split(",") if code),
        message=text(MESSAGE),
        version=text(VERSION),
        complete=not cut,
        length=_whole_number(ours.get(LENGTH)) if cut else None,
        sha256=text(SHA256) if cut else None,
        topic_id=text(TOPIC_ID),
    )
