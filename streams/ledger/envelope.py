"""The ledger's envelope: an event as the record's value, its origin as the record's headers.

Headers: `__fx.source.topic`, `.partition` and `.offset` (decimal), `__fx.commitment` to the sender's bytes
(streams/keys/commitments.py; earlier releases wrote `__fx.sha256`, their plain hash, which stays readable),
`__fx.type`, `__fx.source.topic_id` (KIP-516; earlier releases wrote none), then `fx.history` for history, then what the
sender's CloudEvents attributes and trace were, last `__fx.check`. Senders' other headers stop at ingest. The first
configuration, which `topics apply` writes itself, has only `__fx.type`. The record's Kafka timestamp is the input's.

`__fx.check` is a CRC-32 over all headers before it and the value. Kafka's own checksum covers a record from the
producer's batch to the consumer; this one covers it from the event to the event, through copies of the topic and
restored backups too. It tells damage, not forgery: who may write to the ledger can also write the check. Not covered:
key, offset and Kafka timestamp. Records without it (written before it was introduced) are read as they are.
"""

import re
import zlib
from collections.abc import Iterable, Sequence

import msgspec

from detectors.contracts.events import ConfigurationChange, Event, Leg, Origin, Source
from streams.errors import LedgerError

SOURCE_TOPIC = "__fx.source.topic"
SOURCE_PARTITION = "__fx.source.partition"
SOURCE_OFFSET = "__fx.source.offset"
SOURCE_TOPIC_ID = "__fx.source.topic_id"
COMMITMENT = "__fx.commitment"
SHA256 = "__fx.sha256"
TYPE = "__fx.type"
CHECK = "__fx.check"
HISTORY = "fx.history"
PASSED_ON = ("ce_id", "ce_source", "ce_type", "ce_time", "traceparent")

# the key of configuration records, which belong to no party
CONFIGURATION_KEY = b"configuration"

Header = tuple[str, bytes]
RawHeaders = Sequence[tuple[str, bytes | None]]
# value, headers, offset and Kafka timestamp of a record
RawRecord = tuple[bytes | None, RawHeaders, int, int]

# What Kafka's protocol can name; the state packs source positions into as much.
_LARGEST_PARTITION = 2**31 - 1
_LARGEST_OFFSET = 2**63 - 1
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_COMMITMENT = re.compile(r"[a-z0-9]{1,16}:[0-9a-f]{64}")

_encode = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(Event).decode
_decode_leg = msgspec.json.Decoder(Leg).decode
# What decoding raises on bytes of no sense: msgspec on deep nesting a RecursionError, everything else a ValueError.
_UNREADABLE = (msgspec.DecodeError, KeyError, ValueError, RecursionError)
# Topic names are few and come with every record; one string each saves memory and time.
_topic_names: dict[bytes, str] = {}
_topic_ids: dict[bytes | None, str] = {None: ""}
_LONGEST_TOPIC_ID = 64


def encode(event: Event | Leg) -> bytes:
    """The record's value: the event as JSON, told apart by `type`."""
    return _encode(event)


def envelope(
    source: Source,
    commitment: bytes,
    kind: bytes,
    *,
    topic_id: bytes = b"",
    history: bool = False,
    passed_on: Iterable[Header] = (),
) -> list[Header]:
    """The record's headers. `commitment` is to the sender's bytes; `kind` the event's `type`.

    `passed_on` is among `PASSED_ON`. `topic_id` is the source topic's, at most 64 ASCII characters; empty where it is
    not known.
    """
    headers = [
        (SOURCE_TOPIC, source.topic.encode()),
        (SOURCE_PARTITION, b"%d" % source.partition),
        (SOURCE_OFFSET, b"%d" % source.offset),
        (COMMITMENT, commitment),
        (TYPE, kind),
    ]
    if topic_id:
        headers.append((SOURCE_TOPIC_ID, topic_id))
    if history:
        headers.append((HISTORY, b"1"))
    headers.extend(passed_on)
    return headers


def checked(headers: Sequence[Header], value: bytes) -> list[Header]:
    """The headers with the check over them and the value. 1 us."""
    return [*headers, (CHECK, _check(headers, value))]


def _check(headers: RawHeaders, value: bytes) -> bytes:
    parts = [part for name, content in headers for part in (name.encode(), content or b"")]
    return b"%08x" % zlib.crc32(value, zlib.crc32(b"\n".join(parts)))


def _verify(headers: RawHeaders, value: bytes) -> None:
    """Raises `ValueError` when the record carries a check that is not that of its headers and value."""
    if headers and headers[-1][0] == CHECK and headers[-1][1] != _check(headers[:-1], value):
        raise ValueError(f"header {CHECK} is not the checksum of value and headers: the record was changed")


def _number(found: dict[str, bytes | None], name: str, largest: int) -> int:
    """A header in plain decimal digits; `int` alone would also read signs, spaces and underscores."""
    digits = found[name] or b""
    number = int(digits) if digits.isdigit() and len(digits) <= len(str(largest)) else -1
    if not 0 <= number <= largest:
        raise ValueError(f"header {name} is not a whole number from 0 to {largest}")
    return number


def _commitment(found: dict[str, bytes | None]) -> str:
    """The commitment to the sender's bytes, or their plain SHA-256 where an earlier release wrote the record."""
    keyed = found.get(COMMITMENT)
    if keyed is not None:
        text = keyed.decode("ascii")
        if not _COMMITMENT.fullmatch(text):
            raise ValueError(f"header {COMMITMENT} is not <key id>:<64 hex digits>")
        return text
    if SHA256 not in found:
        raise KeyError(COMMITMENT)
    text = (found[SHA256] or b"").decode("ascii")
    if not _SHA256.fullmatch(text):
        raise ValueError(f"header {SHA256} is not 64 hex digits")
    return text


def _topic_id(content: bytes | None) -> str:
    known = _topic_ids.get(content)
    if known is None:
        known = (content or b"").decode("ascii")
        if not 0 < len(known) <= _LONGEST_TOPIC_ID:
            raise ValueError(f"header {SOURCE_TOPIC_ID} is not 1 to {_LONGEST_TOPIC_ID} characters")
        if len(_topic_ids) < 1000:  # noqa: PLR2004  (as above)
            _topic_ids[content] = known
    return known


def first_configuration(change: ConfigurationChange) -> tuple[bytes, bytes, list[Header]]:
    """Key, value and headers of the first record of a ledger partition, as `topics apply` writes it."""
    return CONFIGURATION_KEY, _encode(change), [(TYPE, b"configuration")]


def _origin(headers: RawHeaders, kind: str, offset: int, timestamp_ms: int) -> Origin:
    found = dict(headers)
    if found[TYPE] != kind.encode():
        raise ValueError(f"header {TYPE} is not the value's type")
    if CHECK in found and headers[-1][0] != CHECK:
        raise ValueError(f"header {CHECK} is not the last one")
    raw_topic = found.get(SOURCE_TOPIC)
    if raw_topic is None:
        if kind != "configuration":
            raise KeyError(SOURCE_TOPIC)
        return Origin(offset=offset, source=None, commitment="", timestamp_ms=timestamp_ms)
    topic = _topic_names.get(raw_topic)
    if topic is None:
        # bounded by what the topic table can name; a foreign ledger must not fill the memory either
        topic = raw_topic.decode()
        if len(_topic_names) < 1000:  # noqa: PLR2004
            _topic_names[raw_topic] = topic
    commitment = _commitment(found)
    source = Source(
        topic, _number(found, SOURCE_PARTITION, _LARGEST_PARTITION), _number(found, SOURCE_OFFSET, _LARGEST_OFFSET)
    )
    topic_id = _topic_id(found.get(SOURCE_TOPIC_ID))
    if len(found) == 7 and topic_id and CHECK in found:  # noqa: PLR2004 - the seven of every record; most have no others
        return Origin(offset=offset, source=source, commitment=commitment, timestamp_ms=timestamp_ms, topic_id=topic_id)
    return Origin(
        offset=offset,
        source=source,
        commitment=commitment,
        timestamp_ms=timestamp_ms,
        topic_id=topic_id,
        history=found.get(HISTORY) == b"1",
        headers=tuple((name, content) for name in PASSED_ON if (content := found.get(name)) is not None),
    )


def _unreadable(fault: Exception, offset: int, partition: int | None) -> LedgerError:
    cause = f"no header {fault}" if isinstance(fault, KeyError) else str(fault)
    place = f"offset {offset}" if partition is None else f"partition {partition}, offset {offset}"
    return LedgerError(
        f"a record cannot be read: {cause}",
        got=place,
        expected="an event and its envelope, as this version of fxwatch writes them",
        todo="see `fxwatch skip --help`, or run the version that wrote it",
    )


def decode_record(
    value: bytes | None,
    headers: RawHeaders,
    offset: int,
    timestamp_ms: int,
    partition: int | None = None,
) -> tuple[Event, Origin]:
    """The event of a ledger record and where it came from. 5 us for a transaction.

    `offset` and `timestamp_ms` are the ledger record's own. Raises `LedgerError` with the position for anything
    unreadable.
    """
    try:
        _verify(headers, value or b"")
        event = _decode_event(value or b"")
        return event, _origin(headers, str(event.__struct_config__.tag), offset, timestamp_ms)
    except _UNREADABLE as fault:
        raise _unreadable(fault, offset, partition) from fault


def decode_leg(
    value: bytes | None,
    headers: RawHeaders,
    offset: int,
    timestamp_ms: int,
    partition: int | None = None,
) -> tuple[Leg, Origin]:
    """As `decode_record`, for a record of `fx.legs.v1`."""
    try:
        _verify(headers, value or b"")
        return _decode_leg(value or b""), _origin(headers, "leg", offset, timestamp_ms)
    except _UNREADABLE as fault:
        raise _unreadable(fault, offset, partition) from fault
