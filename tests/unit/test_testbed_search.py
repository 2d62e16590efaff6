"""History search: the grid, what can be varied, and what comes of it on a recorded ledger."""

import json
from datetime import date
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from detectors.configuration import Configuration
from detectors.testbed import grid
from detectors.testbed.grid import Dimension, PathError
from streams.cli.testbed.search import _write as write_pages
from streams.cli.testbed.search import command
from streams.errors import UsageError
from streams.settings import effective_configuration
from streams.testbed import ledger_files, replay
from streams.testbed.ledger_files import LedgerWriter
from streams.testbed.prepared import Silent
from streams.testbed.result_files import read_result
from tests.support.small_result import replayed, simulate

CONFIGURATION = effective_configuration({})
DAY = date(2026, 4, 20)


def varied(path: str, *values: str) -> list[grid.Combination]:
    """The combinations of one dimension over the defaults."""
    return grid.combinations(CONFIGURATION, [Dimension(path, values)], DAY)


def limits(configuration, typology: str, name: str) -> list[tuple[date, str]]:
    """A limit's dated values."""
    return [(one.effective_from, one.value) for one in configuration.rules[typology].limits if one.name == name]


def test_only_the_entry_in_force_is_changed():
    """Of a limit with several dates the one in force on the first day changes; others stay another day's law."""
    path = "rules.T02.limits.annual_cap"
    (in_2026,) = varied(path, "70000")
    assert [value for _, value in limits(in_2026.configuration, "T02", "annual_cap")] == ["50000", "100000", "70000"]
    (in_2024,) = grid.combinations(CONFIGURATION, [Dimension(path, ("70000",))], date(2024, 5, 1))
    assert [value for _, value in limits(in_2024.configuration, "T02", "annual_cap")] == ["50000", "70000", "100000"]
    assert str(grid.entry_changed(CONFIGURATION, path, date(2024, 5, 1)).effective_from) == "2023-07-04"
    assert path not in grid.paths(CONFIGURATION, date(1999, 1, 1))


def test_grid_is_every_combination_in_order():
    """Two paths of two and three values give six configurations, the last varying fastest; nothing else moves."""
    found = grid.combinations(
        CONFIGURATION,
        [Dimension("detectors.daily_budget", ("10", "50")), Dimension("rules.T01.limits.pieces_min", ("3", "4", "5"))],
        DAY,
    )
    assert [tuple(one.values.values()) for one in found] == [
        ("10", "3"), ("10", "4"), ("10", "5"), ("50", "3"), ("50", "4"), ("50", "5")]  # fmt: skip
    last = found[-1].configuration
    assert last.detectors.daily_budget == 50.0
    assert limits(last, "T01", "pieces_min") == [(date(2019, 1, 1), "5")]
    assert (last.legend, last.desks, last.engine) == (CONFIGURATION.legend, CONFIGURATION.desks, CONFIGURATION.engine)


@pytest.mark.parametrize("path", grid.paths(CONFIGURATION, DAY))
def test_every_path_listed_can_be_varied(path):
    """Each path that is listed takes a value and changes the configuration, and no other path's value."""
    value = {
        "enabled": "false",
        "members": "robust_z",
        "exploration": "0.5",
        "band_low": "0.5",
        "line_applies_after_cap": "0",
        "report_before_cap": "0",
        "height": "9",
    }.get(path.rpartition(".")[2], "11")
    (found,) = varied(path, value)
    assert found.configuration != CONFIGURATION


def test_members_can_be_left_out_before_their_parameters_change():
    """Members in or out and a member's parameter go together, whichever is named first."""
    dimensions = [
        Dimension("detectors.members.windowed_tails.window", ("500",)),
        Dimension("detectors.members", ("robust_z+windowed_tails",)),
    ]
    (found,) = grid.combinations(CONFIGURATION, dimensions, DAY)
    assert found.configuration.detectors.members == {"robust_z": {}, "windowed_tails": {"window": 500.0}}


def test_weights_are_varied_member_by_member():
    """A weight joins those that are there, and goes with a member that is left out."""
    first, second = grid.combinations(CONFIGURATION, [Dimension("detectors.weights.robust_z", ("0", "2.5"))], DAY)
    assert (first.configuration.detectors.weights, second.configuration.detectors.weights) == (
        {"robust_z": 0.0}, {"robust_z": 2.5})  # fmt: skip
    both = {"detectors.weights.windowed_tails": "3", "detectors.members": "windowed_tails"}
    assert grid.combination(second.configuration, both, DAY).configuration.detectors.weights == {"windowed_tails": 3.0}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("rules.T01.limits.pieces_min", "many", "not a number"),
        ("rules.T01.enabled", "perhaps", "true or false"),
        ("detectors.daily_budget", "plenty", "daily_budget"),
        ("detectors.daily_budget", "nan", "not finite"),
        ("detectors.exploration", "2", "0 to 1"),
        ("detectors.members", "robust_z+crystal_ball", "joined by +"),
        ("detectors.members.half_space_trees.trees", "0", "trees"),
        ("detectors.members.half_space_trees.trees", "few", "expected a number"),
        ("detectors.weights.robust_z", "-1", "0.001 to 1000"),
        ("detectors.weights.robust_z", "1e-9", "0.001 to 1000"),
        ("detectors.weights.robust_z", "true", "got 'true', expected a number"),
        ("engine.lateness_days", "900", "0 to 365"),
    ],
)
def test_values_that_cannot_be_are_refused(path, value, told):
    """A value of another form, or that the core could not apply, is refused with the path."""
    with pytest.raises(PathError) as refused:
        varied(path, value)
    assert told in str(refused.value)


def test_mistyped_path_names_the_near_ones():
    """A path that names nothing is refused, and the ones that look like it are listed."""
    with pytest.raises(PathError) as refused:
        varied("rules.T01.limits.piece_min", "3")
    assert refused.value.near[0] == "rules.T01.limits.pieces_min"
    with pytest.raises(PathError) as weight:
        varied("detectors.members.robust_z.weight", "2")
    assert "nothing that can be varied" in str(weight.value)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a stream and its replay."""
    home = tmp_path_factory.mktemp("search")
    simulate(home / "stream", 3000, 100)
    replayed(home / "stream", home / "result")
    return home


def run(place: Path, out: Path, *more: str) -> dict:
    """`testbed search` on the replay, and what it printed."""
    done = CliRunner().invoke(command, [str(place / "result"), "--out", str(out), "--json", *more])
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def test_recorded_value_changes_nothing_and_others_what_they_should(place, tmp_path):
    """The limit as recorded gives the recorded alerts; a limit no case reaches loses T01's; all in one table."""
    told = run(place, tmp_path, "--truth", str(place / "stream"), "--processes", "1",
               "--vary", "rules.T01.limits.pieces_min=3,1000")  # fmt: skip
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
    replay.replay(replay.of_result(place / "result", changed), tmp_path / "result", processes=1, force=False,
                  stages=Silent())  # fmt: skip
    found = run(tmp_path, tmp_path / "out", "--processes", "1", "--vary", "detectors.weights.robust_z=2")
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
            records.insert(len(records) // 2, ledger_files.replaced(first, second))
            for offset, one in enumerate(records):
                writer.write(number, one._replace(offset=offset))
    replay.replay(replay.of_result(changed, None), out, processes=1, force=False, stages=Silent())


def test_each_configuration_of_a_ledger_is_varied_in_its_own_time(place, tmp_path):
    """A limit as recorded changes nothing, though the budget was another before the middle of the ledger."""
    recorded = read_result(place / "result").configuration
    detectors = msgspec.structs.replace(recorded.detectors, daily_budget=1.0, exploration=0.0)
    with_a_change(place / "result", tmp_path / "result", msgspec.structs.replace(recorded, detectors=detectors))
    told = run(tmp_path, tmp_path / "out", "--processes", "1", "--vary", "rules.T01.limits.pieces_min=3")
    assert told["configurations"] == 2
    assert [(row["new"], row["gone"], row["altered"]) for row in told["rows"]] == [(0, 0, 0)]
    assert 0 < told["recorded"]["alerts"] < read_result(place / "result").manifest.alerts
    assert "holds 2 configurations" in (tmp_path / "out" / "search.md").read_text("utf-8")


def test_processes_give_the_same_bytes_and_keep_keeps(place, tmp_path):
    """Two processes give what one gives, byte for byte; --keep leaves each combination's alerts, without truth too."""
    vary = ("--vary", "detectors.daily_budget=1,40", "--vary", "detectors.warm_up=50,100")
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
    for vary, word in ((("detectors.daily_budget=1,2,3",), "too large"), (("detectors.daily_budget",), "PATH=VALUE"),
                       (("rules.T1.enabled=true",), "rules.T01.enabled")):  # fmt: skip
        arguments = [str(place / "result"), "--out", str(tmp_path), "--most", "2"]
        done = CliRunner().invoke(command, [*arguments, *(part for one in vary for part in ("--vary", one))])
        assert isinstance(done.exception, UsageError)
        assert word in str(done.exception)
    assert list(tmp_path.iterdir()) == []
