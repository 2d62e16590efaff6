"""A stream through real workers, some of which are killed meanwhile; then the proof that nobody can tell."""

import random
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from streams import topics
from streams.publish import publish_records
from streams.simulate import Simulation
from tests.support.cluster import PARTITIONS, Cluster, Worker, assert_exact, missed_cases

# of a run of 100 000 events a partition has some 20 snapshots, and a replay is at most this long
SNAPSHOT_EVERY = 1_000
TAKEOVER_SECONDS = 60.0
# Rules alone raise a dozen alerts in 100 000 events, and a kill would hardly ever hit a transaction. With this one
# payment in ten or twenty raises one, so that nearly every run has something to publish.
MANY_ALERTS = {"detectors": {"warm_up": 20, "daily_budget": 36.0}}
# a stream with kills is sent so slowly that each takeover (session time-out, rebalance, replay) falls into it
SECONDS_PER_KILL = 15.0


class Figures(msgspec.Struct, kw_only=True):
    """What a run measured. `takeover_seconds`: from the kill until all partitions run again, by kill."""

    events: int
    victims: str | None
    kills: int = 0
    seconds: float = 0.0
    takeover_seconds: list[float] = []
    replayed: int = 0
    redelivered: int = 0
    alerts: int = 0
    seen_twice_uncommitted: int = 0

    def __str__(self) -> str:
        takeovers = " ".join(f"{one:.1f}" for one in self.takeover_seconds)
        return (
            f"{self.events:,} events, {self.kills} kills: {self.events / self.seconds:,.0f} events/s, "
            f"takeovers after {takeovers or '-'} s, "
            f"{self.replayed:,} replayed by workers still alive, {self.redelivered:,} redelivered to the ledger, "
            f"{self.alerts} alerts, "
            f"{self.seen_twice_uncommitted} published records seen again by a read_uncommitted reader"
        )


class Sender(threading.Thread):
    """Sends a stream beside the workers, flat out or at `rate` records/s."""

    def __init__(self, bootstrap: str, stream: Simulation, events: int, rate: float | None) -> None:
        super().__init__(name="sender", daemon=True)
        self._address, self._stream, self._events, self._rate = bootstrap, stream, events, rate
        self.fault: BaseException | None = None

    def run(self) -> None:
        """Send all; a fault is kept for `finish`."""
        try:
            publish_records(self._address, self._stream, self._rate, stamps="now", expected=self._events)
        except BaseException as fault:  # noqa: BLE001 - raised in the test's own thread
            self.fault = fault

    def finish(self) -> None:
        """Wait for the end; raises what sending raised."""
        self.join(300)
        assert not self.is_alive(), "the stream is not sent after 300 s"
        if self.fault is not None:
            raise self.fault


def run_with_kills(bootstrap: str, directory: Path, *, events: int, victims: str | None, kills: int, seed: int = 1,
                   bad_share: float = 0.01, **settings: Any) -> Figures:  # fmt: skip
    """Two workers of each role throughout; those of the role `victims` are killed with -9 and started again.

    Kills are spread evenly over the records to apply, which worker and the moment are drawn from `seed`. At the end
    everything that can be proved from the topics is asserted.
    """
    figures, draw = Figures(events=events, victims=victims, takeover_seconds=[]), random.Random(seed)
    rate = events / (kills * SECONDS_PER_KILL) if kills else None
    stream = Simulation(seed=seed, events=events, bad_share=bad_share)
    with Cluster(bootstrap, directory, MANY_ALERTS, **{"snapshot_every_events": SNAPSHOT_EVERY} | settings) as cluster:
        team = {role: cluster.start(role, role) for role in ("ingest", "monitor")}
        sender, began = Sender(bootstrap, stream, events, rate), time.monotonic()
        sender.start()
        for number in range(1, kills + 1):
            assert victims is not None
            due = events * number // (kills + 1)
            cluster.until(lambda due=due: cluster.ingested() >= due, 300, f"kill {number} is not due")
            time.sleep(draw.uniform(0, 0.3))
            _kill_one(cluster, team[victims], draw, figures)
        sender.finish()
        cluster.wait_drained(600)
        figures.seconds = time.monotonic() - began
        _conclude(cluster, stream, figures)
        assert not kills or figures.replayed + figures.redelivered > 0, "no kill hit anything: the test proves nothing"
    return figures


def _kill_one(cluster: Cluster, workers: list[Worker], draw: random.Random, figures: Figures) -> None:
    """Kill one of two workers, start another at once, and measure until every partition runs again."""
    place = draw.randrange(len(workers))
    role = workers[place].role
    work = topics.INPUTS if role == "ingest" else (topics.LEDGER,)
    cluster.until(lambda: cluster.lag(role, *work) > 0, 60, "there is nothing to disturb")
    workers[place].kill()
    killed = time.monotonic()
    workers[place] = cluster.spawn(role)
    # the dead member is in the group until its session ends, so first it must be missed at all
    before = sum(cluster.committed(role).values())
    cluster.wait_ready([workers[place]])
    if role == "monitor":
        cluster.until(
            lambda: cluster.running_partitions() == PARTITIONS, TAKEOVER_SECONDS, "partitions are not running again"
        )
    else:
        cluster.until(lambda: sum(cluster.committed(role).values()) > before or cluster.lag(role, *topics.INPUTS) == 0,
                      TAKEOVER_SECONDS, "ingest does not go on")  # fmt: skip
    figures.takeover_seconds.append(time.monotonic() - killed)
    figures.kills += 1


def _conclude(cluster: Cluster, stream: Simulation, figures: Figures) -> None:
    replay = cluster.replay()
    assert_exact(cluster, replay)
    alerts = cluster.alerts()
    ids = [alert.alert_id for alert in alerts]
    assert len(ids) == len(set(ids)), "a read_committed reader sees an alert twice"
    if figures.victims != "ingest":
        # half of the inputs stand still for the length of a session time-out, which is weeks of so fast a stream:
        # payments then go without their rates, and what is found differs, though nothing is lost
        assert missed_cases(stream, cluster.keys, alerts, by_due=False) == []
    figures.alerts = len(alerts)
    assert figures.alerts > figures.events / 100, "too few alerts for a kill to hit any"
    figures.replayed = int(sum(worker.metric("fxwatch_replayed_events_total", agent="monitor")
                               for worker in cluster.workers if worker.alive()))  # fmt: skip
    figures.redelivered = sum(counters.get("redelivered", 0) for counters in replay.counters.values())
    names = [topics.ALERTS, topics.NOTICES, *(topics.desk_topic(desk) for desk in cluster.settings.effective.desks)]
    seen = sum(cluster.count_uncommitted(name).total() for name in names)
    figures.seen_twice_uncommitted = seen - sum(len(found) for found in replay.outputs.values())
