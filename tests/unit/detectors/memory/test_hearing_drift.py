"""A drift in the core: the first partition alone looks and tells, no score changes, and a save keeps it."""

from datetime import date

import pytest

from detectors.contracts.configuration import fingerprint
from detectors.contracts.learning import Learning, ScoreCounts, StreamDrift
from detectors.core import Outputs
from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, configuration

TOPIC = "fx.learning.v1"
FIRST_DAY = date(2026, 3, 1).toordinal()
# 100 payments a day: 600 USD until 20 March, 1 200 USD from then on
PARTS = [300] * 20 + [332] * 8


def partition(number: int) -> Ledger:
    """A ledger partition of this number."""
    log = Ledger()
    log.state.partition = number
    return log


def hear(log: Ledger, number: int, parts: int, count: int = 100, day: int | None = None) -> Outputs:
    """Apply what partition 7 told of a day."""
    assert log.state.configuration is not None
    told = ScoreCounts(
        segments={"person.out": (64, 100)},
        detectors=fingerprint(log.state.configuration.detectors),
        day=FIRST_DAY + number if day is None else day,
        measured={"person.out": {"amount": (count, count * parts, count * parts * parts)}},
    )
    return log.put(Learning(partition=7, number=number + 1, told=told), log.origin(TOPIC))


def drifts(outputs: list[Outputs]) -> list[StreamDrift]:
    """The drifts told with these records."""
    return [told.told for one in outputs for told in one.told if isinstance(told.told, StreamDrift)]


def test_the_first_partition_tells_a_change_once_and_the_others_look_at_nothing() -> None:
    first, other = partition(0), partition(5)
    told = [[hear(log, number, parts) for number, parts in enumerate(PARTS)] for log in (first, other)]
    [drift] = drifts(told[0])
    assert (drift.measure, drift.segment, drift.since) == ("amount", "person.out", date(2026, 3, 21))
    assert drifts(told[1]) == []
    assert first.state.scorer.to_state() == other.state.scorer.to_state()
    assert other.state.drifts.newest == 0


def test_a_drift_that_is_heard_changes_nothing_and_is_counted() -> None:
    """It comes back to every partition, of whatever detector set it was."""
    log = partition(0)
    told = [hear(log, number, parts) for number, parts in enumerate(PARTS)]
    [record] = [one for outputs in told for one in outputs.told]
    before = log.state.scorer.to_state(), log.state.ranker.to_state(), log.state.drifts.to_state()
    heard = log.put(record, log.origin(TOPIC))
    assert (heard.outcome, heard.heard, heard.told) == ("applied", "applied", ())
    assert (log.state.scorer.to_state(), log.state.ranker.to_state(), log.state.drifts.to_state()) == before
    assert log.state.exchange.outcomes["drift applied"] == 1


def test_a_save_in_the_middle_changes_nothing() -> None:
    log = partition(0)
    for number, parts in enumerate(PARTS[:15]):
        hear(log, number, parts)
    again = partition(0)
    again.log, again.sources = list(log.log), dict(log.sources)
    again.state = PartitionState.thaw(log.state.freeze().sections())
    rest = list(enumerate(PARTS))[15:]
    both = [[hear(one, number, parts) for number, parts in rest] for one in (log, again)]
    assert drifts(both[0]) == drifts(both[1]) != []
    assert log.state.freeze().digest() == again.state.freeze().digest()


def test_what_no_partition_can_have_measured_is_refused_whole() -> None:
    log = partition(0)
    before = log.state.scorer.to_state()
    assert hear(log, 0, 769).heard == "unusable"
    assert (log.state.scorer.to_state(), log.state.drifts.newest) == (before, 0)


def test_records_of_before_measure_nothing() -> None:
    """Their day is 0, and their scores count as ever."""
    log = partition(0)
    assert hear(log, 0, 300, day=0).heard == "applied"
    assert log.state.drifts.newest == 0


@pytest.mark.parametrize("same", [True, False])
def test_another_detector_set_begins_anew(same: bool) -> None:
    """What was strange to the one before does not compare."""
    log = partition(0)
    hear(log, 0, 300)
    other = configuration(detectors={"warm_up": 1000 if same else 7})
    log.state.install(other)
    assert (log.state.drifts.newest > 0) == same
