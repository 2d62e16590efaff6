"""Fidelity of explanations on alerts whose reasons are known."""

import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.fidelity import TopReasons
from detectors.testbed.statistics import Estimate, wilson
from tests.support.draws_asked import Asked
from tests.support.synthetic_result import case, ground, mask, payment

DRAWS = Draws(300, 1)


def explained():
    """Six payments of cases, told apart by their reasons, and an honest one.

    T01: named by the rule; by a weaker rule beside a wrong stronger one; by an expected feature. T04 (no rule): by an
    expected feature; by another feature; without any reason.
    """
    rows = [
        payment("e0", "a", 0, fired=[("T16", 0.3), ("T01", 0.8)], reasons=[("hour", 1.0)]),
        payment("e1", "a", 1, fired=[("T01", 0.5), ("T16", 0.9)], reasons=[("sum_7d", 1.0)]),
        payment("e2", "a", 2, reasons=[("sum_7d", 0.7), ("hour", 0.3)]),
        payment("e3", "b", 0, reasons=[("cadence", 0.6), ("hour", 0.4)]),
        payment("e4", "b", 1, reasons=[("hour", 0.6), ("cadence", 0.4)]),
        payment("e5", "b", 2),
        payment("h0", "c", 0, fired=[("T01", 1.0)]),
    ]
    cases = [
        case("T01-0001", "a", ["e0", "e1", "e2"], (0, 2), expected=(("T01",), ("sum_7d",))),
        case("T04-0002", "b", ["e3", "e4", "e5"], (0, 2), expected=((), ("cadence",))),
    ]
    return ground(rows, cases)


def test_fidelity_by_hand():
    """Right are e0 (rule), e2 and e3 (features); wrong e1 (another rule is stronger), e4 and e5: 3 of 6."""
    told = TopReasons(explained()).of(mask(7, *range(7)), DRAWS)
    assert (told.named.share.value, told.named.share.n) == (0.5, 6)
    assert (told.by_typology["T01"].share.value, told.by_typology["T04"].share.value) == (2 / 3, 1 / 3)
    rule, models = told.by_kind["a rule fired"], told.by_kind["models only"]
    assert (rule.share.value, rule.share.n) == (0.5, 2)
    assert (models.share.value, models.share.n) == (0.5, 4)
    assert told.wrong == {"T16": 1, "hour": 1, "no reason": 1}


def test_fidelity_is_of_true_alerts_only():
    """An honest party's alert has no right reason to be measured by; without a true alert there is no figure."""
    assert TopReasons(explained()).of(mask(7, 6), DRAWS).named.share.value is None
    told = TopReasons(explained()).of(mask(7, 0, 3, 6), DRAWS).named.share
    assert (told.value, told.n) == (1.0, 2)
    assert told.interval.low < 0.5


def test_chance_level_of_fidelity_by_hand():
    """Seven reasons are dealt: T01 twice, T16, sum_7d, cadence, hour and none.

    T01's cases expect T01 or sum_7d: 3 of 7; T04's cadence: 1 of 7; six alerts, half of each: 2/7. Among the three
    with a fired rule T01 is 2 of 3; among the four without, sum_7d and cadence are 1 of 4 each.
    """
    told = TopReasons(explained()).of(mask(7, *range(7)), DRAWS)
    assert told.named.chance == pytest.approx(2 / 7)
    assert (told.by_typology["T01"].chance, told.by_typology["T04"].chance) == pytest.approx((3 / 7, 1 / 7))
    assert told.by_kind["a rule fired"].chance == pytest.approx(2 / 3)
    assert told.by_kind["models only"].chance == pytest.approx(1 / 4)
    assert TopReasons(explained()).of(mask(7, 6), DRAWS).named.chance is None


def test_where_the_truth_is_silent_its_own_typology_is_expected():
    """A case without `expected`: its typology is right, no feature is."""
    rows = [payment("e0", "a", 0, fired=[("T01", 0.5)]), payment("e1", "a", 1, reasons=[("sum_7d", 1.0)])]
    told = TopReasons(ground(rows, [case("T01-0001", "a", ["e0", "e1"], (0, 1))]))
    assert told.right.tolist() == [True, False]


def test_an_event_of_two_cases_may_have_either_ones_reasons():
    """Row 0 belongs to both cases: T01 and T02 are right, sum_7d and cadence too; it is counted with the first case.

    Row 1 belongs to the second alone, row 2 to none.
    """
    rows = [
        payment("e0", "a", 0, fired=[("T01", 0.9)]),
        payment("e1", "a", 1, fired=[("T01", 0.9)]),
        payment("h", "b", 0),
    ]
    cases = [
        case("T01-0001", "a", ["e0"], (0, 0), expected=(("T01",), ("sum_7d",))),
        case("T02-0002", "a", ["e0", "e1"], (0, 1), expected=(("T02",), ("cadence",))),
    ]
    told = TopReasons(ground(rows, cases))
    assert (told.right.tolist(), told.case.tolist()) == ([True, False, False], [0, 1, -1])
    assert sorted(told.of(mask(3, 0, 1), DRAWS).by_typology) == ["T01", "T02"]
    for reason, right in (("sum_7d", True), ("cadence", True), ("hour", False)):
        rows[0] = payment("e0", "a", 0, reasons=[(reason, 1.0)])
        assert TopReasons(ground(rows, cases)).right.tolist() == [right, False, False]


def test_what_is_not_scored_is_not_dealt():
    """Of history and of an amendment no reason is dealt: only e0's T01 and e1's hour are, 1 of 2 right for each."""
    rows = [
        payment("e0", "a", 0, fired=[("T01", 1.0)]),
        payment("e1", "a", 1, reasons=[("hour", 1.0)]),
        payment("h", "b", 0, fired=[("T16", 1.0)], history=True),
        payment("x", "b", 1, fired=[("T17", 1.0)]),
        payment("y", "b", 1, reasons=[("zone", 1.0)], history=True),
    ]
    told = ground(rows, [case("T01-0001", "a", ["e0", "e1"], (0, 1))])
    told.sheet.scored[3] = False
    named = TopReasons(told).of(mask(5, 0, 1), DRAWS)
    assert named.named.chance == 0.5
    assert (named.by_kind["a rule fired"].chance, named.by_kind["models only"].chance) == (1.0, 0.0)


def test_wrong_reasons_are_told_from_the_most_frequent_on():
    """Ten at most: `r00` three times, `r11` twice, the others once each by name, of which the last two are left out."""
    names = [f"r{number:02}" for number in reversed(range(12))] + ["r00", "r00", "r11"]
    rows = [payment(f"e{number}", "a", number, reasons=[(name, 1.0)]) for number, name in enumerate(names)]
    told = ground(rows, [case("T01-0001", "a", [row["event_id"] for row in rows], (0, 14))])
    wrong = TopReasons(told).of(mask(15, *range(15)), DRAWS).wrong
    assert list(wrong.items()) == [("r00", 3), ("r11", 2), *[(f"r{number:02}", 1) for number in range(1, 9)]]


def several(*right: list[bool]):
    """For each list a case of T01 on a party of its own, with an alert for each entry: rightly named or not."""
    rows, cases = [], []
    for number, each in enumerate(right):
        events = [f"e{number}-{place}" for place in range(len(each))]
        rows += [
            payment(event, f"p{number}", place, fired=[("T01" if good else "T16", 1.0)])
            for place, (event, good) in enumerate(zip(events, each, strict=True))
        ]
        cases.append(case(f"T01-{number:04}", f"p{number}", events, (0, len(each))))
    asked = Asked()
    told = TopReasons(ground(rows, cases)).of(mask(len(rows), *range(len(rows))), asked)
    return told.by_typology["T01"].share, asked.names


def test_alerts_that_are_all_right_or_all_wrong_have_wilsons_interval():
    """Over the alerts, for none of them says how cases vary; one case alone says nothing of others either."""
    assert several([True, True], [True]) == (Estimate(1.0, 3, wilson(3, 3)), set())
    assert several([False, False], [False]) == (Estimate(0.0, 3, wilson(0, 3)), set())
    assert several([True, False]) == (Estimate(0.5, 2, wilson(1, 2)), set())


def test_cases_of_alerts_are_resampled():
    """Two cases that differ: their two is what is resampled, however many alerts each has."""
    share, asked = several([True, False], [False])
    assert (share.value, share.n, asked) == (pytest.approx(1 / 3), 3, {("cases", 2)})
    assert share.interval != wilson(1, 3)
    assert several([True], [False])[1] == {("cases", 2)}


def test_one_cases_alerts_have_wilsons_interval():
    """Three alerts of one case, two named rightly: one case cannot be resampled."""
    told = TopReasons(explained()).of(mask(7, 0, 1, 2), DRAWS).named.share
    assert (told.value, told.interval) == (2 / 3, wilson(2, 3))
