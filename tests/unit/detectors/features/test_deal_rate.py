"""Deal rates by hand: measured against own deals, or else those of the peers."""

import pytest

from detectors.features import (
    Feature,
    Shared,
    deal_rate,
)
from tests.support.feature_moment import moment, shared_of, spreads

RATE = "rate|out|web|USD"


@pytest.mark.parametrize(
    ("seen", "peers_seen", "far"),
    [
        (3.0, 20.0, (30.0, 10.0, 8.0, 4.0)),  # own deals first
        (2.0, 20.0, (30.0, 20.0, 5.0, 9.0)),  # too few of them: the peers'
        (2.0, 19.0, None),
        (2.0, None, None),
    ],
)
def test_a_deal_rate_is_measured_against_own_deals_else_the_peers(seen, peers_seen, far):
    """Basis points, signed; both baselines are shown where they are known."""
    shared = Shared() if peers_seen is None else shared_of(**{RATE: [peers_seen, 9.0, 20.0, 5.0]})
    peer = 20.0 if peers_seen == 20.0 else None
    own = [seen, 4.0, 10.0, 8.0]
    assert deal_rate.measure(moment(shared=shared), own) == Feature(
        "deal_rate", 30.0, "bp", None if far is None else spreads(*far), 10.0, int(seen), peer
    )
    assert deal_rate.measure(moment(shared=shared, deal_deviation_bp=None), own) == Feature(
        "deal_rate", None, "bp", None, 10.0, int(seen), peer
    )
    assert deal_rate.measure(moment(), [0.0] * 4).own_baseline is None


def test_what_deals_teach():
    """The first: 50 bp of spread; never under 5; peers of direction, channel and currency learn by count."""
    shared, own = Shared(), [0.0] * 4
    deal_rate.learn(moment(shared=shared), own)
    assert own == shared.groups[RATE] == [1.0, 1.0, 30.0, 50.0]
    deal_rate.learn(moment(shared=shared, deal_deviation_bp=None), own)
    assert own == shared.groups[RATE] == [1.0, 1.0, 30.0, 50.0]
    shared, own = shared_of(**{RATE: [1.0, 1.0, 30.0, 5.0]}), [1.0, 1.0, 30.0, 5.0]
    deal_rate.learn(moment(ago=90.0, shared=shared), own)
    assert own == [2.0, 1.5, 30.0, 5.0]
    assert shared.groups[RATE] == [2.0, 2.0, 30.0, 5.0]
