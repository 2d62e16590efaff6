"""One worker-like process with a big state: `python -m tests.support.million_parties save|load PARTIES`.

The cluster is that of FXWATCH_BOOTSTRAP, with the topics applied. Prints one JSON line of figures. Party records are
built, not learned: real ones of a simulated stream, filled up to the median size of a party (1 084 bytes); models,
rates and baselines are learned by the real `apply` from 20 000 simulated events, the fingerprints filled to 50 000.
"""

import asyncio
import gc
import hashlib
import json
import logging
import os
import resource
import subprocess
import sys
import time
from typing import Any

import msgspec
import uvloop

from detectors.books.fingerprints import Known
from detectors.books.party import pack, unpack
from detectors.memory.state import PartitionState
from streams.kafka import topics
from streams.monitor.agent import MONITOR_AGENT
from streams.operations import health
from streams.partition.stateful_agent import StatefulAgent, freeze_beside
from streams.settings import load_settings
from streams.worker import SWITCH_SECONDS, _metrics
from tests.bench.workload import PARTITIONS, ingested, records, stored
from tests.support.cluster import Cluster
from tests.support.worker_process import ROOT

MEDIAN_BYTES = 1_084
LEARNED_EVENTS = 20_000
FINGERPRINTS = 50_000
BEAT = 0.005


class Heartbeat:
    """The largest time that the event loop let a task wait beyond its 5 ms."""

    def __init__(self) -> None:
        self.gaps: list[float] = []

    async def run(self) -> None:
        """Beat for ever."""
        last = time.perf_counter()
        while True:
            await asyncio.sleep(BEAT)
            now = time.perf_counter()
            self.gaps.append(now - last - BEAT)
            last = now

    def told(self) -> dict[str, float]:
        """Largest gap and 99.9th percentile, milliseconds."""
        ordered = sorted(self.gaps)
        return {
            "stall_ms_max": round(1000 * ordered[-1], 1),
            "stall_ms_p999": round(1000 * ordered[int(len(ordered) * 0.999)], 1),
        }


def states(parties: int) -> list[PartitionState]:
    """Twelve states at ledger offset 1, with `parties` parties in all."""
    from streams.monitor.core import MonitorCore

    core, found = MonitorCore("million"), []
    for number, part in enumerate(ingested(stored(records(LEARNED_EVENTS))).ledger):
        state = core.new(number)
        for record in part:
            core.apply(state, number, record, muted=True)
        samples = [unpack(record) for record in state.parties.values()]
        for place in range(parties // PARTITIONS):
            token = f"k1.{number:03x}.{hashlib.md5(f'{number}/{place}'.encode()).hexdigest()}"
            party = samples[place % len(samples)]
            party.first_us = place
            packed = pack(msgspec.structs.replace(party, payments=b""))
            rest = MEDIAN_BYTES - len(packed) - 3
            state.parties[token] = pack(msgspec.structs.replace(party, payments=os.urandom(max(rest, 64))))
        window = state.fingerprints["transaction"]
        for place in range(FINGERPRINTS):
            digest = hashlib.sha256(f"{number}/{place}".encode()).digest()
            window.add(digest[:16], Known(digest[16:], 0, 0, place), sender=f"BANK{place % 40:02d}KR")
        state.next = 1
        found.append(state)
    return found


def agent() -> StatefulAgent[PartitionState]:
    """The monitor agent of this process, not started: no group is joined."""
    settings = load_settings()
    metrics = _metrics(settings, settings.effective.engine.partitions, None)
    return StatefulAgent(
        MONITOR_AGENT,
        settings,
        metrics,
        health.BrokerWatch(settings),
        code_version="million",
        config_version="million",
        web=False,
        topic_id=topics.read_topic_id(settings, topics.LEDGER),
    )


async def measured(work: Any) -> dict[str, Any]:
    """Seconds, CPU seconds, stalls and peak memory of awaiting `work`."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as streams/worker.py
    sys.setswitchinterval(SWITCH_SECONDS)
    beat = Heartbeat()
    task = asyncio.ensure_future(beat.run())
    await asyncio.sleep(0.2)
    began, cpu = time.perf_counter(), time.process_time()
    await work
    told = {"seconds": round(time.perf_counter() - began, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}
    task.cancel()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**told, **beat.told(), "peak_rss_megabytes": round(peak)}


async def save(parties: int) -> dict[str, Any]:
    """All partitions saved at once, as at the end of a run of each."""
    monitor, learned = agent(), await asyncio.to_thread(states, parties)
    freezes: list[float] = []

    async def all_of_them() -> None:
        for number, state in enumerate(learned):
            began = time.perf_counter()
            monitor.writers[number].begin(await freeze_beside(state), state.next, None)
            freezes.append(time.perf_counter() - began)
        await asyncio.gather(*(writer.finish() for writer in monitor.writers.values()))

    sizes: list[int] = []
    monitor.metrics.note_snapshot = lambda *given: sizes.append(given[3])  # type: ignore[method-assign]
    for number in range(PARTITIONS):
        monitor._create(number)
        await monitor.writers[number].start()
    told = await measured(all_of_them())
    for writer in monitor.writers.values():
        await writer.close()
    assert len(sizes) == PARTITIONS, f"{len(sizes)} of {PARTITIONS} partitions were saved"
    return {**told, "freeze_ms_max": round(1000 * max(freezes), 1), "megabytes": round(sum(sizes) / 1e6)}


async def load(parties: int) -> dict[str, Any]:
    """All partitions opened at once, as at an assignment."""
    monitor = agent()
    for number in range(PARTITIONS):
        monitor._create(number)
    told = await measured(asyncio.gather(*(monitor._open(one) for one in monitor.partitions.values())))
    held = [one.state for one in monitor.partitions.values()]
    for partition in monitor.partitions.values():
        assert partition.status == "running", partition.cause
        assert not partition.cold
        await partition.outputs.close()
        await monitor.writers[partition.place.partition].close()
    found = sum(len(state.parties) for state in held if state is not None)
    assert found >= parties // PARTITIONS * PARTITIONS
    return {**told, "parties": found}


def measured_apart(cluster: Cluster, what: str, parties: int) -> dict[str, Any]:
    """Figures of `save` or `load` in a process of its own, as a worker's state has one."""
    command = [sys.executable, "-m", "tests.support.million_parties", what, str(parties)]
    done = subprocess.run(
        command, cwd=ROOT, timeout=590, check=False, env=cluster.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    chosen = {"save": save, "load": load}[sys.argv[1]]
    print(json.dumps(uvloop.run(chosen(int(sys.argv[2])))))
