"""The way of a snooze through real Kafka: added by the command, taken in, kept by the monitor, listed, ended.

And the way of an officer's records on an alert of the shared agent: a verdict, its withdrawal, a snooze.

Three deals of one party at a rate far off the market, each twice the one before, so that each is news: one raises the
alert that the snooze rests on, one rests under it, and one comes after its end.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli import command
from streams.contracts.input_record import InputRecord
from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from streams.publication.sending import publish_records
from tests.support.cluster import PARTITIONS, Cluster
from tests.support.korean import foreign_words
from tests.support.pipeline import TRANSACTION
from tests.support.topic_deletion import delete_topics

pytestmark = pytest.mark.broker

PARTY_ID = "KR-P-00000017"


def deal(number: int, amount: str) -> list[InputRecord]:
    """A reference rate of now, and a payment of so many dollars at 7 % above it."""
    now = datetime.now(UTC)
    rated = {"base": "USD", "quote": "KRW", "mid": "1400", "rate_time": (now - timedelta(minutes=1)).isoformat()}
    paid = {name: said for name, said in TRANSACTION.items() if name not in {"payment_id", "deal_rate"}} | {
        "event_id": f"deal-{number}",
        "event_time": now.isoformat(),
        "party_id": PARTY_ID,
        "amount": amount,
        "currency": "USD",
        "settled_amount": str(int(float(amount) * 1500)),
        "settled_currency": "KRW",
        "deal_rate": "1500",
        "evidence": "verified",
    }
    return [
        InputRecord("fx.rates.v1", b"USD/KRW", json.dumps(rated).encode(), -1),
        InputRecord("fx.transactions.v1", PARTY_ID.encode(), json.dumps(paid).encode(), -1),
    ]


def ran(cluster: Cluster, *arguments: str, code: int = 0) -> Result:
    """A command, run to its end; it must exit so."""
    foreign = {name: None for name in os.environ if name.startswith("FXWATCH_")}
    done = CliRunner().invoke(command, list(arguments), env=foreign | cluster.environment)
    assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
    return done


def listed(cluster: Cluster, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran(cluster, *arguments, "--json").stdout.splitlines()]


class Day:
    """A worker that runs, and what the party's deals come to."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def alert_on(self, number: int, amount: str) -> Any:
        """The alert of one more deal."""
        rate, payment = deal(number, amount)
        ledgered = sum(self.cluster.ends(topics.LEDGER).values())
        publish_records(self.cluster.settings, [rate], stamps="now", expected=1)
        # sent together, on a busy machine the payment may be read before its rate
        self.cluster.until(
            lambda: sum(self.cluster.ends(topics.LEDGER).values()) == ledgered + PARTITIONS, 30, "no rate"
        )
        publish_records(self.cluster.settings, [payment], stamps="now", expected=1)
        self.cluster.wait_drained()
        return next(one for one in self.cluster.alerts() if one.trigger_event_id == f"deal-{number}")

    def shared_alert(self, first: int, amount: int, many: int) -> Any:
        """The newest alert of one more ring."""
        publish_records(self.cluster.settings, ring(first, amount, many), stamps="now", expected=many)
        self.cluster.wait_drained()
        return [one for one in self.cluster.alerts() if one.shared and one.trigger_event_id.startswith("ring")][-1]

    def counted(self, what: str) -> float:
        """What the worker has counted of snoozes."""
        return float(self.cluster.workers[0].metric_now("fxwatch_snoozes_total", what=what))

    def add(self, alert_id: str, *more: str) -> str:
        """What `snooze add` says."""
        until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
        named = ("snooze", "add", alert_id[:12], "--until", until, "--reason", "inspection", "--officer", "I-17")
        return ran(self.cluster, *named, *more).stdout


@pytest.fixture
def day(own_broker: EmbeddedBroker, tmp_path: Any) -> Any:
    delete_topics(own_broker.bootstrap)
    with Cluster(own_broker.bootstrap, tmp_path, session_timeout_seconds=6) as cluster:
        cluster.start("all")
        yield Day(cluster)


def test_the_way_of_a_snooze(day: Day) -> None:
    """The alert rests, is listed and counted, reaches no desk; after the end the next one does; all of it is proven."""
    first = day.alert_on(1, "3000")
    assert "not sent" in day.add(first.alert_id, "--dry-run")
    assert listed(day.cluster, "snooze", "list") == []
    told = day.add(first.alert_id, "--lang", "ko")
    assert "접수 완료: 원장" in told
    assert foreign_words(told) == []
    day.cluster.wait_drained()
    second = day.alert_on(2, "6100")
    _rests(day, first, second)

    done = ran(day.cluster, "snooze", "end", second.party, "T16", "--reason", "done", "--officer", "I-17")
    assert "taken in" in done.stdout
    day.cluster.wait_drained()
    third = day.alert_on(3, "12500")
    assert (third.supersedes, third.desk != "unassigned") == (second.alert_id, True)
    assert "snoozed" not in listed(day.cluster, "alerts", "show", third.alert_id)[0]["alert"]
    assert listed(day.cluster, "snooze", "list") == []
    (ended,) = listed(day.cluster, "snooze", "list", "--all")
    assert (ended["state"], day.counted("ended")) == ("ended", 1)
    _of_the_shared_agent(day)
    ran(day.cluster, "rescore", "--all")
    ran(day.cluster, "reconcile")


def _rests(day: Day, first: Any, second: Any) -> None:
    """The second alert rests under the snooze on the first, and every list says so."""
    cluster = day.cluster
    assert [hit.id for hit in second.typologies] == ["T16"]
    assert (second.desk, second.supersedes, second.snoozed.legal_line) == ("unassigned", first.alert_id, False)
    (row,) = listed(cluster, "snooze", "list")
    assert (row["typology"], row["alerts"], row["investigator"]) == ("T16", 1, "I-17")
    assert (row["party"], row["alert_id"]) == (second.party, first.alert_id)
    assert row["ledger"] == f"{second.position.partition}:{second.snoozed.offset}"
    awake = ran(cluster, "alerts", "list")
    assert second.alert_id[:12] not in awake.stdout
    assert "1 more rest under a snooze" in awake.stderr
    assert [one["alert_id"] for one in listed(cluster, "alerts", "list", "--snoozed")] == [second.alert_id]
    assert "no desk gets it" in ran(cluster, "alerts", "show", second.alert_id[:12]).stdout
    for desk in cluster.settings.effective.desks:
        assert listed(cluster, "alerts", "list", "--snoozed", "--desk", desk) == []
    assert [day.counted(what) for what in ("begun", "resting", "ended")] == [1, 1, 0]


def ring(first: int, amount: int, many: int) -> list[InputRecord]:
    """Residents without documents pay one foreign party, each a little more than the one before."""
    now = datetime.now(UTC)
    found = []
    for number in range(first, first + many):
        person = f"KR-P-100000{number:02}"
        paid = {name: said for name, said in TRANSACTION.items() if name not in {"payment_id", "deal_rate"}} | {
            "event_id": f"ring-{number}",
            "event_time": (now - timedelta(minutes=20 - number)).isoformat(),
            "party_id": person,
            "counterparty_id": "VN-C-77",
            "amount": str(amount + number),
            "currency": "USD",
            "evidence": "none",
        }
        found.append(InputRecord("fx.transactions.v1", person.encode(), json.dumps(paid).encode(), -1))
    return found


def _of_the_shared_agent(day: Day) -> None:
    """A verdict counts, is shown and withdrawn; a snooze rests the next alert; a made-up verdict is a dead letter."""
    cluster, officer = day.cluster, ("--reason", "one office", "--officer", "I-17")
    first = day.shared_alert(0, 3000, 5)
    assert (first.shared.kind, first.position.topic) == ("counterparty", "fx.legs.v1")
    for verdict, state in (("refuted", "disposed"), ("withdrawn", "open")):
        assert "taken in" in ran(cluster, "dispose", first.alert_id[:12], "--verdict", verdict, *officer).stdout
        cluster.wait_drained()
        for resident in (first.party, first.parties[-1]):
            (row,) = listed(cluster, "alerts", "list", "--party", resident, "--typology", "T03")
            assert (row["alert_id"], row["state"]) == (first.alert_id, state)
    (shown,) = listed(cluster, "alerts", "show", first.alert_id)
    assert [(one["verdict"], one["reason"]) for one in shown["verdicts"]] == [
        ("refuted", "one office"), ("withdrawn", "one office"),
    ]  # fmt: skip
    day.add(first.alert_id, "--typology", "T03")
    cluster.wait_drained()
    second = day.shared_alert(5, 40_000, 6)  # more than those that were alike before
    assert (second.supersedes, second.snoozed.legal_line) == (first.alert_id, False)
    (row,) = listed(cluster, "snooze", "list")
    assert (row["shared_token"], row["alerts"]) == (first.shared.token, 1)
    assert "taken in" in ran(cluster, "snooze", "end", first.shared.token, "T03", *officer).stdout
    unknown = {"event_id": "V", "alert_id": "7" * 32, "party": first.party, "verdict": "confirmed", "reason": "x"}
    unknown |= {"investigator": "I-17", "decided_at": datetime.now(UTC).isoformat()}
    unknown |= {"shared_kind": "counterparty", "shared_token": first.shared.token}
    sent = [InputRecord("fx.dispositions.v1", first.party.encode(), json.dumps(unknown).encode(), -1)]
    publish_records(cluster.settings, sent, stamps="now", expected=1)
    cluster.wait_drained()
    assert [one.codes for one in cluster.dead_letters()] == [("verdict.unknown_alert",)]
