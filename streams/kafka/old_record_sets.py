"""Record sets in the formats of before Kafka 0.11: one message, perhaps compressed, then with the set as its value.

aiokafka reads them with C code that believes the lengths inside a compressed set. Failure prevented: a set with a true
CRC and a false length inside ended the process (segmentation fault), and would have done so again at each start.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from aiokafka.record.default_records import DefaultRecord

from streams.kafka.decompression import TooLargeError, UndecodableError, decompress

# Offset, length (of all that follows it), CRC-32 (of all that follows it), magic, attributes; in format 1 a timestamp.
_BEGIN, _CRC, _LONG, _LENGTH = struct.Struct(">qiIbb"), struct.Struct(">I"), struct.Struct(">q"), struct.Struct(">i")
_OVERHEAD = 12  # offset and length, which the length does not count
_CRC_AT, _CRC_COVERS_FROM = 12, 16
_CODEC, _LOG_APPEND_TIME = 0x07, 0x08
_NO_TIMESTAMP = -1


class _Message(NamedTuple):
    offset: int
    magic: int
    attributes: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class OldRecordSet:
    """A set of format 0 or 1, as `streams.kafka.record_sets.RecordSet`. `most` is how many records it may hold."""

    producer_id = -1
    is_transactional = is_control_batch = False

    def __init__(self, raw: bytes, most: int) -> None:
        self.raw, self._most = raw, most
        # the offset of a compressed set is that of its last record
        self.base_offset = int(_LONG.unpack_from(raw)[0])
        self.next_offset, self.timestamp = self.base_offset + 1, _NO_TIMESTAMP
        self._outer: _Message | None = None

    def check(self, *, crc: bool) -> str | None:
        """Why the set's bytes are not those that a broker took, or None."""
        try:
            outer, _ = _message(self.raw, 0)
        except ValueError as fault:
            return str(fault)
        if crc and zlib.crc32(self.raw[_CRC_COVERS_FROM:]) != _CRC.unpack_from(self.raw, _CRC_AT)[0]:
            return "its checksum (CRC-32) does not match"
        self._outer, self.timestamp = outer, outer.timestamp
        return None

    def read_records(self) -> Iterator[Any]:
        """The records in order, after `check`. Raises what `decompress` raises."""
        outer = self._outer
        if outer is None:
            raise ValueError("records: got a set that was not checked, expected `check` to have passed it")
        appended = outer.attributes & _LOG_APPEND_TIME and outer.magic
        messages = self._inner(outer) if outer.attributes & _CODEC else [outer]
        for one in messages:
            timestamp = outer.timestamp if appended else one.timestamp
            yield DefaultRecord(one.offset, timestamp, int(bool(appended)), one.key, one.value, [])

    def _inner(self, outer: _Message) -> list[_Message]:
        """The compressed messages, all or none: only the last one tells what offsets they have."""
        data = decompress(outer.attributes & _CODEC, outer.value or b"")
        found: list[_Message] = []
        at = 0
        while at < len(data):
            if len(found) == self._most:
                raise TooLargeError(f"more than {self._most} records")
            try:
                message, at = _message(data, at)
            except ValueError as fault:
                raise UndecodableError(f"inside the set: {fault}") from fault
            found.append(message)
        # Format 1 counts offsets from the first record, so that brokers need not compress again. Some senders wrote
        # absolute ones; the last one's place tells which.
        shift = outer.offset - found[-1].offset if found else 0
        offsets = [one.offset + shift for one in found]
        if not found or offsets[0] < 0 or offsets != sorted(set(offsets)) or (shift and not outer.magic):
            raise UndecodableError("inside the set: offsets that are not its own, or not in order")
        if any(one.attributes & _CODEC for one in found):
            raise UndecodableError("inside the set: a set inside a set")
        return [one._replace(offset=offset) for one, offset in zip(found, offsets, strict=True)]


def _message(data: bytes, at: int) -> tuple[_Message, int]:
    """The message there, and where the next begins. Raises ValueError."""
    try:
        offset, length, _, magic, attributes = _BEGIN.unpack_from(data, at)
        end, at = at + _OVERHEAD + length, at + _BEGIN.size
        timestamp = _NO_TIMESTAMP
        if magic:
            (timestamp,) = _LONG.unpack_from(data, at)
            at += _LONG.size
        key, at = _field(data, at)
        value, at = _field(data, at)
    except struct.error as fault:
        raise ValueError("it is torn") from fault
    if magic not in (0, 1) or at != end:
        raise ValueError("its format or its length is none of a message")
    return _Message(offset, magic, attributes, timestamp, key, value), end


def _field(data: bytes, at: int) -> tuple[bytes | None, int]:
    (length,) = _LENGTH.unpack_from(data, at)
    at += _LENGTH.size
    if length == -1:
        return None, at
    if not 0 <= length <= len(data) - at:
        raise ValueError("a field is longer than the set")
    return data[at : at + length], at + length
