"""What becomes of a record that a partition told: applied once, and what no partition can have told never stops one."""

import msgspec
import pytest

from detectors.contracts.configuration import fingerprint
from detectors.contracts.learning import Learning, Lesson, ScoreCounts
from detectors.core import Outputs
from detectors.ranking.calibration import BINS
from tests.support.ledger import Ledger, later
from tests.support.taught import lesson_of

TOPIC = "fx.learning.v1"


class Told(Ledger):
    """A partition that hears what others tell."""

    @property
    def detectors(self) -> str:
        """The fingerprint of the detector set in force."""
        assert self.state.configuration is not None
        return fingerprint(self.state.configuration.detectors)

    def hear(self, number: int, bins: tuple[int, ...] = (2, 5), detectors: str = "", partition: int = 7) -> Outputs:
        """Apply counts that a partition told."""
        told = ScoreCounts(segments={"person.out": bins}, detectors=detectors or self.detectors)
        return self.put(Learning(partition=partition, number=number, told=told), self.origin(TOPIC))


def sums(log: Ledger) -> dict[int, int]:
    """What all partitions have told, by bin; few enough that nothing is forgotten."""
    assert log.state.scorer is not None
    return log.state.scorer.calibration.everyone.to_state().newer


def test_counts_of_all_partitions_are_added_each_record_once() -> None:
    log = Told()
    outcomes = [log.hear(1), log.hear(1), log.hear(2, (2, 1, 9, 4)), log.hear(1, partition=3)]
    assert [(one.outcome, one.heard) for one in outcomes] == [
        ("applied", "applied"),
        ("duplicate", "repeated"),
        ("applied", "applied"),
        ("applied", "applied"),
    ]
    assert sums(log) == {2: 11, 9: 4}
    assert log.state.counters["broadcast"] == 4


def test_what_ingest_writes_again_is_redelivered_as_any_input() -> None:
    log = Told()
    log.hear(1)
    event, origin = log.log[-1]
    again = log.put(event, msgspec.structs.replace(origin, offset=origin.offset + 1))
    assert again == Outputs(outcome="redelivered")
    assert sums(log) == {2: 5}


def test_counts_of_another_detector_set_are_passed_over_and_counted() -> None:
    log = Told()
    assert log.hear(1, detectors="beef").heard == "passed"
    assert not sums(log)
    assert log.state.exchange.outcomes == {"score_counts passed": 1}


@pytest.mark.parametrize("bins", [(5,), (9, 1, 2, 1), (BINS, 1), (2, 0), (2, 2**40)])
@pytest.mark.parametrize("partition", [0, 3])
def test_what_no_partition_can_have_told_is_refused_and_the_next_record_is_applied(
    bins: tuple[int, ...], partition: int
) -> None:
    """The first partition tells ingest, which has the bytes: the record comes to all of them."""
    log = Told()
    log.state.partition = partition
    refused = log.hear(1, bins)
    assert (refused.outcome, refused.heard) == ("refused", "unusable")
    assert (None if refused.notice is None else refused.notice.code) == ("learning.unusable" if not partition else None)
    assert log.hear(2).heard == "applied"
    assert sums(log) == {2: 5}


def test_a_record_before_the_configuration_or_of_a_kind_without_counts_stops_nothing() -> None:
    log = Told()
    lesson = Lesson(
        lesson="0" * 32,
        alert_id="a" * 32,
        case_id="c",
        officer=1,
        lead="T01",
        segment="person.out",
        confirmed=True,
        decided_us=1,
        detectors=log.detectors,
    )
    assert log.put(Learning(partition=1, number=1, told=lesson), log.origin(TOPIC)).heard == "applied"
    assert not sums(log)
    assert log.state.ranker.standing == 1


def test_a_lesson_counts_once_and_whichever_detectors_raised_its_alert() -> None:
    log = Told()
    before = log.state.ranker.to_state()
    for number, heard in ((1, "applied"), (1, "repeated"), (2, "applied")):
        told = Learning(partition=1, number=number, told=lesson_of(number, detectors="beef"))
        assert log.put(told, log.origin(TOPIC)).heard == heard
    assert log.state.ranker.standing == 2
    for number in (1, 2):
        back = lesson_of(9, None, takes_back=(f"{number:032x}",))
        log.put(Learning(partition=1, number=number + 2, told=back), log.origin(TOPIC))
    assert log.state.ranker.standing == 0
    assert log.state.ranker.to_state() != before  # the places stay taken


def test_hearing_moves_no_clock_and_makes_no_alert() -> None:
    log = Told()
    log.pay("P-1", later(hours=1))
    before = log.state.watermark_us, log.state.due_clock.passed_us
    outputs = log.hear(1)
    assert (log.state.watermark_us, log.state.due_clock.passed_us) == before
    assert outputs.raised == ()
