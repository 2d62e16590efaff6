"""What differs between the topic table and a cluster's topics: topics, partitions, replicas and settings."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAuthorizationFailedError, for_code

from streams.errors import TopicsError
from streams.kafka.denied import make_not_authorized_error
from streams.kafka.topics.acls import Role, list_grants, topics_of
from streams.kafka.topics.admin_client import MISSING
from streams.kafka.topics.granting import find_lacking
from streams.kafka.topics.ledger_partitions import read_begun_partitions
from streams.kafka.topics.table import LEDGER, Topic, table
from streams.settings import Settings

COMMAND = "fxwatch topics apply"


class TopicDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which the cluster differs from the table.

    `aspect` is `topic` (it is missing; `expected` are its partitions), `partitions` (too few), `begun` (the ledger was
    begun with another number of them), `replication`, or the name of a topic setting. `mendable` tells whether `apply`
    can put it right, `advised` that a worker can do without.
    """

    topic: str
    aspect: str
    got: str | None
    expected: str
    mendable: bool
    advised: bool = False

    def __str__(self) -> str:
        if self.aspect == "topic":
            return f"{self.topic}: missing"
        if self.aspect == "begun":
            return f"{self.topic}: was begun with {self.got} partitions, [engine] partitions is {self.expected}"
        if self.aspect == "partitions":
            return f"{self.topic}: partitions is {self.got}, expected at least {self.expected}"
        return f"{self.topic}: {self.aspect} is {self.got}, expected {self.expected}"


def choose_in_sync(settings: Settings, replication: int) -> str:
    """`min.insync.replicas` of a topic with `replication` replicas."""
    return str(settings.min_insync_replicas or max(1, replication - 1))


def _settings_of(admin: KafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answer = admin.describe_configs(resources, config_filter="all").get("topic", {}) if names else {}
    return {name: {key: each["value"] for key, each in found.items()} for name, found in answer.items()}


def _compare(
    topic: Topic, found: dict[str, Any], held: dict[str, str], settings: Settings
) -> Iterator[TopicDifference]:
    """The differences of one topic that exists; `found` is its metadata, `held` its settings in the cluster."""
    partitions = len(found["partitions"])
    if partitions < topic.partitions and not topic.any_number:
        yield TopicDifference(
            topic=topic.name, aspect="partitions", got=str(partitions), expected=str(topic.partitions), mendable=True
        )
    # the smallest, because one thin partition is where data get lost
    replication = min(len(partition["replica_nodes"]) for partition in found["partitions"])
    if settings.replication is not None and replication != settings.replication:
        yield TopicDifference(
            topic=topic.name,
            aspect="replication",
            got=str(replication),
            expected=str(settings.replication),
            mendable=False,
        )
    wanted = topic.configuration(settings) | {"min.insync.replicas": choose_in_sync(settings, replication)}
    for name, value in wanted.items():
        if not _equal(held.get(name), value):
            yield TopicDifference(
                topic=topic.name,
                aspect=name,
                got=held.get(name),
                expected=value,
                mendable=True,
                advised=name in topic.advised,
            )


def _equal(held: str | None, wanted: str) -> bool:
    if held is None:
        return False
    try:
        return float(held) == float(wanted)  # the broker writes 0.1 and 1 in its own way
    except ValueError:
        return held == wanted


def find_differences(admin: KafkaAdminClient, settings: Settings) -> list[TopicDifference]:
    """Every difference between the cluster and the table, in the table's order.

    Topics and settings that the table does not name are the operators' own and are not looked at, nor are partitions
    beyond the number needed. An existing topic's replication counts only where `replication` is configured. A ledger
    begun with another number of partitions is the one difference told of partitions. Raises `KafkaError` when the
    cluster refuses.
    """
    differences = compare_with_table(admin, settings)
    if all(each.topic != LEDGER for each in differences if each.aspect == "topic"):
        differences = tell_begun_instead(differences, read_begun_partitions(settings), settings)
    return differences


def tell_begun_instead(
    differences: list[TopicDifference], begun: int | None, settings: Settings
) -> list[TopicDifference]:
    """The same, without telling to add partitions to a cluster whose ledger was begun with another number of them."""
    wanted = settings.effective.engine.partitions
    if begun is None or begun == wanted:
        return differences
    other = TopicDifference(topic=LEDGER, aspect="begun", got=str(begun), expected=str(wanted), mendable=False)
    return [other, *(each for each in differences if each.aspect != "partitions")]


def _rows(settings: Settings, roles: Sequence[Role]) -> Sequence[Topic]:
    """The table, or what of it these roles read or write."""
    return topics_of(settings, roles) if roles else table(settings)


def describe_table(admin: KafkaAdminClient, settings: Settings, roles: Sequence[Role] = ()) -> dict[str, Any]:
    """The metadata of every topic of the table; of a missing one with its error. Raises `KafkaError` for another.

    With `roles` of their topics alone; raises `NotAuthorizedError` naming what these roles lack on them.
    """
    metadata = {each["name"]: each for each in admin.describe_topics([row.name for row in _rows(settings, roles)])}
    unreadable = [name for name, found in metadata.items() if found["error_code"] not in (0, MISSING)]
    denied = find_lacking([grant for grant in list_grants(settings) if grant.role in roles], metadata)
    if denied:
        raise make_not_authorized_error("this worker lacks rights", "; ".join(denied))
    unseen = [name for name in unreadable if metadata[name]["error_code"] == TopicAuthorizationFailedError.errno]
    if unseen:
        raise make_not_authorized_error("this client may not describe topics", ", ".join(sorted(unseen)))
    if unreadable:
        raise for_code(metadata[unreadable[0]]["error_code"])(", ".join(unreadable))
    return metadata


def compare_with_table(
    admin: KafkaAdminClient, settings: Settings, metadata: dict[str, Any] | None = None, roles: Sequence[Role] = ()
) -> list[TopicDifference]:
    """Each topic's differences, of the table or of what these roles read or write; `metadata` is asked for if None.

    Raises `KafkaError` when the cluster refuses.
    """
    rows = _rows(settings, roles)
    metadata = describe_table(admin, settings, roles) if metadata is None else metadata
    held = _settings_of(admin, [row.name for row in rows if metadata[row.name]["error_code"] != MISSING])
    differences: list[TopicDifference] = []
    for row in rows:
        if row.name in held:
            differences += _compare(row, metadata[row.name], held[row.name], settings)
        else:
            differences.append(
                TopicDifference(topic=row.name, aspect="topic", got=None, expected=str(row.partitions), mendable=True)
            )
    return differences


def make_topics_error(what: str, differences: list[TopicDifference]) -> TopicsError:
    """An error that says `what` is wrong, every difference, and what to do about each kind of them."""
    todo = []
    if any(each.mendable for each in differences):
        todo.append(f"run: {COMMAND}")
    todo += [
        f"set [engine] partitions = {each.got} in the file that FXWATCH_CONFIG names: a party's state lives in "
        "one partition, so that the ledger's first record fixed their number; another needs another cluster"
        for each in differences
        if each.aspect == "begun"
    ]
    if any(each.aspect == "replication" for each in differences):
        todo.append("move replicas with kafka-reassign-partitions, or correct FXWATCH_REPLICATION")
    return TopicsError(what, got="; ".join(map(str, differences)), todo="; ".join(todo))
