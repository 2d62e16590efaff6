"""On what legal ground a finding stands."""

from types import SimpleNamespace

import pytest

from detectors.alerting.legal_ground import ground_of, passes_line, strongest
from detectors.typologies import all_rules
from detectors.typologies.base import law_test
from detectors.typologies.declared import Words
from tests.support.alert_case import finding

RULE = SimpleNamespace(words=Words(hard_lines=("over",)))


def limit(provenance):
    return SimpleNamespace(provenance=provenance)


def told(name, holds):
    return law_test(name, "Over", "초과", holds=holds)


@pytest.mark.parametrize(
    ("limits", "tests", "reading", "ground"),
    [
        ("L", (told("over", holds=True),), None, "line"),
        ("DL", (told("other", holds=False), told("over", holds=True)), None, "line"),
        ("L", (told("other", holds=True),), None, "law"),
        ("L", (told("over", holds=None), told("other", holds=True)), None, "law"),  # what cannot be told is not met
        ("L", (told("over", holds=False),), None, "sign"),
        ("SD", (told("over", holds=True),), None, "sign"),  # a supervisor's figure is no article
        ("L", (), None, "sign"),
        ("", (told("over", holds=True),), None, "sign"),
        ("L", (told("over", holds=True),), "company", "sign"),  # it holds under one reading of the type alone
    ],
)
def test_a_ground_needs_a_test_that_is_met_and_a_limit_of_the_law(limits, tests, reading, ground):
    """A hard line is one of the tests that the rule declares as such."""
    given = finding(limits=tuple(map(limit, limits)), tests=tests, reading=reading)
    assert ground_of(RULE, given) == ground
    assert passes_line(given) == (ground != "sign" or reading is not None)


def test_the_strongest_of_several_counts():
    assert strongest(["law", "sign", "line", "law"]) == "line"
    assert strongest(["sign", "law"]) == "law"
    assert strongest([]) == "sign"


def test_some_rule_declares_a_hard_line():
    """Else no finding could ever stand on one."""
    assert {rule.id for rule in all_rules() if rule.words.hard_lines} >= {"T02"}
