"""`fxwatch testbed generate`: what it writes, in both formats, and what it refuses."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from streams.cli.testbed.generate import command
from streams.errors import FxwatchError, UsageError
from streams.generator import Simulation
from streams.testbed.stream_files import read_stream, topic_files

SMALL = ["--events", "4000", "--seed", "3", "--bad", "0.02", "--json"]


def run(*arguments: str) -> dict:
    """The summary of a run that must succeed."""
    result = CliRunner().invoke(command, [*SMALL, *arguments])
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def test_both_formats_hold_the_same_stream_and_say_what_made_it(tmp_path: Path) -> None:
    """JSON lines and Parquet read back as the records the generator makes; stream.json has their digests."""
    for form in ("jsonl", "parquet"):
        run("--format", form, "--out", str(tmp_path / form))
    made = list(Simulation(3, 4_000, preset="full", bad_share=0.02))
    read = list(read_stream(tmp_path / "jsonl"))
    assert read == list(read_stream(tmp_path / "parquet"))
    assert len(read) == len(made)
    assert Counter(read) == Counter(made)
    for form in ("jsonl", "parquet"):
        about = json.loads((tmp_path / form / "stream.json").read_bytes())
        assert about["format"] == 1
        assert about["made_by"] == "fxwatch testbed generate"
        assert sum(about["records"].values()) == 4_000
        assert set(about["files"]) == {path.name for path in topic_files(tmp_path / form).values()} | {"truth.jsonl"}
        for name, file in about["files"].items():
            content = (tmp_path / form / name).read_bytes()
            assert file == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    truths = [(tmp_path / form / "truth.jsonl").read_bytes() for form in ("jsonl", "parquet")]
    assert truths[0] == truths[1]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_the_arguments_in_stream_json_make_the_same_bytes_again(form: str, tmp_path: Path) -> None:
    """Every argument that was filled in is said, and giving them back makes every file again, byte for byte."""
    run("--format", form, "--out", str(tmp_path / "first"))
    said = json.loads((tmp_path / "first" / "stream.json").read_bytes())["arguments"]
    again = [part for name, value in said.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    result = CliRunner().invoke(command, [*again, "--out", str(tmp_path / "second")])
    assert result.exception is None, result.exception
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "second").iterdir())
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_the_basic_preset_is_what_simulate_makes(tmp_path: Path) -> None:
    """Records and truth of `--preset basic` are those of the built-in stream."""
    run("--preset", "basic", "--out", str(tmp_path))
    simulation = Simulation(3, 4_000, bad_share=0.02)
    assert set(read_stream(tmp_path)) == set(simulation)
    assert (tmp_path / "truth.jsonl").read_bytes() == simulation.truth.lines()


def test_a_stream_of_2022_and_a_pack_of_two(tmp_path: Path) -> None:
    """Start, days, history and pack do what they say."""
    summary = run(
        "--start", "2022-03-01", "--days", "40", "--history-days", "5", "--pack", "T01,T16", "--out", str(tmp_path)
    )
    assert (summary["start"], summary["days"], summary["pack"]) == ("2022-03-01", 40, "T01,T16")
    assert set(summary["cases"]) == {"T01", "T16"}
    truth = [orjson.loads(line) for line in (tmp_path / "truth.jsonl").read_bytes().splitlines()]
    assert all(entry["first_event_time"] >= "2022-03-06" for entry in truth if entry["kind"] == "case")


def test_the_summary_for_people(tmp_path: Path) -> None:
    """Without --json the counts, what was planted and the place are told."""
    result = CliRunner().invoke(command, [*SMALL[:-1], "--pack", "none", "--out", str(tmp_path)])
    assert "4,000 records of 200 residents" in result.stdout
    truth = [orjson.loads(line) for line in (tmp_path / "truth.jsonl").read_bytes().splitlines()]
    lookalikes = sum(entry["kind"] == "lookalike" for entry in truth)
    assert lookalikes > 0
    assert f"planted: none; look-alikes {lookalikes};" in result.stdout
    assert f"written to {tmp_path}" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pack", "T99"], "T99"),
        (["--preset", "basic", "--pack", "none"], "--pack belongs to the preset full"),
        (["--days", "3"], "--days is out of range"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_written(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    """An unknown typology, a pack with the basic preset, and a span out of range: a usage error, and no file."""
    result = CliRunner().invoke(command, [*SMALL, *arguments, "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_result_is_no_place_for_a_stream(tmp_path: Path) -> None:
    """A replay's result is refused as a place, and nothing is written into it."""
    (tmp_path / "replay.json").write_text("{}")
    result = CliRunner().invoke(command, [*SMALL, "--out", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "the result of a replay" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["replay.json"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A directory below a file is no place for a stream."""
    (tmp_path / "file").write_bytes(b"")
    result = CliRunner().invoke(command, [*SMALL, "--out", str(tmp_path / "file" / "out")])
    assert isinstance(result.exception, FxwatchError)
    assert "cannot write" in str(result.exception)
