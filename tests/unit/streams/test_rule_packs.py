"""What is shipped, and how another country's pack takes the place of ours."""

from pathlib import Path

import pytest

from streams.errors import ConfigurationError
from streams.rule_packs import choose_pack, default_tables, merge_tables
from streams.settings import load_settings, overlay_configuration, read_configuration

OURS = """
[pack]
country = "XX"
version = "1"
languages = ["en"]

[engine]
time_zone = "Europe/Zurich"

[rules.T02]
legal_basis = "Ordinance 7"
limits = [
  { name = "annual_cap", value = "7000", unit = "USD", effective_from = 2020-01-01, provenance = "L", verified = true },
  { name = "growth_ratio", value = "2", unit = "ratio", effective_from = 2020-01-01, provenance = "D" },
]

[legend.purposes]

[desks.bank]
typologies = ["T02"]
"""


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    for name in ("FXWATCH_CONFIG", "FXWATCH_RULE_PACK"):
        monkeypatch.delenv(name, raising=False)


def test_the_shipped_pack_is_korea_with_its_calendar_and_the_text_it_was_read_in():
    found = overlay_configuration({})
    assert (found.pack.country, found.pack.languages, found.engine.time_zone) == ("KR", ("ko", "en"), "Asia/Seoul")
    assert "notice 2026-69" in found.pack.text


def test_a_pack_of_ones_own_takes_the_place_of_ours_whole(tmp_path: Path):
    """No limit of the Korean law is left in it, and what is no law stays as shipped."""
    path = tmp_path / "xx.toml"
    path.write_text(OURS)
    found = overlay_configuration({}, str(path))
    assert (set(found.rules), set(found.desks), found.legend.purposes) == ({"T02"}, {"bank"}, {})
    assert (found.pack.country, found.engine.time_zone) == ("XX", "Europe/Zurich")
    assert not found.sanctions
    assert found.detectors == overlay_configuration({}).detectors
    assert found.engine.partitions == 12


def test_it_is_chosen_by_the_environment_before_the_file(tmp_path: Path, monkeypatch):
    path, settings = tmp_path / "xx.toml", tmp_path / "settings.toml"
    path.write_text(OURS)
    settings.write_text(f'rule_pack = "{path}"\n[detectors]\ndaily_budget = 5.0\n')
    monkeypatch.setenv("FXWATCH_CONFIG", str(settings))
    assert load_settings().effective.pack.country == "XX"
    assert load_settings().effective.detectors.daily_budget == 5.0
    assert read_configuration(settings).pack.country == "XX"
    monkeypatch.setenv("FXWATCH_RULE_PACK", "kr")
    assert load_settings().effective.pack.country == "KR"
    assert choose_pack({"rule_pack": "yy"}) == "kr"


def test_a_pack_that_is_none_is_told_with_all_its_faults(tmp_path: Path, monkeypatch):
    with pytest.raises(ConfigurationError) as told:
        default_tables("xx")
    assert told.value.problems == ["rule_pack: got: 'xx'; expected: kr, or a file whose name ends in .toml"]
    path = tmp_path / "xx.toml"
    path.write_text("[detectors]\nwarm_up = 1\n[rulez]\n")
    with pytest.raises(ConfigurationError) as told:
        default_tables(str(path))
    assert [each.split("]")[0] for each in told.value.problems] == ["[detectors", "[rulez"]
    with pytest.raises(ConfigurationError, match="cannot read the configuration file: No such file or directory"):
        default_tables(str(tmp_path / "nowhere.toml"))
    monkeypatch.setenv("FXWATCH_RULE_PACK", "xx")
    with pytest.raises(ConfigurationError) as told:
        load_settings()
    assert any("rule_pack: got: 'xx'" in each for each in told.value.problems)


def test_lists_and_values_replace_and_tables_are_laid_over_each_other():
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert merge_tables(base, {"a": {"c": [3]}, "d": {"e": 2}}) == {"a": {"b": 1, "c": [3]}, "d": {"e": 2}}
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": 1}


def test_who_changes_the_shipped_tables_changes_his_own_alone():
    """They are read once a process, and each caller may lay his own over them."""
    first, again = default_tables(), default_tables()
    assert first == again
    first["rules"]["T01"]["limits"].clear()
    first["detectors"]["seed"] = -5
    assert default_tables() == again
