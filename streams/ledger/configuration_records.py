"""The configuration in force, as records of ledger and legs (DESIGN section 2)."""

import time
from collections.abc import Iterable
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import AuthorizationError, KafkaError

from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange
from streams.errors import DeliveryError, RulesGoneError
from streams.kafka.denied import make_not_authorized_error
from streams.kafka.security import kafka_python_access
from streams.kafka.topics import LEDGER, LEGS
from streams.kafka.topics.ledger_partitions import read_first_records
from streams.ledger import envelope
from streams.settings import Settings

DELIVERY_SECONDS = 30.0
"""How long a record may take to be acknowledged by all replicas that are in sync, and a new topic to have leaders."""

RETRY_SECONDS = 0.2


def plant(settings: Settings, admin: KafkaAdminClient) -> list[int]:
    """Write the configuration as the first record of every empty partition of ledger and legs; returns the ledger's.

    The record is the same in every partition. A ledger partition that ever held a record is left alone: later
    configurations go through `rules apply`. Raises `DeliveryError` when a record is not acknowledged; running it again
    completes it.
    """
    partitions = range(settings.effective.engine.partitions)
    empty = _find_empty(admin, LEDGER, partitions)
    if empty:
        _send(settings, LEDGER, empty, settings.effective)
    lacking = _find_empty(admin, LEGS, partitions)
    held = [number for number in partitions if number not in lacking]
    lacking += [number for number, first in read_first_records(settings, LEGS, held).items() if not _begins(first)]
    ruling = _ruling(settings, fresh=len(empty) == len(partitions)) if lacking else None
    if ruling is not None:
        _send(settings, LEGS, lacking, ruling)
    return empty


def _find_empty(admin: KafkaAdminClient, topic: str, numbers: Iterable[int]) -> list[int]:
    places = [TopicPartition(topic, number) for number in numbers]
    ends = read_ledger_ends(admin, places)
    return [each.partition for each in places if ends[each] == 0]


def _begins(first: Any) -> bool:
    """Whether a partition of the legs begins with a configuration.

    Earlier releases wrote legs alone. Where one of them began a partition, the configuration in force is appended,
    each time `topics apply` is run; the agent heeds it only where it knows none yet, so that it never undoes another.
    """
    return first is not None and envelope.is_kind(first.headers or (), envelope.CONFIGURATION)


def _ruling(settings: Settings, *, fresh: bool) -> Configuration | None:
    """What is in force: what this very run has written to a fresh ledger, else what the topics say.

    None where no record says it any more. The legs then get it with the next `rules apply`, as the ledger does.
    """
    if fresh:
        return settings.effective
    # which module imports this one
    from streams.ledger.configuration_in_force import in_force

    try:
        return in_force(settings)
    except RulesGoneError:
        return None


def _send(settings: Settings, topic: str, numbers: list[int], configuration: Configuration) -> None:
    producer = KafkaProducer(**kafka_python_access(settings), acks="all", client_id=f"{settings.application}-rules")
    try:
        key, value, headers = envelope.first_configuration(ConfigurationChange(configuration=configuration))
        pending = [producer.send(topic, value, key, headers=headers, partition=number) for number in numbers]
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


def read_ledger_ends(admin: KafkaAdminClient, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    """The partitions' end offsets. A partition created a moment ago may have no leader yet, which is waited for."""
    deadline = time.monotonic() + DELIVERY_SECONDS
    while True:
        try:
            found = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        except KafkaError as fault:
            if not fault.retriable or time.monotonic() > deadline:
                raise DeliveryError(
                    "the ends of ledger or legs are not to be had",
                    got=repr(fault),
                    expected=f"{LEDGER} and {LEGS} with leaders",
                    todo="look at the cluster's health, then run it again",
                ) from fault
            time.sleep(RETRY_SECONDS)
        else:
            return {partition: one.offset for partition, one in found.items()}
