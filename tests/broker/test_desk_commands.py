"""A day's alerts worked through by the desk's own commands, in English and in Korean, on a real broker.

One short stream for the whole file. Each verdict is given by the command, goes through ingest, and is seen back. The
commands run in this process, which saves each a second and a half of imports; as processes of their own, under their
own principals, they run in test_secured_cluster.py.
"""

import asyncio
import csv
import io
import json
import os
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer

from streams.cli import command
from streams.demo.broker import EmbeddedBroker
from streams.desk.disposing import Done, dispose, make_decision
from streams.desk.party_history import partition_of
from streams.desk.positions import read_records_at
from streams.errors import AlertNotFoundError
from streams.generator import Simulation
from streams.kafka import topics
from streams.proofs.replayed_entries import compare_entries
from streams.publication.sending import publish_records
from streams.settings import load_settings
from tests.support.cluster import Cluster
from tests.support.korean import foreign_words
from tests.support.topic_deletion import delete_topics

pytestmark = pytest.mark.broker

EVENTS, SEED = 3_000, 1
OFFICER = ("--officer", "I-17")


@pytest.fixture(scope="module")
def desk(own_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A backlog that one worker read; it runs on, for the verdicts."""
    delete_topics(own_broker.bootstrap)
    with Cluster(own_broker.bootstrap, tmp_path_factory.mktemp("desk"), session_timeout_seconds=6) as cluster:
        stream = list(Simulation(seed=SEED, events=EVENTS))
        publish_records(load_settings(bootstrap=own_broker.bootstrap), stream, stamps="now", expected=len(stream))
        cluster.start("all")
        cluster.wait_drained()
        alerts = {alert.alert_id: alert for alert in cluster.alerts()}
        superseded = {alert.supersedes for alert in alerts.values()}
        yield SimpleNamespace(
            cluster=cluster, alerts=alerts, current=[one for one in alerts.values() if one.alert_id not in superseded]
        )


def ran(desk: Any, *arguments: str, code: int = 0) -> Result:
    """A command, run to its end; it must exit so."""
    foreign = {name: None for name in os.environ if name.startswith("FXWATCH_")}
    done = CliRunner().invoke(command, list(arguments), env=foreign | desk.cluster.environment)
    assert done.exit_code == code, (done.stderr, done.exception)
    return done


def rows(desk: Any, *options: str) -> list[dict[str, Any]]:
    """What `alerts list --json` says."""
    done = ran(desk, "alerts", "list", "--json", *options)
    return [json.loads(line) for line in done.stdout.splitlines()]


def of_typology(desk: Any, typology: str) -> Any:
    """A current alert of a typology, the one with most records of evidence."""
    return max(
        (one for one in desk.current if typology in [hit.id for hit in one.typologies]),
        key=lambda one: len(one.evidence),
    )


def test_the_list_is_the_current_alerts(desk: Any) -> None:
    """Each once, the most severe first, all open; chosen by typology, party and time; a desk has its own."""
    assert len(desk.current) < len(desk.alerts), "no alert was brought up to date"
    found = rows(desk)
    assert {one["alert_id"] for one in found} == {one.alert_id for one in desk.current}
    assert len(found) == len(desk.current)
    severities = ["critical", "high", "medium", "low"]
    assert [one["severity"] for one in found] == sorted((one.severity for one in desk.current), key=severities.index)
    assert {one["state"] for one in found} == {"open"}
    one = of_typology(desk, "T01")
    assert [each["alert_id"] for each in rows(desk, "--party", one.party, "--typology", "T01")] == [one.alert_id]
    assert rows(desk, "--until", one.created_for.isoformat(), "--since", "2020-01-01", "--case", one.case_id) == []
    assert {each["desk"] for each in rows(desk, "--desk", "supervision")} == {"supervision"}


def test_the_list_for_a_spreadsheet(desk: Any) -> None:
    """Korean, with the mark by which Excel knows UTF-8, every line of the same length."""
    done = ran(desk, "alerts", "list", "--csv", "--bom", "--lang", "ko", "--limit", "2")
    assert done.stdout.startswith("\ufeff")
    lines = list(csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline="")))
    assert len(lines) == min(2, len(desk.current))
    assert {one["상태"] for one in lines} == {"미처리"}
    assert {one["경보 번호"] for one in lines} <= {one.alert_id for one in desk.current}


def test_an_alert_is_shown_with_every_payment_behind_it(desk: Any) -> None:
    """By the beginning of its id: as many payments as it holds records, each with what it was."""
    alert = of_typology(desk, "T02")
    assert len(alert.evidence) > 10, "not more than `alerts follow` shows"
    told = json.loads(ran(desk, "alerts", "show", alert.alert_id[:12], "--json").stdout)
    assert told["alert"]["alert_id"] == alert.alert_id
    assert [one["event"]["event_id"] for one in told["evidence"]] == [item.event_id for item in alert.evidence]
    assert {one["event"]["party"] for one in told["evidence"]} == {alert.party}
    page = ran(desk, "alerts", "show", alert.alert_id).stdout
    for one in told["evidence"]:
        assert f"ledger {alert.position.partition}:{one['offset']}" in page
        assert one["event"]["counterparty"] in page
        assert one["usd"] is not None
        assert f"{float(one['amount_usd']):,.2f} USD" in page
        assert one["counterparty"] == one["event"]["counterparty"]
        assert f"{one['x_purpose_ko']} ({one['purpose']})" == one["purpose_ko"]
    (asked,) = re.findall(r"fxwatch ledger show ([0-9: ]+)", page)
    assert asked.split() == [f"{alert.position.partition}:{one['offset']}" for one in told["evidence"]]
    several = ran(desk, "ledger", "show", *asked.split(), "--json").stdout.splitlines()
    assert [json.loads(line)["event"]["event_id"] for line in several] == [one["event_id"] for one in told["evidence"]]
    beside = ran(desk, "ledger", "show", asked.split()[0], "0:99999999", code=1).stdout
    assert told["evidence"][0]["event_id"] in beside
    assert "nothing there yet" in beside


def korean(desk: Any, *arguments: str) -> str:
    """What a command says in Korean, on both streams."""
    done = ran(desk, *arguments, "--lang", "ko")
    return str(done.stdout + done.stderr)


def test_a_record_of_the_evidence_in_words(desk: Any) -> None:
    """In both languages; and what there is where no record is."""
    alert = of_typology(desk, "T01")
    item = alert.evidence[0]
    place = f"{alert.position.partition}:{item.offset}"
    english = ran(desk, "ledger", "show", place).stdout
    assert f"LEDGER RECORD {place}  Payment across the border" in english
    assert item.event_id in english
    assert alert.party in english
    told = korean(desk, "ledger", "show", place)
    assert "해외로 지급" in told
    assert foreign_words(told.replace(" VN", "").replace(" KR", "")) == []
    beyond = ran(desk, "ledger", "show", "0:99999999", code=1)
    assert "nothing there yet" in beyond.stdout


def test_open_items_follow_from_the_ledger(desk: Any) -> None:
    """Each that the monitor wrote is what a replay gives, and none is missing, while the worker runs."""
    told, amiss = compare_entries(desk.cluster.settings, lambda _seen, _total: None)
    assert amiss == []
    counts = {one.topic: one for one in told}
    assert counts[topics.OPEN_ITEMS].there > 0
    assert {one.unchecked for one in told} == {()}


def test_marks_and_rolled_back_records_are_told_apart(desk: Any) -> None:
    """On a topic that no agent reads, so that nothing stops at it: what a transaction leaves at each of its offsets."""
    settings, states = desk.cluster.settings, set()
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap, transactional_id="desk-test")
    producer.init_transactions()
    for commit in (True, False):
        producer.begin_transaction()
        place = producer.send(topics.IDENTITIES, b"{}", b"k", partition=0).get(30)
        (producer.commit_transaction if commit else producer.abort_transaction)()
        asked = [place.offset, place.offset + 1, 10**9]
        # a marker may be written a moment after the end of its transaction was acknowledged
        found, _ = desk.cluster.once(
            lambda asked=asked: asyncio.run(read_records_at(settings, topics.IDENTITIES, 0, asked)),
            lambda told, end=place.offset + 2: told[1].committed == told[1].written == end,
            10,
            "no marker",
        )
        states.add(tuple(at.state for at in found.values()))
    producer.close()
    assert states == {("record", "marker", "beyond"), ("aborted", "marker", "beyond")}


def test_a_verdict_is_taken_in_once_and_shows(desk: Any) -> None:
    """Given in Korean, seen in the ledger; given again nothing is sent; changed it replaces, withdrawn it is open."""
    alert = of_typology(desk, "T01")
    short = alert.alert_id[:12]
    told = korean(desk, "dispose", short, "--verdict", "refuted", "--reason", "유학 자금, 서류 확인", *OFFICER)
    assert "접수 완료: 원장" in told
    assert foreign_words(told) == []
    again = ran(desk, "dispose", short, "--verdict", "refuted", "--reason", "again", *OFFICER, "--json")
    assert json.loads(again.stdout)["outcome"] == "stands"
    assert [one["alert_id"] for one in rows(desk, "--status", "disposed")] == [alert.alert_id]
    assert alert.alert_id not in {one["alert_id"] for one in rows(desk, "--status", "open")}
    page = korean(desk, "alerts", "show", short)
    assert "의심 해소, 담당관 I-17" in page
    assert "판정 사유: 유학 자금, 서류 확인" in page
    assert foreign_words(page) == []
    for verdict, state in (("confirmed", "disposed"), ("withdrawn", "open")):
        done = ran(desk, "dispose", short, "--verdict", verdict, "--reason", "x", *OFFICER, "--json")
        assert json.loads(done.stdout)["outcome"] == "taken_in"
        (row,) = [one for one in rows(desk) if one["alert_id"] == alert.alert_id]
        assert row["state"] == state
        assert counted(desk) == (len(desk.current), int(verdict == "confirmed"))
    assert korean(desk, "alerts", "list").count("미처리") == len(desk.current)


def counted(desk: Any) -> tuple[int, int]:
    """What `kpi` says: alerts in all, and T01's confirmed ones."""
    told = json.loads(ran(desk, "kpi", "--json").stdout)
    groups = {one["group"]: one for one in told["groups"]}
    assert sum(month["cases"] for month in told["months"]) <= groups["all"]["alerts"]
    assert foreign_words(korean(desk, "kpi")) == []
    return groups["all"]["alerts"], groups["T01"]["confirmed"]


def test_the_same_decision_sent_twice_counts_once(desk: Any) -> None:
    """Two senders at the same moment: one identity, so that the monitor drops the second as a duplicate."""
    alert = of_typology(desk, "T02")
    worker = desk.cluster.workers[0]

    def counted(outcome: str, ask: Any = worker.metric_now) -> float:
        return float(ask("fxwatch_events_total", agent="monitor", outcome=outcome))

    # the verdict before this one is in the ledger, and perhaps not applied yet
    desk.cluster.wait_drained()
    before = {outcome: counted(outcome) for outcome in ("applied", "duplicate", "refused")}
    one = make_decision(
        alert_id=alert.alert_id,
        party=alert.party,
        verdict="inconclusive",
        reason="x",
        investigator="I-17",
        decided_at=alert.created_for,
    )
    done: list[Done] = []
    asyncio.run(dispose(desk.cluster.settings, [(one, alert.position.partition)] * 2, None, 30, done))
    assert [each.outcome for each in done] == ["taken_in", "taken_in"]
    desk.cluster.until(
        lambda: counted("duplicate", worker.metric) > before["duplicate"], 20, "the second one is not seen"
    )
    more = {outcome: counted(outcome) - count for outcome, count in before.items()}
    assert more == {"applied": 1, "duplicate": 1, "refused": 0}


def test_a_party_is_known_by_its_payments_alerts_and_cases(desk: Any) -> None:
    """All of the evidence is among its events; sums are of all of them; the Korean page is Korean."""
    alert = of_typology(desk, "T01")
    told = json.loads(ran(desk, "party", alert.party, "--json").stdout)
    known = {event["event_id"] for event in told["events"] if event["type"] == "transaction"}
    assert {item.event_id for item in alert.evidence} <= known
    assert sum(month["payments"] for month in told["months"]) == told["statuses"]["settled"]
    assert alert.alert_id in {one["alert_id"] for one in told["alerts"]}
    other = load_settings(bootstrap=desk.cluster.settings.bootstrap, effective_tables={"engine": {"partitions": 5}})
    assert partition_of(other, alert.party) == alert.position.partition, "by the ledger's number, whatever ours says"
    page = korean(desk, "party", alert.party)
    assert alert.case_id in page
    assert foreign_words(page) == []
    lines = ran(desk, "party", alert.party, "--csv", "--limit", "2").stdout
    assert len(list(csv.reader(io.StringIO(lines, newline="")))) == 3


def test_every_current_alert_is_in_one_case(desk: Any) -> None:
    """And the page of a case has its alerts, those too that were brought up to date; in Korean it is Korean."""
    told = [json.loads(line) for line in ran(desk, "cases", "list", "--json").stdout.splitlines()]
    assert sum(one["alerts"] for one in told) == len(desk.current)
    assert sorted(case for one in told for case in one["cases"]) == sorted(
        {one.case_id for one in desk.alerts.values()}
    )
    page = json.loads(ran(desk, "cases", "show", of_typology(desk, "T01").case_id[:16], "--json").stdout)
    own = {one.alert_id for one in desk.alerts.values() if one.case_id in page["cases"]}
    assert {one["alert_id"] for one in page["history"]} == own
    assert foreign_words(korean(desk, "cases", "show", page["case_id"])) == []


def test_without_ingest_a_verdict_is_sent_and_not_taken_in(desk: Any) -> None:
    """Exit code 3 within the time, with what to do; the last test, because it stops the worker."""
    alert = of_typology(desk, "T16")
    missing = ran(desk, "dispose", "f" * 32, "--verdict", "refuted", "--reason", "x", *OFFICER, code=1)
    assert isinstance(missing.exception, AlertNotFoundError)
    desk.cluster.stop_all()
    asked = ("dispose", alert.alert_id[:12], "--verdict", "refuted", "--reason", "x", *OFFICER, "--wait", "1")
    done = ran(desk, *asked, "--lang", "ko", code=3)
    assert "아직 접수 전" in done.stdout
    assert "--decided-at 2" in done.stdout
    assert foreign_words(done.stdout) == []
    assert alert.alert_id in {one["alert_id"] for one in rows(desk, "--status", "open")}
