"""Somebody else's open transaction while partitions are taken over: not waited for, and no way to old progress."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from streams.kafka import clients, topics
from tests.support.chaos import MANY_ALERTS
from tests.support.cluster import PARTITIONS, Cluster, assert_exact

pytestmark = pytest.mark.broker

EVENTS = "1500"
# the foreign producer's transaction time-out: a takeover that waited for it would take at least this long
OPEN_SECONDS = 600
# session time-out (6 s), rebalance and replay, on a slow machine under load
TAKEOVER_SECONDS = 40.0


@asynccontextmanager
async def open_transaction(cluster: Cluster, *places: tuple[str, int]) -> AsyncIterator[None]:
    """Records of another application in a transaction that stays open; aborted at the end."""
    settings = cluster.settings.model_copy(update={"transaction_timeout_seconds": OPEN_SECONDS})
    producer = clients.make_transactional_producer(settings, "somebody-else")
    await producer.start()
    try:
        await producer.begin_transaction()
        for topic, partition in places:
            await (await producer.send(topic, b"{}", b"somebody/else", partition))
        yield
        await producer.abort_transaction()
    finally:
        await producer.stop()


def visible(cluster: Cluster, partition: int) -> int:
    """Alerts of a partition that a read_committed reader sees."""
    return sum(tp.partition == partition for tp, _ in cluster.read(topics.ALERTS))


def test_a_takeover_waits_for_no_other_partitions_transaction(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """A worker is killed while somebody's transaction is open on one partition's progress and another's alerts.

    All other partitions are taken over and publish; readers of those alerts wait. The one whose progress is hidden
    opens when the transaction ends and not before, because it would load old progress. Then everything is exact.
    """
    held, unread = 3, 5
    with Cluster(empty_broker.bootstrap, tmp_path, MANY_ALERTS, session_timeout_seconds=6) as cluster:
        [first] = cluster.start("all")
        cluster.fxwatch("simulate", "--events", EVENTS, "--seed", "5", "--publish")
        cluster.wait_drained(60)
        before = visible(cluster, unread)

        async def take_over() -> float:
            async with open_transaction(cluster, (topics.PROGRESS, held), (topics.ALERTS, unread)):
                first.kill()
                second = cluster.spawn("all")
                others = set(range(PARTITIONS)) - {held}
                took = await asyncio.to_thread(
                    cluster.until,
                    lambda: others <= second.running_partitions(),
                    TAKEOVER_SECONDS,
                    "the other partitions are not taken over",
                )
                assert held not in second.running_partitions()
                seen = cluster.count_uncommitted(topics.ALERTS).total()
                cluster.fxwatch("simulate", "--events", EVENTS, "--seed", "6", "--publish")
                await asyncio.to_thread(
                    cluster.until,
                    lambda: cluster.count_uncommitted(topics.ALERTS).total() > seen,
                    30,
                    "nothing is published",
                )
                assert await asyncio.to_thread(visible, cluster, unread) == before, (
                    "a read_committed reader passed an open transaction"
                )
                assert held not in second.running_partitions(), "opened on progress that somebody hides"
                return took

        took = asyncio.run(take_over())
        freed = cluster.until(
            lambda: cluster.running_partitions() == PARTITIONS, 30, "the held partition does not open"
        )
        cluster.wait_drained(60)
        assert_exact(cluster, cluster.replay())
        assert visible(cluster, unread) > before
        print(f"\n11 partitions taken over after {took:.1f} s, the held one {freed:.1f} s after its transaction's end")
