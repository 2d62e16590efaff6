"""The topic table on a cluster: brought into line without ever deleting anything, and required by every worker."""

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import InvalidPartitionsError, TopicAlreadyExistsError, for_code

from streams.errors import TopicsError
from streams.kafka.topics.acls import Role
from streams.kafka.topics.admin_client import connect
from streams.kafka.topics.differences import (
    COMMAND,
    TopicDifference,
    choose_in_sync,
    compare_with_table,
    describe_table,
    find_differences,
    make_topics_error,
    tell_begun_instead,
)
from streams.kafka.topics.ledger_partitions import read_begun_partitions
from streams.kafka.topics.shown_by_brokers import count_brokers, wait_until_shown
from streams.kafka.topics.table import table
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

LARGEST_REPLICATION = 3
"""Replicas per topic where nothing is configured and there are brokers enough: survives one loss and one upkeep."""


def apply(admin: KafkaAdminClient, settings: Settings) -> list[TopicDifference]:
    """Create missing topics, add partitions where too few are, correct settings; returns what was put right.

    Nothing is ever deleted, no partition moved. Returns when the cluster shows the changes, so that a worker started
    right after it finds them. Raises `TopicsError` naming what cannot be put right, after the rest was, or what the
    cluster accepted but does not show.
    """
    differences = find_differences(admin, settings)
    begun = [each for each in differences if each.aspect == "begun"]
    if begun:
        raise make_topics_error("the ledger was begun with another number of partitions; nothing was changed", begun)
    _create(admin, settings, [each.topic for each in differences if each.aspect == "topic"])
    _add_partitions(admin, {each.topic: int(each.expected) for each in differences if each.aspect == "partitions"})
    _correct(admin, [each for each in differences if each.mendable and each.aspect not in ("topic", "partitions")])
    left = _wait_until_settled(admin, settings) if any(each.mendable for each in differences) else differences
    if left:
        raise make_topics_error("the cluster's topics still differ from the topic table", left)
    return differences


def _wait_until_settled(admin: KafkaAdminClient, settings: Settings) -> list[TopicDifference]:
    """The differences once no broker shows a mendable one, or after `LONGEST_SECONDS`."""
    differences: list[TopicDifference] = []

    def look() -> bool:
        differences[:] = compare_with_table(admin, settings)
        return not any(each.mendable for each in differences)

    wait_until_shown(admin, look)
    return differences


def _create(admin: KafkaAdminClient, settings: Settings, names: list[str]) -> None:
    if not names:
        return
    replication = _choose_replication(settings, count_brokers(admin))
    wanted = {
        row.name: {
            "num_partitions": row.partitions,
            "replication_factor": replication,
            "configs": row.creation(settings) | {"min.insync.replicas": choose_in_sync(settings, replication)},
        }
        for row in table(settings)
        if row.name in names
    }
    answer = admin.create_topics(wanted, raise_errors=False)
    # another `apply` at the same moment may have been quicker
    refused = [each for each in answer["topics"] if each["error_code"] not in (0, TopicAlreadyExistsError.errno)]
    if refused:
        reasons: dict[str, list[str]] = {}
        for each in refused:
            reasons.setdefault(each["error_message"] or for_code(each["error_code"]).__name__, []).append(each["name"])
        raise TopicsError(
            "the cluster refused to create topics",
            got="; ".join(f"{reason} ({', '.join(which)})" for reason, which in reasons.items()),
            todo="correct FXWATCH_REPLICATION or the cluster, then run it again",
        )
    admin.wait_for_topics(names)


def _add_partitions(admin: KafkaAdminClient, wanted: dict[str, int]) -> None:
    """More partitions move nothing: fxwatch writes each record to a partition that it names itself."""
    if not wanted:
        return
    answer = admin.create_partitions(wanted, raise_errors=False)
    # a second `apply` at the same moment may have been quicker, which the look afterwards tells
    passed = (0, InvalidPartitionsError.errno)
    refused = [
        f"{each.name}: {each.error_message or for_code(each.error_code).__name__}"
        for each in answer.results
        if each.error_code not in passed
    ]
    if refused:
        raise TopicsError(
            "the cluster refused to add partitions",
            got="; ".join(refused),
            todo="add them with kafka-topics --alter, then run it again",
        )


def _correct(admin: KafkaAdminClient, differences: list[TopicDifference]) -> None:
    changes: dict[str, dict[str, str]] = {}
    for each in differences:
        changes.setdefault(each.topic, {})[each.aspect] = each.expected
    if not changes:
        return
    # incremental: settings that the table does not name stay as the operators set them
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs) for name, configs in changes.items()]
    answer = admin.alter_configs(resources)["topic"]
    refused = [f"{name}: {result}" for name, result in answer.items() if result != "OK"]
    if refused:
        raise TopicsError("the cluster refused to change topic settings", got="; ".join(refused))


def _choose_replication(settings: Settings, brokers: int) -> int:
    """Replicas of a topic to be created."""
    return settings.replication or min(LARGEST_REPLICATION, brokers)


def require(settings: Settings, *roles: Role) -> dict[str, int]:
    """Return when the cluster's topics are as the table wants them; what a worker calls before anything else.

    Returns the number of partitions that each topic has. With `roles` only the topics of these are looked at, and what
    this client may do with them.

    What it can do without is logged, so that a new release starts on the topics of the one before. Raises
    `BrokerUnavailableError` when no broker answers, `TopicsError` naming every topic that is missing or differs, and
    `NotAuthorizedError` naming every right that is missing.
    """
    with connect(settings) as admin:
        metadata = describe_table(admin, settings, roles)
        found = compare_with_table(admin, settings, metadata, roles)
        if any(each.aspect == "partitions" for each in found):
            found = tell_begun_instead(found, read_begun_partitions(settings), settings)
    advised = [str(each) for each in found if each.advised]
    if advised:
        logger.warning("the topics are not as safe as they can be: %s; to do: %s", "; ".join(advised), COMMAND)
    differences = [each for each in found if not each.advised]
    if differences:
        raise make_topics_error("the cluster's topics differ from the topic table", differences)
    return {name: len(each["partitions"]) for name, each in metadata.items()}
