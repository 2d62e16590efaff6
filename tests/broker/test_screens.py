"""Supervisors' lists on real Kafka: each entry once across a kill of the worker, read and proven by the commands."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.contracts.screens import INSTITUTION_PART, Screened
from streams.contracts.input_record import InputRecord
from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from streams.publication.sending import publish_records
from tests.support.cluster import Cluster, assert_exact
from tests.support.pipeline import TRANSACTION

pytestmark = pytest.mark.broker

FIRMS, RATES = 24, 40
# whatever day it is, that month is told of some days ago
PAID_AT = datetime.now(UTC).replace(hour=3) - timedelta(days=45)


def record(topic: str, key: str, fields: dict[str, Any]) -> InputRecord:
    return InputRecord(topic, key.encode(), json.dumps(fields).encode(), -1)


def rate(at: datetime) -> InputRecord:
    told = {"base": "USD", "quote": "KRW", "mid": "1400", "rate_time": at.isoformat()}
    return record(topics.RATES, "USD/KRW", told)


def firm(number: int) -> list[InputRecord]:
    """A firm registered two years ago with 10 000 dollars of capital, and a payment of 60 million through a branch."""
    party = f"KR-B-{number:08}"
    known = {
        "event_id": f"known-{number}",
        "party_id": party,
        "party_type": "company",
        "registered_on": (PAID_AT - timedelta(days=700)).date().isoformat(),
        "capital_krw": "14000000",
        "as_of": PAID_AT.isoformat(),
    }
    left_out = {"payment_id", "deal_rate", "settled_amount", "settled_currency"}
    paid = {name: said for name, said in TRANSACTION.items() if name not in left_out} | {
        "event_id": f"paid-{number}",
        "event_time": PAID_AT.isoformat(),
        "party_id": party,
        "party_type": "company",
        "amount": "60000000",
        "currency": "USD",
        "purpose": "10101",
        "evidence": "verified",
        "branch": "0021",
    }
    return [record(topics.PROFILES, party, known), record(topics.TRANSACTIONS, party, paid)]


def send(cluster: Cluster, *records: InputRecord) -> None:
    publish_records(cluster.settings, records, stamps="now", expected=len(records))


def test_a_list_is_written_once_across_a_kill_and_read_and_proven(empty_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """A month passes with rates alone while the worker is killed: two entries a firm, as a replay has them."""
    with Cluster(empty_broker.bootstrap, tmp_path, run_records=5, snapshot_every_events=20) as cluster:
        (first,) = cluster.start("all")
        send(cluster, rate(PAID_AT))
        cluster.wait_drained()
        for number in range(FIRMS):
            send(cluster, *firm(number))
        cluster.wait_drained()
        assert list(cluster.read(topics.SCREENS)) == []
        now = datetime.now(UTC)
        send(cluster, *(rate(now - timedelta(seconds=RATES - each)) for each in range(RATES)))
        cluster.until(lambda: bool(cluster.read(topics.SCREENS)), 60, "no entry is published")
        first.kill()
        cluster.start("all")
        cluster.wait_drained()
        every = [msgspec.json.decode(one.value, type=Screened) for _, one in cluster.read(topics.SCREENS)]
        month = PAID_AT.astimezone(ZoneInfo("Asia/Seoul")).strftime("%Y-%m")
        assert len({entry.key for entry in every}) == len(every)
        assert {entry.period for entry in every} == {month}
        entries = [entry for entry in every if entry.screen != INSTITUTION_PART]
        assert len(entries) == 2 * FIRMS
        parts = [
            each.value for entry in every if entry not in entries for each in entry.measured if each.name == "late"
        ]
        assert sum(map(int, parts)) == FIRMS
        told = cluster.fxwatch("screens", "--json", "--screen", "branch_concentration").stdout.splitlines()
        assert {json.loads(line)["subject"] for line in told} == {entry.subject for entry in entries}
        assert len(told) == FIRMS
        assert f"{FIRMS}건" in cluster.fxwatch("screens", "--lang", "ko", "--period", month).stdout
        assert_exact(cluster, cluster.replay())
        rescored = cluster.fxwatch("rescore", "--all", "--json").stdout.splitlines()
        proven = {json.loads(line)["alert_id"] for line in rescored if '"reproduced"' in line}
        assert proven & {entry.key for entry in every}
