"""Whether an alert's `probability` comes true as often as it says: of alerts told 0.3, three in ten should be crime."""

from collections.abc import Sequence

from detectors.testbed.learning_curve import ToldChance
from detectors.testbed.statistics import Reliability, reliability


def told_chances(told: Sequence[ToldChance], bins: int = 10) -> Reliability:
    """Probabilities that the ranker gave to opened alerts, against what was true.

    The truth counts, not the investigator's word, who is wrong once in twenty: a ranker that learns the word as it is
    says 0.05 of what is certainly honest, and 0.95 of what is certainly not. Alerts of one stream in the order in which
    the desk opened them; the first ones were told by few verdicts.
    """
    return reliability([one.probability for one in told], [one.true for one in told], bins)
