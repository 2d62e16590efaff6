"""History search: what comes of a grid on a recorded ledger (the grid itself: test_grid.py)."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from detectors.contracts.configuration import Configuration
from streams.cli.testbed.search import _write as write_pages
from streams.cli.testbed.search import command
from streams.errors import UsageError
from streams.testbed import ledger_files, replay
from streams.testbed.ledger_files import LedgerWriter
from streams.testbed.prepared import Silent
from streams.testbed.result_files import read_result
from tests.support.small_result import replayed, simulate


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a stream and its replay."""
    home = tmp_path_factory.mktemp("search")
    simulate(home / "stream", 2000, 70)
    replayed(home / "stream", home / "result")
    return home


def run(place: Path, out: Path, *more: str) -> dict:
    """`testbed search` on the replay, and what it printed."""
    done = CliRunner().invoke(command, [str(place / "result"), "--out", str(out), "--json", *more])
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def test_recorded_value_changes_nothing_and_others_what_they_should(place, tmp_path):
    """The limit as recorded gives the recorded alerts; a limit no case reaches loses T01's; all in one table."""
    told = run(
        place,
        tmp_path,
        "--truth",
        str(place / "stream"),
        "--processes",
        "1",
        "--vary",
        "rules.T01.limits.pieces_min=3,1000",
    )
    same, none = told["rows"]
    manifest = read_result(place / "result").manifest
    assert same["alerts"] == manifest.alerts == told["recorded"]["alerts"] > 0
    assert (same["new"], same["gone"], same["against"]) == (0, 0, told["recorded"]["against"])
    assert told["recorded"]["by_typology"]["T01"] > 0
    assert "T01" not in none["by_typology"]
    assert none["gone"] + none["altered"] > 0
    assert same["altered"] == 0
    assert none["alerts"] == same["alerts"] + none["new"] - none["gone"]
    assert told["limits_changed"]["rules.T01.limits.pieces_min"]["effective_from"] == "2019-01-01"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["search.html", "search.json", "search.md"]
    page = (tmp_path / "search.html").read_text("utf-8")
    assert "<svg" in page
    assert "as recorded" in page


@pytest.mark.parametrize(("warm_up", "told"), [(0, False), (10_000, True)])
def test_models_that_had_not_learned_enough_are_told(place, tmp_path, warm_up, told):
    """Where most payments had no rank, the report says that what is varied of the models shows little."""
    recorded = read_result(place / "result").configuration
    detectors = msgspec.structs.replace(recorded.detectors, warm_up=warm_up)
    changed = msgspec.structs.replace(recorded, detectors=detectors)
    replay.replay(
        replay.prepare_result(place / "result", changed), tmp_path / "result", processes=1, force=False, stages=Silent()
    )
    found = run(tmp_path, tmp_path / "out", "--processes", "1", "--vary", "detectors.weights.tails_by_side=2")
    assert (found["cold_share"] > 0.9) == told
    assert ("no calibrated score yet" in (tmp_path / "out" / "search.md").read_text("utf-8")) == told


def with_a_change(home: Path, out: Path, second: Configuration) -> None:
    """The ledger of a result with another configuration in the middle of each partition, replayed."""
    changed = out.with_name("changed")
    changed.mkdir()
    paths = sorted((home / "ledger").glob("*.parquet"))
    with LedgerWriter(changed, len(paths)) as writer:
        for number, path in enumerate(paths):
            records = [one for batch in ledger_files.read_ledger(path) for one in batch]
            first = next(one for one in records if ledger_files.is_configuration(one))
            records.insert(len(records) // 2, ledger_files.replace_configuration(first, second))
            for offset, one in enumerate(records):
                writer.write(number, one._replace(offset=offset))
    replay.replay(replay.prepare_result(changed, None), out, processes=1, force=False, stages=Silent())


def test_each_configuration_of_a_ledger_is_varied_in_its_own_time(place, tmp_path):
    """A limit as recorded changes nothing, though the ceiling is another from the middle of the ledger on."""
    recorded = read_result(place / "result").configuration
    detectors = msgspec.structs.replace(recorded.detectors, exploration=0.0, rank_ceiling=1.0, most_by_chance=1e9)
    with_a_change(place / "result", tmp_path / "result", msgspec.structs.replace(recorded, detectors=detectors))
    told = run(tmp_path, tmp_path / "out", "--processes", "1", "--vary", "rules.T01.limits.pieces_min=3")
    assert told["configurations"] == 2
    assert [(row["new"], row["gone"], row["altered"]) for row in told["rows"]] == [(0, 0, 0)]
    # without a ceiling there are more
    assert told["recorded"]["alerts"] > read_result(place / "result").manifest.alerts > 0
    assert "holds 2 configurations" in (tmp_path / "out" / "search.md").read_text("utf-8")


def test_processes_give_the_same_bytes_and_keep_keeps(place, tmp_path):
    """Two processes give what one gives, byte for byte; --keep leaves each combination's alerts, without truth too."""
    vary = ("--vary", "detectors.daily_budget=1,40", "--vary", "detectors.warm_up=50,100")
    vary += ("--vary", "detectors.rank_ceiling=1", "--vary", "detectors.most_by_chance=1000")
    run(place, tmp_path / "one", "--processes", "1", *vary)
    told = run(place, tmp_path / "two", "--processes", "2", "--keep", *vary)
    for name in ("search.json", "search.md", "search.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    kept = [(tmp_path / "two" / f"{number:03}" / "alerts.jsonl").read_bytes().splitlines() for number in range(4)]
    assert [len(lines) for lines in kept] == [row["alerts"] for row in told["rows"]]
    assert told["rows"][0]["alerts"] < told["rows"][2]["alerts"]
    (tmp_path / "two" / "2026").mkdir()
    pages = {f"{number:03}/{name}": b"" for number in range(2) for name in ("configuration.json", "alerts.jsonl")}
    write_pages(tmp_path / "two", pages)
    # a smaller grid replaces a larger one; what is not the search's stays
    assert sorted(path.name for path in (tmp_path / "two").iterdir() if path.is_dir()) == ["000", "001", "2026"]
    assert told["rows"][0]["against"] is None


def test_too_large_a_grid_and_bad_paths_are_refused(place, tmp_path):
    """More combinations than --most, a path without values, and a mistyped path each end as wrong use."""
    for vary, word in (
        (("detectors.daily_budget=1,2,3",), "too large"),
        (("detectors.daily_budget",), "PATH=VALUE"),
        (("rules.T01.enable=true",), "rules.T01.enabled"),
    ):
        arguments = [str(place / "result"), "--out", str(tmp_path), "--most", "2"]
        done = CliRunner().invoke(command, [*arguments, *(part for one in vary for part in ("--vary", one))])
        assert isinstance(done.exception, UsageError)
        assert word in str(done.exception)
    assert list(tmp_path.iterdir()) == []
