"""Which features speak against a payment."""

import math

import pytest

from detectors.alerting import counted_against as module
from detectors.alerting.counted_against import counted_against, odd
from detectors.features import Feature
from detectors.ranking.ensemble import Scored


def feature(name, deviation):
    return Feature(name, 1.0, "USD", deviation, None, 0, None)


def scored(*contributions):
    return Scored(0.9, 0.001, {}, contributions, warm=True)


@pytest.mark.parametrize(
    ("direction", "deviation", "expected"),
    [
        ("more", 2.0, 2.0),
        ("more", -2.0, 0.0),
        ("less", -2.0, 2.0),
        ("less", 2.0, 0.0),
        ("both", -2.0, 2.0),
        ("both", 2.0, 2.0),
        ("both", 0.0, 0.0),
        ("more", None, 0.0),
        ("both", math.nan, 0.0),
        ("more", math.inf, 0.0),
    ],
)
def test_a_feature_is_odd_on_its_side_alone(monkeypatch, direction, deviation, expected):
    monkeypatch.setitem(module._DIRECTIONS, "this", direction)
    assert odd(feature("this", deviation)) == expected


def test_a_feature_of_another_release_is_odd_on_both_sides():
    """Nothing is known of its harmless side."""
    assert odd(feature("of a later release", -3.0)) == 3.0


def test_what_is_usual_harmless_or_unknown_leaves_its_share_to_the_others(monkeypatch):
    """Members credit such features too; the shares of the others sum to 1, in their order."""
    monkeypatch.setitem(module._DIRECTIONS, "smaller", "more")
    features = [
        feature("hour", 4.0),
        feature("usual", 0.0),
        feature("smaller", -9.0),
        feature("rate", -1.0),
        feature("nearly usual", 0.49),
    ]
    features += [feature("none", None), feature("no share", 5.0)]
    told = scored(
        ("usual", 0.4),
        ("smaller", 0.3),
        ("hour", 0.15),
        ("gone", 0.1),
        ("nearly usual", 0.1),
        ("rate", 0.05),
        ("none", 0.0),
    )
    found = counted_against(features, told)
    assert [(one.feature.name, pytest.approx(one.share)) for one in found] == [("hour", 0.75), ("rate", 0.25)]
    assert counted_against(features, scored()) == ()
    assert counted_against(features[1:3], told) == ()
