"""Stream directories: what is written is read, in stream order, in both formats; what is no stream is told."""

from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.input_record import PROFILES, RATES, TRANSACTIONS, InputRecord
from streams.contracts.record_headers import HISTORY_HEADER
from streams.errors import UsageError
from streams.generator import Simulation
from streams.settings import overlay_configuration
from streams.testbed import replay, stream_files
from streams.testbed.prepared import Silent
from streams.testbed.stream_files import TOPICS, read_stream, topic_files, write_stream

FORMATS = ("jsonl", "parquet")
RATE = orjson.dumps({"base": "USD", "quote": "KRW", "mid": "1387.50", "rate_time": "2026-01-05T00:00:00Z"})
RATE_MS = 1_767_571_200_000
headers = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8).map(str.encode)), max_size=3).map(tuple)
values = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.just(RATE),
    st.just(RATE + b"\r"),
    st.just(b'{"__record":{"value":"1"}}'),
    st.just(RATE.replace(b",", b",\n")),
)
record = st.builds(
    InputRecord,
    st.sampled_from(TOPICS),
    st.one_of(st.none(), st.binary(max_size=12), st.just(b"USD/KRW")),
    values,
    st.one_of(st.integers(0, 2**45), st.just(RATE_MS)),
    headers,
)


def merged(records: list[InputRecord]) -> list[InputRecord]:
    """The stream order, said anew: by time stamp, then by topic; sorting keeps the rest."""
    return sorted(records, key=lambda each: (each.timestamp_ms, TOPICS.index(each.topic)))


@pytest.mark.parametrize("form", FORMATS)
@given(records=st.lists(record, min_size=1, max_size=30))
@settings(deadline=None)
def test_what_is_written_is_read_in_stream_order(
    form: str, records: list[InputRecord], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any records, whatever their bytes, come back unchanged and merged by time stamp, topic and line."""
    directory = tmp_path_factory.mktemp("stream")
    records.sort(key=lambda each: each.timestamp_ms)
    summary = write_stream(iter(records), directory, form)
    assert list(read_stream(directory)) == merged(records)
    assert sum(summary["records"].values()) == len(records)
    assert set(summary["files"]) == {path.name for path in directory.iterdir()}


@pytest.mark.parametrize("form", FORMATS)
def test_equal_records_make_equal_bytes_and_row_groups_bound_memory(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writings of one stream have equal digests, also when they take many row groups; headers come back."""
    monkeypatch.setattr(stream_files, "ROW_GROUP", 300)
    records = list(Simulation(2, 3_000, history_days=0, days=16, bad_share=0.05))
    first, second = (write_stream(records, tmp_path / name, form) for name in ("first", "second"))
    assert first == second
    assert list(read_stream(tmp_path / "first")) == merged(records)


def test_both_formats_hold_the_same_records(tmp_path: Path) -> None:
    """JSON lines and Parquet of one stream with history and bad records read back as the same records."""
    records = list(Simulation(3, 2_000, days=20, history_days=5, bad_share=0.1))
    assert any(HISTORY_HEADER in each.headers for each in records)
    for form in FORMATS:
        write_stream(records, tmp_path / form, form)
    assert list(read_stream(tmp_path / "jsonl")) == list(read_stream(tmp_path / "parquet")) == merged(records)


def test_a_stream_that_stood_there_is_replaced_and_one_that_failed_leaves_it(tmp_path: Path) -> None:
    """A second writing leaves no file of the first; a writing that ends in an error leaves the first as it was."""
    write_stream([InputRecord(PROFILES, b"k", b"v", 1), InputRecord(RATES, b"k", b"v", 1)], tmp_path, "jsonl")
    write_stream([InputRecord(RATES, b"k", b"w", 2)], tmp_path, "parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["fx.rates.v1.parquet"]
    with pytest.raises(UsageError, match="record 2: not in stream order"):
        write_stream([InputRecord(RATES, b"k", b"x", 5), InputRecord(RATES, b"k", b"x", 4)], tmp_path, "jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["fx.rates.v1.parquet"]
    assert list(read_stream(tmp_path)) == [InputRecord(RATES, b"k", b"w", 2)]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (InputRecord("fx.alerts.v1", b"k", b"v", 1), "not a topic of a stream"),
        (InputRecord(RATES, b"k", b"v", -1), "not in stream order"),
        (InputRecord(RATES, b"k", b"v", 1, (("h", b"\xff"),)), "header that is no text"),
    ],
)
def test_records_that_make_no_stream_are_refused(bad: InputRecord, message: str, tmp_path: Path) -> None:
    """A foreign topic, no time stamp, and a header that JSON lines cannot hold are each told, and nothing is left."""
    with pytest.raises(UsageError, match=message):
        write_stream([bad], tmp_path, "jsonl")
    assert not list(tmp_path.iterdir())


def test_a_format_nobody_knows_is_refused(tmp_path: Path) -> None:
    """The format's name is checked before anything is written."""
    with pytest.raises(UsageError, match="not a format"):
        write_stream([], tmp_path, "csv")


def test_directories_that_are_no_stream_are_told(tmp_path: Path) -> None:
    """Missing, empty, with a misspelt topic and the same topic twice: one error with everything that is wrong."""
    with pytest.raises(UsageError, match="no stream directory"):
        topic_files(tmp_path / "missing")
    (tmp_path / "truth.jsonl").write_bytes(b"{}\n")
    (tmp_path / "scores.parquet").write_bytes(b"")
    with pytest.raises(UsageError, match="holds no topic file"):
        topic_files(tmp_path)
    for name in ("fx.rates.v1.jsonl", "fx.rates.v1.parquet", "fx.transaction.v1.jsonl"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UsageError, match=r"fx.rates.v1 is there both.*fx.transaction.v1.jsonl is named after no"):
        topic_files(tmp_path)


def made(directory: Path) -> Path:
    """A stream of rates and profiles whose `stream.json` says what its files are."""
    files = write_stream(
        [InputRecord(PROFILES, b"k", b"v", 1), InputRecord(RATES, b"USD/KRW", RATE, RATE_MS)], directory
    )["files"]
    (directory / stream_files.ABOUT).write_bytes(orjson.dumps({"format": 1, "files": files}))
    return directory


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (f"{RATES}.jsonl", RATE.replace(b"7.50", b"7.51") + b"\n", "fx.rates.v1.jsonl was changed"),
        (f"{RATES}.jsonl", None, "fx.rates.v1.jsonl is not there"),
        (f"{TRANSACTIONS}.jsonl", b"", "fx.transactions.v1.jsonl is new"),
        (stream_files.ABOUT, b"{}", "stream.json cannot be read"),
    ],
)
def test_a_stream_that_is_not_as_it_was_made_is_not_replayed(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    """A changed, missing or added topic file is named before anything is read; without stream.json nothing was said."""
    path = made(tmp_path / "stream") / name
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    prepare = replay.prepare_stream(tmp_path / "stream", overlay_configuration({}))
    with pytest.raises(UsageError, match=message):
        replay.replay(prepare, tmp_path / "out", processes=1, force=False, stages=Silent())
    assert not (tmp_path / "out").exists()
    (tmp_path / "stream" / stream_files.ABOUT).unlink()
    stream_files.require_as_made(tmp_path / "stream", {})


def test_a_stream_as_it_was_made_is_admitted(tmp_path: Path) -> None:
    """The files as `stream.json` says pass."""
    digests = {
        name: told["sha256"]
        for name, told in orjson.loads((made(tmp_path) / stream_files.ABOUT).read_bytes())["files"].items()
    }
    assert len(digests) == 2
    stream_files.require_as_made(tmp_path, digests)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("fx.rates.v1.jsonl", RATE + b"\n{", "fx.rates.v1.jsonl, line 2: not JSON"),
        ("fx.rates.v1.jsonl", RATE + b"\n" + RATE.replace(b"05T", b"04T"), "record 2: not in stream order"),
        ("fx.rates.v1.parquet", b"PAR1 no table", "no Parquet file"),
    ],
)
def test_files_that_are_no_stream_are_told_with_their_place(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    """A broken line, a step back in time and a broken table name their file and place."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        list(read_stream(tmp_path))


def test_a_table_with_other_columns_is_told(tmp_path: Path) -> None:
    """The columns that are missing or of another type are named."""
    table = pa.table({"key": [b"k"], "value": ["text"], "timestamp_ms": [1]})
    pq.write_table(table, tmp_path / f"{TRANSACTIONS}.parquet")
    with pytest.raises(UsageError, match="stream file: value, headers"):
        list(read_stream(tmp_path))
