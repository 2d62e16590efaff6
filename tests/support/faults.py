"""Faults of a chaos run: what is done to workers and brokers, and that the workers get over it by themselves."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple, Self

from kafka import KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from streams.kafka import topics
from tests.support.cluster import PARTITIONS, Cluster
from tests.support.figures import Figures
from tests.support.three_brokers import ThreeBrokers
from tests.support.worker_process import Worker

# Until the groups hold the living workers alone, every partition runs and both groups commit. Session time-out, two
# rebalances and replay are some 15 s; a broker that is killed with its coordinators adds its own session and aiokafka's
# retries.
RECOVERY_SECONDS = 120.0
# A stopped process is asked whether its transaction is still open, twice, this far apart: a commit that was sent
# already is done by then.
SETTLE_SECONDS = 0.1
IN_TRANSACTION_SECONDS = 30.0
# SIGTERM: drained and gone within this, outside a join (GUARANTEES, "Crashes, brokers, network")
EXIT_SECONDS = 5.0
# what a worker may grow by while the brokers are away (the same), MB of 10^6 bytes
GROWTH_MEGABYTES = 100.0


class Scene:
    """Workers and brokers under fault. Every method is a fault and returns when the workers have got over it.

    `roles` are those of the first workers. What is hit, and when, is drawn from `draw` alone.
    """

    def __init__(
        self,
        cluster: Cluster,
        brokers: ThreeBrokers | None,
        roles: tuple[str, ...],
        draw: random.Random,
        figures: Figures,
    ) -> None:
        self.cluster, self.figures, self._draw, self._brokers = cluster, figures, draw, brokers
        self.excused: list[Worker] = []
        self.team = cluster.start(*roles)

    @property
    def brokers(self) -> ThreeBrokers:
        """The brokers, for faults that need three."""
        assert self._brokers is not None, "a fault of brokers needs a cluster of its own"
        return self._brokers

    def _recover(self, kind: str, since: float) -> None:
        """Wait until the workers have got over it: settled, and both groups commit again. Note how long it took."""
        # a zombie may find itself fenced long after it answered again: whoever watches must not miss a worker for that
        self.cluster.until(self.cluster.settled, RECOVERY_SECONDS, f"not over the {kind}", may_end=self.excused)
        marks: dict[str, int] = {}
        for agent, work in (("ingest", topics.INPUTS), ("monitor", (topics.LEDGER,))):
            self.cluster.until(
                lambda agent=agent, work=work: self._goes_on(agent, work, marks),
                RECOVERY_SECONDS,
                f"{agent} does not go on after the {kind}",
                may_end=self.excused,
            )
        took = time.monotonic() - since
        self.figures.takeovers.append((kind, took))
        print(f"{time.strftime('%H:%M:%S')} over the {kind} after {took:.1f} s", flush=True)

    def _goes_on(self, agent: str, work: tuple[str, ...], marks: dict[str, int]) -> bool:
        """Whether the group has committed more than when first asked, or has nothing left to commit."""
        done = sum(self.cluster.committed(agent).values())
        return done > marks.setdefault(agent, done) or self.cluster.lag(agent, *work) == 0

    def replace_ended(self) -> None:
        """Start another in the place of each zombie that has ended since it was looked at: no fault is to choose it."""
        ended = [place for place, one in enumerate(self.team) if one in self.excused and not one.alive()]
        for place in ended:
            self._count_ended(self.team[place])
            self.figures.zombies_back -= 1
            self.team[place] = self.cluster.spawn(self.team[place].role)
        if ended:
            self._recover("late end of a zombie", time.monotonic())

    def _count_ended(self, zombie: Worker) -> None:
        assert "Traceback" not in zombie.words(), zombie.words()
        self.figures.zombies_ended += 1

    def _choose(self, *roles: str) -> int:
        places = [place for place, one in enumerate(self.team) if not roles or one.role in roles]
        return self._draw.choice(places)

    # -- workers --------------------------------------------------------------------------------------------------

    def kill_worker(self) -> None:
        """Kill -9 of a worker at any moment; another starts at once."""
        self._kill("kill -9", self._choose())

    def kill_in_transaction(self) -> None:
        """Kill -9 of a monitor between the sending of outputs and their commit; another starts at once."""
        place = self._choose("monitor", "all")
        if self._stop_in_transaction(self.team[place]):
            self.figures.kills_in_transaction += 1
        self._kill("kill -9", place)

    def _kill(self, kind: str, place: int) -> None:
        self.team[place].kill()
        killed = time.monotonic()
        self.figures.kills += 1
        self.team[place] = self.cluster.spawn(self.team[place].role)
        self._recover(kind, killed)

    def _stop_in_transaction(self, worker: Worker) -> bool:
        """Stop the worker when a record of its is written and not committed; False when none was met in time.

        Only a stopped process can be looked at and then killed in the very state that was seen.
        """
        held = worker.running_partitions()
        worker.probed = True
        try:
            with OpenOutputs(self.cluster) as outputs:
                deadline = time.monotonic() + IN_TRANSACTION_SECONDS
                while time.monotonic() < deadline:
                    worker.freeze()
                    if outputs.open(held):
                        time.sleep(SETTLE_SECONDS)
                        if outputs.open(held):
                            return True
                    worker.thaw()
                    time.sleep(self._draw.uniform(0.001, 0.02))
        finally:
            worker.probed = False
        return False

    def terminate_worker(self) -> None:
        """SIGTERM: the worker drains and exits 0 in time; another starts when it is gone."""
        place = self._choose()
        self._terminate(place)
        left = time.monotonic()
        self.team[place] = self.cluster.spawn(self.team[place].role)
        self._recover("SIGTERM", left)

    def _terminate(self, place: int) -> None:
        worker = self.team[place]
        code = worker.stop()
        assert worker.stopped_after is not None
        self.figures.exits.append(worker.stopped_after)
        assert code == 0, f"SIGTERM ended {worker.log.name} with {code}:\n{worker.words()}"

    def stop_worker(self) -> None:
        """SIGSTOP, in mid-transaction where it can be, for longer than the session time-out; then SIGCONT."""
        place = self._choose()
        zombie = self.team[place]
        if zombie.role != "ingest" and self._stop_in_transaction(zombie):
            self.figures.stops_in_transaction += 1
        else:
            zombie.freeze()
        stopped = time.monotonic()
        # its partitions are running elsewhere: now whatever it still does is a zombie's
        self.cluster.until(
            self.cluster.settled, RECOVERY_SECONDS, "the stopped worker is not replaced", may_end=self.excused
        )
        self.figures.takeovers.append(("SIGSTOP", time.monotonic() - stopped))
        self.excused.append(zombie)
        zombie.thaw()
        continued = time.monotonic()
        self.cluster.until(
            lambda: not zombie.alive() or zombie.page("/readyz") is not None,
            RECOVERY_SECONDS,
            "the zombie is undecided",
            may_end=self.excused,
        )
        self._recover("SIGCONT", continued)
        # an answer of its pages is not the end of it: it may find itself fenced a moment later
        if zombie.alive():
            self.figures.zombies_back += 1  # unless it ends after all: see `replace_ended`
            return
        self._count_ended(zombie)
        self.team[place] = self.cluster.spawn(zombie.role)
        self._recover("end of the zombie", time.monotonic())

    def scale(self, workers: int) -> None:
        """Start or stop workers (SIGTERM) until there are `workers`."""
        began = time.monotonic()
        while len(self.team) > workers:
            self._terminate(len(self.team) - 1)
            self.team.pop()
        while len(self.team) < workers:
            self.team.append(self.cluster.spawn(self.team[0].role))
        self._recover(f"scaling to {workers}", began)

    def scale_at_random(self) -> None:
        """One, two or three workers, other than now."""
        self.scale(self._draw.choice([count for count in (1, 2, 3) if count != len(self.team)]))

    # -- brokers --------------------------------------------------------------------------------------------------

    def kill_broker(self) -> None:
        """Kill -9 of a broker; now and then a worker is killed while it is away; then the broker starts again."""
        number = self._draw.choice(sorted(self.brokers.nodes))
        self.brokers.kill([number])
        killed = time.monotonic()
        self._recover("broker kill -9", killed)
        if self._draw.random() < 0.5:
            self._kill("kill -9 with a broker away", self._choose())
        self.brokers.start([number])
        self.figures.in_sync_seconds.append(self.brokers.wait_in_sync())
        self._recover("broker restart", time.monotonic())
        self.figures.broker_kills += 1

    def elect_leaders(self) -> None:
        """Half of all partitions get another leader at once, the coordinators' among them."""
        moved = self.brokers.elect(self._draw)
        assert moved > 0, "no partition has another leader"
        self.figures.elections += 1
        self._recover("election", time.monotonic())

    def all_away(self, seconds: float) -> None:
        """All brokers killed for `seconds`: nobody ends, memory stays, and work goes on by itself."""
        before = {worker: worker.resident_megabytes() for worker in self.team}
        self.brokers.kill(self.brokers.nodes)
        killed = time.monotonic()
        while time.monotonic() - killed < seconds:
            for worker in self.team:
                assert worker.alive(), f"{worker.log.name} did not wait:\n{worker.words()}"
                self._note_growth(worker, before)
            time.sleep(1)
        self.brokers.start(self.brokers.nodes)
        back = time.monotonic()
        self._recover("outage", back)
        for worker in self.team:
            self._note_growth(worker, before)
        self.brokers.wait_in_sync()
        self.figures.outages += 1

    def _note_growth(self, worker: Worker, before: dict[Worker, float]) -> None:
        growth = worker.resident_megabytes() - before[worker]
        self.figures.growth_megabytes = max(self.figures.growth_megabytes, growth)


class OpenOutputs:
    """Tells in which partitions a monitor's outputs hold records of an open transaction; a context manager.

    Alerts are rare in a stream's first days, open items are not: one transaction sends both.
    """

    def __init__(self, cluster: Cluster) -> None:
        addresses = cluster.settings.bootstrap_servers
        self._readers = [
            KafkaConsumer(bootstrap_servers=addresses, enable_auto_commit=False, isolation_level=level)
            for level in ("read_uncommitted", "read_committed")
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._readers:
            reader.close()

    def open(self, partitions: set[int]) -> bool:
        """Whether one of `partitions` has records after its last stable offset."""
        numbers = [number for number in range(PARTITIONS) if number in partitions]
        asked = [TopicPartition(name, number) for name in (topics.ALERTS, topics.OPEN_ITEMS) for number in numbers]
        if not asked:
            return False
        try:
            written, stable = (reader.end_offsets(asked) for reader in self._readers)
        except KafkaError:
            return False  # a leader is on the move; asked again in a moment
        return any(written[tp] > stable[tp] for tp in asked)


class Fault(NamedTuple):
    """A fault of a schedule. `seconds`: how long it takes as a rule; the stream is sent so slowly that it lasts."""

    name: str
    seconds: float
    act: Callable[[Scene], None]


KILL_WORKER = Fault("kill -9", 18, Scene.kill_worker)
KILL_IN_TRANSACTION = Fault("kill -9 in a transaction", 18, Scene.kill_in_transaction)
TERMINATE_WORKER = Fault("SIGTERM", 12, Scene.terminate_worker)
STOP_WORKER = Fault("SIGSTOP and SIGCONT", 28, Scene.stop_worker)
SCALE = Fault("scale", 12, Scene.scale_at_random)
KILL_BROKER = Fault("kill -9 of a broker", 35, Scene.kill_broker)
ELECT_LEADERS = Fault("leader election", 4, Scene.elect_leaders)


def scale_to(workers: int) -> Fault:
    """Scale to `workers` workers."""
    return Fault(f"scale to {workers}", 12, lambda scene: scene.scale(workers))


def all_away(seconds: float) -> Fault:
    """All brokers away for `seconds`."""
    return Fault(f"all brokers away for {seconds:.0f} s", seconds + 25, lambda scene: scene.all_away(seconds))


# How often each fault comes in a random schedule; shares, not counts.
WEIGHTS = (
    (KILL_WORKER, 4),
    (KILL_IN_TRANSACTION, 4),
    (TERMINATE_WORKER, 3),
    (STOP_WORKER, 2),
    (SCALE, 3),
    (KILL_BROKER, 3),
    (ELECT_LEADERS, 3),
    (all_away(60), 1),
)


def random_schedule(seed: int, faults: int) -> list[Fault]:
    """`faults` faults, drawn by their weights from `seed`; equal seeds give equal schedules."""
    kinds, weights = zip(*WEIGHTS, strict=True)
    return random.Random(seed).choices(kinds, weights, k=faults)
