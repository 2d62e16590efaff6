"""Three Kafka nodes on this machine: one KRaft cluster that loses a node, or all of them, and gets them back."""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from streams.demo.broker import EmbeddedBroker
from streams.demo.broker.node import new_cluster_id
from streams.demo.broker.ports import find_free_ports

# A node holds some 250 replicas of fxwatch's topics and serves two dozen producers; at 256 MB it collects all the time.
HEAP_MEGABYTES = 320
IN_SYNC_SECONDS = 270.0
ELECTION_SECONDS = 45.0
# of all partitions, how many an election moves: enough for every client to be affected
MOVED_SHARE = 0.5
PROPERTIES = {
    # acknowledged means written twice, for Kafka's own topics too: the group's offsets would else live on one node
    "min.insync.replicas": "2",
    # elections are the test's business
    "auto.leader.rebalance.enable": "false",
    # a follower that was killed is out of the in-sync replicas when its session ends, a stopped one after this
    "replica.lag.time.max.ms": "10000",
}


class ThreeBrokers:
    """Nodes 1, 2 and 3 of one cluster, each broker and controller; a context manager that leaves none running."""

    def __init__(self, directory: Path) -> None:
        ports, cluster_id = find_free_ports(6), new_cluster_id()
        voters = dict(enumerate(ports[:3], 1))
        self.nodes = {
            node: EmbeddedBroker(
                directory / f"node-{node}",
                port=ports[2 + node],
                controller_port=voters[node],
                node=node,
                voters=voters,
                cluster_id=cluster_id,
                heap_megabytes=HEAP_MEGABYTES,
                properties=PROPERTIES,
            )
            for node in voters
        }

    @property
    def bootstrap(self) -> str:
        """The addresses of all three, comma separated."""
        return ",".join(node.bootstrap for node in self.nodes.values())

    def __enter__(self) -> Self:
        try:
            self.start(self.nodes)
        except BaseException:
            self.kill(self.nodes)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill(self.nodes)

    def start(self, numbers: Iterable[int]) -> None:
        """Start nodes side by side and return when each of them serves."""
        chosen = [self.nodes[number] for number in numbers]
        for node in chosen:
            node.start(wait=False)
        for node in chosen:
            node.wait_ready()

    def kill(self, numbers: Iterable[int]) -> None:
        """Kill -9 nodes, as near to at once as can be."""
        for number in numbers:
            self.nodes[number].kill()

    def partitions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(topic, metadata) of every partition of the cluster, Kafka's own topics included."""
        with self._admin() as admin:
            for topic in admin.describe_topics(sorted(admin.list_topics())):
                for partition in topic["partitions"]:
                    yield topic["name"], partition

    def wait_in_sync(self) -> float:
        """Wait until all replicas of all partitions are in sync; returns the seconds it took."""
        began, missing = time.monotonic(), "no answer"
        while time.monotonic() - began < IN_SYNC_SECONDS:
            try:
                behind = [
                    f"{topic}[{one['partition_index']}]: {one['isr_nodes']}"
                    for topic, one in self.partitions()
                    if len(one["isr_nodes"]) < len(one["replica_nodes"])
                ]
            except KafkaError as fault:
                behind = [repr(fault)]
            if not behind:
                return time.monotonic() - began
            missing = f"{len(behind)}, first {behind[0]}"
            time.sleep(0.2)
        raise AssertionError(f"partitions are not in sync after {IN_SYNC_SECONDS:.0f} s: {missing}")

    def elect(self, draw: random.Random) -> int:
        """Give partitions another leader, half of them and Kafka's own among them; returns how many changed it.

        The preferred replica becomes another one, then a preferred election is held: no node is down meanwhile.
        """
        reassigned: dict[tuple[str, int], list[int]] = {}
        before = {}
        for topic, one in self.partitions():
            place, leader = (topic, one["partition_index"]), one["leader_id"]
            before[place] = leader
            if draw.random() < MOVED_SHARE:
                first = draw.choice([node for node in one["replica_nodes"] if node != leader])
                reassigned[place] = [first, *(node for node in one["replica_nodes"] if node != first)]
        with self._admin() as admin:
            _reassign(admin, reassigned)
            chosen: dict[str, list[int]] = {}
            for topic, number in reassigned:
                chosen.setdefault(topic, []).append(number)
            deadline = time.monotonic() + ELECTION_SECONDS
            while True:
                admin.elect_leaders(0, chosen, raise_errors=False)
                after = {(topic, one["partition_index"]): one["leader_id"] for topic, one in self.partitions()}
                moved = sum(after.get(place) != leader for place, leader in before.items())
                # the nodes hear of it, and of the replicas' new order, a moment later
                if moved >= len(reassigned) // 2 or time.monotonic() > deadline:
                    return moved
                time.sleep(0.2)

    @contextmanager
    def _admin(self) -> Iterator[KafkaAdminClient]:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","), request_timeout_ms=10_000)
        try:
            yield admin
        finally:
            admin.close()


def _reassign(admin: KafkaAdminClient, replicas: dict[tuple[str, int], list[int]]) -> None:
    answer = admin.alter_partition_reassignments(
        {TopicPartition(topic, number): nodes for (topic, number), nodes in replicas.items()}
    )
    refused = {tp: fault for tp, fault in answer.items() if fault is not None}
    assert not refused, f"replicas were not reordered: {refused}"
