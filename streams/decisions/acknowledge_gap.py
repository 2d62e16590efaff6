"""Records an operator's decision that input records which passed ingest by stay unread, after checking that they did.

Failure prevented: a loss that is known, and settled with the sender, made `fxwatch reconcile` differ for ever, so that
nobody looked any more when it named the next one.
"""

import asyncio
from collections.abc import Iterable

from aiokafka.errors import KafkaError
from kafka.admin import OffsetSpec
from kafka.structs import TopicPartition

from streams.errors import BrokerUnavailableError, UsageError
from streams.ingest.input_topic_ids import read_ids
from streams.ingest.input_watch import read_committed_offsets, read_kept
from streams.kafka import clients, topics
from streams.kafka.denied import choose_error
from streams.kafka.topic_reader import count_partitions_of
from streams.ledger.input_positions import InputPartition, Kept, acknowledged_record, find_passed_by, of_topic
from streams.ledger.progress import Acknowledged
from streams.settings import Settings

Span = tuple[int, int]
"""First and last offset, inclusive."""


def record_acknowledgement(
    settings: Settings, place: InputPartition, span: Span, reason: str, *, who: str, at: str
) -> None:
    """Write the decision to `fx.progress.v1`.

    Raises `UsageError` when the offsets did not all pass ingest by, or are acknowledged already.
    """
    topics.require(settings)
    topic, partition = place
    if topic not in topics.INPUTS:
        raise UsageError("this is no input topic", got=topic, expected=", ".join(topics.INPUTS))
    count = count_partitions_of(settings, [topic])[topic]
    if partition >= count:
        raise UsageError("there is no such partition", got=partition, expected=f"0 to {count - 1}")
    ids = read_ids(settings)
    with topics.connect(settings) as admin:
        tp = TopicPartition(topic, partition)
        begin = admin.list_partition_offsets({tp: OffsetSpec.EARLIEST})[tp].offset
    names = {name: topic_id.decode() for name, topic_id in ids.items()}
    kept, committed = read_kept(settings), read_committed_offsets(settings, ids)
    passed = [(first, end - 1) for _, first, end in find_passed_by(kept, {place: begin}, names, committed)]
    require_open(span, passed, _acknowledged(kept, place, names.get(topic, "")))
    one = Acknowledged(first=span[0], next=span[1] + 1, topic_id=names.get(topic, ""), reason=reason, who=who, at=at)
    try:
        asyncio.run(_write(settings, place, one))
    except KafkaError as fault:
        raise choose_error(BrokerUnavailableError("the decision was not recorded", got=repr(fault)), fault) from fault


def _acknowledged(kept: Kept, place: InputPartition, topic_id: str) -> list[Span]:
    return [
        (one.first, one.next - 1)
        for (where, _), one in kept.acknowledged.items()
        if where == place and of_topic(one.topic_id, topic_id)
    ]


def require_open(span: Span, passed: Iterable[Span], acknowledged: Iterable[Span]) -> None:
    """Raise `UsageError` unless all offsets of `span` passed ingest by, and not all are acknowledged."""
    known = join_spans(passed)
    if not any(first <= span[0] <= span[1] <= last for first, last in known):
        raise UsageError(
            "these offsets did not all pass ingest by",
            got=_text(span),
            expected=", ".join(map(_text, known)) or "nothing: none of this partition did",
            todo="see `fxwatch reconcile`",
        )
    if any(first <= span[0] <= span[1] <= last for first, last in join_spans(acknowledged)):
        raise UsageError(
            "these offsets are acknowledged already",
            got=_text(span),
            expected="offsets that are not",
            todo="see `fxwatch reconcile`, which says by whom and why",
        )


def join_spans(spans: Iterable[Span]) -> list[Span]:
    """The same offsets in as few spans as possible, in order."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def _text(span: Span) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


async def _write(settings: Settings, place: InputPartition, one: Acknowledged) -> None:
    producer = clients.make_idempotent_producer(settings, f"{settings.application}-acknowledge")
    await producer.start()
    try:
        record: clients.Record = (*acknowledged_record(place, one), [], None)
        partition = place[1] % settings.effective.engine.partitions
        await clients.send_records(producer, topics.PROGRESS, partition, [record], settings.broker_patience_seconds)
    finally:
        await producer.stop()
