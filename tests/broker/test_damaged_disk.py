"""Record sets that a broker's disk damaged: their partition stops, is read again, and is passed by a decision alone."""

import time
from pathlib import Path

import pytest

from streams import topics
from streams.broker import EmbeddedBroker
from tests.support.bank import ledgered, librdkafka, payment, ready, reconciled, send
from tests.support.cluster import Cluster

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
                assert plain.flush(10) == 0
        for number, event in enumerate(others[:20]):
            send(plain, event, partition=5 + number % 5)
        assert plain.flush(10) == 0
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
