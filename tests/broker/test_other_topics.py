"""Topics as a bank's own administrator made them: other numbers of partitions, other stamps; everything is exact."""

from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from streams.demo.broker import EmbeddedBroker
from streams.generator import Simulation
from streams.kafka import topics
from streams.publication.sending import publish_records
from tests.support.chaos import MANY_ALERTS
from tests.support.cluster import Cluster, assert_exact

pytestmark = pytest.mark.broker

EVENTS = 1_500
COUNTS = {topics.TRANSACTIONS: 3, topics.RATES: 1, topics.DECLARATIONS: 17, topics.LEDGER: 15, topics.ALERTS: 1}


def test_inputs_of_any_number_of_partitions_are_read_by_several_workers(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """3 partitions of payments stamped by the broker, 1 of rates, 17 of declarations, and a ledger of 15 for 12."""
    admin = KafkaAdminClient(bootstrap_servers=empty_broker.bootstrap)
    admin.create_topics(
        {
            name: {
                "num_partitions": count,
                "replication_factor": 1,
                "configs": {"message.timestamp.type": "LogAppendTime"} if name == topics.TRANSACTIONS else {},
            }
            for name, count in COUNTS.items()
        },
        wait_for_metadata=True,
    )
    admin.close()
    with Cluster(empty_broker.bootstrap, tmp_path, MANY_ALERTS, session_timeout_seconds=6) as cluster:
        workers = cluster.start("all", "all")
        publish_records(cluster.settings, Simulation(seed=5, events=EVENTS), stamps="now", expected=EVENTS)
        cluster.wait_drained(90)

        def shown() -> set[str]:
            return {
                one.labels["partition"]
                for one in workers[0].samples()
                if one.name == "fxwatch_partition_state" and one.labels["agent"] == "ingest"
            }

        cluster.until(lambda: shown() == {str(number) for number in range(17)}, 10, "its page shows other partitions")
        assert_exact(cluster, cluster.replay())
        told = cluster.fxwatch("reconcile")
        assert "is in the ledger or dead-lettered" in told.stderr
        used = Counter(tp.partition for tp, _ in cluster.read(topics.LEDGER))
        assert set(used) == set(range(12))
