"""Output topics that stop taking writes, by what any operator could have done, and what must hold meanwhile."""

import time
from collections import Counter
from contextlib import closing

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from streams.kafka import topics
from streams.monitor.core import MonitorCore
from streams.version import code_version
from tests.support.cluster import PARTITIONS, PATIENCE, Cluster
from tests.support.ledger_replay import source_place
from tests.support.worker_process import Worker, reasons

# their records go to every ledger partition
BROADCAST = (topics.RATES, topics.RULES, topics.LEARNING)


def set_topic(bootstrap: str, topic: str, settings: dict[str, str]) -> None:
    """Change settings of a topic, as `kafka-configs --alter` does; tries again where a broker that is away is asked."""
    deadline = time.monotonic() + 30 * PATIENCE
    while True:
        try:
            with closing(KafkaAdminClient(bootstrap_servers=bootstrap.split(","))) as admin:
                answer = admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])["topic"]
        except KafkaError:
            assert time.monotonic() < deadline, "no broker takes the setting"
            time.sleep(0.2)
        else:
            assert answer[topic] == "OK", answer
            return


def send_bad(bootstrap: str) -> tuple[TopicPartition, int]:
    """Send a record that must be dead-lettered; returns its place."""
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","))
    try:
        sent = producer.send(topics.TRANSACTIONS, b"not json", b"key", partition=0).get(30)
    finally:
        producer.close()
    return TopicPartition(sent.topic, sent.partition), sent.offset


def assert_not_acknowledged(cluster: Cluster, topic: str) -> None:
    """No ledger record from the first on whose output is missing from `topic` is committed in the monitor's group."""
    there = Counter(tp.partition for tp, _ in cluster.read(topic))
    core, missing = MonitorCore(code_version()), {}
    states = {number: core.new(number) for number in range(PARTITIONS)}
    for tp, record in cluster.read(topics.LEDGER):
        for output in core.apply(states[tp.partition], tp.partition, record, muted=False):
            if output.topic == topic:
                there[tp.partition] -= 1
                if there[tp.partition] < 0:
                    missing.setdefault(tp.partition, record.offset)
    assert missing, f"nothing is missing from {topic}: the test proves nothing"
    done = cluster.when_answered(lambda: cluster.committed("monitor"))
    for number, offset in missing.items():
        assert done.get(TopicPartition(topics.LEDGER, number), 0) <= offset, f"committed past ledger[{number}] {offset}"


def assert_nothing_skipped(cluster: Cluster) -> None:
    """No input record that is neither in the ledger nor among the dead letters is committed in ingest's group."""
    held: dict[tuple[str, int, int], set[int]] = {}
    for tp, record in cluster.read(topics.LEDGER):
        source = source_place(record.headers)
        if source is not None:
            held.setdefault(source, set()).add(tp.partition)
    letters = {(one.topic, one.partition, one.offset) for one in cluster.dead_letters()}
    done, missing = cluster.when_answered(lambda: cluster.committed("ingest")), 0
    for tp, record in cluster.read(*topics.INPUTS):
        place = (tp.topic, tp.partition, record.offset)
        wanted = PARTITIONS if tp.topic in BROADCAST else 1
        if place not in letters and len(held.get(place, ())) < wanted:
            missing += 1
            assert done.get(tp, 0) <= record.offset, f"committed past {place}, which is nowhere"
    assert missing, "nothing is missing: the test proves nothing"


def named(worker: Worker, topic: str, answer: str) -> bool:
    """Whether /readyz names the topic and the broker's answer."""
    return any(reason.startswith(f"{topic}: ") and answer in reason for reason in reasons(worker))
