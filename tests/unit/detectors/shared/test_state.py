"""The shared agent's state: saved and loaded it goes on as it was, and what is no such state is refused."""

import pytest

from detectors.contracts.alert import Alert
from detectors.memory.state import PartitionState
from detectors.shared.core import apply
from detectors.shared.state import SharedState
from tests.support.ledger import START, Ledger, later
from tests.support.leg_log import LegLog


def short_log() -> LegLog:
    """Rates, legs of all kinds, and a return."""
    log = LegLog()
    log.rate(START)
    for number in range(12):
        log.pay(f"e{number}", later(hours=number), "1000", number % 5, kinds=(), device=f"k1.00{number % 3}.device")
    log.pay("back", later(days=1), "400", 1, status="returned", original_event_id="e1")
    return log


def test_saved_at_any_place_and_loaded_it_ends_in_the_same_digest():
    """Nothing depends on when a snapshot was cut."""
    log = short_log()
    whole = log.state.freeze().digest()
    for cut in range(1, len(log.log)):
        state = SharedState.new(3)
        for number, (record, origin) in enumerate(log.log):
            if number == cut:
                state = SharedState.thaw(state.freeze().sections())
            apply(state, record, origin)
        assert state.freeze().digest() == whole


def test_saved_at_any_place_and_loaded_the_alerts_are_the_same():
    """A ring that is alerted, grows and is taken back; each alert byte for byte."""
    log = LegLog()
    for number in range(10):
        log.pay(f"e{number}", later(hours=number), "3000", number)
    for number in range(7):
        log.pay(f"r{number}", later(days=1), "3000", number, status="returned", original_event_id=f"e{number}")
    told = replayed(log, None)
    assert [alert.status for alert in told] == ["raised", "updated", "retracted"]
    for cut in range(1, len(log.log)):
        assert replayed(log, cut) == told


def replayed(log: LegLog, cut: int | None) -> list[Alert]:
    """The alerts of a log, with the state saved and loaded before one of its records."""
    state, found = SharedState.new(3), list[Alert]()
    for number, (record, origin) in enumerate(log.log):
        if number == cut:
            state = SharedState.thaw(state.freeze().sections())
        found += apply(state, record, origin).alerts
    return found


def test_the_gate_is_saved():
    """What was counted before a restart is not counted again after it."""
    log = short_log()
    state = SharedState.thaw(log.state.freeze().sections())
    assert state.gate.marks == log.state.gate.marks
    assert state.gate.marks


def test_the_monitors_state_is_none_of_legs():
    """A snapshot without the legs' gate is refused."""
    with pytest.raises(ValueError, match="lacks its section leg marks"):
        SharedState.thaw(Ledger().state.freeze().sections())


def test_a_state_of_legs_has_no_models():
    """They would be learned by nobody, and a snapshot would carry them."""
    state = short_log().state
    assert (state.scorer, state.budget) == (None, None)
    assert not [name for name, _ in state.freeze().sections() if name.startswith(("scorer", "budget"))]
    assert PartitionState.scores
