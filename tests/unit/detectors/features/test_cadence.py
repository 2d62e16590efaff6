"""Gaps between payments by hand: measured against a past and peers that are written down."""

from math import log

import pytest

from detectors.features import Feature, Shared, cadence
from tests.support.feature_moment import DAY, PEERS, moment, shared_of, spreads


def test_a_gap_is_measured_in_logarithms_and_shown_in_days():
    """Own usual gap three days, peers' five."""
    shared = shared_of(**{f"gap|{PEERS}": [9.0, 9.0, log(5 * DAY), 1.0]})
    own = [5.0, 4.0, log(3 * DAY), 0.5]
    assert cadence.measure(moment(ago=1.0, shared=shared), own) == Feature(
        "cadence", 1.0, "days", spreads(log(DAY), log(3 * DAY), 0.5, 4.0), pytest.approx(3.0), 5, pytest.approx(5.0)
    )
    assert cadence.measure(moment(ago=-1.0, shared=shared), own) == Feature(
        "cadence", None, "days", None, pytest.approx(3.0), 5, pytest.approx(5.0)
    )


def test_gaps_under_a_minute_count_as_a_minute():
    """Measured and learned alike; the value shown is the true one."""
    own = [5.0, 4.0, log(3 * DAY), 0.5]
    second = cadence.measure(moment(ago=1 / DAY), own)
    assert second.value == pytest.approx(1 / DAY)
    assert second.deviation == spreads(log(60.0), log(3 * DAY), 0.5, 4.0)
    for seconds, counted in ((0.0, 60.0), (59.0, 60.0), (61.0, 61.0)):
        shared, own = Shared(), [0.0] * 4
        cadence.learn(moment(ago=seconds / DAY, shared=shared), own)
        assert own == pytest.approx([1.0, 1.0, log(counted), 1.0])
        assert shared.groups == {f"gap|{PEERS}": pytest.approx([1.0, 1.0, log(counted), 1.0])}


def test_a_late_event_teaches_no_gap_and_a_late_habit_fades():
    """Own gaps fade with time, peers' by count only; the spread never falls under 0.2."""
    shared, own = Shared(), [1.0, 1.0, log(DAY), 0.2]
    cadence.learn(moment(ago=-1.0, shared=shared), own)
    assert (own, shared.groups) == ([1.0, 1.0, log(DAY), 0.2], {})
    shared = shared_of(**{f"gap|{PEERS}": [1.0, 1.0, log(90 * DAY), 0.2]})
    own = [1.0, 1.0, log(90 * DAY), 0.2]
    cadence.learn(moment(ago=90.0, shared=shared), own)
    assert own == pytest.approx([2.0, 1.5, log(90 * DAY), 0.2])
    assert shared.groups[f"gap|{PEERS}"] == pytest.approx([2.0, 2.0, log(90 * DAY), 0.2])
