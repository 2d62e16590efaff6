"""The names by which Kafka knows an agent: its consumer group, its producers, and the keys of what it keeps.

Every one of them is made here, of the agent's own name. So two agents share the topics of progress and snapshots
without touching each other's records, never fence each other's producers, and are granted rights one by one.
"""

import re
from typing import Final

import msgspec

# The agents of this release. The notices are read by ingest's process, in a consumer group of their own.
INGEST: Final = "ingest"
MONITOR: Final = "monitor"
SHARED: Final = "shared"
NOTICES: Final = "notices"
# every name that a consumer group of the workers is made of
GROUPS: Final = (INGEST, MONITOR, SHARED, NOTICES)

# A `-` or `/` in a name would let `a-1` and partition 1 of `a` have the same id, or the same key.
_NAME: Final = re.compile(r"[a-z]+")


class AgentNames(msgspec.Struct, frozen=True):
    """An agent's names towards the brokers. `application` is the setting of that name.

    Raises `ValueError` for an agent's name that is not of letters a-z alone.
    """

    application: str
    agent: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.agent):
            raise ValueError(f"an agent's name is made of the letters a-z; got: {self.agent!r}")

    @property
    def group(self) -> str:
        """Its consumer group, which is also its Faust app's id."""
        return f"{self.application}-{self.agent}"

    @property
    def transactional_prefix(self) -> str:
        """What the transactional ids of all its partitions begin with, and no other agent's."""
        return f"{self.group}-"

    def outputs_id(self, partition: int) -> str:
        """Transactional id of the producer that publishes a partition's outputs."""
        return f"{self.transactional_prefix}{partition}"

    def snapshots_id(self, partition: int) -> str:
        """Transactional id of the producer that writes a partition's snapshots."""
        return f"{self.outputs_id(partition)}-snapshot"


def key_of(agent: str, partition: int, *parts: str) -> bytes:
    """Key of a record on the topics of progress and of snapshots: `agent/partition/part/...`."""
    return "/".join((agent, str(partition), *parts)).encode()


def snapshot_id(agent: str, partition: int, position: int, slot: str) -> str:
    """What tells one snapshot from every other. `position`: the first ledger offset not in it."""
    return f"{agent}-{partition}-{position}-{slot}"
