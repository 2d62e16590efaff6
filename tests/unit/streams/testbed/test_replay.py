"""Replay: what comes of small streams, whatever they are read from; and what is refused."""

import json
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
import tomli_w
from click.testing import CliRunner

from detectors.contracts.alert import Alert
from streams.cli.testbed.replay import command
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import TRANSACTIONS
from streams.contracts.learning_record import LEARNING
from streams.errors import LedgerError, UsageError
from streams.ingest.door import Admitted
from streams.keys.pseudonyms import testbed_keys as keys_of_testbed
from streams.ledger import envelope
from streams.rule_packs import default_tables
from streams.settings import overlay_configuration
from streams.testbed import ledger_files, replay, result_files
from streams.testbed.configuration_file import read_configuration_file
from streams.testbed.ledger_files import LedgerRecord, LedgerWriter
from streams.testbed.partition_pass import PartitionPass
from streams.testbed.prepared import Silent
from streams.testbed.rerun import rerun
from streams.testbed.result_files import Manifest, Result, ResultError
from tests.support.pipeline import Pipeline
from tests.support.repository import ROOT
from tests.support.small_stream import START, days, payment, profile, rate, write

HOUR_MS = 3_600_000
CONFIGURATION = overlay_configuration(
    {"detectors": {"warm_up": 5, "daily_budget": 36.0, "rank_ceiling": 1.0, "most_by_chance": 1e9}}
)


def replayed(prepare: replay.Prepare, out: Path, *, force: bool = False) -> Manifest:
    """A replay in this process."""
    return replay.replay(prepare, out, processes=1, force=force, stages=Silent())


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty days of six parties."""
    return write(days(20), tmp_path_factory.mktemp("stream"))


@pytest.fixture(scope="module")
def result(stream: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The stream, replayed."""
    out = tmp_path_factory.mktemp("result") / "out"
    replayed(replay.prepare_stream(stream, CONFIGURATION), out)
    return result_files.read_result(out)


def ledger_records(directory: Path, partition: int) -> list[LedgerRecord]:
    """The ledger of a result's partition."""
    path = result_files.partition_file(directory, result_files.LEDGER, partition)
    return [one for batch in ledger_files.read_ledger(path) for one in batch]


def alerts_of(directory: Path) -> list[bytes]:
    """The alerts of a result."""
    return (directory / result_files.ALERTS).read_bytes().splitlines()


def same(one: Path, other: Path) -> bool:
    """Whether two results say the same, byte for byte."""
    names = (result_files.SCORES, result_files.ALERTS, result_files.SHARED_ALERTS, result_files.CONFIGURATION)
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_a_stream_comes_to_rows_alerts_and_dead_letters(result: Result) -> None:
    """Every record is counted once: applied, duplicate, conflict, or refused with its place and code."""
    manifest, sheet = result.manifest, result.sheet
    assert manifest.source.kind == "stream"
    assert manifest.read == {"fx.profiles.v1": 6, "fx.rates.v1": 20, "fx.transactions.v1": 20 * 8 + 3}
    assert manifest.dead_letters == {"decimal.malformed": 1}
    told = [one for one in ledger_records(result.directory, 0) if envelope.is_kind(one.headers, b"learning")]
    assert len(told) > 20
    assert manifest.outcomes == {
        "applied": 6 + 20 * 12 + 160 + len(told) * 12,
        "duplicate": 1,
        "conflict": 1,
        "redelivered": 0,
        "refused": 0,
        "configuration": 12,
    }
    assert manifest.transactions == len(sheet) == 160
    assert manifest.scored == int(sheet.scored.sum())
    assert manifest.parties == 6
    letter = json.loads((result.directory / result_files.DEAD_LETTERS).read_bytes())
    assert letter == {
        "topic": "fx.transactions.v1",
        "partition": 0,
        "offset": 162,
        "key_base64": "UC0x",
        "codes": ["decimal.malformed"],
        "message": letter["message"],
        "stage": "validate",
    }
    assert "amount" in letter["message"]
    places = list(zip(sheet.partition.tolist(), sheet.offset.tolist(), strict=True))
    assert places == sorted(places)


def test_alerts_are_those_of_the_pipeline(stream: Path, tmp_path: Path) -> None:
    """On one partition, the alerts and scores are what door and core give record by record, byte for byte."""
    from streams.testbed.stream_files import read_stream

    configuration = replay.set_partitions(CONFIGURATION, 1)
    manifest = replayed(replay.prepare_stream(stream, CONFIGURATION, 1), tmp_path / "out")
    pipeline = Pipeline(configuration)
    # the tokens of the testbed's keys, and its release in the alerts
    from streams.ingest.door import Door
    from streams.monitor.core import MonitorCore
    from streams.version import code_version

    pipeline.door = Door(keys_of_testbed(), 1, dict(configuration.legend.words))
    pipeline.state.code_version = code_version()
    assert isinstance(pipeline.core, MonitorCore)
    expected, offsets, told, midnight = [], dict.fromkeys(manifest.read, 0), [], 0
    for record in read_stream(stream):
        # what it told comes back at the end of the local day
        for offset, value in enumerate(told) if record.timestamp_ms >= midnight else ():
            if value is not None:
                back = pipeline.door.admit(ArrivedRecord(LEARNING, 0, offset, midnight, b"0", value))
                assert isinstance(back, Admitted)
                pipeline.take(back, midnight)
                told[offset] = None
        midnight = (record.timestamp_ms + 9 * HOUR_MS) // (24 * HOUR_MS) * 24 * HOUR_MS + 15 * HOUR_MS
        answer = pipeline.door.admit(
            ArrivedRecord(
                record.topic, 0, offsets[record.topic], record.timestamp_ms, record.key, record.value, record.headers
            )
        )
        offsets[record.topic] += 1
        if isinstance(answer, Admitted):
            outputs = pipeline.take(answer, record.timestamp_ms)
            expected += [one.value for one in outputs if one.topic == "fx.alerts.v1"]
            told += [one.value for one in outputs if one.topic == LEARNING]
    assert alerts_of(tmp_path / "out") == expected
    assert len(expected) > 3
    sections = pipeline.state.freeze().sections()
    assert manifest.state_bytes == sum(len(packed) for _, packed in sections)
    read = [one for batch in ledger_files.read_ledger(tmp_path / "out/ledger/00.parquet") for one in batch]
    assert [(one.offset, one.timestamp, one.key, one.value, one.headers) for one in read] == [
        (one.offset, one.timestamp, one.key, one.value, one.headers) for one in pipeline.log
    ]


def test_alerts_and_rows_name_each_other(result: Result) -> None:
    """Each alert has its row with the same score, and T01 fired on the split payments; one taken back has none."""
    alerts = [msgspec.json.decode(line, type=Alert) for line in alerts_of(result.directory)]
    standing = [alert for alert in alerts if alert.status != "retracted"]
    sheet = result.sheet
    assert len(alerts) == result.manifest.alerts
    assert len(standing) == int(sheet.alerted.sum())
    assert {alert.supersedes for alert in alerts if alert.status == "retracted"} <= {one.alert_id for one in standing}
    rows = {sheet.alert_id.text(row): row for row in np.flatnonzero(sheet.alerted).tolist()}
    for alert in standing:
        row = rows[alert.alert_id]
        assert (int(sheet.partition[row]), int(sheet.offset[row])) == (alert.position.partition, alert.position.offset)
        assert (round(float(sheet.score[row]), 6), sheet.party.text(row)) == (alert.score, alert.party)
    splitter = keys_of_testbed().party("P-0").token
    assert "T01" in {
        name for row in rows.values() for name, _ in sheet.fired.row(row) if sheet.party.text(row) == splitter
    }


def test_rows_say_what_the_payment_was(result: Result) -> None:
    """Token, local day, amount in cents and what the models gave, of a payment that is known."""
    sheet = result.sheet
    row = sheet.event_id.tolist().index("E-1")
    assert sheet.party.text(row) == keys_of_testbed().party("P-0").token
    assert sheet.day[row] == (date(2026, 4, 20) - date(1970, 1, 1)).days
    assert (sheet.usd_cents[row], sheet.usd_known[row]) == (490_000, True)
    assert (sheet.currency.text(row), sheet.purpose.text(row), sheet.evidence.text(row)) == ("USD", "40101", "none")
    assert sheet.time_us[row] == int((START + timedelta(hours=3)).timestamp() * 1_000_000)
    assert set(sheet.members) == set(CONFIGURATION.detectors.members)
    later = sheet.event_id.tolist().index("E-150")
    assert all(not np.isnan(scores[later]) for scores in sheet.members.values())
    assert 0 < len(sheet.reasons.row(later)) <= 5


def test_a_day_is_the_laws_day(tmp_path: Path) -> None:
    """A payment at 15:30 UTC is of the next day in Korea."""
    records = [rate(0), payment(1, START + timedelta(hours=14, minutes=59)), payment(2, START + timedelta(hours=15))]
    replayed(replay.prepare_stream(write(records, tmp_path / "s"), CONFIGURATION), tmp_path / "r")
    sheet = result_files.read_result(tmp_path / "r").sheet
    assert np.diff(sheet.day).tolist() == [1]


def test_size_and_region_are_those_known_at_the_time(tmp_path: Path) -> None:
    """Nothing before the first profile, then the newest by its own time, never an older one that came later."""
    records = [
        payment(1, START),
        profile("P-1", START + timedelta(hours=1), size="small", region="KR-11"),
        payment(2, START + timedelta(hours=2)),
        profile("P-1", START + timedelta(hours=3), size="large"),
        payment(3, START + timedelta(hours=4)),
        profile("P-1", START + timedelta(hours=2), size="medium")._replace(
            timestamp_ms=int((START + timedelta(hours=5)).timestamp() * 1000)
        ),
        payment(4, START + timedelta(hours=6)),
    ]
    replayed(replay.prepare_stream(write(records, tmp_path / "s"), CONFIGURATION), tmp_path / "r")
    sheet = result_files.read_result(tmp_path / "r").sheet
    assert sheet.size.texts() == [None, "small", "large", "large"]
    assert sheet.region.texts() == [None, "KR-11", None, None]


def test_history_is_learned_from_and_never_alerts(tmp_path: Path) -> None:
    """The same splitting as history: it fires, and nothing is raised."""
    pieces = [START + timedelta(days=1, hours=hour) for hour in range(4)]
    for history in (False, True):
        records = [rate(0), rate(1), *(payment(number, at, history=history) for number, at in enumerate(pieces))]
        out = tmp_path / f"r{history}"
        replayed(replay.prepare_stream(write(records, tmp_path / f"s{history}"), CONFIGURATION), out)
        sheet = result_files.read_result(out).sheet
        assert sheet.history.tolist() == [history] * 4
        assert sheet.fired.counts().sum() > 0
        assert bool(alerts_of(out)) is not history


def test_parquet_and_json_lines_give_the_same(stream: Path, result: Result, tmp_path: Path) -> None:
    """The form of the stream's files does not show in the result."""
    as_parquet = write(days(20), tmp_path / "parquet", "parquet")
    replayed(replay.prepare_stream(as_parquet, CONFIGURATION), tmp_path / "out")
    assert same(tmp_path / "out", result.directory)


def test_a_single_file_is_a_source(stream: Path, tmp_path: Path) -> None:
    """One topic's file alone: its payments, by nobody whose profile is known."""
    manifest = replayed(replay.prepare_file(stream / f"{TRANSACTIONS}.jsonl", CONFIGURATION), tmp_path / "out")
    assert list(manifest.read) == [TRANSACTIONS]
    sheet = result_files.read_result(tmp_path / "out").sheet
    assert len(sheet) == 160
    assert set(sheet.size.texts()) == {None}


def test_a_file_of_messages_is_a_source(tmp_path: Path) -> None:
    """A pacs.008 file goes through the same conversion as with `publish`; what messages cannot say is asked for."""
    message = ROOT / "tests/formats/outgoing.pacs.008.001.10.xml"
    options = [
        "--resident-country",
        "KR",
        "--party-type",
        "company",
        "--channel",
        "interbank",
        "--institution-numbers",
        "--utc-offset",
        "+09:00",
        "--time-of-day",
        "12:00",
    ]
    out = tmp_path / "out"
    done = CliRunner().invoke(command, [str(message), "--out", str(out), "--processes", "1", "--json", *options])
    assert done.exception is None
    manifest = json.loads(done.stdout)
    assert manifest["transactions"] == manifest["read"][TRANSACTIONS] > 0
    assert list(manifest["source"]["files"]) == [message.name]
    refused = CliRunner().invoke(command, [str(message), "--out", str(tmp_path / "none")])
    assert isinstance(refused.exception, UsageError)
    assert "--resident-country" in refused.exception.message


def test_a_result_is_replayed_from_its_ledger(result: Result, tmp_path: Path) -> None:
    """The ledger of a result, or its ledger folder, gives the same bytes without the door."""
    from streams.testbed.ledger_copy import find_home

    for number, source in enumerate((result.directory, result.directory / "ledger")):
        home = find_home(source)
        assert home == result.directory
        manifest = replayed(replay.prepare_result(home, None), tmp_path / str(number))
        assert same(tmp_path / str(number), result.directory)
        assert manifest.source.kind == "ledger"
        assert manifest.outcomes == result.manifest.outcomes


def test_another_configuration_takes_the_ledgers_place(stream: Path, result: Result, tmp_path: Path) -> None:
    """A challenger on the ledger is the challenger on the stream; `rerun` gives its rows without writing any."""
    challenger = overlay_configuration({"detectors": {"warm_up": 30}, "rules": {"T01": {"enabled": False}}})
    replayed(replay.prepare_result(result.directory, challenger), tmp_path / "ledger")
    replayed(replay.prepare_stream(stream, challenger), tmp_path / "stream")
    assert same(tmp_path / "ledger", tmp_path / "stream")
    assert not same(tmp_path / "ledger", result.directory)
    sheet = result_files.read_result(tmp_path / "ledger").sheet
    assert "T01" not in sheet.fired.names.names
    fullest = int(np.bincount(sheet.partition).argmax())
    again = rerun(result.directory, fullest, challenger)
    assert not again.compared
    assert not again.identical
    # run alone it hears nobody, so that the scores are the same until the others' first records come back
    assert [row.event_id for row in again.rows] == sheet.event_id[sheet.partition == fullest].tolist()
    scores = sheet.score[sheet.partition == fullest].tolist()
    alone = [row.score for row in again.rows]
    heard = next(n for n, (one, other) in enumerate(zip(alone, scores, strict=True)) if one != other)
    assert heard >= 3


def test_every_partition_runs_again_bit_for_bit(result: Result) -> None:
    """Rows and alerts of all partitions come out as the files have them; the clock given is the clock used."""
    ticks = iter(range(10_000))
    seconds = 0.0
    for partition in range(result.manifest.partitions):
        again = rerun(result.directory, partition, clock=lambda: float(next(ticks)))
        assert again.identical, again.difference
        assert again.figures.transactions == int((result.sheet.partition == partition).sum())
        seconds += again.apply_seconds
    # two looks a lot, two lots a partition at least: what is before its first configuration, and what follows
    assert seconds >= result.manifest.partitions


def test_a_changed_score_is_found_by_running_again(result: Result, tmp_path: Path) -> None:
    """A result whose scores say something else than its ledger is named with the first difference."""
    import shutil

    from streams.testbed.score_columns import DICTIONARIES, ROW_GROUP

    forged = tmp_path / "forged"
    shutil.copytree(result.directory, forged)
    table = pa.parquet.read_table(forged / result_files.SCORES)
    scores = table["score"].to_pylist()
    scores[-1] = np.nextafter(scores[-1], 1.0)
    table = table.set_column(table.column_names.index("score"), "score", pa.array(scores))
    pa.parquet.write_table(table, forged / result_files.SCORES, row_group_size=ROW_GROUP, use_dictionary=DICTIONARIES)
    result_files.write_manifest(forged, result.manifest)
    again = rerun(forged, int(result.sheet.partition[-1]))
    assert not again.identical
    assert "score" in str(again.difference)


def test_a_record_that_cannot_be_applied_is_named(result: Result, tmp_path: Path) -> None:
    """A ledger whose record the core refuses ends the replay with its place, and leaves nothing behind."""
    home = tmp_path / "home"
    home.mkdir()
    records = [one for batch in ledger_files.read_ledger(result.directory / "ledger/00.parquet") for one in batch]
    with LedgerWriter(home, 1) as writer:
        for record in (records[0], records[0]._replace(offset=0)):
            writer.write(0, record)
    with pytest.raises(LedgerError, match="partition 0, offset 0"):
        replayed(replay.prepare_result(home, None), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
    unreadable = LedgerRecord(0, 0, b"k", b"\xff", [])
    with pytest.raises(LedgerError, match="partition 5, offset 0"):
        PartitionPass(5).apply([unreadable])


def test_damage_of_a_ledger_is_named(result: Result, tmp_path: Path) -> None:
    """A ledger file that was changed is no source."""
    import shutil

    home = tmp_path / "home"
    shutil.copytree(result.directory, home)
    path = home / "ledger/03.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ResultError, match=r"ledger/03\.parquet was changed"):
        replayed(replay.prepare_result(home, None), tmp_path / "out")
    with pytest.raises(ResultError, match="cannot be read"):
        rerun(home, 3)


def test_a_place_that_is_taken_is_refused(stream: Path, tmp_path: Path) -> None:
    """An earlier result needs --force, another directory is never replaced, nor what stands where it is made."""
    out = tmp_path / "out"
    small = write([rate(0), payment(1, START)], tmp_path / "small")
    prepare = replay.prepare_stream(small, CONFIGURATION)
    replayed(prepare, out)
    with pytest.raises(UsageError, match="--force"):
        replayed(prepare, out)
    before = (out / result_files.MANIFEST).read_bytes()
    replayed(prepare, out, force=True)
    assert (out / result_files.MANIFEST).read_bytes() == before
    with pytest.raises(UsageError, match="no earlier result"):
        replayed(prepare, small, force=True)
    (tmp_path / "new.partial").mkdir()
    (tmp_path / "new.partial/letter.txt").touch()
    with pytest.raises(UsageError, match=r"letter\.txt"):
        replayed(prepare, tmp_path / "new")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="no directory"):
        replayed(prepare, tmp_path / "file")


def test_an_interrupted_replay_leaves_nothing_that_looks_whole(stream: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle of the core: neither the result nor its beginnings are left, and the next one works."""

    class Interrupted(Silent):
        def begin(self, name: str, total: int | None) -> None:
            if name == "core":
                raise KeyboardInterrupt

    prepare = replay.prepare_stream(stream, CONFIGURATION)
    with pytest.raises(KeyboardInterrupt):
        replay.replay(prepare, tmp_path / "out", processes=1, force=False, stages=Interrupted())
    assert list(tmp_path.iterdir()) == []
    # one that was killed leaves its beginnings under another name; they are replaced
    (tmp_path / "out.partial/ledger").mkdir(parents=True)
    replayed(prepare, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_limits_of_a_file_reach_the_core(stream: Path, tmp_path: Path) -> None:
    """--config with a higher document line: T01 does not fire on the splitting any more."""
    limits = default_tables()["rules"]["T01"]["limits"]
    for limit in limits:
        if limit["unit"] == "USD":
            limit["value"] = "1000000"
    path = tmp_path / "c.toml"
    path.write_text(tomli_w.dumps({"rules": {"T01": {"limits": limits}}}))
    out = tmp_path / "out"
    done = CliRunner().invoke(command, [str(stream), "--out", str(out), "--config", str(path), "--processes", "1"])
    assert done.exception is None
    found = result_files.read_result(out)
    assert "T01" not in found.sheet.fired.names.names
    assert found.configuration == read_configuration_file(path)
    assert "written to" in done.stdout
