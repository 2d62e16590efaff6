"""A bank that sends by librdkafka, as most do, and what became of its payments on a real cluster."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer

from streams.kafka import topics
from streams.ledger import envelope
from tests.support.cluster import Cluster
from tests.support.worker_process import Worker

# a wait's limit ends a test that hangs, and promises nothing
FLUSH_SECONDS = 90.0


def payment(**changes: Any) -> dict[str, Any]:
    """A payment of now."""
    base = {
        "event_id": uuid.uuid4().hex,
        "event_time": datetime.now(UTC).isoformat(),
        "direction": "out",
        "party_id": "person-1",
        "party_type": "person",
        "counterparty_id": "beneficiary-1",
        "counterparty_country": "US",
        "institution": "BKGGKRSE",
        "channel": "branch",
        "amount": "1000.00",
        "currency": "USD",
        "purpose": "40101",
        "evidence": "none",
    }
    return {**base, **changes}


def librdkafka(bootstrap: str, **options: Any) -> Producer:
    """A sender of librdkafka, the client of most languages."""
    return Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, **options})


def send(producer: Producer, *events: dict[str, Any], partition: int = -1) -> None:
    """Hand events over; they are sent when the producer flushes or commits."""
    for event in events:
        producer.produce(
            topics.TRANSACTIONS, key=event["party_id"].encode(), value=json.dumps(event).encode(), partition=partition
        )


def flushed(producer: Producer) -> None:
    """Wait until the broker has everything."""
    assert producer.flush(FLUSH_SECONDS) == 0, f"not acknowledged within {FLUSH_SECONDS:.0f} s"


def transactional(bootstrap: str, seconds: int = 600) -> Producer:
    """A sender that writes in transactions; one that it leaves open lasts `seconds`, longer than a busy test waits."""
    producer = librdkafka(
        bootstrap, **{"transactional.id": f"bank-{uuid.uuid4().hex}", "transaction.timeout.ms": seconds * 1000}
    )
    producer.init_transactions()
    return producer


def ledgered(cluster: Cluster) -> dict[str, str]:
    """Amount by id of every payment in the ledger."""
    found = {}
    for _, record in cluster.read(topics.LEDGER):
        event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
        if "amount" in event.__struct_fields__ and "event_id" in event.__struct_fields__:
            assert event.event_id not in found, "twice in the ledger"
            found[event.event_id] = str(event.amount)
    return found


def lags(worker: Worker) -> float:
    """What the worker's page says of both agents' lag."""
    return worker.metric("fxwatch_lag_records")


def ready(worker: Worker) -> dict[str, Any]:
    """/readyz, whatever its status; a worker that answers late is waited for."""
    return dict(json.loads(worker.answer("/readyz")[1]))


def reconciled(cluster: Cluster) -> dict[str, Any]:
    """What `fxwatch reconcile` says; it must be content."""
    done = cluster.fxwatch("reconcile", "--json")
    return dict(json.loads(done.stdout))
