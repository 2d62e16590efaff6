"""Whether there is enough to compare a payment with, so that it may be an alert of the models alone.

Asked before the budget is. Failure prevented: a payment of 237 USD of a party with one earlier one was an alert, when
nothing was known of the party and its hour was rare among others.
"""

from collections.abc import Sequence

from detectors.alerting.counted_against import counted_against
from detectors.features.view import Feature
from detectors.ranking.ensemble import Scored

# With five own observations the past outweighs what a baseline assumes beforehand (two observations,
# features/moments.py); with fewer, a spread says more of the assumption than of the party.
LEAST_OWN = 5
# Without an own past a payment stands beside its peers alone. There only money speaks: at least twice what they usually
# pay, and 1 000 USD. A new party's hour, weekday and counterparty say nothing, as nobody knows its habits. Both are our
# judgement.
LEAST_TIMES_PEERS = 2.0
LEAST_USD = 1_000.0


def enough_to_compare(features: Sequence[Feature], scored: Scored) -> bool:
    """Whether the party has a past of its own, or its money is far above what its peers usually pay. Cost: 5 us."""
    if max((one.own_n for one in features), default=0) >= LEAST_OWN:
        return True
    return any(_above_peers(one.feature) for one in counted_against(features, scored))


def _above_peers(feature: Feature) -> bool:
    usual, value = feature.peer_baseline, feature.value
    if feature.unit != "USD" or value is None or usual is None or usual <= 0.0:
        return False
    return value >= max(LEAST_USD, LEAST_TIMES_PEERS * usual)
