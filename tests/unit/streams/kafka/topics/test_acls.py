"""Access control derived from the topic table, without a cluster."""

import json

import pytest
from click.testing import CliRunner

from streams.cli import command
from streams.errors import UsageError
from streams.kafka import topics
from streams.kafka.topics.acls import (
    ON_REQUEST,
    ROLES,
    list_grants,
    principals,
    role_of,
    split_names,
    topics_of,
    write_commands,
)
from streams.kafka.topics.granting import make_entries
from streams.partition.application_claim import TRANSACTIONAL_ID
from streams.settings import load_settings


def held(role, **overrides):
    """(resource, name, prefixed) -> operations of one role."""
    return {
        (one.resource, one.name, one.prefixed): set(one.operations)
        for one in list_grants(load_settings(**overrides))
        if one.role == role
    }


def test_every_name_in_the_table_is_a_roles():
    """A new writer or reader that nobody gave a role would have no rights on a secured cluster, or somebody else's."""
    names = {
        name
        for row in topics.table(load_settings())
        for column in (row.writers, row.readers)
        for name in split_names(column)
    }
    for name in names:
        role_of(name)
    of_roles = {name for role in ROLES.values() for name in role}
    assert {name for name in of_roles if name not in names} == set()


def test_a_name_of_nobody_is_an_error():
    """So that the test above can fail."""
    with pytest.raises(KeyError):
        role_of("somebody new")


def test_a_monitor_reads_no_identifier():
    """Not the inputs, dead letters or identities; it may not even describe them."""
    seen = {name for resource, name, _ in held("monitor") if resource == "topic"}
    own = {topics.RULES, topics.LEARNING}
    assert not seen & ({*topics.INPUTS, topics.DEADLETTER, topics.IDENTITIES} - own)
    assert held("monitor")["topic", topics.LEARNING, False] == {"Write", "DescribeConfigs"}
    assert {row.name for row in topics_of(load_settings(), ["monitor"])} == seen


def test_what_is_not_a_topic():
    """Groups by their exact name, transactional ids by prefix: there is one a partition."""
    assert held("monitor")["group", "fxwatch-monitor", False] == {"Read"}
    assert held("monitor")["transactional-id", "fxwatch-monitor-", True] == {"Describe", "Write"}
    assert held("ingest")["group", "fxwatch-notices", False] == {"Read"}
    assert held("monitor", application="other")["group", "other-monitor", False] == {"Read"}
    assert held("investigator")["group", "fxwatch-investigator", True] == {"Read"}
    assert held("auditor") == {("topic", topics.AUDIT, False): {"Read"}}


def test_the_claim_of_a_cluster_is_granted_to_who_may_make_it():
    """Its transactional id is the same for every application, so it is named in both places."""
    claim = ("transactional-id", TRANSACTIONAL_ID, False)
    assert [role for role in ROLES if claim in held(role, application="other")] == [
        "ingest",
        "monitor",
        "shared",
        "operator",
    ]


def test_only_the_operator_creates_and_nobody_deletes():
    """Partitions are added by the operator alone, and rights are the administrator's."""
    for role in ROLES:
        operations = set().union(*held(role).values())
        assert ("Create" in operations) == (role == "operator")
        # of a topic, Alter adds partitions; `topics apply` does, where too few are
        alters = {kind for (kind, _, _), granted in held(role).items() if "Alter" in granted}
        assert alters == ({"topic"} if role == "operator" else set())
        assert not operations & {"Delete", "All", "ClusterAction"}


def test_every_grant_has_kafkas_own_form():
    """Failure prevented: an operation was added to the table alone, and `topics acls --apply` ended with a fault."""
    settings = load_settings()
    made = make_entries(list_grants(settings), principals(settings, []))
    assert len(set(made)) == len(made) == sum(len(one.operations) for one in list_grants(settings))


def test_the_dead_letter_reader_may_describe_every_input_and_writes_no_rules():
    """`deadletter` asks for the ids of all inputs; a refused configuration is put right by `rules apply`."""
    of_inputs = {name: held("deadletter")["topic", name, False] for name in topics.INPUTS}
    described = {topics.RULES: {"Describe"}, topics.LEARNING: {"Describe"}}
    assert of_inputs == {name: {"Write"} for name in topics.INPUTS} | described


def test_what_partitions_tell_one_another_is_written_by_monitors_alone():
    """Whoever could write there would teach every partition; the reconciler and ingest read it."""
    operations = {role: held(role).get(("topic", topics.LEARNING, False), set()) for role in ROLES}
    assert {role for role, may in operations.items() if "Write" in may} == {"monitor"}
    assert {role for role, may in operations.items() if "Read" in may} == {"ingest", "reconciler"}


def test_principals_can_be_named():
    """One or several of a role; the others keep the default."""
    who = principals(load_settings(), ["monitor=User:CN=monitor,O=Bank", "monitor=User:second"])
    assert who["monitor"] == ["User:CN=monitor,O=Bank", "User:second"]
    assert who["ingest"] == ["User:fxwatch-ingest"]


@pytest.mark.parametrize("given", ["monitor", "nobody=User:x", "monitor=x", "monitor=User:", "monitor=User:a\nb"])
def test_a_malformed_principal_is_refused(given):
    """With what is expected."""
    with pytest.raises(UsageError, match="ROLE=User:NAME"):
        principals(load_settings(), [given])


def test_commands_are_quoted_for_a_shell():
    """A distinguished name holds what a shell would take apart."""
    who = principals(load_settings(), ["auditor=User:CN=it's; rm -rf ~"])
    (line,) = write_commands([one for one in list_grants(load_settings()) if one.role == "auditor"], who, "b:9093")
    assert line.endswith("--operation Read --topic fx.audit.v1")
    assert "--allow-principal 'User:CN=it'\"'\"'s; rm -rf ~'" in line


def test_shown_without_a_cluster():
    """Nothing is changed and nothing is asked; the role for all inputs at once only where it is named."""
    told = json.loads(CliRunner().invoke(command, ["topics", "acls", "--json"], catch_exceptions=False).output)
    assert {one["role"] for one in told["grants"]} == set(ROLES) - set(ON_REQUEST)
    assert (told["applied"], told["created"]) == (False, 0)
    shown = CliRunner().invoke(command, ["topics", "acls", "--role", "sender"], catch_exceptions=False).output
    assert "User:fxwatch-sender" in shown
    assert "monitor" not in shown
