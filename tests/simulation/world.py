"""The world of one schedule: broker, ingest, consumer group, workers, and every operation that may befall them."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any, NamedTuple

from aiokafka.errors import ProducerFenced

from streams.errors import FencedError, PartitionStoppedError
from streams.kafka import topics
from streams.ledger import progress
from streams.ledger.progress import Published, Skip, encode, key_kind
from streams.monitor.core import MONITOR
from tests.simulation.clients import COMMIT_FAULTS, Network
from tests.simulation.damage import Damage
from tests.simulation.ingest import POISON, Ingest
from tests.simulation.kafka import MemoryKafka, Transaction
from tests.simulation.kafka import Place as LogPlace
from tests.simulation.sources import Sources, Written
from tests.simulation.virtual_time import VirtualLoop
from tests.simulation.worker import DiedError, Worker

SESSION_SECONDS = 10.0
DRAIN_SECONDS = 900.0


class Kind(NamedTuple):
    """Which core: how to make it, sources for it, and a state of its that no ledger led to."""

    name: str
    core: Callable[[], Any]
    sources: Callable[[random.Random, int, int], Sources]
    forged: Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]


class Violation(AssertionError):  # noqa: N818 - it is what was violated, not an error of the simulation
    """A guarantee that did not hold."""


class World(Ingest, Damage):
    """Everything that goes on in one schedule. Operations are methods `do_<name>(draw)`."""

    def __init__(self, seed: int, kind: Kind, events: int) -> None:
        self.draw = random.Random(seed)
        self.kind = kind
        self.partitions = self.draw.choice((1, 1, 2, 3))
        self.run_records = self.draw.choice((4, 16, 64, 256))
        self.snapshot_every = self.draw.choice((10, 40, 150, 600))
        self.tick = self.draw.choice((0.0, 0.0005, 0.005))
        self.sources = kind.sources(self.draw, events, self.partitions)
        self.kafka = MemoryKafka(random.Random(seed + 1), self._committed)
        self.network = Network(self.kafka, random.Random(seed + 2))
        self.written: list[list[Written]] = [[] for _ in range(self.partitions)]
        self.workers: list[Worker] = []
        self.everyone: list[Worker] = []
        self.skips: dict[int, set[int]] = {one: set() for one in range(self.partitions)}
        self.published: dict[int, int] = {}
        self.seen: dict[int, tuple[int, dict[Any, int]]] = {}
        self.deaths: list[BaseException] = []
        self.unlawful: list[str] = []
        # what happened beside faults of commits: deaths by fencing, damaged and forged snapshots, foreign transactions
        self.befell: Counter[str] = Counter()
        self._started = 0
        self._sent = [0] * len(self.sources.logs)
        self._late: list[list[Written]] = []
        self._rebalancing: asyncio.Task[None] | None = None
        for one in self.sources.first:
            self._append(one)

    # -- workers and their group ----------------------------------------------------------------------------------

    def spawn(self) -> Worker:
        """Start a process."""
        self._started += 1
        worker = Worker(
            f"worker-{self._started}", self.network, self.kind.core(), self.draw, self.snapshot_every, self.run_records
        )
        self.workers.append(worker)
        self.everyone.append(worker)
        return worker

    def bury(self) -> None:
        """Take note of processes that have ended themselves."""
        for worker in [worker for worker in self.workers if worker.dead]:
            self.workers.remove(worker)
            if worker.death is not None:
                self.deaths.append(worker.death)
                self.befell["fenced"] += isinstance(worker.death, FencedError)
                if isinstance(worker.death, FencedError) and not self._may_be_fenced():
                    self.unlawful.append(f"{worker.name} owned its partitions and ended with {worker.death!r}")

    def _may_be_fenced(self) -> bool:
        """Whether some process was stopped, left out of the group, or timed out unawares.

        Not the dead one alone: a zombie that goes on in the middle of opening a partition, or of settling a commit that
        was not answered, starts a producer, and so fences the rightful owner. The end is exact all the same.
        """
        return any(one.fenceable is not None for one in self.everyone)

    def do_kill(self, draw: random.Random) -> None:
        """`kill -9`; its group notices, and another takes over."""
        if self.workers:
            draw.choice(self.workers).kill()
        self.do_rebalance(draw)

    def do_stop(self, draw: random.Random) -> None:
        """A worker is stopped for longer than its session; the others take over."""
        running = [worker for worker in self.workers if not worker.stopped]
        if running:
            draw.choice(running).stop()
        self.do_rebalance(draw)

    def do_resume(self, draw: random.Random) -> None:
        """The stopped come back, as zombies until the next rebalance."""
        for worker in self.workers:
            worker.resume()
        if draw.random() < 0.5:
            self.do_rebalance(draw)

    def do_start(self, draw: random.Random) -> None:
        """One worker more."""
        if len(self.workers) < 3:
            self.spawn()
        self.do_rebalance(draw)

    def do_rebalance(self, draw: random.Random) -> None:
        """Partitions are dealt anew, behind what else goes on."""
        earlier, number = self._rebalancing, draw.random()
        self._rebalancing = asyncio.get_running_loop().create_task(self._rebalance(earlier, random.Random(number)))

    async def settled(self) -> None:
        """Wait for rebalances under way."""
        while self._rebalancing is not None and not self._rebalancing.done():
            await asyncio.wait({self._rebalancing})

    async def _rebalance(self, earlier: "asyncio.Task[None] | None", draw: random.Random) -> None:
        if earlier is not None:
            await asyncio.wait({earlier})
        members: list[Worker] = []
        while not members:
            self.bury()
            if all(worker.stopped for worker in self.workers):
                self.spawn()
            asked = [worker for worker in self.workers if not worker.stopped]
            answered = await _answered({worker.begin_revoking(): worker for worker in asked})
            for worker in asked:
                if worker not in answered:
                    worker.fenceable = "out of the group"
            members = [worker for worker in answered if not worker.dead and not worker.stopped]
        for worker in members:
            self._commit(worker, draw)
        # partitions of one that is stopped or dead go to the others; it hears of it when it is back
        dealt: dict[int, set[int]] = {number: set() for number in range(len(members))}
        for number in range(self.partitions):
            dealt[draw.randrange(len(members))].add(number)
        group = self.kafka.group
        for number, worker in enumerate(members):
            committed = {one: group.get(LogPlace(topics.LEDGER, one), 0) for one in dealt[number]}
            worker.spawn(worker.assign(dealt[number], committed))

    def _commit(self, worker: Worker, draw: random.Random) -> None:
        for number, offset in worker.acked.items():
            place = LogPlace(topics.LEDGER, number)
            if number in worker.held and draw.random() < 0.8:
                self.kafka.group[place] = max(offset, self.kafka.group.get(place, 0))

    def do_commit(self, draw: random.Random) -> None:
        """Faust commits what was acknowledged; of one that is out of the group the broker takes nothing."""
        if self._rebalancing is None or self._rebalancing.done():
            holders = [worker for worker in self.workers if not worker.stopped and not worker.dead]
            for number in range(self.partitions):
                if sum(number in worker.held for worker in holders) > 1:
                    return  # a zombie is among them: which of them is meant would be a guess
            for worker in holders:
                self._commit(worker, draw)

    # -- faults ---------------------------------------------------------------------------------------------------

    def do_fail_commit(self, draw: random.Random) -> None:
        """The next commit of outputs fails."""
        self.network.faults["outputs"] = draw.choice(COMMIT_FAULTS)

    def do_fail_snapshot(self, draw: random.Random) -> None:
        """The next commit of a snapshot fails."""
        self.network.faults["snapshot"] = draw.choice(COMMIT_FAULTS)

    def do_outage(self, draw: random.Random) -> None:
        """No request is answered for a while; workers that run notice."""
        loop = asyncio.get_running_loop()
        self.network.away_until = loop.time() + draw.random() * 8
        for worker in self.workers:
            if not worker.stopped:
                worker.saw_outage()
        if draw.random() < 0.5:  # long enough for the broker to time out what was open
            for identity in list(self.kafka._identities):
                if self.kafka._identities[identity].transaction is not None:
                    self.kafka.expire(identity)

    def do_compact(self, draw: random.Random) -> None:
        """Kafka compacts progress and snapshots."""
        number = draw.randrange(self.partitions)
        self.kafka.log(topics.PROGRESS, number).compact()
        if draw.random() < 0.7:
            self.kafka.log(topics.SNAPSHOTS, number).compact()

    def do_foreign(self, draw: random.Random) -> None:
        """Somebody else's transaction stays open on a partition's progress for a while: what is behind it is hidden."""
        self.befell["foreign"] += 1
        name = f"somebody-{self.befell['foreign']}"
        place, seconds = LogPlace(topics.PROGRESS, draw.randrange(self.partitions)), draw.random() * 8

        async def hold() -> None:
            epoch = await self.kafka.start_producer(name)
            self.kafka.append(name, epoch, place, b"somebody/else", b"{}", (), 0)
            await asyncio.sleep(seconds)
            with suppress(ProducerFenced):  # an outage was longer than its time-out
                await self.kafka.end_transaction(name, epoch, commit=False)

        asyncio.get_running_loop().create_task(hold(), context=Context())
        if draw.random() < 0.5:
            self.do_kill(draw)  # whoever comes next has to read that progress

    def do_skip(self, _draw: random.Random) -> None:
        """An operator decides on every offset that a partition has stopped at."""
        for worker in self.workers:
            for number in sorted(worker.held):
                owner = worker.owner_of(number)
                if owner is not None and owner.status == "stopped" and not worker.stopped:
                    self._decide(number, owner.cause)

    def _decide(self, number: int, cause: PartitionStoppedError) -> None:
        offset = cause.position
        if offset is None:
            raise Violation(f"partition {number} stopped though nothing is wrong with the ledger: {cause}")
        if self.written[number][offset].value != POISON:
            raise Violation(f"partition {number} stopped at {offset}, which can be applied")
        if offset not in self.skips[number]:
            self.skips[number].add(offset)
            place = MONITOR.place(number)
            skip = Skip(offset=offset, reason="poison", who="simulation", at="now")
            self.kafka.log(topics.PROGRESS, number).append(place.skip_key(offset), encode(skip))

    # -- what must hold all the time ------------------------------------------------------------------------------

    def _committed(self, transaction: Transaction) -> None:
        """Positions are published in rising order, once each."""
        for log in transaction.logs:
            for record in reversed(log.records):
                if record.transaction is not transaction:
                    break
                for number in range(self.partitions):
                    if record.value and key_kind(MONITOR.name, number, record.key or b"") == ("published", ""):
                        position = progress.decode(record.value, Published).next
                        if position <= self.published.get(number, 0):
                            self.unlawful.append(f"published position of {number}: {position} after {self.published}")
                        self.published[number] = position

    def look(self) -> None:
        """Marks never fall behind those of an earlier position."""
        for worker in self.workers:
            for number, owner in worker.agent.partitions.items():
                if owner.state is None or owner._lock.locked():
                    continue
                position, marks = owner.state.next, dict(owner.state.marks)
                before, known = self.seen.get(number, (0, {}))
                if position >= before and any(marks.get(one, -1) < mark for one, mark in known.items()):
                    raise Violation(f"marks of partition {number} fell: {known} at {before}, {marks} at {position}")
                if position >= before:
                    self.seen[number] = position, marks
        if self.unlawful:
            raise Violation(self.unlawful[0])
        for fault in self.loop.faults:
            if not isinstance(fault.get("exception"), DiedError):
                raise Violation(f"a task failed and nobody asked: {fault}")
        self.bury()
        wrong = [death for death in self.deaths if type(death).__name__ not in EXPECTED_DEATHS]
        if wrong:
            raise Violation(f"a worker ended with {wrong[0]!r}")

    # -- the end --------------------------------------------------------------------------------------------------

    async def drain(self) -> None:
        """No more faults: all is ingested, stopped partitions are decided on, and every partition reaches its end."""
        self.network.calm = True
        self.network.away_until = 0.0
        for worker in self.workers:
            worker.resume()
        while self._late:
            self.do_arrive(self.draw)
        while not self.ingested:
            self.do_ingest(self.draw, 500)
        self.do_rebalance(self.draw)
        deadline = self.loop.time() + DRAIN_SECONDS
        while not self._done():
            if self.loop.time() > deadline:
                raise Violation(f"not at the ledger's end after {DRAIN_SECONDS:.0f} s: {self._behind()}")
            await self.settled()
            self.bury()
            if sorted(one for worker in self.workers for one in worker.held) != list(range(self.partitions)):
                self.do_rebalance(self.draw)
            self.do_skip(self.draw)
            self.look()
            await asyncio.sleep(1.0)

    async def refuse_foreign_ledger(self) -> None:
        """A state learned from another ledger: whoever opens the partition must stop, and name the reason."""
        place = LogPlace(topics.SNAPSHOTS, 0)
        for worker in self.workers:
            worker.kill()
        await asyncio.sleep(SESSION_SECONDS)  # what they had under way arrives
        if place not in self.kafka.logs or not self._forge(0, "foreign ledger"):
            return
        worker = self.spawn()
        worker.spawn(worker.assign({0}, {0: 0}))
        deadline = self.loop.time() + SESSION_SECONDS
        while (owner := worker.owner_of(0)) is None or owner.status in {"closed", "replaying"}:
            if self.loop.time() > deadline:
                raise Violation("a partition with a snapshot of another ledger is neither stopped nor running")
            await asyncio.sleep(0.1)
        if owner.status != "stopped":
            raise Violation(f"a snapshot of another ledger was accepted; the partition is {owner.status}")

    def owners(self, number: int) -> list[Any]:
        """Every worker's view of a partition that Faust believes it has."""
        found = [worker.owner_of(number) for worker in self.workers if number in worker.held]
        return [owner for owner in found if owner is not None]

    def _done(self) -> bool:
        self.bury()
        for number, written in enumerate(self.written):
            owners = self.owners(number)
            if len(owners) != 1 or owners[0].status != "running" or owners[0].state.next != len(written):
                return False
            if owners[0]._lock.locked():
                return False
        return self._rebalancing is None or self._rebalancing.done()

    def _behind(self) -> list[str]:
        return [
            f"[{number}] {owner.status} at {owner.state and owner.state.next} of {len(self.written[number])}"
            for number in range(self.partitions)
            for owner in self.owners(number)
        ] or ["nobody owns anything"]

    @property
    def loop(self) -> VirtualLoop:
        """The loop it runs on."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return loop


# How a worker may end itself; by `FencedError` only as `_may_be_fenced` says. Everything else is a fault.
EXPECTED_DEATHS = ("FencedError", "DeliveryError")


async def _answered(tasks: dict["asyncio.Task[Any]", Worker]) -> list[Worker]:
    """The members that gave their partitions back within the session time-out; the others are out of the group."""
    if tasks:
        done, _ = await asyncio.wait(tasks, timeout=SESSION_SECONDS)
        for task in done:
            fault = None if task.cancelled() else task.exception()
            if fault is not None and not isinstance(fault, DiedError):
                raise fault
    return [worker for task, worker in tasks.items() if task.done()]
