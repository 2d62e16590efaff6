"""The ledger's envelope: an event as the record's value, its origin as the record's headers.

Headers: `__fx.source.topic`, `.partition` and `.offset` (decimal), `__fx.sha256` of the sender's bytes, `__fx.type`,
then `fx.history` for history, then what the sender's CloudEvents attributes and trace were. Senders' other headers
stop at ingest. The first configuration, which `topics apply` writes itself, has only `__fx.type`. The record's Kafka
timestamp is the input's.
"""

from collections.abc import Iterable, Sequence

import msgspec

from detectors.events import ConfigurationChange, Event, Leg, Origin, Source
from streams.errors import LedgerError

SOURCE_TOPIC = "__fx.source.topic"
SOURCE_PARTITION = "__fx.source.partition"
SOURCE_OFFSET = "__fx.source.offset"
SHA256 = "__fx.sha256"
TYPE = "__fx.type"
HISTORY = "fx.history"
PASSED_ON = ("ce_id", "ce_source", "ce_type", "ce_time", "traceparent")

# the key of configuration records, which belong to no party
CONFIGURATION_KEY = b"configuration"

Header = tuple[str, bytes]

_encode = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(Event).decode
_decode_leg = msgspec.json.Decoder(Leg).decode
# Topic names are few and come with every record; one string each saves memory and time.
_topic_names: dict[bytes, str] = {}


def encode(event: Event | Leg) -> bytes:
    """The record's value: the event as JSON, told apart by `type`."""
    return _encode(event)


def envelope(
    source: Source, sha256: bytes, kind: bytes, *, history: bool = False, passed_on: Iterable[Header] = ()
) -> list[Header]:
    """The record's headers. `sha256` is 64 hex digits; `kind` the event's `type`; `passed_on` among `PASSED_ON`."""
    headers = [
        (SOURCE_TOPIC, source.topic.encode()),
        (SOURCE_PARTITION, b"%d" % source.partition),
        (SOURCE_OFFSET, b"%d" % source.offset),
        (SHA256, sha256),
        (TYPE, kind),
    ]
    if history:
        headers.append((HISTORY, b"1"))
    headers.extend(passed_on)
    return headers


def first_configuration(change: ConfigurationChange) -> tuple[bytes, bytes, list[Header]]:
    """Key, value and headers of the first record of a ledger partition, as `topics apply` writes it."""
    return CONFIGURATION_KEY, _encode(change), [(TYPE, b"configuration")]


def _origin(headers: Sequence[tuple[str, bytes | None]], offset: int, timestamp_ms: int) -> Origin:
    found = dict(headers)
    raw_topic = found.get(SOURCE_TOPIC)
    if raw_topic is None:
        return Origin(offset=offset, source=None, sha256="", timestamp_ms=timestamp_ms)
    topic = _topic_names.get(raw_topic)
    if topic is None:
        # bounded by what the topic table can name; a foreign ledger must not fill the memory either
        topic = raw_topic.decode()
        if len(_topic_names) < 1000:  # noqa: PLR2004
            _topic_names[raw_topic] = topic
    sha256 = found[SHA256]
    if sha256 is None:
        raise ValueError(f"header {SHA256} is empty")
    source = Source(topic, int(found[SOURCE_PARTITION] or b""), int(found[SOURCE_OFFSET] or b""))
    if len(found) == 5:  # noqa: PLR2004 - the five that every record has; most have no others
        return Origin(offset=offset, source=source, sha256=sha256.decode("ascii"), timestamp_ms=timestamp_ms)
    return Origin(
        offset=offset,
        source=source,
        sha256=sha256.decode("ascii"),
        timestamp_ms=timestamp_ms,
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
    headers: Sequence[tuple[str, bytes | None]],
    offset: int,
    timestamp_ms: int,
    partition: int | None = None,
) -> tuple[Event, Origin]:
    """The event of a ledger record and where it came from. 5 us for a transaction.

    `offset` and `timestamp_ms` are the ledger record's own. Raises `LedgerError` with the position for anything
    unreadable.
    """
    try:
        return _decode_event(value or b""), _origin(headers, offset, timestamp_ms)
    except (msgspec.DecodeError, KeyError, ValueError) as fault:
        raise _unreadable(fault, offset, partition) from fault


def decode_leg(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    offset: int,
    timestamp_ms: int,
    partition: int | None = None,
) -> tuple[Leg, Origin]:
    """As `decode_record`, for a record of `fx.legs.v1`."""
    try:
        return _decode_leg(value or b""), _origin(headers, offset, timestamp_ms)
    except (msgspec.DecodeError, KeyError, ValueError) as fault:
        raise _unreadable(fault, offset, partition) from fault
