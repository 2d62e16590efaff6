"""What `rules apply` sends: when, to where, how long it may be, and what is said when it is not taken."""

import re
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from kafka.errors import (
    InvalidTimestampError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from detectors.contracts.configuration import fingerprint
from streams.contracts.inputs import RulesRecord
from streams.errors import (
    ConfigurationError,
    DeliveryError,
    NotAuthorizedError,
)
from streams.ledger import configuration_in_force
from streams.settings import Settings
from tests.support.log_cluster import SETTINGS
from tests.support.rules_topics import GOOD, OTHER, RULES, STOPPING, Topics, begun, settings_of


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    """Empty ones."""
    return Topics(monkeypatch)


class Producer:
    """kafka-python's, as far as one record is sent."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault, self.made, self.sent, self.waited, self.closed = fault, [], [], [], 0

    def __call__(self, **arguments: Any) -> "Producer":
        self.made.append(arguments)
        return self

    def send(self, topic: str, value: bytes, key: bytes, partition: int) -> "Producer":
        """Keep the record."""
        self.sent.append((topic, key, partition, value))
        return self

    def get(self, seconds: float) -> None:
        """The acknowledgement."""
        self.waited.append(seconds)
        if self.fault is not None:
            raise self.fault

    def close(self) -> None:
        """Count it."""
        self.closed += 1


def changed(monkeypatch: pytest.MonkeyPatch, settings: Settings, fault: Exception | None = None) -> Any:
    """What `rules apply` did: (whether it sent, the producer)."""
    producer = Producer(fault)
    monkeypatch.setattr(configuration_in_force, "KafkaProducer", producer)
    try:
        return configuration_in_force.send_change(settings), producer
    finally:
        assert producer.closed == len(producer.made)


def test_a_change_is_sent_to_partition_0_with_a_name_of_its_own(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acknowledged by all replicas within half a minute; its id is the fingerprint and the time, UTC on any machine."""
    topics.rule(GOOD)
    settings = settings_of(engine={"case_window_days": 20})
    before = datetime.now(UTC).replace(microsecond=0)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Seoul")
        time.tzset()
        sent, producer = changed(monkeypatch, settings)
    time.tzset()
    [(topic, key, partition, value)] = producer.sent
    assert (sent, topic, key, partition, producer.waited) == (True, RULES, b"configuration", 0, [30.0])
    [arguments] = producer.made
    assert (arguments["acks"], arguments["client_id"]) == ("all", "fxwatch-rules")
    assert arguments["bootstrap_servers"] == settings.bootstrap_servers
    record = msgspec.json.decode(value, type=RulesRecord)
    assert record.configuration == OTHER
    name, at = re.fullmatch(r"([0-9a-f]{16})-(\d{8}T\d{6}Z)", record.event_id).groups()
    assert name == fingerprint(OTHER)
    assert before <= datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) <= datetime.now(UTC)


def test_what_is_in_force_and_in_the_ledger_is_not_sent_again(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is when it has not arrived, differs, or a refused one is newer."""
    topics.begin(begun(GOOD))
    assert changed(monkeypatch, SETTINGS)[0] is False
    topics.rule(GOOD, 1000)
    assert changed(monkeypatch, SETTINGS)[0] is True
    topics.ledger(0, 1000, 0)
    sent, producer = changed(monkeypatch, SETTINGS)
    assert (sent, producer.made) == (False, [])
    topics.rule(STOPPING, 2000)
    assert changed(monkeypatch, SETTINGS)[0] is True
    topics.rule(OTHER, 3000)
    topics.ledger(0, 3000, 2)
    assert changed(monkeypatch, SETTINGS)[0] is True


def test_what_is_gone_is_said_again(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it was."""
    topics.end = 900
    sent, producer = changed(monkeypatch, SETTINGS)
    assert (sent, len(producer.sent)) == (True, 1)


@pytest.mark.parametrize(
    ("fault", "expected", "told"),
    [
        (
            TopicAuthorizationFailedError("no"),
            NotAuthorizedError,
            "the configuration was not taken; got: TopicAuthorizationFailedError: no; expected: ",
        ),
        (
            InvalidTimestampError(),
            DeliveryError,
            (
                "the configuration was not taken: its time is too far from the broker's; "
                f"got: {InvalidTimestampError()!r}; "
                "expected: clocks that agree within the hour that message.timestamp.after.max.ms gives; "
                "to do: correct the clock of this machine, or of the brokers"
            ),
        ),
        (
            MessageSizeTooLargeError(),
            DeliveryError,
            (
                f"the configuration was not acknowledged; got: {MessageSizeTooLargeError()!r}; "
                "to do: see the broker's log, then run it again"
            ),
        ),
    ],
    ids=["denied", "clock", "other"],
)
def test_a_change_that_is_not_taken_says_why_in_full(
    topics: Topics, monkeypatch: pytest.MonkeyPatch, fault: Exception, expected: type[Exception], told: str
) -> None:
    """The producer is closed all the same."""
    topics.end = 900
    with pytest.raises(expected) as found:
        changed(monkeypatch, SETTINGS, fault)
    assert found.value.message.startswith(told)
    assert found.value.__cause__ is fault


@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_a_configuration_may_be_as_long_as_ingest_admits(
    topics: Topics, monkeypatch: pytest.MonkeyPatch, more: int, taken: bool
) -> None:
    """One byte more is refused here, with both numbers: ingest would make a dead letter of it."""
    topics.end = 900
    _, producer = changed(monkeypatch, SETTINGS)
    size = len(producer.sent[0][3])
    monkeypatch.setattr(configuration_in_force, "INPUTS", {RULES: SimpleNamespace(size_limit=size - more)})
    if taken:
        assert changed(monkeypatch, SETTINGS)[0] is True
        return
    with pytest.raises(ConfigurationError) as told:
        changed(monkeypatch, SETTINGS)
    assert told.value.message == (
        f"the configuration is longer than ingest admits; got: {size} bytes as JSON; expected: at most {size - 1}; "
        "to do: shorten its longest tables"
    )
