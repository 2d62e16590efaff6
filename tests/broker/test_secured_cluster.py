"""A cluster with TLS, SASL and Kafka's own authorizer: each role under its own principal, and nothing beyond it.

One broker for the whole file. Its sessions end every 20 s (`connections.max.reauth.ms`), so that workers also show that
they outlive that.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tomli_w
from aiokafka.errors import TopicAuthorizationFailedError
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from kafka.errors import TopicAuthorizationFailedError as BlockingTopicAuthorizationFailedError

from detectors.state import STATE_SCHEMA
from streams import topics
from streams.kafka.security import kafka_python_access
from streams.kafka_log import KafkaLog
from streams.progress import Place
from streams.settings import load_settings
from streams.topics.acls import ROLES
from tests.support.certificates import secret_file
from tests.support.secured import (
    EXPIRED,
    MUTUAL,
    OTHER_NAME,
    PLAIN,
    SASL_PLAIN,
    SecuredCluster,
    environment,
    secured_cluster,
    unsigned_token,
)
from tests.support.worker_process import ROOT, Worker

pytestmark = pytest.mark.broker

EVENTS = 2_000
TABLES = {"engine": {"partitions": 3}, "detectors": {"warm_up": 20, "daily_budget": 36.0}}
READY_SECONDS, DRAIN_SECONDS = 60.0, 90.0


class Site:
    """fxwatch on the secured cluster: one user a role."""

    def __init__(self, cluster: SecuredCluster, directory: Path) -> None:
        self.cluster, self.directory = cluster, directory
        self.configuration = directory / "fxwatch.toml"
        self.configuration.write_text(tomli_w.dumps(TABLES))
        self.keys = secret_file(directory / "keys.txt", "k1 = " + "1f" * 32 + "\n")
        cluster.add_users(*(f"fxwatch-{role}" for role in ROLES))

    def environment(self, role: str, **overrides: Any) -> dict[str, str]:
        """A role's environment, or the administrator's."""
        if role == "admin":
            fields = {"bootstrap": self.cluster.address(), **self.cluster.broker.secured.access}
        else:
            fields = self.cluster.user(f"fxwatch-{role}")
        given = {"key_file": self.keys} if role == "ingest" else {}
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("FXWATCH_")}
        return foreign | environment(fields | given | overrides) | {"FXWATCH_CONFIG": str(self.configuration)}

    def run(self, role: str, *arguments: str, **overrides: Any) -> subprocess.CompletedProcess[str]:
        """`fxwatch ARGUMENTS...` as a role, to its end."""
        return subprocess.run([sys.executable, "-m", "streams", *arguments], cwd=ROOT, capture_output=True, text=True,
                              env=self.environment(role, **overrides), timeout=120, check=False)  # fmt: skip

    def done(self, role: str, *arguments: str) -> str:
        """Its standard output; it must end well."""
        ended = self.run(role, *arguments)
        assert ended.returncode == 0, (role, arguments, ended.stderr, ended.stdout)
        return ended.stdout

    def settings(self, role: str) -> Any:
        return load_settings(**self.cluster.user(f"fxwatch-{role}"), effective_tables=TABLES)

    def refusals(self) -> int:
        """Log-ins and TLS handshakes that the broker refused so far."""
        log = (self.cluster.broker.directory / "server.log").read_text("utf-8", "replace")
        return log.count("Failed authentication with") + log.count("Failed re-authentication with")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with secured_cluster(tmp_path_factory.mktemp("secured")) as cluster:
        found = Site(cluster, cluster.directory)
        assert "entries granted, 0 were there" in found.run("admin", "topics", "acls", "--apply").stderr
        assert (
            "entries granted, 0 were there"
            in found.run("admin", "topics", "acls", "--apply", "--role", "sender").stderr
        )
        # by the operator, who may create topics and nothing else that is new
        found.done("operator", "topics", "apply")
        yield found


@pytest.fixture(scope="module")
def ran(site: Site) -> Iterator[dict[str, Any]]:
    """The stream, sent and worked off with each role under its own principal; figures."""
    workers = [Worker(site.directory, site.environment(role), role, number) for number, role in
               enumerate(("ingest", "monitor"))]  # fmt: skip
    try:
        began = time.monotonic()
        until(lambda: all(worker.page("/readyz") for worker in workers), READY_SECONDS, workers, "not ready")
        ready = time.monotonic() - began
        began = time.monotonic()
        sent = json.loads(
            site.done("sender", "simulate", "--seed", "1", "--events", str(EVENTS), "--publish", "--json")
        )
        ingest, monitor = workers
        until(lambda: ingest.metric("fxwatch_records_read_total") >= EVENTS
              and ingest.metric("fxwatch_lag_records") == monitor.metric("fxwatch_lag_records") == 0,
              DRAIN_SECONDS, workers, "not drained")  # fmt: skip
        seconds = time.monotonic() - began
        time.sleep(25)  # past the end of every session
        assert all(worker.page("/readyz") for worker in workers), [worker.words() for worker in workers]
        yield {"ready": ready, "seconds": seconds, "sent": sent, "workers": workers}
        assert [worker.stop() for worker in workers] == [0, 0]
        text = "".join(worker.log.read_text() for worker in workers)
        assert "does not answer" not in text, "a session's end was taken for an outage"
        assert not [name for name, password in site.cluster.passwords.items() if password in text]
    finally:
        for worker in workers:
            if worker.alive():
                worker.kill()


def until(holds: Any, seconds: float, workers: list[Worker], what: str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert all(worker.alive() for worker in workers), [worker.words() for worker in workers]
        assert time.monotonic() < deadline, (what, [worker.words() for worker in workers])
        time.sleep(0.3)


def test_the_stream_runs_with_each_role_under_its_own_principal(site: Site, ran: dict[str, Any]) -> None:
    """The criterion of the issue; figures are printed."""
    lines = [worker.metric("fxwatch_records_read_total") for worker in ran["workers"]]
    assert max(lines) >= EVENTS
    print(f"workers ready in {ran['ready']:.1f} s; {EVENTS} records sent and worked off in {ran['seconds']:.1f} s "
          f"over TLS and SCRAM-SHA-512 with access control")  # fmt: skip
    assert site.refusals() == 0


READABLE = {
    "ingest": {*topics.INPUTS, topics.LEDGER, topics.NOTICES, topics.PROGRESS, topics.CLOCK},
    "monitor": {topics.RULES, topics.LEDGER, topics.PROGRESS, topics.SNAPSHOTS},
    "investigator": {topics.ALERTS},
    "console": {topics.ALERTS, topics.AUDIT},
    "operator": {topics.RULES, topics.LEDGER, topics.ALERTS, topics.PROGRESS, topics.SNAPSHOTS},
    "deadletter": {topics.DEADLETTER},
    "reconciler": {*topics.INPUTS, topics.LEDGER, topics.DEADLETTER, topics.LEGS, topics.IDENTITIES,
                   topics.ALERTS},
    "reidentifier": {topics.IDENTITIES, topics.AUDIT},
    "auditor": {topics.AUDIT},
    "bank": set(), "customs": set(), "rate-feed": set(), "register": set(), "sender": set(),
}  # fmt: skip
WRITABLE = {
    "ingest": {topics.LEDGER, topics.LEGS, topics.DEADLETTER, topics.IDENTITIES, topics.PROGRESS, topics.CLOCK},
    "monitor": {topics.NOTICES, topics.ALERTS, topics.PROGRESS, topics.SNAPSHOTS},
    "investigator": {topics.DISPOSITIONS},
    "console": {topics.DISPOSITIONS, topics.AUDIT},
    "operator": {topics.RULES, topics.LEDGER, topics.PROGRESS},
    "deadletter": {*topics.INPUTS} - {topics.RULES},
    "reidentifier": {topics.AUDIT},
    "auditor": set(),
    "reconciler": set(),
    "bank": {topics.TRANSACTIONS}, "customs": {topics.DECLARATIONS}, "rate-feed": {topics.RATES},
    "register": {topics.PROFILES},
    "sender": {topics.TRANSACTIONS, topics.DECLARATIONS, topics.RATES, topics.PROFILES},
}  # fmt: skip
OF_DESKS = {"monitor": "WRITE", "investigator": "READ", "operator": "READ"}


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may_do_by_the_brokers_own_word(site: Site, role: str) -> None:
    """Written down here by hand, topic by topic: a table that grants more is a failure, not a surprise."""
    with topics.connect(site.settings(role)) as admin:
        told = {each["name"]: set(each.get("authorized_operations") or ())
                for each in admin.describe_topics([row.name for row in topics.table(site.settings(role))])}  # fmt: skip
    desks = {topics.desk_topic(desk) for desk in site.settings(role).effective.desks}
    for operation, expected in (("READ", READABLE[role]), ("WRITE", WRITABLE[role])):
        extra = desks if OF_DESKS.get(role) == operation else set()
        assert {name for name, held in told.items() if operation in held} == expected | extra, operation
    may_create = {name for name, held in told.items() if "CREATE" in held}
    assert may_create == (set(told) if role == "operator" else set())
    assert not [name for name, held in told.items() if held & {"DELETE", "ALTER"}]


@pytest.mark.parametrize(
    ("role", "topic"),
    [("investigator", topics.TRANSACTIONS), ("investigator", topics.DEADLETTER), ("investigator", topics.IDENTITIES),
     ("monitor", topics.TRANSACTIONS), ("monitor", topics.IDENTITIES), ("operator", topics.DEADLETTER),
     ("console", topics.LEDGER), ("bank", topics.TRANSACTIONS)],
)  # fmt: skip
def test_a_reader_without_the_right_gets_nothing(site: Site, ran: dict[str, Any], role: str, topic: str) -> None:
    """Tried with another client, as whoever tries would."""
    del ran  # there are records in the topics
    consumer = KafkaConsumer(**kafka_python_access(site.settings(role)), group_id=None, auto_offset_reset="earliest")
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(3)])
        with contextlib.suppress(BlockingTopicAuthorizationFailedError):  # said, or silence
            _poll(consumer)
    finally:
        consumer.close()


def _poll(consumer: Any) -> None:
    """Read for three seconds; nothing may come."""
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        assert not consumer.poll(timeout_ms=500)


class Mistake(NamedTuple):
    """Who connects how, and the words by which it must be told."""

    role: str
    overrides: dict[str, Any]
    words: tuple[str, ...]


def mistakes(site: Site, name: str) -> Mistake:
    cluster, ssl = site.cluster, {"security_protocol": "SSL"}
    no_login = {"sasl_mechanism": None, "sasl_username": None, "sasl_password_file": None}
    plain = {**no_login, "security_protocol": "PLAINTEXT", "ssl_ca_file": None}
    old, strange = cluster.authority.issue("fxwatch-monitor", days=(-3, -1)), cluster.stranger.issue("fxwatch-monitor")
    token = unsigned_token("fxwatch-monitor", 600)
    mutual = {**ssl, **no_login, "bootstrap": cluster.address(MUTUAL)}
    return {
        "wrong password": Mistake("monitor", {"sasl_password_file": secret_file(site.directory / "wrong", "nonsense")},
                                  ("does not accept the user fxwatch-monitor", "SASL_PASSWORD_FILE")),
        "unknown user": Mistake("monitor", {"sasl_username": "nobody"}, ("does not accept the user nobody",)),
        "ended token": Mistake("monitor", {**no_login, "sasl_mechanism": "OAUTHBEARER", "oauth_token_file": secret_file(
            site.directory / "token", unsigned_token("x", -5))}, ("has ended",)),
        "no token of ours": Mistake("monitor", {**no_login, "sasl_mechanism": "OAUTHBEARER", "oauth_token_file":
            secret_file(site.directory / "token2", token[:-9])}, ("does not accept this client's token",)),
        "expired certificate": Mistake("monitor", {**ssl, **no_login, "bootstrap": cluster.address(EXPIRED)},
                                       ("the broker's certificate has expired",)),
        "certificate of another name": Mistake("monitor", {**ssl, **no_login, "bootstrap": cluster.address(OTHER_NAME)},
                                               ("is for another name", "127.0.0.1")),
        "unknown authority": Mistake("monitor", {"ssl_ca_file": cluster.stranger.certificate},
                                     ("authority that is not trusted", "FXWATCH_SSL_CA_FILE")),
        "no certificate of ours": Mistake("monitor", {**ssl, **no_login, "bootstrap": cluster.address(MUTUAL)},
                                          ("does not accept this client's certificate",)),
        "our certificate expired": Mistake(
            "monitor", {**mutual, "ssl_certificate_file": old.certificate, "ssl_key_file": old.key},
            ("does not accept this client's certificate",)),
        "our certificate of a stranger": Mistake(
            "monitor", {**mutual, "ssl_certificate_file": strange.certificate, "ssl_key_file": strange.key},
            ("does not accept this client's certificate",)),
        "plain text to TLS": Mistake("monitor", plain, ("the broker's port speaks TLS",)),
        "TLS to plain text": Mistake("monitor", {"bootstrap": cluster.address(PLAIN)},
                                     ("ended the connection at once",)),
        "no log-in": Mistake("monitor", {**plain, "bootstrap": cluster.address(SASL_PLAIN)},
                             ("ended the connection at the first request", "SASL_PLAINTEXT")),
    }[name]  # fmt: skip


MISTAKES = ("wrong password", "unknown user", "ended token", "no token of ours", "expired certificate",
            "certificate of another name", "unknown authority", "no certificate of ours", "our certificate expired",
            "our certificate of a stranger", "plain text to TLS", "TLS to plain text", "no log-in")  # fmt: skip
COMMANDS = {
    "worker": ("worker", "monitor"), "topics": ("topics", "diff"), "alerts": ("alerts", "follow", "--count", "1"),
    "publish": ("simulate", "--events", "500", "--publish"),
}  # fmt: skip
# every mistake with a worker; each kind of client with one mistake of each kind
CASES = [(name, "worker") for name in MISTAKES] + [
    (name, command) for name in ("wrong password", "expired certificate", "plain text to TLS")
    for command in COMMANDS if command != "worker"]  # fmt: skip


@pytest.mark.parametrize(("name", "command"), CASES)
def test_a_mistake_is_one_message_and_an_end(site: Site, name: str, command: str) -> None:
    """What, got, expected, to do; exit code 1; within seconds; at most four attempts at the broker; no secret."""
    mistake = mistakes(site, name)
    before, began = site.refusals(), time.monotonic()
    ended = site.run(mistake.role, *COMMANDS[command], **mistake.overrides)
    seconds = time.monotonic() - began
    assert ended.returncode == 1, ended.stderr
    # a bar of progress may stand before it
    lines = [line for line in ended.stderr.strip().splitlines() if not line.startswith("records ")]
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("fxwatch: ")
    assert all(words in lines[0] for words in (*mistake.words, "got: ", "expected: ", "to do: ")), ended.stderr
    assert not [secret for secret in (*site.cluster.passwords.values(), "nonsense") if secret in ended.stderr]
    assert seconds < 15
    assert site.refusals() - before <= 4


@pytest.mark.parametrize(
    ("role", "command", "words"),
    [
        ("operator", ("deadletter", "list"), ("may not read", topics.DEADLETTER)),
        ("bank", ("topics", "apply"), ("does not allow this",)),
        ("operator", ("topics", "acls", "--apply"), ("may not grant", "super user")),
        ("investigator", ("worker", "ingest"), ("lacks rights", "Read and DescribeConfigs on fx.transactions.v1")),
        ("operator", ("worker", "monitor"), ("lacks rights", "Write on fx.alerts.v1")),
        ("auditor", ("simulate", "--events", "500", "--publish"), ("this client may not see it",)),
    ],
)
def test_a_denied_command_is_one_message_and_an_end(
    site: Site, role: str, command: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Each names what is missing, and how to grant it."""
    began = time.monotonic()
    given = {"key_file": site.keys} if command == ("worker", "ingest") else {}
    ended = site.run(role, *command, **given)
    assert ended.returncode == 1, ended.stderr
    told = [line for line in ended.stderr.strip().splitlines() if "FXWATCH_SEAL_KEY_FILE" not in line]
    assert len(told) == 1, ended.stderr
    assert all(one in told[0] for one in words), ended.stderr
    assert time.monotonic() - began < 15


def test_a_worker_that_may_not_join_its_group_ends(site: Site) -> None:
    """Groups are not told at the start: the first attempt to join one is what tells."""
    site.cluster.add_users("ungrouped")
    granted = site.run(
        "admin", "topics", "acls", "--apply", "--role", "monitor", "--principal", "monitor=User:ungrouped"
    )
    assert granted.returncode == 0, granted.stderr
    group = ResourcePattern(ResourceType.GROUP, "fxwatch-monitor")
    with topics.connect(site.cluster.admin()) as admin:
        admin.create_acls([ACL("User:ungrouped", "*", ACLOperation.READ, ACLPermissionType.DENY, group)])
    ended = site.run("monitor", "worker", "monitor", web_port=0, **site.cluster.user("ungrouped"))
    assert ended.returncode == 1
    assert "fxwatch-monitor may not read as a consumer group" in ended.stderr
    assert "fxwatch topics acls --apply" in ended.stderr


def test_an_opening_without_the_right_says_so(site: Site) -> None:
    """Aiokafka asks for the offsets of a topic that is denied without end: a worker only said that it was replaying."""
    log = KafkaLog(site.settings("investigator"), ledger=topics.LEDGER, snapshots_topic=topics.SNAPSHOTS,
                   schema=STATE_SCHEMA, topic_id="", group="fxwatch-monitor")  # fmt: skip
    began = time.monotonic()
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(asyncio.wait_for(log.progress(Place(topics.PROGRESS, "monitor", 0)), 20))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER", "mutual TLS"])
def test_other_ways_in(site: Site, mechanism: str) -> None:
    """The other mechanisms, through kafka-python and aiokafka alike, by a command that uses both."""
    cluster = site.cluster
    no_login = {"sasl_mechanism": None, "sasl_username": None, "sasl_password_file": None}
    token = f"{sys.executable} -c \"print('{unsigned_token('fxwatch-operator', 600)}')\""
    pair = cluster.authority.issue("fxwatch-operator")
    role, fields = {
        "PLAIN": ("admin", {"sasl_mechanism": "PLAIN"}),
        "SCRAM-SHA-256": ("operator", {"sasl_mechanism": "SCRAM-SHA-256"}),
        "OAUTHBEARER": ("operator", {**no_login, "sasl_mechanism": "OAUTHBEARER", "oauth_token_command": token}),
        "mutual TLS": ("operator", {**no_login, "security_protocol": "SSL", "bootstrap": cluster.address(MUTUAL),
                                    "ssl_certificate_file": pair.certificate, "ssl_key_file": pair.key}),
    }[mechanism]  # fmt: skip
    ended = site.run(role, "state", "digest", "--json", **fields)
    assert ended.returncode == 0, ended.stderr


def test_granting_again_changes_nothing(site: Site) -> None:
    """Idempotent, and the commands of Kafka's own tool are as many as the grants."""
    assert "0 entries granted" in site.run("admin", "topics", "acls", "--apply").stderr
    told = json.loads(site.done("admin", "topics", "acls", "--json"))
    lines = site.done("admin", "topics", "acls", "--commands").splitlines()
    assert len(lines) == len(told["grants"])
    assert all(line.startswith("kafka-acls.sh --bootstrap-server ") for line in lines)
