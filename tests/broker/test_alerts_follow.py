"""`fxwatch alerts follow` on a real broker: committed alerts only, as they stand on the topic."""

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from streams.kafka import clients, topics
from streams.settings import load_settings

pytestmark = pytest.mark.broker

ALERT = (Path(__file__).parent.parent / "golden" / "alert.json").read_bytes()


def alert(number: int, severity: str = "medium", party: str = "k1.001.p") -> bytes:
    raw = json.loads(ALERT) | {"alert_id": f"alert-{number}", "severity": severity, "party": party}
    return json.dumps(raw, indent=None if number % 2 else 1).replace("\n", " ").encode()


def write(bootstrap: str, values: list[bytes], *, topic: str = topics.ALERTS, commit: bool = True) -> None:
    """Write alerts in one Kafka transaction, as the monitor does."""

    async def send() -> None:
        producer = clients.make_transactional_producer(load_settings(bootstrap=bootstrap), "test-alerts")
        await producer.start()
        try:
            await producer.begin_transaction()
            for place, value in enumerate(values):
                key = json.loads(value)["party"].encode()
                await producer.send_and_wait(topic, value, key=key, partition=place % 2, timestamp_ms=1000 + place)
            await (producer.commit_transaction() if commit else producer.abort_transaction())
        finally:
            await producer.stop()

    asyncio.run(send())


def groups(bootstrap: str) -> list[str]:
    """The consumer groups that the cluster knows."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return sorted(group["group_id"] for group in admin.list_groups())
    finally:
        admin.close()


@pytest.fixture
def ready(empty_broker, fxwatch):
    """A broker with the topics of fxwatch."""
    done = fxwatch("topics", "apply")
    assert done.returncode == 0, done.stderr
    return empty_broker


def test_from_beginning_json_is_byte_for_byte(ready, fxwatch):
    """With --json each line is an alert's bytes, those of aborted transactions are not there, and no group is left."""
    values = [alert(number) for number in range(4)]
    write(ready.bootstrap, [alert(99)], commit=False)
    write(ready.bootstrap, values)
    before = groups(ready.bootstrap)
    done = fxwatch("alerts", "follow", "--from-beginning", "--json", "--count", "4")
    assert done.returncode == 0, done.stderr
    assert done.stdout.encode().splitlines() == values
    assert groups(ready.bootstrap) == before


def test_text_severity_party_and_desk(ready, fxwatch):
    """Alerts are chosen by severity and party, read as text, and a desk has its own topic."""
    write(ready.bootstrap, [alert(1), alert(2, "critical"), alert(3, "high", "k1.002.q")])
    done = fxwatch("alerts", "follow", "--from-beginning", "--min-severity", "high", "--count", "2")
    assert done.returncode == 0, done.stderr
    assert "alert-1\n" not in done.stdout
    assert "CRITICAL" in done.stdout
    assert "alert-3\n" in done.stdout
    done = fxwatch("alerts", "follow", "--from-beginning", "--party", "k1.002.q", "--count", "1", "--lang", "ko")
    assert "alert-3\n" in done.stdout
    assert "당사자" in done.stdout
    desk = min(load_settings().effective.desks)
    write(ready.bootstrap, [alert(7)], topic=topics.desk_topic(desk))
    done = fxwatch("alerts", "follow", "--from-beginning", "--desk", desk, "--count", "1", "--json")
    assert json.loads(done.stdout)["alert_id"] == "alert-7"


def test_an_unknown_desk_names_the_desks(ready, fxwatch):
    """A desk that is not configured is wrong use; the message names those that are."""
    done = fxwatch("alerts", "follow", "--desk", "nobody")
    assert done.returncode == 2
    for desk in load_settings().effective.desks:
        assert desk in done.stderr


def test_an_alert_that_cannot_be_read_does_not_stop_the_others(ready, fxwatch):
    """What is no alert is named with its position, and the following alert is shown."""
    write(ready.bootstrap, [b'{"party": "x"}', alert(5)])
    done = fxwatch("alerts", "follow", "--from-beginning", "--count", "1")
    assert done.returncode == 0, done.stderr
    assert f"{topics.ALERTS}[0]@0 is not an alert" in done.stderr
    assert "alert-5\n" in done.stdout


def test_new_alerts_only_until_interrupted(ready, fxwatch_command, pytestconfig):
    """By default only alerts written after the start are shown, in the order written; Ctrl-C ends with exit code 0."""
    write(ready.bootstrap, [alert(1)])
    process = subprocess.Popen(
        [*fxwatch_command, "alerts", "follow", "--json"],
        cwd=pytestconfig.rootpath,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stderr is not None
        assert process.stdout is not None
        while "waiting for new alerts" not in (line := process.stderr.readline()):
            assert line, "follow ended before it waited"
        write(ready.bootstrap, [alert(2)])
        assert json.loads(process.stdout.readline())["alert_id"] == "alert-2"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=90)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, said
    assert rest == ""
    assert "stopped after 1 alerts" in said


def test_missing_topics_name_the_command_to_run(empty_broker, fxwatch):
    """Without topics the message names `fxwatch topics apply`, and the topic is not created by asking."""
    done = fxwatch("alerts", "follow")
    assert done.returncode == 1
    assert "fxwatch topics apply" in done.stderr
    assert "Traceback" not in done.stderr
    admin = KafkaAdminClient(bootstrap_servers=empty_broker.bootstrap)
    try:
        assert topics.ALERTS not in admin.list_topics()
    finally:
        admin.close()


def test_no_broker_is_one_message(free_port, fxwatch, monkeypatch):
    """Without a broker there is one clear message and exit code 1."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", f"127.0.0.1:{free_port}")
    done = fxwatch("alerts", "follow")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no Kafka broker answers" in done.stderr
