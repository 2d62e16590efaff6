"""What rules over nodes declare: limits, words in both languages, next steps, as any other rule does."""

from types import SimpleNamespace

import pytest

from detectors.books.wanted import Wanted
from detectors.typologies import NODE_REGISTRY, REGISTRY, all_rules, node_rules
from detectors.typologies.declared import faults
from streams.alert_text import korean
from streams.rule_packs import default_tables


def declared(rule):
    """A rule over nodes as the faults of declarations ask it: it keeps nothing of a party and sets no due dates."""
    names = ("id", "name_en", "name_ko", "limits", "words", "next_steps", "sanctions")
    return SimpleNamespace(wants=Wanted(), due_dates=(), **{name: getattr(rule, name) for name in names})


def test_nothing_is_wrong_with_what_they_declare():
    """A name of one kind has one word in Korean over all rules."""
    found = faults([*REGISTRY, *map(declared, NODE_REGISTRY)])
    twice = tuple(f"{one.id}: registered 2 times" for one in REGISTRY if one.id in IDS)  # in both registries
    assert [fault for fault in found if fault[:3] in IDS and not fault.startswith(twice)] == []


IDS = {rule.id for rule in NODE_REGISTRY}


@pytest.mark.parametrize("rule", NODE_REGISTRY, ids=lambda rule: rule.id)
def test_its_limits_are_those_of_the_shipped_configuration_and_have_korean_names(rule):
    """And its legal basis too."""
    given = default_tables()["rules"][rule.id]
    names = {name for one in all_rules() if one.id == rule.id for name in one.limits}
    assert {limit["name"] for limit in given["limits"]} == names
    assert korean.legal_basis(given["legal_basis"]) != given["legal_basis"]
    for name in (*rule.limits, *rule.words.measured):
        assert korean.name(name) != name.replace("_", " "), name


def test_each_kind_of_node_has_its_rules():
    """In the registry's order."""
    assert [rule.id for rule in node_rules("account")] == ["T01", "T03", "T04"]
    assert [rule.id for rule in node_rules("device")] == ["T01", "T03", "T17"]
    assert [rule.id for rule in node_rules("goods")] == ["T09"]


def test_pages_list_the_rules_of_both_registries_by_id():
    """Each id once."""
    ids = [rule.id for rule in all_rules()]
    assert ids == sorted({*(rule.id for rule in REGISTRY), *IDS})
