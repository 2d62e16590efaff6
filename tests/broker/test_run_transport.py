"""The run transport on a real broker: every record, in order, whoever joins and leaves meanwhile."""

import collections
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from tests.support.cluster import PATIENCE

pytestmark = pytest.mark.broker

PARTITIONS = 4
DEADLINE = 60.0 * PATIENCE


class Recorder:
    """A process of tests/support/run_recorder.py."""

    def __init__(self, kafka, group, topics, output, root):
        self.output = output
        output.touch()
        script = root / "tests" / "support" / "run_recorder.py"
        command = [sys.executable, str(script), kafka.bootstrap, group, str(output), *topics]
        with output.with_suffix(".log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=root, stdout=log, stderr=log, env=environment(root))

    def records(self):
        """(topic, partition, offset, timestamp) in the order they were handed over; a half-written line is left out."""
        assert self.process.poll() in (None, 0), self.output.with_suffix(".log").read_text()[-2000:]
        lines = self.output.read_text().split("\n")[:-1]
        fields = [line.split(" ") for line in lines]
        return [(topic, int(partition), int(offset), int(at)) for topic, partition, offset, at in fields]

    def stop(self):
        """SIGTERM, as an operator stops a worker."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(DEADLINE)
        finally:
            self.process.kill()


def environment(root):
    """The recorder runs as a script, so it is told where the packages are."""
    return {**os.environ, "PYTHONPATH": str(root)}


@pytest.fixture
def three_topics(kafka, topic_prefix):
    """Three topics with one partition count, as the inputs have."""
    names = [f"{topic_prefix}{name}" for name in ("payments", "declarations", "rates")]
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    # their records have stamps of years ago, which the broker's own retention would delete within minutes
    for_ever = {"retention.ms": "-1"}
    admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=for_ever) for name in names])
    yield names
    admin.delete_topics(names)
    admin.close()


@pytest.fixture
def recorder(kafka, topic_prefix, tmp_path, pytestconfig):
    """Starts recorders of one group; all are stopped at the end."""
    started = []

    def start(topics):
        output = tmp_path / f"recorder-{len(started)}.txt"
        started.append(Recorder(kafka, topic_prefix.strip("-"), topics, output, pytestconfig.rootpath))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def wait_until(holds, what):
    """Poll until `holds()`."""
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, f"not within {DEADLINE} s: {what()}"
        time.sleep(0.2)


def offsets(kafka, group, topics):
    """By partition: (committed offset of the group, end offset)."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=group, enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, partition) for topic in topics for partition in range(PARTITIONS)]
        ends = consumer.end_offsets(places)
        return {place: (consumer.committed(place) or 0, ends[place]) for place in places}
    finally:
        consumer.close()


def uncommitted(kafka, group, topics):
    """The partitions whose committed offset is not their end."""
    return {place: found for place, found in offsets(kafka, group, topics).items() if found[0] != found[1]}


def test_a_backlog_comes_out_once_in_order_and_merged_by_time(kafka, three_topics, recorder, topic_prefix):
    """Three topics loaded before the start: each record once, each partition in order, all by timestamp."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, linger_ms=20)
    count = 6000
    for number in range(count):
        # the first topic is long and dense, the last one sparse, all over the same span of time
        topic = three_topics[0 if number % 10 < 7 else 1 if number % 10 < 9 else 2]
        producer.send(
            topic, b"%d" % number, partition=number % PARTITIONS, timestamp_ms=1_700_000_000_000 + number * 50
        )
    producer.flush()
    producer.close()

    process = recorder(three_topics)
    group = f"{topic_prefix.strip('-')}-runs"
    wait_until(lambda: len(process.records()) >= count, lambda: f"{len(process.records())} of {count} records")
    wait_until(lambda: not uncommitted(kafka, group, three_topics), lambda: uncommitted(kafka, group, three_topics))

    seen = process.records()
    assert len(seen) == len(set(seen)) == count
    by_partition = collections.defaultdict(list)
    for topic, partition, offset, _ in seen:
        by_partition[topic, partition].append(offset)
    assert all(taken == list(range(len(taken))) for taken in by_partition.values())
    times = [at for *_, at in seen]
    assert times == sorted(times)


def test_no_record_is_lost_when_a_second_process_joins_and_leaves(kafka, three_topics, recorder, topic_prefix):
    """Records flow through two rebalances; each is handed over, and everything is committed at the end."""
    sent, stop = collections.Counter(), threading.Event()

    def flow():
        producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, linger_ms=5)
        number = 0
        while not stop.is_set():
            for _ in range(20):
                topic, partition = three_topics[number % 3], number // 3 % PARTITIONS
                producer.send(topic, b"%d" % number, partition=partition)
                sent[topic, partition] += 1
                number += 1
            time.sleep(0.02)
        producer.flush()
        producer.close()

    sender = threading.Thread(target=flow, daemon=True)
    sender.start()
    try:
        first = recorder(three_topics)
        wait_until(lambda: len(first.records()) > 1000, lambda: "the first process was given nothing")
        second = recorder(three_topics)
        wait_until(lambda: len(second.records()) > 1000, lambda: "the second process was given nothing")
        second.stop()
        before = len(first.records())
        wait_until(lambda: len(first.records()) > before + 3000, lambda: "the first process did not go on")
    finally:
        stop.set()
        sender.join(DEADLINE)
    assert not sender.is_alive(), "the sender does not end"
    group = f"{topic_prefix.strip('-')}-runs"
    wait_until(lambda: not uncommitted(kafka, group, three_topics), lambda: uncommitted(kafka, group, three_topics))

    seen = {(topic, partition, offset) for one in (first, second) for topic, partition, offset, _ in one.records()}
    expected = {(*place, offset) for place, count in sent.items() for offset in range(count)}
    assert expected - seen == set()
    assert seen - expected == set()
