"""What becomes of a record that a partition told: counts of scores for the calibration, lessons, copies for desks.

A drift is told for operators, and changes nothing where it is heard.
"""

from collections import Counter

from detectors.contracts.learning import DeskCopies, Learning, Lesson, ScoreCounts
from detectors.memory.drift import WATCHER, are_sums
from detectors.memory.exchange import Heard, bins_of
from detectors.memory.state import PartitionState
from detectors.ranking.calibration import BINS
from detectors.values.legal_calendar import local_date


def hear(state: PartitionState, record: Learning) -> Heard:
    """Apply a record that a partition told, this one's own too; returns what became of it. Never raises.

    Cost: some 0.1 ms for a record of a thousand scores.
    """
    exchange = state.exchange
    heard = exchange.hear(record)
    told = record.told
    if heard == "applied" and isinstance(told, ScoreCounts):
        counts = bins_of(told, BINS)
        if counts is None or not are_sums(told):
            heard = "unusable"
        else:
            of_all: Counter[int] = Counter()
            for bins in counts.values():
                of_all.update(bins)
            state.scorer_of(told.detectors).calibration.hear(of_all, told.day)
            # a challenger's scores are of the same payments
            if state.partition == WATCHER and told.day and told.detectors == exchange.detectors:
                for drift in state.drifts.hear(told, counts):
                    exchange.tell(state.partition, drift)
    if heard == "applied" and isinstance(told, Lesson):
        state.ranker.learn(told)
    # its own copies a partition counted when it sent them: the next alert of the same second must know of them
    if heard == "applied" and isinstance(told, DeskCopies) and record.partition != state.partition:
        assert state.effective is not None  # a configuration stands before every other record
        clock_us = state.watermark_us
        own_day = told.day if clock_us is None else local_date(clock_us, state.effective.zone).toordinal()
        state.desk_copies.add(told, own_day)
    exchange.note(heard, str(told.__struct_config__.tag))
    return heard
