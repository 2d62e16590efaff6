"""Fairness on alerts whose groups are known."""

import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.fairness import Fairness
from detectors.testbed.party_days import party_days
from detectors.testbed.statistics import Interval, wilson
from tests.support.draws_asked import Asked
from tests.support.synthetic_result import case, ground, mask, payment

DRAWS = Draws(300, 1)


def test_groups_are_each_partys_own():
    """Three parties, in order: of KR-11, of no region known, of KR-26 on day 0 and KR-11 on day 1."""
    rows = [
        payment("a0", "a", 0, region="KR-11"),
        payment("a1", "a", 1, region="KR-11", size="small"),
        payment("b0", "b", 0),
        payment("b1", "b", 1),
        payment("c0", "c", 0, region="KR-26"),
        payment("c1", "c", 1, region="KR-11"),
    ]
    told, asked = ground(rows), Asked()
    groups = Fairness(told, party_days(told), asked).of(mask(6, 0, 4, 5))["region"]
    assert [(one.group, one.party_days, one.alerted) for one in groups] == [
        ("KR-11", 3, 2),
        ("KR-26", 1, 1),
        ("unknown", 2, 0),
    ]
    assert [(one.rate.n, one.ratio.n) for one in groups] == [(3, 3), (1, 1), (2, 2)]
    assert [one.ratio.value for one in groups] == pytest.approx([4 / 3, 2.0, 0.0])
    # one party type, two sizes, three regions, one bank: seven groups. Three of six party-days were alerted on
    assert groups[2].ratio.interval == Interval(0.0, pytest.approx(2 * wilson(0, 2, 1 - 0.05 / 7).high))
    assert asked.names == {("honest parties", 3)}


def test_one_honest_party_is_one_observation():
    """However many days it has; nobody honest is in no group."""
    told, asked = ground([payment("a0", "a", 0), payment("a1", "a", 1)]), Asked()
    (group,) = Fairness(told, party_days(told), asked).of(mask(2, 0))["party_type"]
    assert (group.ratio.value, asked.names) == (1.0, {("honest parties", 1)})
    alone = ground([payment("a", "a", 0)], [case("T01-0001", "a", ["a"], (0, 0))])
    assert Fairness(alone, party_days(alone), DRAWS).of(mask(1, 0)) == dict.fromkeys(
        ("party_type", "size", "region", "institution"), ()
    )


def test_fairness_by_hand():
    """Persons: 2 of 4 honest party-days alerted; companies 1 of 6. Overall 3 of 10: ratios 5/3 and 5/9."""
    rows = [payment(f"p{day}", "p", day, party_type="person", score=0.5) for day in range(4)]
    rows += [payment(f"c{day}", f"c{day % 2}", day, party_type="company", region="KR-11") for day in range(6)]
    rows += [payment("z", "z", 0, party_type="company")]
    told = ground(rows, [case("T01-0001", "z", ["z"], (0, 0))])
    days = party_days(told)
    figures = Fairness(told, days, DRAWS).of(mask(11, 0, 1, 5, 10))
    company, person = figures["party_type"]
    assert (person.group, person.party_days, person.alerted, person.rate.value) == ("person", 4, 2, 0.5)
    assert (company.party_days, company.alerted) == (6, 1)
    assert (person.ratio.value, company.ratio.value) == pytest.approx((5 / 3, 5 / 9))
    assert [group.group for group in figures["region"]] == ["KR-11", "unknown"]
    assert person.ratio.interval.low < 5 / 3 < person.ratio.interval.high


def test_equal_treatment_is_a_ratio_of_one():
    """Everybody alerted on alike: every ratio and its interval is exactly 1."""
    rows = [payment(f"{name}{day}", name, day, institution=f"BANK{name}") for name in "abcdef" for day in range(3)]
    told = ground(rows)
    for group in Fairness(told, party_days(told), DRAWS).of(mask(18, *range(18)))["institution"]:
        assert (group.ratio.value, group.ratio.interval.low, group.ratio.interval.high) == (1.0, 1.0, 1.0)


def test_everybody_involved_in_a_case_is_no_honest_party():
    """A helper named by the truth is no honest party, even where none of the case's events is its own."""
    rows = [payment("e", "a", 0), payment("h", "helper", 0), payment("x", "honest", 0)]
    days = party_days(ground(rows, [case("T03-0001", "a", ["e"], (0, 0), party_ids=("a", "helper"))]))
    assert sorted(days.honest.tolist()) == [False, False, True]


def test_a_group_without_alerts_has_wilsons_interval():
    """Of three party-days of the second bank none was alerted on; overall 1 of 4; five groups are looked at."""
    rows = [payment("a", "a", 0), *(payment(f"b{day}", "b", day, institution="BANKB") for day in range(3))]
    told = ground(rows)
    banks = Fairness(told, party_days(told), DRAWS).of(mask(4, 0))["institution"]
    # one party type, no size, no region, two banks: five groups
    assert banks[1].ratio.value == 0.0
    assert (banks[1].rate.value, banks[1].rate.interval) == (0.0, wilson(0, 3, 1 - 0.05 / 5))
    assert banks[1].ratio.interval == Interval(0.0, pytest.approx(4 * wilson(0, 3, 1 - 0.05 / 5).high))


def test_intervals_are_widened_for_the_number_of_groups():
    """The more groups are looked at, the wider each one's interval: 30 banks widen that of the only party type's."""
    few = [
        payment(f"{party}{day}", f"p{party}", day, party_type="person" if party % 2 else "company")
        for party in range(30)
        for day in range(4)
    ]
    many = [{**row, "institution": f"BANK{row['party']}"} for row in few]
    alerts = mask(120, *range(0, 120, 3), *range(1, 40, 8))
    widths = []
    for rows in (few, many):
        told = ground(rows)
        around = Fairness(told, party_days(told), Draws(2000, 1)).of(alerts)["party_type"][0].ratio.interval
        widths.append(around.high - around.low)
    assert widths[0] < widths[1]


def test_no_honest_alert_has_no_ratio():
    """Without any honest alert nobody is treated worse, and no ratio can be told."""
    told = ground([payment("a", "a", 0), payment("b", "b", 0)])
    assert Fairness(told, party_days(told), DRAWS).of(mask(2))["party_type"][0].ratio.value is None
