"""What the partitions of this process have learned, for the start-up page."""

from collections.abc import Iterable

from detectors.memory.state import PartitionState
from detectors.ranking.outlook import Learned, outlook
from streams.operations.startup_page import StartupFacts


def startup_facts(states: Iterable[PartitionState]) -> StartupFacts:
    """What is learned of what is needed, and when ranks are useful, by the states held here; reads them, in 0.1 ms.

    Payments a day are what these partitions saw lately, and the others are taken to see as many each. Before a
    partition knows a whole day it says nothing of them.
    """
    known = [state for state in states if state.scorer is not None and state.configuration is not None]
    if not known:
        return StartupFacts(outlook=None, learned={})
    learned = {state.partition: state.scorer.scored for state in known if state.scorer is not None}
    configuration = known[-1].configuration
    assert configuration is not None  # only those with one are known
    partitions = configuration.engine.partitions
    volumes = [state.budget.events_a_day() for state in known if state.budget is not None]
    told = [volume for volume in volumes if volume is not None]
    everyone = max(state.scorer.calibration.everyone.counted for state in known if state.scorer is not None)
    # those held elsewhere are no slower than the slowest here, as far as this worker can know
    least = min(learned.values())
    all_partitions = {number: learned.get(number, least) for number in range(partitions)}
    a_day = sum(told) / len(told) * partitions if told else 0.0
    found = outlook(configuration.detectors, partitions, a_day, Learned(partitions=all_partitions, everyone=everyone))
    return StartupFacts(outlook=found, learned=learned)


def ranked_among(state: PartitionState) -> int:
    """Payments that the partition's next rank is taken among; 0 while it ranks none."""
    scorer = state.scorer
    if scorer is None or scorer.scored < scorer.detector_set.warm_up:
        return 0
    return max(scorer.calibration.everyone.counted, scorer.calibration.whole.counted)
