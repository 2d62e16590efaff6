"""A cluster with TLS, SASL and Kafka's own authorizer: each role under its own principal, and nothing beyond it.

One broker for the whole file. Its sessions end every 20 s (`connections.max.reauth.ms`), and the workers run beside all
tests, so that they also show that they outlive that.
"""

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from kafka.errors import TopicAuthorizationFailedError as BlockingTopicAuthorizationFailedError
from kafka.errors import TransactionalIdAuthorizationFailedError

from streams.kafka import topic_reader, topics
from streams.kafka.security import kafka_python_access
from streams.kafka.topics.acls import ROLES
from streams.monitor.core import MONITOR
from tests.support.certificates import secret_file
from tests.support.cluster import PATIENCE
from tests.support.secured import MUTUAL, secured_cluster, unsigned_token
from tests.support.secured_mistakes import MISTAKES, mistakes
from tests.support.secured_rights import (
    ALLOWED_READERS,
    DENIED_COMMANDS,
    DENIED_READERS,
    OF_DESKS,
    READABLE,
    WRITABLE,
)
from tests.support.secured_site import Command, Ended, Site
from tests.support.worker_process import Worker

pytestmark = pytest.mark.broker

EVENTS = 2_000
TABLES = {
    "engine": {"partitions": 3},
    "detectors": {"warm_up": 20, "daily_budget": 36.0, "rank_ceiling": 1.0, "most_by_chance": 1e9},
}
# Nothing waits for a time-out: a request that was not answered would be sent again after 15 s.
READY_SECONDS, DRAIN_SECONDS = 25.0 * PATIENCE, 60.0 * PATIENCE
SESSION_SECONDS = 20.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with secured_cluster(tmp_path_factory.mktemp("secured")) as cluster:
        found = Site(cluster, cluster.directory, TABLES)
        for more in ((), ("--role", "sender")):
            granted = found.run("admin", "topics", "acls", "--apply", *more)
            assert "entries granted, 0 were there" in granted.err, granted
        # by the operator, who may create topics and nothing else that is new
        found.done("operator", "topics", "apply")
        yield found


class Ran(NamedTuple):
    """The stream, sent and worked off; seconds until all workers were ready, and until no lag was left."""

    workers: list[Worker]
    since: float
    ready: float
    drained: float
    refusals: int


@pytest.fixture(scope="module")
def ran(site: Site) -> Iterator[Ran]:
    """Ingest, monitor and the shared agent under their own principals, running until the file's last test."""
    began = time.monotonic()
    workers = [
        Worker(site.directory, site.environment(role), role, number)
        for number, role in enumerate(("ingest", "monitor", "shared"))
    ]
    try:
        until(lambda: all(worker.page("/readyz") for worker in workers), READY_SECONDS, workers, "not ready")
        ready = time.monotonic()
        sent = site.done("sender", "simulate", "--events", str(EVENTS), "--bad", "0.02", "--publish", "--json")
        records = json.loads(sent)["records"]

        def drained() -> bool:
            # in the order of the data: a page of before knows nothing of what ingest wrote since
            done = workers[0].metric("fxwatch_records_read_total") >= records
            return done and all(worker.metric_now("fxwatch_lag_records") == 0 for worker in workers)

        until(drained, DRAIN_SECONDS, workers, "not drained")
        yield Ran(workers, began, ready - began, time.monotonic() - ready, site.refusals())
    finally:
        for worker in workers:
            if worker.alive():
                worker.kill()


def until(holds: Callable[[], bool], seconds: float, workers: list[Worker], what: str) -> None:
    """Wait until it holds; a worker that ends, or the time, fails the test with what the workers said."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert all(worker.alive() for worker in workers), [worker.words() for worker in workers]
        assert time.monotonic() < deadline, (what, [worker.words() for worker in workers])
        time.sleep(0.3)


def commands_about(site: Site, first: dict[str, Any]) -> dict[str, Command]:
    """What each role asks of an alert and of all records."""
    key_file, private = str(site.keys), str(site.directory / "seal" / "seal.key")
    return {
        "diff": Command("operator", ("topics", "diff", "--json")),
        "rules": Command("operator", ("rules", "show", "--json")),
        "digest": Command("operator", ("state", "digest", "--json")),
        "rescore": Command("operator", ("rescore", first["alert_id"], "--json")),
        "institutions": Command("operator", ("institutions", "--json")),
        "list": Command("investigator", ("alerts", "list", "--json", "--limit", "10000")),
        "show": Command("investigator", ("alerts", "show", first["alert_id"], "--json")),
        "record": Command("investigator", ("ledger", "show", "{partition}:{offset}".format_map(first["position"]))),
        "party": Command("investigator", ("party", first["party"], "--json")),
        "dispose": Command(
            "investigator",
            (
                "dispose",
                first["alert_id"],
                "--verdict",
                "refuted",
                "--reason",
                "a test",
                "--officer",
                "I-1",
                "--json",
            ),
        ),
        "settle": Command("operator", ("acknowledge", topics.RATES, "0", "0", "0", "--reason", "a test")),
        "letters": Command("deadletter", ("deadletter", "list", "--json")),
        "replay": Command("deadletter", ("deadletter", "replay", "--json")),
        "reconcile": Command("reconciler", ("reconcile", "--json")),
        "prove": Command("reconciler", ("evidence", "prove", first["alert_id"], "--key-file", key_file, "--json")),
        **{f"doctor of {role}": Command(role, ("doctor",)) for role in ("monitor", "investigator")},
        "reidentify": Command(
            "reidentifier",
            ("reidentify", first["party"], "--case", "1", "--reason", "a test", "--key-file", private, "--json"),
        ),
    }


def test_the_stream_runs_with_each_role_under_its_own_principal(site: Site, ran: Ran) -> None:
    """From the senders' records to whoever looks at what became of them."""
    began = time.monotonic()
    assert ran.refusals == 0
    alerts = site.done("investigator", "alerts", "follow", "--from-beginning", "--count", "3", "--json").splitlines()
    first = json.loads(alerts[0])
    ended = site.run_all(commands_about(site, first))
    settled = ended.pop("settle")  # whatever it is allowed, there is nothing to settle
    assert (settled.code, "did not all pass ingest by" in settled.err) == (2, True), settled
    assert {name: one.err for name, one in ended.items() if one.code} == {}
    assert json.loads(ended["diff"].out) == {"differences": []}
    assert json.loads(ended["rules"].out)["fingerprint"]
    assert len(ended["letters"].out.splitlines()) > 0
    assert first["alert_id"] in ended["list"].out
    assert {one["state"] for one in json.loads(ended["show"].out)["evidence"]} == {"record"}
    assert json.loads(ended["party"].out)["total"] > 0
    assert json.loads(ended["dispose"].out)["outcome"] == "taken_in"
    assert len(alerts) == 3
    print(
        f"workers ready in {ran.ready:.1f} s, {EVENTS} records sent and worked off in {ran.drained:.1f} s, "
        f"16 commands of 5 roles in {time.monotonic() - began:.1f} s, over TLS and SCRAM-SHA-512"
    )


def test_the_shared_agent_follows_the_legs_with_its_own_grants(ran: Ran) -> None:
    """What ingest wrote to `fx.legs.v1` is read and learned, by a worker that may read no payment."""
    shared = ran.workers[2]
    assert shared.metric_now("fxwatch_events_total", agent="shared", outcome="applied") > EVENTS
    until(lambda: shared.page("/readyz") is not None, READY_SECONDS, [shared], "not ready")


def test_an_investigator_reads_open_items_and_a_traders_ledger(site: Site, ran: Ran) -> None:
    """`trade show` tells what `fx.openitems.v1` does, by the same grants."""
    del ran  # there are records in the topics
    newest: dict[bytes | None, dict[str, Any] | None] = {}
    with topic_reader.Reader(site.settings("investigator"), [topics.OPEN_ITEMS]) as reader:
        for _, records in reader.read_to_end():
            newest |= {one.key: json.loads(one.value) if one.value else None for one in records}
    still_open = [one for one in newest.values() if one is not None]
    party, most = Counter(one["party"] for one in still_open).most_common(1)[0]
    told = json.loads(site.done("investigator", "trade", "show", party, "--json"))
    assert {one["item"] for one in told["open"]} == {one["item"] for one in still_open if one["party"] == party}
    assert len(told["open"]) == most > 1


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may_do_by_the_brokers_own_word(site: Site, role: str) -> None:
    """Written down here by hand, topic by topic: a table that grants more is a failure, not a surprise."""
    with topics.connect(site.settings(role)) as admin:
        told = {
            each["name"]: set(each.get("authorized_operations") or ())
            for each in admin.describe_topics([row.name for row in topics.table(site.settings(role))])
        }
    desks = {topics.desk_topic(desk) for desk in site.settings(role).effective.desks}
    for operation, expected in (("READ", READABLE[role]), ("WRITE", WRITABLE[role])):
        extra = desks if OF_DESKS.get(role) == operation else set()
        assert {name for name, held in told.items() if operation in held} == expected | extra, operation
    for operation in ("CREATE", "ALTER"):  # of a topic, ALTER adds partitions
        may = {name for name, held in told.items() if operation in held}
        assert may == (set(told) if role == "operator" else set()), operation
    assert not [name for name, held in told.items() if "DELETE" in held]


def test_a_sender_may_write_no_transaction_by_the_brokers_own_word(site: Site) -> None:
    """One left open would hide what everybody else sends; without one it writes, as the stream's sender does."""
    producer = KafkaProducer(**kafka_python_access(site.settings("bank")), transactional_id="bank-1")
    try:
        with pytest.raises(TransactionalIdAuthorizationFailedError):
            producer.init_transactions()
    finally:
        producer.close(timeout=1)


@pytest.fixture(scope="module")
def read(site: Site, ran: Ran) -> dict[tuple[str, str], int]:
    """How many records each reader got with another client, as whoever tries would. All read at the same time.

    The denied ones read for as long as the slowest allowed one takes to its first records, and 3 s in any case.
    """
    del ran  # there are records in the topics
    waiting, lock = set(ALLOWED_READERS), threading.Lock()

    def records(reader: tuple[str, str]) -> int:
        role, topic = reader
        access, got, began = kafka_python_access(site.settings(role)), 0, time.monotonic()
        consumer = KafkaConsumer(**access, group_id=None, auto_offset_reset="earliest")
        try:
            consumer.assign([TopicPartition(topic, number) for number in range(3)])
            while not got and (time.monotonic() < began + 3 or waiting) and time.monotonic() < began + 30:
                with contextlib.suppress(BlockingTopicAuthorizationFailedError):  # said, or silence
                    got = sum(map(len, consumer.poll(timeout_ms=500).values()))
        finally:
            consumer.close()
            with lock:
                waiting.discard(reader)
        return got

    readers = (*ALLOWED_READERS, *DENIED_READERS)
    with ThreadPoolExecutor(len(readers)) as pool:
        return dict(zip(readers, pool.map(records, readers), strict=True))


@pytest.mark.parametrize(("role", "topic"), DENIED_READERS)
def test_a_reader_without_the_right_gets_nothing(read: dict[tuple[str, str], int], role: str, topic: str) -> None:
    """While another, by the same client, reads the same topic."""
    assert [count > 0 for (_, name), count in read.items() if name == topic and (_, name) in ALLOWED_READERS] == [True]
    assert read[role, topic] == 0


COMMANDS = {
    "worker": ("worker", "monitor"),
    "topics": ("topics", "diff"),
    "alerts": ("alerts", "follow", "--count", "1"),
    "publish": ("simulate", "--events", "500", "--publish"),
}


def assert_soon(site: Site, ended: Ended) -> None:
    """Within 15 s, or, where the machine is busy, within ten times what a command takes that asks nobody anything."""
    assert ended.seconds < 15 or ended.seconds < 10 * site.run("investigator", "version").seconds


# every mistake with a worker; each kind of client with one mistake of each kind
CASES = [(name, "worker") for name in MISTAKES] + [
    (name, command)
    for name in ("wrong password", "expired certificate", "plain text to TLS")
    for command in COMMANDS
    if command != "worker"
]


@pytest.mark.parametrize(("name", "command"), CASES)
def test_a_mistake_is_one_message_and_an_end(site: Site, name: str, command: str) -> None:
    """What, got, expected, to do; exit code 1; within seconds; at most four attempts at the broker; no secret."""
    mistake, before = mistakes(site, name), site.refusals()
    ended = site.run(mistake.role, *COMMANDS[command], **mistake.overrides)
    assert ended.code == 1, ended.err
    [told] = ended.told()
    assert told.startswith("fxwatch: ")
    assert all(words in told for words in (*mistake.words, "got: ", "expected: ", "to do: ")), told
    assert not [secret for secret in (*site.cluster.passwords.values(), "nonsense") if secret in ended.err]
    assert_soon(site, ended)
    assert site.refusals() - before <= 4


@pytest.fixture(scope="module")
def denied(site: Site, ran: Ran) -> dict[tuple[str, tuple[str, ...]], Ended]:
    """How each of them ended."""
    del ran  # of an empty topic nothing is read, and so nothing is denied
    keys = {("worker", "ingest"): {"key_file": site.keys}}
    return site.run_all(
        {(role, command): Command(role, command, keys.get(command, {})) for role, command in DENIED_COMMANDS}
    )


@pytest.mark.parametrize(("role", "command"), DENIED_COMMANDS)
def test_a_denied_command_is_one_message_and_an_end(
    site: Site, denied: Any, role: str, command: tuple[str, ...]
) -> None:
    """Each names what is missing, and how to grant it."""
    ended = denied[role, command]
    assert ended.code == 1, ended
    [told] = ended.told()
    assert all(one in told for one in DENIED_COMMANDS[role, command]), told
    assert "to do: " in told
    assert_soon(site, ended)


def test_an_opening_without_the_right_says_so(site: Site) -> None:
    """Aiokafka asks for the offsets of a topic that is denied without end: a worker only said that it was replaying."""
    log = MONITOR.open_log(site.settings("investigator"), topic_id="")
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(asyncio.wait_for(log.progress(MONITOR.place(0)), 20))


def test_other_ways_in(site: Site) -> None:
    """The other mechanisms, through kafka-python and aiokafka alike, by a command that uses both."""
    no_login = {"sasl_mechanism": None, "sasl_username": None, "sasl_password_file": None}
    pair = site.cluster.authority.issue("fxwatch-operator")
    # the token as a file: there is no interpreter to start at each connection
    token = secret_file(site.directory / "operators-token", unsigned_token("fxwatch-operator", 600))
    command = f"cat {token}"
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "PLAIN": ("admin", {"sasl_mechanism": "PLAIN"}),
        "SCRAM-SHA-256": ("operator", {"sasl_mechanism": "SCRAM-SHA-256"}),
        "token file": ("operator", {**no_login, "sasl_mechanism": "OAUTHBEARER", "oauth_token_file": token}),
        "token command": ("operator", {**no_login, "sasl_mechanism": "OAUTHBEARER", "oauth_token_command": command}),
        "mutual TLS": (
            "operator",
            {
                **no_login,
                "security_protocol": "SSL",
                "bootstrap": site.cluster.address(MUTUAL),
                "ssl_certificate_file": pair.certificate,
                "ssl_key_file": pair.key,
            },
        ),
    }
    ended = site.run_all(
        {way: Command(role, ("rules", "show", "--json"), fields) for way, (role, fields) in ways.items()}
    )
    assert {way: one.err for way, one in ended.items() if one.code} == {}


def test_granting_again_changes_nothing(site: Site) -> None:
    """Idempotent, and the commands of Kafka's own tool are as many as the grants."""
    ended = site.run_all(
        {
            "again": Command("admin", ("topics", "acls", "--apply")),
            "told": Command("admin", ("topics", "acls", "--json")),
            "commands": Command("admin", ("topics", "acls", "--commands")),
        }
    )
    assert ended["again"].err.strip().splitlines()[-1].startswith("0 entries granted, ")
    lines = ended["commands"].out.splitlines()
    assert len(lines) == len(json.loads(ended["told"].out)["grants"])
    assert all(line.startswith("kafka-acls.sh --bootstrap-server ") for line in lines)


def test_a_worker_that_may_not_join_its_groups_ends(site: Site, ran: Ran) -> None:
    """Groups are not told at the start: the first attempt to join one is what tells."""
    del ran  # which goes on; the group of notices is ingest's second one
    of_role = {"monitor": "fxwatch-monitor", "ingest": "fxwatch-notices"}
    site.cluster.add_users(*(f"ungrouped-{role}" for role in of_role))
    granted = site.run_all(
        {
            role: Command(
                "admin", ("topics", "acls", "--apply", "--role", role, "--principal", f"{role}=User:ungrouped-{role}")
            )
            for role in of_role
        }
    )
    assert [one.code for one in granted.values()] == [0, 0], granted
    with topics.connect(site.cluster.admin()) as admin:
        admin.create_acls(
            [
                ACL(
                    f"User:ungrouped-{role}",
                    "*",
                    ACLOperation.READ,
                    ACLPermissionType.DENY,
                    ResourcePattern(ResourceType.GROUP, group),
                )
                for role, group in of_role.items()
            ]
        )
    ended = site.run_all(
        {
            role: Command(role, ("worker", role, "--web-port", "0"), site.cluster.user(f"ungrouped-{role}"))
            for role in of_role
        }
    )
    for role, words in {
        "monitor": "fxwatch-monitor may not read as a consumer group",
        "ingest": "this worker may not read notices",
    }.items():
        assert ended[role].code == 1, ended[role]
        assert f"fxwatch: {words}" in ended[role].err
        assert "fxwatch topics acls --apply" in ended[role].err
        assert ended[role].seconds < 30


def test_workers_outlive_their_sessions(site: Site, ran: Ran) -> None:
    """And stop in order, with no secret in their logs. The last test: they ran beside all the others."""
    time.sleep(max(0.0, ran.since + 1.5 * SESSION_SECONDS - time.monotonic()))
    until(lambda: all(worker.page("/readyz") for worker in ran.workers), READY_SECONDS, ran.workers, "not ready")
    assert [worker.stop() for worker in ran.workers] == [0, 0, 0]
    text = "".join(worker.log.read_text() for worker in ran.workers)
    assert "does not answer" not in text, "a session's end was taken for an outage"
    assert not [name for name, password in site.cluster.passwords.items() if password in text]
