"""`fxwatch testbed run`: the one command, twice."""

import json
import subprocess
import sys
from pathlib import Path

FXWATCH = Path(sys.executable).with_name("fxwatch")
EVENTS = 3_000


def run(out: Path, *more: object) -> subprocess.CompletedProcess[str]:
    """The command, as a user types it."""
    words = ["testbed", "run", "--events", EVENTS, "--seed", 2, "--out", out, "--json", *more]
    return subprocess.run([FXWATCH, *map(str, words)], capture_output=True, text=True, timeout=300, check=False)


def files(directory: Path) -> dict[str, bytes]:
    """Every file below, by its name."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }


def test_two_runs_give_the_same_stream_result_and_report(tmp_path: Path) -> None:
    """Byte for byte, but for the report's timings; a run over an earlier result is refused."""
    first, second = run(tmp_path / "a"), run(tmp_path / "b", "--processes", 1)
    told = [json.loads(one.stdout) for one in (first, second)]
    assert told[0]["report_hash"] == told[1]["report_hash"]
    assert told[0]["records"] == EVENTS
    assert set(told[0]["seconds"]) == {"generate", "replay", "judge"}
    for part in ("stream", "result"):
        assert files(tmp_path / "a" / part) == files(tmp_path / "b" / part)
    reports = [json.loads((tmp_path / name / "report/report.json").read_bytes()) for name in "ab"]
    assert reports[0].pop("timings")
    assert reports[1].pop("timings")
    assert reports[0] == reports[1]
    assert reports[0]["report_hash"] == told[0]["report_hash"]
    assert reports[0]["reproduction"]["identical"]
    refused = run(tmp_path / "a")
    assert refused.returncode == 2
    assert "holds a result already" in refused.stderr
    assert files(tmp_path / "a/result") == files(tmp_path / "b/result")
