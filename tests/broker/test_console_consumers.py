"""Alerts written in Kafka transactions are ordinary Kafka records: anybody's consumer reads them."""

import asyncio
import os
import subprocess
import time

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from streams.demo.broker.jars import Jar, cache_directory, obtain, obtain_all
from streams.demo.broker.java import find_java
from streams.kafka import clients
from streams.settings import load_settings

pytestmark = pytest.mark.broker

# What `kafka-console-consumer.sh` runs; the broker itself does not need this jar. Checksum: as first fetched.
TOOLS = Jar(
    "org.apache.kafka", "kafka-tools", "4.3.1", "62f3c5dd7aa3442d4c5bc6a95f86e2502178ea09de8e27f74d9563bf955e253c"
)
# six records, and the marker behind each; the last one's may be written a moment after its commit was acknowledged
OFFSETS = 12
# ends a test that hangs, and promises nothing
SECONDS = 90.0
CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"


@pytest.fixture
def half_committed(kafka, topic_prefix):
    """A topic with six transactions of one record each, of which those with odd numbers were committed."""
    topic = f"{topic_prefix}alerts"
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics([NewTopic(topic, 1, 1)])

    async def send() -> None:
        producer = clients.make_transactional_producer(load_settings(bootstrap=kafka.bootstrap), topic)
        await producer.start()
        try:
            for number in range(6):
                await producer.begin_transaction()
                await producer.send_and_wait(topic, b"%d" % number, partition=0)
                await (producer.commit_transaction() if number % 2 else producer.abort_transaction())
        finally:
            await producer.stop()

    try:
        asyncio.run(send())
        yield topic
    finally:
        admin.delete_topics([topic])
        admin.close()


def test_a_plain_kafka_python_consumer_reads_committed_alerts_only(kafka, half_committed):
    """kafka-python with isolation_level read_committed sees each committed record once and no aborted one."""
    consumer = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
    )
    partition = TopicPartition(half_committed, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    seen, deadline = [], time.monotonic() + SECONDS
    while consumer.position(partition) < OFFSETS:
        assert time.monotonic() < deadline, f"read {seen} in {SECONDS:.0f} s"
        seen += [record.value for records in consumer.poll(500).values() for record in records]
    consumer.close()
    assert seen == [b"1", b"3", b"5"]


def test_kafkas_own_console_consumer_reads_committed_alerts_only(kafka, half_committed):
    """The command that docs/INSTALL.md shows, with its options."""
    jars = [*obtain_all(print), obtain(TOOLS, cache_directory())]
    java, _ = find_java()
    command = [
        java,
        "-cp",
        os.pathsep.join(map(str, jars)),
        CONSOLE_CONSUMER,
        "--bootstrap-server",
        kafka.bootstrap,
        "--topic",
        half_committed,
        "--from-beginning",
        "--isolation-level",
        "read_committed",
        # the last record is the third that was committed: what was not stands before it
        "--max-messages",
        "3",
        "--timeout-ms",
        f"{SECONDS * 1000:.0f}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * SECONDS, check=False)
    # without a configuration of its own log4j complains on standard output too
    values = [line for line in done.stdout.splitlines() if line.isdigit()]
    assert values == ["1", "3", "5"], done.stderr
