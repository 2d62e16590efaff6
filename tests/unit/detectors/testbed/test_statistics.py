"""Intervals and calibration on cases whose answer is known beforehand."""

import hashlib
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.testbed.draws import Draws
from detectors.testbed.statistics import (
    Bin,
    Difference,
    Estimate,
    Interval,
    Reliability,
    bootstrap_ratio,
    draw_counts,
    exact_pairs,
    paired_bootstrap,
    paired_ratio,
    paired_share,
    percentile_interval,
    reliability,
    resampled_sums,
    share_of,
    wilson,
)


def bootstrap_share(hits: np.ndarray, resamples: int, seed: int) -> Estimate:
    """A share of units: every denominator is 1."""
    return bootstrap_ratio(hits, np.ones(len(hits), np.int64), draw_counts(len(hits), resamples, seed))


def test_draws_are_the_same_everywhere():
    """The draws' bytes are pinned: another machine, numpy or block size must give the same resamples."""
    counts = draw_counts(50, 40, 7, "recall")
    assert counts.shape == (40, 50)
    assert (counts.sum(axis=1) == 50).all()
    digest = hashlib.sha256(counts.astype("<u2").tobytes()).hexdigest()
    assert digest == "4a4eca9eb608a41cfecade31f9481ef8ab5cc494dde4603a41cb9c0b2ca58a28"


def test_draws_do_not_depend_on_the_block(monkeypatch):
    """Drawing a row at a time, or seven (the last four by themselves), gives what drawing all at once gives."""
    whole = draw_counts(30, 25, 3)
    for rows in (1, 7):
        monkeypatch.setattr("detectors.testbed.statistics._BLOCK", 30 * rows)
        assert (draw_counts(30, 25, 3) == whole).all()
    assert (draw_counts(30, 1, 3) == whole[:1]).all()


def test_seed_and_name_make_other_draws():
    """Another seed or question is resampled on its own; the same one gives the same draws."""
    first = draw_counts(30, 25, 3, "a")
    assert (draw_counts(30, 25, 3, "a") == first).all()
    assert not (draw_counts(30, 25, 4, "a") == first).all()
    assert not (draw_counts(30, 25, 3, "b") == first).all()


def test_every_unit_is_drawn_alike():
    """Over 4 000 resamples of 10 units each is drawn about 4 000 times (5 standard deviations: 300)."""
    totals = draw_counts(10, 4000, 1).sum(axis=0)
    assert np.abs(totals - 4000).max() < 300


@pytest.mark.parametrize(("units", "resamples"), [(0, 5), (5, 0)])
def test_nothing_to_resample_is_refused(units, resamples):
    """No units or no resamples give no interval but an error that says so."""
    with pytest.raises(ValueError, match="nothing to resample"):
        draw_counts(units, resamples, 1)


def test_sums_of_large_amounts_are_exact():
    """Amounts whose sum stays below 2^53 come out to the cent."""
    counts = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]])
    cents = np.array([2**50 + 1, 1, 2**50 + 3])
    assert resampled_sums(counts, cents).tolist() == [3 * 2**50 + 5, 3]


def test_sums_of_absurd_amounts_do_not_overflow():
    """Amounts near 2^62 lose their lowest bits, not their size."""
    counts = np.array([[4.0, 0.0], [1.0, 3.0]])
    sums = resampled_sums(counts, np.array([2**62, 2**61]))
    assert sums.tolist() == [2.0**64, 2.0**62 + 3 * 2.0**61]
    # bits that cannot be kept are cut off before anything is added: rounding sums would depend on their order
    assert resampled_sums(np.ones((1, 1)), np.array([2**53 + 3])).tolist() == [2.0**53 + 2]


def test_the_largest_sums_that_are_exact():
    """One amount of 2^53 - 1 keeps its last cent, two that make 2^53 - 2 too; no unit has a sum of nothing."""
    assert resampled_sums(np.ones((1, 1)), np.array([2**53 - 1])).tolist() == [2**53 - 1]
    assert resampled_sums(np.ones((1, 2)), np.array([2**52 - 1, 2**52 - 1])).tolist() == [2**53 - 2]
    assert resampled_sums(np.ones((2, 0)), np.array([], np.int64)).tolist() == [0.0, 0.0]


def test_sums_of_columns():
    """Two columns of amounts are summed on the same resamples."""
    counts = np.array([[2.0, 0.0], [1.0, 1.0]])
    assert resampled_sums(counts, np.array([[5, -7], [1, 2]])).tolist() == [[10.0, -14.0], [6.0, -5.0]]


def test_percentile_interval_by_hand():
    """Of 0, 1, ..., 1000 the central 95 % runs from 25 to 975; samples that say nothing are left out."""
    samples = np.append(np.arange(1001.0), [np.nan] * 10)
    told = percentile_interval(samples)
    assert (told.low, told.high) == pytest.approx((25.0, 975.0))
    assert percentile_interval(np.array([np.nan])) is None


def test_a_share_by_hand():
    """3 of 12: the value is a quarter, the interval holds it and stays in 0-1."""
    share = bootstrap_share(np.array([1] * 3 + [0] * 9), 2000, 1)
    assert (share.value, share.n) == (0.25, 12)
    assert 0.0 <= share.interval.low < 0.25 < share.interval.high <= 0.6


def test_a_share_of_nothing_has_no_value():
    """No units: no value and no interval instead of 0."""
    assert bootstrap_ratio(np.array([0, 0]), np.array([0, 0]), draw_counts(2, 10, 1)) == Estimate(None, 0)
    assert bootstrap_ratio(np.array([], np.int64), np.array([], np.int64), np.empty((5, 0))) == Estimate(None, 0)
    assert share_of(0, 0) == Estimate(None, 0)


def test_a_share_with_wilsons_interval():
    """3 of 12: a quarter of twelve."""
    assert share_of(3, 12) == Estimate(0.25, 12, wilson(3, 12))


def test_the_percentile_bootstrap_covers():
    """Of 600 simulated samples of 80 cases found with probability 0.4, about 95 % of the intervals hold 0.4."""
    found = np.random.Generator(np.random.PCG64(11)).random((600, 80)) < 0.4
    held = 0
    for number, sample in enumerate(found):
        interval = bootstrap_share(sample, 400, number).interval
        held += interval.low <= 0.4 <= interval.high
    assert 0.91 <= held / 600 <= 0.98


def test_identical_systems_differ_by_exactly_nothing():
    """Paired on the same cases, a system against itself gives [0, 0] without any rounding."""
    found = np.array([1, 0, 0, 1, 1, 0, 1])
    told = paired_bootstrap(found, found, draw_counts(7, 2000, 1))
    assert (told.a, told.b, told.difference, told.interval) == (4 / 7, 4 / 7, 0.0, Interval(0.0, 0.0))


def test_a_superset_of_cases_is_better_beyond_noise():
    """One that finds what the other finds and 12 of 40 more has an interval wholly above 0."""
    less = np.array([1] * 10 + [0] * 30)
    more = np.array([1] * 22 + [0] * 18)
    told = paired_bootstrap(more, less, draw_counts(40, 2000, 1))
    assert told.difference == pytest.approx(12 / 40)
    assert 0.1 < told.interval.low < 0.3 < told.interval.high < 0.5


def test_pairing_is_what_narrows_the_interval():
    """Two systems that miss the same hard cases differ by little noise; the same shares unpaired by much."""
    a, b = np.array([1] * 50 + [0] * 50), np.array([1] * 48 + [0] * 52)
    paired = paired_share(a, b, draw_counts(100, 2000, 1)).interval
    crossed = paired_share(a, b[::-1], draw_counts(100, 2000, 1)).interval
    assert -0.02 < paired.low <= 0.0
    assert crossed.low < -0.1


def test_the_interval_of_pairs_is_the_wider_of_bootstrap_and_exact_test():
    """Six of six lost: the bootstrap has no width at -1; the exact test allows up to 2 (1 - 0.025^(1/6)) - 1."""
    told = paired_share(np.zeros(6, np.bool_), np.ones(6, np.bool_), draw_counts(6, 200, 1))
    assert told.interval == Interval(-1.0, pytest.approx(1 - 2 * 0.025 ** (1 / 6)))
    assert (told.a, told.b, told.difference, told.n, told.differing) == (0.0, 1.0, -1.0, 6, 6)


def test_pairs_that_are_won_and_lost():
    """12 hits of one alone and 2 of the other alone among 30, of which 8 are both's: both ends are told apart."""
    a, b = np.array([1] * 8 + [1] * 12 + [0] * 10), np.array([1] * 8 + [0] * 12 + [1] * 2 + [0] * 8)
    counts = draw_counts(30, 2000, 1)
    told, boot, exact = paired_share(a, b, counts), paired_bootstrap(a, b, counts), exact_pairs(12, 2, 30)
    assert told.interval == Interval(min(boot.interval.low, exact.low), max(boot.interval.high, exact.high))
    # the exact one, conditional on 14 that differ, reaches further down
    assert exact.low < boot.interval.low < boot.difference == 10 / 30
    assert (told.n, told.differing) == (30, 14)


def test_pairs_of_no_unit_say_nothing():
    """Without any unit there is no share, no difference and no interval."""
    none = np.array([], np.int64)
    assert paired_share(none, none, np.empty((5, 0))) == Difference(None, None, None, 0, None, 0)


def test_common_denominators_of_a_paired_bootstrap():
    """USD found of USD at stake: 30 and 10 of 60; both sides are divided by the same amounts."""
    a, b, below = np.array([10, 20, 0]), np.array([10, 0, 0]), np.array([10, 20, 30])
    counts = draw_counts(3, 300, 1)
    told = paired_bootstrap(a, b, counts, below)
    assert (told.a, told.b, told.difference, told.n, told.differing) == (0.5, 10 / 60, pytest.approx(20 / 60), 3, 1)
    assert told == paired_ratio((a, below), (b, below), counts)


def test_exact_intervals_of_pairs_by_hand():
    """One of one lost, three of three, six of six: 2 x 0.975 - 1, 2 (1 - 0.025^(1/3)) - 1, 2 x 0.025^(1/6) - 1."""
    assert exact_pairs(0, 1, 1) == Interval(-1.0, pytest.approx(0.95))
    assert exact_pairs(0, 3, 3) == Interval(-1.0, pytest.approx(1 - 2 * 0.025 ** (1 / 3)))
    assert exact_pairs(0, 3, 3).high == pytest.approx(0.4151, abs=1e-3)
    assert exact_pairs(6, 0, 6) == Interval(pytest.approx(2 * 0.025 ** (1 / 6) - 1), 1.0)
    # Clopper and Pearson of 2 of 10: 0.0252 to 0.5561; ten of forty cases differ
    assert exact_pairs(2, 8, 40).low == pytest.approx((2 * 0.02521 - 1) / 4, abs=1e-4)
    assert exact_pairs(2, 8, 40).high == pytest.approx((2 * 0.55610 - 1) / 4, abs=1e-4)
    # ends have twelve digits: what a machine's exp and log do beyond them is not shown
    assert exact_pairs(1, 0, 1).low == 2 * 0.025 - 1
    assert exact_pairs(6, 0, 6).low == 2 * round(0.025 ** (1 / 6), 12) - 1
    assert (exact_pairs(0, 0, 9), exact_pairs(0, 0, 0)) == (Interval(0.0, 0.0), None)
    with pytest.raises(ValueError, match="counts do not fit"):
        exact_pairs(3, 3, 5)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 60))
def test_exact_pairs_leave_zero_where_mcnemar_rejects(won, lost, agree):
    """The interval leaves 0 exactly where the two-sided sign test's p is below 0.05."""
    differing = won + lost
    p = min(1.0, 2 * sum(comb(differing, k) for k in range(min(won, lost) + 1)) / 2**differing)
    told = exact_pairs(won, lost, differing + agree)
    assert (told.low > 0 or told.high < 0) == (p < 0.05)


@pytest.mark.parametrize(("cases", "lost"), [(1, 1), (3, 3), (5, 5), (40, 5), (200, 5), (400, 4)])
def test_fewer_than_six_lost_cases_are_never_beyond_chance(cases, lost):
    """However certain the bootstrap is: with up to five cases that differ the interval holds 0, for money too."""
    champion = np.ones(cases, np.int64)
    challenger = champion.copy()
    challenger[:lost] = 0
    counts = draw_counts(cases, 2000, 1)
    for told in (
        paired_share(challenger, champion, counts),
        paired_bootstrap(challenger * 900, champion * 900, counts),
    ):
        assert told.interval.low < 0.0 <= told.interval.high
        assert told.too_few
        assert told.differing == lost


def test_six_lost_of_six_are_beyond_chance():
    """Six cases that all fell are the fewest that a test at 5 % can tell from chance."""
    told = paired_share(np.zeros(6), np.ones(6), draw_counts(6, 2000, 1))
    assert told.interval.high < 0.0
    assert not told.too_few


def test_no_width_is_no_certainty():
    """No true alert of 40 on four days, and one day alone: Wilson's interval over the alerts, not [0, 0]."""
    draws = Draws(200, 1)
    none = draws.counted("days", np.array([0, 0, 0, 0]), np.array([10, 10, 10, 10]))
    assert (none.value, none.n, none.interval) == (0.0, 40, wilson(0, 40))
    assert draws.counted("day", np.array([3]), np.array([12])).interval == wilson(3, 12)
    assert draws.ratio("cases", np.array([700, 90]), np.array([700, 90])).interval == wilson(2, 2)
    assert draws.total("cases", np.array([0, 0])).interval is None


def test_paired_ratio_by_hand():
    """Precision over days: 3 of 6 alerts against 2 of 8; the difference is 1/4, and swapping sides turns its sign."""
    a = (np.array([1, 2]), np.array([3, 3]))
    b = (np.array([1, 1]), np.array([4, 4]))
    counts = draw_counts(2, 500, 1)
    told, turned = paired_ratio(a, b, counts), paired_ratio(b, a, counts)
    assert (told.a, told.b, told.difference, told.n, told.differing) == (0.5, 0.25, 0.25, 2, 2)
    assert turned.interval == Interval(-told.interval.high, -told.interval.low)


def test_a_side_without_alerts_has_no_difference():
    """A ratio without a denominator is unknown, not 0."""
    told = paired_ratio((np.array([0]), np.array([0])), (np.array([1]), np.array([2])), draw_counts(1, 10, 1))
    assert told == Difference(None, 0.5, None, 1, None, 1)
    turned = paired_ratio((np.array([1]), np.array([2])), (np.array([0]), np.array([0])), draw_counts(1, 10, 1))
    assert turned == Difference(0.5, None, None, 1, None, 1)


def test_wilson_by_hand():
    """Textbook values: 1 of 10 gives 0.0179 to 0.4042, 0 of 10 reaches up to 0.2775, 10 of 10 down to 0.7225."""
    assert wilson(1, 10).low == pytest.approx(0.01787, abs=1e-4)
    assert wilson(1, 10).high == pytest.approx(0.40415, abs=1e-4)
    assert wilson(0, 10).low == 0.0
    assert wilson(0, 10).high == pytest.approx(0.27753, abs=1e-4)
    assert wilson(10, 10).high == 1.0
    assert wilson(10, 10).low == pytest.approx(0.72247, abs=1e-4)
    assert wilson(0, 0) is None
    # so many trials that the rounding of the formula would pass 1
    assert wilson(5087177363804751, 5087177363804752).high == 1.0
    with pytest.raises(ValueError, match="more successes than trials"):
        wilson(3, 2)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize(("hits", "of"), [(0, 7), (1, 7), (3, 7), (7, 7), (40, 90), (999, 1000)])
def test_intervals_of_shares_are_those_of_scipy(hits: int, of: int, level: float) -> None:
    """Wilson's, and Clopper and Pearson's as the difference that all of `of` pairs make, at any level."""
    other = stats.binomtest(hits, of)
    wilsons, exact = (other.proportion_ci(level, method) for method in ("wilson", "exact"))
    told, pairs = wilson(hits, of, level), exact_pairs(hits, of - hits, of, level)
    assert (told.low, told.high) == pytest.approx((wilsons.low, wilsons.high), abs=1e-12)
    assert ((pairs.low + 1) / 2, (pairs.high + 1) / 2) == pytest.approx((exact.low, exact.high), abs=1e-11)


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_holds_the_share(successes, trials):
    """The interval lies in 0-1 and holds the observed share."""
    successes = min(successes, trials)
    interval = wilson(successes, trials)
    assert 0.0 <= interval.low <= successes / trials <= interval.high <= 1.0


def test_calibration_error_by_hand():
    """Ten scores of 0.95, six of them right, and ten of 0.05, none right: (10 x 0.35 + 10 x 0.05) / 20 = 0.2."""
    told = reliability([0.95] * 10 + [0.05] * 10, [True] * 6 + [False] * 14)
    assert told.error == pytest.approx(0.2)
    assert told.brier == pytest.approx((6 * 0.05**2 + 4 * 0.95**2 + 10 * 0.05**2) / 20)
    assert told.n == 20
    assert [bin_ for bin_ in told.bins if bin_.n] == [
        Bin(0.0, 0.1, 10, pytest.approx(0.05), 0.0, wilson(0, 10)),
        Bin(0.9, 1.0, 10, pytest.approx(0.95), 0.6, wilson(6, 10)),
    ]
    assert told.bins[4] == Bin(0.4, 0.5, 0, None, None, None)


def test_perfect_scores_have_no_calibration_error():
    """0 for what never and 1 for what always comes true: no error; 1 belongs to the last bin."""
    told = reliability([0.0, 0.0, 1.0], [False, False, True])
    assert (told.error, told.brier) == (0.0, 0.0)
    assert [bin_.n for bin_ in told.bins] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_score_that_is_no_probability_is_refused():
    """Half-Space Trees' raw masses, say, cannot be judged as probabilities."""
    with pytest.raises(ValueError, match="not a probability"):
        reliability([0.2, 1.5], [False, True])


def test_no_score_has_no_calibration_error():
    """Without any score there are the empty bins, and no figure."""
    assert reliability([], [], bins=2) == Reliability(
        None, None, 0, (Bin(0.0, 0.5, 0, None, None, None), Bin(0.5, 1.0, 0, None, None, None))
    )
