"""What partitions tell one another on real Kafka: once each through kill -9, heard by all, and nothing foreign."""

import asyncio
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.contracts.configuration import fingerprint
from detectors.contracts.learning import Learning, ScoreCounts
from streams.demo.broker import EmbeddedBroker
from streams.generator import Simulation
from streams.kafka import clients, topics
from streams.ledger import envelope
from streams.publication.sending import publish_records
from tests.support.cluster import PARTITIONS, Cluster, assert_exact

pytestmark = pytest.mark.broker

EVENTS = 2_500
SETTINGS = {"session_timeout_seconds": 6, "run_records": 50, "snapshot_every_events": 150}
DIES = ("tests.support.dies_telling", "worker")
# bytes of nobody, of another partition, and of no partition's counts
UNUSABLE = Learning(partition=0, number=2**40, told=ScoreCounts(segments={"person.out": (9, 1, 2, 1)}, detectors=""))
FOREIGN = {
    3: b"\x00\xff not ours",
    4: msgspec.json.encode(Learning(partition=5, number=1, told=ScoreCounts(segments={}, detectors="f00d"))),
}


async def write_foreign(cluster: Cluster, written: dict[int, bytes]) -> None:
    """Somebody else writes to the topic."""
    producer = clients.make_idempotent_producer(cluster.settings, "test-foreign")
    await producer.start()
    try:
        for partition, value in written.items():
            records: list[Any] = [(b"k", value, [], time.time_ns() // 1_000_000)]
            await clients.send_records(producer, topics.LEARNING, partition, records, 30)
    finally:
        await producer.stop()


def told(cluster: Cluster) -> dict[int, list[Learning]]:
    """What a read_committed reader sees, by partition."""
    found: dict[int, list[Learning]] = {number: [] for number in range(PARTITIONS)}
    for tp, record in cluster.read(topics.LEARNING):
        found[tp.partition].append(msgspec.json.decode(record.value, type=Learning))
    return found


def test_a_worker_killed_between_telling_and_committing_tells_once_and_all_hear_it(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """Two workers, one of which dies in its first transaction that tells; then two others to the end."""
    with Cluster(empty_broker.bootstrap, tmp_path, **SETTINGS) as cluster:
        victim = cluster.spawn("monitor", DIES)
        cluster.start("all")
        events = Simulation(seed=5, events=EVENTS)
        publish_records(cluster.settings, events, stamps="now", expected=EVENTS)
        cluster.until(lambda: victim.process.poll() is not None, 120, "the worker told nothing")
        assert victim.process.returncode == -signal.SIGKILL
        cluster.start("monitor")
        cluster.wait_drained(120)
        every = told(cluster)
        counts = {number: len(some) for number, some in every.items()}
        assert sum(counts.values()) >= PARTITIONS, counts
        for number, some in every.items():
            assert [one.number for one in some] == list(range(1, len(some) + 1)), number
        seen = sum(cluster.count_uncommitted(topics.LEARNING).values())
        assert seen > sum(counts.values()), "no record of an open transaction was left by the kill"

        heard: dict[int, Counter[tuple[int, int]]] = {number: Counter() for number in range(PARTITIONS)}
        for tp, record in cluster.stream(topics.LEDGER):
            if envelope.is_kind(record.headers, envelope.LEARNING_KEY):
                event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
                assert isinstance(event, Learning)
                heard[tp.partition][event.partition, event.number] += 1
        wanted = {(one.partition, one.number) for some in every.values() for one in some}
        assert all(set(found) == wanted for found in heard.values())

        replay = cluster.replay()
        assert_exact(cluster, replay, from_ledger=True)


def test_what_no_monitor_writes_is_a_letter_with_its_bytes_and_stops_nobody(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """Two that the door refuses; and counts that are well formed, of which the monitor finds that they cannot be."""
    with Cluster(empty_broker.bootstrap, tmp_path, **SETTINGS) as cluster:
        cluster.start("all")
        own = fingerprint(cluster.settings.effective.detectors)
        told = msgspec.structs.replace(UNUSABLE.told, detectors=own)
        unusable = msgspec.json.encode(msgspec.structs.replace(UNUSABLE, told=told))
        asyncio.run(write_foreign(cluster, FOREIGN | {0: unusable}))
        cluster.wait_drained()
        letters = {(one.topic, one.partition, one.value): one.codes for one in cluster.dead_letters()}
        assert letters == {
            (topics.LEARNING, 0, unusable): ("learning.unusable",),
            (topics.LEARNING, 3, FOREIGN[3]): ("learning.malformed",),
            (topics.LEARNING, 4, FOREIGN[4]): ("learning.partition",),
        }
        # a page may be 2 s old, and a worker that gets no CPU for 5 s answers late
        cluster.until(lambda: cluster.running_partitions() == PARTITIONS, 30, "a partition stopped")
        cluster.fxwatch("reconcile")
        refused = cluster.fxwatch("deadletter", "replay", "--yes", check=False)
        assert "monitors alone write there" in refused.stdout + refused.stderr
