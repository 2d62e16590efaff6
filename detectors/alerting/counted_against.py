"""Which features speak against a payment: those that are far on the side that counts, with their shares of the score.

An alert's reasons, its kind and its severity follow these. Members may credit a feature that is exactly usual, or that
lies on the harmless side: trees credit the walk past it. Failure prevented: of a judged stream a third of the alerts
named something that was lower than usual as what spoke against a payment.
"""

from collections.abc import Sequence
from math import fsum, isfinite
from typing import NamedTuple

from detectors.features import REGISTRY
from detectors.features.view import Feature
from detectors.ranking.ensemble import Scored

# "more", "less" or "both": the side of the usual that counts. A feature that this release does not know counts on both.
_DIRECTIONS: dict[str, str] = {one.name: getattr(one, "direction", "both") for one in REGISTRY}

# Half a usual variation, or 1.6 times rarer than the most usual: less than that reads as usual to anybody. Failure
# prevented: "This is 1.0 times rarer than the most usual" among the reasons of an alert.
LEAST_ODD = 0.5


class Counted(NamedTuple):
    """A feature that speaks against a payment, and its share of the statistical score; the shares sum to 1."""

    feature: Feature
    share: float


def odd(feature: Feature) -> float:
    """How far a feature is on the side that counts, >= 0, in its deviation's own measure; 0 is usual or not known."""
    far = feature.deviation
    if far is None or not isfinite(far):
        return 0.0
    direction = _DIRECTIONS.get(feature.name, "both")
    return max(0.0, far if direction == "more" else -far if direction == "less" else abs(far))


def counted_against(features: Sequence[Feature], scored: Scored) -> tuple[Counted, ...]:
    """What speaks against the payment, the largest share first; empty where nothing does.

    A feature counts from `LEAST_ODD` of its deviation's own measure (spreads or nats). Cost: 3 us.
    """
    known = {one.name: one for one in features}
    found = [
        (known[name], share)
        for name, share in scored.contributions
        if share > 0.0 and name in known and odd(known[name]) >= LEAST_ODD
    ]
    whole = fsum(share for _, share in found)
    return tuple(Counted(feature, share / whole) for feature, share in found)
