"""Replays as processes of their own: the same bytes from any number of them, and an end at once on Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from streams.testbed import result_files
from tests.support.small_stream import days, write

ROOT = Path(__file__).parents[2]
# Seconds after which something hangs. Failure prevented: with nineteen processes at work on two cores the replay's own
# had not begun after 120 s, and one that had got 7 s of CPU in three minutes was taken for one that does not end.
HANGS = 280


def start(stream: Path, out: Path, processes: int, hash_seed: int) -> "subprocess.Popen[str]":
    """`fxwatch testbed replay` in a process group of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FXWATCH_")}
    arguments = ["testbed", "replay", stream, "--out", out, "--processes", processes]
    return subprocess.Popen(
        [sys.executable, "-m", "streams", *map(str, arguments)],
        cwd=ROOT,
        text=True,
        env=environment | {"PYTHONHASHSEED": str(hash_seed)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def contents(directory: Path) -> dict[str, str]:
    """SHA-256 of every file of a directory."""
    return {
        path.relative_to(directory).as_posix(): result_files.sha256_of(path)
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_bytes_do_not_depend_on_processes_or_hash_seeds(tmp_path: Path) -> None:
    """One, two and three processes, each with another PYTHONHASHSEED: every file of the results is the same."""
    stream = write(days(15, 12), tmp_path / "stream")
    runs = [(1, 0), (2, 1), (3, 12345)]
    found = []
    for number, (processes, hash_seed) in enumerate(runs):
        run = start(stream, tmp_path / str(number), processes, hash_seed)
        _, told = run.communicate(timeout=HANGS)
        assert run.returncode == 0, told
        found.append(contents(tmp_path / str(number)))
    assert found[0] == found[1] == found[2]
    manifest = result_files.read_manifest(tmp_path / "0")
    assert manifest.alerts > 0
    assert len([name for name in manifest.files if name.startswith("ledger/")]) == 12
    assert set(manifest.files) | {result_files.MANIFEST} == set(found[0])


def working(run: "subprocess.Popen[str]", partial: Path) -> list[psutil.Process]:
    """The processes of a replay, once they are at work."""
    deadline = time.monotonic() + HANGS
    while not list((partial / "parts").glob("*.parquet")):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline, "the processes do not begin"
        time.sleep(0.02)
    children = psutil.Process(run.pid).children(recursive=True)
    assert len(children) >= 2
    return children


def test_an_interrupt_ends_everything_at_once(tmp_path: Path) -> None:
    """Ctrl-C while the processes work: exit code 130, one word, no result, no process left."""
    # far more than is read until the signal comes, on a busy machine too
    stream = write(days(120, 60), tmp_path / "stream")
    run = start(stream, tmp_path / "out", 2, 0)
    children = working(run, tmp_path / "out.partial")
    os.killpg(run.pid, signal.SIGINT)
    _, told = run.communicate(timeout=HANGS)
    assert run.returncode == 130
    assert told.rstrip().endswith("interrupted")
    assert "Traceback" not in told
    assert psutil.wait_procs(children, timeout=HANGS)[1] == []
    assert [path.name for path in tmp_path.iterdir()] == ["stream"]


def test_a_killed_replay_leaves_no_process_and_nothing_that_looks_whole(tmp_path: Path) -> None:
    """Kill -9 of the command: its processes end on their own, and the next replay takes the place of what it left."""
    stream = write(days(120, 60), tmp_path / "stream")
    run = start(stream, tmp_path / "out", 2, 0)
    children = working(run, tmp_path / "out.partial")
    run.kill()
    assert psutil.wait_procs(children, timeout=HANGS)[1] == []
    run.communicate(timeout=HANGS)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.partial" / result_files.MANIFEST).exists()
    small = write(days(2), tmp_path / "small")
    again = start(small, tmp_path / "out", 1, 0)
    _, told = again.communicate(timeout=HANGS)
    assert again.returncode == 0, told
    assert not (tmp_path / "out.partial").exists()
