"""Sums of a week by hand: measured against a past and peers that are written down."""

from math import log

import pytest

from detectors.features import Feature, Shared, week_sum
from tests.support.feature_moment import PEERS, moment, shared_of, spreads


def test_the_week_is_measured_as_amounts_are():
    """Own usual week 1 000 USD, peers' 3 000."""
    shared = shared_of(**{f"week|{PEERS}": [9.0, 9.0, log(3000.0), 1.0]})
    own = [5.0, 4.0, log(1000.0), 0.5]
    assert week_sum.measure(moment(shared=shared), own) == Feature(
        "week_sum",
        2000.0,
        "USD",
        spreads(log(2000), log(1000), 0.5, 4.0),
        pytest.approx(1000.0),
        5,
        pytest.approx(3000.0),
    )
    assert week_sum.measure(moment(shared=shared, sum_7d_usd=None), own) == Feature(
        "week_sum", None, "USD", None, pytest.approx(1000.0), 5, pytest.approx(3000.0)
    )
    shared, own = shared_of(**{f"week|{PEERS}": [1.0, 1.0, log(2000.0), 0.1]}), [1.0, 1.0, log(2000.0), 0.1]
    week_sum.learn(moment(ago=90.0, shared=shared), own)
    assert own == pytest.approx([2.0, 1.5, log(2000.0), 0.1])
    assert shared.groups == {f"week|{PEERS}": pytest.approx([2.0, 2.0, log(2000.0), 0.1])}
    shared, own = Shared(), [0.0] * 4
    week_sum.learn(moment(shared=shared), own)
    assert own == shared.groups[f"week|{PEERS}"] == [1.0, 1.0, log(2000.0), 1.0]
    week_sum.learn(moment(shared=shared, sum_7d_usd=None), own)
    assert own == shared.groups[f"week|{PEERS}"] == [1.0, 1.0, log(2000.0), 1.0]
