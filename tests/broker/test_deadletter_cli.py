"""`fxwatch deadletter` on a real broker: what was refused, and the way back byte for byte."""

import asyncio
import json
import time

import pytest
from kafka import KafkaConsumer, TopicPartition

from streams.ingest.input_topic_ids import read_ids
from streams.kafka import clients, topics
from streams.settings import load_settings
from tests.support.letters import dead_letter

pytestmark = pytest.mark.broker

BODY = b'{"party_id": "900101-1234567"}\xff\x00'
HEADERS = [("ce_id", b"1"), ("empty", b""), ("none", None), ("ce_id", b"again")]


def letter(
    offset: int,
    codes: tuple[str, ...] = ("utf8.invalid",),
    *,
    partition: int = 2,
    value: bytes | None = BODY,
    key: bytes | None = b"k\xfe",
    topic: str = topics.TRANSACTIONS,
    topic_id: bytes = b"",
):
    cut = dead_letter(
        topic,
        partition,
        offset,
        1_700_000_000_000 + offset,
        key,
        value,
        HEADERS,
        "decode",
        codes,
        "value: not UTF-8",
        "0.1.0",
        topic_id,
    )
    return (*cut, 1_700_000_100_000)


def write(bootstrap: str, letters: list) -> None:
    settings = load_settings(bootstrap=bootstrap)

    async def send() -> None:
        producer = clients.make_idempotent_producer(settings, "test-letters")
        await producer.start()
        try:
            records = [(key, value, headers, stamp) for key, value, headers, stamp in letters]
            await clients.send_records(producer, topics.DEADLETTER, 0, records, 30)
        finally:
            await producer.stop()

    asyncio.run(send())


def inputs(bootstrap: str) -> list:
    """Every record of the transactions topic."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_wait_ms=50)
    partitions = [
        TopicPartition(topics.TRANSACTIONS, number) for number in consumer.partitions_for_topic(topics.TRANSACTIONS)
    ]
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    found = []
    while len(found) < sum(ends.values()):
        for records in consumer.poll(1000).values():
            found += records
    consumer.close()
    return found


@pytest.fixture
def ready(empty_broker, fxwatch, monkeypatch):
    """Topics that keep old time stamps."""
    monkeypatch.setenv("FXWATCH_RAW_RETENTION_DAYS", "36500")
    done = fxwatch("topics", "apply")
    assert done.returncode == 0, done.stderr
    return empty_broker


def test_list_shows_reasons_but_no_payload(ready, fxwatch):
    """Each source position once, with codes and message; the personal data only with --show."""
    write(ready.bootstrap, [letter(5), letter(5), letter(6, ("key.missing", "decimal.malformed"))])
    done = fxwatch("deadletter", "list")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert f"{topics.TRANSACTIONS}[2]@5\tutf8.invalid\tvalue: not UTF-8\t{len(BODY)}" in done.stdout
    assert "key.missing, decimal.malformed" in done.stdout
    assert "900101" not in done.stdout + done.stderr
    assert "2 dead letters" in done.stderr
    done = fxwatch("deadletter", "list", "--json", "--show", "--code", "key.missing")
    shown = json.loads(done.stdout)
    assert (shown["offset"], shown["bytes"], shown["complete"]) == (6, len(BODY), True)
    assert "900101" in shown["value"]


def test_replay_is_a_dry_run_unless_told_otherwise(ready, fxwatch):
    """Without --yes nothing is written and the message says how to send."""
    write(ready.bootstrap, [letter(5)])
    done = fxwatch("deadletter", "replay")
    assert done.returncode == 0, done.stderr
    assert "1 records would be sent" in done.stderr
    assert "--yes" in done.stderr
    assert inputs(ready.bootstrap) == []


def test_replay_sends_the_original_byte_for_byte(ready, fxwatch):
    """Key, value, headers, time stamp and partition are the original's, null ones too; duplicates are sent once."""
    write(ready.bootstrap, [letter(5), letter(5), letter(6, value=None, key=None), letter(7, ("key.missing",))])
    done = fxwatch("deadletter", "replay", "--code", "utf8.invalid", "--yes")
    assert done.returncode == 0, done.stderr
    assert "2 records sent" in done.stderr
    sent = inputs(ready.bootstrap)
    assert [(each.key, each.value, each.headers, each.timestamp, each.partition) for each in sent] == [
        (b"k\xfe", BODY, HEADERS, 1_700_000_000_005, 2),
        (None, None, HEADERS, 1_700_000_000_006, 2),
    ]


def test_letters_of_a_recreated_topic_are_those_of_another_topic(ready, fxwatch):
    """Both are listed, with the id of the topic that is gone, and both are replayed; a doubled one once."""
    now = read_ids(load_settings(bootstrap=ready.bootstrap))[topics.TRANSACTIONS]
    gone = b"AAAAAAAAAAAAAAAAAAAAAQ"
    old, new = letter(5, value=b"old", topic_id=gone), letter(5, value=b"new", topic_id=now)
    write(ready.bootstrap, [old, new, new])
    done = fxwatch("deadletter", "list", "--json", "--show")
    assert [(one["topic_id"], one["value"]) for one in map(json.loads, done.stdout.splitlines())] == [
        (gone.decode(), "old"),
        (now.decode(), "new"),
    ]
    listed = fxwatch("deadletter", "list").stdout
    assert f"[2]@5 (deleted topic {gone.decode()})\t" in listed
    assert "[2]@5\t" in listed
    place = ("--topic", topics.TRANSACTIONS, "--offset", "2:5")
    done = fxwatch("deadletter", "replay", *place, "--topic-id", gone.decode(), "--yes")
    assert "1 records sent" in done.stderr
    done = fxwatch("deadletter", "replay", *place, "--yes")
    assert "2 records sent" in done.stderr
    assert [each.value for each in inputs(ready.bootstrap)] == [b"old", b"old", b"new"]


def test_a_stamp_that_its_topic_takes_no_more_becomes_that_of_sending(empty_broker, fxwatch):
    """A letter outlives the stamp of its record: its topic would refuse it, or delete it before it is read."""
    assert fxwatch("topics", "apply").returncode == 0
    write(empty_broker.bootstrap, [letter(5)])
    began = time.time() * 1000
    done = fxwatch("deadletter", "replay", "--yes", "--json")
    assert json.loads(done.stdout)["restamped"] == 1
    assert "older or newer than their topic takes" in done.stderr
    [sent] = inputs(empty_broker.bootstrap)
    assert (sent.value, sent.timestamp >= began) == (BODY, True)


def test_replay_of_one_position(ready, fxwatch):
    """--offset takes the source position."""
    write(ready.bootstrap, [letter(5), letter(6), letter(6, partition=3)])
    done = fxwatch("deadletter", "replay", "--topic", topics.TRANSACTIONS, "--offset", "3:6", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sent"] == 1
    assert [each.partition for each in inputs(ready.bootstrap)] == [3]


def test_cut_and_foreign_letters_are_not_replayed(ready, fxwatch):
    """A letter over 1 MiB is not whole, and a source that is no input must not be written to: both are said."""
    write(ready.bootstrap, [letter(1, value=b"x" * (1024 * 1024 + 1)), letter(2, topic=topics.LEDGER), letter(3)])
    done = fxwatch("deadletter", "replay", "--yes")
    assert done.returncode == 1
    assert "1 records sent" in done.stderr
    assert f"{topics.TRANSACTIONS}[2]@1: cut for its size" in done.stderr
    assert f"{topics.LEDGER}[2]@2: its source is none of the input topics" in done.stderr
    assert len(inputs(ready.bootstrap)) == 1
    done = fxwatch("deadletter", "list")
    assert "1,048,577 (cut)" in done.stdout


@pytest.mark.parametrize("arguments", [["--offset", "3:6"], ["--topic", "x", "--offset", "six"]])
def test_wrong_use_is_said(ready, fxwatch, arguments):
    """A position without its topic, or one that is none, is wrong use."""
    done = fxwatch("deadletter", "list", *arguments)
    assert done.returncode == 2
    assert "PARTITION:OFFSET" in done.stderr or "--topic" in done.stderr
