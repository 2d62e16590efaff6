"""The shared agent on a real broker: kills, a frozen worker, repetitions; each leg counts once, digests are equal."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka.structs import TopicPartition

from streams.contracts.input_record import InputRecord
from streams.contracts.inputs import INPUTS
from streams.demo.broker import EmbeddedBroker
from streams.generator import Simulation
from streams.kafka import topics
from streams.ledger import envelope
from streams.publication.sending import publish_records
from streams.settings import load_settings
from tests.support.at_work import freeze_at_work
from tests.support.cluster import PARTITIONS, Cluster, assert_shared_exact

pytestmark = pytest.mark.broker

EVENTS = 800
# snapshots at the end of most runs, which are short, so that a kill falls between and into them
SETTINGS = {"snapshot_every_events": 100, "run_records": 50, "session_timeout_seconds": 6}


def counted_by_hand(cluster: Cluster) -> dict[int, Counter[str]]:
    """By partition, how many records of the legs are new and how many are there again, by source and number alone."""
    found: dict[int, Counter[str]] = {number: Counter() for number in range(PARTITIONS)}
    known: set[Any] = set()
    for tp, record in cluster.read(topics.LEGS):
        told = envelope.told_source(record.headers)
        identity = (tp.partition, "first") if told is None else (tp.partition, told.topic, told.partition, told.offset)
        place = (identity, None if told is None else told.number)
        found[tp.partition]["again" if place in known else "new"] += 1
        known.add(place)
    return found


def cycles(seed: int) -> Iterator[InputRecord]:
    """A stream, and behind each of its payments a later one of a cycle: A pays X, X pays B, B pays Y, Y pays A."""
    at = ""
    hops = (("out", "A", "X"), ("in", "B", "X"), ("out", "B", "Y"), ("in", "A", "Y"))
    number = 0
    for record in Simulation(seed=seed, events=EVENTS):
        yield record
        if record.topic != topics.TRANSACTIONS:
            continue
        told = str(json.loads(record.value or b"{}").get("event_time", ""))
        if not told:
            continue
        newest = max(told[:19], at[:19])
        at = f"{datetime.fromisoformat(newest) + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}+09:00"
        (direction, who, foreign), cycle = hops[number % 4], f"{seed}.{number // 4}"
        body = {
            "event_id": f"cycle-{cycle}-{number % 4}",
            "event_time": at,
            "direction": direction,
            "party_id": f"{who}-{cycle}",
            "party_type": "company",
            "counterparty_id": f"{foreign}-{cycle}",
            "counterparty_country": "HK",
            "institution": "SHBKKRSE",
            "channel": "web",
            "amount": f"{200_000 - 1_000 * (number % 4)}",
            "currency": "USD",
            "purpose": "10101",
        }
        key = INPUTS[topics.TRANSACTIONS].key
        assert key is not None
        yield InputRecord(topics.TRANSACTIONS, key(body).encode(), json.dumps(body).encode(), record.timestamp_ms)
        number += 1


def handled_and_not_committed(cluster: Cluster) -> bool:
    """Whether legs are written of inputs that ingest has not committed: the next worker writes them again."""
    done = cluster.committed("ingest")
    sources = (envelope.told_source(record.headers) for _, record in cluster.read(topics.LEGS))
    return any(one and one.offset >= done.get(TopicPartition(one.topic, one.partition), 0) for one in sources)


def publish(cluster: Cluster, seed: int) -> int:
    """A stream's next records; how many whole cycles are among them."""
    settings, records = load_settings(bootstrap=cluster.settings.bootstrap), list(cycles(seed))
    publish_records(settings, records, stamps="now", expected=len(records))
    return sum(b'"cycle-' in record.value for record in records) // 4


def counted(*workers: Any) -> float:
    """Records of the legs that workers have counted."""
    return sum(worker.metric("fxwatch_events_total", agent="shared") for worker in workers)


def test_each_leg_counts_once_whatever_is_killed(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """A shared worker and ingest are killed at work, another is frozen past its session and comes back."""
    with Cluster(empty_broker.bootstrap, tmp_path, **SETTINGS) as cluster:
        [ingest] = cluster.start("ingest")
        first, second = cluster.spawn("shared"), cluster.spawn("shared")
        cluster.wait_ready([first, second])
        made, seeds = publish(cluster, 1), itertools.count(4)
        cluster.until(lambda: counted(first, second) > 0, 60, "no leg is counted")

        def more() -> None:
            nonlocal made
            made += publish(cluster, next(seeds))

        freeze_at_work(cluster, [ingest], lambda: handled_and_not_committed(cluster), more)
        ingest.kill()
        first.kill()
        cluster.start("ingest")
        third = cluster.spawn("shared")
        cluster.wait_ready([third])
        made += publish(cluster, 2)
        cluster.until(lambda: counted(third) > 0, 60, "no leg is counted")
        second.freeze()
        drained(cluster)
        cluster.until(lambda: held(third) == PARTITIONS, 10, "the last worker does not show all")
        # a zombie comes back, and more is to do; where it had something to publish, it is fenced and ends itself
        second.thaw()
        made += publish(cluster, 3)
        drained(cluster, second)
        second.kill()
        cluster.until(lambda: held(third) == PARTITIONS, 60, "the last worker does not hold all", may_end=[second])
        drained(cluster, second)
        cluster.stop_all()
        assert_shared_exact(cluster)
        assert cluster.digests(agent="shared") == cluster.digests("--from-ledger", agent="shared")
        found, by_hand = cluster.replay_legs(), counted_by_hand(cluster)
        for number, counters in found.counters.items():
            assert counters["redelivered"] == by_hand[number]["again"]
            assert counters["applied"] + counters["duplicates"] + counters["conflicts"] == by_hand[number]["new"]
        assert sum(one["again"] for one in by_hand.values()) > 0, "nothing was written again"
        assert found.nodes > 100
        again = sum(one["again"] for one in by_hand.values())
        new = sum(one["new"] for one in by_hand.values())
        trails = sum(len(seen) for seen in found.trails.values())
        print(f"{new} records of the legs, {again} written again, {found.nodes} nodes, {trails} trails, {made} cycles")
        assert len(found.trails) > 1, "no trail went from one partition to another"
        told = [alert for alert in cluster.alerts() if "T15" in [hit.id for hit in alert.typologies]]
        assert len({alert.parties for alert in told}) == len(told) == made
        proof = json.loads(cluster.fxwatch("reconcile", "--json").stdout)
        assert (proof["reconciled"], proof["problems"], proof["trails"]) == (True, [], trails)
        assert cluster.fxwatch("rescore", "--all").returncode == 0


def held(worker: Any) -> float:
    """Partitions of the legs that a worker shows as running."""
    return float(worker.metric("fxwatch_partition_state", agent="shared", state="running"))


def drained(cluster: Cluster, *may_end: Any) -> None:
    """Wait until ingest has read everything and the agent has applied every leg."""
    cluster.until(
        lambda: cluster.lag("ingest", *topics.INPUTS) == 0 and cluster.lag("shared", topics.LEGS) == 0,
        90,
        "not drained",
        may_end=may_end,
    )
