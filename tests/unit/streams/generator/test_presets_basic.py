"""The preset `basic` is what `fxwatch simulate` always made, byte for byte: recorded results rest on it."""

import hashlib
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import command
from streams.contracts.record_lines import write
from streams.generator import Simulation

# SHA-256 of `cat DIR/*.jsonl` (the topics' files by name, then truth.jsonl), recorded before there was another preset
RECORDED = {
    (20_000, 7, 0.01, 0): "c0d9dea323aba103154627806f5449b673d9442b07df3694f45b081d925676c1",
    (2_000, 1, 0.0, 0): "3571e3654910daf6cb476cfb2a1443913bece45f704172e1cb80faf3c0a25075",
    (8_000, 5, 0.05, 3): "001b53c536274b27b2933403db3f9aaf53a0bc2112bf698572ec30fb9cf9dd3a",
    (40_000, 3, 0.02, 10): "1b3133e2fa9f309d04fb97d7427b36f73e0857ec1487ba73ffc1ed3dba4913bd",
}
OF_2022 = "46bea482866d9bc57f36d615a6426a7cab3a5560e53cb47d0d320b0280dfdfb0"


def digest(simulation: Simulation) -> str:
    """Of the lines of each topic, topics in the order of their names, then the truth."""
    lines: dict[str, list[bytes]] = {}
    for record in simulation:
        lines.setdefault(record.topic, []).append(write(record))
    whole = hashlib.sha256()
    for topic in sorted(lines):
        for line in lines[topic]:
            whole.update(line)
    whole.update(simulation.truth.lines())
    return whole.hexdigest()


@pytest.mark.parametrize(("arguments", "recorded"), RECORDED.items())
def test_the_basic_preset_makes_the_recorded_bytes(arguments: tuple[int, int, float, int], recorded: str) -> None:
    """Four sets of arguments, with bad records and history, make the bytes they made before."""
    events, seed, bad, history = arguments
    assert digest(Simulation(seed, events, bad_share=bad, history_days=history)) == recorded


def test_a_stream_of_another_year_makes_the_recorded_bytes() -> None:
    """Start, days and residents as arguments, too."""
    assert digest(Simulation(11, 6_000, start=date(2022, 3, 1), days=60, residents=200)) == OF_2022


def test_simulate_writes_the_recorded_bytes(tmp_path: Path) -> None:
    """The command itself: the files it writes have the recorded digest."""
    arguments = ["simulate", "--events", "8000", "--seed", "5", "--bad", "0.05", "--history-days", "3", "--json"]
    result = CliRunner().invoke(command, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    whole = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(tmp_path.glob("*.jsonl"))))
    assert whole.hexdigest() == RECORDED[8_000, 5, 0.05, 3]
