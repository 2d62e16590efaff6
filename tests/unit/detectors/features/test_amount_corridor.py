"""Amounts of a corridor by hand: measured against peers that are written down."""

from math import log

import pytest

from detectors.features import Feature, Shared, amount_corridor
from tests.support.feature_moment import PEERS, moment, shared_of, spreads


@pytest.mark.parametrize(
    ("corridor", "peers", "usual"),
    [
        (20.0, 50.0, 300.0),
        (19.0, 50.0, 700.0),
        (None, 20.0, 700.0),
        (None, 19.0, None),
        (19.0, 19.0, None),
        (None, None, None),
    ],
)
def test_a_young_corridor_is_judged_by_all_peers(corridor, peers, usual):
    """From 20 payments on its own; of fewer peers nothing is known. No own baseline, only how many there were."""
    groups = {}
    if corridor is not None:
        groups[f"amount|{PEERS}|VN"] = [corridor, 9.0, log(300.0), 0.4]
    if peers is not None:
        groups[f"amount|{PEERS}"] = [peers, 9.0, log(700.0), 0.4]
    shared = shared_of(**groups)
    far = None if usual is None else spreads(log(1000), log(usual), 0.4, 9.0)
    shown = None if usual is None else pytest.approx(usual)
    assert amount_corridor.measure(moment(shared=shared), []) == Feature(
        "amount_corridor", 1000.0, "USD", far, None, 10, shown
    )
    assert amount_corridor.measure(moment(shared=shared, amount_usd=None), []) == Feature(
        "amount_corridor", None, "USD", None, None, 10, shown
    )


def test_corridor_and_peers_learn_by_count():
    """However long ago the party's last payment was: both always have traffic. The spread never falls under 0.2."""
    shared = Shared()
    for _ in range(2):
        amount_corridor.learn(moment(shared=shared, ago=900.0), [])
    spread = 1 + (0 - 1) / (2 + 2)
    assert shared.groups == {key: [2.0, 2.0, log(1000.0), spread] for key in (f"amount|{PEERS}|VN", f"amount|{PEERS}")}
    flat = shared_of(**{f"amount|{PEERS}": [50.0, 50.0, log(1000.0), 0.2]})
    amount_corridor.learn(moment(shared=flat), [])
    assert flat.groups[f"amount|{PEERS}"][3] == 0.2
    empty = Shared()
    amount_corridor.learn(moment(shared=empty, amount_usd=None), [])
    assert empty.groups == {}
