"""Which agent's partitions: its name, the topic that it reads, and the schema of what it learns.

The agent itself and every command that reads what it learned begin with this value, so that they all mean the same
group, producers, positions and snapshots.
"""

from functools import partial

import msgspec

from streams.kafka import topics
from streams.kafka.agent_names import AgentNames
from streams.ledger.progress import AgentPartition
from streams.partition.kafka_log import KafkaLog
from streams.settings import Settings


class AgentIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """`input_topic`: whose partitions the agent owns, one state each. `state_schema` changes with the state's layout.

    A snapshot of another schema is not loaded: the state is learned from the input topic again.
    """

    name: str
    input_topic: str
    state_schema: int

    def names(self, settings: Settings) -> AgentNames:
        """Its group and transactional ids in this installation."""
        return AgentNames(settings.application, self.name)

    def place(self, partition: int) -> AgentPartition:
        """One of its partitions, and where its progress is kept."""
        return AgentPartition(topics.PROGRESS, self.name, partition)

    def open_log(self, settings: Settings, topic_id: str | None = None, *, watched: bool = False) -> KafkaLog:
        """What its partitions read: input topic, progress and snapshots. Read only; nothing is fenced.

        `topic_id` is the input topic's (KIP-516), asked of the cluster when None. `watched`: for a process that lives
        long, which asks again whether the topic is still the same one. Raises what `topics.read_topic_id` raises.
        """
        return KafkaLog(
            settings,
            ledger=self.input_topic,
            snapshots_topic=topics.SNAPSHOTS,
            schema=self.state_schema,
            topic_id=topics.read_topic_id(settings, self.input_topic) if topic_id is None else topic_id,
            group=self.names(settings).group,
            read_topic_id=partial(topics.read_topic_id, settings, self.input_topic) if watched else None,
        )
