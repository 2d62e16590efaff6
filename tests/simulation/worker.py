"""A simulated monitor process: the real `StatefulAgent`, and around it what Faust and the operating system do."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextvars import Context, copy_context
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from streams.kafka import topics
from streams.monitor.agent import MONITOR_AGENT
from streams.partition.stateful_agent import StatefulAgent
from streams.settings import Settings
from tests.simulation.clients import HOST, Network

TOPIC_ID = "the-ledger"
# Faust's side: how long an idle stream sleeps, and how many runs wait in its queue at most
IDLE_SECONDS = 0.1
QUEUED_RUNS = 4
LOST_RUNS = 0.02
OUTAGE_REMEMBERED = 30.0
SETTINGS = Settings(
    bootstrap="memory:9092",
    transaction_timeout_seconds=10.0,
    broker_patience_seconds=60.0,
    shutdown_seconds=5.0,
    snapshot_every_seconds=3600.0,
    run_records=256,
    queued_runs=4,
    order_wait_seconds=0.5,
)


class DiedError(BaseException):
    """The process has ended itself (`health.die`); no handler of the code under test runs after it."""


class NoMetrics:
    """Metrics that nobody reads."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> None:
        pass


def _ignore(*_: Any, **__: Any) -> None:
    pass


class NoFaust:
    """Faust's app as far as the agent's constructor touches it; the worker below plays its part."""

    conf = SimpleNamespace(id="fxwatch-monitor")

    def __init__(self) -> None:
        signal = SimpleNamespace(connect=_ignore)
        self.on_partitions_assigned = self.on_partitions_revoked = self.on_before_shutdown = signal

    def agent(self, *_: Any, **__: Any) -> Any:
        return _ignore


def monitor_agent(core: Any, snapshot_every: int, was_away: Callable[[], bool]) -> StatefulAgent[Any]:
    """The product's own agent on a core that may be another one. World.installed has replaced Faust and aiokafka."""
    broker: Any = SimpleNamespace(was_away=was_away, reachable=True)
    settings: Any = SETTINGS.model_copy(update={"snapshot_every_events": snapshot_every})
    metrics: Any = NoMetrics()
    return StatefulAgent(
        replace(MONITOR_AGENT, core=lambda _version: core),
        settings,
        metrics,
        broker,
        topic_id=TOPIC_ID,
        code_version="1",
        config_version="c",
        web=False,
    )


class Worker:
    """One process. `held`: partitions that Faust believes are its own; `acked`: what it would commit for them."""

    def __init__(
        self, name: str, network: Network, core: Any, draw: Any, snapshot_every: int, run_records: int
    ) -> None:
        self.name, self._network, self._draw, self._run_records = name, network, draw, run_records
        self.dead = False
        self.death: BaseException | None = None
        # what befell this process that others may fence it for
        self.fenceable: str | None = None
        self.held: set[int] = set()
        self.acked: dict[int, int] = {}
        self.tasks: set[asyncio.Task[Any]] = set()
        self._positions: dict[int, int] = {}
        self._queue: deque[tuple[int, list[Any]]] = deque()
        self._running = asyncio.Event()
        self._running.set()
        self._outage: float | None = None
        # Faust calls a worker's rebalance handlers one after the other
        self._rebalance = asyncio.Lock()
        self._revoking: asyncio.Task[Any] | None = None
        self._context: Context = copy_context()
        self._context.run(HOST.set, self)
        self.agent = monitor_agent(core, snapshot_every, self._was_away)
        self.spawn(self.agent._agent(self))

    # -- the process ----------------------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run something in this process; a kill ends it."""
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())

    @property
    def stopped(self) -> bool:
        """Whether it is stopped (SIGSTOP)."""
        return not self._running.is_set()

    def stop(self) -> None:
        """As SIGSTOP."""
        self.fenceable = "stopped"
        self._running.clear()

    def resume(self) -> None:
        """As SIGCONT."""
        self._running.set()

    async def breathe(self) -> None:
        """Wait while stopped."""
        if self.stopped:
            await self._running.wait()

    def kill(self) -> None:
        """As `kill -9`: no handler has any effect on the broker after this."""
        self.dead = True
        for task in list(self.tasks):
            if task is not asyncio.current_task():
                task.cancel()

    def die(self, error: BaseException) -> None:
        """`health.die`: the process says why and is gone."""
        self.death = error
        self.kill()
        raise DiedError

    def expired_unseen(self) -> None:
        """The broker has timed its transaction out, and nothing tells it why it is fenced."""
        self.fenceable = "timed out"

    def saw_outage(self) -> None:
        """The broker watch's probe failed."""
        self._outage = asyncio.get_running_loop().time()

    def _was_away(self) -> bool:
        return self._outage is not None and asyncio.get_running_loop().time() - self._outage < OUTAGE_REMEMBERED

    # -- Faust ----------------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[Any]:
        """The agent's stream: runs of the partitions held; what was yielded is acknowledged when asked for the next."""
        while True:
            await self.breathe()
            self._fetch()
            if not self._queue:
                await asyncio.sleep(IDLE_SECONDS)
                continue
            partition, records = self._queue.popleft()
            yield SimpleNamespace(message=SimpleNamespace(partition=partition), value=records)
            self.acked[partition] = records[-1].offset + 1
            await asyncio.sleep(0)

    def _fetch(self) -> None:
        for partition in sorted(self.held):
            if len(self._queue) >= QUEUED_RUNS:
                return
            if self.agent.ready(TP(topics.LEDGER, partition)):
                length = self._draw.randint(1, self._run_records)
                log = self._network.kafka.log(topics.LEDGER, partition)
                records, position = log.read(self._positions[partition], length, committed=False)
                if not records:
                    continue
                self._positions[partition] = position
                # Faust acknowledges and loses a run now and then (DESIGN section 3); the next one shows the gap
                if position == log.end or self._draw.random() > LOST_RUNS:
                    self._queue.append((partition, records))

    def begin_revoking(self) -> "asyncio.Task[Any]":
        """Ask for everything back; one that is still busy with the last time is not asked twice."""
        if self._revoking is None or self._revoking.done():
            self._revoking = self.spawn(self.revoke())
        return self._revoking

    async def revoke(self) -> None:
        """A rebalance begins: everything is revoked. What was fetched is dropped, or still reaches the agent."""
        async with self._rebalance:
            if self._draw.random() < 0.6:
                self._queue.clear()
            await self.agent._on_revoked(None, {TP(topics.LEDGER, one) for one in self.held})

    async def assign(self, partitions: set[int], committed: dict[int, int]) -> None:
        """A rebalance ends: reading goes on from the committed offsets."""
        async with self._rebalance:
            if self._draw.random() < 0.5:
                self._queue.clear()
            self.held, self._positions = partitions, committed
            self.acked = {one: offset for one, offset in self.acked.items() if one in partitions}
            await self.agent._on_assigned(None, {TP(topics.LEDGER, one) for one in partitions})

    def owner_of(self, partition: int) -> Any:
        """The product's `Partition`, if it has one."""
        return self.agent.partitions.get(partition)


def task_factory(loop: Any, work: Any, context: Context | None = None, **more: Any) -> "asyncio.Task[Any]":
    """Every task belongs to the process in whose context it was made, so that a kill ends it."""
    host = HOST.get() if context is None else context.get(HOST)
    if isinstance(host, Worker) and host.dead:
        # a dying process starts nothing; the task exists only to be cancelled
        task = asyncio.Task(work, loop=loop, context=context, **more)
        task.cancel()
        return task
    task = asyncio.Task(work, loop=loop, context=context, **more)
    if isinstance(host, Worker):
        host.tasks.add(task)
        task.add_done_callback(host.tasks.discard)
    return task
