"""Reasons of an alert: typologies and features, with shares that sum to 1."""

from collections.abc import Sequence
from math import fsum, log

import msgspec

from detectors.alerting.counted_against import counted_against
from detectors.contracts.alert import Number, Reason
from detectors.features.view import Feature
from detectors.ranking.ensemble import Scored
from detectors.ranking.fusion import rarity
from detectors.wording.features import sentences

# An investigator reads the strongest; what is smaller stands together as the rest.
SHOWN = 5
REST = "rest"
# A rule beyond doubt (strength 1) would take all shares: its logarithm is infinite.
LEAST_DOUBT = 1e-3
# Beside a rule, features are named where the payment is among the rarest fiftieth. Failure prevented: what is as usual
# as every tenth payment stands among the reasons of a finding, and an investigator has to weigh it.
SAYS_NOTHING = 0.02


def _shown(value: float | None, unit: str) -> Number | None:
    """Money as a decimal string, other numbers rounded to what their text shows."""
    if value is None:
        return None
    return f"{value:.2f}" if unit == "USD" else round(value, 4)


def _reason(feature: Feature, share: float) -> Reason:
    english, korean = sentences(feature)
    return Reason(
        feature=feature.name,
        value=_shown(feature.value, feature.unit),
        unit=feature.unit,
        own_baseline=_shown(feature.own_baseline, feature.unit),
        own_n=feature.own_n,
        peer_baseline=_shown(feature.peer_baseline, feature.unit),
        contribution=share,
        text_en=english,
        text_ko=korean,
    )


def _rest(share: float, count: int) -> Reason:
    return Reason(
        feature=REST,
        value=None,
        unit="",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        contribution=share,
        text_en=f"{count} further reasons, each smaller than those shown.",
        text_ko=f"그 밖에 위에 제시된 것보다 영향이 작은 사유가 {count}건 있습니다.",
    )


def reasons(
    features: Sequence[Feature], scored: Scored, rules: Sequence[tuple[Reason, float]] = ()
) -> tuple[Reason, ...]:
    """The alert's reasons, largest share first, the rest last; shares sum to 1.

    `rules` are the reasons of the typologies that fired, each with its strength 0-1; their `contribution` is set here.
    The score is 1 - (1 - rarity) x product of (1 - strength) (`detectors.ranking.fusion`), so -ln adds up: a rule's
    share is -ln(1 - strength), the statistical share -ln(1 - rarity), split by the members' contributions; all divided
    by their sum. All rules are shown, and the five largest features, of those that speak against the payment alone
    (counted_against.py); beside a rule none where the rank says nothing. A feature of fewer than 20 own observations is
    marked weak. Empty when there is nothing to attribute: no rule fired and nothing speaks against the payment.
    Cost: about 30 us, only for alerts.
    """
    parts = [(reason, -log(max(1.0 - strength, LEAST_DOUBT))) for reason, strength in rules]
    counted = counted_against(features, scored)
    said = scored.rank is not None and scored.rank <= SAYS_NOTHING
    statistical = -log(1.0 - rarity(scored.rank)) if counted and said else 0.0
    if counted and not any(weight > 0.0 for _, weight in parts):
        # nothing but the statistics to explain: their split is what counts, however usual the event is
        parts, statistical = [(reason, 0.0) for reason, _ in parts], 1.0
    whole = fsum(weight for _, weight in parts) + statistical
    if whole <= 0.0:
        return tuple(reason for reason, _ in parts)
    found = [msgspec.structs.replace(reason, contribution=weight / whole) for reason, weight in parts]
    spread = statistical / whole
    if spread > 0.0:
        found += [_reason(one.feature, one.share * spread) for one in counted[:SHOWN]]
    found.sort(key=lambda reason: -reason.contribution)
    if spread > 0.0 and len(counted) > SHOWN:
        rest = max(0.0, 1.0 - fsum(reason.contribution for reason in found))
        found.append(_rest(rest, len(counted) - SHOWN))
    return tuple(found)
