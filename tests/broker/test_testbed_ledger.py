"""`fxwatch testbed replay ledger` on a real broker: the live run's alerts, byte for byte; and what it leaves alone."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import tomli_w
from kafka import KafkaProducer

from detectors.contracts.alert import Alert
from detectors.contracts.events import Rate, Source
from streams.demo.broker import EmbeddedBroker
from streams.errors import UsageError
from streams.generator import Simulation
from streams.kafka import topics
from streams.ledger import envelope
from streams.publication.sending import publish_records
from streams.settings import load_settings
from streams.testbed import ledger_copy, ledger_files, replay, result_files
from streams.testbed.configuration_file import read_configuration_file
from streams.testbed.prepared import Silent
from streams.testbed.rerun import rerun
from tests.support.chaos import with_line
from tests.support.cluster import PARTITIONS, Cluster
from tests.support.small_result import SHEET
from tests.support.topic_deletion import delete_topics
from tests.support.worker_process import reasons, stopped

pytestmark = pytest.mark.broker

EVENTS, SEED, CHANGED_AT = 2_400, 8, 1_200
SETTINGS = {"snapshot_every_events": 100, "run_records": 50, "session_timeout_seconds": 6}
SKIPPED = 7
# it decodes, and the core raises: its mid is no number; its source is beyond what came, or it would be a redelivery
RAISING = envelope.encode(
    Rate(
        event_id="r",
        identity="0" * 32,
        body="1" * 32,
        base="USD",
        quote="KRW",
        mid="dear",
        rate_time=datetime(2026, 4, 20, tzinfo=UTC),
    )
)


TOKEN = re.compile(rb"\b[a-z0-9]{1,16}\.[0-9a-f]{3}\.[0-9a-f]{32}\b")


def skip_one(cluster: Cluster, worker: Any) -> int:
    """Put a record into the ledger that stops its partition, and decide to leave it out; returns its offset."""
    producer = KafkaProducer(bootstrap_servers=cluster.settings.bootstrap)
    headers = envelope.envelope(Source(topics.RATES, 0, 10**9), b"0" * 64, b"rate")
    offset: int = producer.send(topics.LEDGER, RAISING, b"USD/KRW", headers=headers, partition=SKIPPED).get(30).offset
    producer.close()
    cluster.until(lambda: len(stopped(worker)) == 1, 20, "the partition does not stop")
    cluster.fxwatch("skip", "monitor", SKIPPED, offset, "--reason", "a rate in words")
    cluster.until(lambda: reasons(worker) == [], 20, "the partition does not go on")
    return offset


@pytest.fixture(scope="module")
def live(own_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A stream through workers: a record skipped, a limit changed, a worker killed; the last one runs on."""
    delete_topics(own_broker.bootstrap)
    with Cluster(own_broker.bootstrap, tmp_path_factory.mktemp("live"), with_line("5000"), **SETTINGS) as cluster:
        stream = list(Simulation(seed=SEED, events=EVENTS, bad_share=0.02))
        publish_records(
            load_settings(bootstrap=own_broker.bootstrap), stream[:CHANGED_AT], stamps="now", expected=CHANGED_AT
        )
        [first] = cluster.start("all")
        cluster.wait_drained()
        skipped = skip_one(cluster, first)
        half = {tp.partition: end for tp, end in cluster.ends(topics.LEDGER).items()}
        (cluster.directory / "fxwatch.toml").write_text(tomli_w.dumps(with_line("5100")))
        cluster.fxwatch("rules", "apply")
        publish_records(
            load_settings(bootstrap=own_broker.bootstrap),
            stream[CHANGED_AT:],
            stamps="now",
            expected=EVENTS - CHANGED_AT,
        )
        monitored = cluster.monitored()
        cluster.until(lambda: cluster.monitored() > monitored + 600, 60, "the second half does not begin")
        first.kill()
        [second] = cluster.start("all")
        cluster.wait_drained()
        alerts: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
        for tp, record in cluster.read(topics.ALERTS):
            alerts[tp.partition].append(record.value)
        yield SimpleNamespace(
            cluster=cluster,
            worker=second,
            alerts=alerts,
            half=half,
            skipped=skipped,
            directory=tmp_path_factory.mktemp("results"),
        )


def replayed(live: Any, source: str | Path, name: str, *options: str | Path) -> Path:
    """The result directory of a replay by the product's own command; made once a name."""
    out: Path = live.directory / name
    if not out.exists():
        live.cluster.fxwatch("testbed", "replay", source, "--out", out, "--processes", 2, *options)
    return out


def again(result: Path, out: Path, configuration: Path | None = None) -> Path:
    """A result, replayed from its own ledger in this process."""
    home = ledger_copy.find_home(result)
    assert home is not None
    changed = None if configuration is None else read_configuration_file(configuration)
    replay.replay(replay.prepare_result(home, changed), out, processes=1, force=False, stages=Silent())
    return out


def lines(result: Path) -> list[bytes]:
    """The alerts of a result."""
    return (result / result_files.ALERTS).read_bytes().splitlines()


def in_order(alerts: dict[int, list[bytes]], starts: dict[int, int] | None = None) -> list[bytes]:
    """Published alerts by partition, those whose trigger is at or after the start."""
    return [
        value
        for number in range(PARTITIONS)
        for value in alerts[number]
        if starts is None or position(value) >= starts[number]
    ]


def position(value: bytes) -> int:
    """The ledger offset of an alert's trigger."""
    return msgspec.json.decode(value, type=Alert).position.offset


def ranged(live: Any) -> Path:
    """The second half of the ledger, by offsets."""
    text = ",".join(f"{number}:{offset}" for number, offset in live.half.items())
    return replayed(live, "ledger", "range", "--from", text)


def digests(result: Path) -> dict[str, str]:
    """SHA-256 of what a replay says, without its ledger."""
    return {name: result_files.sha256_of(result / name) for name in (result_files.SCORES, result_files.ALERTS)}


def test_the_ledger_gives_the_live_alerts_byte_for_byte(live: Any) -> None:
    """All of them, per partition in order, through a kill, a changed limit and a skipped record; and nothing else."""
    result = replayed(live, "ledger", "whole")
    assert lines(result) == in_order(live.alerts)
    assert len(lines(result)) > 100
    versions = {msgspec.json.decode(line, type=Alert).versions.rules for line in lines(result)}
    assert len(versions) == 2
    manifest = result_files.read_manifest(result)
    assert manifest.source.kind == "ledger"
    assert manifest.source.snapshots == {}
    ends = {tp.partition: end for tp, end in live.cluster.ends(topics.LEDGER).items()}
    assert {int(number): span for number, span in manifest.source.partitions.items()} == {
        number: (0, end) for number, end in ends.items()
    }
    assert manifest.read == {topics.LEDGER: sum(ends.values()) - 1}, "one record was skipped"
    assert manifest.outcomes["redelivered"] + manifest.outcomes["duplicate"] > 0
    path = result / f"ledger/{SKIPPED:02}.parquet"
    offsets = [one.offset for batch in ledger_files.read_ledger(path) for one in batch]
    assert live.skipped not in offsets


def test_the_replayed_state_is_the_workers(live: Any) -> None:
    """As many parties as the workers' snapshots hold, and each row scored as often as the workers scored."""
    manifest = result_files.read_manifest(replayed(live, "ledger", "whole"))
    saved = live.cluster.digests("--from-ledger")
    assert manifest.scored == sum(one["scored"] for one in saved)
    assert manifest.alerts == sum(len(alerts) for alerts in live.alerts.values())


def test_a_range_gives_exactly_its_alerts(live: Any) -> None:
    """From offsets on, from snapshots below them: the alerts and rows of the whole that lie in the range."""
    result = ranged(live)
    assert lines(result) == in_order(live.alerts, live.half)
    assert 0 < len(lines(result)) < len(in_order(live.alerts))
    manifest = result_files.read_manifest(result)
    assert manifest.source.snapshots, "no snapshot was used"
    assert all(offset <= live.half[int(number)] for number, offset in manifest.source.snapshots.items())
    whole = result_files.read_result(replayed(live, "ledger", "whole")).sheet
    part = result_files.read_result(result).sheet
    half = [whole.offset[row] >= live.half[int(whole.partition[row])] for row in range(len(whole))]
    assert part.event_id.tolist() == whole.event_id[half].tolist()
    assert part.score.tolist() == whole.score[half].tolist()
    assert part.size.texts() == whole.size.take(half).texts()


def test_a_range_without_snapshots_is_the_same(live: Any) -> None:
    """--cold learns from the first record and comes to the same rows and alerts."""
    text = ",".join(f"{number}:{offset}" for number, offset in live.half.items())
    cold = replayed(live, "ledger", "cold", "--from", text, "--cold")
    assert digests(cold) == digests(ranged(live))
    assert result_files.read_manifest(cold).source.snapshots == {}


def test_a_time_and_an_end_bound_a_range(live: Any) -> None:
    """--since takes the first record of that Kafka timestamp or later, --until stops before its offset."""
    found = replayed(live, "ledger", "whole")
    records = [one for batch in ledger_files.read_ledger(found / "ledger/00.parquet") for one in batch]
    moment = datetime.fromtimestamp(records[len(records) // 2].timestamp / 1000, UTC)
    stop = 400
    part = replayed(live, "ledger", "since", "--since", moment.isoformat(), "--until", str(stop))
    spans = {int(number): span for number, span in result_files.read_manifest(part).source.partitions.items()}
    for number, (first, end) in spans.items():
        path = found / f"ledger/{number:02}.parquet"
        stamped = [one for batch in ledger_files.read_ledger(path) for one in batch]
        since = next((one.offset for one in stamped if one.timestamp >= moment.timestamp() * 1000), None)
        assert since is not None
        assert (first, end) == (since, max(since, stop))
    expected = [
        value
        for number in range(PARTITIONS)
        for value in live.alerts[number]
        if spans[number][0] <= position(value) < spans[number][1]
    ]
    assert lines(part) == expected != []


@pytest.mark.parametrize("name", ["whole", "range"])
def test_a_result_is_replayed_from_its_own_ledger(live: Any, name: str) -> None:
    """By its directory and by its ledger/ folder: the same bytes again, also where it began from snapshots."""
    result = replayed(live, "ledger", "whole") if name == "whole" else ranged(live)
    for number, source in enumerate((result, result / "ledger")):
        other = again(source, live.directory / f"{name}-again-{number}")
        assert digests(other) == digests(result)
        then, now = (result_files.read_manifest(one) for one in (result, other))
        assert (now.state_bytes, now.parties, now.outcomes) == (then.state_bytes, then.parties, then.outcomes)


def test_a_partition_is_run_again_bit_for_bit(live: Any) -> None:
    """`rerun`, on a partition that began from a snapshot and on the one with the skipped record."""
    for directory, partition in ((ranged(live), 0), (replayed(live, "ledger", "whole"), SKIPPED)):
        once_more = rerun(directory, partition)
        assert once_more.difference is None
        assert once_more.identical
        assert once_more.apply_seconds > 0


def test_a_challenger_takes_the_place_of_the_ledgers_configurations(live: Any) -> None:
    """With --config both of the ledger's rule sets give way to one; other alerts come of it."""
    challenger = live.directory / "challenger.toml"
    challenger.write_text(tomli_w.dumps(with_line("100000")))
    result = replayed(live, "ledger", "challenger", "--config", challenger)
    alerts = [msgspec.json.decode(line, type=Alert) for line in lines(result)]
    assert {alert.versions.rules for alert in alerts} == {result_files.read_manifest(result).versions.rules}
    whole = replayed(live, "ledger", "whole")
    assert lines(result) != lines(whole)
    over = again(whole, live.directory / "challenger-of-result", challenger)
    assert digests(over) == digests(result)
    with pytest.raises(UsageError, match="begins from snapshots"):
        again(ranged(live), live.directory / "refused", challenger)


def test_an_excerpt_of_the_live_ledger_can_be_replayed_and_joined_with_nothing(live: Any) -> None:
    """Two in five of the parties, by the documented commands; none of the live ledger's tokens is in it."""
    result = replayed(live, "ledger", "whole")
    sheet, sets, out = (live.directory / name for name in ("sheet.toml", "sets", "excerpt"))
    sheet.write_text(SHEET)
    fxwatch = live.cluster.fxwatch
    told = json.loads(
        fxwatch(
            "testbed",
            "library",
            "add",
            "excerpt",
            "autumn",
            "--from",
            result,
            "--share",
            "0.4",
            "--seed",
            1,
            "--sheet",
            sheet,
            "--dir",
            sets,
            "--json",
        ).stdout
    )
    assert told["arguments"]["parties"] > 20
    [files] = sets.glob("autumn/*/files")
    fxwatch("testbed", "replay", files / "ledger", "--out", out)
    manifest = result_files.read_manifest(out)
    assert manifest.parties == told["arguments"]["parties"]
    assert 0 < manifest.transactions < result_files.read_manifest(result).transactions
    tokens = tokens_of(result / "ledger")
    assert len(tokens) > 100
    assert set(result_files.read_result(result).sheet.party.names) <= tokens
    found = tokens_of(files / "ledger")
    assert len(found) > 20
    assert not tokens & found
    fxwatch("testbed", "library", "verify", "autumn", "--dir", sets)


def tokens_of(directory: Path) -> set[str]:
    """Every token in keys, values and headers of the ledger records below a directory."""
    found: set[str] = set()
    for path in directory.glob("*.parquet"):
        for one in (one for batch in ledger_files.read_ledger(path) for one in batch):
            parts = (one.key or b"", one.value or b"", *(content or b"" for _, content in one.headers))
            found |= {token.decode() for part in parts for token in TOKEN.findall(part)}
    return found


def test_nothing_of_the_cluster_was_touched(live: Any) -> None:
    """After all replays the same worker goes on, no group is new, and its next alerts come as ever."""
    cluster = live.cluster

    def committed() -> tuple[Any, ...]:
        return cluster.committed("monitor"), cluster.committed("ingest")

    def groups() -> set[str]:
        # those of earlier tests lose their killed members meanwhile, and may end
        return {one["group_id"] for one in cluster._admin.list_groups()}

    before, known = committed(), groups()
    cluster.fxwatch("testbed", "replay", "ledger", "--out", live.directory / "untouched", "--json")
    assert committed() == before
    assert groups() - known == set()
    assert live.worker.alive()
    published = len(cluster.read(topics.ALERTS))
    more = list(Simulation(seed=4, events=600))
    publish_records(cluster.settings, more, stamps="now", expected=len(more))
    cluster.wait_drained()
    assert live.worker.alive()
    assert len(cluster.read(topics.ALERTS)) > published


def test_a_place_outside_the_ledger_is_wrong_use(live: Any) -> None:
    """An unknown partition, and --json for machines: one message, exit code 2."""
    done = live.cluster.fxwatch(
        "testbed", "replay", "ledger", "--from", "99:1", "--json", "--out", live.directory / "none", check=False
    )
    assert done.returncode == 2
    assert "no such partition" in json.loads(done.stderr.splitlines()[-1])["what"]
    assert not (live.directory / "none").exists()
    assert not (live.directory / "none.partial").exists()
