"""`dispose` tells what Kafka holds, also where the wait for the ledger ended early."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError
from click.testing import CliRunner

from streams.cli import command
from streams.cli import dispose as sending
from streams.desk.alert_lookup import Found
from streams.desk.disposing import Decision, Done, _Watch
from streams.errors import DeliveryError
from streams.render import read_alert
from streams.settings import load_settings

ALERT = (Path(__file__).parent.parent / "golden" / "alert.json").read_bytes()
ASKED = ("dispose", "a5e3489238da", "--verdict", "refuted", "--reason", "x", "--officer", "I-1")


@pytest.fixture
def desk(monkeypatch):
    """The alert is found, with as many newer ones as given; sending ends as given."""

    def made(ends, newer=0):
        found = Found(read_alert(ALERT), ALERT, 0, None, newer)
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
    assert (told["outcome"], told["sent_to"]["offset"]) == ("sent", 5)


@pytest.mark.parametrize(("newer", "warned"), [(255, False), (256, True)])
def test_an_alert_that_the_monitor_may_have_forgotten_is_told_before(desk, newer, warned):
    """It keeps the newest 256 of a party; a dry run tells it too."""
    for more in ((), ("--dry-run",)):
        desk(None, newer)
        done = CliRunner().invoke(command, [*ASKED, *more])
        assert ("the monitor may know it no more" in done.stderr) is warned


def test_a_broker_that_goes_away_during_the_wait_leaves_a_verdict_sent():
    """Not "a bug in fxwatch"."""

    class Gone:
        async def getmany(self, **_):
            raise KafkaConnectionError("gone")

    decision = Decision(alert_id="1" * 32, party="k1.0a3." + "a" * 32, verdict="refuted", reason="x",
                        investigator="I-1", decided_at=datetime(2026, 4, 28, tzinfo=UTC))  # fmt: skip
    sent = [Done(decision=decision, outcome="sent", partition=0, offset=0)]

    async def wait():
        watch = _Watch(load_settings(), {0})
        watch._consumer = Gone()
        await watch.until_seen(sent, 5)

    asyncio.run(wait())
    assert [done.outcome for done in sent] == ["sent"]
