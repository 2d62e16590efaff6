"""What the shared agent may write, and what it shows of its state."""

from types import SimpleNamespace
from typing import Any

import pytest

from streams.kafka import topics
from streams.shared.agent import SHARED_AGENT


@pytest.mark.parametrize(
    ("topic", "allowed"),
    [
        (topics.ALERTS, True),
        ("fx.alerts.customs.v1", True),
        (topics.NOTICES, True),
        (topics.LEDGER, False),
        (topics.LEGS, True),
        ("fx.alerts.customs.v1x", False),
    ],
)
def test_it_writes_alerts_notices_and_trails_alone(topic: str, allowed: bool) -> None:
    """Notices are of officers' records on its own alerts, which the monitor passes: each is told once."""
    assert SHARED_AGENT.may_write(topic) is allowed


def test_its_trails_are_in_no_transaction() -> None:
    """The topic is read offset by offset: a transaction's marker would be a hole."""
    assert SHARED_AGENT.relays == topics.LEGS


def test_its_nodes_are_shown() -> None:
    told: list[tuple[int, int, int]] = []
    metrics: Any = SimpleNamespace(set_node_size=lambda *figures: told.append(figures))
    state: Any = SimpleNamespace(parties={"a": b"", "b": b""})
    SHARED_AGENT.observe_saved(metrics, 3, state, 512)
    assert told == [(3, 2, 512)]
