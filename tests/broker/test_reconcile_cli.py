"""`fxwatch reconcile` on a real broker: what ingest writes adds up, and every hole is found."""

import asyncio
import json
import time

import pytest
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from detectors.contracts.events import Source
from streams.kafka import clients, topics
from streams.ledger import envelope
from streams.settings import load_settings
from tests.support.letters import dead_letter

pytestmark = pytest.mark.broker

PARTITIONS = 12
# retention goes by time stamps: older records could be gone before the command runs
NOW_MS = int(time.time() * 1000)


def source_record(offset: int, topic: str = topics.TRANSACTIONS, kind: bytes = b"transaction") -> tuple:
    """A record without content, as of an earlier release: a payment has one leg, and nothing says what is in it."""
    headers = envelope.envelope(Source(topic, 0, offset), b"a" * 64, kind)
    return b"k1.000.p", b"{}", [header for header in headers if header[0] != envelope.LEGS], NOW_MS


def refused(offset: int, code: str = "utf8.invalid") -> tuple:
    letter = dead_letter(topics.TRANSACTIONS, 0, offset, 1, b"k", b"v", (), "decode", (code,), "m", "0")
    return (*letter, NOW_MS)


def write(bootstrap: str, *parts: tuple[str, int, list]) -> None:
    """Write (topic, partition, records) each."""

    async def send() -> None:
        producer = clients.make_idempotent_producer(load_settings(bootstrap=bootstrap), "test-reconcile")
        await producer.start()
        try:
            for topic, partition, records in parts:
                await clients.send_records(producer, topic, partition, records, 30)
        finally:
            await producer.stop()

    asyncio.run(send())


def plain(count: int) -> list:
    return [(b"k", b"v", [], NOW_MS)] * count


@pytest.fixture
def ready(empty_broker, fxwatch):
    """Topics with the first configuration, ten payments (one refused, one a conflict, one redelivered) and a rate."""
    done = fxwatch("topics", "apply")
    assert done.returncode == 0, done.stderr
    rate = source_record(0, topics.RATES, b"rate")
    write(
        empty_broker.bootstrap,
        (topics.TRANSACTIONS, 0, plain(10)),
        (topics.RATES, 0, plain(1)),
        (topics.LEDGER, 3, [source_record(offset) for offset in (0, 1, 2, 3, 5, 6, 6, 7)]),
        (topics.LEGS, 4, [source_record(offset, kind=b"leg") for offset in (0, 1, 2, 3, 5, 6, 6, 7)]),
        (topics.DEADLETTER, 0, [refused(4), refused(4), refused(5, "event.conflict")]),
        *((topics.LEDGER, partition, [rate]) for partition in range(PARTITIONS)),
    )
    return empty_broker


def test_missing_inputs_are_listed(ready, fxwatch):
    """Exit code 1, the figures, and the offsets that are nowhere."""
    done = fxwatch("reconcile", "--json")
    assert (done.returncode, done.stdout != "") == (1, True), done.stderr
    told = json.loads(done.stdout)
    assert told["problems"] == [
        {"topic": topics.TRANSACTIONS, "partition": 0, "kind": "missing", "first": 8, "last": 9}
    ]
    figures = told["topics"][0]
    assert figures == {
        "topic": topics.TRANSACTIONS,
        "read": 10,
        "ledger": 7,
        "dead_letters": 1,
        "conflicts": 1,
        "redelivered": 2,
        "older": 0,
        "newer": 0,
        "missing": 2,
        "unread": 0,
        "acknowledged": 0,
        "legs": 7,
    }
    assert told["reconciled"] is False


def test_complete_inputs_reconcile(ready, fxwatch):
    """Exit code 0 once every input is one ledger record or one dead letter."""
    write(
        ready.bootstrap,
        (topics.LEDGER, 5, [source_record(8)]),
        (topics.LEGS, 5, [source_record(8, kind=b"leg")]),
        (topics.DEADLETTER, 1, [refused(9)]),
    )
    done = fxwatch("reconcile")
    assert done.returncode == 0, done.stderr
    assert "each of the 11 inputs kept" in done.stderr
    assert done.stdout.splitlines()[1] == f"{topics.TRANSACTIONS}\t10\t8\t2\t1\t2\t0\t0\t0\t0\t0\t8"


def test_a_rate_missing_in_one_ledger_partition_is_found(ready, fxwatch):
    """A broadcast record belongs in every ledger partition."""
    write(
        ready.bootstrap,
        (topics.RATES, 0, plain(1)),
        *((topics.LEDGER, partition, [source_record(1, topics.RATES, b"rate")]) for partition in range(PARTITIONS - 1)),
    )
    done = fxwatch("reconcile")
    assert done.returncode == 1
    assert f"{topics.RATES}[0]: 1 partial" in done.stderr


def test_up_to_what_ingest_committed(ready, fxwatch):
    """While ingest runs, inputs beyond its committed offsets are not yet due."""
    consumer = KafkaConsumer(bootstrap_servers=ready.bootstrap, group_id="fxwatch-ingest", enable_auto_commit=False)
    partition = TopicPartition(topics.TRANSACTIONS, 0)
    consumer.assign([partition])
    consumer.commit({partition: OffsetAndMetadata(8, "", -1)})
    consumer.close()
    done = fxwatch("reconcile", "--up-to", "committed", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert told["topics"][0]["read"] == 8
    assert told["topics"][0]["missing"] == 0


def test_a_record_in_both_is_found(ready, fxwatch):
    """A record that is applied and refused at once, without a conflict, does not add up."""
    write(ready.bootstrap, (topics.DEADLETTER, 1, [refused(7)]))
    done = fxwatch("reconcile")
    assert done.returncode == 1
    assert f"{topics.TRANSACTIONS}[0]: 7 both" in done.stderr


def test_what_has_no_source_or_no_counterpart_is_named(ready, fxwatch):
    """A payment, a letter and a leg of offsets that no committed record has, one beyond the end, a leg too few."""
    write(
        ready.bootstrap,
        (topics.LEDGER, 5, [source_record(8), source_record(10)]),
        (topics.LEGS, 5, [source_record(11, kind=b"leg")]),
        (topics.DEADLETTER, 1, [refused(9), refused(12)]),
        (topics.TRANSACTIONS, 1, plain(1)),
        (topics.IDENTITIES, 2, [(b"k1.000.p", b"{}", [], NOW_MS), (b"k1.000.nobody", b"{}", [], NOW_MS)]),
    )
    done = fxwatch("reconcile", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    kinds = sorted((one["partition"], one["kind"], one["first"], one["last"]) for one in told["problems"])
    assert kinds == [(0, "leg_missing", 8, 8), (0, "leg_without_source", 11, 11), (0, "without_source", 10, 10),
                     (0, "without_source", 12, 12), (1, "missing", 0, 0)]  # fmt: skip
    assert (told["identities_missing"], told["identities_without_record"]) == (0, 1)
