"""What as many random alerts find, on streams where it can be worked out by hand."""

import hashlib

import msgspec
import numpy as np
import pytest

from detectors.testbed.figures.chance import LOTS, chance
from detectors.testbed.judgement import AS_SHIPPED, Settings, System, judge
from detectors.testbed.party_days import party_days
from detectors.testbed.statistics import Estimate, Interval
from tests.support.synthetic_result import case, ground, lookalike, mask, payment


def crowd():
    """Ten parties, two payments each on one day; of p0 one payment is a case's, p1 is a look-alike."""
    rows = [payment(f"e{party}-{number}", f"p{party}", number / 4, usd=100) for party in range(10) for number in (0, 1)]
    return ground(rows, [case("T01-0001", "p0", ["e0-0"], (0, 0))], [lookalike("rent", "p1")])


def test_draws_are_the_same_everywhere():
    """Draws are pinned: another machine or numpy must give the same ones, of 40 payments a party-day."""
    rows = [payment(f"e{n}", f"p{n % 3}", n % 9 // 3, usd=n) for n in range(360)]
    cases = [case(f"T01-{n:04}", f"p{n % 3}", [f"e{n}"], (n % 9 // 3,) * 2) for n in range(0, 360, 7)]
    told = ground(rows, cases)
    (found,) = chance(told, party_days(told), {2: mask(360, 0, 1, 3, 4, 6)}, 5, 1)
    digest = hashlib.sha256(msgspec.json.encode(found, order="sorted")).hexdigest()
    assert digest == "39dfc03f8e578d6b06b5aa0fee3959acb910f3eeac73d7594544b1ad5b114ec8"


def test_every_draw_may_find_everything():
    """Two parties, both drawn each time: 2 of 2 cases and 20 of 20 USD, so that lowest, mean and highest are 1."""
    told = ground(
        [payment(name, name, 0, usd=10) for name in "ab"], [case(f"T01-{name}", name, [name], (0, 0)) for name in "ab"]
    )
    (found,) = chance(told, party_days(told), {5: mask(2, 0, 1)}, 5, 1)
    assert found.recall == found.on_events == found.by_typology["T01"] == Estimate(1.0, 2, Interval(1.0, 1.0))
    assert found.found_share == Estimate(1.0, 2000, Interval(1.0, 1.0))
    assert found.lookalikes == Estimate(None, 0)
    nobody = ground([payment("a", "a", 0, history=True)])
    assert chance(nobody, party_days(nobody), {5: mask(1)}, 5, 1)[0].recall == Estimate(None, 0)


def test_all_party_days_find_every_party_and_half_the_events():
    """With as many alerts as party-days every party is drawn: recall 1; its one event of two about every other time."""
    told = crowd()
    (found,) = chance(told, party_days(told), {10: mask(20, *range(0, 20, 2))}, 400, 1)
    assert (found.alerts, found.recall.value, found.lookalikes.value) == (10, 1.0, 1.0)
    assert found.on_events.value == pytest.approx(0.5, abs=0.08)
    assert found.precision.value == pytest.approx(found.on_events.value / 10)


def test_three_of_ten_party_days_find_three_of_ten_parties():
    """Three of ten parties are alerted on: chance finds the party in 0.3 of the draws and its event in 0.15."""
    told = crowd()
    (found,) = chance(told, party_days(told), {50: mask(20, 4, 6, 8)}, 2000, 1)
    assert found.alerts == 3
    assert found.recall.value == pytest.approx(0.3, abs=0.04)
    assert found.on_events.value == pytest.approx(0.15, abs=0.03)
    assert (found.recall.interval.low, found.recall.interval.high) == (0.0, 1.0)
    # found at its first payment nothing leaked, at its second all did
    assert found.illicit_leaked_share.value == pytest.approx(0.85, abs=0.03)
    assert found.found_share.value == found.recall.value


def test_as_many_are_drawn_on_each_day():
    """Alerts on the second day only: a case whose window is closed before cannot be found, whatever the draw."""
    rows = [payment(f"e{party}-{day}", f"p{party}", day) for day in (0, 40) for party in range(5)]
    told = ground(rows, [case("T01-0001", "p0", ["e0-0"], (0, 0)), case("T02-0002", "p1", ["e1-40"], (40, 40))])
    (found,) = chance(told, party_days(told), {5: mask(10, *range(5, 10))}, 5, 1)
    assert (found.by_typology["T01"].value, found.by_typology["T02"].value) == (0.0, 1.0)
    assert found.on_events_by_typology["T02"].value == 1.0


def test_two_alerts_on_a_party_are_two_draws():
    """What was shipped may alert on a party twice a day: chance has as many alerts, never more than party-days."""
    told = crowd()
    twice, all_of = chance(told, party_days(told), {50: mask(20, 4, 5), 99: mask(20, *range(20))}, LOTS, 1)
    assert (twice.alerts, all_of.alerts) == (2, 10)


def test_no_alerts_find_nothing_and_no_lots_tell_nothing():
    """A system without any alert is matched by none; 0 draws give no figure instead of one of nothing."""
    told = crowd()
    (found,) = chance(told, party_days(told), {AS_SHIPPED: mask(20)}, LOTS, 1)
    assert (found.alerts, found.recall.value, found.precision.value) == (0, 0.0, None)
    assert chance(told, party_days(told), {1: mask(20)}, 0, 1) == ()


def test_history_is_never_drawn():
    """A case whose payments are all history is out of chance's reach too."""
    rows = [payment("h", "a", 0, history=True), payment("x", "b", 50)]
    told = ground(rows, [case("T01-0001", "a", ["h"], (0, 0))])
    (found,) = chance(told, party_days(told), {1: mask(2, 1)}, LOTS, 1)
    assert found.recall.value == 0.0


def test_the_judgement_tells_chance_at_each_budget_of_the_product():
    """Budgets and as shipped; the same for equal seeds; baselines have no chance of their own."""
    told, settings = crowd(), Settings(budgets=(2, 5), resamples=50)
    judged = judge(told, (System("flat", "All alike.", np.ones(20)),), settings).judgement
    assert [one.budget for one in judged.chance] == [2, 5, AS_SHIPPED]
    assert judged.as_many(5).alerts == judged.system("fxwatch").at(5).precision.alerts
    assert judged == judge(told, (System("flat", "All alike.", np.ones(20)),), settings).judgement
    assert judged.as_many(7) is None
