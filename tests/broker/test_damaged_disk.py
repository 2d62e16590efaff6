"""Record sets that a broker's disk damaged: their partition stops, is read again, and is passed by a decision alone."""

import re
import time
from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from tests.support.bank import flushed, ledgered, librdkafka, payment, ready, reconciled, send
from tests.support.cluster import Cluster
from tests.support.worker_process import reasons

pytestmark = pytest.mark.broker

SIX = {"session_timeout_seconds": 6}


class OnDisk:
    """A batch in a partition's log on the broker's disk, found by words that its records hold."""

    def __init__(self, broker: EmbeddedBroker, topic: str, partition: int, words: bytes) -> None:
        [self.file] = broker.directory.rglob(f"{topic}-{partition}/00000000000000000000.log")
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
                flushed(plain)
        for number, event in enumerate(others[:20]):
            send(plain, event, partition=5 + number % 5)
        flushed(plain)
        fresh_broker.stop()
        disks = (
            OnDisk(fresh_broker, topics.TRANSACTIONS, 3, b"lost-1"),
            OnDisk(fresh_broker, topics.TRANSACTIONS, 4, b"saved-1"),
        )
        for disk in disks:
            disk.damage()
        fresh_broker.start()
        worker = cluster.spawn("all")
        cluster.until(lambda: len(ledgered(cluster)) == 22, 60, "the other partitions do not go on")

        def told() -> list[str]:
            return [one for one in ready(worker)["reasons"] if "stopped at offset 1" in one]

        cluster.until(lambda: len(told()) == 2, 15, "not told")
        time.sleep(5)
        assert len(told()) == 2
        assert all("checksum (CRC-32C) does not match" in one for one in told())
        assert worker.metric_now("fxwatch_partition_state", agent="ingest", partition="3", state="stopped") == 1
        assert worker.metric_now("fxwatch_partition_state", agent="ingest", partition="5", state="running") == 1
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


def test_a_damaged_set_of_the_ledger_stops_its_partition_until_it_is_skipped(
    fresh_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """By its offsets, all at once; the next replay honours it: the digest from the ledger's start is the same."""
    bootstrap = fresh_broker.bootstrap
    with Cluster(bootstrap, tmp_path, **SIX) as cluster:
        [worker] = cluster.start("ingest")
        plain = librdkafka(bootstrap)
        for _ in range(3):
            send(plain, *[payment(party_id="one", institution="KOEXKRSE") for _ in range(4)], partition=2)
            flushed(plain)
            cluster.until(lambda: cluster.lag("ingest", *topics.INPUTS) == 0, 30, "not ingested")
        [place] = {tp for tp, record in cluster.read(topics.LEDGER) if b'"transaction"' in record.value}
        events = [record for tp, record in cluster.read(topics.LEDGER) if tp == place]
        assert cluster.stop([worker]) == [0]
        fresh_broker.stop()
        OnDisk(fresh_broker, topics.LEDGER, place.partition, events[6].value[:200]).damage()
        fresh_broker.start()
        monitor = cluster.spawn("monitor")
        number = place.partition

        def stopped() -> list[str]:
            return [one for one in reasons(monitor) if "stopped at ledger offset" in one]

        [reason] = cluster.once(stopped, bool, 60, "it does not stop", may_end=[worker])
        others = set(range(12)) - {number}
        cluster.until(lambda: monitor.running_partitions() == others, 30, "the others do not run", may_end=[worker])
        first, last = re.search(r"stopped at ledger offset (\d+).*reaches to offset (\d+)", reason).groups()
        assert "checksum (CRC-32C) does not match" in reason
        assert int(first) <= events[6].offset <= int(last)
        told = cluster.fxwatch("skip", "monitor", str(number), first, "--through", last, "--reason", "disk")
        assert f"offsets {first} to {last}" in told.stdout or first == last
        cluster.until(lambda: monitor.running_partitions() == set(range(12)), 30, "it does not go on", may_end=[worker])
        assert cluster.stop([monitor]) == [0]
        assert cluster.digests() == cluster.digests("--from-ledger")
        [one] = [one for one in cluster.digests() if one["partition"] == number]
        assert one["next"] == one["end"]
