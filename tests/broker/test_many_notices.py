"""A storm of conflicts on a real broker: a letter for each with its own bytes, and one reader for all of them."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaAdminClient, TopicPartition

from detectors.contracts.events import Source
from detectors.core import Notice
from streams.contracts.dead_letters import Letter
from streams.demo.broker import EmbeddedBroker
from streams.ingest import conflict_letters
from streams.ingest.conflict_letters import ConflictLetters
from streams.ingest.conflict_positions import NoticePositions
from streams.kafka import clients, original_records, topics
from streams.keys.commitments import Committer, EvidenceKeys
from tests.support.bank import transactional
from tests.support.cluster import PATIENCE, Cluster
from tests.support.record_batches import Raw, batch, produce

pytestmark = pytest.mark.broker

COUNT, KEPT_FROM = 3000, 50
# a set that nobody reads: it would be 40 MB
BOMB = COUNT
AFTER = range(COUNT + 1, COUNT + 101)
# behind them a transaction of one record: its marker is the last offset
MARKER = AFTER[-1] + 2


def value_of(partition: int, offset: int) -> bytes:
    return b'{"event_id":"%d-%d"}' % (partition, offset) + b" " * 500


async def write_inputs(cluster: Cluster) -> None:
    """Partition 0: `COUNT` records, the set, 100 records, one in a transaction. Partition 5: 200."""
    now = time.time_ns() // 1_000_000
    producer = clients.make_idempotent_producer(cluster.settings, "test-sender")
    await producer.start()

    async def send(partition: int, offsets: range) -> None:
        some: list[Any] = [(b"k", value_of(partition, one), [("n", b"%d" % one)], now) for one in offsets]
        await clients.send_records(producer, topics.TRANSACTIONS, partition, some, 30)

    try:
        await send(0, range(COUNT))
        bomb = batch([Raw(bytes(40_000_000), b"k")], "zstd", timestamp=now)
        assert await asyncio.to_thread(produce, cluster.settings.bootstrap, topics.TRANSACTIONS, 0, bomb) == 0
        await send(0, AFTER)
        await send(5, range(200))
    finally:
        await producer.stop()


def one_in_a_transaction(bootstrap: str) -> None:
    sender = transactional(bootstrap)
    sender.begin_transaction()
    sender.produce(topics.TRANSACTIONS, key=b"k", value=value_of(0, MARKER - 1), partition=0)
    sender.commit_transaction(30)


def told(cluster: Cluster) -> dict[tuple[int, int], str | None]:
    """The places in the inputs that notices are about, and what is to be said of those that are gone."""
    gone = dict.fromkeys([(0, KEPT_FROM - 1), (0, 7)], original_records.PAST_RETENTION)
    gone |= {(0, BOMB): "not to be read any more", (0, MARKER): original_records.REPLACED}
    gone |= {(0, MARKER + 1): f"their topic ends at offset {MARKER + 1}", (99, 3): "no such partition"}
    near, far = range(KEPT_FROM, 1000), range(1000, COUNT, 500)
    there = [(0, one) for one in (*near, *far, *AFTER, MARKER - 1)] + [(5, one) for one in range(0, 200, 3)]
    return dict.fromkeys(there) | gone


async def write_notices(cluster: Cluster, places: Sequence[tuple[int, int]]) -> None:
    """In no order, over two partitions of the topic."""
    committer = Committer(cluster.keys)
    producer = clients.make_idempotent_producer(cluster.settings, "test-monitor")
    await producer.start()
    try:
        for number in (0, 7):
            records: list[Any] = []
            for partition, offset in sorted(places, key=lambda one: hash(one) % 1009):
                if (offset % 2 == 0) == (number == 0):
                    source = Source(topics.TRANSACTIONS, partition, offset)
                    commitment = committer.commitment(source, value_of(partition, offset)).decode()
                    one = Notice(code="event.conflict", source=source, identity="i", first=None, commitment=commitment)
                    records.append((b"k", msgspec.json.encode(one), [], None))
            await clients.send_records(producer, topics.NOTICES, number, records, 30)
    finally:
        await producer.stop()


async def letters_written(cluster: Cluster, count: int) -> list[Letter]:
    """Those of a worker's writer of letters, in this process."""
    found: list[Letter] = []
    enough = asyncio.Event()

    async def deliver(letters: Sequence[Letter]) -> None:
        found.extend(letters)
        if len(found) >= count:
            enough.set()

    async def keep(*_: Any) -> None:
        """No worker follows."""

    ends: list[BaseException] = []
    letters = ConflictLetters(
        cluster.settings,
        deliver,
        NoticePositions(cluster.settings, keep),
        "1",
        EvidenceKeys.of(cluster.keys),
        ends.append,
    )
    letters.start()
    try:
        await asyncio.wait_for(enough.wait(), 60 * PATIENCE)
    finally:
        await letters.stop()
    assert ends == []
    return found


def test_a_storm_of_conflicts_opens_one_reader_and_leaves_none_without_its_letter(
    empty_broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also beside originals that are deleted, in a set that nobody can read, beyond the end, of no such partition.

    Failure prevented: each opened a reader of its own, 60 letters a second, while other banks' waited behind them.
    """
    opened = silent = 0
    reader, fetch = clients.make_reader, conflict_letters._next

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal opened
        opened += options.get("fetch_bytes") == original_records.FETCH_BYTES
        return reader(*arguments, **options)

    async def fetched(*arguments: Any) -> Any:
        nonlocal silent
        found = await fetch(*arguments)
        silent += not found
        return found

    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        asyncio.run(write_inputs(cluster))
        one_in_a_transaction(empty_broker.bootstrap)
        admin = KafkaAdminClient(bootstrap_servers=empty_broker.bootstrap)
        admin.delete_records({TopicPartition(topics.TRANSACTIONS, 0): KEPT_FROM})
        admin.close()
        places = told(cluster)
        asyncio.run(write_notices(cluster, list(places)))
        monkeypatch.setattr(clients, "make_reader", counted)
        monkeypatch.setattr(conflict_letters, "_next", fetched)
        # the distances of the records above are sought
        monkeypatch.setattr(original_records, "READ_ON", 200)
        letters = asyncio.run(letters_written(cluster, len(places)))
    found = {(one.record.partition, one.record.offset): one for one in letters}
    assert (len(letters), found.keys()) == (len(places), places.keys())
    # it is closed where no notice comes for a second, as on a machine that is busy at that moment
    assert opened <= 2 + silent
    assert opened < len(places) / 100
    for (partition, offset), gone in places.items():
        letter = found[partition, offset]
        if gone is None:
            assert letter.record.value == value_of(partition, offset), letter
            assert (letter.record.key, "original bytes" in letter.message) == (b"k", False)
        else:
            assert (letter.record.key, letter.record.value, gone in letter.message) == (None, None, True), letter
