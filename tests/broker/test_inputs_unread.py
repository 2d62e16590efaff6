"""Offsets that an operator moves, and records that are deleted unread: told by ingest and reconcile, never silent."""

import json
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.structs import OffsetAndMetadata, TopicPartition

from streams.demo.broker import EmbeddedBroker
from streams.ingest.input_watch import read_kept
from streams.kafka import topics
from tests.support.bank import flushed, librdkafka, payment
from tests.support.bank import send as send_payments
from tests.support.cluster import PARTITIONS, Cluster
from tests.support.worker_process import Worker

pytestmark = pytest.mark.broker

MOVED, EMPTIED = TopicPartition(topics.RATES, 0), TopicPartition(topics.RATES, 1)
ATTEMPTS = 5


def send(bootstrap: str, place: TopicPartition, first: int, count: int) -> None:
    """Rates with numbers of their own."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for number in range(first, first + count):
        value = (
            f'{{"event_id":"R{place.partition}-{number}","base":"USD","quote":"KRW","mid":"1387.5",'
            f'"rate_time":"2026-01-05T00:{number // 60:02}:{number % 60:02}Z"}}'
        )
        producer.send(place.topic, value.encode(), b"USD/KRW", partition=place.partition)
    producer.flush(30)
    producer.close()


def move(cluster: Cluster, offsets: dict[TopicPartition, int], agent: str = "ingest") -> None:
    """As `kafka-consumer-groups --reset-offsets --to-offset` does: a commit without metadata, while no worker runs."""
    consumer = KafkaConsumer(
        bootstrap_servers=cluster.settings.bootstrap_servers,
        enable_auto_commit=False,
        group_id=f"{cluster.settings.application}-{agent}",
    )
    consumer.commit({place: OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()})
    consumer.close()


def stop_kept(cluster: Cluster, at: int) -> None:
    """Stop all, with `MOVED` kept as read up to `at`: where a broker does not answer a stop for 3 s, it is not."""
    for _ in range(ATTEMPTS):
        cluster.stop_all()
        if read_kept(cluster.settings).positions[MOVED.topic, MOVED.partition].next == at:
            return
        cluster.start("all")
    pytest.fail("no stop kept the position")


def applied(cluster: Cluster) -> tuple[int, int]:
    """How many rates the ledger's partitions hold that count, and how many were dropped as redelivered."""
    every = cluster.digests("--from-ledger")
    return sum(one["broadcast"] for one in every), sum(one["redelivered"] for one in every)


def told(cluster: Cluster, worker: Worker, words: str) -> None:
    """Wait until the worker's log says it."""
    cluster.until(lambda: words in worker.log.read_text(), 60, f"nobody says: {words}")


def test_moved_offsets_and_records_deleted_unread_are_told(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Forward: not followed, and said. Back: exact. Deleted unread: named for good."""
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        partitions = cluster.settings.effective.engine.partitions
        cluster.start("all")
        send(empty_broker.bootstrap, MOVED, 0, 20)
        cluster.wait_drained(60)
        stop_kept(cluster, 20)

        # forward by 5 of 10 new records: not followed
        send(empty_broker.bootstrap, MOVED, 20, 10)
        move(cluster, {MOVED: 25})
        [worker] = cluster.start("all")
        cluster.wait_drained(60)
        assert "somebody moved the group's offset forward, from 20 to 25; nothing is skipped" in worker.log.read_text()
        stop_kept(cluster, 30)
        assert applied(cluster) == ((1 + 30) * partitions, 0)

        # back by 5: read again, and nothing counts twice
        move(cluster, {MOVED: 25})
        cluster.start("all")
        cluster.wait_drained(60)
        cluster.stop_all()
        assert applied(cluster) == ((1 + 30) * partitions, 5 * partitions)
        cluster.fxwatch("reconcile")

        # 60 acknowledged records of a partition that ingest has never read from, gone before it does
        send(empty_broker.bootstrap, EMPTIED, 0, 60)
        admin = KafkaAdminClient(bootstrap_servers=empty_broker.bootstrap)
        admin.delete_records({EMPTIED: 60})
        admin.close()
        missed = "fx.rates.v1[1]: 0-59 unread"
        before = cluster.fxwatch("reconcile", check=False)
        assert (before.returncode, missed in before.stderr) == (1, True), before.stderr
        [worker] = cluster.start("all")
        told(cluster, worker, "fx.rates.v1[1]: 60 offsets, 0 to 59, were deleted before they were read")
        assert worker.metric_now("fxwatch_records_passed_total", topic=topics.RATES, cause="deleted") == 60
        assert worker.metric_now("fxwatch_reconciliation_gap") == 60
        send(empty_broker.bootstrap, EMPTIED, 60, 3)
        cluster.until(lambda: cluster.committed("ingest").get(EMPTIED) == 63, 60, "the partition is not read on")
        cluster.stop_all()
        [worker] = cluster.start("all")
        cluster.stop_all()
        assert "deleted before they were read" not in worker.log.read_text()  # once is enough
        after = cluster.fxwatch("reconcile", check=False)
        assert (after.returncode, missed in after.stderr) == (1, True), after.stderr
        acknowledged_and_told_anew(cluster, empty_broker.bootstrap)


def acknowledged_and_told_anew(cluster: Cluster, bootstrap: str) -> None:
    """An operator settles the 60 records: reconcile is content and says who. The next loss is a fault again."""

    def settle(first: int, last: int) -> int:
        return cluster.fxwatch(
            "acknowledge",
            EMPTIED.topic,
            EMPTIED.partition,
            str(first),
            str(last),
            "--reason",
            "sent again, ticket 44",
            check=False,
        ).returncode

    assert settle(0, 60) == 2, "offset 60 was read"
    assert settle(0, 59) == 0
    assert settle(10, 20) == 2, "acknowledged already"
    content = cluster.fxwatch("reconcile")
    assert "fx.rates.v1[1]: 0-59 unread, acknowledged by" in content.stderr
    assert "sent again, ticket 44" in content.stderr
    told_in_full = json.loads(cluster.fxwatch("reconcile", "--json").stdout)
    [rates] = [one for one in told_in_full["topics"] if one["topic"] == topics.RATES]
    assert (told_in_full["reconciled"], rates["unread"], rates["acknowledged"]) == (True, 0, 60)
    assert [(one["first"], one["last"]) for one in told_in_full["acknowledged"]] == [(0, 59)]
    send(bootstrap, EMPTIED, 63, 2)
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_records({EMPTIED: 65})
    admin.close()
    again = cluster.fxwatch("reconcile", check=False)
    assert (again.returncode, "fx.rates.v1[1]: 63-64 unread" in again.stderr) == (1, True), again.stderr


def test_moved_offsets_of_notices_leave_no_conflict_without_its_letter(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """To the end, as `--all-topics --to-latest` does, in front of 5 of 10 notices that no worker has read yet.

    Failure prevented: their letters were never written, the worker was ready, and `reconcile` content.
    """
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        sender = librdkafka(empty_broker.bootstrap)
        events = [payment(party_id=f"person-{number}") for number in range(10)]

        def send_again(some: list[dict[str, Any]], amount: str) -> None:
            send_payments(sender, *({**one, "amount": amount} for one in some))
            flushed(sender)

        monitor, ingest = cluster.start("monitor", "ingest")
        send_again(events, "1000.00")
        cluster.wait_drained(60)
        send_again(events[:5], "2000.00")
        cluster.until(lambda: len(cluster.dead_letters()) == 5, 60, "the first letters are not written")
        cluster.stop([monitor])
        send_again(events[5:], "3000.00")
        cluster.until(lambda: len(cluster.read(topics.LEDGER)) == 20 + PARTITIONS, 60, "not in the ledger")
        assert cluster.stop([ingest]) == [0]
        cluster.start("monitor")
        cluster.until(lambda: len(cluster.read(topics.NOTICES)) == 10, 60, "the conflicts are not found")
        move(cluster, cluster.ends(topics.NOTICES), "notices")
        [ingest] = cluster.start("ingest")
        cluster.until(lambda: len(cluster.dead_letters()) == 10, 60, "the letters of 5 conflicts are not written")
        told = [one for one in cluster.dead_letters() if b'"3000.00"' in (one.value or b"")]
        assert [one.codes for one in told] == [("event.conflict",)] * 5
        assert "nothing is skipped, the letters behind it are written" in ingest.log.read_text()
