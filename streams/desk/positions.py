"""Records at known positions: exactly these, read committed, and why one that is asked for is not there."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailableError
from streams.kafka import clients
from streams.kafka.denied import choose_error
from streams.kafka.unreadable_sets import Unreadable
from streams.settings import Settings

# record: it is there. deleted: before the log's start. beyond: at or after its end. marker: an offset that a
# transaction's end takes. aborted: rolled back by its writer. open: behind a transaction that has not ended yet.
# damaged: the record set cannot be read.
State = Literal["record", "deleted", "beyond", "marker", "aborted", "open", "damaged"]

# one fetch brings some 300 ledger records: a position so near the one before costs no request of its own
NEAR = 300
FETCH_BYTES = 256 * 1024
READ_SECONDS = 30.0


class At(msgspec.Struct, frozen=True):
    """What stands at an offset; `record` only where there is one, `cause` says why it cannot be read."""

    offset: int
    state: State
    record: Any = None
    cause: str = ""


class OffsetSpan(msgspec.Struct, frozen=True):
    """A partition's first offset kept, the end of what is committed, and the end of all that was written."""

    first: int
    committed: int
    written: int


async def read_records_at(
    settings: Settings, topic: str, partition: int, offsets: Iterable[int], *, why: bool = True
) -> tuple[dict[int, At], OffsetSpan]:
    """What stands at these offsets of a partition, and the partition's span. One request for neighbours, 3 ms each.

    `why`: where no record is found it is read again, uncommitted, to tell what was rolled back; else that is a marker.
    Raises `NotAuthorizedError`, and `BrokerUnavailableError` when nothing comes for 30 s.
    """
    place = TopicPartition(topic, partition)
    wanted = sorted(set(offsets))
    try:
        async with _opened(settings, place, committed=False) as plain, _opened(settings, place, committed=True) as one:
            first = (await plain.beginning_offsets([place]))[place]
            span = OffsetSpan(first, await clients.end_offset(one, place), await clients.end_offset(plain, place))
            inside = [offset for offset in wanted if span.first <= offset < span.committed]
            found = await _read(one, place, inside)
            missing = [offset for offset in inside if offset not in found]
            hidden = await _read(plain, place, missing) if why else {}
    except (KafkaError, OSError, TimeoutError) as fault:
        gone = BrokerUnavailableError(
            f"the broker stopped answering while {topic} was read",
            got=repr(fault),
            todo="see `fxwatch broker status`, then ask again",
        )
        raise choose_error(gone, fault, f"this client may not read {topic}") from fault
    return {offset: _told(offset, span, found, hidden) for offset in wanted}, span


def _told(offset: int, span: OffsetSpan, found: dict[int, Any], hidden: dict[int, Any]) -> At:
    if offset < span.first:
        return At(offset, "deleted")
    if offset >= span.committed:
        return At(offset, "open" if offset < span.written else "beyond")
    record = found.get(offset)
    if isinstance(record, Unreadable):
        return At(offset, "damaged", cause=str(record))
    if record is not None:
        return At(offset, "record", record)
    return At(offset, "aborted" if offset in hidden else "marker")


@asynccontextmanager
async def _opened(settings: Settings, place: TopicPartition, *, committed: bool) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer of one partition."""
    consumer = clients.make_reader(
        settings, committed=committed, unreadable="each", fetch_bytes=FETCH_BYTES, fetch_wait_ms=50
    )
    try:
        await consumer.start()
        consumer.assign([place])
        yield consumer
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, place: TopicPartition, offsets: list[int]) -> dict[int, Any]:
    """The records at these offsets (ascending); what is not there is left out."""
    wanted, found, position = set(offsets), dict[int, Any](), None
    for offset in offsets:
        if position is None or offset > position + NEAR:
            consumer.seek(place, offset)
            position = offset
        deadline = time.monotonic() + READ_SECONDS
        while position <= offset:
            for batch in (await consumer.getmany(place, timeout_ms=200)).values():
                found |= {record.offset: record for record in batch if record.offset in wanted}
            position = int(await consumer.position(place))
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing at offset {offset} for {READ_SECONDS:.0f} s")
    return found
