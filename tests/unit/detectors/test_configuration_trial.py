"""No configuration stops a partition: limits have ranges, a new one is tried out, and one in the ledger is passed."""

import copy
import json

import msgspec
import pytest

from detectors import core
from detectors.configuration_faults import configuration_faults, stopping_faults
from detectors.configuration_trial import _events, trial_fault
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange, Origin, Source
from detectors.core import Outputs
from detectors.memory.state import PartitionState
from detectors.typologies import REGISTRY
from streams.contracts.inputs import RULES
from streams.errors import ConfigurationError
from streams.ingest.validate import is_usable
from streams.ledger import envelope as ledger
from streams.rule_packs import default_tables
from streams.settings import overlay_configuration
from tests.support.ledger import Ledger, configuration, later
from tests.support.own_cpu import own_cpu
from tests.support.pipeline import Pipeline

GOOD = configuration()


def with_limit(typology: str, name: str, value: str, **fields: str) -> Configuration:
    """The defaults with another value of every limit of a name."""
    plain = msgspec.to_builtins(GOOD)
    for limit in plain["rules"][typology]["limits"]:
        if limit["name"] == name:
            limit.update({"value": value} | fields)
    return msgspec.convert(plain, Configuration)


def with_part(table: str, **fields) -> Configuration:
    return msgspec.structs.replace(GOOD, **{table: msgspec.structs.replace(getattr(GOOD, table), **fields)})


STOPPING = {
    "annual_cap 0": with_limit("T02", "annual_cap", "0"),
    "document_line 0": with_limit("T01", "document_line", "0"),
    "sum_multiple 0": with_limit("T01", "sum_multiple", "0"),
    "deviation_min 0": with_limit("T16", "deviation_min", "0"),
    "1e400": with_limit("T02", "annual_cap", "1e400"),
    "1E+999998": with_limit("T01", "document_line", "1E+999998"),
    "a megabyte of digits": with_limit("T01", "document_line", "9" * 1_000_000),
    "NaN": with_limit("T01", "document_line", "NaN"),
    "half a piece": with_limit("T01", "pieces_min", "2.5"),
    "a flag of 7": with_limit("T01", "report_before_cap", "7"),
    "rate_stale_hours 1e300": with_part("engine", rate_stale_hours=1e300),
    "rate_stale_hours NaN": with_part("engine", rate_stale_hours=float("nan")),
    "daily_budget NaN": with_part("detectors", daily_budget=float("nan")),
    "calibration_window 1e12": with_part("detectors", calibration_window=10**12),
    "seed beyond 64 bits": with_part("detectors", seed=2**63),
    "100 million trees": with_part("detectors", members={"half_space_trees": {"trees": 1e8}}),
    "1 000 trees of height 12": with_part("detectors", members={"half_space_trees": {"trees": 1e3, "height": 12.0}}),
}


@pytest.mark.parametrize("name", STOPPING)
def test_what_would_stop_a_partition_is_refused_everywhere(name):
    """By the door, by `rules apply`'s check, and by the core; in milliseconds; and the message is short."""
    refused = STOPPING[name]
    with own_cpu() as spent:
        found = stopping_faults(refused)
    assert found
    assert spent.seconds < 0.1
    assert all(len(fault) < 300 for fault in found)
    assert configuration_faults(refused)
    assert not is_usable(msgspec.to_builtins(refused))


@pytest.mark.parametrize("name", STOPPING)
def test_a_ledger_with_such_a_configuration_goes_on_under_the_former_one(name):
    """The record stands in the ledger of an earlier release: it is passed, and all payments after it are applied."""
    state = Ledger()
    before = state.state.configuration
    outputs = state.put(ConfigurationChange(configuration=STOPPING[name]), state.origin(RULES))
    assert (outputs.outcome, len(outputs.faults) > 0) == ("refused", True)
    assert state.state.configuration == before
    found: tuple[Outputs, ...] = tuple(state.pay(f"e{n}", later(hours=n)) for n in range(4))
    assert {one.outcome for one in found} == {"applied"}
    assert [hit.id for one in found for alert in one.alerts for hit in alert.typologies] == ["T01"]
    assert state.state.counters["refused"] == 1


def test_a_ledger_that_begins_with_such_a_configuration_goes_on_under_the_defaults():
    """Planted by `topics apply` of an earlier release: the shipped limits apply, with the cluster's partitions."""
    planted = with_limit("T02", "annual_cap", "0")
    planted = msgspec.structs.replace(planted, engine=msgspec.structs.replace(planted.engine, partitions=3))
    pipeline = Pipeline()
    record = ledger.first_configuration(ConfigurationChange(configuration=planted))
    state = pipeline.core.new(0)
    pipeline.state, pipeline.log = state, []
    pipeline._append(0, *record)
    assert state.configuration.rules == GOOD.rules
    assert state.configuration.engine.partitions == 3
    with pytest.raises(ValueError, match="begins with a configuration that cannot be used"):
        core.apply(PartitionState.new(0), ConfigurationChange(configuration=planted), Ledger().log[0][1])


def test_one_partition_tells_the_letter_of_a_refused_configuration():
    """It stands in all partitions; partition 0 alone gives the notice, by which ingest writes one letter."""
    for number in (0, 3):
        state = Ledger()
        state.state.partition = number
        outputs = state.put(ConfigurationChange(configuration=STOPPING["1e400"]), state.origin(RULES))
        assert (outputs.notice is not None) == (number == 0)
        assert number or outputs.notice.code == "configuration.refused"


def test_a_good_change_is_put_in_force():
    """Beside the attack: another document line applies from its record on."""
    state = Ledger()
    state.put(ConfigurationChange(configuration=with_limit("T01", "document_line", "3000")), state.origin(RULES))
    assert state.state.counters["refused"] == 0
    assert state.state.effective.rulebook.limit("T01", "document_line", later().date()).cents == 3000_00


def test_the_trial_reaches_every_typology_and_statistical_alerts():
    """A trial in which nothing fires would pass every fault of firing."""
    state, fired = PartitionState.new(0), set()
    # as the trial has them
    detectors = msgspec.structs.replace(GOOD.detectors, warm_up=0, rank_ceiling=1.0, most_by_chance=1e9)
    state.install(msgspec.structs.replace(GOOD, detectors=detectors))
    for _, event in _events(GOOD):
        origin = state_origin(state)
        for alert in core.apply(state, event, origin).alerts:
            fired |= {hit.id for hit in alert.typologies} or {"anomaly"}
    assert fired == {typology.id for typology in REGISTRY} | {"anomaly"}, (
        "to do: let the `trial` of each rule that is missing make payments that fire it under the default limits"
    )


def state_origin(state):
    return Origin(offset=state.next, source=Source("t", 0, state.next), commitment="0" * 64, timestamp_ms=10**13)


def test_the_trial_finds_what_no_range_says(monkeypatch):
    """Any exception while applying is a fault with its place; the answer is kept by the whole hash."""
    monkeypatch.setattr("detectors.typologies.t02_annual_cap.HALVING_EXCESS", 0.0)
    changed = with_limit("T02", "annual_cap", "77777")
    fault = trial_fault(changed)
    assert fault is not None
    assert "ZeroDivisionError" in fault
    assert stopping_faults(changed) == [fault]
    monkeypatch.undo()
    assert trial_fault(changed) == fault
    assert trial_fault(with_limit("T02", "annual_cap", "77778")) is None


def test_a_trial_costs_little_and_once():
    """The door asks for every rules record: a new configuration takes 0.2 s of CPU, one known 1 ms."""
    changed = with_limit("T02", "annual_cap", "54321")
    with own_cpu() as first:
        assert stopping_faults(changed) == []
    with own_cpu() as again:
        assert stopping_faults(changed) == []
    assert first.seconds < 0.6
    assert again.seconds < 0.02


def test_a_limit_for_every_day_costs_no_more():
    """480 dates, of which thirteen are tried: 0.25 s of CPU."""
    tables = copy.deepcopy(default_tables())
    line = next(one for one in tables["rules"]["T01"]["limits"] if one["name"] == "document_line")
    days = [line | {"effective_from": f"{1990 + number // 12}-{number % 12 + 1:02d}-01"} for number in range(480)]
    others = [one for one in tables["rules"]["T01"]["limits"] if one["name"] != "document_line"]
    with own_cpu() as spent:
        overlay_configuration({"rules": {"T01": {"limits": [*others, *days]}}})
    assert spent.seconds < 0.75


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "documnt_line"}, "no such limit"),
        ({"unit": "KRW"}, "expected: USD"),
    ],
)
def test_misspelt_limits_and_units_are_told(change, said):
    """A typology with a misspelt limit would be silent for ever."""
    tables = copy.deepcopy(default_tables()["rules"]["T01"])
    tables["limits"][0] |= change
    with pytest.raises(ConfigurationError) as told:
        overlay_configuration({"rules": {"T01": tables}})
    assert any(said in problem for problem in told.value.problems)


def test_a_missing_limit_is_told_unless_the_typology_is_off():
    """Without its cap T02 says nothing; who wants that says so."""
    for enabled, faults in ((True, 1), (False, 0)):
        plain = msgspec.to_builtins(GOOD)
        rules = plain["rules"]["T02"]
        rules["limits"] = [one for one in rules["limits"] if one["name"] != "annual_cap"]
        rules["enabled"] = enabled
        assert len(configuration_faults(msgspec.convert(plain, Configuration))) == faults


def test_the_optional_limits_may_be_missing():
    """What an earlier release's file did not have is no fault."""
    plain = json.loads(msgspec.json.encode(GOOD))
    for typology, name in (("T16", "spread_cap"), ("T02", "small_remitter_cap")):
        rules = plain["rules"][typology]
        rules["limits"] = [one for one in rules["limits"] if one["name"] != name]
    assert configuration_faults(msgspec.convert(plain, Configuration)) == []


@pytest.mark.parametrize("typology", [typology.id for typology in REGISTRY])
def test_every_default_limit_is_declared_with_its_unit(typology):
    """The shipped limits and the declared kinds name each other."""
    kinds = next(one.limits for one in REGISTRY if one.id == typology)
    assert {(one.name, one.unit) for one in GOOD.rules[typology].limits} == {(k, v.unit) for k, v in kinds.items()}


@pytest.mark.parametrize("parameters", [{"trees": 512.0, "height": 6.0}, {"trees": 8.0, "height": 12.0}])
def test_the_largest_trees_are_tried_within_bounds(parameters):
    """The largest that are accepted, 32 768 leaves: 1.8 s for the trial, and a payment; one tree more is refused."""
    accepted = with_part("detectors", members={"half_space_trees": parameters})
    with own_cpu() as spent:
        assert configuration_faults(accepted) == []
    assert spent.seconds < 5.4
    (fault,) = configuration_faults(
        with_part("detectors", members={"half_space_trees": parameters | {"trees": parameters["trees"] + 1}})
    )
    assert "at most 32768" in fault
    ledger = Ledger(accepted)
    for number in range(3):
        with own_cpu() as spent:
            ledger.pay(f"e{number}", later(hours=number))
    assert spent.seconds < 0.05


@pytest.mark.parametrize("name", ["localtime", "posixrules", "right/Asia/Seoul", "posix/Asia/Seoul", "Factory"])
def test_a_zone_that_is_one_machines_is_refused_at_the_door(name):
    """Another machine would have other legal days. An old ledger that has one goes on: it stops no partition."""
    assert any("time_zone" in fault for fault in configuration_faults(with_part("engine", time_zone=name)))
    assert configuration_faults(with_part("engine", time_zone="Asia/Seoul")) == []
    assert configuration_faults(with_part("engine", time_zone="UTC")) == []
