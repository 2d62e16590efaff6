"""A ledger that was cut off at its beginning, or deleted and created anew: what it hits stops and says why."""

from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from tests.support.cluster import PARTITIONS, Cluster
from tests.support.worker_process import Worker, stopped

pytestmark = pytest.mark.broker

PARTITION = 5


def assert_cut_off_is_told(cluster: Cluster, admin: KafkaAdminClient) -> Worker:
    """Records deleted before the monitor read them: its partition names offsets and cause, and the others go on."""
    [worker] = cluster.start("all")
    cluster.fxwatch("simulate", "--events", "600", "--seed", "5", "--publish")
    cluster.wait_drained(60)
    assert cluster.stop([worker]) == [0]
    saved = cluster.digests()[PARTITION]["next"]

    [ingest] = cluster.start("ingest")
    cluster.fxwatch("simulate", "--events", "600", "--seed", "6", "--publish")
    cluster.until(lambda: cluster.lag("ingest", *topics.INPUTS) == 0, 60, "not ingested")
    assert cluster.stop([ingest]) == [0]
    cut = TopicPartition(topics.LEDGER, PARTITION)
    end = cluster.ends(topics.LEDGER)[cut]
    assert saved + 1 < end
    admin.delete_records({cut: end - 1})

    worker = cluster.spawn("all")
    [reason] = cluster.once(lambda: stopped(worker), lambda found: len(found) == 1, 60, "the partition does not stop")
    assert f"monitor[{PARTITION}] stopped" in reason
    assert f"offsets {end - 1} to {end}" in reason
    assert f"offset {saved} among them" in reason
    assert "truncated or recreated" in reason
    assert "Traceback" not in worker.words()
    others = [TopicPartition(topics.LEDGER, number) for number in range(PARTITIONS) if number != PARTITION]

    def others_done() -> bool:
        done, ends = cluster.committed("monitor"), cluster.ends(topics.LEDGER)
        return all(done.get(tp, 0) == ends[tp] for tp in others)

    cluster.until(others_done, 60, "the other partitions do not go on")
    return worker


def test_a_truncated_or_recreated_ledger_stops_what_it_hits(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Cut off: that partition names offsets and cause, others go on. Recreated: the worker ends, a new one stops."""
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        admin = KafkaAdminClient(bootstrap_servers=empty_broker.bootstrap)
        worker = assert_cut_off_is_told(cluster, admin)

        admin.delete_topics([topics.LEDGER])
        cluster.until(
            lambda: topics.LEDGER not in admin.list_topics(), 30, "the ledger is still there", may_end=[worker]
        )
        admin.close()
        cluster.fxwatch("topics", "apply")
        took = cluster.until(lambda: not worker.alive(), 60, "the worker sits on no ledger at all", may_end=[worker])
        assert worker.process.returncode == 1
        assert "the ledger was deleted" in worker.words()
        assert "Traceback" not in worker.words()
        print(f"\nended {took:.1f} s after the ledger was created anew")
        again = cluster.spawn("monitor")
        excused = [worker]
        found = cluster.once(
            lambda: stopped(again),
            lambda found: len(found) == PARTITIONS,
            60,
            "taken for the old ledger",
            may_end=excused,
        )
        assert all("recreated" in reason for reason in found), found
        refused = cluster.fxwatch("state", "digest", check=False)
        assert refused.returncode != 0
        assert "created anew" in refused.stderr
        assert "Traceback" not in refused.stderr
