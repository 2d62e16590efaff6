"""`dispose` tells what Kafka holds, also where the wait for the ledger ended early."""

import asyncio
import json
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from click.testing import CliRunner

from streams.alert_text.alert_text import read_alert
from streams.cli import command
from streams.cli import dispose as sending
from streams.contracts.dead_letters import Letter
from streams.contracts.input_record import ArrivedRecord
from streams.desk import disposing
from streams.desk.alert_lookup import FoundAlert
from streams.desk.disposing import (
    Done,
    _Watch,
    check,
    ledger_partition_of,
    make_decision,
    name_alert,
    record_of,
)
from streams.errors import DeliveryError
from streams.settings import load_settings
from tests.support.desk_records import disposition, record
from tests.support.repository import ROOT

ALERT = (ROOT / "tests" / "golden" / "alert.json").read_bytes()
ASKED = ("dispose", "a5e3489238da", "--verdict", "refuted", "--reason", "x", "--officer", "I-1")

DECISION = make_decision(
    alert_id="1" * 32,
    party="k1.0a3." + "a" * 32,
    verdict="refuted",
    reason="x",
    investigator="I-1",
    decided_at=datetime(2026, 4, 28, tzinfo=UTC),
)
SENT = Done(decision=DECISION, outcome="sent", partition=2, offset=5)


class Batches:
    """A consumer that hands over one list of records after another, then none."""

    def __init__(self, batches):
        self._batches = iter(batches)

    async def getmany(self, timeout_ms):
        await asyncio.sleep(timeout_ms / 10_000)
        return {TopicPartition("t", 3): next(self._batches, [])}


@pytest.fixture
def desk(monkeypatch):
    """The alert is found, with as many newer ones as given; sending ends as given."""

    def made(ends, newer=0):
        found = FoundAlert(read_alert(ALERT), ALERT, 0, "b" * 32, newer)
        monkeypatch.setattr(sending, "find_alerts", lambda *_: {"a5e3489238da": found})
        monkeypatch.setattr(sending, "_verdicts", lambda *_: None)

        async def dispose(_settings, decisions, _key, _seconds, done):
            for decision, _ in decisions:
                done.append(Done(decision=decision, outcome="sent", partition=2, offset=5))
            if ends is not None:
                raise ends

        monkeypatch.setattr(sending, "dispose", dispose)

    return made


@pytest.mark.parametrize(
    "ends", [KeyboardInterrupt(), DeliveryError("1 of 2 verdicts were sent")], ids=["Ctrl-C", "lost"]
)
def test_what_was_sent_is_told_whatever_ends_the_wait(desk, ends):
    """Failure prevented: Ctrl-C while waiting said "interrupted", and nobody knew whether a verdict had been given."""
    desk(ends)
    done = CliRunner().invoke(command, ASKED)
    assert "partition 2, offset 5 of fx.dispositions.v1" in done.stdout
    assert "--decided-at 2" in done.stdout
    assert done.exit_code == 1, "the runner's code of an interruption; `fxwatch` makes it 130"
    desk(ends)
    told = json.loads(CliRunner().invoke(command, [*ASKED, "--json"]).stdout)
    assert (told["outcome"], told["sent_to"]["offset"], told["superseded_by"]) == ("sent", 5, "b" * 32)


@pytest.mark.parametrize(("newer", "warned"), [(255, False), (256, True)])
def test_an_alert_that_the_monitor_may_have_forgotten_is_told_before(desk, newer, warned):
    """It keeps the newest 256 of a party; a dry run tells it too."""
    for more in ((), ("--dry-run",)):
        desk(None, newer)
        done = CliRunner().invoke(command, [*ASKED, *more])
        assert ("the monitor may know it no more" in done.stderr) is warned


def test_a_dry_run_tells_machines_what_would_be_sent(desk):
    """The record whole, and that nothing has a place."""
    desk(None)
    told = json.loads(CliRunner().invoke(command, [*ASKED, "--dry-run", "--json"]).stdout)
    assert (told["outcome"], told["disposition"]["verdict"], "sent_to" in told) == ("dry_run", "refuted", False)
    assert told["disposition"]["event_id"].startswith("desk-")


LETTER = Letter(
    record=ArrivedRecord("fx.dispositions.v1", 4, 106, 1, b"k", b"{}"),
    stage="monitor",
    codes=("verdict.unknown_alert",),
    message="why",
    version="1",
).written()
REFUSAL = SimpleNamespace(key=LETTER[0], value=LETTER[1], headers=LETTER[2], offset=0, timestamp=1)


def watched(ledger, letters, *, may_read=True):
    """What became of the verdict at offset 106 of partition 4, as these batches of ledger and dead letters tell it."""
    sent = [msgspec.structs.replace(SENT, partition=4, offset=106)]

    async def wait():
        watch = _Watch(load_settings(), {3})
        watch._consumer, watch._letters = Batches(ledger), Batches(letters)
        watch._may_read_letters = may_read
        await watch.wait_until_seen(sent, 300)

    began = time.monotonic()
    asyncio.run(wait())
    assert time.monotonic() - began < 100, "it waited for what will not come"
    (done,) = sent
    return done


@pytest.mark.parametrize("may_read", [True, False])
def test_who_may_read_dead_letters_is_told_that_the_monitor_refused_it(monkeypatch, may_read):
    """It says so after the ledger took the verdict in; others are not kept waiting for what they cannot see."""
    monkeypatch.setattr(disposing, "JUDGED_SECONDS", 0.3)
    done = watched([[record(disposition(), 99)]], [[], [REFUSAL]], may_read=may_read)
    assert (done.outcome, done.ledger_offset) == ("refused" if may_read else "taken_in", 99)
    assert done.codes == (("verdict.unknown_alert",) if may_read else ())


def test_a_refusal_that_is_seen_before_the_ledger_record_stays_one(monkeypatch):
    """Two readers, each at its own pace. Failure prevented: a refused verdict was told as taken in."""
    monkeypatch.setattr(disposing, "JUDGED_SECONDS", 0.3)
    done = watched([[], [record(disposition(), 99)]], [[REFUSAL]])
    assert (done.outcome, done.codes, done.ledger_offset) == ("refused", ("verdict.unknown_alert",), 99)


def test_a_broker_that_goes_away_during_the_wait_leaves_a_verdict_sent():
    """Not "a bug in fxwatch"."""

    class Gone:
        async def getmany(self, **_):
            raise KafkaConnectionError("gone")

    sent = [SENT]

    async def wait():
        watch = _Watch(load_settings(), {0})
        watch._consumer = Gone()
        await watch.wait_until_seen(sent, 5)

    asyncio.run(wait())
    assert [done.outcome for done in sent] == ["sent"]


SHARED = {"kind": "device", "token": "k1.777." + "d" * 32}


def test_an_officers_record_names_the_shared_thing_where_the_alert_has_one() -> None:
    """By it alone the shared agent learns of the verdict; its place in the ledger is the party's all the same."""
    plain = read_alert(ALERT)
    shared = read_alert(json.dumps(json.loads(ALERT) | {"x_shared": SHARED}).encode())
    assert name_alert(plain) == {"alert_id": plain.alert_id, "party": plain.party}
    named = name_alert(shared)
    assert named == name_alert(plain) | {"shared_kind": "device", "shared_token": SHARED["token"]}
    decision = make_decision(
        datetime(2026, 4, 28, tzinfo=UTC), verdict="refuted", reason="one office", investigator="I-17", **named
    )
    check(load_settings(), decision)
    assert json.loads(record_of(decision).value)["shared_token"] == SHARED["token"]


def test_the_ledger_partition_of_an_alert_is_its_own_or_its_partys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The position of one of the shared agent's is of the legs."""
    monkeypatch.setattr(disposing, "partition_of", lambda _, token: {json.loads(ALERT)["party"]: 9}[token])
    plain = read_alert(ALERT)
    shared = read_alert(json.dumps(json.loads(ALERT) | {"x_shared": SHARED}).encode())
    settings = load_settings()
    assert [ledger_partition_of(settings, each) for each in (plain, shared)] == [plain.position.partition, 9]
