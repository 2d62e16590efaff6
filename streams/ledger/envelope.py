"""The ledger's envelope: an event as the record's value, its origin as the record's headers.

This module alone knows the headers' names, their order, and how each is written and read. `LAYOUT` is the order of
writing. The first three say where the input record stood. `__fx.commitment` commits to the sender's bytes
(streams/keys/commitments.py). Earlier releases wrote `__fx.sha256` there, their plain hash, which stays readable.
`__fx.type` is the event's type. `__fx.legs` stands on records that are on the legs topic too, as legs or as a copy in
each partition: the layout of those (detectors/contracts/legs.py). A leg has `__fx.leg` instead, its number;
its type is `leg`, but for an officer's record, which is its own leg. Earlier releases wrote neither.
`__fx.source.topic_id` is the input topic's id (KIP-516), which earlier releases did not write. `fx.history` stands only
with history. Then come the sender's CloudEvents attributes and trace, in the sender's order, and last `__fx.check`. A
sender's other headers stop at ingest. The first configuration, which `topics apply` writes itself, has only
`__fx.type`. The record's Kafka timestamp is the input's.

Readers go by name, in whatever order the headers come (streams/contracts/record_headers.py).

`__fx.check` is a CRC-32 over all other headers, in the order of writing, and the value. Kafka's own checksum covers a
record from the producer's batch to the consumer. This one covers it from the event to the event, through copies of the
topic and restored backups too. It tells damage, not forgery: who may write to the ledger can also write the check. Not
covered: key, offset and Kafka timestamp. Records without it (written before it was introduced) are read as they are.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import permutations
from typing import TypeGuard

import msgspec

from detectors.contracts import legs
from detectors.contracts.events import (
    ConfigurationChange,
    Declaration,
    Disposition,
    Event,
    Leg,
    Origin,
    Rate,
    Source,
    Transaction,
)
from detectors.contracts.legs import SharedThing
from streams.contracts.record_headers import HISTORY, HISTORY_HEADER, Header, RawHeaders, by_name, is_history
from streams.errors import LedgerError

SOURCE_TOPIC = "__fx.source.topic"
SOURCE_PARTITION = "__fx.source.partition"
SOURCE_OFFSET = "__fx.source.offset"
SOURCE_TOPIC_ID = "__fx.source.topic_id"
COMMITMENT = "__fx.commitment"
SHA256 = "__fx.sha256"
TYPE = "__fx.type"
LEGS = "__fx.legs"
NUMBER = "__fx.leg"
CHECK = "__fx.check"
TRACE = "traceparent"
PASSED_ON = ("ce_id", "ce_source", "ce_type", "ce_time", TRACE)
LAYOUT = (
    SOURCE_TOPIC,
    SOURCE_PARTITION,
    SOURCE_OFFSET,
    COMMITMENT,
    SHA256,
    TYPE,
    LEGS,
    NUMBER,
    SOURCE_TOPIC_ID,
    HISTORY,
    *PASSED_ON,
    CHECK,
)
# where `envelope` writes the type: behind the four that every record has, and before the layout of the legs
_TYPE_PLACE = 4
# the types of records that have legs, and those that are broadcast to ledger and legs alike; a header says so
HAVE_LEGS = frozenset((b"transaction", b"declaration", b"disposition"))
BROADCAST = frozenset((b"rate", b"configuration"))
_ON_LEGS = HAVE_LEGS | BROADCAST
LEGS_LAYOUT = b"%d" % legs.LAYOUT
_LEGS_HEADER = (LEGS, LEGS_LAYOUT)
_LEG_HEADERS = [[(TYPE, b"leg"), (NUMBER, b"%d" % number)] for number in range(legs.MOST_LEGS)]
_PLACES = {name: place for place, name in enumerate(LAYOUT)}

# the key of configuration records, which belong to no party, and their type
CONFIGURATION_KEY = CONFIGURATION = b"configuration"
# the same of what partitions tell one another
LEARNING_KEY = b"learning"

# What Kafka's protocol can name; the state packs source positions into as much.
_LARGEST_PARTITION = 2**31 - 1
_LARGEST_OFFSET = 2**63 - 1
# Decimal digits of a leg's number. Ingest writes four legs at most, the shared agent 400 trails of one leg.
_NUMBER_DIGITS, _LARGEST_NUMBER = 3, 999
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_COMMITMENT = re.compile(r"[a-z0-9]{1,16}:[0-9a-f]{64}")

# what stands on the legs topic
Shared = Leg | Disposition | Rate | ConfigurationChange

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
    if kind in _ON_LEGS:
        headers.append(_LEGS_HEADER)
    if topic_id:
        headers.append((SOURCE_TOPIC_ID, topic_id))
    if history:
        headers.append(HISTORY_HEADER)
    headers.extend(passed_on)
    return headers


def of_leg(headers: Sequence[Header], number: int) -> list[Header]:
    """The headers of a record's leg, from those that `envelope` made for a record with legs."""
    return [*headers[:_TYPE_PLACE], *_LEG_HEADERS[number], *headers[_TYPE_PLACE + 2 :]]


def of_officers_leg(headers: Sequence[Header], number: int) -> list[Header]:
    """The same of an officer's record, whose leg is the record itself."""
    return [*headers[: _TYPE_PLACE + 1], _LEG_HEADERS[number][1], *headers[_TYPE_PLACE + 2 :]]


def encode_legs(event: Transaction | Declaration | Disposition) -> list[tuple[SharedThing, bytes]]:
    """The shared things that a record names, each with the value of its leg, by number.

    The short form is encoded once, and each leg's kind and number are set behind it: 4 us for four legs, not 8.
    """
    if isinstance(event, Disposition):
        return [(thing, _encode(event)) for thing in legs.name_shared(event)]
    shortened = _encode(legs.shorten(event))[:-1]
    return [(thing, shortened + _leg_end(thing.kind, number)) for number, thing in enumerate(legs.name_shared(event))]


@cache
def _leg_end(kind: str, number: int) -> bytes:
    """The last fields of a leg, as the encoder writes them: no number 0, which is the default."""
    return b',"kind":"%s"%s}' % (kind.encode(), b',"number":%d' % number if number else b"")


def checked(headers: Sequence[Header], value: bytes) -> list[Header]:
    """The headers with the check over them and the value. 1 us."""
    return [*headers, (CHECK, _check(headers, value))]


def checked_again(headers: RawHeaders, value: bytes) -> list[Header]:
    """A ledger record's headers for another value; with a check where they had one."""
    kept = [(name, content or b"") for name, content in headers if name != CHECK]
    return checked(kept, value) if len(kept) < len(headers) else kept


def _check(headers: RawHeaders, value: bytes) -> bytes:
    parts = [part for name, content in headers for part in (name.encode(), content or b"")]
    return b"%08x" % zlib.crc32(value, zlib.crc32(b"\n".join(parts)))


def _verify(headers: RawHeaders, value: bytes) -> None:
    """Raises `ValueError` when the record carries a check that is not that of its headers and value."""
    if headers and headers[-1][0] == CHECK and headers[-1][1] == _check(headers[:-1], value):
        return  # as it was written, which nearly every record is
    told = [content for name, content in headers if name == CHECK]
    if told and not any(_check(order, value) == told[-1] for order in _orders_of_writing(headers)):
        raise ValueError(f"header {CHECK} is not the checksum of value and headers: the record was changed")


def _orders_of_writing(headers: RawHeaders) -> Iterator[RawHeaders]:
    """The orders in which headers may have been written that came in another one, without the check.

    Only what the sender's headers were in is not known: 120 orders of five at most. 2 ms for a value of 64 KiB, 30 ms
    for the largest configuration (900 KB) where its sender gave it all five.
    """
    there = sorted((one for one in headers if one[0] != CHECK), key=lambda one: _PLACES.get(one[0], len(LAYOUT)))
    passed_on = [one for one in there if one[0] in PASSED_ON]
    if len(passed_on) > len(PASSED_ON):  # no door wrote that; failure prevented: the orders of thirty have no end
        yield there
        return
    first = next((place for place, one in enumerate(there) if one[0] in PASSED_ON), len(there))
    for some in permutations(passed_on):
        yield [*there[:first], *some, *there[first + len(some) :]]


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
    return CONFIGURATION_KEY, _encode(change), [(TYPE, CONFIGURATION)]


def is_kind(headers: RawHeaders, kind: bytes) -> bool:
    """Whether a record says that its value is of this type. 0.1 us for a record of another type."""
    return (TYPE, kind) in headers and by_name(headers)[TYPE] == kind


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a record's headers say of it, unproven: source topic, partition (decimal), topic id, type, source offset.

    `legs` is the layout by which a ledger record was written to the legs too, empty for what is not there or is of an
    earlier release; `number` a leg's, -1 for what is no leg or of an earlier release.
    """

    topic: bytes
    partition: bytes
    topic_id: bytes
    kind: bytes
    offset: int
    legs: bytes = b""
    number: int = -1


def told_source(headers: RawHeaders) -> Told | None:
    """The source that a record says, without a look at its value; None when it says none that can be. 0.5 us."""
    found = by_name(headers)
    topic, partition, offset = found.get(SOURCE_TOPIC), found.get(SOURCE_PARTITION), found.get(SOURCE_OFFSET)
    # whoever may write to the ledger may write anything
    if not topic or not _is_decimal(partition, 10) or not _is_decimal(offset, 18):
        return None
    number = found.get(NUMBER)
    return Told(
        topic,
        partition,
        found.get(SOURCE_TOPIC_ID) or b"",
        found.get(TYPE) or b"",
        int(offset),
        found.get(LEGS) or b"",
        int(number) if _is_decimal(number, _NUMBER_DIGITS) else -1,
    )


def _is_decimal(text: bytes | None, digits: int) -> TypeGuard[bytes]:
    return text is not None and text.isdigit() and len(text) <= digits


def _origin(headers: RawHeaders, kind: str, offset: int, timestamp_ms: int) -> Origin:
    found = by_name(headers)
    if found[TYPE] != kind.encode():
        raise ValueError(f"header {TYPE} is not the value's type")
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
    # the seven of every record, and what it says of legs; most have no others
    if len(found) - (LEGS in found or NUMBER in found) == 7 and topic_id and CHECK in found:  # noqa: PLR2004
        return Origin(offset=offset, source=source, commitment=commitment, timestamp_ms=timestamp_ms, topic_id=topic_id)
    return Origin(
        offset=offset,
        source=source,
        commitment=commitment,
        timestamp_ms=timestamp_ms,
        topic_id=topic_id,
        history=is_history(found),
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
    """As `decode_record`, for a record of `fx.legs.v1`. Its number stands in value and headers, or in neither."""
    try:
        _verify(headers, value or b"")
        leg, found = _decode_leg(value or b""), by_name(headers)
        if leg.kind is not None and _number(found, NUMBER, _LARGEST_NUMBER) != leg.number:
            raise ValueError(f"header {NUMBER} is not the value's number")
        return leg, _origin(headers, "leg", offset, timestamp_ms)
    except _UNREADABLE as fault:
        raise _unreadable(fault, offset, partition) from fault


def decode_shared(
    value: bytes | None,
    headers: RawHeaders,
    offset: int,
    timestamp_ms: int,
    partition: int | None = None,
) -> tuple[Shared, Origin]:
    """As `decode_record`, for any record of `fx.legs.v1`: a leg, an officer's record, a copy of what is broadcast."""
    if is_kind(headers, b"leg"):
        return decode_leg(value, headers, offset, timestamp_ms, partition)
    event, origin = decode_record(value, headers, offset, timestamp_ms, partition)
    if isinstance(event, (Disposition, Rate, ConfigurationChange)):
        return event, origin
    raise _unreadable(ValueError("it is no leg, verdict, rate or configuration"), offset, partition)
