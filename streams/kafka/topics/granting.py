"""Access control lists on a cluster: granting what the table says, and whether a worker has what it needs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import AuthorizationError, SecurityDisabledError, TopicAuthorizationFailedError

from streams.errors import NotAuthorizedError, TopicsError
from streams.kafka.topics.acls import Grant, Operation, Role
from streams.kafka.topics.shown_by_brokers import LONGEST_SECONDS, wait_until_shown

_RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.CLUSTER,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS: dict[Operation, ACLOperation] = {
    "Read": ACLOperation.READ,
    "Write": ACLOperation.WRITE,
    "Create": ACLOperation.CREATE,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
    "AlterConfigs": ACLOperation.ALTER_CONFIGS,
    "IdempotentWrite": ACLOperation.IDEMPOTENT_WRITE,
    "Alter": ACLOperation.ALTER,
}


def make_entries(grants: Iterable[Grant], who: Mapping[Role, Sequence[str]]) -> list[Any]:
    """Kafka's own form: one entry a principal, resource and operation, from every host."""
    return [
        ACL(
            principal=principal,
            host="*",
            operation=_OPERATIONS[operation],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(
                _RESOURCES[grant.resource],
                grant.name,
                ACLResourcePatternType.PREFIXED if grant.prefixed else ACLResourcePatternType.LITERAL,
            ),
        )
        for grant in grants
        for principal in who[grant.role]
        for operation in grant.operations
    ]


def _held(admin: KafkaAdminClient, principals: Iterable[str]) -> set[Any]:
    everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    found: set[Any] = set()
    for principal in principals:
        found |= set(
            admin.describe_acls(
                ACLFilter(
                    principal=principal,
                    host=None,
                    operation=ACLOperation.ANY,
                    permission_type=ACLPermissionType.ANY,
                    resource_pattern=everything,
                )
            )[0]
        )
    return found


def grant(admin: KafkaAdminClient, wanted: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Create what is missing of `wanted` and return (created, entries of these principals that are not wanted).

    Never deletes. Returns when the cluster shows them. Raises `NotAuthorizedError` when this client may not, and
    `TopicsError` when the cluster has no authorizer or refuses an entry.
    """
    who = sorted({entry.principal for entry in wanted})
    try:
        held = _held(admin, who)
        missing = [entry for entry in dict.fromkeys(wanted) if entry not in held]
        failed = admin.create_acls(missing)["failed"] if missing else []
    except SecurityDisabledError as fault:
        raise TopicsError(
            "the cluster has no authorizer, so everybody may do everything",
            got="authorizer.class.name is not set",
            expected="an authorizer",
            todo="set it on the brokers (docs/SECURITY.md)",
        ) from fault
    except AuthorizationError as fault:
        raise _not_ours(fault) from fault
    if failed:
        if any(issubclass(one, AuthorizationError) for one in failed):
            raise _not_ours(failed[0]())
        raise TopicsError(
            "the cluster refused entries",
            got=", ".join(sorted({one.__name__ for one in failed})),
            expected="all of them",
            todo="see the controller's log, then run it again",
        )
    if missing and not wait_until_shown(admin, lambda: set(missing) <= _held(admin, who)):
        raise TopicsError(
            "the cluster does not show the entries that it accepted",
            got=f"some missing after {LONGEST_SECONDS:.0f} s",
            todo="run it again",
        )
    return missing, sorted(held - set(wanted), key=repr)


def _not_ours(fault: AuthorizationError) -> NotAuthorizedError:
    return NotAuthorizedError(
        "this client may not grant anything",
        got=type(fault).__name__,
        expected="Alter and Describe on the cluster (a super user has them)",
        todo="run it as the cluster's administrator",
    )


def find_lacking(grants: Iterable[Grant], described: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What of `grants` this client does not have on topics, as the brokers tell it; `described`: metadata by name.

    Groups and transactional ids are not told without using them: `GroupAuthorizationFailedError` and
    `TransactionalIdAuthorizationFailed` then say it (operations/health.py, partition/opening_faults.py).
    """
    found = []
    for one in grants:
        if one.resource != "topic" or described[one.name]["error_code"] not in (0, TopicAuthorizationFailedError.errno):
            continue
        held = described[one.name].get("authorized_operations") or ()
        if not held and described[one.name]["error_code"] == 0:
            continue  # a broker that does not tell (before Kafka 2.3)
        missing = [operation for operation in one.operations if _OPERATIONS[operation].name not in held]
        if missing:
            found.append(f"{' and '.join(missing)} on {one.name}")
    return found
