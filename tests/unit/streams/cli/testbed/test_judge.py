"""The judgement as a whole: monotone in the budget, the same every time, and two versions compared."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.testbed.comparison import compare
from detectors.testbed.judgement import AS_SHIPPED, PRODUCT, Settings, System, canonical_hash, judge
from detectors.testbed.statistics import Interval
from tests.support.synthetic_result import case, ground, lookalike, payment

FEW = Settings(budgets=(1, 2, 5), resamples=200, seed=1)


def stream(scores, found_by=None):
    """40 parties over 10 days, the first ten with a case of two payments each; above a score of 0.2 an alert.

    Where `found_by` is given, its parties score high when their case begins, and the others with a case never.
    """
    rows = []
    for place in range(400):
        party, day = place % 40, place // 40
        score = float(scores[place]) * 0.5
        if found_by is not None and party < 10:
            score = 0.9 if party in found_by and day == 2 else 0.0
        # the larger amounts are the cases', so that of a day's alerts they are read first
        raised = f"alert {party}-{day}" if score > 0.2 else None
        rows.append(payment(f"e{party}-{day}", f"p{party}", day, score, usd=2000 - party, alert_id=raised))
    cases = [
        case(f"T{1 + number % 3:02}-{number:04}", f"p{number}", [f"e{number}-2", f"e{number}-3"], (2, 3))
        for number in range(10)
    ]
    return ground(rows, cases, [lookalike("rent", "p20"), lookalike("rent", "p21")])


SCORES = np.random.Generator(np.random.PCG64(5)).random(400)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_recall_never_falls_when_the_budget_grows(seed):
    """Whatever the scores: recall, USD found and look-alikes never fall with the budget, leaks never grow."""
    told = judge(stream(np.random.Generator(np.random.PCG64(seed)).random(400)), (), FEW).judgement
    figures = told.system(PRODUCT).budgets[:-1]
    assert [one.budget for one in figures] == [1, 2, 5]
    for less, more in pairwise(figures):
        assert less.recall.overall.value <= more.recall.overall.value
        assert less.money.found.value <= more.money.found.value
        assert less.money.moved_before.value >= more.money.moved_before.value
        assert less.money.illicit_leaked.value >= more.money.illicit_leaked.value
        assert less.lookalikes.rate.value <= more.lookalikes.rate.value


def test_two_judgements_are_the_same_bytes():
    """Equal inputs give equal reports, and another seed moves intervals only."""
    first, again = (msgspec.json.encode(judge(stream(SCORES), (), FEW).judgement) for _ in range(2))
    assert first == again
    moved = judge(stream(SCORES), (), msgspec.structs.replace(FEW, seed=2)).judgement
    same = msgspec.json.decode(first)["systems"][0]["budgets"][1]["recall"]["overall"]
    assert moved.system(PRODUCT).at(2).recall.overall.value == same["value"]


def test_a_version_against_itself_differs_by_nothing():
    """Every difference is exactly 0 and every interval [0, 0]; no case is found by one alone."""
    judged = judge(stream(SCORES), (), FEW)
    told = compare(judged, judged)
    assert [one.budget for one in told.budgets] == [1, 2, 5, AS_SHIPPED]
    for one in told.budgets[:-1]:
        for figure in (one.recall, one.precision, one.illicit_usd, one.lookalikes, *one.by_typology.values()):
            assert (figure.difference, figure.interval) == (0.0, Interval(0.0, 0.0))
        assert one.only_first == one.only_second == ()


def test_a_version_that_finds_more_is_told_so():
    """One that puts eight of the ten cases first finds more beyond noise; turned round, less by as much."""
    wide = msgspec.structs.replace(FEW, budgets=(10,))
    better, worse = judge(stream(SCORES, range(8)), (), wide), judge(stream(SCORES, range(2)), (), wide)
    forth, back = (compare(*pair).budgets[0] for pair in ((better, worse), (worse, better)))
    assert (forth.recall.a, forth.recall.b) == (0.8, 0.2)
    # ten alerts on each of ten days, 8 and 2 of them on events of cases
    assert (forth.precision.a, forth.precision.b) == (8 / 100, 2 / 100)
    assert forth.only_second == ()
    assert forth.recall.interval.low > 0.0
    assert forth.illicit_usd.interval.low > 0.0
    assert back.recall.interval == Interval(-forth.recall.interval.high, -forth.recall.interval.low)
    assert set(forth.only_first) == set(back.only_second)
    assert len(forth.only_first) == 6


def test_baselines_are_judged_beside_the_product():
    """A baseline that knows the truth finds everything at its budget; it gives no reasons and ships nothing."""
    told = stream(SCORES)
    perfect = System("perfect", "It knows.", told.illicit.astype(np.float64))
    figures = judge(told, (perfect,), msgspec.structs.replace(FEW, budgets=(10,))).judgement.system("perfect").budgets
    assert [one.budget for one in figures] == [10]
    assert figures[0].fidelity is None
    assert figures[0].recall.on_events.value == figures[0].precision.share.value == 1.0


def test_versions_judged_by_other_truths_are_not_compared():
    """Other cases make no pairs; other budgets leave only what was shipped."""
    judged = judge(stream(SCORES), (), FEW)
    other = judge(ground([payment("e", "p0", 0)], [case("T01-0000", "p0", ["e"], (0, 0))]), (), FEW)
    with pytest.raises(ValueError, match="same cases"):
        compare(judged, other)


def test_as_shipped_counts_the_alerts_that_were_raised():
    """Rows with an alert id are the alerts, however they were chosen; history is none."""
    rows = [
        payment("a0", "a", 0, alert_id="1"),
        payment("a1", "a", 0.5, alert_id="2"),
        payment("b0", "b", 0),
        payment("h", "b", 0, alert_id="3", history=True),
    ]
    told = judge(ground(rows, [case("T01-0001", "a", ["a0"], (0, 0))]), (), FEW).judgement
    shipped = told.system(PRODUCT).at(AS_SHIPPED)
    assert (shipped.precision.alerts, shipped.precision.share.value) == (2, 0.5)
    outcome = judge(ground(rows, [case("T01-0001", "a", ["a0"], (0, 0))]), (), FEW).outcomes[PRODUCT, AS_SHIPPED]
    assert outcome.alerts.tolist() == [True, True, False, False]


def test_what_no_rule_looks_for_is_said():
    """T99 is planted, and no rule looks for it: only the models can find it. T03's rule is the shared agent's."""
    told = judge(stream(SCORES), (), FEW).judgement.stream
    assert told.without_rule == ()
    assert told.cases == {"T01": 4, "T02": 3, "T03": 3}
    rows = [payment("a", "a", 0), payment("b", "b", 0)]
    cases = [case("T99-0001", "a", ["a"], (0, 0)), case("T03-0002", "b", ["b"], (0, 0))]
    assert judge(ground(rows, cases), (), FEW).judgement.stream.without_rule == ("T99",)


def test_cold_payments_are_counted():
    """One of two scored payments outside history has no rank yet: half is cold; an amendment is none of them."""
    rows = [payment(name, name, 0, history=name == "c") for name in ("a", "b", "c", "d")]
    told = ground(rows)
    told.sheet.scored[3] = False
    told.sheet.rank[[1, 2, 3]] = np.nan
    assert judge(told, (), FEW).judgement.stream.cold_share == 0.5


def test_a_system_that_does_not_fit_is_refused():
    """Scores of another sheet, and settings without a budget, are faults of the caller."""
    with pytest.raises(ValueError, match="does not fit"):
        judge(stream(SCORES), (System("odd", "", np.zeros(3)),), FEW)
    with pytest.raises(ValueError, match="out of range"):
        judge(stream(SCORES), (), Settings(budgets=()))


def test_the_hash_leaves_timings_out():
    """Timings differ from run to run; a figure must not."""
    report = {"timings": {"us": 1.0}, "judgement": {"recall": 0.5}, "report_hash": ""}
    assert canonical_hash(report) == canonical_hash({**report, "timings": {"us": 2.0}, "report_hash": "x"})
    assert canonical_hash(report) != canonical_hash({**report, "judgement": {"recall": 0.6}})
