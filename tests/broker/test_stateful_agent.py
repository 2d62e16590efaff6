"""A second stateful agent beside the monitor in each process, on a real broker: both are exact through kill -9."""

import asyncio
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from streams.demo.broker import EmbeddedBroker
from streams.generator import Simulation
from streams.kafka import topics
from streams.publication.sending import publish_records
from streams.settings import load_settings
from tests.support.at_work import freeze_at_work
from tests.support.cluster import PARTITIONS, Cluster
from tests.support.counting_agent import COUNTING, EVERY, INPUT, TOTALS, CountingCore, Totals
from tests.support.worker_process import Worker

pytestmark = pytest.mark.broker

EVENTS, AMOUNTS, ACCOUNTS = 600, 6_000, 40
# snapshots at the end of most runs, which are short, so that a kill falls between and into them
SETTINGS = {"snapshot_every_events": 100, "run_records": 50, "session_timeout_seconds": 6}
COMMAND = ("tests.support.counting_agent",)
NUMBERS = range(3)


def write_amounts(bootstrap: str, batch: int) -> None:
    """Amounts of some accounts, each account in one partition."""
    draw, producer = random.Random(batch), KafkaProducer(bootstrap_servers=bootstrap)
    for _ in range(AMOUNTS):
        account = draw.randrange(ACCOUNTS)
        partition = account % len(NUMBERS)
        producer.send(INPUT, b"%d" % draw.randrange(10**6), b"account-%d" % account, partition=partition)
    producer.close()


def undisturbed(cluster: Cluster) -> tuple[dict[int, list[Any]], dict[int, Totals]]:
    """What the records of the input come to by the core alone: outputs and state of each partition."""
    core, outputs = CountingCore(""), defaultdict(list)
    states = {number: core.new(number) for number in NUMBERS}
    for tp, record in cluster.read(INPUT):
        made = core.apply(states[tp.partition], tp.partition, record, muted=False)
        outputs[tp.partition] += [(one.key, one.value, one.timestamp_ms) for one in made]
    return outputs, states


def published(cluster: Cluster) -> dict[int, list[Any]]:
    """The totals that a read_committed reader sees."""
    found: dict[int, list[Any]] = defaultdict(list)
    for tp, record in cluster.read(TOTALS):
        found[tp.partition].append((record.key, record.value, record.timestamp))
    return found


async def saved(cluster: Cluster) -> dict[int, Totals]:
    """The newest snapshot of each partition, read as a worker would."""
    identity, core, found = COUNTING.identity, CountingCore(""), {}
    log = identity.open_log(cluster.settings)
    for number in NUMBERS:
        place = identity.place(number)
        async for _, sections in log.snapshots(place, await log.progress(place)):
            found[number] = core.thaw(number, await sections())
            break
    return found


def kill_at_work(cluster: Cluster, victim: Worker, seen: Worker, batches: Iterator[int]) -> None:
    """Once the counting agent of `seen` is at work, give it more and kill -9 the victim in the midst of it."""

    def at_work() -> bool:
        if seen.metric("fxwatch_events_total", agent="counting") > 0:
            return True
        runs = seen.metric("fxwatch_partition_state", agent="counting", state="running") > 0
        if runs and cluster.lag("counting", INPUT) == 0:
            # the others had done it all before this one had a partition
            write_amounts(cluster.settings.bootstrap, next(batches))
        return False

    cluster.until(at_work, 60, "nothing is counted")
    write_amounts(cluster.settings.bootstrap, next(batches))
    freeze_at_work(
        cluster,
        [victim],
        lambda: cluster.lag("counting", INPUT) > 0,
        lambda: write_amounts(cluster.settings.bootstrap, next(batches)),
    )
    victim.kill()


def test_two_agents_in_one_process_survive_kills_exactly(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """Two kills while both agents work: outputs and states of each are those of an undisturbed run."""
    with Cluster(empty_broker.bootstrap, tmp_path, **SETTINGS) as cluster:
        new = {"num_partitions": len(NUMBERS), "replication_factor": 1}
        cluster._admin.create_topics({INPUT: new, TOTALS: new}, wait_for_metadata=True)
        batches = itertools.count(1)
        first, second = cluster.spawn("monitor", COMMAND), cluster.spawn("monitor", COMMAND)
        cluster.start("ingest")
        events = Simulation(seed=1, events=EVENTS)
        publish_records(load_settings(bootstrap=empty_broker.bootstrap), events, stamps="now", expected=EVENTS)
        write_amounts(empty_broker.bootstrap, next(batches))
        kill_at_work(cluster, first, first, batches)
        third = cluster.spawn("monitor", COMMAND)
        kill_at_work(cluster, second, third, batches)
        cluster.until(lambda: cluster.lag("counting", INPUT) == 0, 60, "not all is counted")
        cluster.wait_drained()
        for agent, numbers in (("monitor", range(PARTITIONS)), ("counting", NUMBERS)):
            for number in numbers:
                labels = {"agent": agent, "partition": str(number), "state": "running"}
                cluster.until(
                    lambda labels=labels: third.metric("fxwatch_partition_state", **labels) == 1, 10, str(labels)
                )
        cluster.stop_all()
        outputs, states = undisturbed(cluster)
        assert sum(map(len, outputs.values())) > 3 * AMOUNTS / EVERY - ACCOUNTS
        assert published(cluster) == outputs
        assert asyncio.run(saved(cluster)) == states
        # the monitor beside it
        assert cluster.published() == cluster.replay().outputs
        assert cluster.newest_snapshots() == {tp.partition: end for tp, end in cluster.ends(topics.LEDGER).items()}
