"""Properties of detection that must hold whatever comes in."""

import math

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.alerting.reasons import reasons
from detectors.contracts.configuration import DetectorSet
from detectors.features import NAMES, EventView, Feature, Shared, observe
from detectors.models.sliding_window import SlidingWindow
from detectors.ranking.budget import Budget
from detectors.ranking.ensemble import Scorer
from detectors.ranking.fusion import fuse

SHARE = st.floats(0, 1)
MAYBE = st.none() | st.floats()
VIEWS = st.builds(
    EventView,
    event_time_s=st.floats(-1e10, 1e10),
    direction=st.sampled_from(["in", "out"]),
    party_type=st.sampled_from(["person", "bank"]),
    channel=st.just("web"),
    country=st.sampled_from(["VN", "US"]),
    currency=st.sampled_from(["USD", "EUR"]),
    purpose=st.sampled_from([None, "10101", "40101"]),
    institution=st.sampled_from(["b", "c", "d"]),
    counterparty=st.sampled_from([f"k.{i}" for i in range(30)]),
    amount_usd=MAYBE,
    deal_deviation_bp=MAYBE,
    no_document=st.booleans(),
    local_hour=st.floats(0, 23.99),
    local_weekday=st.integers(0, 6),
    doc_line_ratio=MAYBE,
    sum_7d_usd=MAYBE,
    trade_terms=st.sampled_from([None, "advance"]),
    turnover_usd=st.one_of(st.none(), st.floats(0.0, 1e30)),
    exchange_inflow_usd=st.one_of(st.none(), st.floats(0.0, 1e30)),
)


@given(SHARE, st.lists(SHARE, max_size=4), SHARE)
def test_the_fused_score_is_monotone_and_in_range(rank, strengths, other):
    """0-1 always; never lower for one rule more, a stronger rule or a rarer rank."""
    score = fuse(rank, strengths)
    assert 0.0 <= score <= 1.0
    assert fuse(rank, [*strengths, other]) >= score - 1e-12
    assert fuse(min(rank, other), strengths) >= score - 1e-12


LARGEST = math.nextafter(math.inf, 0)
# what hypothesis draws once in a hundred runs: a geometric mean of the largest numbers rounds beyond them
EXTREME = EventView(
    event_time_s=0.0,
    direction="in",
    party_type="person",
    channel="web",
    country="VN",
    currency="USD",
    purpose=None,
    institution="b",
    counterparty="k.0",
    amount_usd=LARGEST,
    deal_deviation_bp=LARGEST,
    no_document=False,
    local_hour=0.0,
    local_weekday=0,
    doc_line_ratio=LARGEST,
    sum_7d_usd=LARGEST,
)


@settings(max_examples=60, deadline=None)
@example([EXTREME] * 4 + [msgspec.structs.replace(EXTREME, deal_deviation_bp=-LARGEST)])
@given(st.lists(VIEWS, max_size=25))
def test_features_are_finite_or_none_and_replay_exactly(views):
    """Whatever comes, in any order: features are finite or None, and packing in between changes nothing."""
    past, shared = b"", Shared(maximum=20)
    again, mirror = b"", Shared(maximum=20)
    for view in views:
        features, past = observe(view, past, shared)
        for feature in features:
            for number in (feature.value, feature.deviation, feature.own_baseline, feature.peer_baseline):
                assert number is None or math.isfinite(number), feature
        mirror = Shared.from_state(mirror.to_state())
        repeated, again = observe(view, again, mirror)
        assert (repeated, again) == (features, past)
    assert len(past) <= 610
    assert len(shared.groups) <= 20


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), MAYBE, max_size=10), max_size=60), st.integers(0, 59))
def test_scores_are_in_range_and_survive_a_save_anywhere(deviations, cut):
    """Scores and ranks are 0-1, shares sum to 1 or are empty, and a save and load at any event changes nothing."""
    detector_set = DetectorSet(
        members={
            "robust_z": {},
            "windowed_tails": {"window": 10},
            "half_space_trees": {"trees": 3, "height": 3, "window": 16, "first_window": 4},
        },
        warm_up=5,
        calibration_window=20,
    )
    one, two = Scorer.new(detector_set), Scorer.new(detector_set)
    for index, values in enumerate(deviations):
        if index == cut:
            two = Scorer.from_state(detector_set, two.to_state())
        features = tuple(Feature(name, 1.0, "USD", value, None, 0, None) for name, value in values.items())
        scored = one.score_then_learn(features)
        assert two.score_then_learn(features) == scored
        assert 0.0 <= scored.score <= 1.0
        assert scored.rank is None or 0.0 < scored.rank <= 1.0
        total = math.fsum(share for _, share in scored.contributions)
        assert total == pytest.approx(1.0) if scored.contributions else total == 0.0
        explained = reasons(features, scored)
        assert not explained or math.fsum(r.contribution for r in explained) == pytest.approx(1.0)
    assert one.to_state() == two.to_state()


@given(st.lists(st.floats(allow_nan=False), max_size=80), st.floats(allow_nan=False), st.integers(1, 20))
def test_windows_count_exactly(values, probe, size):
    """Counts equal brute force over the newest values; a round trip keeps them."""
    window = SlidingWindow(size)
    for value in values:
        window.add(value)
    kept = values[-size:]
    loaded = SlidingWindow.from_bytes(size, window.to_bytes())
    for one in (window, loaded):
        assert one.at_least(probe) == sum(value >= probe for value in kept)
        assert one.at_most(probe) == sum(value <= probe for value in kept)
        assert list(one.order) == sorted(kept)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(1e-4, 1), st.integers(0, 5)), max_size=300), st.floats(0, 30), st.integers(1, 4))
def test_a_days_budget_is_never_overspent(offers, daily, partitions):
    """In any order of days, ranked alerts never exceed the opened days' budgets and what one may overdraw."""
    budget = Budget.new(daily, partitions, 0.0, 1)
    opened, highest, selected = 0, -1, 0
    for rank, number in offers:
        if number > highest:
            opened, highest = opened + 1, number
        selected += budget.offer(rank, 0.0, f"2026-01-0{number + 1}") is not None
    assert selected <= opened * daily / partitions + 1
