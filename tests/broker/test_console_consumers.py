"""Alerts written in Kafka transactions are ordinary Kafka records: anybody's consumer reads them."""

import asyncio
import uuid

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from streams import clients
from streams.settings import load_settings

pytestmark = pytest.mark.broker


def test_a_plain_kafka_python_consumer_reads_committed_alerts_only(kafka):
    """kafka-python with isolation_level read_committed sees each committed record once and no aborted one."""
    topic = f"test-alerts-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics([NewTopic(topic, 1, 1)])

    async def send() -> None:
        producer = clients.transactional_producer(load_settings(bootstrap=kafka.bootstrap), f"test-{topic}")
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
        consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, isolation_level="read_committed",
                                 consumer_timeout_ms=3000, enable_auto_commit=False)  # fmt: skip
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        seen = [record.value for record in consumer]
        consumer.close()
        assert seen == [b"1", b"3", b"5"]
    finally:
        admin.delete_topics([topic])
        admin.close()
