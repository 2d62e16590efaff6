"""Two versions compared, on alerts chosen by hand: what each figure is taken over, and how sure it is."""

import numpy as np
import pytest

from detectors.testbed.comparison import BudgetComparison, compare
from detectors.testbed.draws import Draws
from detectors.testbed.judgement import AS_SHIPPED, PRODUCT, JudgedResult, Settings, System, judge
from detectors.testbed.statistics import Difference, Interval, paired_ratio, paired_share
from tests.support.synthetic_result import case, ground, lookalike, payment

HOW = Settings(budgets=(1,), resamples=200, seed=3)
NOTHING = Difference(None, None, None, 0)
# Eight cases of one payment, of 100, 200, ... 800 USD, two a day; T16 are the last two.
CASES = [case(f"{'T16' if n > 5 else 'T01'}-{n}", f"c{n}", [f"c{n}"], (n // 2, n // 2)) for n in range(8)]
ALIKE = [lookalike("rent", f"a{n}", [f"a{n}"]) for n in range(7)]


def judged(*alerts: str, history=(), cases=CASES, alike=ALIKE, baselines=()) -> JudgedResult:
    """A version that raised alerts on these events: eight cases, seven look-alikes and four honest payments."""
    events = [(f"c{n}", n // 2, 100 * (n + 1)) for n in range(8)]
    events += [(f"a{n}", 4, 10) for n in range(7)] + [(f"h{n}", n, 10) for n in range(4)]
    rows = [
        payment(name, name, day, usd=usd, history=name in history, alert_id=name if name in alerts else None)
        for name, day, usd in events
    ]
    told = ground(rows, cases, alike)
    return judge(told, baselines, HOW)


def shipped(first: JudgedResult, second: JudgedResult) -> BudgetComparison:
    """The comparison of the alerts really raised."""
    (told,) = [one for one in compare(first, second).budgets if one.budget == AS_SHIPPED]
    return told


def cases(*found: int) -> np.ndarray:
    """By case, whether it is one of these."""
    return np.isin(np.arange(8), found)


SIX_MORE = judged("c0", "c1", "c2", "c3", "c4", "c5", "h0"), judged("c6", "h0", "h1")


def test_money_is_the_sum_of_the_cases_found_in_dollars():
    """2 100 USD against 700; the interval is that of the sums, resampled by case."""
    told = shipped(*SIX_MORE).illicit_usd
    assert (told.a, told.b, told.difference) == pytest.approx((2100.0, 700.0, 1400.0))
    assert (told.n, told.differing) == (8, 7)
    more = np.array([100, 200, 300, 400, 500, 600, -700, 0])
    sums = Draws(200, 3).of("cases", 8) @ more
    assert (told.interval.low, told.interval.high) == pytest.approx(tuple(np.quantile(sums, [0.025, 0.975])))


def test_shares_are_as_sure_as_the_exact_test():
    """Six won and one lost of eight: the sign test says one in eight is luck, so the interval holds no change."""
    told = shipped(*SIX_MORE)
    assert told.recall == paired_share(cases(0, 1, 2, 3, 4, 5), cases(6), Draws(200, 3).of("cases", 8))
    assert (told.recall.difference, told.recall.differing) == (0.625, 7)
    assert told.recall.interval.low < 0.0
    assert told.by_typology == {
        "T01": paired_share(np.ones(6, np.bool_), np.zeros(6, np.bool_), Draws(200, 3).of("cases of T01", 6)),
        "T16": paired_share(cases()[6:], cases(6)[6:], Draws(200, 3).of("cases of T16", 2)),
    }
    assert told.by_typology["T01"].interval.low > 0.0, "six of six: 1 in 32 is luck"
    assert (told.only_first, told.only_second) == (("T01-0", "T01-1", "T01-2", "T01-3", "T01-4", "T01-5"), ("T16-6",))


def test_look_alikes_are_shares_too():
    """Six more of seven are alerted on and one fewer: that may be luck."""
    told = shipped(judged("a0", "a1", "a2", "a3", "a4", "a5"), judged("a6")).lookalikes
    first = np.arange(7) < 6
    assert told == paired_share(first, ~first, Draws(200, 3).of("look-alikes", 7))
    assert told.interval.low < 0.0 < told.difference


def test_a_look_alike_that_one_version_could_not_alert_on_is_left_out():
    """Its only payment is history in the second version: the first one's alert on it is no fault of the first's."""
    first, second = judged("a0", "a1"), judged("a2", history=("a0",))
    told = shipped(first, second).lookalikes
    assert (told.a, told.b, told.n) == (1 / 6, 1 / 6, 6)
    assert shipped(second, first).lookalikes.n == 6


def test_precision_counts_the_days_of_either_version():
    """The first day is history in the second version: it raised no alert there, and the first's alerts count."""
    day = ("c0", "c1", "h0")
    told = shipped(judged("c0", "h0", "c2", "h1"), judged("c0", "c2", "c3", "h1", "h2", history=day)).precision
    first = np.array([1, 1, 0, 0, 0]), np.array([2, 2, 0, 0, 0])
    second = np.array([0, 2, 0, 0, 0]), np.array([0, 3, 1, 0, 0])
    assert (told.a, told.b) == (0.5, 0.5)
    assert told == paired_ratio(first, second, Draws(200, 3).of("days", 5))


def test_of_nothing_there_is_no_difference():
    """Without cases, look-alikes or a day outside history there is nothing to compare, and nothing is 0."""
    empty = judged("h0", cases=(), alike=())
    told = shipped(empty, empty)
    assert told.recall == told.lookalikes == told.illicit_usd == NOTHING
    assert (told.by_typology, told.precision.b) == ({}, 0.0)
    past = judge(ground([payment("c0", "c0", 0, history=True)], CASES[:1]), (), HOW)
    assert shipped(past, past).precision == NOTHING
    assert shipped(past, past).recall == Difference(0.0, 0.0, 0.0, 1, Interval(0.0, 0.0), 0)


def test_every_figure_is_resampled_by_draws_of_its_own_name():
    """The judge and the gate ask for draws by name: cases, cases of a typology, look-alikes and days."""
    chance = np.random.Generator(np.random.PCG64(4))
    # the second loses half and wins nothing: the bootstrap's interval is then wider than the exact test's
    hits = [(one, one & (chance.random(60) < 0.5)) for one in chance.random((3, 60)) < 0.7]
    names = [f"{kind}{n}" for kind in "cah" for n in range(60)]
    planted = [case(f"T01-{n}", f"c{n}", [f"c{n}"], (n, n)) for n in range(60)]
    alike = [lookalike("rent", f"a{n}", [f"a{n}"]) for n in range(60)]
    first, second = (
        judge(
            ground(
                [
                    payment(name, name, at % 60, alert_id=name if hit else None)
                    for at, (name, hit) in enumerate(zip(names, np.concatenate([c, a, h]), strict=True))
                ],
                planted,
                alike,
            ),
            (),
            HOW,
        )
        for c, a, h in zip(*hits, strict=True)
    )
    told, draws = shipped(first, second), Draws(200, 3)
    (one, other), by_day = hits[0], np.sum(hits, axis=0)
    assert told.recall == paired_share(one, other, draws.of("cases", 60))
    assert told.recall.interval != paired_share(one, other, draws.of("days", 60)).interval
    assert told.by_typology == {"T01": paired_share(one, other, draws.of("cases of T01", 60))}
    assert told.lookalikes == paired_share(*hits[1], draws.of("look-alikes", 60))
    assert told.precision == paired_ratio((one, by_day[0]), (other, by_day[1]), draws.of("days", 60))


@pytest.mark.parametrize("changed", [{"cases": CASES[:7]}, {"alike": ALIKE[:6]}], ids=["cases", "look-alikes"])
def test_versions_judged_by_another_truth_are_refused(changed):
    """Other cases, or only other look-alikes, make no pairs."""
    with pytest.raises(ValueError, match="same cases"):
        compare(judged("c0"), judged("c0", **changed))


def test_only_the_product_is_compared_at_the_budgets_of_both():
    """A baseline judged beside it gives no budget of its own; a budget of one version alone is left out."""
    chance = System("chance", "It knows nothing.", np.arange(19.0))
    both = judged("c0", baselines=(chance,))
    assert [one.budget for one in compare(both, both).budgets] == [1, AS_SHIPPED]
    wider = judge(both.ground, (), Settings(budgets=(1, 2), resamples=200))
    assert [one.budget for one in compare(wider, both).budgets] == [1, AS_SHIPPED]
    other = judge(both.ground, (), Settings(budgets=(2,), resamples=200))
    assert [one.budget for one in compare(other, both).budgets] == [AS_SHIPPED]
    assert both.outcomes[PRODUCT, AS_SHIPPED].found.sum() == 1
