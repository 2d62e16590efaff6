"""What an alert was raised on, and the chance that an investigator confirms it, as learned from verdicts.

The chance orders and informs. It raises no alert and holds none back, so no finding on a line of the law can be
suppressed by what officers said before.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from detectors.books.party import Party
from detectors.contracts.alert import Alert
from detectors.features import REGISTRY, Feature
from detectors.learning.entity_risk import faded_verdicts
from detectors.learning.inputs import inputs_of
from detectors.memory.grounds import Grounds, remember
from detectors.memory.state import PartitionState

# the lead of an alert of the models alone; no typology has this name
ANOMALY = "anomaly"
_DIRECTIONS: dict[str, str] = {definition.name: getattr(definition, "direction", "both") for definition in REGISTRY}


class AlertedPayment(NamedTuple):
    """What an alert does not say of its event, in the form that learning needs.

    `sender` is its share (shares.py), `at_us` the event time, `at_risk` USD cents. `segment` and `features` are those
    that the models saw, empty for an event that is no payment.
    """

    sender: str
    at_us: int
    at_risk: int
    segment: str
    features: Sequence[Feature]


def with_chance(state: PartitionState, party: Party, alert: Alert, payment: AlertedPayment) -> Alert:
    """The alert with the chance that it is confirmed, as far as that is known; what it rests on is kept with the party.

    Cost: 40 us, and that of a fit where lessons came since the last alert (learning/ranker.py).
    """
    verdicts = ((one.alert, one.verdict, one.decided_us) for one in party.verdicts)
    strengths = [(hit.id, hit.strength) for hit in alert.typologies]
    past = faded_verdicts(verdicts, payment.at_us)
    inputs = inputs_of(one_sided(payment.features), alert.rank, strengths, payment.at_risk, past)
    lead = strengths[0][0] if strengths else ANOMALY
    selected, detectors = alert.selection.probability, alert.versions.detectors
    grounds = Grounds(alert.case_id, lead, payment.segment, inputs, selected, detectors)
    remember(party, alert.alert_id, payment.sender, grounds)
    chance = state.ranker.chance(lead, inputs)
    if chance is None:
        return alert
    return msgspec.structs.replace(alert, probability=chance.probability, lessons=chance.lessons)


def one_sided(features: Sequence[Feature]) -> dict[str, float]:
    """The features that are known, by name, as far as they count against the payment: 0 = usual, or harmless."""
    found = {}
    for feature in features:
        if feature.deviation is not None:
            sign = {"more": 1.0, "less": -1.0}.get(_DIRECTIONS.get(feature.name, ""))
            far = feature.deviation
            found[feature.name] = abs(far) if sign is None else max(0.0, sign * far)
    return found
