"""`fxwatch simulate --out` and both commands' refusals, as a user meets them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Fxwatch = Callable[..., "subprocess.CompletedProcess[str]"]
NOBODY = "127.0.0.1:1"


def test_simulate_writes_one_file_a_topic_and_the_truth(fxwatch: Fxwatch, tmp_path: Path) -> None:
    """The summary on standard output counts what stands in the files."""
    done = fxwatch("simulate", "--events", 1500, "--seed", 9, "--bad", 0.02, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    lines = {path.name.removesuffix(".jsonl"): path.read_bytes().count(b"\n") for path in (tmp_path / "out").iterdir()}
    truth = [json.loads(line) for line in (tmp_path / "out" / "truth.jsonl").read_text().splitlines()]
    assert summary["records"] == 1500
    assert lines == {**summary["topics"], "truth": len(truth)}
    assert truth[-1]["kind"] == "totals"
    assert truth[-1]["bad"] == summary["bad"] > 0


def test_simulate_says_what_was_planted(fxwatch: Fxwatch, tmp_path: Path) -> None:
    """For people: totals by topic, planted cases, where the truth is."""
    done = fxwatch("simulate", "--events", 1000, "--out", tmp_path, "--truth", tmp_path / "t.jsonl")
    assert "planted: T01 1, T02 1, T16 1" in done.stdout
    assert f"truth: {tmp_path / 't.jsonl'}" in done.stdout


def test_simulate_wants_one_destination(fxwatch: Fxwatch, tmp_path: Path) -> None:
    """Neither or both of --out and --publish, and --rate without --publish, are wrong use."""
    for arguments in ((), ("--out", tmp_path, "--publish"), ("--out", tmp_path, "--rate", 5)):
        done = fxwatch("simulate", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--publish" in done.stderr
        assert "Traceback" not in done.stderr


def test_no_broker_is_one_message(fxwatch: Fxwatch, tmp_path: Path, monkeypatch) -> None:
    """Both commands name the address and what to start; exit code 1."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", NOBODY)
    name = tmp_path / "fx.rates.v1.jsonl"
    name.write_text('{"base":"USD","quote":"KRW","mid":"1387.50","rate_time":"2026-05-04T10:00:00+09:00"}\n')
    for arguments in (("publish", name), ("simulate", "--events", 500, "--publish")):
        done = fxwatch(*arguments)
        assert done.returncode == 1
        assert f"no Kafka broker answers; got: {NOBODY}" in done.stderr
        assert "fxwatch broker start" in done.stderr
        assert "Traceback" not in done.stderr


def test_publish_names_the_faulty_line_before_it_needs_a_broker(fxwatch: Fxwatch, tmp_path: Path, monkeypatch) -> None:
    """A rate without its value, and a line that is no JSON; no broker was asked, so nothing was sent."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", NOBODY)
    name = tmp_path / "fx.rates.v1.jsonl"
    name.write_text('{"base":"USD","quote":"KRW"}\nnonsense\n')
    done = fxwatch("publish", name)
    assert done.returncode == 1
    assert "2 of 2 records are not what ingest admits" in done.stderr
    assert "line 2: expected one JSON object a line; not JSON: " in done.stdout
    assert "--as-is" in done.stderr


def test_publish_refuses_unreadable_files_and_unnamed_input(fxwatch: Fxwatch, tmp_path: Path) -> None:
    """A file that is not there and standard input without --topic are wrong use."""
    missing = fxwatch("publish", tmp_path / "fx.rates.v1.jsonl")
    unnamed = fxwatch("publish", "-")
    assert (missing.returncode, unnamed.returncode) == (2, 2)
    assert "No such file" in missing.stderr
    assert "--topic" in unnamed.stderr
