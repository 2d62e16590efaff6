"""Counterparties, deal rates, the document line and slow growth by hand, and how an event is remembered."""

from math import exp, log

import pytest

from detectors.features import (
    LAYOUT,
    REGISTRY,
    Feature,
    Shared,
    counterparty_novelty,
    deal_rate,
    document_line,
    measure_again,
    observe,
    slow_boiling,
)
from detectors.features.baselines import token_hash
from tests.support.feature_moment import DAY, NOW, PEERS, moment, shared_of, spreads, view

# -- whom, and at what rate ----------------------------------------------------------------------------------------


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


# -- the document line ---------------------------------------------------------------------------------------------

LINE = f"line|{PEERS}"


@pytest.mark.parametrize(
    ("ratio", "closeness"),
    [(0.2, 0.0), (0.8, 0.0), (0.9, 0.5), (0.99, 0.95), (1.0, 1.0), (1.0001, 0.0), (5.0, 0.0)],
)
def test_closeness_rises_to_the_line_and_ends_there(ratio, closeness):
    """From 0.8 of it; measured in the peers' spreads over their usual closeness, never under 0."""
    shared = shared_of(**{LINE: [20.0, 9.0, 0.1, 0.25, 20.0, 9.0, 0.6, 0.3]})
    own = [4.0, 3.5, 0.7, 0.1]
    far = pytest.approx(max(0.0, (closeness - 0.1) / 0.25))
    assert document_line.measure(moment(shared=shared, doc_line_ratio=ratio), own) == Feature(
        "document_line", ratio, "ratio", far, 0.7, 4, 0.6
    )


def test_with_documents_or_without_peers_the_line_says_nothing():
    """Baselines are shown all the same; 19 peer payments are none."""
    shared = shared_of(**{LINE: [20.0, 9.0, 0.1, 0.25, 20.0, 9.0, 0.6, 0.3]})
    own = [4.0, 3.5, 0.7, 0.1]
    for changes in ({"no_document": False}, {"doc_line_ratio": None}):
        assert document_line.measure(moment(shared=shared, **changes), own) == Feature(
            "document_line", None, "ratio", None, 0.7, 4, 0.6
        )
    few = shared_of(**{LINE: [19.0, 9.0, 0.1, 0.25, 19.0, 9.0, 0.6, 0.3]})
    for young in (few, Shared()):
        found = document_line.measure(moment(shared=young, doc_line_ratio=0.9), own)
        assert (found.value, found.deviation, found.peer_baseline) == (0.9, None, None)
    assert document_line.measure(moment(), [0.0] * 4).own_baseline is None


def test_what_payments_without_papers_teach():
    """Own ratios fade in time; peers' closeness and ratio by count; a ratio beyond 3 counts as 3."""
    shared, own = Shared(), [0.0] * 4
    document_line.learn(moment(shared=shared, doc_line_ratio=0.9), own)
    assert own == [1.0, 1.0, 0.9, 0.3]
    assert shared.groups == {LINE: pytest.approx([1.0, 1.0, 0.5, 0.3, 1.0, 1.0, 0.9, 0.3])}
    own = [1.0, 1.0, 0.9, 0.1]
    shared = shared_of(**{LINE: [1.0, 1.0, 0.5, 0.1, 1.0, 1.0, 0.9, 0.1]})
    document_line.learn(moment(ago=90.0, shared=shared, doc_line_ratio=0.9), own)
    assert own == pytest.approx([2.0, 1.5, 0.9, 0.1])
    assert shared.groups == {LINE: pytest.approx([2.0, 2.0, 0.5, 0.1, 2.0, 2.0, 0.9, 0.1])}
    shared, own = Shared(), [0.0] * 4
    document_line.learn(moment(shared=shared, doc_line_ratio=50.0), own)
    assert (own[2], shared.groups[LINE][2], shared.groups[LINE][6]) == (3.0, 0.0, 3.0)
    for changes in ({"no_document": False}, {"doc_line_ratio": None}):
        fresh, own = Shared(), [0.0] * 4
        document_line.learn(moment(shared=fresh, **changes), own)
        assert (own, fresh.groups) == ([0.0] * 4, {})


# -- slow growth ---------------------------------------------------------------------------------------------------

SLOW = 90 * DAY / log(2)


def flows(fast: float, slow: float, amount: float, gap: float, age: float) -> float:
    """The 7-day flow with this payment over the slow flow, each for the days there were."""
    quick = (fast * exp(-gap / 7) + amount) / (7 * (1 - exp(-age / 7)))
    calm = slow * 0.5 ** (gap / 90) / (90 / log(2) * (1 - exp(-age * log(2) / 90)))
    return quick / calm


def test_growth_is_the_logarithm_of_fast_over_slow():
    """And 0 where it shrinks."""
    for amount in (1000.0, 9000.0):
        ratio = flows(500.0, 30_000.0, amount, 2.0, 60.0)
        found = slow_boiling.measure(moment(ago=2.0, first_ago=60.0, amount_usd=amount), [500.0, 30_000.0, 20.0, 25.0])
        assert found == Feature(
            "slow_boiling", pytest.approx(ratio), "ratio", pytest.approx(max(0.0, log(ratio))), 1.0, 25, None
        )
    assert flows(500.0, 30_000.0, 1000.0, 2.0, 60.0) < 1 < flows(500.0, 30_000.0, 9000.0, 2.0, 60.0)


@pytest.mark.parametrize(
    ("own", "changes", "known"),
    [
        ([1.0, 1.0, 1.0, 5.0], {"first_ago": 14.0}, True),
        ([1.0, 1.0, 1.0, 4.0], {"first_ago": 14.0}, False),
        ([1.0, 1.0, 1.0, 5.0], {"first_ago": 13.99}, False),
        ([1.0, 0.5, 0.5, 5.0], {}, True),
        ([1.0, 0.0, 1.0, 5.0], {}, False),
        ([1.0, 1.0, 0.0, 5.0], {}, False),
        ([1.0, 1.0, 1.0, 5.0], {"amount_usd": None}, False),
        ([1.0, 1.0, 1.0, 5.0], {"ago": -1.0}, False),
        ([0.0, 1.0, 1.0, 5.0], {"amount_usd": 5e-324}, False),  # too small a flow for a number
        ([1.0, 1.0, 1.0, 5.0], {"ago": 400_000.0, "first_ago": 500_000.0}, False),  # all of it has faded
    ],
)
def test_growth_needs_two_weeks_and_five_payments(own, changes, known):
    """And a payment that is not late, of a known amount, after others that have not faded to nothing."""
    found = slow_boiling.measure(moment(**changes), list(own))
    assert (found.value is not None) == (found.deviation is not None) == (found.own_baseline is not None) == known
    assert (found.name, found.unit, found.own_n, found.peer_baseline) == ("slow_boiling", "ratio", int(own[3]), None)


def test_a_burst_does_not_carry_its_own_yardstick():
    """The slow sum takes at most three times the mean payment, from the fifth payment on."""
    own = [100.0, 4000.0, 10.0, 5.0]
    slow_boiling.learn(moment(ago=90.0, amount_usd=9000.0), own)
    assert own == pytest.approx([100 * exp(-90 / 7) + 9000, 2000 + 1200, 6.0, 6.0])
    young = [100.0, 4000.0, 10.0, 4.0]
    slow_boiling.learn(moment(amount_usd=9000.0), young)
    assert young == [9100.0, 13_000.0, 11.0, 5.0]  # at the same second as the one before: nothing has faded
    small = [100.0, 4000.0, 10.0, 5.0]
    slow_boiling.learn(moment(amount_usd=1000.0), small)
    assert small == pytest.approx([1100.0, 5000.0, 11.0, 6.0])
    half = [100.0, 300.0, 0.5, 5.0]
    slow_boiling.learn(moment(amount_usd=9000.0), half)
    assert half == pytest.approx([9100.0, 300 + 1800, 1.5, 6.0])
    none = [100.0, 4000.0, 0.0, 5.0]
    slow_boiling.learn(moment(amount_usd=9000.0), none)
    assert none == pytest.approx([9100.0, 13_000.0, 1.0, 6.0])


def test_a_late_payment_adds_what_is_left_of_it_and_an_unknown_one_fades():
    """A week late: 1/e of it in the fast sum, 2^(-7/90) in the slow one; without an amount nothing is counted."""
    own = [0.0, 0.0, 0.0, 0.0]
    slow_boiling.learn(moment(ago=-7.0), own)
    left = 0.5 ** (7 / 90)
    assert own == pytest.approx([1000 * exp(-1), 1000 * left, left, 1.0])
    own = [100.0, 4000.0, 10.0, 5.0]
    slow_boiling.learn(moment(ago=90.0, amount_usd=None), own)
    assert own == pytest.approx([100 * exp(-90 / 7), 2000.0, 5.0, 5.0])


# -- all of them ---------------------------------------------------------------------------------------------------


def test_an_event_is_measured_learned_and_remembered():
    """Times of first and newest event, the counterparty, the number of payments; a late one moves only the first."""
    shared = Shared()
    found, packed = observe(view(), b"", shared)
    assert [each.name for each in found] == [each.name for each in REGISTRY]
    past = LAYOUT.unpack(packed)
    supplier = token_hash("k.1.supplier")
    assert (past.seen, past.first_s, past.last_s, past.known) == (1, NOW, NOW, {supplier: 1.0})
    _, packed = observe(view(event_time_s=NOW + 90 * DAY, counterparty="k.1.other"), packed, shared)
    past = LAYOUT.unpack(packed)
    assert (past.seen, past.first_s, past.last_s) == (2, NOW, NOW + 90 * DAY)
    assert past.known == {supplier: 0.5, token_hash("k.1.other"): 1.0}
    _, packed = observe(view(event_time_s=NOW - DAY), packed, shared)
    past = LAYOUT.unpack(packed)
    assert (past.seen, past.first_s, past.last_s) == (3, NOW - DAY, NOW + 90 * DAY)
    assert past.known[supplier] == pytest.approx(0.5 + 0.5 ** (91 / 90))
    past.seen = 0xFFFFFFFF
    _, packed = observe(view(), LAYOUT.pack(past), shared)
    assert LAYOUT.unpack(packed).seen == 0xFFFFFFFF


def test_a_payment_is_measured_again_as_if_it_had_not_been_learned():
    """Two to one payee, one to a new one that is measured again: as new as it was, by gaps that are not known.

    Nothing is learned. Told a half-life before the party's newest payment, it has half the weight to be taken out.
    """
    shared, packed = Shared(), b""
    for number, name in enumerate(("a", "a", "b")):
        event = view(event_time_s=NOW + number * DAY, counterparty=name)
        first, packed = observe(event, packed, shared)
    groups, novelty = {name: list(group) for name, group in shared.groups.items()}, named(first, "counterparty_novelty")
    again = measure_again(event, packed, shared, NOW + 2 * DAY)
    assert [one.name for one in again] == [feature.name for feature in REGISTRY]
    assert shared.groups == groups
    assert (named(again, "counterparty_novelty").value, novelty.value) == (0.0, 0.0)
    assert named(again, "counterparty_novelty").deviation > 0
    assert (named(again, "cadence").value, named(first, "cadence").value) == (None, 1.0)
    assert named(again, "amount_corridor").own_n == 2
    known = measure_again(view(event_time_s=NOW, counterparty="a"), packed, shared, NOW)
    assert named(known, "counterparty_novelty").deviation == 0.0
    # 90 days on, half of the new payee's payment is left; the word was told then, later, or 90 days before
    _, later = observe(view(event_time_s=NOW + 92 * DAY, counterparty="a"), packed, shared)
    event = view(event_time_s=NOW + 92 * DAY, counterparty="b")
    for days, left in ((2, 0.0), (30, 0.0), (-88, 0.25)):
        found = measure_again(event, later, shared, NOW + days * DAY)
        share = left / (2 * 0.5 + 1 + left)
        assert named(found, "counterparty_novelty").value == pytest.approx(share, abs=0.01)


def named(features: tuple[Feature, ...], name: str) -> Feature:
    return next(one for one in features if one.name == name)
