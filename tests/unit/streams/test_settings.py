"""Settings: everything that is wrong is told at once, with its place; what passes can be applied by the core."""

from pathlib import Path

import msgspec
import pytest

from streams.errors import ConfigurationError
from streams.settings import load_settings, overlay_configuration

TWO_LIMITS = """
[rules.T01]
limits = [
  { name = "document_line", value = "-5", unit = "USD", effective_from = 2019-01-01, provenance = "L" },
  { name = "band_low", value = "much", unit = "ratio", effective_from = 2019-01-01, provenance = "D" },
]
"""


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine that runs the tests."""
    import os

    for name in [name for name in os.environ if name.startswith("FXWATCH_")]:
        monkeypatch.delenv(name)


def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """A configuration file that FXWATCH_CONFIG names."""
    path = tmp_path / "fxwatch.toml"
    path.write_text(text)
    monkeypatch.setenv("FXWATCH_CONFIG", str(path))
    return path


def problems() -> str:
    """All problems of the settings, one a line."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert caught.value.exit_code == 2
    return "\n".join(caught.value.problems)


def test_file_and_environment_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad values, unknown keys and unknown variables in one go, each with its place."""
    written(tmp_path, monkeypatch, 'run_records = 0\ncolour = "blue"\n[rules.T01]\nlimits = [{ value = "1" }]\n')
    monkeypatch.setenv("FXWATCH_WEB_PORT", "abc")
    monkeypatch.setenv("FXWATCH_NONSENSE", "1")
    told = problems()
    for expected in (
        "fxwatch.toml: run_records",
        "fxwatch.toml: colour: no such setting",
        "environment FXWATCH_WEB_PORT",
        "[rules.T01] limit 1",
        "environment FXWATCH_NONSENSE: no such setting",
    ):
        assert expected in told


def test_evidence_outlives_the_inputs_it_is_checked_against(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else `reconcile` would find inputs whose ledger records are gone. Equal is enough."""
    written(tmp_path, monkeypatch, "raw_retention_days = 10\nevidence_retention_days = 9.5\n")
    assert "evidence_retention_days" in (told := problems())
    assert "must be at least raw_retention_days, which is 10" in told
    written(tmp_path, monkeypatch, "raw_retention_days = 10\nevidence_retention_days = 10\n")
    assert load_settings().evidence_retention_days == 10


def test_a_wrong_type_hides_no_other_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Types, numbers and names of several tables in one message, each field of a table for itself."""
    written(
        tmp_path,
        monkeypatch,
        """
        web_prt = 5
        [rules.T01]
        enabled = "yes"
        [engine]
        rate_stale_hours = 1e300
        lateness_days = -3
        [rates]
        jump = "much"
        most = true
        [desks.night]
        typologies = ["T77"]
        [admission]
        placeholders = 5
        report_numbers = 6
    """,
    )
    told = problems()
    for expected in (
        "web_prt: no such setting; did you mean web_port?",
        "[rules.T01] enabled: Expected `bool`",
        "[engine] rate_stale_hours: got: 1e+300",
        "[engine] lateness_days: got: -3",
        "[rates] jump: ",
        "[rates] most: ",
        "[desks.night] typologies",
        "[admission] placeholders",
        "[admission] report_numbers",
    ):
        assert expected in told
    assert len(told.splitlines()) == 9


def test_a_file_that_is_not_toml_names_line_and_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message with the file and the place in it."""
    path = written(tmp_path, monkeypatch, "[engine\n")
    with pytest.raises(ConfigurationError, match="line 1") as caught:
        load_settings()
    assert str(path) in caught.value.message


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The name stands in the message."""
    monkeypatch.setenv("FXWATCH_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[engine]\ntime_zone = 'Asia/Atlantis'", "[engine] time_zone"),
        ("[engine]\ntime_zone = '../etc'", "[engine] time_zone"),
        ("[engine]\nlateness_days = -1", "[engine] lateness_days"),
        ("[engine]\npartitions = 0", "[engine] partitions"),
        ("[engine]\nrate_stale_hours = nan", "[engine] rate_stale_hours"),
        ("[detectors]\ndaily_budget = -1.0", "[detectors] daily_budget"),
        ("[detectors]\nexploration = 1.5", "[detectors] exploration"),
        ("[detectors.members]\ncrystal_ball = {}", "crystal_ball"),
        ("[detectors.weights]\ncrystal_ball = 1.0", "[detectors.weights] no such member; got: 'crystal_ball'"),
        ("[detectors.weights]\ntails_by_side = -1.0", "[detectors.weights] tails_by_side: got: -1.0"),
        ("[detectors.weights]\ntails_by_side = nan", "[detectors.weights] tails_by_side: got: nan"),
        ("[detectors.weights]\ntails_by_side = 0.0", "no member counts"),
        ("[detectors.members]\nrobust_z = { flor = 1.0 }", "flor"),
        ("[desks.'Bad Desk!']", "Bad Desk!"),
        ("[desks.customs]\ntypologies = ['T77']", "T77"),
        ("[rules.T99]\nlegal_basis = 'none'", "[rules.T99]"),
    ],
)
def test_what_would_stop_the_core_is_found_at_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    """Names, ranges and zones that types cannot check are told before anything stands in the ledger."""
    written(tmp_path, monkeypatch, text)
    assert expected in problems()


def test_every_bad_limit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bad limits of one typology are two problems."""
    written(tmp_path, monkeypatch, TWO_LIMITS)
    told = problems()
    assert "document_line" in told
    assert "band_low" in told


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the documentation says."""
    written(tmp_path, monkeypatch, "run_records = 100\nqueued_runs = 2\n")
    monkeypatch.setenv("FXWATCH_RUN_RECORDS", "200")
    settings = load_settings()
    assert (settings.run_records, settings.queued_runs) == (200, 2)


def test_the_shipped_configuration_is_valid_and_tables_merge() -> None:
    """Defaults pass; a table given overrides only its own keys."""
    configuration = overlay_configuration({"engine": {"lateness_days": 7}})
    assert configuration.engine.lateness_days == 7
    assert configuration.engine.time_zone == overlay_configuration({}).engine.time_zone


def test_a_list_of_members_is_whole_and_a_challenger_is_completed_by_the_champion():
    """What `rules show` prints is read again as it is; a promoted set has no member that is shipped beside its own."""
    tables = {
        "detectors": {"members": {"robust_z": {}}, "weights": {"robust_z": 2.0}, "daily_budget": 7.0},
        "challengers": {"a": {"members": {"loda": {}}}, "b": {"seed": 3, "daily_budget": 9.0}},
    }
    read = overlay_configuration(tables)
    assert read.detectors.members == {"robust_z": {}}
    first, second = read.challenging["a"], read.challenging["b"]
    assert (first.members, first.weight("robust_z"), first.daily_budget) == ({"loda": {}}, 1.0, 7.0)
    assert (second.members, second.weight("robust_z"), second.daily_budget) == ({"robust_z": {}}, 2.0, 9.0)
    whole = msgspec.to_builtins(read)
    assert overlay_configuration(whole) == read
    with pytest.raises(ConfigurationError, match=r"challengers\.a"):
        overlay_configuration({"challengers": {"a": {"warm_up": "soon"}}})
