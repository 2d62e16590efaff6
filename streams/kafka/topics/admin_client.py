"""An admin client of the cluster, and what it says of a topic: what is there, what is not, and what it may not tell."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    AuthorizationError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    RequestTimedOutError,
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
from streams.kafka.denied import make_not_authorized_error
from streams.kafka.security import kafka_python_access
from streams.settings import Settings

PATIENCE_MS = 8_000
"""How long a cluster may take to answer at all; an absent one is told within 10 s, connection attempts included."""

MISSING = UnknownTopicOrPartitionError.errno


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
        raise make_not_authorized_error("the cluster does not allow this", fault) from fault
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


def describe_topics(admin: KafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Metadata of these topics by name; one that is not there has the error code `MISSING`.

    Raises `NotAuthorizedError` naming the topics that this client may not describe, which look like missing ones else.
    """
    found = {each["name"]: each for each in admin.describe_topics(list(names))}
    denied = [name for name, each in found.items() if each["error_code"] == TopicAuthorizationFailedError.errno]
    if denied:
        raise make_not_authorized_error("this client may not describe topics", ", ".join(sorted(denied)))
    return found


def read_topic_id(settings: Settings, topic: str) -> str:
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
