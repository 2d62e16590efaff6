"""The configuration in force, as records of the ledger (DESIGN section 2)."""

import time

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import AuthorizationError, KafkaError

from detectors.contracts.events import ConfigurationChange
from streams.errors import DeliveryError
from streams.kafka.denied import make_not_authorized_error
from streams.kafka.security import kafka_python_access
from streams.kafka.topics import LEDGER
from streams.ledger import envelope
from streams.settings import Settings

DELIVERY_SECONDS = 30.0
"""How long a record may take to be acknowledged by all replicas that are in sync, and a new topic to have leaders."""

RETRY_SECONDS = 0.2


def plant(settings: Settings, admin: KafkaAdminClient) -> list[int]:
    """Write the configuration as the first record of every ledger partition that is still empty; returns those.

    The record is the same in every partition. A partition that ever held a record is left alone: later configurations
    go through `rules apply`. Raises `DeliveryError` when a record is not acknowledged; running it again completes it.
    """
    partitions = [TopicPartition(LEDGER, number) for number in range(settings.effective.engine.partitions)]
    ends = read_ledger_ends(admin, partitions)
    empty = [each.partition for each in partitions if ends[each] == 0]
    if not empty:
        return []
    producer = KafkaProducer(**kafka_python_access(settings), acks="all", client_id=f"{settings.application}-rules")
    try:
        key, value, headers = envelope.first_configuration(ConfigurationChange(configuration=settings.effective))
        pending = [producer.send(LEDGER, value, key, headers=headers, partition=partition) for partition in empty]
        for future in pending:
            future.get(DELIVERY_SECONDS)
    except AuthorizationError as fault:
        raise make_not_authorized_error("the first configuration was not taken", fault) from fault
    except KafkaError as fault:
        raise DeliveryError(
            f"the first configuration was not acknowledged: {fault}",
            got=settings.bootstrap,
            todo="run it again; partitions that have it are left alone",
        ) from fault
    finally:
        producer.close()
    return empty


def read_ledger_ends(admin: KafkaAdminClient, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    """The partitions' end offsets. A partition created a moment ago may have no leader yet, which is waited for."""
    deadline = time.monotonic() + DELIVERY_SECONDS
    while True:
        try:
            found = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        except KafkaError as fault:
            if not fault.retriable or time.monotonic() > deadline:
                raise DeliveryError(
                    "the ledger's ends are not to be had",
                    got=repr(fault),
                    expected=f"{LEDGER} with leaders",
                    todo="look at the cluster's health, then run it again",
                ) from fault
            time.sleep(RETRY_SECONDS)
        else:
            return {partition: one.offset for partition, one in found.items()}
