"""Record sets as they are fetched, read within bounds: neither records nor headers nor bytes beyond a limit.

Nothing that a sender wrote costs more than that. What cannot be read raises an error that says why.
"""

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecord, DefaultRecordBatch

from streams.kafka.decompression import TooLargeError, UndecodableError, decompress
from streams.kafka.old_record_sets import OldRecordSet

# Most records a set may hold. One of 2 MiB could claim millions, each of which would become a dead letter of its own.
# The shortest payment has some 250 bytes, so that an honest set of 32 MiB has no more than this.
RECORDS_LIMIT = 131_072
# Most headers that all records of a set may have together: as many as fit into an uncompressed set of 2 MiB, the
# largest that topics take. (A header has 3 bytes or more, and takes 64 and more as an object.) Failure prevented:
# 8 million headers, 3 KB as sent with zstd, took 1.3 GB, and 10 s where a name was not UTF-8. Smaller sets need no
# count.
HEADERS_LIMIT = 2 * 1024 * 1024 // 3
_UNCOUNTED = 2 * 1024 * 1024

# Offset, length, leader epoch, magic, CRC, attributes, last delta, first and last time, producer id and epoch,
# sequence, count.
_HEADER = struct.Struct(">qiibIhiqqqhii")
_OVERHEAD = 12  # offset and length, which the length does not count
_MAGIC_AT, _ATTRIBUTES_AT, _ATTRIBUTES = 16, 21, struct.Struct(">h")
_CODEC, _LOG_APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20
_MAGIC, _OLD = 2, (b"\0", b"\1")
_VARINT_BITS, _MORE_FOLLOWS = 70, 0x80  # the bit of a byte of a number that another byte follows


class RecordSets:
    """The sets of one answer, in the place of aiokafka's `MemoryRecords`; brokers may send the last one torn."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def size_in_bytes(self) -> int:
        """Bytes of the whole answer."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether a whole set follows, or the first one, which brokers never send torn."""
        return self._end() <= len(self._data) or (self._at == 0 and bool(self._data))

    def _end(self) -> int:
        if len(self._data) - self._at < _OVERHEAD:
            return len(self._data) + 1
        (length,) = struct.unpack_from(">i", self._data, self._at + 8)
        return self._at + _OVERHEAD + max(0, int(length))

    def next_set(self) -> "RecordSet | OldRecordSet":
        """The next set."""
        begin, self._at = self._at, min(self._end(), len(self._data))
        raw = self._data[begin : self._at]
        return OldRecordSet(raw, RECORDS_LIMIT) if _is_old(raw, 0) else RecordSet(raw)

    def peek_offset(self) -> int | None:
        """Where the next set begins, as it says itself, even a torn one; None when none says so.

        One of an old format says where it ends.
        """
        if len(self._data) - self._at < _OVERHEAD or _is_old(self._data, self._at):
            return None
        return int(struct.unpack_from(">q", self._data, self._at)[0])


def _is_old(data: bytes, at: int) -> bool:
    return data[at + _MAGIC_AT : at + _MAGIC_AT + 1] in _OLD


class RecordSet:
    """One set and its header. Nothing of it is trusted before `check`."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        fields = _HEADER.unpack_from(raw) if len(raw) >= _HEADER.size else (-1,) * 13
        (
            self.base_offset,
            self._length,
            _,
            self._magic,
            _,
            self._attributes,
            delta,
            first,
            latest,
            self.producer_id,
            _,
            _,
            self.count,
        ) = fields
        self._appended = bool(self._attributes & _LOG_APPEND_TIME)
        self.next_offset, self.timestamp = self.base_offset + delta + 1, latest if self._appended else first
        self.is_transactional = bool(self._attributes & _TRANSACTIONAL)
        self.is_control_batch = bool(self._attributes & _CONTROL)

    def check(self, *, crc: bool) -> str | None:
        """Why the set's bytes are not those that a broker took, or None."""
        if len(self.raw) < _HEADER.size or self._length + _OVERHEAD != len(self.raw):
            return "it is torn"
        if self._magic != _MAGIC:
            return f"its format is of version {self._magic}"
        if crc and not DefaultRecordBatch(self.raw).validate_crc():
            return "its checksum (CRC-32C) does not match"
        return None

    def decompress(self) -> bytes:
        """The set without compression. Raises what `decompress` raises."""
        codec = self._attributes & _CODEC
        if not codec:
            return self.raw
        body = decompress(codec, self.raw[_HEADER.size :])
        header = bytearray(self.raw[: _HEADER.size])
        _ATTRIBUTES.pack_into(header, _ATTRIBUTES_AT, self._attributes & ~_CODEC)
        return bytes(header) + body

    def read_records(self) -> Iterator[Any]:
        """The records in order. Raises what `plain` raises, and `UndecodableError`, perhaps after some.

        Brokers do not look at the offsets inside an uncompressed set. One beyond the set would be committed, and
        everything up to it passed over; one said twice, or not in order, would hide its record. As many offsets are
        kept as records follow, so that what is wrong always has one to stand at.
        """
        if self.count > RECORDS_LIMIT:
            raise TooLargeError(f"{self.count} records")
        lowest, highest = self.base_offset, self.next_offset - self.count
        for record in self._read(self.decompress()):
            if not lowest <= record.offset <= highest:
                raise UndecodableError("offsets inside the set that are not its own, or not in order")
            lowest, highest = record.offset + 1, highest + 1
            yield record

    def _read(self, plain: bytes) -> Iterator[Any]:
        """The records as they say they are. Raises `TooLargeError` for too many headers, `UndecodableError`.

        A header's name that is not UTF-8 is read with replacements: brokers take it, and it is no reason to refuse a
        payment. aiokafka refuses the whole set for it.
        """
        done = 0
        if len(plain) > _UNCOUNTED and not _limit_headers(plain, self.count):
            yield from self._lenient(plain, done)
            return
        try:
            for record in DefaultRecordBatch(plain):
                yield record
                done += 1
        except (CorruptRecordException, ValueError, IndexError, MemoryError):
            yield from self._lenient(plain, done)

    def _lenient(self, plain: bytes, done: int) -> Iterator[Any]:
        at = _HEADER.size
        for number in range(self.count):
            try:
                record, at = _one_record(plain, at, self.base_offset, self.timestamp, self._appended)
            except (ValueError, IndexError, OverflowError) as fault:
                raise UndecodableError(f"record {number + 1} of {self.count}: {fault}") from fault
            if number >= done:
                yield record


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _VARINT_BITS, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < _MORE_FOLLOWS:
            return (value >> 1) ^ -(value & 1), at
    raise ValueError("a number is longer than 64 bits")


def _bytes(data: bytes, at: int) -> tuple[bytes | None, int]:
    length, at = _varint(data, at)
    if length < 0:
        return None, at
    if at + length > len(data):
        raise ValueError("a field is longer than the set")
    return data[at : at + length], at + length


def _limit_headers(plain: bytes, records: int) -> bool:
    """Raise `TooLargeError` where records have too many headers, before any is made. 3 us a record.

    False: aiokafka might read other records there than were counted, so that only `_one_record` may read them. It reads
    attributes as a number of any length, where Kafka has one byte. Failure prevented: a record whose attributes were
    0x80 hid millions of headers from the count.
    """
    at, total, alike = _HEADER.size, 0, True
    for _ in range(records):
        try:
            length, begin = _varint(plain, at)
            at = begin + length
            _, place = _varint(plain, begin + 1)
            _, place = _varint(plain, place)
            for _ in range(2):  # key and value
                size, place = _varint(plain, place)
                place += max(size, 0)
            count, _ = _varint(plain, place)
        except (IndexError, ValueError):
            return False
        if count < 0:
            return False
        alike = alike and plain[begin] < _MORE_FOLLOWS
        total += count
        if total > HEADERS_LIMIT:
            raise TooLargeError(f"more than {HEADERS_LIMIT} headers")
    return alike


def _one_record(data: bytes, at: int, base_offset: int, timestamp: int, appended: bool) -> tuple[Any, int]:
    length, at = _varint(data, at)
    end = at + length
    delta, at = _varint(data, at + 1)  # after one byte of attributes, which have no meaning yet
    offset_delta, at = _varint(data, at)
    key, at = _bytes(data, at)
    value, at = _bytes(data, at)
    count, at = _varint(data, at)
    if count < 0:
        raise ValueError("the number of headers")
    headers = []
    for _ in range(count):
        name, at = _bytes(data, at)
        content, at = _bytes(data, at)
        headers.append(((name or b"").decode("utf-8", "replace"), content))
    if at != end:
        raise ValueError("its length")
    when = timestamp if appended else timestamp + delta
    return DefaultRecord(base_offset + offset_delta, when, int(appended), key, value, headers), at
