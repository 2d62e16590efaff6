"""The cards of docs/cards are what the registry, the shipped limits and the golden scenarios say today."""

import pytest

from detectors.typologies import all_rules
from tests.support.typology_cards import CARDS, make_cards, read_figures, scenarios_of

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
