"""New counterparties by hand: surprising by their chance, and what payments teach of it."""

from math import log

import pytest

from detectors.features import (
    Feature,
    Shared,
    counterparty_novelty,
)
from tests.support.feature_moment import PEERS, moment, shared_of


def test_a_new_counterparty_surprises_by_its_chance():
    """Own: 2 of 10 were new; peers: 3 of 10, which count as two payments. Minus the logarithm of the chance."""
    shared = shared_of(**{f"novelty|{PEERS}": [10.0, 3.0]})
    own = [10.0, 2.0, 12.0]
    new = counterparty_novelty.measure(moment(shared=shared, known={1: 6.0, 2: 2.0}), own)
    chance = (2.0 + 2 * 0.3 + 1e-3) / (10 + 2 + 1e-3)
    assert new == Feature("counterparty_novelty", 0.0, "ratio", pytest.approx(-log(chance)), 0.2, 12, 0.3)
    known = counterparty_novelty.measure(moment(shared=shared, known={1: 6.0, 7: 2.0}), own)
    assert known == Feature("counterparty_novelty", 0.25, "ratio", 0.0, 0.2, 12, 0.3)


def test_without_peers_one_in_four_is_taken_to_be_new():
    """Peers of no weight are none; the first payment has nothing to be new against."""
    chance = (2.0 + 2 * 0.25 + 1e-3) / (10 + 2 + 1e-3)
    for shared in (Shared(), shared_of(**{f"novelty|{PEERS}": [0.0, 0.0]})):
        found = counterparty_novelty.measure(moment(shared=shared), [10.0, 2.0, 12.0])
        assert (found.deviation, found.peer_baseline) == (pytest.approx(-log(chance)), None)
        assert found.value == 0.0
    shared = shared_of(**{f"novelty|{PEERS}": [10.0, 3.0]})
    for nothing in (moment(seen=0, shared=shared), moment(shared=shared)):
        own = [10.0, 2.0, 12.0] if nothing.seen == 0 else [0.0, 0.0, 0.0]
        first = counterparty_novelty.measure(nothing, own)
        assert first == Feature("counterparty_novelty", None, "ratio", None, None, 0, 0.3)
    never = shared_of(**{f"novelty|{PEERS}": [10.0, 0.0]})  # peers who never pay anybody new
    found = counterparty_novelty.measure(moment(shared=never), [10.0, 2.0, 12.0])
    assert (found.deviation, found.peer_baseline) == (pytest.approx(-log(2.001 / 12.001)), 0.0)
    faded = counterparty_novelty.measure(moment(known={7: 0.25, 8: 0.25}), [0.5, 0.25, 3.0])
    assert (faded.value, faded.own_baseline, faded.own_n) == (0.5, 0.5, 3)
    tiny = shared_of(**{f"novelty|{PEERS}": [0.5, 0.25]})
    assert counterparty_novelty.measure(moment(shared=tiny), [0.5, 0.5, 1.0]).peer_baseline == 0.5


def test_what_payments_to_new_and_known_ones_teach():
    """Own counts fade in time, peers' by one in two thousand; the first payment teaches the peers nothing."""
    shared = shared_of(**{f"novelty|{PEERS}": [10.0, 3.0]})
    own = [8.0, 2.0, 12.0]
    counterparty_novelty.learn(moment(ago=90.0, shared=shared, known={1: 1.0}), own)
    assert own == [5.0, 2.0, 13.0]
    assert shared.groups[f"novelty|{PEERS}"] == pytest.approx([10 * 0.9995 + 1, 3 * 0.9995 + 1])
    counterparty_novelty.learn(moment(ago=-90.0, shared=shared, known={7: 1.0}), own)
    assert own == [5.5, 2.0, 14.0]
    assert shared.groups[f"novelty|{PEERS}"] == pytest.approx(
        [(10 * 0.9995 + 1) * 0.9995 + 1, (3 * 0.9995 + 1) * 0.9995]
    )
    fresh, own = Shared(), [0.0, 0.0, 0.0]
    counterparty_novelty.learn(moment(seen=0, shared=fresh), own)
    assert (own, fresh.groups) == ([1.0, 0.0, 1.0], {})
    counterparty_novelty.learn(moment(seen=1, shared=fresh), own)
    assert (own, fresh.groups) == ([2.0, 1.0, 2.0], {f"novelty|{PEERS}": [1.0, 1.0]})
