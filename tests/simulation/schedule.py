"""Schedules: what befalls a world, drawn from a seed; played, judged, and made small when something breaks."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from streams.kafka import topics
from streams.monitor.core import MonitorCore
from streams.partition.outputs import Output
from streams.proofs.state_digest import count_learned, count_withheld
from tests.simulation import hashing, sources
from tests.simulation.sources import recount
from tests.simulation.stand_ins import installed
from tests.simulation.virtual_time import VirtualLoop, run
from tests.simulation.worker import task_factory
from tests.simulation.world import Kind, Violation, World

HASHING = Kind("hashing", hashing.HashingCore, sources.hashing_sources, hashing.forged)
REAL = Kind("real", lambda: MonitorCore("simulated"), sources.real_sources, sources.forged)
KINDS = {kind.name: kind for kind in (HASHING, REAL)}

# How often each fault comes, relative to the others; ingest goes on in between.
WEIGHTS = {
    "kill": 4,
    "rebalance": 4,
    "start": 1,
    "stop": 3,
    "resume": 4,
    "fail_commit": 8,
    "fail_snapshot": 3,
    "outage": 2,
    "ingest_crash": 5,
    "arrive": 2,
    "poison": 1,
    "skip": 3,
    "compact": 2,
    "damage": 8,
    "commit": 6,
    "foreign": 2,
}
EVENTS_PER_INGEST = 30
EVENTS_PER_FAULT = 25
FEWEST_FAULTS = 8
# a state's counters, and what they are called here: a fault of commits is "late" too
COUNTED = {"late": "late events", "duplicates": "duplicates", "conflicts": "conflicts"}


class Operation(NamedTuple):
    """One thing that happens: its name, the seed of its own choices, and the virtual seconds until the next."""

    name: str
    seed: int
    wait: float


class Outcome(NamedTuple):
    """A schedule that held: ledger records, deaths, records applied over and over, and what else befell it by kind.

    `befell`: faults of commits by kind, damaged and forged snapshots, workers that were fenced, open transactions of
    others; events that were late, duplicates or conflicts, and records that operators skipped.
    """

    records: int
    outputs: int
    deaths: int
    replayed: int
    redelivered: int
    befell: Counter[str]


def schedule(seed: int, events: int) -> list[Operation]:
    """The operations of a seed."""
    draw = random.Random(f"schedule {seed}")
    names = ["ingest"] * (events // EVENTS_PER_INGEST)
    names += draw.choices(list(WEIGHTS), list(WEIGHTS.values()), k=max(FEWEST_FAULTS, events // EVENTS_PER_FAULT))
    draw.shuffle(names)
    waits = (0.0, 0.0, 0.01, 0.05, 0.2, 0.2, 1.0)
    return [Operation(name, draw.randrange(1 << 30), draw.choice(waits) * draw.random()) for name in names]


def play(kind: Kind, seed: int, events: int, operations: Sequence[Operation] | None = None) -> Outcome:
    """Play a seed's schedule, or `operations` in its place, in its world. Raises `Violation`."""
    loop = VirtualLoop()
    loop.set_task_factory(task_factory)
    world = World(seed, kind, events)
    loop.tick = world.tick
    with installed(world.network, loop):
        return run(_story(world, schedule(seed, events) if operations is None else operations), loop)


async def _story(world: World, operations: Sequence[Operation]) -> Outcome:
    world.spawn()
    if world.draw.random() < 0.5:
        world.spawn()
    world.do_rebalance(world.draw)
    for operation in operations:
        getattr(world, f"do_{operation.name}")(random.Random(operation.seed))
        if operation.wait:
            await asyncio.sleep(operation.wait)
        world.look()
    await world.drain()
    outcome = _judge(world)
    await world.refuse_foreign_ledger()
    return outcome


def _judge(world: World) -> Outcome:
    """Compare what is there at the end with one undisturbed run over the same ledger, and with a plain recount."""
    outputs = replayed = redelivered = 0
    befell = world.befell + world.network.injected
    for number in range(world.partitions):
        (owner,) = world.owners(number)
        expected, published = _undisturbed(world, number)
        _same(f"state digest of partition {number}", owner.state.freeze().digest(), expected.freeze().digest())
        seen: dict[str, list[Any]] = {}
        for place, log in world.kafka.logs.items():
            if place.partition == number and place.topic not in {topics.LEDGER, topics.PROGRESS, topics.SNAPSHOTS}:
                seen[place.topic] = [(one.key, one.value, one.headers, one.timestamp) for one in log.committed()]
        for topic in sorted(seen.keys() | published.keys()):
            _same(f"outputs on {topic}[{number}]", seen.get(topic, []), published.get(topic, []))
        _recounted(world, number, owner.state)
        outputs += sum(map(len, published.values()))
        replayed += owner.replayed
        redelivered += owner.state.counters["redelivered"]
        befell.update({what: owner.state.counters.get(name, 0) for name, what in COUNTED.items()})
        befell["skips"] += len(world.skips[number])
    return Outcome(sum(map(len, world.written)), outputs, len(world.deaths), replayed, redelivered, befell)


def _undisturbed(world: World, number: int) -> tuple[Any, dict[str, list[Any]]]:
    core = world.kind.core()
    published: dict[str, list[Any]] = {}
    state = core.new(number)
    for record in world.kafka.log(topics.LEDGER, number).records:
        if record.offset in world.skips[number]:
            core.skip(state, record.offset)
            continue
        found: list[Output] = core.apply(state, number, record, muted=False)
        for one in found:
            published.setdefault(one.topic, []).append((one.key, one.value, one.headers or (), one.timestamp_ms))
    return state, published


def _recounted(world: World, number: int, state: Any) -> None:
    counted = recount(world.written[number], world.skips[number], world.sources.window)
    for name in ("applied", "duplicates", "conflicts", "redelivered", "refused"):
        _same(f"{name} in partition {number}", state.counters[name], counted[name])
    if isinstance(state, hashing.Learned):
        _same(f"learned in partition {number}", state.learned, counted["applied"])
    else:
        counts = set(count_learned(state).values())
        withheld = count_withheld(state)
        _same(f"learned and scored in partition {number}", counts or {0}, {state.counters["scored"] - withheld})


def _same(what: str, got: Any, expected: Any) -> None:
    if got != expected:
        raise Violation(f"{what}; got: {_short(got)}; expected: {_short(expected)}")


def _short(value: Any) -> str:
    text = f"{len(value)} " if isinstance(value, list) else ""
    return (text + repr(value))[:300]


# -- when something breaks --------------------------------------------------------------------------------------------


def command(kind: Kind, seed: int, events: int) -> str:
    """The one line that plays this schedule again and makes it small."""
    return f"python -m tests.simulation --core {kind.name} --events {events} --seeds {seed}:{seed + 1} --minimise"


def broken(kind: Kind, seed: int, events: int, operations: Sequence[Operation] | None = None) -> str | None:
    """What breaks when it is played; None when all holds."""
    try:
        play(kind, seed, events, operations)
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the schedule's result
        return f"{type(fault).__name__}: {fault}"
    return None


def minimise(
    operations: Sequence[Operation], breaks: Callable[[Sequence[Operation]], bool], most: int = 400
) -> list[Operation]:
    """Fewer operations that still break: pieces are left out, first large ones, then single ones (ddmin).

    At most `most` schedules are played.
    """
    left, size = list(operations), max(1, len(operations) // 2)
    while size:
        start = 0
        while start < len(left) and most > 0:
            most -= 1
            fewer = left[:start] + left[start + size :]
            if breaks(fewer):
                left = fewer
            else:
                start += size
        size //= 2
    return left


def minimised(kind: Kind, seed: int, events: int) -> list[Operation]:
    """The smallest part of a seed's schedule found that breaks in the same kind of way."""
    first = broken(kind, seed, events)
    if first is None:
        return []
    sort = first.split(";")[0].split(" ")[:3]

    def breaks(operations: Sequence[Operation]) -> bool:
        again = broken(kind, seed, events, operations)
        return again is not None and again.split(";")[0].split(" ")[:3] == sort

    return minimise(schedule(seed, events), breaks)


__all__ = ["HASHING", "KINDS", "REAL", "Outcome", "broken", "command", "minimise", "minimised", "play", "schedule"]
