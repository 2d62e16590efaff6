"""The monitor's parameters."""

from streams.kafka import topics
from streams.monitor.agent import MONITOR_AGENT
from streams.settings import load_settings


def test_the_monitor_writes_what_the_table_says_and_nothing_else() -> None:
    """Progress and snapshots are the agent's, not its core's."""
    rows = topics.table(load_settings())
    written = {row.name for row in rows if "monitor" in row.writers.split(", ")}
    allowed = {row.name for row in rows if MONITOR_AGENT.may_write(row.name)}
    assert allowed == written - {topics.PROGRESS, topics.SNAPSHOTS}
    assert len(allowed) > 2


def test_a_desk_that_only_the_ledgers_configuration_names_gets_its_copies() -> None:
    """A worker's own configuration may be older."""
    assert MONITOR_AGENT.may_write(topics.desk_topic("night-2"))
    assert not MONITOR_AGENT.may_write("fx.alerts.night.v2")
    assert not MONITOR_AGENT.may_write("fx.alerts.Night.v1")
    assert not MONITOR_AGENT.may_write("xfx.alerts.v1")
