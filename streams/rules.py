"""The configuration in force, as records of the ledger (DESIGN section 2)."""

import msgspec
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from detectors.events import ConfigurationChange
from streams.errors import DeliveryError
from streams.settings import Settings
from streams.topics import LEDGER

TYPE_HEADER = "__fx.type"
KEY = b"configuration"

DELIVERY_SECONDS = 30.0
"""How long a record may take to be acknowledged by all replicas that are in sync."""


def encode(settings: Settings) -> bytes:
    """The ledger record's value that puts `settings.effective` in force; the same bytes for the same configuration."""
    return msgspec.json.encode(ConfigurationChange(configuration=settings.effective))


def plant(settings: Settings, admin: KafkaAdminClient) -> list[int]:
    """Write the configuration as the first record of every ledger partition that is still empty; returns those.

    The record is the same in every partition. A partition that ever held a record is left alone: later configurations
    go through `rules apply`. Raises `DeliveryError` when a record is not acknowledged; running it again completes it.
    """
    partitions = [TopicPartition(LEDGER, number) for number in range(settings.effective.engine.partitions)]
    ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    empty = [each.partition for each in partitions if ends[each].offset == 0]
    if not empty:
        return []
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap_servers, acks="all",
                             client_id=f"{settings.application}-rules")  # fmt: skip
    try:
        pending = [
            producer.send(LEDGER, encode(settings), KEY, headers=[(TYPE_HEADER, KEY)], partition=partition)
            for partition in empty
        ]
        for future in pending:
            future.get(DELIVERY_SECONDS)
    except KafkaError as fault:
        raise DeliveryError(f"the first configuration was not acknowledged: {fault}", got=settings.bootstrap,
                            todo="run it again; partitions that have it are left alone") from fault  # fmt: skip
    finally:
        producer.close()
    return empty
