"""Amounts, gaps, weeks and times of day by hand: measured against a past and peers that are written down."""

from math import exp, inf, log, nan

import pytest

from detectors.features import Feature, Shared, amount_corridor, amount_own, cadence, hour, week_sum, weekday
from tests.support.feature_moment import DAY, LARGEST, PEERS, moment, shared_of, spreads

# -- the moment ----------------------------------------------------------------------------------------------------


def test_what_is_known_of_an_event_and_its_place_in_time():
    """After a half-life of 90 days older observations keep half; the gap is in seconds, the age from the first."""
    one = moment(ago=90.0, first_ago=100.0)
    assert (one.key, one.amount, one.week, one.line, one.rate) == (PEERS, 1000.0, 2000.0, 0.2, 30.0)
    assert (one.gap_s, one.fade, one.weight, one.age_s) == (90 * DAY, 0.5, 1.0, 100 * DAY)
    assert (one.seen, one.counterparty, one.known) == (10, 7, {})


def test_a_late_event_fades_nothing_and_weighs_less():
    """90 days behind the newest: half; one at the same time is not late, and before the first the age is 0."""
    late = moment(ago=-90.0)
    assert (late.gap_s, late.fade, late.weight) == (None, 1.0, 0.5)
    assert moment(ago=-45.0).weight == pytest.approx(0.5**0.5)
    same = moment(ago=0.0)
    assert (same.gap_s, same.fade, same.weight) == (0.0, 1.0, 1.0)
    assert moment(ago=-2.0, first_ago=-1.0).age_s == 0.0


def test_the_first_event_has_no_past():
    """Whatever times an empty past has."""
    first = moment(seen=0, ago=5.0)
    assert (first.gap_s, first.fade, first.weight, first.age_s) == (None, 1.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("given", "positive", "bounded"),
    [
        (None, None, None),
        (nan, None, None),
        (inf, None, None),
        (-inf, None, None),
        (0.0, None, 0.0),
        (-5.0, None, -5.0),
        (1e-9, 1e-9, 1e-9),
        (1e300, LARGEST, LARGEST),
        (-1e300, None, -LARGEST),
    ],
)
def test_amounts_are_positive_and_rates_either_side_within_bounds(given, positive, bounded):
    """What is no such number is not known; what is beyond 1e30 counts as that."""
    one = moment(amount_usd=given, sum_7d_usd=given, doc_line_ratio=given, deal_deviation_bp=given)
    assert (one.amount, one.week, one.line) == (positive, positive, positive)
    assert one.rate == bounded


# -- amounts -------------------------------------------------------------------------------------------------------


def test_an_amount_is_measured_in_logarithms_of_the_own_past():
    """Own location 500 USD, spread 0.5, weight 4; peers' usual amount is shown beside it."""
    shared = shared_of(**{f"amount|{PEERS}": [3.0, 3.0, log(800.0), 1.0]})
    own = [5.0, 4.0, log(500.0), 0.5]
    assert amount_own.measure(moment(shared=shared), own) == Feature(
        "amount_own",
        1000.0,
        "USD",
        spreads(log(1000), log(500), 0.5, 4.0),
        pytest.approx(500.0),
        5,
        pytest.approx(800.0),
    )
    assert amount_own.measure(moment(shared=shared, amount_usd=None), own) == Feature(
        "amount_own", None, "USD", None, pytest.approx(500.0), 5, pytest.approx(800.0)
    )


@pytest.mark.parametrize(("seen", "known"), [(2.0, False), (3.0, True)])
@pytest.mark.parametrize(("feature", "name"), [(amount_own, "amount"), (cadence, "gap"), (week_sum, "week")])
def test_three_own_observations_make_a_spread(feature, name, seen, known):
    """With two there is a usual value and no deviation."""
    measured = feature.measure(moment(ago=1.0), [seen, 2.0, 1.0, 0.5])
    assert (measured.deviation is not None) == known
    assert measured.own_baseline is not None
    assert measured.peer_baseline is None
    assert feature.measure(moment(ago=1.0), [0.0, 0.0, 0.0, 0.0]).own_baseline is None


def test_what_amounts_teach():
    """The first value is the location, with a spread of 1 in the logarithm; a gap of 90 days halves older weight."""
    own = [0.0] * 4
    amount_own.learn(moment(), own)
    assert own == [1.0, 1.0, log(1000.0), 1.0]
    amount_own.learn(moment(ago=90.0, amount_usd=1000.0 * exp(0.3)), own)
    # weight 1.5: a step of 1 / 1.5 towards it; the spread counts two prior observations in
    assert own == pytest.approx([2.0, 1.5, log(1000) + 0.3 / 1.5, 1 + (1.25 * 0.3 - 1) / 3.5])
    before = list(own)
    amount_own.learn(moment(amount_usd=None), own)
    assert own == before
    flat = [10.0, 1.0, log(1000.0), 0.05]
    amount_own.learn(moment(), flat)
    assert flat[3] == 0.05  # fees and rates alone make this much


# -- corridors -----------------------------------------------------------------------------------------------------


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


# -- time ----------------------------------------------------------------------------------------------------------


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
