"""The digest of the learned state: newest valid snapshot plus replay, read only.

No transactional producer is started (it would fence the worker), and nothing is committed. Replays are muted: what they
would publish is thrown away.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from aiokafka.errors import KafkaError

from detectors.memory.state import PartitionState
from streams.errors import BrokerUnavailableError
from streams.kafka.denied import choose_error
from streams.monitor.core import MONITOR, MonitorCore
from streams.partition.rebuild import rebuild
from streams.settings import Settings
from streams.version import code_version


class PartitionDigest(msgspec.Struct, frozen=True, kw_only=True):
    """What one partition's state says of itself at ledger position `next` (the first offset not applied)."""

    agent: str
    partition: int
    next: int
    end: int
    applied: int
    broadcast: int
    scored: int
    duplicates: int
    conflicts: int
    redelivered: int
    late: int
    learned: dict[str, int]
    parties: int
    digest: str


def count_learned(state: PartitionState) -> dict[str, int]:
    """How many events each River detector has learned from, by its own count, summed over segments."""
    found: dict[str, int] = {}
    for members in state.scorer.learned().values() if state.scorer is not None else ():
        for name, count in members.items():
            found[name] = found.get(name, 0) + count
    return found


async def compute_digests(settings: Settings, *, cold: bool = False) -> AsyncIterator[PartitionDigest]:
    """The digest of every partition, one after the other."""
    log = MONITOR.open_log(settings)
    for partition in range(settings.effective.engine.partitions):
        place = MONITOR.place(partition)
        try:
            state, end = await rebuild(log, MonitorCore(code_version()), place, cold=cold)
        except KafkaError as fault:
            raise choose_error(BrokerUnavailableError("the state cannot be rebuilt", got=repr(fault)), fault) from fault
        counters = state.counters
        digest = await asyncio.to_thread(state.freeze().digest)
        yield PartitionDigest(
            agent=MONITOR.name,
            partition=partition,
            next=state.next,
            end=end,
            applied=counters["applied"],
            broadcast=counters["broadcast"],
            scored=counters["scored"],
            duplicates=counters["duplicates"],
            conflicts=counters["conflicts"],
            redelivered=counters["redelivered"],
            late=counters["late"],
            learned=count_learned(state),
            parties=len(state.parties),
            digest=digest,
        )
