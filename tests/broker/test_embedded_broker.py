"""The embedded broker, started, copied, killed and stopped for real."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from streams.demo.broker import EmbeddedBroker, find_running
from streams.demo.broker.directory import locked
from streams.errors import BrokerStartError

pytestmark = pytest.mark.broker

Run = Callable[..., subprocess.CompletedProcess[str]]


def eventually(holds: Callable[[], bool], seconds: float = 90) -> bool:
    """Whether `holds` becomes true within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def running_in(directory: Path) -> list[int]:
    """Ids of the processes that name `directory` on their command line, as `ps` sees them."""
    listing = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listing.splitlines() if str(directory) in line and "kafka.Kafka" in line]


def write(bootstrap: str, topic: str, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=4_000_000)
    producer.send(topic, value, partition=0).get(30)
    producer.close()


def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, 0)])
    values: list[bytes] = []
    assert eventually(
        lambda: values.extend(r.value for b in consumer.poll(200).values() for r in b) or len(values) >= count
    )
    consumer.close()
    return values


def create(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()


@pytest.fixture
def foreground(fxwatch_command: list[str], tmp_path: Path, pytestconfig: pytest.Config):
    """`fxwatch broker start` in the foreground: the process, its directory and the address it printed."""
    directory = tmp_path / "foreground"
    command = [*fxwatch_command, "broker", "start", "--dir", directory]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=pytestconfig.rootpath)
    address = process.stdout.readline().strip()
    yield process, directory, address
    process.kill()
    process.wait()
    process.stdout.close()
    assert eventually(lambda: not locked(directory)), "the broker outlived its command"


def test_data_survive_a_restart_on_other_ports(fresh_broker: EmbeddedBroker, topic_prefix: str) -> None:
    """A topic and its records are there again after a clean stop and a start on another port."""
    topic = f"{topic_prefix}kept"
    create(fresh_broker.bootstrap, topic)
    write(fresh_broker.bootstrap, topic, b"before")
    fresh_broker.stop()
    with EmbeddedBroker(fresh_broker.directory) as again:
        assert again.bootstrap != fresh_broker.bootstrap
        write(again.bootstrap, topic, b"after")
        assert read(again.bootstrap, topic, 2) == [b"before", b"after"]


def test_a_copied_directory_runs_beside_its_original(fresh_broker: EmbeddedBroker, topic_prefix: str) -> None:
    """A copy holds the same data, is another broker, and what it writes stays out of the original."""
    topic = f"{topic_prefix}copied"
    create(fresh_broker.bootstrap, topic)
    write(fresh_broker.bootstrap, topic, b"common")
    fresh_broker.stop()
    copy = fresh_broker.directory.with_name("이사한 곳 copy")
    shutil.copytree(fresh_broker.directory, copy)
    fresh_broker.start()
    assert find_running(copy) is None
    with EmbeddedBroker(copy) as copied:
        write(copied.bootstrap, topic, b"only in the copy")
        assert read(copied.bootstrap, topic, 2) == [b"common", b"only in the copy"]
        assert read(fresh_broker.bootstrap, topic, 1) == [b"common"]


def test_acknowledged_records_survive_a_killed_broker(fresh_broker: EmbeddedBroker, topic_prefix: str) -> None:
    """After SIGKILL the same address serves what was acknowledged before."""
    topic = f"{topic_prefix}crash"
    create(fresh_broker.bootstrap, topic)
    write(fresh_broker.bootstrap, topic, b"acknowledged")
    address = fresh_broker.bootstrap
    fresh_broker.kill()
    assert not fresh_broker.alive()
    assert fresh_broker.start() == address
    assert read(address, topic, 1) == [b"acknowledged"]


def test_topics_are_never_created_by_use(kafka, topic_prefix: str) -> None:
    """Asking for an unknown topic's metadata, as producers and consumers do, does not create it."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap)
    assert not consumer.partitions_for_topic(f"{topic_prefix}unknown")
    assert f"{topic_prefix}unknown" not in consumer.topics()
    consumer.close()


def test_a_killed_command_takes_its_broker_along(foreground) -> None:
    """`kill -9` of `broker start` leaves no JVM, though no handler of ours could run."""
    process, directory, address = foreground
    assert address == find_running(directory).bootstrap
    assert len(running_in(directory)) == 1
    process.kill()
    assert eventually(lambda: not running_in(directory)), "the JVM outlived its command"


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG exists on Linux only")
def test_a_killed_supervisor_takes_its_broker_along(fresh_broker: EmbeddedBroker) -> None:
    """`kill -9` of the watching process ends the JVM too."""
    fresh_broker._process.kill()
    assert eventually(lambda: not running_in(fresh_broker.directory)), "the JVM outlived its supervisor"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_foreground_broker_cleanly(foreground, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end command and broker with exit code 0; the address was the last line printed."""
    process, directory, address = foreground
    process.send_signal(number)
    assert process.wait(90) == 0
    assert process.stdout.read() == ""
    assert address.startswith("127.0.0.1:")
    assert not running_in(directory)


def test_a_detached_broker_outlives_its_command(fxwatch: Run, tmp_path: Path, free_port: int, monkeypatch) -> None:
    """It serves metadata when the command returns, whatever FXWATCH_BOOTSTRAP says, until `broker stop`."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", "192.0.2.1:9")
    directory = tmp_path / "detached"
    try:
        started = fxwatch("broker", "start", "--dir", directory, "--port", free_port, "--detach")
        assert started.returncode == 0, started.stderr
        assert started.stdout.splitlines()[-1] == f"127.0.0.1:{free_port}"
        admin = KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{free_port}", bootstrap_timeout_ms=1000)
        admin.close()

        again = fxwatch("broker", "start", "--dir", directory)
        assert again.returncode == 1
        assert f"127.0.0.1:{free_port}" in again.stderr
        assert len(again.stderr.splitlines()) == 1

        status = fxwatch("broker", "status", "--dir", directory, "--json")
        told = json.loads(status.stdout)
        assert (status.returncode, told["ready"], told["bootstrap"]) == (0, True, f"127.0.0.1:{free_port}")
        assert running_in(directory) == [told["pid"]]
    finally:
        stopped = fxwatch("broker", "stop", "--dir", directory)
    assert stopped.returncode == 0
    assert not running_in(directory)
    status = fxwatch("broker", "status", "--dir", directory, "--json")
    assert (status.returncode, json.loads(status.stdout)["running"]) == (1, False)


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """A port that another process listens on is an error that names it, before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerStartError, match=f"port {port} cannot be used: Address already in use"):
            EmbeddedBroker(tmp_path / "kafka", port=port).start()
    assert not locked(tmp_path / "kafka")


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file in the directory's place is an error that says so."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BrokerStartError, match="cannot write the broker's directory"):
        EmbeddedBroker(tmp_path / "file" / "kafka").start()


def test_a_node_that_cannot_start_says_why(tmp_path: Path) -> None:
    """When Kafka refuses its configuration, the error carries Kafka's own words and nothing is left running."""
    broker = EmbeddedBroker(tmp_path / "kafka", properties={"offsets.topic.num.partitions": "none"})
    with pytest.raises(BrokerStartError, match=r"offsets\.topic\.num\.partitions"):
        broker.start()
    assert not locked(broker.directory)


def test_three_nodes_form_one_cluster(tmp_path: Path) -> None:
    """Three brokers with common voters elect a controller and hold a topic in three replicas."""
    from streams.demo.broker.ports import find_free_ports

    voters = dict(enumerate(find_free_ports(3), 1))
    nodes = [
        EmbeddedBroker(
            tmp_path / f"node-{node}",
            node=node,
            controller_port=port,
            voters=voters,
            heap_megabytes=256,
            cluster_id="MkU3OEVBNTcwNTJENDM2Qk",
        )
        for node, port in voters.items()
    ]
    try:
        for node in nodes:
            node.start(wait=False)
        for node in nodes:
            node.wait_ready()
        admin = KafkaAdminClient(bootstrap_servers=[node.bootstrap for node in nodes])
        admin.create_topics({"three": {"num_partitions": 1, "replication_factor": 3}}, wait_for_metadata=True)
        # whichever broker is asked next may not have heard of the topic yet, though another one had
        deadline = time.monotonic() + 60.0
        while not (topic := admin.describe_topics(["three"])[0])["partitions"] and time.monotonic() < deadline:
            time.sleep(0.1)
        admin.close()
        assert sorted(topic["partitions"][0]["replica_nodes"]) == [1, 2, 3]
    finally:
        for node in nodes:
            node.kill()


def test_the_broker_has_a_process_group_of_its_own(own_broker: EmbeddedBroker) -> None:
    """A terminal's Ctrl-C goes to the group of the foreground command and must not reach the broker first."""
    assert os.getpgid(own_broker.pid) != os.getpgid(0)
