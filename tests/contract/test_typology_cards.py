"""The cards of docs/cards are what the registry, the shipped limits and the golden scenarios say today."""

import msgspec
import pytest

from detectors.testbed.judgement import Settings, judge
from detectors.testbed.sheet import Texts
from detectors.typologies import all_rules
from tests.support.synthetic_result import two_cases
from tests.support.typology_cards import BUDGET, CARDS, make_cards, read_figures, scenarios_of, take_figures

MADE = make_cards(read_figures())


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_card_is_as_the_registry_has_it(name):
    assert (CARDS / name).read_text() == MADE[name], "to do: python -m tests.support.typology_cards"


def test_every_rule_has_a_card_and_no_card_is_of_none():
    assert {path.name for path in CARDS.glob("*.md")} == {f"{one.id}.md" for one in all_rules()} | {"README.md"}


@pytest.mark.parametrize("name", sorted(MADE.keys() - {"README.md"}))
def test_a_card_tells_both_languages_its_look_alikes_and_what_is_missing(name):
    text = MADE[name]
    titles = ["## What an investigator does next"]
    if scenarios_of(name.removesuffix(".md")):
        titles += ["## Where a field is missing", "## Known look-alikes"]
    for title in titles:
        begin = text.index(title)
        section = text[begin : text.index("\n## ", begin + 1)]
        assert "\n* " in section or "\n1. " in section, f"{title} says nothing"
    assert any("\uac00" <= each <= "\ud7a3" for each in text)


def test_figures_are_those_of_all_reports_together():
    """Two streams of two cases each, all found by an alert of the models and none by its rule."""
    laid = two_cases()
    raised = Texts.of("alert" if row in {0, 3} else None for row in range(len(laid.sheet)))
    laid = msgspec.structs.replace(laid, sheet=msgspec.structs.replace(laid.sheet, alert_id=raised))
    judgement = judge(laid, (), Settings(budgets=(BUDGET,), resamples=20, lots=0)).judgement
    report = {"judgement": msgspec.to_builtins(judgement), "result": {"versions": {"rules": "r1"}}}
    figures = take_figures([report, report])
    assert (figures["streams"], figures["transactions"], figures["rules"]) == (2, 16, "r1")
    found = {"cases": 2, "found": 2, "named": 0}
    assert figures["typologies"] == {
        "T01": found | {"variants": {"template": found}},
        "T02": found | {"variants": {"slow": found}},
    }
    page = make_cards(figures)["T01" + ".md"]
    assert "| template | 0 of 2 | 2 of 2 |" in page
    assert "| all | not measured | not measured |" in make_cards(figures)["T05" + ".md"]
