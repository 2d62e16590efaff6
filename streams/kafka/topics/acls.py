"""Who may do what on the cluster: one principal a role, derived from the topic table's writers and readers.

Least privilege. A role may read and write what the table says of its agents and commands, use its own consumer groups
and transactional ids, and describe what it checks before it starts. Kafka lets whoever reads or writes a topic describe
it too, so that is not granted on its own.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from streams.errors import UsageError
from streams.kafka.agent_names import GROUPS, INGEST, MONITOR, NOTICES, SHARED, AgentNames
from streams.kafka.topics.table import LEARNING, RULES, Topic, table
from streams.settings import Settings

Role = Literal[
    "ingest",
    "monitor",
    "shared",
    "investigator",
    "operator",
    "deadletter",
    "reconciler",
    "console",
    "reidentifier",
    "auditor",
    "bank",
    "customs",
    "rate-feed",
    "register",
    "sender",
]
Resource = Literal["topic", "group", "transactional-id", "cluster"]
# Kafka's names, as kafka-acls.sh takes them
Operation = Literal[
    "Alter", "Read", "Write", "Create", "Describe", "DescribeConfigs", "AlterConfigs", "IdempotentWrite"
]

ROLES: dict[Role, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "monitor": ("monitor",),
    "shared": ("shared",),
    # `alerts list` and `alerts show` read the ledger too, which has tokens for identifiers, and verdicts' reasons
    "investigator": (
        "investigators",
        "alerts follow",
        "alerts list",
        "alerts show",
        "cases list",
        "cases show",
        "ledger show",
        "party",
        "trade show",
        "screens",
        "dispose",
        "snooze",
    ),
    "operator": (
        "topics apply",
        "rules apply",
        "rules show",
        "skip",
        "acknowledge",
        "state",
        "rescore",
        "institutions",
        "shadow compare",
    ),
    "deadletter": ("deadletter",),
    # reads everything that has a source, raw inputs and sealed identities too, and writes nothing
    "reconciler": ("reconcile", "evidence"),
    "console": ("console of your own",),
    "reidentifier": ("reidentify",),
    "auditor": ("auditors",),
    "bank": ("banks",),
    "customs": ("customs",),
    "rate-feed": ("rate feed",),
    "register": ("registers",),
    # all of these at once, for `publish` and `simulate`: granted only where it is asked for
    "sender": ("publish", "simulate"),
}
"""Each role, and by which names the topic table calls it: agents, commands, outside parties."""

DESK = "desk "
"""A desk's readers are investigators."""

CLAIMING_ID = "fxwatch-application"
"""The transactional id by which a cluster's topics are claimed, whatever the application's name."""

CLUSTER_NAME = "kafka-cluster"
"""By which Kafka calls the one cluster in access control lists."""

ON_REQUEST: tuple[Role, ...] = ("sender",)
"""Roles that are granted only where they are named."""

SENDERS: tuple[Role, ...] = ("bank", "customs", "rate-feed", "register", "sender")
CHECKING: tuple[Role, ...] = ("ingest", "monitor", "shared", "sender")

_PRINCIPAL = re.compile(r"[A-Za-z]{1,32}:[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,254}[^\s\x00-\x1f\x7f])?")


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What one role may do with one resource. `prefixed`: with every one whose name begins so."""

    role: Role
    resource: Resource
    name: str
    operations: tuple[Operation, ...]
    prefixed: bool = False


def role_of(name: str) -> Role:
    """The role that the table means by `name`. Raises `KeyError` for a name of no role."""
    if name.startswith(DESK):
        return "investigator"
    return _ROLE_OF[name]


_ROLE_OF: dict[str, Role] = {name: role for role, names in ROLES.items() for name in names}


def split_names(column: str) -> list[str]:
    """The names in a writers' or readers' column of the table."""
    return [name.strip() for name in column.split(",")]


def topics_of(settings: Settings, roles: Iterable[Role]) -> list[Topic]:
    """The rows that these roles read or write, in the table's order."""
    wanted = set(roles)
    return [
        row
        for row in table(settings)
        if wanted & {role_of(name) for column in (row.writers, row.readers) for name in split_names(column)}
    ]


def list_grants(settings: Settings) -> list[Grant]:
    """Everything that is granted, role by role: topics in the table's order, then groups, ids, the cluster."""
    return [grant for role in ROLES for grant in (*_of_topics(settings, role), *_others(settings.application, role))]


def _of_topics(settings: Settings, role: Role) -> list[Grant]:
    found = []
    for row in table(settings):
        operations: list[Operation] = []
        if role in map(role_of, split_names(row.readers)):
            operations.append("Read")
        if role in map(role_of, split_names(row.writers)):
            operations.append("Write")
        if role == "operator":
            # Alter: to add partitions
            operations += ["Create", "Describe", "DescribeConfigs", "AlterConfigs", "Alter"]
        elif operations and role in CHECKING:
            # workers compare their topics with the table before they start, `publish` warns of a short retention
            operations.append("DescribeConfigs")
        if role == "deadletter" and row.name in (RULES, LEARNING):
            # letters of refused configurations are told apart by their topic's id; nothing is replayed there
            operations.append("Describe")
        if operations:
            found.append(Grant(role=role, resource="topic", name=row.name, operations=tuple(operations)))
    return found


def _others(application: str, role: Role) -> list[Grant]:
    def group(name: str, *operations: Operation, prefixed: bool = False) -> Grant:
        name = AgentNames(application, name).group
        return Grant(role=role, resource="group", name=name, operations=operations, prefixed=prefixed)

    def transactional(name: str, *, prefixed: bool = False) -> Grant:
        return Grant(
            role=role,
            resource="transactional-id",
            name=name,
            operations=("Describe", "Write"),
            prefixed=prefixed,
        )

    # brokers before 2.8 want it of every idempotent producer; newer ones are content with Write on a topic (KIP-679)
    idempotent = Grant(role=role, resource="cluster", name=CLUSTER_NAME, operations=("IdempotentWrite",))
    # the first worker of a cluster claims it for its application (streams/partition/application_claim.py)
    claim = Grant(role=role, resource="transactional-id", name=CLAIMING_ID, operations=("Describe", "Write"))

    def learning(agent: str) -> list[Grant]:
        # one id a partition for alerts, and one for snapshots
        ids = transactional(AgentNames(application, agent).transactional_prefix, prefixed=True)
        return [group(agent, "Read"), ids, claim, idempotent]

    return {
        "ingest": [group(INGEST, "Read"), group(NOTICES, "Read"), claim, idempotent],
        "monitor": learning(MONITOR),
        "shared": learning(SHARED),
        # for consumers of their own; the commands join no group
        "investigator": [group("investigator", "Read", prefixed=True), idempotent],
        "console": [group("console", "Read", prefixed=True), transactional(f"{application}-audit"), idempotent],
        # committed offsets: what a partition has applied, what ingest has read
        "operator": [*(group(name, "Describe") for name in GROUPS), claim, idempotent],
        "deadletter": [idempotent],
        # committed offsets: what ingest has read, and, for its entries, what the monitor has applied
        "reconciler": [group(INGEST, "Describe"), group(MONITOR, "Describe")],
        "reidentifier": [transactional(f"{application}-audit"), idempotent],
        "auditor": [],
        **{sender: [idempotent] for sender in SENDERS},
    }[role]


def principals(settings: Settings, given: Sequence[str]) -> dict[Role, list[str]]:
    """The principals of each role: `User:APPLICATION-ROLE`, or those of `given`, each `ROLE=User:NAME`.

    Raises `UsageError` naming every one that is malformed.
    """
    chosen: dict[str, list[str]] = {}
    problems = []
    for text in given:
        role, _, principal = text.partition("=")
        if role not in ROLES:
            problems.append(f"{text!r}: no role {role!r}")
        elif not _PRINCIPAL.fullmatch(principal):
            problems.append(f"{text!r}: not a principal")
        else:
            chosen.setdefault(role, []).append(principal)
    if problems:
        raise UsageError(
            "these principals cannot be used",
            got="; ".join(problems),
            todo="correct --principal",
            expected=f"ROLE=User:NAME, ROLE one of {', '.join(ROLES)}",
        )
    return {role: chosen.get(role, [f"User:{settings.application}-{role}"]) for role in ROLES}


def write_commands(grants_: Iterable[Grant], who: Mapping[Role, Sequence[str]], bootstrap: str) -> list[str]:
    """The same as commands of Kafka's own tool; `admin.properties` is for whoever runs them to write."""
    found = []
    for grant in grants_:
        resource = "--cluster" if grant.resource == "cluster" else f"--{grant.resource} {shlex.quote(grant.name)}"
        pattern = " --resource-pattern-type prefixed" if grant.prefixed else ""
        operations = " ".join(f"--operation {operation}" for operation in grant.operations)
        found += [
            f"kafka-acls.sh --bootstrap-server {shlex.quote(bootstrap)} --command-config admin.properties --add "
            f"--allow-principal {shlex.quote(principal)} {operations} {resource}{pattern}"
            for principal in who[grant.role]
        ]
    return found
