"""Does ingest still have the routing key? Told by a check value that its first start leaves on `fx.progress.v1`.

Failure prevented: a key file that lost its last line, or holds a new key alone, would move every party to another
partition, away from all that was learned of it, and old duplicates would look new.
"""

from typing import Any

from aiokafka import TopicPartition

from streams.errors import KeyFileError
from streams.kafka import clients, topics
from streams.ledger import progress
from streams.ledger.progress import Routing
from streams.settings import Settings

KEY = b"ingest/routing"
PARTITION = 0


async def require(settings: Settings, producer: Any, ours: Routing) -> None:
    """Return when the routing key is the one of the first start, or when this is the first start, which is then noted.

    Two first starts at the same moment both pass; of two different keys the next start refuses one. Cost: a read of one
    partition of the progress topic. Raises `KeyFileError`, and `ProgressError` when the note cannot be read.
    """
    first = await _first(settings)
    if first is None:
        record: clients.Record = (KEY, progress.encode(ours), [], None)
        await clients.send_records(producer, topics.PROGRESS, PARTITION, [record], settings.broker_patience_seconds)
    elif first.check != ours.check:
        raise KeyFileError(
            "the routing key is another than the ledger was written with: every party would move to another partition",
            got=f"routing key {ours.key}" + (" with another secret" if ours.key == first.key else ""),
            expected=f"routing key {first.key}, as at the first start",
            todo="put that key back as the key file's last line (docs/KEY_ROTATION.md); a new routing key "
            "needs a new ledger, and new progress and snapshot topics",
        )


async def _first(settings: Settings) -> Routing | None:
    """The note of the first start. Read up to the read_uncommitted end: a monitor's open transaction hides nothing."""
    consumer = clients.make_reader(settings, committed=False)
    try:
        await consumer.start()
        place = TopicPartition(topics.PROGRESS, PARTITION)
        consumer.assign([place])
        end = await clients.end_offset(consumer, place)
    finally:
        await consumer.stop()
    found = None
    async for records in clients.read_range(settings, topics.PROGRESS, PARTITION, None, end, committed=False):
        for record in records:
            if record.key == KEY and record.value is not None:
                found = progress.decode(record.value, Routing)
    return found
