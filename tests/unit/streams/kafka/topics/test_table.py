"""The topic table itself."""

import pytest

from streams.errors import ConfigurationError
from streams.kafka import topics
from streams.settings import Settings, load_settings

DAY_MS = 86_400_000


def settings(**overrides: object) -> Settings:
    return load_settings(**overrides)


def configuration(name: str, chosen: Settings) -> dict[str, str]:
    (row,) = [row for row in topics.table(chosen) if row.name == name]
    return row.configuration(chosen)


def test_the_table_holds_every_topic_of_the_design() -> None:
    """Exactly the contract's topics and one for each configured desk, each once."""
    desks = {"customs": {}, "bank-b": {"severities": ["high"]}}
    chosen = settings(effective_tables={"desks": desks})
    names = [row.name for row in topics.table(chosen)]
    fixed = [
        "fx.transactions.v1",
        "customs.declarations.v1",
        "fx.rates.v1",
        "fx.profiles.v1",
        "fx.dispositions.v1",
        "fx.rules.v1",
        "fx.learning.v1",
        "fx.ledger.v1",
        "fx.legs.v1",
        "fx.deadletter.v1",
        "fx.identities.v1",
        "fx.notices.v1",
        "fx.alerts.v1",
        "fx.openitems.v1",
        "fx.screens.v1",
        "fx.shadow.v1",
        "fx.progress.v1",
        "fx.snapshots.v1",
        "fx.clock.v1",
        "fx.audit.v1",
    ]
    routed = [topics.desk_topic(desk) for desk in chosen.effective.desks]
    assert {"fx.alerts.customs.v1", "fx.alerts.bank-b.v1"} <= set(routed)
    assert sorted(names) == sorted(fixed + routed)


def test_what_is_read_together_has_one_partition_count() -> None:
    """Faust's assignor gives partition i of all inputs to one worker only if they have equally many."""
    chosen = settings(effective_tables={"engine": {"partitions": 5}})
    partitions = {row.name: row.partitions for row in topics.table(chosen)}
    together = [
        *topics.INPUTS,
        topics.LEDGER,
        topics.LEGS,
        topics.NOTICES,
        topics.ALERTS,
        topics.OPEN_ITEMS,
        topics.SCREENS,
        topics.SHADOW,
        topics.PROGRESS,
        topics.SNAPSHOTS,
    ]
    assert {partitions[name] for name in together} == {5}
    assert partitions[topics.AUDIT] == 1


@pytest.mark.parametrize("name", [topics.LEDGER, topics.LEGS, topics.ALERTS, topics.SHADOW])
def test_evidence_is_kept_for_ever_unless_configured(name: str) -> None:
    """Nothing deletes evidence by age or by size; a configured retention is taken in days."""
    kept = configuration(name, settings())
    assert (kept["cleanup.policy"], kept["retention.ms"], kept["retention.bytes"]) == ("delete", "-1", "-1")
    assert configuration(name, settings(evidence_retention_days=40.0))["retention.ms"] == str(40 * DAY_MS)


@pytest.mark.parametrize("name", [topics.RULES, topics.AUDIT])
def test_no_setting_lets_rules_and_the_audit_log_go(name: str) -> None:
    """A cut head looks as if somebody had cut it; the configuration in force may be the oldest record of all.

    A cluster on which an earlier release set a retention is told, and starts.
    """
    for chosen in (settings(), settings(evidence_retention_days=10.0, raw_retention_days=1.0)):
        kept = configuration(name, chosen)
        assert (kept["cleanup.policy"], kept["retention.ms"], kept["retention.bytes"]) == ("delete", "-1", "-1")
    assert "retention.ms" in next(row.advised for row in topics.table(settings()) if row.name == name)


@pytest.mark.parametrize("name", [*topics.INPUTS[:5], topics.DEADLETTER, topics.NOTICES])
def test_raw_data_go_after_their_retention(name: str) -> None:
    """30 days by default; a segment never holds more than a day, so that no record overstays by more than that."""
    kept = configuration(name, settings())
    assert (kept["cleanup.policy"], kept["retention.ms"], kept["segment.ms"]) == (
        "delete",
        str(30 * DAY_MS),
        str(DAY_MS),
    )
    short = configuration(name, settings(raw_retention_days=0.5))
    assert (short["retention.ms"], short["segment.ms"]) == (str(DAY_MS // 2), str(DAY_MS // 2))


@pytest.mark.parametrize(
    "name", [topics.PROGRESS, topics.SNAPSHOTS, topics.IDENTITIES, topics.OPEN_ITEMS, topics.SCREENS]
)
def test_what_is_kept_by_key_is_compacted_only(name: str) -> None:
    """Compaction without deletion: the newest position, snapshot and identity never disappear by age."""
    kept = configuration(name, settings(evidence_retention_days=40.0))
    assert kept["cleanup.policy"] == "compact"
    assert "retention.ms" not in kept


def test_who_stamps_a_topics_records() -> None:
    """What follows from the ledger keeps its stamp; an input may have either kind and is created with the sender's.

    Letters, notices and what partitions tell one another are stamped by the broker: of a sender whose clock is years
    back none may be deleted at once, or refused.
    """
    for row in topics.table(settings()):
        held, made = row.configuration(settings()), row.creation(settings())
        by_broker = row.name in {topics.DEADLETTER, topics.NOTICES, topics.LEARNING}
        assert made["message.timestamp.type"] == ("LogAppendTime" if by_broker else "CreateTime")
        assert ("message.timestamp.type" in held) == (by_broker or row.name not in topics.INPUTS)
        assert held.items() <= made.items()


def test_every_topic_takes_a_large_dead_letter() -> None:
    """2 MiB records everywhere."""
    assert {row.configuration(settings())["max.message.bytes"] for row in topics.table(settings())} == {"2097152"}


@pytest.mark.parametrize("days", [30.0, 0.5])
def test_an_input_takes_no_stamp_that_its_retention_would_delete_soon(days: float) -> None:
    """Half of the retention at most, so that what is acknowledged is there for the other half; outputs take any."""
    chosen = settings(raw_retention_days=days)
    for row in topics.table(chosen):
        oldest = int(row.configuration(chosen)["message.timestamp.before.max.ms"])
        raw = row.name in topics.INPUTS and row.name != topics.RULES
        assert oldest == (days * DAY_MS / 2 if raw else 2**63 - 1), row.name


@pytest.mark.parametrize("desk", ["관세청", "Desk", "a.b", "", "-x", "x" * 41])
def test_a_desk_that_cannot_be_a_topic_is_refused(desk: str) -> None:
    """Kafka would refuse some of these names and confuse others; the message says what is allowed."""
    with pytest.raises(ConfigurationError, match="a-z, 0-9 and -"):
        topics.desk_topic(desk)
