"""The topic table applied to a real cluster."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import InvalidTimestampError

from detectors.contracts.events import ConfigurationChange, Event
from streams.demo.broker import EmbeddedBroker
from streams.errors import BrokerUnavailableError, ConfigurationError, RulesDifferError, TopicsError
from streams.kafka import topics
from streams.ledger import configuration_in_force
from streams.ledger.configuration_records import plant
from streams.settings import Settings, load_settings

pytestmark = pytest.mark.broker

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings(empty_broker: EmbeddedBroker) -> Settings:
    """Settings with 3 partitions, so that the tests are quick, for a cluster without topics."""
    return load_settings(bootstrap=empty_broker.bootstrap, effective_tables={"engine": {"partitions": 3}})


@pytest.fixture
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    with topics.connect(settings) as client:
        yield client


def held(admin: KafkaAdminClient, topic: str) -> dict[str, str]:
    """The topic's settings in the cluster."""
    answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    return {name: each["value"] for name, each in answer["topic"][topic].items()}


SHOWN_SECONDS = 60.0


def seen(admin: KafkaAdminClient, settings: Settings, *changed: str) -> list[topics.TopicDifference]:
    """The differences, once the cluster shows those of these topics: it does a moment after it took a change."""
    deadline = time.monotonic() + SHOWN_SECONDS
    while True:
        differences = topics.find_differences(admin, settings)
        if set(changed) <= {each.topic for each in differences}:
            return differences
        assert time.monotonic() < deadline, f"the cluster never showed the change, only {differences}"
        time.sleep(0.05)


def ledger_records(settings: Settings, topic: str = topics.LEDGER) -> list[Any]:
    consumer = KafkaConsumer(bootstrap_servers=settings.bootstrap, auto_offset_reset="earliest")
    partitions = [TopicPartition(topic, number) for number in range(settings.effective.engine.partitions)]
    consumer.assign(partitions)
    wanted = sum(consumer.end_offsets(partitions).values())
    records: list[Any] = []
    deadline = time.monotonic() + 30
    while len(records) < wanted and time.monotonic() < deadline:
        records += [record for batch in consumer.poll(200).values() for record in batch]
    consumer.close()
    return records


def test_missing_topics_are_all_named(settings: Settings, admin: KafkaAdminClient) -> None:
    """Without topics, diff lists every one, and what a worker calls raises one error with the command to run."""
    differences = topics.find_differences(admin, settings)
    assert [each.topic for each in differences] == [row.name for row in topics.table(settings)]
    assert {each.aspect for each in differences} == {"topic"}
    with pytest.raises(TopicsError) as caught:
        topics.require(settings)
    for row in topics.table(settings):
        assert f"{row.name}: missing" in caught.value.message
    assert "fxwatch topics apply" in caught.value.message


def test_apply_makes_the_cluster_equal_to_the_table(settings: Settings, admin: KafkaAdminClient) -> None:
    """After apply every topic exists with its partitions and settings, nothing differs, a second run does nothing."""
    assert len(topics.apply(admin, settings)) == len(topics.table(settings))
    assert topics.find_differences(admin, settings) == []
    topics.require(settings)
    assert topics.apply(admin, settings) == []
    found = {each["name"]: each for each in admin.describe_topics([row.name for row in topics.table(settings)])}
    for row in topics.table(settings):
        assert len(found[row.name]["partitions"]) == row.partitions
        assert row.configuration(settings).items() <= held(admin, row.name).items()
        assert held(admin, row.name)["min.insync.replicas"] == "1"


def test_a_changed_setting_is_found_and_corrected(settings: Settings, admin: KafkaAdminClient) -> None:
    """A shortened retention of the ledger is one difference, which apply mends; operators' own settings stay."""
    topics.apply(admin, settings)
    changed = {"retention.ms": "60000", "compression.type": "zstd"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.LEDGER, changed)])
    (difference,) = seen(admin, settings, topics.LEDGER)
    assert (difference.topic, difference.aspect, difference.got, difference.expected) == (
        topics.LEDGER,
        "retention.ms",
        "60000",
        "-1",
    )
    with pytest.raises(TopicsError, match=r"fx\.ledger\.v1: retention\.ms is 60000, expected -1"):
        topics.require(settings)
    assert topics.apply(admin, settings) == [difference]
    assert topics.find_differences(admin, settings) == []
    assert held(admin, topics.LEDGER)["compression.type"] == "zstd"


def counts(admin: KafkaAdminClient, *names: str) -> list[int]:
    """How many partitions topics have."""
    found = {each["name"]: len(each["partitions"]) for each in admin.describe_topics(list(names))}
    return [found[name] for name in names]


def test_partitions_are_added_where_too_few_are_and_others_left_alone(
    settings: Settings, admin: KafkaAdminClient
) -> None:
    """Topics that an operator, or a client that creates what it asks for, made with other numbers of partitions."""
    made = {topics.TRANSACTIONS: 1, topics.RATES: 64, topics.ALERTS: 1, topics.LEDGER: 2, topics.PROGRESS: 5}
    admin.create_topics(
        {name: {"num_partitions": count, "replication_factor": 1} for name, count in made.items()},
        wait_for_metadata=True,
    )
    short = [(each.topic, each.got) for each in topics.find_differences(admin, settings) if each.aspect == "partitions"]
    assert short == [(topics.LEDGER, "2"), (topics.ALERTS, "1")]
    with pytest.raises(
        TopicsError, match=r"fx\.alerts\.v1: partitions is 1, expected at least 3.*run: fxwatch topics apply"
    ):
        topics.require(settings)
    topics.apply(admin, settings)
    assert counts(admin, *made) == [1, 64, 3, 3, 5]
    assert topics.find_differences(admin, settings) == []
    assert {name: topics.require(settings)[name] for name in made} == dict(zip(made, [1, 64, 3, 3, 5], strict=True))


def test_the_number_of_a_ledgers_partitions_is_fixed_and_the_advice_is_right(
    settings: Settings, admin: KafkaAdminClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With another number configured nothing is changed, nor put in force; the advice, followed, heals it.

    Also after somebody added partitions to the ledger, which nobody can take away.
    """
    topics.apply(admin, settings)
    plant(settings, admin)
    admin.create_partitions({topics.LEDGER: 7})
    deadline = time.monotonic() + SHOWN_SECONDS
    while counts(admin, topics.LEDGER) != [7]:
        assert time.monotonic() < deadline, "the cluster never showed the partitions"
        time.sleep(0.05)
    wrong = settings.model_copy(update={"effective_tables": {"engine": {"partitions": 5}}})
    del wrong.__dict__["effective"]
    refusals = (
        (TopicsError, lambda: topics.apply(admin, wrong)),
        (TopicsError, lambda: topics.require(wrong)),
        (RulesDifferError, lambda: configuration_in_force.require(wrong)),
        (RulesDifferError, lambda: configuration_in_force.send_change(wrong)),
    )
    for kind, act in refusals:
        with pytest.raises(kind, match=r"set \[engine\] partitions = 3 in the file"):
            act()
    assert counts(admin, topics.LEDGER, topics.ALERTS, topics.PROGRESS) == [7, 3, 3]
    file = tmp_path / "fxwatch.toml"
    file.write_text("[engine]\npartitions = 3\n")
    monkeypatch.setenv("FXWATCH_CONFIG", str(file))
    followed = load_settings(bootstrap=settings.bootstrap)
    assert topics.apply(admin, followed) == []
    topics.require(followed)
    configuration_in_force.require(followed)


def test_a_new_release_starts_on_the_topics_of_the_one_before(
    settings: Settings, admin: KafkaAdminClient, caplog: pytest.LogCaptureFixture
) -> None:
    """What makes topics safer is told with the command, and `topics apply` sets it; what is dangerous is refused."""
    topics.apply(admin, settings)
    before = {"message.timestamp.before.max.ms": str(2**63 - 1)}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.RATES, before)])
    by_sender = {"message.timestamp.type": "CreateTime"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.DEADLETTER, by_sender)])
    by_broker = {"message.timestamp.type": "LogAppendTime"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.TRANSACTIONS, by_broker)])  # an operator's own
    seen(admin, settings, topics.RATES, topics.DEADLETTER)
    topics.require(settings)
    assert "fx.rates.v1: message.timestamp.before.max.ms" in caplog.text
    assert "fx.deadletter.v1: message.timestamp.type" in caplog.text
    assert "fxwatch topics apply" in caplog.text
    topics.apply(admin, settings)
    assert topics.find_differences(admin, settings) == []
    assert held(admin, topics.TRANSACTIONS)["message.timestamp.type"] == "LogAppendTime"
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.LEDGER, by_broker)])
    seen(admin, settings, topics.LEDGER)
    with pytest.raises(
        TopicsError, match=r"fx\.ledger\.v1: message\.timestamp\.type is LogAppendTime, expected CreateTime"
    ):
        topics.require(settings)


def test_topics_outside_the_table_are_left_alone(
    settings: Settings, admin: KafkaAdminClient, topic_prefix: str
) -> None:
    """Apply neither deletes nor reports a topic that is not fxwatch's, nor that of a desk that is gone."""
    foreign = [f"{topic_prefix}foreign", topics.desk_topic("closed")]
    admin.create_topics(
        {name: {"num_partitions": 1, "replication_factor": 1} for name in foreign}, wait_for_metadata=True
    )
    topics.apply(admin, settings)
    assert topics.find_differences(admin, settings) == []
    assert set(foreign) <= set(admin.list_topics())


def test_more_replicas_than_brokers_is_refused_with_the_reason(settings: Settings, admin: KafkaAdminClient) -> None:
    """Configured replication that the cluster cannot give is one error in the cluster's words."""
    with pytest.raises(TopicsError, match="replication factor of 3 cannot be reached") as caught:
        topics.apply(admin, settings.model_copy(update={"replication": 3}))
    assert caught.value.message.count("replication factor of 3") == 1


def test_the_first_configuration_opens_each_ledger_partition(settings: Settings, admin: KafkaAdminClient) -> None:
    """Each empty partition gets the same bytes at offset 0, once; they decode to the effective configuration."""
    topics.apply(admin, settings)
    assert plant(settings, admin) == [0, 1, 2]
    assert plant(settings, admin) == []
    records = ledger_records(settings)
    assert sorted((record.partition, record.offset) for record in records) == [(0, 0), (1, 0), (2, 0)]
    assert len({record.value for record in records}) == 1
    assert all(record.key == b"configuration" for record in records)
    assert all(list(record.headers) == [("__fx.type", b"configuration")] for record in records)
    event = msgspec.json.decode(records[0].value, type=Event)
    assert event == ConfigurationChange(configuration=settings.effective)
    legs = ledger_records(settings, topics.LEGS)
    assert sorted((record.partition, record.offset) for record in legs) == [(0, 0), (1, 0), (2, 0)]
    assert {(record.key, record.value) for record in legs} == {(b"configuration", records[0].value)}


def test_legs_of_an_earlier_release_get_the_configuration_in_force(settings: Settings, admin: KafkaAdminClient) -> None:
    """Not the operator's file, which may not be in force yet. A partition that begins with one is left alone."""
    topics.apply(admin, settings)
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap)
    producer.send(topics.LEGS, b"a leg", partition=1).get(30)
    producer.close()
    assert plant(settings, admin) == [0, 1, 2]
    assert [record.offset for record in ledger_records(settings, topics.LEGS) if record.partition == 1] == [0, 1]
    changed = load_settings(
        bootstrap=settings.bootstrap, effective_tables={"engine": {"partitions": 3}, "desks": {"new": {}}}
    )
    assert plant(changed, admin) == []
    legs = ledger_records(settings, topics.LEGS)
    assert sorted((one.partition, one.offset) for one in legs) == [(0, 0), (1, 0), (1, 1), (1, 2), (2, 0)]
    assert len({one.value for one in legs}) == 2


def test_a_partition_with_records_is_not_planted(settings: Settings, admin: KafkaAdminClient) -> None:
    """A ledger partition that holds something keeps it as its first record."""
    topics.apply(admin, settings)
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap)
    producer.send(topics.LEDGER, b"earlier", partition=1).get(30)
    producer.close()
    assert plant(settings, admin) == [0, 2]
    partition = TopicPartition(topics.LEDGER, 1)
    assert admin.list_partition_offsets({partition: OffsetSpec.LATEST})[partition].offset == 1


def test_a_dead_letter_beyond_a_mebibyte_fits(settings: Settings, admin: KafkaAdminClient) -> None:
    """1 MiB of original bytes with the error headers is accepted."""
    topics.apply(admin, settings)
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap, max_request_size=4 * 2**20)
    headers = [("__fx.error.message", b"m" * 512), ("__fx.error.codes", b"c" * 4096)]
    assert producer.send(topics.DEADLETTER, b"x" * 2**20, b"k" * 1000, headers=headers, partition=0).get(30).offset == 0
    producer.close()


def test_a_record_whose_stamp_is_far_from_now_is_refused_by_the_broker(
    settings: Settings, admin: KafkaAdminClient
) -> None:
    """docs/TIME.md: more than 1 h ahead, or more than half of the retention back, is the sender's error."""
    topics.apply(admin, settings)

    def send(topic: str, minutes_ahead: int) -> int:
        # each with a producer of its own: kafka-python's fails whatever it sends after a refusal
        producer = KafkaProducer(bootstrap_servers=settings.bootstrap)
        try:
            stamp = time.time_ns() // 1_000_000 + minutes_ahead * 60_000
            return int(producer.send(topic, b"{}", b"k", partition=0, timestamp_ms=stamp).get(30).offset)
        finally:
            producer.close()

    for topic in topics.INPUTS:
        if topic == topics.LEARNING:
            assert send(topic, -16 * 24 * 60) == 0  # stamped by the broker
            continue
        assert send(topic, 50) == 0
        with pytest.raises(InvalidTimestampError):
            send(topic, 120)
        assert send(topic, 50) == 1
        if topic != topics.RULES:
            assert send(topic, -14 * 24 * 60) == 2
            with pytest.raises(InvalidTimestampError):
                send(topic, -16 * 24 * 60)


def test_an_absent_cluster_is_one_clear_error(free_port: int) -> None:
    """Within about ten seconds, with the address and what to do."""
    settings = load_settings(bootstrap=f"127.0.0.1:{free_port}")
    began = time.monotonic()
    with pytest.raises(BrokerUnavailableError, match=f"127.0.0.1:{free_port}.*fxwatch broker start"):
        topics.require(settings)
    assert time.monotonic() - began < 12


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("127.0.0.1:port", "'127.0.0.1:port' is not an address of a Kafka broker"),
        (":9092", "':9092' is not an address of a Kafka broker"),
        ("", "no address of a Kafka broker: expected host:port"),
        ("a:1,b:", "'b:' is not an address of a Kafka broker"),
    ],
)
def test_an_address_that_is_none_is_told(address: str, told: str) -> None:
    """A malformed bootstrap address is wrong configuration, not an absent broker."""
    with (
        pytest.raises(ConfigurationError, match=told),
        topics.connect(load_settings(bootstrap=address)),
    ):
        pass


def test_the_commands_tell_and_mend(fxwatch: Run, empty_broker: EmbeddedBroker) -> None:
    """`topics diff` exits 1 until `topics apply` was run; apply is idempotent and plants once."""
    before = fxwatch("topics", "diff", "--json")
    assert before.returncode == 1, before.stderr
    assert {each["aspect"] for each in json.loads(before.stdout)["differences"]} == {"topic"}
    applied = fxwatch("topics", "apply", "--json")
    assert applied.returncode == 0, applied.stderr
    assert json.loads(applied.stdout)["planted"] == list(range(12))
    assert json.loads(fxwatch("topics", "apply", "--json").stdout) == {"mended": [], "planted": []}
    after = fxwatch("topics", "diff")
    assert (after.returncode, after.stdout.splitlines()[-1]) == (0, "no differences")
    assert "fx.ledger.v1" in after.stdout
