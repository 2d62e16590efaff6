"""docs/TYPOLOGIES.md, docs/LAW.md and README say of typologies and their limits what registry and configuration do."""

import re
import tomllib
from pathlib import Path

import pytest

from detectors.typologies import all_rules
from streams.generator.scenarios.registry import SCENARIOS
from streams.settings import overlay_configuration
from tests.support import typology_tables

ROOT = Path(__file__).parents[2]
TYPOLOGIES = (ROOT / "docs" / "TYPOLOGIES.md").read_text("utf-8")
LAW = (ROOT / "docs" / "LAW.md").read_text("utf-8")
RULES = tomllib.loads((ROOT / "detectors" / "packs" / "kr.toml").read_text("utf-8"))["rules"]
ALL = [f"T{number:02}" for number in range(1, 19)]
WITH_RULES = {typology.id: typology.name_en for typology in all_rules()}
LEGAL = [
    (typology, limit) for typology, rules in RULES.items() for limit in rules["limits"] if limit["provenance"] == "L"
]


def section(page, title):
    """The text below a heading that begins so, up to the next one of its level."""
    assert f"\n## {title}" in page, f"to do: write a section `## {title}...`"
    return page.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


def rows(text):
    """The cells of each row about a typology."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| T"]


def test_all_eighteen_are_listed_and_those_with_rules_are_the_registrys():
    """Each typology once, in order, by its name; `yes` exactly where a rule looks for it."""
    table = rows(section(TYPOLOGIES, "The eighteen"))
    assert [row[0] for row in table] == ALL, (
        "to do: a row each in docs/TYPOLOGIES.md; a new number is added to ALL here"
    )
    assert {row[0]: row[1] for row in table if row[2] == "yes"} == WITH_RULES, "to do: `yes` in docs/TYPOLOGIES.md"
    assert {row[2] for row in table} <= {"yes", "no"}


def test_the_rest_is_said_not_to_be_built():
    """What would make the others fire stands in the table of plans, and nothing that is built stands there."""
    lacking, title = [each for each in ALL if each not in WITH_RULES], "Those without rules"
    assert (f"\n## {title}" in TYPOLOGIES) == bool(lacking)
    if lacking:
        assert [row[0] for row in rows(section(TYPOLOGIES, title))] == lacking
    assert {scenario.typology for scenario in SCENARIOS} == set(ALL), (
        "the testbed plants all eighteen, as the page says"
    )


def test_the_tables_of_what_rules_declare_are_written_from_the_registry():
    """`python -m tests.support.typology_tables` writes them."""
    assert typology_tables.written(TYPOLOGIES, all_rules()) == TYPOLOGIES, (
        "to do: python -m tests.support.typology_tables"
    )


@pytest.mark.parametrize("typology", sorted(WITH_RULES))
def test_each_limit_of_a_rule_is_named_with_its_newest_value(typology):
    """Both ways: every limit of the configuration, and none that it has not."""
    text = section(TYPOLOGIES, f"{typology}: ")
    newest = {limit["name"]: limit["value"] for limit in RULES[typology]["limits"]}
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))
    assert named == newest.keys()
    limits = text.split("**Limits.**")[1].split("**What the investigator sees.**")[0].replace("\u00a0", " ")
    for name, value in newest.items():
        told = limits.split(f"`{name}`", 1)[1].split("`", 1)[0] + " "
        spelled = f"{int(value):,}".replace(",", " ") if value.isdigit() else value
        assert re.search(rf"(?<![\d.]){re.escape(spelled)}(?![\d.]\d)", told), name


def test_each_legal_limit_has_a_row_in_the_law_map():
    """By name, value, unit and date; what the configuration calls verified was read."""
    table = {tuple(row[:3]): row for row in rows(section(LAW, "Limits in the configuration"))}
    wanted = {
        (f"{typology} `{limit['name']}`", f"{limit['value']} {limit['unit']}", str(limit["effective_from"])): limit
        for typology, limit in LEGAL
    }
    assert table.keys() == wanted.keys()
    for key, limit in wanted.items():
        checked = table[key][4]
        assert checked.startswith(("read", "not read")), key
        assert not limit["verified"] or checked.startswith("read"), key


def test_a_verified_limit_names_article_notice_and_day():
    """The day in its source is the one from which it is in force."""
    for typology, limit in LEGAL:
        if limit["verified"] and typology in {"T01", "T02"}:
            told = re.search(r"Regulation [0-9-]+.*, notice [0-9-]+, in force ([0-9-]+)", limit["source"])
            assert told, (typology, limit["name"])
            assert told[1] == str(limit["effective_from"]), (typology, limit["name"])


def test_each_typology_leads_to_an_article():
    """No typology without a row; who finds none says so in it."""
    assert list(dict.fromkeys(row[0] for row in rows(section(LAW, "From typology to article")))) == ALL, (
        "to do: a row each in docs/LAW.md"
    )


ARTICLES = {
    "act_5_2": "Act 5(2)",
    "act_8": "Act 8",
    "act_15": "Act 15",
    "act_16": "Act 16",
    "act_17": "Act 17",
    "act_18": "Act 18",
    "customs_270": "Customs Act 270",
    "customs_270_2": "Customs Act 270-2",
}


def test_the_law_map_names_the_articles_of_each_rules_exposure():
    """In the order of the registry."""
    told = [row for row in rows(section(LAW, "Exposure in an alert")) if re.fullmatch(r"T\d\d", row[0])]
    assert told == [
        [rule.id, ", ".join(ARTICLES[one.article] for one in rule.sanctions) or "none"] for rule in all_rules()
    ]


def test_the_law_map_names_what_each_desk_gets_by_typology():
    """Of the shipped configuration; `finding` and `anomaly` are said in words there."""
    table = [line for line in section(LAW, "Who inspects whom").splitlines() if line[:3] == "| `"]
    for name, desk in overlay_configuration({}).desks.items():
        told = "".join(line for line in table if f"`{name}`" in line)
        assert set(re.findall(r"T\d\d", told)) == set(desk.typologies) - {"finding", "anomaly"}, name
    assert {re.findall("`(.+?)`", line)[0] for line in table} == set(overlay_configuration({}).desks)
