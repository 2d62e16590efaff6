"""Result directories: what a replay writes is what judges read, and damage is named."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from detectors.contracts.alert import Versions
from streams.errors import UsageError
from streams.settings import overlay_configuration
from streams.testbed import result_files, score_columns
from streams.testbed.parquet_files import ParquetFile
from streams.testbed.result_files import Manifest, ResultError, SourceRead
from streams.testbed.score_columns import ScoreRow

MEMBERS = ("robust_z", "windowed_tails")


def row(number: int, **more: object) -> ScoreRow:
    """A transaction without anything that may be missing."""
    fields: dict[str, object] = {
        "partition": 3,
        "offset": number,
        "event_id": f"E-{number}",
        "time_us": 1_767_580_000_000_000 + number,
        "day": 20_458,
        "party": "dev.4c1.4c16172de87e10e6308ade14e3da55d6",
        "party_type": "person",
        "size": None,
        "region": None,
        "institution": "BANKA",
        "direction": "out",
        "channel": "app",
        "counterparty": "dev.001.00",
        "country": "VN",
        "currency": "USD",
        "purpose": None,
        "evidence": "none",
        "status": "settled",
        "usd_cents": None,
        "deal_deviation_bp": None,
        "history": False,
        "scored": False,
        "score": 0.25,
        "rank": None,
        "fired": (),
        "reasons": (),
        "members": {},
        "alert_id": None,
    }
    return ScoreRow(**fields | more)  # type: ignore[arg-type]


ROWS = [
    row(1),
    row(
        2,
        size="small",
        region="KR-11",
        usd_cents=495_000,
        deal_deviation_bp=-12.5,
        scored=True,
        rank=0.001,
        purpose="40101",
        score=0.9,
        fired=(("T01", 0.5), ("T16", 0.75)),
        reasons=(("sum_7d", 0.6), ("hour", 0.4)),
        members={"robust_z": 3.5, "windowed_tails": 0.125},
        alert_id="a" * 32,
    ),
    row(3, history=True, reasons=(("hour", 1.0),), members={"robust_z": 0.1}, scored=True),
]


def manifest(rows: list[ScoreRow]) -> Manifest:
    """A manifest of the rows."""
    return Manifest(
        source=SourceRead(kind="stream", files={"fx.transactions.v1.jsonl": "0" * 64}),
        partitions=12,
        versions=Versions(code="1", config="2", detectors="3", rules="4"),
        detectors={"robust_z": {}},
        read={"fx.transactions.v1": len(rows)},
        outcomes={"applied": len(rows)},
        dead_letters={},
        transactions=len(rows),
        scored=2,
        alerts=1,
        parties=1,
        state_bytes=1000,
        legs={},
        shared_alerts=0,
        nodes=0,
        node_bytes=0,
        files={},
    )


def write(directory: Path, rows: list[ScoreRow], group: int = 2, lot: int = 1) -> Manifest:
    """A whole result of the rows, handed over in lots."""
    directory.mkdir()
    schema = score_columns.schema(MEMBERS)
    with ParquetFile(directory / result_files.SCORES, schema, group, score_columns.DICTIONARIES) as file:
        for start in range(0, len(rows), lot):
            file.write(score_columns.batch(rows[start : start + lot], MEMBERS))
    (directory / result_files.ALERTS).write_bytes(b"{}\n")
    (directory / result_files.SHARED_ALERTS).touch()
    result_files.write_configuration(directory, overlay_configuration({}))
    return result_files.write_manifest(directory, manifest(rows))


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Manifest, configuration and every column come back, and what is missing is told apart from zero."""
    written = write(tmp_path / "result", ROWS)
    result = result_files.read_result(tmp_path / "result")
    assert result.manifest == written
    assert result.configuration == overlay_configuration({})
    sheet = result.sheet
    assert len(sheet) == 3
    assert sheet.offset.tolist() == [1, 2, 3]
    assert sheet.event_id.tolist() == ["E-1", "E-2", "E-3"]
    assert sheet.size.texts() == [None, "small", None]
    assert sheet.region.text(1) == "KR-11"
    assert (sheet.usd_cents.tolist(), sheet.usd_known.tolist()) == ([0, 495_000, 0], [False, True, False])
    assert sheet.usd_cents.dtype == np.int64
    assert sheet.deal_deviation_bp[1] == -12.5
    assert np.isnan(sheet.deal_deviation_bp[[0, 2]]).all()
    assert (math.isnan(sheet.rank[0]), sheet.rank[1]) == (True, 0.001)
    assert (sheet.history.tolist(), sheet.scored.tolist()) == ([False, False, True], [False, True, True])
    assert [sheet.fired.row(place) for place in range(3)] == [list(one.fired) for one in ROWS]
    assert [sheet.reasons.row(place) for place in range(3)] == [list(one.reasons) for one in ROWS]
    assert sheet.members["robust_z"][1:].tolist() == [3.5, 0.1]
    assert np.isnan(sheet.members["windowed_tails"][[0, 2]]).all()
    assert sheet.alert_id.texts() == [None, "a" * 32, None]
    assert sheet.alerted.tolist() == [False, True, False]


def test_an_empty_result_has_an_empty_sheet(tmp_path: Path) -> None:
    """A replay without transactions is read too."""
    write(tmp_path / "result", [])
    sheet = result_files.read_result(tmp_path / "result").sheet
    assert len(sheet) == 0
    assert (sheet.party.texts(), sheet.fired.largest().texts(), sheet.alerted.tolist()) == ([], [], [])


def test_bytes_do_not_depend_on_how_rows_were_handed_over(tmp_path: Path) -> None:
    """Row by row or all at once: the same file."""
    many = [row(number, usd_cents=number) for number in range(1, 12)]
    one, other = (write(tmp_path / str(lot), many, group=4, lot=lot) for lot in (1, 7))
    assert one.files[result_files.SCORES] == other.files[result_files.SCORES]


def test_rows_are_taken_with_their_lists(tmp_path: Path) -> None:
    """A part of a sheet has the same lists, members and texts, by mask and by index."""
    write(tmp_path / "result", ROWS)
    sheet = result_files.read_result(tmp_path / "result").sheet
    for part in (sheet.take(np.array([False, True, True])), sheet.take(np.array([1, 2]))):
        assert part.event_id.tolist() == ["E-2", "E-3"]
        assert part.fired.row(0) == list(ROWS[1].fired)
        assert part.reasons.row(1) == [("hour", 1.0)]
        assert part.members["robust_z"].tolist() == [3.5, 0.1]
    assert sheet.take(np.array([2, 1])).reasons.row(1) == list(ROWS[1].reasons)


def test_damage_is_named(tmp_path: Path) -> None:
    """A changed, a missing and a wrong file each say what they are; a directory without a manifest is wrong use."""
    directory = tmp_path / "result"
    write(directory, ROWS)
    scores = directory / result_files.SCORES
    whole = scores.read_bytes()
    scores.write_bytes(whole[:-1] + b"X")
    with pytest.raises(ResultError, match=r"scores\.parquet was changed"):
        result_files.read_result(directory)
    scores.unlink()
    with pytest.raises(ResultError, match=r"scores\.parquet is not there"):
        result_files.read_result(directory)
    (directory / result_files.MANIFEST).write_bytes(b"{")
    with pytest.raises(ResultError, match=r"replay\.json cannot be read"):
        result_files.read_result(directory)
    with pytest.raises(UsageError, match="no result of a replay"):
        result_files.read_result(tmp_path)


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    """A Parquet file that is no `scores.parquet` is named with what it lacks."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"partition": [1]}), tmp_path / "scores.parquet")
    with pytest.raises(ResultError, match=r"offset.*alert_id"):
        result_files.read_sheet(tmp_path / "scores.parquet")


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A manifest of a later format is not guessed at."""
    later = msgspec.structs.replace(manifest([]), format=result_files.FORMAT + 1)
    (tmp_path / result_files.MANIFEST).write_bytes(msgspec.json.encode(later))
    with pytest.raises(ResultError, match="another format"):
        result_files.read_manifest(tmp_path)
