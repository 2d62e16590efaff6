"""An input topic deleted and created again: the worker says so and ends, and the next one takes the new records."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from tests.support.cluster import Cluster

pytestmark = pytest.mark.broker

PLACE = TopicPartition(topics.RATES, 0)


def send(bootstrap: str, day: int, count: int) -> None:
    """Rates of one day, at offsets 0 to `count` of one partition when its topic is new."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for number in range(count):
        value = (
            f'{{"event_id":"R{day}-{number}","base":"USD","quote":"KRW","mid":"1387.5",'
            f'"rate_time":"2026-01-{day:02}T00:00:{number:02}Z"}}'
        )
        producer.send(topics.RATES, value.encode(), b"USD/KRW", partition=0)
    producer.flush(30)
    producer.close()


@contextmanager
def group(cluster: Cluster) -> Iterator[KafkaConsumer]:
    """A consumer with ingest's group id that is no member."""
    consumer = KafkaConsumer(
        bootstrap_servers=cluster.settings.bootstrap_servers,
        enable_auto_commit=False,
        group_id=f"{cluster.settings.application}-ingest",
    )
    try:
        yield consumer
    finally:
        consumer.close()


def commits(cluster: Cluster, committed: OffsetAndMetadata) -> bool:
    """Whether the group takes an offset."""
    with group(cluster) as consumer:
        try:
            consumer.commit({PLACE: committed})
        except KafkaError:
            return False
    return True


def counted(cluster: Cluster) -> dict[str, int]:
    """What became of the ledger's records, added up over its partitions."""
    every = cluster.digests("--from-ledger")
    return {name: sum(one[name] for one in every) for name in ("broadcast", "redelivered", "duplicates")}


def test_records_of_a_recreated_input_topic_are_applied(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """All 25 records of the new topic, though offset 20 of the old one is committed once more after its end.

    None passes as redelivered.
    """
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        partitions = cluster.settings.effective.engine.partitions
        [worker] = cluster.start("all")
        send(empty_broker.bootstrap, 5, 20)
        cluster.wait_drained(60)
        with group(cluster) as consumer:
            committed = consumer.committed(PLACE, metadata=True)
        assert committed.offset == 20
        admin = KafkaAdminClient(bootstrap_servers=empty_broker.bootstrap)
        admin.delete_topics([topics.RATES])
        cluster.until(lambda: topics.RATES not in admin.list_topics(), 30, "the topic is still there", may_end=[worker])
        admin.close()
        cluster.fxwatch("topics", "apply")
        send(empty_broker.bootstrap, 6, 5)
        took = cluster.until(lambda: not worker.alive(), 30, "the worker reads a topic that is gone", may_end=[worker])
        print(f"\nended {took:.1f} s after the input was created anew")
        assert worker.process.returncode == 1
        assert "an input topic was deleted" in worker.words()
        assert topics.RATES in worker.words()
        assert "Traceback" not in worker.words()
        send(empty_broker.bootstrap, 7, 20)
        # as a worker does that has not heard of the deletion; not before the group has let go of the one that ended
        cluster.until(lambda: commits(cluster, committed), 30, "the old offset is not taken", may_end=[worker])
        # that offset says nothing of the new topic: none of its records is due, and none is missing
        early = cluster.fxwatch("reconcile", "--up-to", "committed", check=False)
        assert early.returncode == 0, early.stderr
        second = cluster.spawn("all")
        cluster.wait_drained(60, may_end=[worker])
        assert "offset 20 was committed for another topic of that name" in second.log.read_text()
        found = counted(cluster)
        assert found["broadcast"] == (1 + 20 + 25) * partitions
        assert (found["redelivered"], found["duplicates"]) == (0, 0)
        done = cluster.fxwatch("reconcile", check=False)
        assert done.returncode == 0, done.stderr
