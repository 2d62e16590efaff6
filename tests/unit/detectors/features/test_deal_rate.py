"""Deal rates by hand: measured against the market of the hour, else the peers, else own deals."""

from typing import Any

import pytest

from detectors.features import Feature, Shared, deal_rate
from detectors.features.baselines import token_hash
from tests.support.feature_moment import NOW, moment, shared_of, spreads

RATE = "rate|out|web|USD"
HOUR = 3600.0


def hashed(institution: str) -> float:
    return float(token_hash(institution) & 0xFFFFFFFF)


def group(
    over_reference: tuple[float, ...] = (20.0, 9.0, 20.0, 5.0),
    over_market: tuple[float, ...] = (20.0, 9.0, 1.0, 4.0),
    deals: tuple[tuple[str, float, float], ...] = (),
) -> list[float]:
    """Peers with the last deals of institutions: name, bp, seconds ago."""
    kept = [number for name, bp, ago in deals for number in (hashed(name), bp, NOW - ago)]
    return [*over_reference, *over_market, *kept, *[0.0] * (15 - len(kept))]


def measured(peers: list[float] | None, own: list[float], **changes: Any) -> Feature:
    shared = Shared() if peers is None else shared_of(**{RATE: peers})
    return deal_rate.measure(moment(shared=shared, **changes), own)


OWN = [3.0, 4.0, 10.0, 8.0]
THREE = (("one", 90.0, 60.0), ("two", 100.0, 120.0), ("three", 140.0, HOUR))


def test_the_market_of_the_hour_is_what_is_usual():
    """30 bp where three others got 90, 100 and 140: 71 below their median and the usual 1 over it, whatever 20 is."""
    found = measured(group(deals=THREE), OWN)
    assert found == Feature("deal_rate", 30.0, "bp", spreads(30.0 - 100.0, 1.0, 4.0, 9.0), 10.0, 3, 100.0)


@pytest.mark.parametrize(
    "deals",
    [
        (("one", 90.0, 60.0), ("bank", 100.0, 60.0)),  # the own institution has no word
        (("one", 90.0, 60.0), ("two", 100.0, HOUR + 1)),  # an old deal has none
        (("one", 90.0, 60.0), ("two", 100.0, -HOUR - 1)),  # nor has one dated beyond the hour to come
        (),
    ],
)
def test_fewer_than_two_others_are_no_market(deals):
    """Then the peers over the reference say what is usual."""
    found = measured(group(deals=deals), OWN)
    assert found == Feature("deal_rate", 30.0, "bp", spreads(30.0, 20.0, 5.0, 9.0), 10.0, 3, 20.0)


def test_a_market_counts_from_twenty_deals_over_it():
    """Nineteen tell no spread yet."""
    found = measured(group(over_market=(19.0, 9.0, 1.0, 4.0), deals=THREE), OWN)
    assert (found.deviation, found.peer_baseline) == (spreads(30.0, 20.0, 5.0, 9.0), 20.0)


@pytest.mark.parametrize(
    ("seen", "peers", "far"),
    [
        (3.0, group(over_reference=(19.0, 9.0, 20.0, 5.0), deals=THREE), (30.0, 10.0, 8.0, 4.0)),
        (3.0, None, (30.0, 10.0, 8.0, 4.0)),
        (2.0, None, None),
    ],
)
def test_without_peers_own_deals_say_what_is_usual(seen, peers, far):
    """From three on; with fewer nothing does."""
    found = measured(peers, [seen, 4.0, 10.0, 8.0])
    expected = None if far is None else spreads(*far)
    assert found == Feature("deal_rate", 30.0, "bp", expected, 10.0, int(seen), None)


def test_a_deal_without_a_rate_is_not_measured():
    """Its baselines are shown all the same."""
    found = measured(group(), OWN, deal_deviation_bp=None)
    assert found == Feature("deal_rate", None, "bp", None, 10.0, 3, 20.0)
    assert measured(None, [0.0] * 4).own_baseline is None


def test_what_deals_teach():
    """The first: 50 bp of spread; never under 5; the peers of direction, channel and currency learn by count."""
    shared, own = Shared(), [0.0] * 4
    deal_rate.learn(moment(shared=shared), own)
    assert own == [1.0, 1.0, 30.0, 50.0]
    assert shared.groups == {RATE: group((1.0, 1.0, 30.0, 50.0), (0.0,) * 4, (("bank", 30.0, 0.0),))}
    deal_rate.learn(moment(shared=shared, deal_deviation_bp=None), own)
    assert own == [1.0, 1.0, 30.0, 50.0]
    assert shared.groups == {RATE: group((1.0, 1.0, 30.0, 50.0), (0.0,) * 4, (("bank", 30.0, 0.0),))}


def test_what_is_over_the_market_is_learned_where_there_is_one():
    """The deviation from the median of two others, 65 bp."""
    shared = shared_of(**{RATE: group(over_market=(0.0,) * 4, deals=(("one", 90.0, 60.0), ("two", 100.0, 60.0)))})
    deal_rate.learn(moment(shared=shared), [0.0] * 4)
    assert shared.groups[RATE][4:8] == [1.0, 1.0, -65.0, 50.0]


def test_each_institution_has_one_word_the_last():
    """A later deal replaces it, a late one does not; the one that dealt longest ago gives its place away."""
    five = tuple(
        (name, 10.0, ago) for name, ago in (("a", 50.0), ("b", 40.0), ("c", 90.0), ("d", 20.0), ("bank", 30.0))
    )
    shared = shared_of(**{RATE: group(deals=five)})
    deal_rate.learn(moment(shared=shared), [0.0] * 4)
    assert shared.groups[RATE][20:] == [hashed("bank"), 30.0, NOW]
    deal_rate.learn(moment(shared=shared, event_time_s=NOW - 1, deal_deviation_bp=77.0), [0.0] * 4)
    assert shared.groups[RATE][20:] == [hashed("bank"), 30.0, NOW]
    deal_rate.learn(moment(shared=shared, institution="new", deal_deviation_bp=5.0), [0.0] * 4)
    assert shared.groups[RATE][14:17] == [hashed("new"), 5.0, NOW]
    assert len(shared.groups[RATE]) == 23


def test_one_sender_is_no_market_however_much_it_deals():
    """A hundred dear deals of one bank leave the median of the others where it was."""
    shared = shared_of(**{RATE: group(deals=(("one", 90.0, 60.0), ("two", 100.0, 60.0)))})
    for _ in range(100):
        deal_rate.learn(moment(shared=shared, institution="flood", deal_deviation_bp=900.0), [0.0] * 4)
    assert deal_rate.measure(moment(shared=shared), OWN).peer_baseline == 100.0
