"""Features: measured against the past before it is learned, honest about what is not known, small and exact state."""

import itertools
import math
import random
from typing import get_args

import pytest

from detectors.contracts.configuration import Channel
from detectors.contracts.events import PartyType
from detectors.features import NAMES, REGISTRY, EventView, Shared, observe
from detectors.features.baselines import token_hash
from streams.contracts.iso_registers import COUNTRIES, CURRENCIES

DAY = 86_400.0
START = 1.75e9


def view(day=0.0, **changes):
    """An ordinary payment, `day` days after the start."""
    usual = {
        "event_time_s": START + day * DAY,
        "direction": "out",
        "party_type": "company",
        "channel": "web",
        "country": "VN",
        "currency": "USD",
        "purpose": None,
        "institution": "bank",
        "counterparty": "k.1.supplier",
        "amount_usd": 1000.0,
        "deal_deviation_bp": 30.0,
        "no_document": True,
        "local_hour": 10.5,
        "local_weekday": 1,
        "doc_line_ratio": 0.2,
        "sum_7d_usd": 1000.0,
    }
    return EventView(**usual | changes)


def history(count, shared=None, every=3.0, seed=1, **changes):
    """A party's packed past after `count` ordinary payments, one every `every` days; returns (past, shared)."""
    rng, past, shared = random.Random(seed), b"", shared or Shared()
    for index in range(count):
        amount = 1000.0 * math.exp(rng.gauss(0, 0.2))
        parts = {"amount_usd": amount, "sum_7d_usd": 2 * amount, "deal_deviation_bp": rng.gauss(30, 5)} | changes
        _, past = observe(view(index * every, **parts), past, shared)
    return past, shared


def measured(past, shared, day, **changes):
    """Features by name, of one more event."""
    return {feature.name: feature for feature in observe(view(day, **changes), past, shared)[0]}


def test_the_first_event_of_a_party_is_measured_against_nothing():
    """Without any past no feature has a deviation or an own baseline: nothing is made up."""
    features, _ = observe(view(), b"", Shared())
    assert [feature.name for feature in features] == list(NAMES)
    for feature in features:
        assert feature.deviation is None
        assert feature.own_n == 0
        assert feature.own_baseline is None
        assert feature.peer_baseline is None


@pytest.mark.parametrize("fault", [None, math.nan, math.inf, -1.0, 0.0])
def test_what_is_not_known_is_never_a_number(fault):
    """An amount that is missing or impossible gives None for value and deviation, and is not learned."""
    past, shared = history(30)
    faulty = {"amount_usd": fault, "sum_7d_usd": fault, "doc_line_ratio": fault}
    found = measured(past, shared, 91, **faulty, deal_deviation_bp=None if fault is None else math.nan)
    for name in ("amount_own", "amount_corridor", "week_sum", "deal_rate", "document_line", "slow_boiling"):
        assert (found[name].value, found[name].deviation) == (None, None), name
    _, after = observe(view(91, **faulty, deal_deviation_bp=None), past, shared)
    usual = measured(after, shared, 94)["amount_own"]
    assert usual.own_n == 30
    assert usual.own_baseline == pytest.approx(1000.0, rel=0.2)


def test_a_large_amount_stands_out_against_the_own_past():
    """Twenty times the usual amount lies more than 8 spreads out; the usual one within 2."""
    past, shared = history(40)
    assert measured(past, shared, 121, amount_usd=20_000.0)["amount_own"].deviation > 8
    usual = measured(past, shared, 121, amount_usd=1000.0)["amount_own"]
    assert abs(usual.deviation) < 2
    assert usual.own_n == 40
    assert usual.own_baseline == pytest.approx(1000.0, rel=0.15)


def test_measuring_comes_before_learning():
    """The same past and peers give the same features, however large this event: it is no part of its own yardstick."""
    past, shared = history(40)
    copy = Shared.from_state(shared.to_state())
    small, large = measured(past, shared, 121), measured(past, copy, 121, amount_usd=1e6)
    for name in NAMES:
        assert small[name].own_baseline == large[name].own_baseline
        assert small[name].peer_baseline == large[name].peer_baseline


def test_one_payment_of_a_billion_does_not_move_the_baseline_far():
    """After an absurd amount the usual one is still usual and a tenfold one still odd."""
    past, shared = history(40)
    _, past = observe(view(120, amount_usd=1e15), past, shared)
    assert measured(past, shared, 123)["amount_own"].own_baseline == pytest.approx(1000.0, rel=0.25)
    assert measured(past, shared, 123, amount_usd=10_000.0)["amount_own"].deviation > 4


def test_cadence_sees_a_burst():
    """A payment a minute after the last, by someone who pays every third day, is far below the usual gap."""
    past, shared = history(40)
    fast = measured(past, shared, 117 + 1 / 1440)["cadence"]
    assert fast.deviation < -8
    assert fast.own_baseline == pytest.approx(3.0, rel=0.1)
    assert abs(measured(past, shared, 120)["cadence"].deviation) < 1


def test_a_new_counterparty_surprises_only_where_it_is_unusual():
    """Surprise at a new counterparty is high for who always pays the same one, low for who always pays a new one."""
    loyal, shared = history(40)
    found = measured(loyal, shared, 121, counterparty="k.2.stranger")["counterparty_novelty"]
    assert found.value == 0.0
    assert found.deviation > 3
    assert measured(loyal, shared, 121)["counterparty_novelty"].deviation == 0.0
    roaming, shared = b"", Shared()
    for index in range(40):
        _, roaming = observe(view(index, counterparty=f"k.3.{index}"), roaming, shared)
    assert measured(roaming, shared, 41, counterparty="k.2.stranger")["counterparty_novelty"].deviation < 0.2


def test_night_and_sunday_surprise_a_daytime_payer():
    """An hour and a weekday never used before are rarer than the usual ones, which surprise by 0."""
    past, shared = history(40)
    usual, odd = measured(past, shared, 121), measured(past, shared, 121, local_hour=3.2, local_weekday=6)
    assert (usual["hour"].deviation, usual["weekday"].deviation) == (0.0, 0.0)
    assert odd["hour"].deviation > 3
    assert odd["weekday"].deviation > 3
    assert odd["hour"].own_baseline == 10.5
    assert odd["weekday"].own_baseline == 1


def test_an_off_market_rate_stands_out():
    """200 bp by someone who deals at 30 bp within a few is many spreads out, on either side."""
    past, shared = history(40)
    assert measured(past, shared, 121, deal_deviation_bp=200.0)["deal_rate"].deviation > 10
    assert measured(past, shared, 121, deal_deviation_bp=-200.0)["deal_rate"].deviation < -10


def test_closeness_to_the_line_counts_only_without_documents():
    """Just under the line without papers is odd among peers; with papers it does not apply; above the line it is 0."""
    past, shared = history(40)
    assert measured(past, shared, 121, doc_line_ratio=0.99)["document_line"].deviation > 2
    assert measured(past, shared, 121, doc_line_ratio=1.2)["document_line"].deviation == 0.0
    assert measured(past, shared, 121, doc_line_ratio=0.99, no_document=False)["document_line"].deviation is None


def test_slow_growth_shows_in_fast_over_slow():
    """Payments that grow 3 % each stay near every amount baseline, yet the 7-day flow outgrows the 90-day flow."""
    past, shared = b"", Shared()
    for index in range(120):
        _, past = observe(view(index * 2.0, amount_usd=1000.0 * 1.03**index), past, shared)
    grown = measured(past, shared, 240, amount_usd=1000.0 * 1.03**120)
    assert abs(grown["amount_own"].deviation) < 4
    assert grown["slow_boiling"].value > 1.6
    steady, shared = history(120, every=2.0)
    assert measured(steady, shared, 240)["slow_boiling"].value == pytest.approx(1.0, abs=0.6)


def test_old_habits_fade():
    """After a year at a new level, the new level is the baseline; the old one is odd."""
    past, shared = history(40)
    for index in range(120):
        _, past = observe(view(120 + 3 * index, amount_usd=8000.0), past, shared)
    found = measured(past, shared, 120 + 360, amount_usd=8000.0)["amount_own"]
    assert found.own_baseline == pytest.approx(8000.0, rel=0.1)
    assert abs(found.deviation) < 1


@pytest.mark.parametrize("late_by", [0.5, 40.0, 3000.0])
def test_late_events_are_measured_and_do_not_turn_time_back(late_by):
    """A late event has no cadence, is measured otherwise, weighs what it would have faded to, and gaps stay right."""
    past, shared = history(40)
    features, after = observe(view(117 - late_by, amount_usd=5000.0), past, shared)
    found = {feature.name: feature for feature in features}
    assert found["cadence"].value is None
    assert found["amount_own"].deviation > 3
    assert measured(after, shared, 120)["cadence"].value == pytest.approx(3.0)
    moved = math.log(measured(after, shared, 120)["amount_own"].own_baseline / found["amount_own"].own_baseline)
    assert 0 <= moved < 0.05
    if late_by == 3000.0:
        assert moved == pytest.approx(0.0, abs=1e-6)


def test_a_partys_past_takes_at_most_610_bytes():
    """However many counterparties, habits and payments; a usual past takes under 300 bytes."""
    past, shared = b"", Shared()
    for index in range(300):
        event = view(index / 5, counterparty=f"k.1.{index % 90}", country=f"{index % 70}", institution=f"b{index % 80}")
        _, past = observe(event, past, shared)
    assert len(past) == 610
    assert len(history(50)[0]) <= 300


def test_the_same_events_give_the_same_bytes():
    """Two runs give equal features, equal pasts and equal peer state."""
    one, two = history(60, seed=4), history(60, seed=4)
    assert one[0] == two[0]
    assert one[1].to_state() == two[1].to_state()
    assert measured(*one, 200) == measured(*two, 200)


def test_peers_survive_a_round_trip():
    """Shared baselines saved and loaded are bit-exact, in the order that decides the next eviction."""
    _, shared = history(30)
    loaded = Shared.from_state([("other", b""), *shared.to_state()])
    assert loaded.to_state() == shared.to_state()
    assert list(loaded.groups) == list(shared.groups)


def test_peer_groups_are_bounded():
    """Beyond the bound the group unused for longest goes; one used meanwhile stays."""
    shared = Shared(maximum=3)
    for key in ("a", "b", "c"):
        shared.touch(key, 1)[0] = 1.0
    shared.touch("a", 1)
    shared.touch("d", 1)
    assert list(shared.groups) == ["c", "a", "d"]
    assert shared.peek("b") is None


def test_there_is_room_for_every_group_that_senders_can_make():
    """A payment of each country, currency, channel, direction and party type pushes no group out."""
    shared = Shared()
    observe(view(country="AQ", currency="USD"), b"", shared)
    first = set(shared.groups)
    codes = itertools.zip_longest(sorted(COUNTRIES), sorted(CURRENCIES))
    for (country, currency), direction, kind in itertools.product(codes, ("out", "in"), get_args(PartyType)):
        for channel in get_args(Channel):
            observe(
                view(
                    country=country or "AQ",
                    currency=currency or "USD",
                    direction=direction,
                    party_type=kind,
                    channel=channel,
                ),
                b"",
                shared,
            )
    assert len(shared.groups) > 4096
    assert first <= set(shared.groups)


def test_reading_peers_changes_nothing():
    """Looking at a group neither makes it nor counts as use."""
    shared = Shared()
    assert shared.peek("nowhere") is None
    assert shared.groups == {}


def test_damaged_or_foreign_pasts_are_refused():
    """A past that is torn, of another format or of another set of features is an error, not a wrong baseline."""
    past, shared = history(5)
    for wrong in (past[:-1], b"\x09" + past[1:], past[:2] + b"\x00\x00" + past[4:], past[:1] + b"\xff" + past[2:]):
        with pytest.raises(ValueError, match="party baselines"):
            observe(view(), wrong, shared)
    with pytest.raises(ValueError, match=r"features\.shared"):
        Shared.from_state([])
    with pytest.raises(ValueError, match="damaged"):
        Shared.from_state([("features.shared", b"\xc1")])


def test_token_hashes_are_the_same_in_every_process():
    """Counterparties are remembered under a fixed hash, not Python's salted one."""
    assert token_hash("k1.0a3.supplier") == 14600761422281519273


def test_names_are_unique_and_described():
    """Each registered feature has its own name and a summary."""
    assert len(set(NAMES)) == len(NAMES)
    assert all(definition.summary for definition in REGISTRY)
