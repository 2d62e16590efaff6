"""The audit log `fx.audit.v1`: one partition, each record chained to the one before by its SHA-256.

Whoever changes or removes a record in the middle breaks the chain there. A transactional producer with one fixed id
writes it: starting one fences any other writer, so two officers at once cannot fork the chain, and a record is in it
only when Kafka acknowledged it.
"""

import asyncio
import hashlib
import logging
import os
import pwd
import socket
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import FxwatchError
from streams.kafka import clients, topics
from streams.kafka.denied import choose_error
from streams.keys.pseudonyms import is_token
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

PARTITION = 0
# what the first record carries as `previous`
FIRST = "0" * 64


class AuditError(FxwatchError):
    """The audit record was not written; what it was to record must not happen."""

    code = "audit.failed"


class Who(msgspec.Struct, frozen=True):
    """The operating system's account (not the environment's claim) and host."""

    user: str
    uid: int
    host: str


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One decision. `previous` is the SHA-256 of the previous record's bytes; `when` the wall clock, UTC.

    `outcome` is `opened`, or `refused: ` and an error code. `token` is what `subject` makes of what was asked for.
    """

    kind: str
    token: str
    case: str
    reason: str
    who: Who
    when: datetime
    outcome: str
    previous: str


class AuditReceipt(msgspec.Struct, frozen=True):
    """Where an acknowledged record stands, and its SHA-256."""

    topic: str
    partition: int
    offset: int
    sha256: str


_decode = msgspec.json.Decoder(AuditRecord).decode


def digest(value: bytes) -> str:
    """The SHA-256 that the next record carries."""
    return hashlib.sha256(value).hexdigest()


def subject(token: str) -> str:
    """The token, or in the place of anything else its length: somebody may have typed an identity by mistake.

    Not a hash either, against which all registration numbers can be tried.
    """
    return token if is_token(token) else f"no token ({len(token)} characters)"


def chained(
    last: bytes | None, kind: str, token: str, case: str, reason: str, who: Who, when: datetime, outcome: str
) -> bytes:
    """The bytes of the record that follows `last` (None: the first)."""
    previous = FIRST if last is None else digest(last)
    return msgspec.json.encode(
        AuditRecord(
            kind=kind,
            token=subject(token),
            case=case,
            reason=reason,
            who=who,
            when=when,
            outcome=outcome,
            previous=previous,
        )
    )


def find_breaks(values: Iterable[tuple[int, bytes]]) -> Iterator[str]:
    """What is wrong with the chain of (offset, bytes), in order; nothing when it is whole."""
    previous = FIRST
    for offset, value in values:
        try:
            record = _decode(value)
        except msgspec.DecodeError as fault:
            yield f"offset {offset}: not an audit record: {fault}"
        else:
            if record.previous != previous:
                yield (
                    f"offset {offset}: does not follow the record before it (carries {record.previous[:16]}..., "
                    f"the record before has {previous[:16]}...)"
                )
        previous = digest(value)


def read_account() -> Who:
    """Who runs this process."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = "unknown"
    return Who(name, uid, socket.gethostname())


async def _last(consumer: AIOKafkaConsumer, tp: TopicPartition) -> bytes | None:
    """The newest committed record's bytes. Reads back from the end, because transaction markers take offsets too."""
    consumer.assign([tp])
    begin = (await consumer.beginning_offsets([tp]))[tp]
    end = (await consumer.end_offsets([tp]))[tp]
    width = 16
    start = end
    while start > begin:
        start = max(begin, end - width)
        consumer.seek(tp, start)
        last = None
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=200)).get(tp, ()):
                last = record.value
        if last is not None:
            return bytes(last)
        width *= 4
    return None


def write(settings: Settings, kind: str, token: str, case: str, reason: str, outcome: str) -> AuditReceipt:
    """Write one record and await its acknowledgement. Raises `AuditError` when it is not in the log for certain."""
    # what aiokafka would log is in the error raised
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(_left_behind)
        return runner.run(_append(settings, kind, token, case, reason, outcome))


def _left_behind(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Futures that a fenced aiokafka producer abandons must not print a traceback; its error was raised already."""
    if isinstance(context.get("exception"), KafkaError):
        logger.debug("aiokafka left behind: %s", context)
    else:
        loop.default_exception_handler(context)


async def _append(settings: Settings, kind: str, token: str, case: str, reason: str, outcome: str) -> AuditReceipt:
    tp = TopicPartition(topics.AUDIT, PARTITION)
    producer = clients.make_transactional_producer(settings, f"{settings.application}-audit")
    consumer = clients.make_reader(settings, committed=True)
    try:
        try:
            await producer.start()
            await consumer.start()
            last = await _last(consumer, tp)
            value = chained(last, kind, token, case, reason, read_account(), datetime.now(UTC), outcome)
            async with producer.transaction():
                told = await producer.send_and_wait(tp.topic, value, key=subject(token).encode(), partition=PARTITION)
        finally:
            await producer.stop()
            await consumer.stop()
    except (KafkaError, TimeoutError, OSError, AssertionError) as fault:
        # aiokafka answers a fenced transaction with AssertionError (DESIGN section 3)
        unwritten = AuditError(
            "the audit record could not be written, so nothing is shown",
            got=repr(fault),
            todo="see `fxwatch topics diff` and the broker's log, then ask again",
        )
        raise choose_error(unwritten, fault) from fault
    return AuditReceipt(tp.topic, PARTITION, told.offset, digest(value))
