"""What a user types for a replay: configuration files, bounds of the ledger, sources that are none."""

from datetime import timedelta
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner

from streams.cli.testbed.replay import command
from streams.errors import ConfigurationError, UsageError
from streams.testbed.configuration_file import read_configuration_file
from streams.testbed.ledger_source import parse_bound
from tests.support.small_stream import START


def test_a_configuration_file_is_checked_to_the_end(tmp_path: Path) -> None:
    """Its tables overlay the defaults; everything wrong with it is said at once, and settings are passed over."""
    path = tmp_path / "c.toml"
    path.write_text(tomli_w.dumps({"detectors": {"warm_up": 7}, "bootstrap": "elsewhere:9092"}))
    assert read_configuration_file(path).detectors.warm_up == 7
    path.write_text(tomli_w.dumps({"detectors": {"warm_up": "seven"}, "rulez": {}}))
    with pytest.raises(ConfigurationError) as found:
        read_configuration_file(path)
    assert len(found.value.problems) == 2
    path.write_text("= 1")
    with pytest.raises(ConfigurationError, match="not TOML"):
        read_configuration_file(path)
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_configuration_file(tmp_path / "none.toml")


def test_bounds_of_a_ledger_are_read_as_typed() -> None:
    """Offsets, offsets by partition, times with an offset; anything else is wrong use."""
    assert parse_bound("1500") == 1500
    assert parse_bound("0:15, 3:9") == {0: 15, 3: 9}
    assert parse_bound("2026-04-20T00:00:00+09:00") == START - timedelta(hours=9)
    for wrong in ("", "x", "1:2:3", "-1", "2026-04-20T00:00:00", "1:"):
        with pytest.raises(UsageError, match="no place in the ledger"):
            parse_bound(wrong)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "no such source"),
        (["."], "the directory is no stream"),
        (["note.txt"], "the file is no source"),
        (["other.jsonl"], "no topic of a stream"),
        (["s", "--from", "3"], "for the live ledger"),
        (["ledger", "--from", "3", "--since", "2026-04-20T00:00:00Z"], "say once"),
        (["ledger", "--from", "2026-04-20T00:00:00Z"], "--from takes offsets"),
        (["ledger", "--partitions", "3"], "has the partitions that it has"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every source that is none, and options that do not fit: what was got and what to do."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "other.jsonl").write_text("{}\n")
    (tmp_path / "s").mkdir()
    done = CliRunner().invoke(command, [*arguments, "--out", "out"])
    assert isinstance(done.exception, UsageError)
    assert told in done.exception.message
    assert not (tmp_path / "out").exists()
