"""A stream through real workers while a schedule of faults befalls them; then the proof that nobody can tell."""

import copy
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streams.generator import Simulation
from streams.kafka import topics
from streams.rule_packs import default_tables
from tests.support.cluster import Cluster, assert_exact
from tests.support.faults import EXIT_SECONDS, GROWTH_MEGABYTES, Fault, Scene
from tests.support.figures import Figures
from tests.support.partition_watch import PartitionWatch
from tests.support.planted import excused_cases, missed_cases
from tests.support.sender import Sender, fingerprint
from tests.support.three_brokers import ThreeBrokers

# of a run of 100 000 events a partition has some 20 snapshots, and a replay is at most this long
SNAPSHOT_EVERY = 1_000
# Rules alone raise a dozen alerts in 100 000 events, and a kill would hardly ever hit a transaction. With this one
# payment in ten or twenty raises one, so that nearly every run has something to publish.
MANY_ALERTS = {"detectors": {"warm_up": 20, "daily_budget": 36.0, "rank_ceiling": 1.0, "most_by_chance": 1e9}}
DRAIN_SECONDS = 900.0
DUE_SECONDS = 600.0


def with_line(value: str) -> dict[str, Any]:
    """The tables of the stream's configuration, with another document line."""
    limits = copy.deepcopy(default_tables()["rules"]["T01"]["limits"])
    for limit in limits:
        if limit["name"] == "document_line":
            limit["value"] = value
    return MANY_ALERTS | {"rules": {"T01": {"limits": limits}}}


def run_with_faults(
    brokers: ThreeBrokers,
    directory: Path,
    schedule: Sequence[Fault],
    *,
    events: int,
    seed: int,
    roles: tuple[str, ...],
    bad_share: float = 0.01,
    haste: float = 1.0,
    **settings: Any,
) -> Figures:
    """Send `events` through workers of `roles` while the faults of `schedule` come one after the other.

    Each fault has an equal share of the stream, which goes on during it: what it hits is drawn from `seed`. At the end
    everything is asserted that can be proved from the topics.
    `haste`: how many times faster the stream is sent than the faults take as a rule; it waits when it is ahead.
    """
    figures = Figures(events=events)
    rate = haste * events / sum(fault.seconds for fault in schedule)
    shares = len(schedule) + 1
    stream = Simulation(seed=seed, events=events, bad_share=bad_share)
    chosen = {"snapshot_every_events": SNAPSHOT_EVERY} | settings
    with Cluster(brokers.bootstrap, directory, MANY_ALERTS, cold=True, **chosen) as cluster:
        scene = Scene(cluster, brokers, roles, random.Random(seed), figures)
        sender = Sender(brokers.bootstrap, stream, rate, allowed=2 * events // shares)
        began = time.monotonic()
        with PartitionWatch(cluster) as watch:
            sender.start()
            for number, fault in enumerate(schedule, 1):
                due = events * number // shares
                cluster.until(
                    lambda due=due: cluster.ingested() >= due,
                    DUE_SECONDS,
                    f"{fault.name} is not due",
                    may_end=scene.excused,
                )
                scene.replace_ended()
                fault.act(scene)
                sender.allow(sys.maxsize if number == len(schedule) else events * (number + 2) // shares)
            sender.finish()
            cluster.wait_drained(DRAIN_SECONDS, may_end=scene.excused)
            figures.seconds = time.monotonic() - began
        figures.pauses, figures.resent = watch.pauses, sender.resent
        _conclude(cluster, stream, sender, figures)
    return figures


def _conclude(cluster: Cluster, stream: Simulation, sender: Sender, figures: Figures) -> None:
    """The proof, and the figures that are had only at the end."""
    figures.replayed = int(
        sum(
            worker.metric_now("fxwatch_replayed_events_total", agent="monitor")
            for worker in cluster.workers
            if worker.alive()
        )
    )
    _assert_nothing_lost(cluster, sender.acknowledged, figures.events)
    replay = cluster.replay()
    # a million events are not replayed twice
    assert_exact(cluster, replay, from_ledger=figures.events <= 200_000)
    alerts = cluster.alerts()
    ids = [alert.alert_id for alert in alerts]
    assert len(ids) == len(set(ids)), "a read_committed reader sees an alert twice"
    figures.without_rate = len(replay.without_rate)
    missed = set(missed_cases(stream, cluster.keys, alerts, by_due=False))
    figures.missed_cases = len(missed)
    unexplained = missed.difference(excused_cases(stream, replay.without_rate))
    assert not unexplained, f"planted cases without an alert, though their payments had their rates: {unexplained}"
    figures.alerts = len(alerts)
    # 1 %, as far as the desks' daily budgets let so many through (a million events: 5 659)
    assert figures.alerts > min(figures.events / 100, 5_000), "too few alerts for a fault to hit any"
    figures.redelivered = sum(counters.get("redelivered", 0) for counters in replay.counters.values())
    names = [
        topics.ALERTS,
        topics.NOTICES,
        topics.OPEN_ITEMS,
        *(topics.desk_topic(desk) for desk in cluster.settings.effective.desks),
    ]
    seen = sum(cluster.count_uncommitted(name).total() for name in names)
    # of all agents: whoever reads uncommitted sees what was aborted beside what stands
    figures.seen_again_uncommitted = seen - sum(1 for _ in cluster.read(*names))
    in_transaction = figures.kills_in_transaction + figures.stops_in_transaction
    assert figures.seen_again_uncommitted > 0 or not in_transaction, "no transaction was aborted"
    assert all(seconds < EXIT_SECONDS for seconds in figures.exits), f"SIGTERM to exit: {figures.exits} s"
    assert figures.growth_megabytes < GROWTH_MEGABYTES


def _assert_nothing_lost(cluster: Cluster, acknowledged: Counter[bytes], events: int) -> None:
    """Every record that the brokers acknowledged to the sender stands on its topic.

    A stream may hold a record or two more than was asked for: a planted case is not cut off.
    """
    assert acknowledged.total() >= events
    lost = acknowledged - Counter(
        fingerprint(tp.topic, record.key, record.value) for tp, record in cluster.stream(*topics.INPUTS)
    )
    assert not lost, f"{lost.total()} acknowledged records are not on their topics"
