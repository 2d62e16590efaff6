"""The names that Kafka knows an agent by: today's, literally, and none that two agents share."""

import itertools

import pytest

from streams.kafka.agent_names import GROUPS, AgentNames, key_of, snapshot_id
from streams.ledger import snapshot_format
from streams.ledger.progress import AgentPartition, key_kind

PLACE = AgentPartition("fx.progress.v1", "monitor", 3)


def test_the_names_of_a_running_installation() -> None:
    """What stands on clusters today: another name would fence nobody, find no snapshot and publish every alert anew."""
    assert [AgentNames("fxwatch", agent).group for agent in GROUPS] == [
        "fxwatch-ingest",
        "fxwatch-monitor",
        "fxwatch-shared",
        "fxwatch-notices",
    ]
    monitor = AgentNames("fxwatch", "monitor")
    assert monitor.outputs_id(3) == "fxwatch-monitor-3"
    assert monitor.snapshots_id(3) == "fxwatch-monitor-3-snapshot"
    assert monitor.transactional_prefix == "fxwatch-monitor-"
    assert AgentNames("other", "monitor").outputs_id(11) == "other-monitor-11"


def test_the_keys_of_a_running_installation() -> None:
    """On the topics of progress and of snapshots."""
    assert PLACE.published_key == b"monitor/3"
    assert PLACE.snapshot_key("slot-1") == b"monitor/3/snapshot/slot-1"
    assert PLACE.snapshot_key("") == b"monitor/3/snapshot/"
    assert PLACE.skip_key(77) == b"monitor/3/skip/77"
    assert PLACE.skip_key(7, "fx.rates.v1") == b"monitor/3/skip/fx.rates.v1/7"
    assert snapshot_format.chunk_key("monitor", 3, "slot-0", 12) == b"monitor/3/slot-0/000012"
    assert snapshot_format.header_key("monitor", 3, "day-2026-01-02") == b"monitor/3/day-2026-01-02/header"
    assert snapshot_id("monitor", 3, 4711, "slot-0") == "monitor-3-4711-slot-0"


@pytest.mark.parametrize("name", ["", "monitor-1", "a/b", "Monitor", "agent1", "shared agent", "shared\n"])
def test_a_name_that_could_be_anothers_is_refused(name: str) -> None:
    """`monitor-1` would be granted by the monitor's prefix, and its keys could be those of a partition."""
    with pytest.raises(ValueError, match="letters a-z"):
        AgentNames("fxwatch", name)


def test_two_agents_share_no_name() -> None:
    """Not even where one's name begins with the other's."""
    agents = ("mon", "monitor", "shared")
    for one, other in itertools.permutations((AgentNames("fxwatch", agent) for agent in agents), 2):
        names = {one.group, one.outputs_id(1), one.snapshots_id(1), one.outputs_id(11)}
        assert names.isdisjoint({other.group, other.outputs_id(1), other.snapshots_id(1), other.outputs_id(11)})
        assert not one.outputs_id(1).startswith(other.transactional_prefix)
        assert key_kind(one.agent, 1, key_of(other.agent, 1)) is None
        assert key_kind(one.agent, 1, key_of(other.agent, 1, "skip", "5")) is None
