"""Every registered typology on its golden scenarios: what must alert, with which tests of the law met, and what not."""

import re

import msgspec
import pytest

from detectors.typologies import REGISTRY
from streams.alert_text import alert_text
from streams.alert_text.field_names import FIELDS_KO
from streams.contracts.inputs import INPUTS
from tests.support import golden_scenario
from tests.support.golden_scenario import FOLDER, KINDS, Golden
from tests.unit.streams.alert_text.test_korean_pages import latin_words

IDS = [typology.id for typology in REGISTRY]
PRESENT = [identifier for identifier in IDS if (FOLDER / f"{identifier.lower()}.toml").is_file()]
SCENARIOS = [
    pytest.param(identifier, number, id=f"{identifier}-{scenario.kind}-{number}")
    for identifier in PRESENT
    for number, scenario in enumerate(golden_scenario.golden(identifier).scenario)
]


def file_of(identifier: str) -> Golden:
    return golden_scenario.golden(identifier)


@pytest.mark.parametrize("identifier", IDS)
def test_every_kind_of_scenario_is_there_or_said_not_to_exist(identifier):
    """A rule without its late payment, its return, its change of law is not finished."""
    assert identifier in PRESENT, f"to do: tests/golden/typologies/{identifier.lower()}.toml"
    file = file_of(identifier)
    assert file.typology == identifier
    there = {scenario.kind for scenario in file.scenario}
    assert [kind for kind in KINDS if kind not in there and kind not in file.absent] == []
    assert [kind for kind in file.absent if kind in there] == []
    for why in file.absent.values():
        assert why.endswith(".")
        assert len(why.split()) > 4


def test_every_golden_file_is_of_a_registered_typology():
    """A rule that was taken out takes its scenarios with it."""
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == sorted(name.lower() for name in PRESENT)


@pytest.mark.parametrize(("identifier", "number"), SCENARIOS)
def test_a_scenario_alerts_as_its_file_says(identifier, number):
    """These alerts and no others of the typology, with their tests, figures and words."""
    file = file_of(identifier)
    assert golden_scenario.told(file, number) == golden_scenario.expected(file, number), file.scenario[number].name


@pytest.mark.parametrize(("identifier", "number"), SCENARIOS)
def test_a_scenario_is_of_its_kind(identifier, number):
    """What is called late is late, what is called a change of law has one."""
    file = file_of(identifier)
    assert list(golden_scenario.faults_of_kind(file, number)) == [], file.scenario[number].name


@pytest.mark.parametrize(("identifier", "number"), SCENARIOS)
def test_a_scenario_leaves_one_state_whatever_was_saved_and_loaded(identifier, number):
    """The digest is that of the log alone."""
    whole, paused = golden_scenario.digest_after_pause(file_of(identifier), number)
    assert whole == paused


@pytest.mark.parametrize("identifier", PRESENT)
def test_the_first_firing_scenario_names_its_tests(identifier):
    """What an alert rests on is part of what is expected of it."""
    firing = [scenario for scenario in file_of(identifier).scenario if scenario.kind == "fires"]
    assert firing[0].alerts[0].met


# the topics of the contract by the word that `missing` begins with
TOPICS = {"transactions": "fx.transactions.v1", "declarations": "customs.declarations.v1", "profiles": "fx.profiles.v1"}


@pytest.mark.parametrize(("identifier", "number"), SCENARIOS)
def test_a_field_that_is_missing_is_one_of_the_contract_and_has_a_korean_name(identifier, number):
    """Who reads of it must find it; rates are missing as a whole."""
    for _, alert in golden_scenario.play(identifier, number).alerts:
        for hit in alert.typologies:
            for missing in [test.missing for test in hit.tests if test.missing is not None]:
                topic, _, field = missing.partition(".")
                assert topic == "rates" or topic in TOPICS, missing
                assert not field or field in {one.name for one in msgspec.structs.fields(INPUTS[TOPICS[topic]].type)}
                assert missing in FIELDS_KO, missing


@pytest.mark.parametrize(("identifier", "number"), SCENARIOS)
def test_a_scenarios_alerts_read_wholly_in_korean_and_wholly_in_english(identifier, number):
    """Beside codes, tokens and units the Korean page has no Latin word, and the English one no Hangul."""
    names = {str(next(iter(event.values()))) for event in file_of(identifier).scenario[number].events}
    for _, alert in golden_scenario.play(identifier, number).alerts:
        read = alert_text.read_alert(msgspec.json.encode(alert))
        assert [word for word in latin_words(alert_text.plain(read, lang="ko")) if word not in names] == []
        assert re.findall("[가-힣]+", alert_text.plain(read, lang="en")) == []


@pytest.mark.parametrize("identifier", [one.id for one in REGISTRY if one.words.hard_lines])
def test_a_hard_line_is_a_test_that_its_scenarios_meet(identifier):
    """The testbed leaves alerts on hard lines out of its count: a name of no test would leave out none, unseen."""
    typology = next(one for one in REGISTRY if one.id == identifier)
    file = file_of(identifier)
    met = {name for scenario in file.scenario for alert in scenario.alerts for name in alert.met or ()}
    assert set(typology.words.hard_lines) <= met
