"""A ledger record that cannot be read or applied: its partition stops alone, and an operator's decision heals it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import KafkaProducer

from detectors.contracts.events import Rate, Source
from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from streams.ledger import envelope
from tests.support.cluster import Cluster
from tests.support.worker_process import Worker, reasons, stopped

pytestmark = pytest.mark.broker

PARTITION, OTHER = 3, 7


WORDS = envelope.encode(
    Rate(
        event_id="r",
        identity="0" * 32,
        body="1" * 32,
        base="USD",
        quote="KRW",
        mid="dear",
        rate_time=datetime(2026, 4, 20, tzinfo=UTC),
    )
)


ENVELOPE = envelope.envelope(Source(topics.RATES, 0, 0), b"0" * 64, b"rate")


def assert_two_stop(cluster: Cluster, worker: Worker, bootstrap: str) -> tuple[int, int]:
    """Send what cannot be read and what cannot be applied; both partitions stop and are told. Their offsets."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    bad = producer.send(topics.LEDGER, b"\xff not a record", b"k", partition=PARTITION).get(30).offset
    # it decodes, and the core raises: its mid is no number
    sent = producer.send(topics.LEDGER, WORDS, b"USD/KRW", headers=ENVELOPE, partition=OTHER)
    raising = sent.get(30).offset
    producer.close()
    reason, second = cluster.once(
        lambda: stopped(worker), lambda found: len(found) == 2, 20, "the partitions do not stop"
    )
    assert f"monitor[{PARTITION}] stopped at ledger offset {bad}" in reason
    assert f"monitor[{OTHER}] stopped at ledger offset {raising}" in second
    assert f"fxwatch skip monitor {OTHER} {raising}" in second
    assert f"fxwatch skip monitor {PARTITION} {bad}" in reason
    assert worker.answer("/healthz")[0] == 200
    cluster.until(
        lambda: worker.metric("fxwatch_partition_state", agent="monitor", state="stopped") == 2, 10, "not shown"
    )
    cluster.until(
        lambda: worker.running_partitions() == set(range(12)) - {PARTITION, OTHER}, 10, "others than those two stand"
    )
    return bad, raising


def assert_others_go_on(cluster: Cluster, worker: Worker) -> None:
    """Ingest, and the ten other partitions to the ledger's end."""
    cluster.fxwatch("simulate", "--events", 1_000, "--seed", 5, "--publish")
    others = set(range(12)) - {PARTITION, OTHER}
    cluster.until(lambda: cluster.lag("ingest", *topics.INPUTS) == 0, 60, "ingest does not go on")

    def others_done() -> bool:
        done, ends = cluster.committed("monitor"), cluster.ends(topics.LEDGER)
        return all(done.get(tp, 0) == end for tp, end in ends.items() if tp.partition in others)

    cluster.until(others_done, 60, "the other partitions do not go on")
    cluster.until(
        lambda: worker.metric("fxwatch_partition_state", agent="monitor", state="running") == len(others),
        10,
        "not all the others are shown as running",
    )


def test_a_record_that_cannot_be_read_or_applied_stops_its_partition_alone(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """/readyz names position and cause, /healthz stays well; after `skip` it goes on; restarts and digests too."""
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        [worker] = cluster.start("all")
        bad, raising = assert_two_stop(cluster, worker, empty_broker.bootstrap)
        assert_others_go_on(cluster, worker)

        refused = cluster.fxwatch("skip", "monitor", PARTITION, 0, "--reason", "a test", check=False)
        assert refused.returncode == 2
        assert "can be applied" in refused.stderr
        told = cluster.fxwatch("skip", "monitor", PARTITION, bad, "--reason", "garbage of a test")
        assert f"offset {bad} is skipped" in told.stdout
        cluster.fxwatch("skip", "monitor", OTHER, raising, "--reason", "a rate in words")
        took = cluster.until(lambda: reasons(worker) == [], 15, "the partition does not go on")
        print(f"\nwent on {took:.1f} s after the decision")
        cluster.wait_drained(60)

        assert cluster.stop([worker]) == [0]
        saved = cluster.digests()
        assert saved == cluster.digests("--from-ledger")
        assert all(one["next"] == one["end"] for one in saved)
        [again] = cluster.start("all")
        cluster.wait_drained(30)
        again.kill()
        [successor] = cluster.start("all")
        cluster.until(lambda: reasons(successor) == [], 10, "not ready")
        assert cluster.stop([successor]) == [0]
        assert cluster.digests() == saved
