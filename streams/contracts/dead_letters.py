"""Dead letters: a refused record as it came, byte for byte, and why it was refused; and the way back.

Headers and meaning: CONTRACT `fx.deadletter.v1`. The sender's headers come first, ours last in one block, in the order
of `LAYOUT`. Reading takes the last such block, so that a sender's own headers of these names prove nothing. Where there
is no whole block, the headers came in another order than they were written in. Then each of ours is found by its name,
and all others are the sender's. A sender's own header with a name of ours cannot be told from ours then, which concerns
that sender's record alone.
"""

import hashlib
from typing import Protocol

import msgspec

from streams.contracts.input_record import ArrivedRecord
from streams.contracts.record_headers import RawHeaders, by_name
from streams.contracts.refusal_codes import MESSAGE_LIMIT

PREFIX = "__fx.error."
TOPIC, PARTITION, OFFSET, TIMESTAMP = (PREFIX + name for name in ("topic", "partition", "offset", "timestamp"))
STAGE, CODES, MESSAGE, VERSION = (PREFIX + name for name in ("stage", "codes", "message", "version"))
# the id of the topic that the record stood on, where it is known: a topic created again has the same name and offsets
TOPIC_ID = PREFIX + "topic_id"
# only on the letter of a whole record set: the last of its offsets
LAST_OFFSET = PREFIX + "last_offset"
# only on a record that was cut, or on a set
LENGTH, SHA256 = PREFIX + "length", PREFIX + "sha256"
KEY_LENGTH, KEY_SHA256, HEADERS_LEFT_OUT = PREFIX + "key_length", PREFIX + "key_sha256", PREFIX + "headers_left_out"

_ALWAYS = (TOPIC, PARTITION, OFFSET, TIMESTAMP, STAGE, CODES, MESSAGE, VERSION)
LAYOUT = (*_ALWAYS, TOPIC_ID, LAST_OFFSET, LENGTH, SHA256, KEY_LENGTH, KEY_SHA256, HEADERS_LEFT_OUT)

# the contract: beyond 1 MiB the first 64 KiB, the length and the SHA-256
WHOLE_LIMIT = 1024 * 1024
KEPT = 64 * 1024
# Sizes of ours are counted in bytes of content; each header costs its two lengths beside it. Also bounds the work.
HEADERS_LIMIT = 10_000
# what is kept of key, value and headers each where a topic refuses the form before; 0 is position, lengths and hashes
_KEPT_BYTES = (KEPT, 1024, 0)
FORMS = 1 + len(_KEPT_BYTES)
_LEAST_CODES = 5
# bytes of the two variable-length numbers before a header's name and content, at most, for content up to 64 KiB
_HEADER_LENGTHS = 6

DeadLetter = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


class ConsumedRecord(Protocol):
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
    those of the whole value. `last_offset` is -1 but where the letter stands for a whole record set, `offset` to it.
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
    last_offset: int = -1


class RecordSetOf(msgspec.Struct, frozen=True):
    """A whole record set that a letter stands for: its last offset, size in bytes and SHA-256 as it was read."""

    last: int
    size: int
    sha256: str

    def notes(self) -> list[tuple[str, bytes | None]]:
        """The headers that say so."""
        return [(LAST_OFFSET, b"%d" % self.last), (LENGTH, b"%d" % self.size), (SHA256, self.sha256.encode())]


class Letter(msgspec.Struct, frozen=True):
    """A refused record and why it was refused, from which its dead letter is made in one of `FORMS` forms.

    The letter gets the time of writing as its Kafka timestamp: a
    retention goes by that, and a sender whose clock is 40 days back must not have its letters deleted at once.
    """

    record: ArrivedRecord
    stage: str
    codes: tuple[str, ...]
    message: str
    version: str
    topic_id: bytes = b""
    of_set: RecordSetOf | None = None

    def written(self, form: int = 0) -> DeadLetter:
        """Key, value and headers, the whole record where `form` is 0 and it is not too large, else less with each form.

        The last form holds nothing of the record but its position, codes, lengths and hashes. Never raises.
        """
        if self.of_set is not None:
            return None, None, [*self._ours(self.message, self.codes), *self.of_set.notes()]
        one = self.record
        if form == 0 and fits_whole(one.key, one.value, one.headers):
            return one.key, one.value, [*one.headers, *self._ours(self.message, self.codes)]
        kept = _KEPT_BYTES[max(0, form - 1)]
        key, value, headers, notes = _cut(one.key, one.value, one.headers, kept)
        last = form >= FORMS - 1
        ours = self._ours("" if last else self.message, self.codes[:_LEAST_CODES] if last else self.codes)
        return key, value, [*headers, *ours, *notes]

    def _ours(self, message: str, codes: tuple[str, ...]) -> list[tuple[str, bytes | None]]:
        ours: list[tuple[str, bytes | None]] = [
            (TOPIC, self.record.topic.encode(errors="replace")),
            (PARTITION, b"%d" % self.record.partition),
            (OFFSET, b"%d" % self.record.offset),
            (TIMESTAMP, b"%d" % self.record.timestamp_ms),
            (STAGE, self.stage.encode(errors="replace")),
            (CODES, ",".join(codes).encode(errors="replace")),
            (MESSAGE, message[:MESSAGE_LIMIT].encode(errors="replace")),
            (VERSION, self.version.encode(errors="replace")),
        ]
        if self.topic_id:
            ours.append((TOPIC_ID, self.topic_id))
        return ours


def fits_whole(key: bytes | None, value: bytes | None, headers: RawHeaders) -> bool:
    """Whether a letter holds the record whole: 1 MiB of key, value and headers, and no more headers than 10 000.

    Both are needed: Kafka writes the lengths of each header, so that 698 900 of one letter are 2.1 MB on a topic. With
    both, the letter as Kafka encodes it stays below 1.2 MB, and its topic takes 2 MiB. Costs 2 ms at most.
    """
    if len(headers) > HEADERS_LIMIT or len(key or b"") + len(value or b"") > WHOLE_LIMIT:
        return False
    named = sum(len(name.encode(errors="replace")) + len(content or b"") for name, content in headers)
    return len(key or b"") + len(value or b"") + named <= WHOLE_LIMIT


def _cut_headers(headers: RawHeaders, room: int) -> list[tuple[str, bytes | None]]:
    """The first headers that stay within `room` bytes as Kafka encodes them."""
    kept = []
    for name, content in headers:
        room -= _HEADER_LENGTHS + len(name.encode(errors="replace")) + len(content or b"")
        if room < 0:
            break
        kept.append((name, content))
    return kept


def _cut(
    key: bytes | None, value: bytes | None, headers: RawHeaders, kept: int
) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]], list[tuple[str, bytes | None]]]:
    """The record cut to `kept` bytes of key, value and headers each, and the headers that say what is missing."""
    notes: list[tuple[str, bytes | None]] = [
        (LENGTH, b"%d" % len(value or b"")),
        (SHA256, hashlib.sha256(value or b"").hexdigest().encode()),
    ]
    if key is not None and len(key) > kept:
        notes += [(KEY_LENGTH, b"%d" % len(key)), (KEY_SHA256, hashlib.sha256(key).hexdigest().encode())]
        key = key[:kept] if kept else None
    some = _cut_headers(headers, kept)
    if len(some) < len(headers):
        notes.append((HEADERS_LEFT_OUT, b"%d" % (len(headers) - len(some))))
    return key, value[:kept] if value is not None and kept else None, some, notes


def _whole_number(content: bytes | None) -> int:
    # int() also reads underscores and thousands of digits; a position is neither
    found = int(content) if content is not None and content.isdigit() and len(content) <= 20 else -1  # noqa: PLR2004
    return found if found < 2**63 else -1  # which no offset is, and no array of them holds


def _parted(headers: RawHeaders) -> tuple[dict[str, bytes | None], tuple[tuple[str, bytes | None], ...]] | None:
    """Our headers by name, and the sender's; None where none of ours says a topic."""
    start = max((place for place, (name, _) in enumerate(headers) if name == TOPIC), default=None)
    if start is None:
        return None
    names = tuple(name for name, _ in headers[start:])
    if names[: len(_ALWAYS)] == _ALWAYS and all(name in LAYOUT for name in names):
        return by_name(headers[start:]), tuple(headers[:start])
    ours = by_name([one for one in headers if one[0] in LAYOUT])
    return ours, tuple(one for one in headers if one[0] not in LAYOUT)


def read_original(record: ConsumedRecord) -> Original | None:
    """The record that a dead letter was made of; None when `record` is not a dead letter. Never raises."""
    parted = _parted(record.headers or ())
    if parted is None:
        return None
    ours, headers = parted

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
        headers=headers,
        stage=text(STAGE),
        codes=tuple(code for code in text(CODES).split(",") if code),
        message=text(MESSAGE),
        version=text(VERSION),
        complete=not cut,
        length=_whole_number(ours.get(LENGTH)) if cut else None,
        sha256=text(SHA256) if cut else None,
        topic_id=text(TOPIC_ID),
        last_offset=_whole_number(ours.get(LAST_OFFSET)),
    )
