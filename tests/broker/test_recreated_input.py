"""An input topic deleted and created again: the worker says so and ends, and the next one takes the new records."""

from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from streams import topics
from streams.broker import EmbeddedBroker
from tests.support.cluster import Cluster

pytestmark = pytest.mark.broker


def send(bootstrap: str, day: int, count: int) -> None:
    """Rates of one day, at offsets 0 to `count` of one partition when its topic is new."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for number in range(count):
        value = (f'{{"event_id":"R{day}-{number}","base":"USD","quote":"KRW","mid":"1387.5",'
                 f'"rate_time":"2026-01-{day:02}T00:00:{number:02}Z"}}')  # fmt: skip
        producer.send(topics.RATES, value.encode(), b"USD/KRW", partition=0)
    producer.flush(30)
    producer.close()


def counted(cluster: Cluster) -> dict[str, int]:
    """What became of the ledger's records, added up over its partitions."""
    every = cluster.digests("--from-ledger")
    return {name: sum(one[name] for one in every) for name in ("broadcast", "redelivered", "duplicates")}


def test_records_of_a_recreated_input_topic_are_applied(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """All 5 records of the new topic, at offsets below the old one's 20; nothing passes as redelivered."""
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        partitions = cluster.settings.effective.engine.partitions
        [worker] = cluster.start("all")
        send(empty_broker.bootstrap, 5, 20)
        cluster.wait_drained(60)
        admin = KafkaAdminClient(bootstrap_servers=empty_broker.bootstrap)
        admin.delete_topics([topics.RATES])
        cluster.until(lambda: topics.RATES not in admin.list_topics(), 30, "the topic is still there",
                      may_end=[worker])  # fmt: skip
        admin.close()
        cluster.fxwatch("topics", "apply")
        send(empty_broker.bootstrap, 6, 5)
        took = cluster.until(lambda: not worker.alive(), 30, "the worker reads a topic that is gone", may_end=[worker])
        print(f"\nended {took:.1f} s after the input was created anew")
        assert worker.process.returncode == 1
        assert "an input topic was deleted" in worker.words()
        assert topics.RATES in worker.words()
        assert "Traceback" not in worker.words()
        cluster.spawn("all")
        cluster.wait_drained(60, may_end=[worker])
        found = counted(cluster)
        assert found["broadcast"] == (1 + 20 + 5) * partitions
        assert (found["redelivered"], found["duplicates"]) == (0, 0)
        done = cluster.fxwatch("reconcile", check=False)
        assert done.returncode == 0, done.stderr
