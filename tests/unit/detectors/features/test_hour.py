"""Hours and weekdays by hand: one arithmetic, of eight blocks and of seven days."""

from math import log

import pytest

from detectors.features import Feature, Shared, hour, weekday
from tests.support.feature_moment import PEERS, moment, shared_of


@pytest.mark.parametrize(
    ("feature", "name", "unit", "value", "kinds", "kind", "most", "middle"),
    [
        (hour, "hour", "hour", 10.5, 8, 3, 2, 7.5),  # 09 to 12 is the fourth block; 06 to 09 the most usual
        (weekday, "weekday", "weekday", 1, 7, 1, 2, 2),
    ],
)
def test_a_kind_of_time_is_measured_against_own_counts_with_the_peers(
    feature, name, unit, value, kinds, kind, most, middle
):
    """Own 30 of the most usual kind and 5 of this one, peers 40 of this one alone: ln(30.1 / (5 + 6 + 0.1))."""
    own, theirs = [0.0] * kinds, [0.0] * kinds
    own[most], own[kind], theirs[kind] = 30.0, 5.0, 40.0
    shared = shared_of(**{f"{name}|{PEERS}|web": theirs})
    shown = 10.5 if name == "hour" else 1
    assert feature.measure(moment(shared=shared), own) == Feature(
        name, value, unit, pytest.approx(log(30.1 / 11.1)), middle, 10, shown
    )
    nothing = feature.measure(moment(), [0.0] * kinds)
    assert (nothing.deviation, nothing.own_baseline, nothing.peer_baseline) == (None, None, None)
    feature.learn(moment(ago=90.0, shared=shared), own)
    assert (own[most], own[kind]) == (15.0, 3.5)
    assert theirs[kind] == pytest.approx(40 * 0.9995 + 1)
    late = [0.0] * kinds
    fresh = Shared()
    feature.learn(moment(ago=-90.0, shared=fresh), late)
    assert (late[kind], sum(late)) == (0.5, 0.5)
    assert sum(fresh.groups[f"{name}|{PEERS}|web"]) == 1.0
    assert len(fresh.groups[f"{name}|{PEERS}|web"]) == kinds


@pytest.mark.parametrize(("at", "block"), [(0.0, 0), (2.99, 0), (3.0, 1), (23.99, 7), (24.0, 0)])
def test_hours_stand_in_eight_blocks_of_three(at, block):
    """A day's end is its beginning."""
    own = [0.0] * 8
    hour.learn(moment(local_hour=at), own)
    assert own.index(1.0) == block
    assert hour.measure(moment(local_hour=at), own).own_baseline == 3 * block + 1.5
