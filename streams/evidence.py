"""Are an alert's records what the senders sent? Each original is read where it came from and held to its commitment.

Read only: no group, nothing committed. Needs the evidence keys (streams/commitments.py) and read access to the alerts,
the ledger and the input topics.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from detectors.alert import EvidenceItem
from detectors.events import Source
from streams import clients, ledger
from streams.commitments import EvidenceKeys, key_id_of
from streams.errors import BrokerUnavailableError, LedgerError
from streams.kafka.denied import denied_or
from streams.render import AlertRead
from streams.settings import Settings

# out_of_reach: neither proven nor disproven, because original, ledger record or key are not here
Verdict = Literal["proven", "differs", "out_of_reach"]
READ_SECONDS = 30.0


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one record of an alert's evidence, at `offset` of the ledger's `partition` (None: it is gone).

    `why` says what differs or is missing. `record_key` (hex) is the key of this record's commitment alone, where it was
    asked for and the record is proven.
    """

    event_id: str
    partition: int
    offset: int | None
    source: Source | None
    commitment: str
    verdict: Verdict
    why: str = ""
    record_key: str | None = None


class _UnprovenError(Exception):
    """Ends the proof of one record; kept within this module."""

    def __init__(self, verdict: Verdict, why: str) -> None:
        super().__init__(why)
        self.verdict, self.why = verdict, why


async def prove(
    settings: Settings, alert: AlertRead, keys: EvidenceKeys, *, original: bytes | None = None, show_keys: bool = False
) -> list[Proved]:
    """Each record of the alert's evidence, held to the sender's bytes.

    They are read from the input topics, or are `original`, where a copy kept elsewhere is to be proven. Raises
    `BrokerUnavailableError`.
    """
    try:
        async with _consumer(settings) as consumer:
            return [await _proved(consumer, alert, item, keys, original, show_keys=show_keys)
                    for item in alert.evidence]  # fmt: skip
    except (KafkaError, OSError) as fault:
        gone = BrokerUnavailableError("the broker stopped answering while originals were read", got=repr(fault),
                                      todo="see `fxwatch broker status`, then ask again")  # fmt: skip
        raise denied_or(gone, fault, "this client may not read the originals") from fault


@asynccontextmanager
async def _consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = clients.reader(settings, committed=False)
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _proved(consumer: AIOKafkaConsumer, alert: AlertRead, item: EvidenceItem, keys: EvidenceKeys,
                  original: bytes | None, *, show_keys: bool) -> Proved:  # fmt: skip
    commitment = str(item.commitment or item.sha256 or "")
    proved = Proved(event_id=item.event_id, partition=alert.position.partition, offset=item.offset, source=None,
                    commitment=commitment, verdict="proven")  # fmt: skip
    try:
        source = await _source(consumer, alert, item, commitment)
        proved = msgspec.structs.replace(proved, source=source)
        key_id = key_id_of(commitment)
        sent = await _sent(consumer, source) if original is None else original
        _require_same(keys, commitment, source, sent)
    except _UnprovenError as fault:
        return msgspec.structs.replace(proved, verdict=fault.verdict, why=fault.why)
    except ValueError as fault:
        return msgspec.structs.replace(proved, verdict="differs", why=str(fault))
    if not show_keys or key_id is None:
        return proved
    return msgspec.structs.replace(proved, record_key=keys.record_key(commitment, source).hex())


async def _source(consumer: AIOKafkaConsumer, alert: AlertRead, item: EvidenceItem, commitment: str) -> Source:
    """Where the record came from, as its ledger record says, which must carry the alert's own commitment."""
    record = None
    if item.offset is not None:
        record = await _record(consumer, alert.position.topic, alert.position.partition, item.offset)
    if record is None:
        raise _UnprovenError("out_of_reach", "its record is not in the ledger any more")
    try:
        _, origin = ledger.decode_record(record.value, record.headers, record.offset, record.timestamp)
    except LedgerError as fault:
        raise _UnprovenError("differs", fault.what) from fault
    if origin.commitment != commitment or origin.source is None:
        raise _UnprovenError("differs", "the ledger record has another commitment")
    return origin.source


def _require_same(keys: EvidenceKeys, commitment: str, source: Source, sent: bytes) -> None:
    same = keys.is_of(commitment, source, sent)
    if same is None:
        raise _UnprovenError("out_of_reach", f"the key {key_id_of(commitment)} is not in the key file")
    if not same:
        raise _UnprovenError("differs", "these are not the bytes that were committed to")


async def _sent(consumer: AIOKafkaConsumer, source: Source) -> bytes:
    """The sender's bytes, from the input topic."""
    found = await _record(consumer, source.topic, source.partition, source.offset)
    if found is None:
        raise _UnprovenError("out_of_reach", "the original is past its topic's retention; prove a copy kept elsewhere")
    return found.value or b""


async def _record(consumer: AIOKafkaConsumer, topic: str, partition: int, offset: int) -> Any:
    """The record there, None when it is gone."""
    place = TopicPartition(topic, partition)
    consumer.assign([place])
    first = (await consumer.beginning_offsets([place]))[place]
    end = await clients.end_offset(consumer, place)
    if not first <= offset < end:
        return None
    consumer.seek(place, offset)
    try:
        record = await asyncio.wait_for(consumer.getone(place), READ_SECONDS)
    except TimeoutError:
        return None
    return record if record.offset == offset else None


def counted(found: Iterable[Proved]) -> dict[str, int]:
    """How many of each verdict."""
    verdicts = [one.verdict for one in found]
    return {name: verdicts.count(name) for name in ("proven", "differs", "out_of_reach")}
