"""Publishing to a real broker: every record arrives once, with its key, bytes, headers and time stamp."""

import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from streams.contracts.input_record import InputRecord
from streams.errors import DeliveryError, TopicsError
from streams.generator import Simulation
from streams.publication.sending import publish_records
from streams.settings import load_settings

pytestmark = pytest.mark.broker
INPUTS = ("fx.transactions.v1", "customs.declarations.v1", "fx.rates.v1", "fx.profiles.v1")
FOR_EVER = {"retention.ms": "-1"}
ATTEMPTS = 20


def _create(bootstrap: str, topics: dict[str, dict[str, str]]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(name, 3, 1, topic_configs=held) for name, held in topics.items()])
    deadline = time.monotonic() + 30
    while not set(topics) <= set(admin.list_topics()):  # a broker shows a new topic a moment after it was accepted
        assert time.monotonic() < deadline, "the topics are not there"
        time.sleep(0.05)
    admin.close()


def _read(bootstrap: str, topics: tuple[str, ...]) -> list:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    partitions = [TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    missing, read, deadline = sum(consumer.end_offsets(partitions).values()), [], time.monotonic() + 60
    while len(read) < missing:
        assert time.monotonic() < deadline, f"read {len(read)} of {missing}"
        read += itertools.chain.from_iterable(consumer.poll(500).values())
    consumer.close()
    return read


def test_a_simulated_stream_arrives_as_it_was_made(empty_broker) -> None:
    """Key, value, headers and simulated time of all records, the bad ones included; counts by topic in the summary."""
    _create(empty_broker.bootstrap, dict.fromkeys(INPUTS, FOR_EVER))
    records = list(Simulation(3, 3_000, bad_share=0.05, days=30, history_days=3))
    seen: list[int] = []
    summary = publish_records(load_settings(bootstrap=empty_broker.bootstrap), records, progress=seen.append)
    read = [
        InputRecord(one.topic, one.key, one.value, one.timestamp, tuple(one.headers))
        for one in _read(empty_broker.bootstrap, INPUTS)
    ]
    assert sorted(read, key=repr) == sorted(records, key=repr)
    assert (summary.records, seen[-1], sum(summary.topics.values()), summary.warnings) == (3_000, 3_000, 3_000, [])


def test_time_of_sending_keeps_the_order_over_all_topics(empty_broker) -> None:
    """With stamps `now`, sorting all topics by stamp gives the simulated order back, none in the future."""
    _create(empty_broker.bootstrap, {topic: {"retention.ms": "86400000"} for topic in INPUTS})
    records = list(Simulation(3, 2_000))
    summary = publish_records(
        load_settings(bootstrap=empty_broker.bootstrap), records, stamps="now", expected=len(records)
    )
    read = sorted(_read(empty_broker.bootstrap, INPUTS), key=lambda one: one.timestamp)
    assert [(one.topic, one.value) for one in read] == [(record.topic, record.value) for record in records]
    assert len({one.timestamp for one in read}) == 2_000
    assert read[-1].timestamp <= time.time() * 1000
    assert summary.warnings == []


def test_records_older_than_the_retention_are_warned_of(empty_broker) -> None:
    """A topic that keeps records for a day would lose simulated ones at the broker's next clean-up."""
    _create(empty_broker.bootstrap, {"fx.rates.v1": {"retention.ms": "86400000"}})
    summary = publish_records(
        load_settings(bootstrap=empty_broker.bootstrap), [InputRecord("fx.rates.v1", b"USD/KRW", b"{}", 1_000)]
    )
    assert len(summary.warnings) == 1
    assert "Kafka will delete these records within minutes" in summary.warnings[0]


def test_records_that_a_topic_takes_no_more_are_told_before_any_is_sent(empty_broker) -> None:
    """A topic of the table takes stamps of half of its retention; the message says how to send them all the same."""
    _create(empty_broker.bootstrap, {"fx.rates.v1": {"message.timestamp.before.max.ms": "86400000"}})
    settings = load_settings(bootstrap=empty_broker.bootstrap)
    day_before = time.time_ns() // 1_000_000 - 2 * 86_400_000
    old = InputRecord("fx.rates.v1", b"USD/KRW", b"{}", day_before)
    with pytest.raises(DeliveryError, match=r"got: 2\.0 days; expected: at most 1 days; to do: .*--timestamps now"):
        publish_records(settings, [old])
    assert publish_records(settings, [old], stamps="now").records == 1
    # the first of a topic tells its topic's limit; one among others is refused by the broker, and said alike
    fresh = InputRecord("fx.rates.v1", b"USD/KRW", b"{}", -1)
    with pytest.raises(DeliveryError, match="--timestamps now"):
        publish_records(settings, [fresh, old])


def test_a_pace_is_kept_or_its_loss_told(empty_broker) -> None:
    """200 records at 400 per second take half a second; a source of 50 per second cannot feed 1000: told.

    A machine that is busy at the moment keeps no pace, so that it is tried again.
    """
    _create(empty_broker.bootstrap, {"fx.rates.v1": FOR_EVER})
    records = [InputRecord("fx.rates.v1", b"USD/KRW", b"{}", -1)] * 200
    for _ in range(ATTEMPTS):
        paced = publish_records(load_settings(bootstrap=empty_broker.bootstrap), records, 400)
        assert paced.seconds >= 0.45
        if paced.kept_pace:
            break
    assert paced.kept_pace
    assert paced.warnings == []
    assert paced.seconds <= 1.5

    def slow_source() -> Iterator[InputRecord]:
        for record in records[:60]:
            time.sleep(0.02)
            yield record

    late = publish_records(load_settings(bootstrap=empty_broker.bootstrap), slow_source(), 1000)
    assert late.kept_pace is False
    assert "was not kept" in late.warnings[0]


def test_a_missing_topic_is_told(empty_broker) -> None:
    """Nothing is created on the way: the message names the topic and the command."""
    with pytest.raises(TopicsError, match=r"fx\.rates\.v1.*fxwatch topics apply"):
        publish_records(
            load_settings(bootstrap=empty_broker.bootstrap), [InputRecord("fx.rates.v1", b"USD/KRW", b"{}", -1)]
        )


def test_files_written_by_simulate_publish_the_same_stream(
    empty_broker, fxwatch: Callable[..., subprocess.CompletedProcess], tmp_path: Path
) -> None:
    """`simulate --out` then `publish` brings every byte, key and time to Kafka that the simulation made."""
    _create(empty_broker.bootstrap, dict.fromkeys(INPUTS, FOR_EVER))
    assert fxwatch("simulate", "--events", 1500, "--seed", 2, "--bad", 0.05, "--out", tmp_path).returncode == 0
    files = [tmp_path / f"{topic}.jsonl" for topic in INPUTS]
    refused = fxwatch("publish", *files, "--timestamps", "event")
    assert refused.returncode == 1
    assert "nothing was sent" in refused.stderr
    done = fxwatch("publish", *files, "--timestamps", "event", "--json", "--as-is")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"] == 1500
    read = [InputRecord(one.topic, one.key, one.value, one.timestamp) for one in _read(empty_broker.bootstrap, INPUTS)]
    assert sorted(read, key=repr) == sorted(Simulation(2, 1_500, bad_share=0.05), key=repr)
    partial = fxwatch("publish", *files, "--timestamps", "event", "--json", "--partial")
    assert partial.returncode == 3, partial.stderr
    told = json.loads(partial.stdout)
    assert told["unfit"] > 50
    assert told["records"] == told["fit"] == 1500 - told["unfit"]
    assert len(_read(empty_broker.bootstrap, INPUTS)) == 1500 + told["records"]


def test_what_a_slow_pipe_gave_is_at_kafka_before_it_gives_more(empty_broker) -> None:
    """`tail -F feed.log | fxwatch publish -`: each record waited for the next, or for ever; after 15 s it was lost."""
    _create(empty_broker.bootstrap, {"fx.rates.v1": FOR_EVER})
    arrived: list[int] = []

    def pipe() -> Iterator[InputRecord]:
        consumer = KafkaConsumer(bootstrap_servers=empty_broker.bootstrap)
        partitions = [TopicPartition("fx.rates.v1", number) for number in range(3)]
        for number in range(3):
            yield InputRecord("fx.rates.v1", b"USD/KRW", b"%d" % number, -1)
            deadline = time.monotonic() + 60
            while sum(consumer.end_offsets(partitions).values()) <= number and time.monotonic() < deadline:
                time.sleep(0.02)
            arrived.append(sum(consumer.end_offsets(partitions).values()))
        consumer.close()

    summary = publish_records(load_settings(bootstrap=empty_broker.bootstrap), pipe(), slow=True)
    assert arrived == [1, 2, 3]
    assert summary.records == 3
