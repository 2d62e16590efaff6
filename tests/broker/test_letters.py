"""Dead letters that a topic would refuse for their size, and letters of senders whose clocks are far behind."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from streams.demo.broker import EmbeddedBroker
from streams.kafka import clients, topics
from streams.settings import Settings
from tests.support.cluster import Cluster
from tests.support.topic_settings import set_topic

pytestmark = pytest.mark.broker

DAY_MS = 86_400_000
MANY_HEADERS = [("h", b"")] * 698_900


def send(settings: Settings, *records: tuple[bytes, list[tuple[str, bytes]], int]) -> None:
    """Write (value, headers, Kafka timestamp) to partition 0 of the payments' topic, each as a batch of its own."""

    async def work() -> None:
        producer = clients.make_idempotent_producer(settings, "test-sender")
        await producer.start()
        try:
            for value, headers, stamp in records:
                one: list[Any] = [(b"k", value, headers, stamp)]
                await clients.send_records(producer, topics.TRANSACTIONS, 0, one, 30)
        finally:
            await producer.stop()

    asyncio.run(work())


def test_no_letter_is_refused_for_its_size_or_deleted_for_its_senders_clock(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """Records of 2 MiB in 698 900 headers, and any bad record where the letters' topic takes 2 KB: ingest goes on.

    Each letter's Kafka timestamp is the time of writing, so that no retention deletes it; the sender's is told.
    """
    now = time.time_ns() // 1_000_000
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        [worker] = cluster.start("ingest")
        old = now - 10 * DAY_MS
        send(cluster.settings, (b"not json", MANY_HEADERS, old), (b"not json", [("a", b"b")], now))
        cluster.until(lambda: len(cluster.dead_letters()) == 2, 60, "no letters")
        set_topic(empty_broker.bootstrap, topics.DEADLETTER, {"max.message.bytes": "2000"})
        send(cluster.settings, (b"x" * 900_000, [("a", b"b")], now), (b"short", [], now))
        cluster.until(lambda: len(cluster.dead_letters()) == 4, 60, "no letters of a topic that takes little")
        assert worker.alive()
        first, second, third, fourth = sorted(cluster.dead_letters(), key=lambda one: one.offset)
        assert (first.complete, first.codes, first.timestamp_ms) == (False, ("header.count",), old)
        assert (second.complete, second.value, second.headers) == (True, b"not json", (("a", b"b"),))
        assert (third.complete, third.length, third.value) == (False, 900_000, b"x" * 1024)
        assert (fourth.complete, fourth.value) == (True, b"short")
        for _, record in cluster.read(topics.DEADLETTER):
            assert record.timestamp >= now
        cluster.fxwatch("topics", "apply")
        cluster.stop_all()
        told = cluster.fxwatch("reconcile")
        assert "dead letters" in told.stdout
        listed = cluster.fxwatch("deadletter", "list", "--json").stdout
        assert time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(old / 1000)) in listed
