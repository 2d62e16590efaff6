"""aiokafka's fetching, made bounded: a record set is read within limits, or something that says why not stands there.

aiokafka raises where a record set cannot be read, raises again at every fetch, and decompresses whatever a sender made
of it. Failure prevented: one such set ended every worker at each start, and one of 1.9 GB of zeros, under 2 MiB on the
wire, took 4 GB of memory from each reader.

A reader made with `hand_over` gets an `Unreadable` in the place of such a set (streams/kafka/unreadable_sets.py). Any
other gets `UnreadableSetError`.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher

from streams.kafka.decompression import TooLargeError, UndecodableError, UnknownCodecError
from streams.kafka.fetched_bytes import BoundedResult
from streams.kafka.old_record_sets import OldRecordSet
from streams.kafka.record_sets import RECORDS_LIMIT, RecordSet, RecordSets
from streams.kafka.unreadable_sets import (
    CODEC,
    DAMAGED,
    TOO_LARGE,
    UNDECODABLE,
    Unreadable,
    UnreadableSetError,
)


class HandOver:
    """As a consumer's value deserializer: it gets an `Unreadable` where a set cannot be read.

    `each_offset`: one for each offset, as the ledger's readers need, whose every offset is a record.
    """

    def __init__(self, *, each_offset: bool = False) -> None:
        self.each_offset = each_offset


class BoundedRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's iterator over one answer's records, which never raises for what a sender or a disk did to them."""

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Any]:
        sets: RecordSets = self._records
        first = True
        while sets.has_next():
            found, following = sets.next_set(), sets.peek_offset()
            wrong = found.check(crc=self._check_crcs) or self._misplaced(found, following, first=first)
            first = False
            if wrong is not None:
                yield from self._instead(found, DAMAGED, wrong, self._damaged_end(found, following))
                continue
            if not self._passed_over(found):
                yield from self._contents(found)
            self.next_fetch_offset = max(self.next_fetch_offset, found.next_offset)

    def _misplaced(self, found: RecordSet | OldRecordSet, following: int | None, *, first: bool) -> str | None:
        """No checksum covers a set's offset. Only an answer's first, and old ones, may begin before the position."""
        if isinstance(found, OldRecordSet):
            return None
        at, begin, end = self.next_fetch_offset, found.base_offset, found.next_offset
        if end <= at or (begin < at and not first) or (begin > at and following is not None and following < end):
            return "its offsets are not between those of the sets before and behind it"
        return None

    def _passed_over(self, found: RecordSet | OldRecordSet) -> bool:
        """Whether it is a marker, or of a transaction that was rolled back."""
        if self._isolation_level == fetcher.READ_COMMITTED and found.producer_id >= 0:
            self._consume_aborted_up_to(found.base_offset)
            if found.is_control_batch:
                # Either marker ends its producer's transaction, so that which one it is need not be read. Failure
                # prevented: aiokafka raises at each fetch where compaction kept a marker without its record.
                self._aborted_producers.discard(found.producer_id)
            elif found.is_transactional and found.producer_id in self._aborted_producers:
                return True
        return found.is_control_batch

    def _contents(self, found: RecordSet | OldRecordSet) -> Iterator[Any]:
        last = found.next_offset - 1
        try:
            for record in found.read_records():
                if record.offset < self.next_fetch_offset:
                    continue  # before the position: a reader may begin in the middle of a set
                self.next_fetch_offset = record.offset + 1
                yield self._consumer_record(self._tp, record)
        except TooLargeError as fault:
            yield from self._instead(found, TOO_LARGE, str(fault), last)
        except UnknownCodecError as fault:
            yield from self._instead(found, CODEC, f"{fault} is not known to this release", last)
        except UndecodableError as fault:
            yield from self._instead(found, UNDECODABLE, str(fault), last)

    def _instead(self, found: RecordSet | OldRecordSet, code: str, cause: str, last: int) -> Iterator[Any]:
        first = self.next_fetch_offset
        if last < first:
            return
        trusted = code != DAMAGED
        made = Unreadable(
            self._tp.topic,
            self._tp.partition,
            first,
            last,
            found.timestamp if trusted else -1,
            len(found.raw),
            hashlib.sha256(found.raw).hexdigest(),
            code,
            f"the record set there cannot be read: {cause}",
        )
        handed = self._value_deserializer
        if not isinstance(handed, HandOver):
            raise UnreadableSetError(made)
        for offset in range(first, last + 1) if handed.each_offset else (last,):
            self.next_fetch_offset = offset + 1
            yield _single(made, offset) if handed.each_offset else made

    def _damaged_end(self, found: RecordSet | OldRecordSet, following: int | None) -> int:
        """The last offset that a damaged set may hold: what the next one says, then itself, then one offset."""
        first: int = self.next_fetch_offset
        for end in (following, found.next_offset):
            if end is not None and first < end <= first + RECORDS_LIMIT:
                return end - 1
        return first

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        if not isinstance(self._value_deserializer, HandOver):
            return super()._consumer_record(tp, record)
        key, value = record.key, record.value
        return fetcher.ConsumerRecord(
            tp.topic,
            tp.partition,
            record.offset,
            record.timestamp,
            record.timestamp_type,
            key,
            value,
            None,
            -1 if key is None else len(key),
            -1 if value is None else len(value),
            tuple(record.headers),
        )


def _single(made: Unreadable, offset: int) -> Unreadable:
    cause = f"{made.cause} (the set reaches to offset {made.offset})"
    return Unreadable(
        made.topic, made.partition, offset, offset, made.timestamp, made.size, made.sha256, made.code, cause
    )


def hand_over(consumer: Any, *, each_offset: bool = False) -> None:
    """Let a consumer that has not started get an `Unreadable` where a record set cannot be read."""
    consumer._value_deserializer = HandOver(each_offset=each_offset)  # noqa: SLF001


def read_within_bounds() -> None:
    """Let every aiokafka consumer of this process read so: it has no setting for the classes it reads with."""
    fetcher.MemoryRecords, fetcher.PartitionRecords, fetcher.FetchResult = RecordSets, BoundedRecords, BoundedResult


read_within_bounds()
