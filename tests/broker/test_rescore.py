"""`fxwatch rescore` on a real broker: every alert of a stream follows from its ledger, and a forged one does not."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import tomli_w
from kafka import KafkaProducer

from detectors.contracts.alert import Alert
from streams.contracts.input_record import TRANSACTIONS, InputRecord
from streams.demo.broker import EmbeddedBroker
from streams.generator import Simulation
from streams.kafka import topics
from streams.publication.sending import publish_records
from streams.settings import load_settings
from tests.support.chaos import with_line
from tests.support.cluster import Cluster
from tests.support.topic_deletion import delete_topics

pytestmark = pytest.mark.broker

# the stream's own splitting is found before the limit changes, one more is sent after it
EVENTS, SEED, CHANGED_AT = 3_300, 8, 1_500
OLD_LINE, NEW_LINE = "5000", "5100"
# short runs, because a snapshot is cut at a run's end
SETTINGS = {"snapshot_every_events": 100, "run_records": 50, "session_timeout_seconds": 6}


def rescored_all(cluster: Cluster, *options: str) -> list[dict[str, Any]]:
    """What `rescore --all --json` says of each alert."""
    done = cluster.fxwatch("rescore", "--all", "--json", *options, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def splitting(stream: list[InputRecord]) -> list[InputRecord]:
    """Three pieces just under the document line by somebody new, an hour apart, after the stream's last payment."""
    last = datetime.fromtimestamp(stream[-1].timestamp_ms / 1000, UTC)
    party = "KR-P-splitting-1"
    pieces = []
    for number in range(3):
        body = {
            "event_id": f"piece{number}",
            "event_time": (last + timedelta(hours=number)).isoformat(),
            "direction": "out",
            "party_id": party,
            "party_type": "person",
            "counterparty_id": "VN-payee-1",
            "counterparty_country": "VN",
            "institution": "BANKA",
            "channel": "app",
            "amount": "4900.00",
            "currency": "USD",
            "purpose": "40101",
        }
        pieces.append(InputRecord(TRANSACTIONS, party.encode(), json.dumps(body).encode(), -1))
    return pieces


@pytest.fixture(scope="module")
def live(own_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A stream through workers with a changed limit half-way; the second one runs on.

    Each half is sent before its worker starts: a backlog comes in order of time. A day of the stream passes within
    milliseconds of the sender, so live payments could overtake their day's rates, and rules cannot fire without.
    """
    delete_topics(own_broker.bootstrap)
    with Cluster(own_broker.bootstrap, tmp_path_factory.mktemp("rescore"), with_line(OLD_LINE), **SETTINGS) as cluster:
        stream = list(Simulation(seed=SEED, events=EVENTS, bad_share=0.02))
        publish_records(
            load_settings(bootstrap=own_broker.bootstrap), stream[:CHANGED_AT], stamps="now", expected=CHANGED_AT
        )
        first = cluster.start("all")
        cluster.wait_drained()
        changed = cluster.ends(topics.LEDGER)
        (cluster.directory / "fxwatch.toml").write_text(tomli_w.dumps(with_line(NEW_LINE)))
        assert cluster.fxwatch("rules", "apply").returncode == 0
        cluster.wait_drained()
        assert cluster.stop(first) == [0]
        rest = [*stream[CHANGED_AT:], *splitting(stream)]
        publish_records(load_settings(bootstrap=own_broker.bootstrap), rest, stamps="now", expected=len(rest))
        [second] = cluster.start("all")
        cluster.wait_drained()
        yield SimpleNamespace(
            cluster=cluster,
            worker=second,
            alerts=cluster.alerts(),
            changed={tp.partition: end for tp, end in changed.items()},
        )


def test_every_alert_is_reproduced_from_snapshots_and_from_the_ledger(live: Any) -> None:
    """A few hundred alerts, updated ones and those of both rule sets among them: each bit for bit, either way."""
    alerts = live.alerts
    assert len(alerts) > 200
    assert {"raised", "updated"} <= {alert.status for alert in alerts}
    assert {"rule", "anomaly"} <= {alert.selection.budget for alert in alerts}
    assert len({alert.versions.rules for alert in alerts}) == 2
    for options in ((), ("--from-ledger",)):
        found = rescored_all(live.cluster, *options)
        assert sorted(one["alert_id"] for one in found) == sorted(alert.alert_id for alert in alerts)
        assert Counter(one["verdict"] for one in found) == {"reproduced": len(alerts)}, found
        from_snapshots = sum(one["snapshot"] is not None for one in found)
        print(
            f"\n{len(found)} alerts, {from_snapshots} from snapshots, "
            f"{sum(one['seconds'] for one in found):.1f} s in all {options}"
        )
        assert (from_snapshots > 0) == (options == ())


def test_every_record_of_an_alert_is_proven_to_be_what_was_sent(live: Any, tmp_path: Any) -> None:
    """From the input topics with the keys; another's bytes are none of it; with other keys nothing is claimed."""
    alert = max(live.alerts, key=lambda each: len(each.evidence))
    done = live.cluster.fxwatch("evidence", "prove", alert.alert_id, "--json", "--record-keys")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(alert.evidence) > 2
    assert {one["verdict"] for one in told} == {"proven"}
    assert all(one["commitment"].startswith("k1:") and len(one["record_key"]) == 64 for one in told)
    copy, keys = tmp_path / "copy", tmp_path / "other.keys"
    copy.write_bytes(b"{}")
    keys.write_text(f"k9 = {'9a' * 32}\n")
    keys.chmod(0o600)
    for more, code in ((["--original", copy], 1), (["--key-file", keys], 3)):
        done = live.cluster.fxwatch("evidence", "prove", alert.alert_id, *more, check=False)
        assert done.returncode == code, done.stderr


def test_a_changed_limit_shows_in_the_next_alerts(live: Any) -> None:
    """Alerts after the change carry the new limit and the new rules' version, those before it the old ones."""
    lines: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for alert in live.alerts:
        after = alert.position.offset >= live.changed[alert.position.partition]
        shown = [
            limit.value
            for hit in alert.typologies
            if hit.id == "T01"
            for limit in hit.limits
            if limit.name == "document_line"
        ]
        lines[after] |= {(value, alert.versions.rules) for value in shown}
    assert {value for value, _ in lines[False]} == {OLD_LINE}
    assert {value for value, _ in lines[True]} == {NEW_LINE}
    assert len({version for _, version in lines[False] | lines[True]}) == 2


def test_one_alert_is_told_in_words(live: Any) -> None:
    """Ledger position, records replayed, versions that differ today, verdict."""
    alert = max(
        (one for one in live.alerts if one.position.offset < live.changed[one.position.partition] and one.typologies),
        key=lambda one: one.position.offset,
    )
    told = live.cluster.fxwatch("rescore", alert.alert_id)
    assert f"offset {alert.position.offset}" in told.stdout
    assert re.search(r"snapshot at ledger offset \d+; [\d,]+ records replayed, then the trigger; [\d.]+ s", told.stdout)
    assert re.search(rf"rules: {alert.versions.rules} then, [0-9a-f]{{16}} today", told.stdout)
    assert f"reproduced bit for bit on fx.alerts.{alert.desk}.v1, " in told.stdout


def test_an_unknown_id_is_told_in_one_message(live: Any) -> None:
    """An id that nobody published: exit code 1, what was asked for, what to do."""
    unknown = live.cluster.fxwatch("rescore", "0" * 32, check=False)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no alert of this id" in unknown.stderr


def test_forged_records_are_named_with_their_first_difference(live: Any) -> None:
    """Published records tampered with, doubled, renamed and re-dated: each is named with path and both values."""
    cluster = live.cluster
    published = cluster.read(topics.ALERTS)
    records = {json.loads(record.value)["alert_id"]: (tp.partition, record) for tp, record in published}
    ruled = [alert for alert in live.alerts if alert.typologies]
    producer = KafkaProducer(bootstrap_servers=cluster.settings.bootstrap)
    expected: dict[str, str] = {}

    def forge(alert: Alert, change: dict[str, Any], topic: str, told: str, **fields: Any) -> None:
        partition, record = records[alert.alert_id]
        given = {"key": record.key, "headers": list(record.headers), "timestamp_ms": record.timestamp} | fields
        value = msgspec.json.encode(json.loads(record.value) | change)
        producer.send(topic, value, partition=partition, **given).get(30)
        expected[alert.alert_id] = told

    forge(ruled[0], {"score": 0.123}, topics.ALERTS, "fx.alerts.v1 value $.score: published 0.123, rebuilt 0.")
    copy = topics.desk_topic(ruled[1].desk)
    forge(ruled[1], {"score": 0.123}, copy, f"{copy} value $.score: published 0.123")
    limits = [msgspec.to_builtins(hit) for hit in ruled[2].typologies]
    limits[0]["limits"][0]["value"] = "9999"
    told = 'fx.alerts.v1 value $.typologies[0].limits[0].value: published "9999", rebuilt '
    forge(ruled[2], {"typologies": limits}, topics.ALERTS, told)
    forge(ruled[3], {}, topics.ALERTS, "fx.alerts.v1: published 2 records, rebuilt 1 record")
    forge(ruled[4], {"alert_id": "f" * 32}, topics.ALERTS, f'value $.alert_id: published "{"f" * 32}", rebuilt ')
    forge(ruled[5], {}, topics.ALERTS, "fx.alerts.v1 timestamp: published 1, rebuilt ", timestamp_ms=1)
    producer.close()
    done = cluster.fxwatch("rescore", "--all", "--json", check=False)
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    differing = {one["alert_id"]: one["difference"] for one in found if one["verdict"] == "differs"}
    assert differing.keys() == expected.keys()
    for alert_id, told in expected.items():
        shown = "{where}: published {published}, rebuilt {rebuilt}".format(**differing[alert_id])
        assert told in shown
        assert shown in json.loads(done.stderr.splitlines()[-1])["what"]


def test_nobody_was_fenced(live: Any) -> None:
    """After all of it the same worker goes on: the next records are applied and published by it."""
    before = len(live.cluster.read(topics.ALERTS))
    more = list(Simulation(seed=4, events=600))
    publish_records(live.cluster.settings, more, stamps="now", expected=len(more))
    live.cluster.wait_drained()
    assert live.worker.alive()
    assert len(live.cluster.read(topics.ALERTS)) > before
