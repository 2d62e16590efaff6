"""Every rule over what residents share on its golden scenarios: what must alert, with which tests met, and what not."""

import re
from collections import Counter

import msgspec
import pytest

from detectors.typologies import NODE_REGISTRY
from streams.alert_text import alert_text
from tests.support import golden_node, golden_scenario
from tests.support.golden_node import FILES
from tests.support.golden_scenario import KINDS
from tests.unit.streams.alert_text.test_korean_pages import latin_words

SCENARIOS = [
    pytest.param(name, number, id=f"{name}-{scenario.kind}-{number}")
    for name in FILES
    for number, scenario in enumerate(golden_node.golden(name).scenario)
]


def test_every_rule_over_nodes_has_a_file():
    """T17 stands in both registries, and so does T01: their files here are of the rule over nodes."""
    assert Counter(map(typology_of, FILES)) == Counter(one.id for one in NODE_REGISTRY)


def typology_of(name):
    """The id of the rule that a file is of."""
    return golden_node.golden(name).typology


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_scenario_is_there_or_said_not_to_exist(name):
    """A rule without its late payment, its return, its change of law is not finished."""
    file = golden_node.golden(name)
    there = {scenario.kind for scenario in file.scenario}
    assert [kind for kind in KINDS if kind not in there and kind not in file.absent] == []
    assert [kind for kind in file.absent if kind in there] == []
    for why in file.absent.values():
        assert why.endswith(".")
        assert len(why.split()) > 4


@pytest.mark.parametrize(("name", "number"), SCENARIOS)
def test_a_scenario_alerts_as_its_file_says(name, number):
    """These alerts and no others of the typology, with their tests, figures and words; each is what it is called."""
    file, alerts = golden_node.golden(name), golden_node.play(name, number).alerts
    assert golden_scenario.told_of(file, number, alerts) == golden_scenario.expected(file, number)
    assert list(golden_scenario.faults_among(file, number, alerts)) == [], file.scenario[number].name


@pytest.mark.parametrize(("name", "number"), SCENARIOS)
def test_a_scenario_leaves_one_state_whatever_was_saved_and_loaded(name, number):
    """The digest is that of the legs alone."""
    whole, paused = golden_node.digest_after_pause(name, number)
    assert whole == paused


@pytest.mark.parametrize("name", FILES)
def test_the_first_firing_scenario_names_its_tests(name):
    """What an alert rests on is part of what is expected of it."""
    firing = [scenario for scenario in golden_node.golden(name).scenario if scenario.kind == "fires"]
    assert firing[0].alerts[0].met


@pytest.mark.parametrize(("name", "number"), SCENARIOS)
def test_a_scenarios_alerts_read_wholly_in_korean_and_wholly_in_english(name, number):
    """Beside codes, tokens and units the Korean page has no Latin word, and the English one no Hangul."""
    names = {str(next(iter(event.values()))) for event in golden_node.golden(name).scenario[number].events}
    for _, alert in golden_node.play(name, number).alerts:
        assert alert.shared
        names |= set(alert.shared.token.split("/"))  # of a group of goods: code, country, unit
        read = alert_text.read_alert(msgspec.json.encode(alert))
        assert [word for word in latin_words(alert_text.plain(read, lang="ko")) if word not in names] == []
        assert re.findall("[가-힣]+", alert_text.plain(read, lang="en")) == []
