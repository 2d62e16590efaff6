"""What a partition's state forgets, and when: parties, names, hours and rates."""

import pytest

from detectors.books.party import Party, pack
from detectors.books.restatement import Correction
from detectors.memory import state as state_module
from detectors.memory.state import MOST_SWEPT, PartitionState
from detectors.rates.reference_rates import KEPT_US
from detectors.values.legal_calendar import DAY_US, HOUR_US
from tests.support.ledger import configuration
from tests.unit.detectors.memory.test_state import CLOCK, record

DEFAULT = configuration()


def test_a_party_that_is_forgotten_takes_its_former_names_with_it_and_is_counted():
    """Those that still lead to it; a name that leads to another party stays."""
    state = PartitionState.new(3)
    state.install(configuration(engine={"parties": 1}))
    state.parties["c"] = pack(Party(formers=["a", "b", "x", "never"]))
    state.parties["y"] = pack(Party(last_us=1))
    for former, name in (("a", "b"), ("b", "c"), ("x", "y")):
        state.rename(former, name, 5)
    state.forget_parties("")
    assert (list(state.parties), list(state.renamed)) == (["y"], ["x"])
    state.forget_parties("")
    assert state.counters["parties_forgotten"] == 1


def test_the_share_of_the_party_that_was_touched_last_is_asked_first():
    """Of two that hold more than their parts, although the other one comes first by name."""
    state = PartitionState.new(3)
    state.install(configuration(engine={"parties": 1}))
    for token, owner in (("a", "A"), ("b", "B")):
        state.parties[token] = pack(Party(owner=owner))
    state.forget_parties("B")
    assert list(state.parties) == ["a"]


def test_a_record_forgets_a_few_hundred_parties_at_most():
    """What is left over goes at the next ones."""
    state = PartitionState.new(3)
    state.install(configuration(engine={"parties": 1}))
    for number in range(MOST_SWEPT + 3):
        state.parties[f"p{number}"] = record()
    state.forget_parties("")
    assert list(state.parties) == [f"p{MOST_SWEPT}", f"p{MOST_SWEPT + 1}", f"p{MOST_SWEPT + 2}"]
    state.forget_parties("")
    assert list(state.parties) == [f"p{MOST_SWEPT + 2}"]
    assert state.counters["parties_forgotten"] == MOST_SWEPT + 2


def test_a_party_is_found_under_its_newest_name_however_often_it_was_renamed():
    """The newer name and the time up to which both were in use, the last one renamed last."""
    state = PartitionState.new(3)
    state.rename("a", "b", 0)
    assert state.renamed == {"a": ("b", 0)}
    state.rename("b", "c", 6)
    assert [state.newest_name(name) for name in "abcd"] == ["c", "c", "c", "d"]
    state.watermark_us = 8
    state.rename("a", "c", 7)
    assert list(state.renamed.items()) == [("b", ("c", 6)), ("a", ("c", 8))]


def test_the_clock_moves_forward_only():
    """It is told in seconds, too."""
    state = PartitionState.new(3)
    for at_us, expected in ((-5, -5), (7_000_000, 7_000_000), (6_000_000, 7_000_000)):
        state.advance(at_us)
        assert state.watermark_us == expected
    assert state.watermark == 7.0


@pytest.mark.parametrize("what", ["parties", "names"])
@pytest.mark.parametrize(("idle", "gone", "swept"), [(0, 0, True), (2, 2, True), (3, 3, False), (4, 3, False)])
def test_an_hour_is_swept_when_less_than_a_step_was_idle(monkeypatch, what, idle, gone, swept):
    """Three at a step here. Silent for 435 days to the microsecond is not idle; what stands behind it waits."""
    monkeypatch.setattr(state_module, "MOST_SWEPT", 3)
    state = PartitionState.new(3)
    state.install(DEFAULT)
    edge = CLOCK - (400 + 35) * DAY_US
    times = [edge - 1] * idle + [edge, edge - 1, CLOCK]  # what stands behind one that is not idle was touched later
    for number, at_us in enumerate(times):
        if what == "parties":
            state.parties[f"p{number}"] = record(at_us)
        else:
            state.rename(f"p{number}", "n", at_us)
    state.advance(CLOCK)
    left = state.parties if what == "parties" else state.renamed
    assert list(left) == [f"p{number}" for number in range(gone, len(times))]
    assert state.swept_hour == (CLOCK // HOUR_US if swept else 0)
    state.advance(CLOCK)
    assert state.swept_hour == CLOCK // HOUR_US
    assert len(left) == 3


def test_nothing_is_swept_twice_in_an_hour_or_before_a_configuration():
    """Once an hour of the clock; how long parties are kept is the configuration's to say."""
    state = PartitionState.new(3)
    state.parties["old"] = record()
    state.advance(CLOCK)
    assert (list(state.parties), state.swept_hour) == (["old"], 0)
    state.install(DEFAULT)
    state.swept_hour = CLOCK // HOUR_US
    state.advance(CLOCK)
    assert list(state.parties) == ["old"]


def test_rates_are_kept_for_what_may_yet_come_and_for_corrections_under_way():
    """36 days and what that constant says; two days before the oldest rate that is being corrected, if that is more."""
    state = PartitionState.new(3)
    assert state.rates_horizon_us is None
    state.watermark_us = CLOCK
    assert state.rates_horizon_us == CLOCK - KEPT_US
    state.parties["p"] = record()
    state.correct("EUR/USD", CLOCK, 1)
    assert state.rates_horizon_us == CLOCK - KEPT_US
    state.correct("EUR/USD", CLOCK - KEPT_US, 2)
    assert state.rates_horizon_us == CLOCK - KEPT_US - 2 * DAY_US
    assert state.restatement.corrections == [Correction("EUR/USD", CLOCK, 1), Correction("EUR/USD", CLOCK - KEPT_US, 2)]
