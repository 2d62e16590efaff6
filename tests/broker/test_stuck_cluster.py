"""A cluster that an earlier release could not get past a record of: this one replays its ledger and goes on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kafka import KafkaConsumer
from kafka.structs import OffsetAndMetadata, TopicPartition

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from tests.support.bank import flushed, librdkafka, payment, send
from tests.support.cluster import PARTITIONS, Cluster, assert_exact

pytestmark = pytest.mark.broker

PAYMENTS, A_DAY = 3_072, 144


def test_a_ledger_with_thousands_of_payments_to_one_payee_is_worked_off(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """As 0.1.0 left it: no snapshot that can be read, the group in front of the record that ended every worker.

    One `apply` took 45 s there, and the watchdog ended each worker that met it. Here no record takes longer than a
    worker's loop may stand, all are applied, and alerts are those of an undisturbed replay, each once.
    """
    with Cluster(empty_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        began = datetime.now(UTC) - timedelta(days=PAYMENTS / A_DAY + 1)
        sender = librdkafka(empty_broker.bootstrap)
        send(
            sender,
            *(
                payment(
                    party_id="company-1",
                    party_type="company",
                    amount="4900.00",
                    event_time=(began + timedelta(days=number / A_DAY)).isoformat(),
                )
                for number in range(PAYMENTS)
            ),
        )
        flushed(sender)
        [ingest] = cluster.start("ingest")
        cluster.until(lambda: sum(cluster.ends(topics.LEDGER).values()) == PAYMENTS + PARTITIONS, 60, "not admitted")
        [stuck] = [tp for tp, end in cluster.ends(topics.LEDGER).items() if end > PAYMENTS]
        stand_before(cluster, stuck, PAYMENTS // 2)
        [monitor] = cluster.start("monitor")
        took = cluster.until(lambda: cluster.lag("monitor", topics.LEDGER) == 0, 60, "not worked off")
        print(f"\nready, and worked off {took:.1f} s later")
        cluster.wait_drained(30)
        assert (monitor.alive(), ingest.alive()) == (True, True)
        assert_exact(cluster, cluster.replay())
        alerts = [record.value for tp, record in cluster.read(topics.ALERTS) if tp.partition == stuck.partition]
        assert any(b'"T01"' in alert for alert in alerts)


def stand_before(cluster: Cluster, place: TopicPartition, offset: int) -> None:
    """The monitors' group, as a worker of 0.1.0 committed: without metadata."""
    consumer = KafkaConsumer(
        bootstrap_servers=cluster.settings.bootstrap_servers,
        enable_auto_commit=False,
        group_id=f"{cluster.settings.application}-monitor",
    )
    consumer.commit({place: OffsetAndMetadata(offset, "", -1)})
    consumer.close()
