"""The digest of the learned state: newest valid snapshot plus replay, read only.

No transactional producer is started (it would fence the worker), and nothing is committed. Replays are muted: what they
would publish is thrown away.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

import msgspec
from aiokafka.errors import KafkaError

from detectors.memory.state import PartitionState
from streams.errors import BrokerUnavailableError
from streams.kafka.denied import choose_error
from streams.learning_agents import LEARNING, LearningAgent
from streams.partition.rebuild import rebuild
from streams.settings import Settings
from streams.version import code_version


class PartitionDigest(msgspec.Struct, frozen=True, kw_only=True):
    """What one partition's state says of itself at position `next` of its topic (the first offset not applied).

    `parties` are the nodes of the agent that follows shared things. `withheld` are scored payments that no detector
    learned from: `scored` is what each of them `learned`, and these.
    """

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
    withheld: int
    parties: int
    digest: str


def count_learned(state: PartitionState) -> dict[str, int]:
    """How many events each River detector has learned from, by its own count."""
    return {} if state.scorer is None else state.scorer.learned()


def count_withheld(state: PartitionState) -> int:
    """How many scored payments no detector learned from: those held back, and those beyond what a party may teach."""
    return state.counters["quarantine_held"] + state.counters["quarantine_untaught"]


async def compute_digests(
    settings: Settings, *, cold: bool = False, agents: Iterable[str] = tuple(LEARNING)
) -> AsyncIterator[PartitionDigest]:
    """The digest of every partition of the agents, one after the other."""
    for name in agents:
        async for one in _digests_of(settings, LEARNING[name], cold=cold):
            yield one


async def _digests_of(settings: Settings, agent: LearningAgent, *, cold: bool) -> AsyncIterator[PartitionDigest]:
    identity = agent.identity
    log = identity.open_log(settings)
    for partition in range(settings.effective.engine.partitions):
        place = identity.place(partition)
        try:
            state, end = await rebuild(log, agent.core(code_version()), place, cold=cold)
        except KafkaError as fault:
            raise choose_error(BrokerUnavailableError("the state cannot be rebuilt", got=repr(fault)), fault) from fault
        counters = state.counters
        digest = await asyncio.to_thread(state.freeze().digest)
        yield PartitionDigest(
            agent=identity.name,
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
            withheld=count_withheld(state),
            parties=len(state.parties),
            digest=digest,
        )
