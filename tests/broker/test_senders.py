"""Senders as others have them: every codec, transactions, odd and hostile batches; real broker, real workers."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from aiokafka.codec import zstd_encode
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import OffsetAndMetadata, TopicPartition

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from streams.operations.web_connections import raise_file_limit
from tests.support.bank import flushed, lags, ledgered, librdkafka, payment, ready, reconciled, send, transactional
from tests.support.cluster import Cluster
from tests.support.record_batches import Raw, batch, concealed, produce
from tests.support.worker_process import Worker

pytestmark = pytest.mark.broker

CODECS = ("gzip", "snappy", "lz4", "zstd")
QUIET = TopicPartition(topics.DECLARATIONS, 7)
SIX = {"session_timeout_seconds": 6}


def compress_on_the_broker(bootstrap: str, topic: str, codec: str) -> None:
    """Set `compression.type`, so that the broker compresses anew what senders write."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"compression.type": codec})])
    admin.close()


def commit_as_ingest(cluster: Cluster, offsets: dict[TopicPartition, int]) -> None:
    """Offsets of the ingest group, as the workers of the last release left them."""
    consumer = KafkaConsumer(
        bootstrap_servers=cluster.settings.bootstrap_servers,
        enable_auto_commit=False,
        group_id=f"{cluster.settings.application}-ingest",
    )
    consumer.commit({tp: OffsetAndMetadata(offset, "", -1) for tp, offset in offsets.items()})
    consumer.close()


@contextmanager
def held_connections(worker: Worker, count: int) -> Iterator[None]:
    """Connections to a worker's pages that ask nothing."""
    raise_file_limit()
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(socket.create_connection(("127.0.0.1", worker.port), timeout=60))
        yield


def roll_back(bootstrap: str, place: TopicPartition) -> None:
    """One record in a transaction that is rolled back: a record that nobody gets, and its marker."""
    sender = transactional(bootstrap)
    sender.begin_transaction()
    sender.produce(place.topic, key=b"k", value=b"v", partition=place.partition)
    flushed(sender)
    sender.abort_transaction()


def write_all_kinds(bootstrap: str) -> dict[str, str]:
    """Payments in every codec by two clients, committed, rolled back and corrected; returns what must be applied."""
    wanted: dict[str, str] = {}
    for codec in CODECS:
        sender = librdkafka(bootstrap, **{"compression.type": codec, "linger.ms": 200})
        events = [payment(party_id=f"firm-{number % 7}", party_type="company") for number in range(60)]
        send(sender, *events)
        flushed(sender)
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
        flushed(sender)
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
    with Cluster(bootstrap, tmp_path, cold=True, **SIX) as cluster:
        compress_on_the_broker(bootstrap, topics.PROFILES, "zstd")
        compress_on_the_broker(bootstrap, topics.LEDGER, "lz4")
        roll_back(bootstrap, QUIET)
        # an earlier release took the record that was rolled back for one, and stood in front of the marker for ever
        commit_as_ingest(cluster, dict.fromkeys(cluster.ends(topics.TRANSACTIONS), 0) | {QUIET: 1})
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
        assert (cluster.committed("ingest")[QUIET], cluster.ends(topics.DECLARATIONS)[QUIET]) == (2, 2)
        told = reconciled(cluster)
        assert told["reconciled"]
        assert next(one for one in told["topics"] if one["topic"] == topics.TRANSACTIONS)["read"] == len(wanted)
        assert "Traceback" not in worker.log.read_text()


def test_an_open_transaction_holds_its_partition_only_and_is_told(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Payments behind it wait, all others go on, the worker stays ready; note and metric say why. Then they come.

    A thousand connections to its pages, held meanwhile, take nothing from it.
    """
    bootstrap = empty_broker.bootstrap
    with Cluster(bootstrap, tmp_path, cold=True, **SIX) as cluster:
        [worker] = cluster.start("all")
        sender, plain = transactional(bootstrap), librdkafka(bootstrap)
        sender.begin_transaction()
        open_one = payment()
        send(sender, open_one, partition=5)
        flushed(sender)
        behind, beside = payment(), [payment() for _ in range(40)]
        send(plain, behind, partition=5)
        for number, event in enumerate(beside):
            send(plain, event, partition=number % 5)
        flushed(plain)
        took = cluster.until(lambda: len(ledgered(cluster)) == 40, 20, "the other partitions do not go on")
        print(f"\nthe other partitions went on after {took:.1f} s")
        with held_connections(worker, 1000):
            assert json.loads(worker.answer("/healthz")[1]) == {"alive": True, "fault": None}
            cluster.until(lambda: ready(worker)["ready"], 10, "not ready beside a thousand connections")
            assert len(list(Path(f"/proc/{worker.process.pid}/fd").iterdir())) < 300
        # ready all the while, as far as a busy machine's broker answers
        told = cluster.once(lambda: ready(worker), lambda page: page["ready"] and "notes" in page, 45, "nobody is told")
        assert f"{topics.TRANSACTIONS}[5] waits at offset 0" in told["notes"][0]
        cluster.until(lambda: worker.metric("fxwatch_hidden_records", partition="5") == 2, 10, "no metric")
        cluster.until(lambda: lags(worker) == 0, 10, "what cannot be delivered is no lag of ours")
        assert behind["event_id"] not in ledgered(cluster)
        sender.commit_transaction()
        cluster.wait_drained(30)
        assert ledgered(cluster).keys() == {one["event_id"] for one in (open_one, behind, *beside)}
        cluster.until(lambda: "notes" not in ready(worker), 15, "the note stays")
        reconciled(cluster)


def test_batches_made_to_stop_a_reader_stop_nobody(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Of batches that aiokafka cannot read, those a broker takes: a dead letter each, and all payments are applied."""
    bootstrap, now = empty_broker.bootstrap, int(time.time() * 1000)
    odd, kept, hidden = (payment(party_id=f"person-{name}") for name in ("odd", "kept", "hidden"))
    hostile = {
        "bomb": batch([Raw(bytes(1_900_000_000), b"k")], "zstd", timestamp=now),
        "records": batch([Raw(b"")] * 200_000, "zstd", timestamp=now),
        "offsets": batch([Raw(b"a"), Raw(b"b", delta=900_000_000)], timestamp=now),
        "header": batch([Raw(json.dumps(odd).encode(), b"person-odd", [(b"\xf6", b"1")])], "gzip", timestamp=now),
        "codec": batch([Raw(b"a")], codec_number=5, timestamp=now),
        "nonsense": batch([Raw(b"a")], "zstd", contents=b"nonsense", timestamp=now),
        "shared": batch(
            [Raw(json.dumps(one).encode(), one["party_id"].encode(), delta=0) for one in (kept, hidden)], timestamp=now
        ),
        "headers": batch([Raw(b"", b"k", [(b"ab", b"")] * 2_000_000)], "zstd", timestamp=now),
        "concealed": batch([Raw(None)], "zstd", contents=zstd_encode(concealed(7_000_000)), timestamp=now),
        **{f"zeros-{number}": batch([Raw(bytes(30_000_000), b"k")], "zstd", timestamp=now) for number in range(30)},
    }
    with Cluster(bootstrap, tmp_path, cold=True, **SIX) as cluster:
        plain = librdkafka(bootstrap)
        before, after = payment(), payment()
        send(plain, before, partition=3)
        flushed(plain)
        taken = {name: produce(bootstrap, topics.TRANSACTIONS, 3, data) for name, data in hostile.items()}
        print("\nerror codes of the broker:", {name: code for name, code in taken.items() if code})
        send(plain, after, partition=3)
        flushed(plain)
        assert not any(
            taken[name]
            for name in ("bomb", "header", "records", "shared", "headers", "concealed", "zeros-0", "zeros-29")
        )
        assert taken["codec"], "a codec that a broker does not know is no sender's to use"
        [worker] = cluster.start("all")
        cluster.wait_drained(60)
        print(f"resident: {worker.resident_megabytes():.0f} MB, at most {worker.most_megabytes():.0f} MB")
        assert worker.most_megabytes() < 600
        assert ledgered(cluster).keys() == {one["event_id"] for one in (before, after, odd, kept)}
        letters = Counter(one.codes for one in cluster.dead_letters())
        print(letters)
        assert letters["set.too_large",] == 3, "the bomb, 200 000 records, 2 000 000 headers"
        assert letters["size.exceeded",] == 30
        # of the set that shares an offset one payment was applied, and the other is not passed in silence
        assert letters["set.undecodable",] == 1 + sum(not taken[name] for name in ("offsets", "nonsense"))
        reconciled(cluster)
        assert "Traceback" not in worker.log.read_text()
