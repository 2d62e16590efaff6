"""Which side of what is usual counts against a payment."""

from math import inf, nan

import pytest

from detectors.features import NAMES, REGISTRY, Feature, against
from detectors.features.direction import count_against


@pytest.mark.parametrize(
    ("deviation", "direction", "counted"),
    [
        (2.5, "more", 2.5),
        (-2.5, "more", 0.0),
        (2.5, "less", 0.0),
        (-2.5, "less", 2.5),
        (2.5, "both", 2.5),
        (-2.5, "both", 2.5),
        (0.0, "more", 0.0),
        (0.0, "less", 0.0),
        (None, "more", None),
        (nan, "both", None),
        (inf, "more", None),
        (-inf, "more", None),
    ],
)
def test_one_side_counts(deviation: float | None, direction: str, counted: float | None) -> None:
    assert count_against(deviation, direction) == counted  # type: ignore[arg-type]


def test_only_a_deal_rate_counts_both_ways_and_only_a_gap_by_being_short() -> None:
    told = {feature.name: feature.direction for feature in REGISTRY}
    assert {name for name in NAMES if told[name] == "both"} == {"deal_rate"}
    assert {name for name in NAMES if told[name] == "less"} == {"cadence"}


@pytest.mark.parametrize(
    ("name", "deviation", "counted"),
    [("amount_own", -3.0, 0.0), ("cadence", -3.0, 3.0), ("cadence", 3.0, 0.0), ("deal_rate", -3.0, 3.0)],
)
def test_a_feature_counts_by_its_registered_direction(name: str, deviation: float, counted: float) -> None:
    assert against(Feature(name, 1.0, "USD", deviation, None, 5, None)) == counted
