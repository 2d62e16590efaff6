"""Senders as others have them: every codec, transactions, odd and hostile batches; real broker, real workers."""

import json
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import OffsetAndMetadata, TopicPartition

from streams import ledger, topics
from streams.broker import EmbeddedBroker
from tests.support.cluster import Cluster
from tests.support.record_batches import Raw, batch, produce
from tests.support.worker_process import Worker

pytestmark = pytest.mark.broker

CODECS = ("gzip", "snappy", "lz4", "zstd")
SIX = {"session_timeout_seconds": 6}


def payment(**changes: Any) -> dict[str, Any]:
    """A payment of now."""
    base = {"event_id": uuid.uuid4().hex, "event_time": datetime.now(UTC).isoformat(), "direction": "out",
            "party_id": "person-1", "party_type": "person", "counterparty_id": "beneficiary-1",
            "counterparty_country": "US", "institution": "BKGGKRSE", "channel": "branch", "amount": "1000.00",
            "currency": "USD", "purpose": "40101", "evidence": "none"}  # fmt: skip
    return {**base, **changes}


def librdkafka(bootstrap: str, **options: Any) -> Producer:
    """A sender of librdkafka, the client of most languages."""
    return Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, **options})


def send(producer: Producer, *events: dict[str, Any], partition: int = -1) -> None:
    """Hand events over; they are sent when the producer flushes or commits."""
    for event in events:
        producer.produce(topics.TRANSACTIONS, key=event["party_id"].encode(), value=json.dumps(event).encode(),
                         partition=partition)  # fmt: skip


def transactional(bootstrap: str, seconds: int = 60) -> Producer:
    """A sender that writes in transactions."""
    producer = librdkafka(bootstrap, **{"transactional.id": f"bank-{uuid.uuid4().hex}",
                                        "transaction.timeout.ms": seconds * 1000})  # fmt: skip
    producer.init_transactions()
    return producer


def ledgered(cluster: Cluster) -> dict[str, str]:
    """Amount by id of every payment in the ledger."""
    found = {}
    for _, record in cluster.read(topics.LEDGER):
        event, _ = ledger.decode_record(record.value, record.headers, record.offset, record.timestamp)
        if "amount" in event.__struct_fields__ and "event_id" in event.__struct_fields__:
            assert event.event_id not in found, "twice in the ledger"
            found[event.event_id] = str(event.amount)
    return found


def lags(worker: Worker) -> float:
    """What the worker's page says of both agents' lag."""
    return worker.metric("fxwatch_lag_records")


def ready(worker: Worker) -> dict[str, Any]:
    """/readyz, whatever its status."""
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/readyz", timeout=5) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        return json.loads(refusal.read())


def reconciled(cluster: Cluster) -> dict[str, Any]:
    """What `fxwatch reconcile` says; it must be content."""
    done = cluster.fxwatch("reconcile", "--json")
    return dict(json.loads(done.stdout))


def compress_on_the_broker(bootstrap: str, topic: str, codec: str) -> None:
    """Set `compression.type`, so that the broker compresses anew what senders write."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"compression.type": codec})])
    admin.close()


def commit_as_ingest(cluster: Cluster, offsets: dict[TopicPartition, int]) -> None:
    """Offsets of the ingest group, as the workers of the last release left them."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.settings.bootstrap_servers, enable_auto_commit=False,
                             group_id=f"{cluster.settings.application}-ingest")  # fmt: skip
    consumer.commit({tp: OffsetAndMetadata(offset, "", -1) for tp, offset in offsets.items()})
    consumer.close()


def write_all_kinds(bootstrap: str) -> dict[str, str]:
    """Payments in every codec by two clients, committed, rolled back and corrected; returns what must be applied."""
    wanted: dict[str, str] = {}
    for codec in CODECS:
        sender = librdkafka(bootstrap, **{"compression.type": codec, "linger.ms": 200})
        events = [payment(party_id=f"firm-{number % 7}", party_type="company") for number in range(60)]
        send(sender, *events)
        assert sender.flush(30) == 0
        python = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, linger_ms=200)
        more = [payment(party_id=f"firm-{number % 7}", party_type="company") for number in range(30)]
        for event in more:
            python.send(topics.TRANSACTIONS, json.dumps(event).encode(), event["party_id"].encode())
        python.flush(30)
        python.close()
        wanted |= {event["event_id"]: event["amount"] for event in events + more}
    committed, rolled_back = payment(), [payment(amount="45000.00") for _ in range(3)]
    retry = payment(amount="45000.00")
    for events, keep in (([committed], True), (rolled_back, False), ([retry], False)):
        sender = transactional(bootstrap)
        sender.begin_transaction()
        send(sender, *events)
        sender.flush(10)
        _ = sender.commit_transaction() if keep else sender.abort_transaction()
    sender.begin_transaction()
    send(sender, {**retry, "amount": "4500.00"})
    sender.commit_transaction()
    return wanted | {committed["event_id"]: "1000.00", retry["event_id"]: "4500.00"}


def test_every_codec_and_every_transaction_has_its_right_value(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Written before the first worker starts, with offsets committed in front of it, as a crash loop leaves a cluster.

    Applied is what was committed, once; offsets end behind the last marker; no lag is left, nothing stands in dead
    letters, no payment that was rolled back raised an alert, and its correction is no conflict.
    """
    bootstrap = empty_broker.bootstrap
    with Cluster(bootstrap, tmp_path, **SIX) as cluster:
        compress_on_the_broker(bootstrap, topics.PROFILES, "zstd")
        compress_on_the_broker(bootstrap, topics.LEDGER, "lz4")
        commit_as_ingest(cluster, dict.fromkeys(cluster.ends(topics.TRANSACTIONS), 0))
        wanted = write_all_kinds(bootstrap)
        [worker] = cluster.start("all")
        cluster.wait_drained(60)
        found = ledgered(cluster)
        assert found.keys() == wanted.keys()
        assert {name: float(amount) for name, amount in found.items()} == {
            name: float(amount) for name, amount in wanted.items()
        }
        assert cluster.dead_letters() == []
        cluster.until(lambda: lags(worker) == 0, 10, "the page shows a lag")
        assert (
            cluster.committed("ingest").items()
            >= {tp: end for tp, end in cluster.ends(topics.TRANSACTIONS).items() if end}.items()
        )
        told = reconciled(cluster)
        assert told["reconciled"]
        assert next(one for one in told["topics"] if one["topic"] == topics.TRANSACTIONS)["read"] == len(wanted)
        assert "Traceback" not in worker.log.read_text()


def test_an_open_transaction_holds_its_partition_only_and_is_told(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Payments behind it wait, all others go on, the worker stays ready; note and metric say why. Then they come."""
    bootstrap = empty_broker.bootstrap
    with Cluster(bootstrap, tmp_path, **SIX) as cluster:
        [worker] = cluster.start("all")
        sender, plain = transactional(bootstrap), librdkafka(bootstrap)
        sender.begin_transaction()
        open_one = payment()
        send(sender, open_one, partition=5)
        sender.flush(10)
        behind, beside = payment(), [payment() for _ in range(40)]
        send(plain, behind, partition=5)
        for number, event in enumerate(beside):
            send(plain, event, partition=number % 5)
        assert plain.flush(10) == 0
        took = cluster.until(lambda: len(ledgered(cluster)) == 40, 20, "the other partitions do not go on")
        print(f"\nthe other partitions went on after {took:.1f} s")
        cluster.until(lambda: "notes" in ready(worker), 45, "nobody is told")
        told = ready(worker)
        assert told["ready"]
        assert f"{topics.TRANSACTIONS}[5] waits at offset 0" in told["notes"][0]
        assert worker.metric("fxwatch_hidden_records", partition="5") == 2
        assert lags(worker) == 0, "what cannot be delivered is no lag of ours"
        assert behind["event_id"] not in ledgered(cluster)
        sender.commit_transaction()
        cluster.wait_drained(30)
        assert ledgered(cluster).keys() == {one["event_id"] for one in (open_one, behind, *beside)}
        cluster.until(lambda: "notes" not in ready(worker), 15, "the note stays")
        reconciled(cluster)


def test_batches_made_to_stop_a_reader_stop_nobody(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Of batches that aiokafka cannot read, those a broker takes: a dead letter each, and all payments are applied."""
    bootstrap, now = empty_broker.bootstrap, int(time.time() * 1000)
    odd = payment(party_id="person-odd")
    hostile = {
        "bomb": batch([Raw(bytes(1_900_000_000), b"k")], "zstd", timestamp=now),
        "records": batch([Raw(b"")] * 200_000, "zstd", timestamp=now),
        "offsets": batch([Raw(b"a"), Raw(b"b", delta=900_000_000)], timestamp=now),
        "header": batch([Raw(json.dumps(odd).encode(), b"person-odd", [(b"\xf6", b"1")])], "gzip", timestamp=now),
        "codec": batch([Raw(b"a")], codec_number=5, timestamp=now),
        "nonsense": batch([Raw(b"a")], "zstd", contents=b"nonsense", timestamp=now),
    }
    with Cluster(bootstrap, tmp_path, **SIX) as cluster:
        plain = librdkafka(bootstrap)
        before, after = payment(), payment()
        send(plain, before, partition=3)
        assert plain.flush(10) == 0
        taken = {name: produce(bootstrap, topics.TRANSACTIONS, 3, data) for name, data in hostile.items()}
        print("\nerror codes of the broker:", taken)
        send(plain, after, partition=3)
        assert plain.flush(10) == 0
        assert taken["bomb"] == taken["header"] == taken["records"] == 0
        assert taken["codec"], "a codec that a broker does not know is no sender's to use"
        [worker] = cluster.start("all")
        cluster.wait_drained(60)
        print(f"resident: {worker.resident_megabytes():.0f} MB")
        assert worker.resident_megabytes() < 900
        assert ledgered(cluster).keys() == {one["event_id"] for one in (before, after, odd)}
        letters = {one.codes for one in cluster.dead_letters()}
        assert ("set.too_large",) in letters
        reconciled(cluster)
        assert "Traceback" not in worker.log.read_text()


class OnDisk:
    """A batch in a partition's log on the broker's disk, found by words that its records hold."""

    def __init__(self, broker: EmbeddedBroker, partition: int, words: bytes) -> None:
        [self.file] = broker.directory.rglob(f"{topics.TRANSACTIONS}-{partition}/00000000000000000000.log")
        self.at = self.file.read_bytes().index(words)

    def damage(self) -> None:
        """Turn a bit."""
        with self.file.open("r+b") as log:
            log.seek(self.at)
            [byte] = log.read(1)
            log.seek(self.at)
            log.write(bytes([byte ^ 1]))

    mend = damage


def test_a_damaged_disk_stops_two_partitions_until_one_is_mended_and_one_is_passed(
    fresh_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """All others go on, the worker stays alive and says where and why. What is passed is one dead letter."""
    bootstrap = fresh_broker.bootstrap
    with Cluster(bootstrap, tmp_path, **SIX) as cluster:
        plain = librdkafka(bootstrap)
        lost = [payment(party_id=f"lost-{number}") for number in range(3)]
        saved = [payment(party_id=f"saved-{number}") for number in range(3)]
        others = [payment() for _ in range(20)]
        for partition, batch_ in ((3, lost), (4, saved)):
            for events in ([payment()], batch_, [payment()]):
                others += events if len(events) == 1 else []
                send(plain, *events, partition=partition)
                assert plain.flush(10) == 0
        for number, event in enumerate(others[:20]):
            send(plain, event, partition=5 + number % 5)
        assert plain.flush(10) == 0
        fresh_broker.stop()
        disks = OnDisk(fresh_broker, 3, b"lost-1"), OnDisk(fresh_broker, 4, b"saved-1")
        for disk in disks:
            disk.damage()
        fresh_broker.start()
        [worker] = [cluster.spawn("all")]
        cluster.until(lambda: len(ledgered(cluster)) == 22, 60, "the other partitions do not go on")
        cluster.until(
            lambda: sum("stopped at offset 1" in one for one in ready(worker)["reasons"]) == 2, 15, "not told"
        )
        time.sleep(5)
        told = ready(worker)
        assert not told["ready"]
        assert all("checksum (CRC-32C) does not match" in one for one in told["reasons"])
        assert worker.metric("fxwatch_partition_state", agent="ingest", partition="3", state="stopped") == 1
        assert worker.metric("fxwatch_partition_state", agent="ingest", partition="5", state="running") == 1
        assert cluster.fxwatch("reconcile", "--json", check=False).returncode == 1, "nothing accounts for it yet"

        disks[1].mend()
        cluster.until(lambda: len(ledgered(cluster)) == 26, 30, "a mended set is not read")
        skip = ("skip", "ingest", "3", "1", "--topic", topics.TRANSACTIONS, "--reason", "no replica")
        assert cluster.fxwatch("skip", "ingest", "4", "1", *skip[4:], check=False).returncode == 2, "it can be read"
        print("\n" + cluster.fxwatch(*skip).stdout)
        cluster.wait_drained(30)
        cluster.until(lambda: ready(worker)["ready"], 15, "not ready again")
        assert ledgered(cluster).keys() == {one["event_id"] for one in (*others, *saved)}
        [letter] = cluster.dead_letters()
        assert (letter.codes, letter.offset, letter.last_offset) == (("set.damaged",), 1, 3)
        reconciled(cluster)
        log = worker.log.read_text()
        assert log.count("stopped at offset 1") == 2, "each stop is logged once"
        assert "Traceback" not in log
