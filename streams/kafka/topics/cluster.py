"""The topic table against a cluster: what differs, and bringing it into line without ever deleting anything."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    AuthorizationError,
    InvalidPartitionsError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    RequestTimedOutError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from streams.errors import (
    BrokerUnavailableError,
    ClusterBusyError,
    TopicsError,
    TopicUnreadableError,
)
from streams.kafka.check_connection import check_connection
from streams.kafka.denied import not_authorized
from streams.kafka.security import kafka_python_access
from streams.kafka.topics.acls import Role, grants, topics_of
from streams.kafka.topics.granting import lacking
from streams.kafka.topics.ledger_partitions import begun_with
from streams.kafka.topics.table import LEDGER, Topic, table
from streams.log import logs
from streams.settings import Settings

logger = logs.get_logger(__name__)

PATIENCE_MS = 8_000
"""How long a cluster may take to answer at all; an absent one is told within 10 s, connection attempts included."""

LARGEST_REPLICATION = 3
"""Replicas per topic where nothing is configured and there are brokers enough: survives one loss and one upkeep."""

SETTLING_SECONDS = 15.0
"""A broker shows a change some 100 ms after the controller accepted it; a busy cluster takes seconds."""

MISSING = UnknownTopicOrPartitionError.errno

COMMAND = "fxwatch topics apply"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
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


@contextmanager
def connect(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client of the configured cluster; closed at the end.

    Raises `BrokerUnavailableError` within about 10 s when no broker answers, also later on in the body, its subclass
    `ClusterBusyError` when one answers that it cannot say now, and `ConfigurationError` for an address that is none.
    """
    check_connection(settings, PATIENCE_MS / 1000)
    client = None
    try:
        client = KafkaAdminClient(
            **kafka_python_access(settings),
            client_id=f"{settings.application}-admin",
            bootstrap_timeout_ms=PATIENCE_MS,
            request_timeout_ms=PATIENCE_MS,
            reconnect_backoff_max_ms=1000,
        )
        yield client
    except (KafkaTimeoutError, KafkaConnectionError, RequestTimedOutError) as fault:
        raise BrokerUnavailableError(
            "no Kafka broker answers",
            got=settings.bootstrap,
            expected="a reachable Kafka cluster",
            todo="start one (fxwatch broker start) or correct FXWATCH_BOOTSTRAP",
        ) from fault
    except AuthorizationError as fault:
        raise not_authorized("the cluster does not allow this", fault) from fault
    except KafkaError as fault:
        if fault.retriable:
            raise ClusterBusyError(
                "the cluster cannot answer now",
                got=f"{settings.bootstrap}: {fault!r}",
                expected="an answer",
                todo="wait for its brokers, then try again",
            ) from fault
        raise TopicsError(f"the cluster refused: {fault}", got=settings.bootstrap) from fault
    finally:
        if client is not None:
            client.close()


def described(admin: KafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Metadata of these topics by name; one that is not there has the error code `MISSING`.

    Raises `NotAuthorizedError` naming the topics that this client may not describe, which look like missing ones else.
    """
    found = {each["name"]: each for each in admin.describe_topics(list(names))}
    denied = [name for name, each in found.items() if each["error_code"] == TopicAuthorizationFailedError.errno]
    if denied:
        raise not_authorized("this client may not describe topics", ", ".join(sorted(denied)))
    return found


def _replication(settings: Settings, brokers: int) -> int:
    """Replicas of a topic to be created."""
    return settings.replication or min(LARGEST_REPLICATION, brokers)


def _in_sync(settings: Settings, replication: int) -> str:
    """`min.insync.replicas` of a topic with `replication` replicas."""
    return str(settings.min_insync_replicas or max(1, replication - 1))


def _brokers(admin: KafkaAdminClient) -> int:
    return sum(not broker.get("is_fenced", False) for broker in admin.describe_cluster()["brokers"])


def _settings_of(admin: KafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answer = admin.describe_configs(resources, config_filter="all").get("topic", {}) if names else {}
    return {name: {key: each["value"] for key, each in found.items()} for name, found in answer.items()}


def _compare(topic: Topic, found: dict[str, Any], held: dict[str, str], settings: Settings) -> Iterator[Difference]:
    """The differences of one topic that exists; `found` is its metadata, `held` its settings in the cluster."""
    partitions = len(found["partitions"])
    if partitions < topic.partitions and not topic.any_number:
        yield Difference(
            topic=topic.name, aspect="partitions", got=str(partitions), expected=str(topic.partitions), mendable=True
        )
    # the smallest, because one thin partition is where data get lost
    replication = min(len(partition["replica_nodes"]) for partition in found["partitions"])
    if settings.replication is not None and replication != settings.replication:
        yield Difference(
            topic=topic.name,
            aspect="replication",
            got=str(replication),
            expected=str(settings.replication),
            mendable=False,
        )
    wanted = topic.configuration(settings) | {"min.insync.replicas": _in_sync(settings, replication)}
    for name, value in wanted.items():
        if not _equal(held.get(name), value):
            yield Difference(
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


def diff(admin: KafkaAdminClient, settings: Settings) -> list[Difference]:
    """Every difference between the cluster and the table, in the table's order.

    Topics and settings that the table does not name are the operators' own and are not looked at, nor are partitions
    beyond the number needed. An existing topic's replication counts only where `replication` is configured. A ledger
    begun with another number of partitions is the one difference told of partitions. Raises `KafkaError` when the
    cluster refuses.
    """
    differences = _differences(admin, settings)
    if all(each.topic != LEDGER for each in differences if each.aspect == "topic"):
        differences = _of_begun(differences, begun_with(settings), settings)
    return differences


def _of_begun(differences: list[Difference], begun: int | None, settings: Settings) -> list[Difference]:
    """The same, without telling to add partitions to a cluster whose ledger was begun with another number of them."""
    wanted = settings.effective.engine.partitions
    if begun is None or begun == wanted:
        return differences
    other = Difference(topic=LEDGER, aspect="begun", got=str(begun), expected=str(wanted), mendable=False)
    return [other, *(each for each in differences if each.aspect != "partitions")]


def _rows(settings: Settings, roles: Sequence[Role]) -> Sequence[Topic]:
    """The table, or what of it these roles read or write."""
    return topics_of(settings, roles) if roles else table(settings)


def _described(admin: KafkaAdminClient, settings: Settings, roles: Sequence[Role] = ()) -> dict[str, Any]:
    """The metadata of every topic of the table; of a missing one with its error. Raises `KafkaError` for another.

    With `roles` of their topics alone; raises `NotAuthorizedError` naming what these roles lack on them.
    """
    metadata = {each["name"]: each for each in admin.describe_topics([row.name for row in _rows(settings, roles)])}
    unreadable = [name for name, found in metadata.items() if found["error_code"] not in (0, MISSING)]
    denied = lacking([grant for grant in grants(settings) if grant.role in roles], metadata)
    if denied:
        raise not_authorized("this worker lacks rights", "; ".join(denied))
    unseen = [name for name in unreadable if metadata[name]["error_code"] == TopicAuthorizationFailedError.errno]
    if unseen:
        raise not_authorized("this client may not describe topics", ", ".join(sorted(unseen)))
    if unreadable:
        raise for_code(metadata[unreadable[0]]["error_code"])(", ".join(unreadable))
    return metadata


def _differences(
    admin: KafkaAdminClient, settings: Settings, metadata: dict[str, Any] | None = None, roles: Sequence[Role] = ()
) -> list[Difference]:
    rows = _rows(settings, roles)
    metadata = _described(admin, settings, roles) if metadata is None else metadata
    held = _settings_of(admin, [row.name for row in rows if metadata[row.name]["error_code"] != MISSING])
    differences: list[Difference] = []
    for row in rows:
        if row.name in held:
            differences += _compare(row, metadata[row.name], held[row.name], settings)
        else:
            differences.append(
                Difference(topic=row.name, aspect="topic", got=None, expected=str(row.partitions), mendable=True)
            )
    return differences


def apply(admin: KafkaAdminClient, settings: Settings) -> list[Difference]:
    """Create missing topics, add partitions where too few are, correct settings; returns what was put right.

    Nothing is ever deleted, no partition moved. Returns when the cluster shows the changes, so that a worker started
    right after it finds them. Raises `TopicsError` naming what cannot be put right, after the rest was, or what the
    cluster accepted but does not show.
    """
    differences = diff(admin, settings)
    begun = [each for each in differences if each.aspect == "begun"]
    if begun:
        raise _error("the ledger was begun with another number of partitions; nothing was changed", begun)
    _create(admin, settings, [each.topic for each in differences if each.aspect == "topic"])
    _add_partitions(admin, {each.topic: int(each.expected) for each in differences if each.aspect == "partitions"})
    _correct(admin, [each for each in differences if each.mendable and each.aspect not in ("topic", "partitions")])
    left = _settled(admin, settings) if any(each.mendable for each in differences) else differences
    if left:
        raise _error("the cluster's topics still differ from the topic table", left)
    return differences


def _settled(admin: KafkaAdminClient, settings: Settings) -> list[Difference]:
    """The differences once no mendable one is left, or after `SETTLING_SECONDS`."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while True:
        differences = _differences(admin, settings)
        if not any(each.mendable for each in differences) or time.monotonic() >= deadline:
            return differences
        time.sleep(0.1)


def _create(admin: KafkaAdminClient, settings: Settings, names: list[str]) -> None:
    if not names:
        return
    replication = _replication(settings, _brokers(admin))
    wanted = {
        row.name: {
            "num_partitions": row.partitions,
            "replication_factor": replication,
            "configs": row.creation(settings) | {"min.insync.replicas": _in_sync(settings, replication)},
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


def _correct(admin: KafkaAdminClient, differences: list[Difference]) -> None:
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


def require(settings: Settings, *roles: Role) -> dict[str, int]:
    """Return when the cluster's topics are as the table wants them; what a worker calls before anything else.

    Returns the number of partitions that each topic has. With `roles` only the topics of these are looked at, and what
    this client may do with them.

    What it can do without is logged, so that a new release starts on the topics of the one before. Raises
    `BrokerUnavailableError` when no broker answers, `TopicsError` naming every topic that is missing or differs, and
    `NotAuthorizedError` naming every right that is missing.
    """
    with connect(settings) as admin:
        metadata = _described(admin, settings, roles)
        found = _differences(admin, settings, metadata, roles)
        if any(each.aspect == "partitions" for each in found):
            found = _of_begun(found, begun_with(settings), settings)
    advised = [str(each) for each in found if each.advised]
    if advised:
        logger.warning("the topics are not as safe as they can be: %s; to do: %s", "; ".join(advised), COMMAND)
    differences = [each for each in found if not each.advised]
    if differences:
        raise _error("the cluster's topics differ from the topic table", differences)
    return {name: len(each["partitions"]) for name, each in metadata.items()}


def topic_id(settings: Settings, topic: str) -> str:
    """The cluster's own id of a topic (KIP-516): a topic that was deleted and created again has another one.

    A topic that is not there has the id of zeros, as Kafka says it. What the cluster does not tell is not gone: raises
    `TopicUnreadableError` when it refuses to say, `BrokerUnavailableError` (`ClusterBusyError`) when it cannot now.
    """
    with connect(settings) as admin:
        described = admin.describe_topics([topic])[0]
    if described["error_code"] not in (0, MISSING):
        fault = for_code(described["error_code"])
        name, wanted = fault.__name__, "the topic's id, or that there is no such topic"
        if fault.retriable:
            raise ClusterBusyError(
                f"the cluster cannot say now what {topic} is",
                got=name,
                expected=wanted,
                todo="wait for its brokers; see `fxwatch doctor`",
            )
        raise TopicUnreadableError(
            f"the cluster does not say what {topic} is",
            got=name,
            expected=wanted,
            todo=f"grant Describe on {topic}, or see the broker's log",
        )
    return str(described["topic_id"])


def _error(what: str, differences: list[Difference]) -> TopicsError:
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
