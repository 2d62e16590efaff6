"""What the cluster's answer about a topic's id means: the same, gone, not now, or not for us."""

import asyncio
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from kafka.errors import InvalidReplicationFactorError, NotControllerError, for_code

from streams.errors import (
    BrokerUnavailableError,
    ClusterBusyError,
    LedgerError,
    NotAuthorizedError,
    TopicsError,
    TopicUnreadableError,
)
from streams.kafka.topics import admin_client
from streams.partition import kafka_log
from streams.partition.kafka_log import KafkaLog
from streams.settings import Settings

ZEROS = "00000000-0000-0000-0000-000000000000"
UNKNOWN_TOPIC, LEADER_NOT_AVAILABLE, AUTHORIZATION_FAILED = 3, 5, 29


class Enough(BaseException):
    """Stands for the end of the process that watches."""


def answered(monkeypatch: pytest.MonkeyPatch, code: int, name: str = ZEROS) -> None:
    """The cluster answers a question about any topic with an error code and an id."""

    class Admin:
        """An admin client."""

        def describe_topics(self, _names: list[str]) -> list[dict[str, Any]]:
            """The one answer."""
            return [{"error_code": code, "topic_id": name}]

    @contextmanager
    def connect(_settings: Settings) -> Any:
        yield Admin()

    monkeypatch.setattr(admin_client, "connect", connect)


@pytest.mark.parametrize(("code", "name"), [(0, "an-id"), (UNKNOWN_TOPIC, ZEROS)], ids=["there", "gone"])
def test_the_id_is_what_kafka_says(monkeypatch: pytest.MonkeyPatch, code: int, name: str) -> None:
    """Of a topic that is there its id, of one that is not the zeros."""
    answered(monkeypatch, code, name)
    assert admin_client.read_topic_id(Settings(), "fx.ledger.v1") == name


def test_a_topic_one_may_not_describe_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal is named with what to grant; it may not pass for a deleted ledger, and does not pass by itself."""
    answered(monkeypatch, AUTHORIZATION_FAILED)
    with pytest.raises(TopicUnreadableError, match=r"TopicAuthorizationFailed.*grant Describe on fx.ledger.v1") as told:
        admin_client.read_topic_id(Settings(), "fx.ledger.v1")
    assert not told.value.retriable


def test_a_topic_the_cluster_cannot_tell_of_now_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An election passes: the error says that asking again helps."""
    answered(monkeypatch, LEADER_NOT_AVAILABLE)
    with pytest.raises(ClusterBusyError, match="LeaderNotAvailable") as told:
        admin_client.read_topic_id(Settings(), "fx.ledger.v1")
    assert told.value.retriable


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (NotControllerError(), BrokerUnavailableError),
        (InvalidReplicationFactorError(), TopicsError),
        (for_code(AUTHORIZATION_FAILED)(), NotAuthorizedError),
    ],
    ids=["retriable", "final", "denied"],
)
def test_a_retriable_answer_to_the_admin_client_is_a_retriable_error(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, expected: type[Exception]
) -> None:
    """Who waits for a broker waits for that, too; a refusal stays one."""

    class Client:
        """An admin client that is only closed."""

        def __init__(self, **_: Any) -> None:
            pass

        def close(self) -> None:
            """Nothing to do."""

    monkeypatch.setattr(admin_client, "KafkaAdminClient", Client)
    with pytest.raises(expected), admin_client.connect(Settings()):
        raise fault


def watched(monkeypatch: pytest.MonkeyPatch, *answers: Exception | str) -> list[LedgerError]:
    """What `KafkaLog.watch` tells while the id is read with these results; after the last the process ends."""
    told: list[LedgerError] = []
    left = list(answers)

    def read() -> str:
        if not left:
            raise Enough
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def beside(work: Any) -> Any:
        return work()

    monkeypatch.setattr(kafka_log, "WATCH_SECONDS", 0.0)
    monkeypatch.setattr(kafka_log, "TOPIC_ID_SECONDS", -1.0)
    monkeypatch.setattr(kafka_log.asyncio, "to_thread", beside)
    log = KafkaLog(
        Settings(), ledger="l", snapshots_topic="s", schema=1, topic_id="ours", group="g", read_topic_id=read
    )
    with suppress(Enough):
        asyncio.run(log.watch(told.append))
    return told


def test_a_watch_that_may_not_look_says_so(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal ends nobody and is a warning; a broker that is away is the broker watch's to tell."""
    away, refusal = BrokerUnavailableError("away for now"), TopicUnreadableError("not for us")
    assert watched(monkeypatch, away, refusal, "ours") == []
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "whether the ledger is still the same cannot be told: not for us"
    ]


def test_a_watch_tells_of_another_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, with both ids."""
    [fault] = watched(monkeypatch, "ours", "another")
    assert "another" in fault.message
