"""`fx.rules.v1` and the ledger in memory, under `streams.ledger.configuration_in_force`."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from kafka import TopicPartition as AdminPartition

from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange, Source
from streams.contracts.inputs import RulesRecord
from streams.ledger import configuration_in_force, envelope
from streams.settings import Settings
from tests.support.ledger import configuration
from tests.support.log_cluster import SETTINGS, Cluster

RULES, LEDGER = "fx.rules.v1", "fx.ledger.v1"
GOOD, OTHER = configuration(), configuration(engine={"case_window_days": 20})
STOPPING = msgspec.structs.replace(GOOD, engine=msgspec.structs.replace(GOOD.engine, rate_stale_hours=1e300))
MISSPELT = msgspec.structs.replace(GOOD, desks={"No Desk": GOOD.desks["customs"]})


class Topics(Cluster):
    """Both topics, and an admin client that knows of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.hidden, self.missing, self.end, self.rules_partitions = 0, set(), 0, 1
        monkeypatch.setattr(configuration_in_force.topics, "connect", self.connect)

    @contextmanager
    def connect(self, settings: Settings) -> Iterator[Any]:
        """The admin client."""
        assert settings.bootstrap == SETTINGS.bootstrap
        yield self

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        """Metadata."""
        return [
            {"name": name, "error_code": 3 if name in self.missing else 0, "partitions": [None] * self.rules_partitions}
            for name in names
        ]

    def list_partition_offsets(self, asked: dict[Any, Any]) -> dict[Any, Any]:
        """The ledger's end."""
        assert list(asked) == [AdminPartition(LEDGER, 0)]
        return {tp: SimpleNamespace(offset=self.end) for tp in asked}

    def rule(self, one: Configuration | None, at: int = 0, partition: int = 0) -> None:
        """Write a change; None stands for a record that nobody can read."""
        value = None if one is None else msgspec.json.encode(RulesRecord(event_id="R", configuration=one))
        self.append(RULES, partition, b"configuration", value, at)

    def ledger(self, partition: int, at: int, source: int | None = None, topic: str = RULES, number: int = 0) -> None:
        """Write a ledger record, that of a change when `source` is its offset."""
        headers = None
        if source is not None:
            headers = envelope.envelope(Source(topic, number, source), b"", envelope.CONFIGURATION)
        self.append(LEDGER, partition, None, b"{}", at, headers)

    def begin(self, value: bytes | None) -> None:
        """Write the ledger's first record."""
        self.append(LEDGER, 0, None, value)


def begun(one: Configuration) -> bytes:
    """The record that `topics apply` writes."""
    return msgspec.json.encode(ConfigurationChange(configuration=one))


def settings_of(**tables: Any) -> Settings:
    """Settings with tables of their own."""
    return Settings(effective_tables=tables)
