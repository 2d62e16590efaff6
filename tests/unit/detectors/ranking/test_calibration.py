"""Strangeness to rank: exact counts, shrinkage over levels, tails beyond the data, and what small users get of it."""

import random
from math import e, exp

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.ranking import calibration as module
from detectors.ranking.calibration import BINS, BINS_A_NAT, ENOUGH, FINEST, Calibration, Level, bin_of, p_value, prior

STRANGE = st.floats(0.0, 30.0)


def taught(strangeness, size=10_000):
    """A calibration that has learned these, one after the other."""
    made = Calibration(size)
    for one in strangeness:
        made.learn(one)
    return made


def exponential(count, seed, scale=1.0):
    rng = random.Random(seed)
    return [rng.expovariate(1.0) * scale for _ in range(count)]


def test_bins_are_64_to_a_nat_and_the_last_takes_the_rest():
    """What is below the first is in the first, what is beyond the last in the last."""
    assert [bin_of(x) for x in (-1.0, 0.0, 0.99 / 64, 1 / 64, 1.0, 21.99, 22.0, 1e9)] == [
        0,
        0,
        0,
        1,
        64,
        BINS - 1,
        BINS - 1,
        BINS - 1,
    ]


def test_before_any_payment_a_rank_is_the_prior():
    """Min(1, e x exp(-strangeness)), at the beginning of the bin, among none."""
    for strangeness in (0.0, 0.5, 1.0, 2.0, 7.5, 20.0):
        found = Calibration(100).rank(strangeness)
        assert found == (pytest.approx(max(FINEST, min(1.0, e * exp(-strangeness)))), 0)
    assert prior(0) == prior(BINS_A_NAT) == 1.0


def test_the_prior_is_a_p_value_whatever_the_dependence():
    """Members that agree wholly, not at all, or against one another: of n payments at most n x p have a prior of p."""
    rng = random.Random(1)
    for depends in ("wholly", "not", "against"):
        low = 0
        for _ in range(20_000):
            first = rng.random()
            others = {"wholly": [first] * 2, "not": [rng.random(), rng.random()], "against": [1 - first, first]}
            mean = sum(-module.log(max(p, 1e-300)) for p in (first, *others[depends])) / 3
            low += prior(bin_of(mean)) <= 0.05
        assert low <= 20_000 * 0.05 * 1.1


def test_counts_correct_the_prior_by_what_was_seen():
    """(at least as strange + 30 x p of the prior) / (seen + 30), by hand, where the body is."""
    made = taught([0.25] * 4 + [1.5])
    assert [made.rank(one).p for one in (0.25, 1.5)] == [
        pytest.approx((5 + 30 * 1.0) / 35),
        pytest.approx((1 + 30 * prior(96)) / 35),
    ]
    assert made.rank(0.25).among == 5


def test_the_tail_is_that_of_its_own_payments_and_thirty_of_the_prior():
    """Of 200 payments the strangest 20 lie one nat beyond where the tail begins on average, by hand."""
    made = Calibration(10_000)
    made.hear(told([0.5] * 180 + [3.0] * 10 + [5.0] * 10))
    begins, place = bin_of(3.0), bin_of(8.0)
    excess = 10 * 2.0 + 20 * 0.5 / BINS_A_NAT
    x = (place - begins) / BINS_A_NAT
    body = (20 + 30 * prior(begins)) / 230
    assert made.rank(8.0).p == pytest.approx(body * (1 + x / (excess + 30)) ** -50)


def test_payments_of_one_bin_count_against_its_rarity():
    """A stream of identical payments never calls any of them rare."""
    for strangeness in (0.0, 3.0):
        made = taught([strangeness] * 200)
        assert made.rank(strangeness).p > 0.8


def test_counts_are_exact_and_their_order_is_irrelevant_within_a_generation():
    """The bytes too; and a level that was told counts at once has the same as one that saw them one by one."""
    values = exponential(30, 2)
    first, second = taught(values), taught(sorted(values))
    assert first.to_state() == second.to_state()
    told, seen, counts = Level(10_000), Level(10_000), dict[int, int]()
    for value in values:
        seen.add(bin_of(value))
        counts[bin_of(value)] = counts.get(bin_of(value), 0) + 1
    told.merge(counts)
    assert told.to_state() == seen.to_state()
    assert [told.reach[place] for place in range(BINS)] == [seen.reach[place] for place in range(BINS)]


@pytest.mark.parametrize("counts", [{-1: 1}, {BINS: 1}, {3: -1}])
def test_counts_that_are_none_are_refused(counts):
    """A bin that is none, or fewer than none in it; nothing before it is counted twice."""
    with pytest.raises(ValueError, match="a count of scores is none"):
        Level(100).merge(counts)


def test_generations_double_up_to_half_the_size_and_the_oldest_is_forgotten():
    """Counted are the newer half of all, then between half of `size` and `size`."""
    level, counted = Level(200), []
    for number in range(1_000):
        level.add(number % 7)
        counted.append(level.counted)
    assert counted[31] == 32
    # 32 + 64: the first 32 go
    assert counted[94:97] == [95, 64, 65]
    assert min(counted[400:]) == 100
    assert max(counted[400:]) == 199
    assert all(counted[seen] >= (seen + 1) / 2 - 32 for seen in range(200))


def test_what_was_strange_in_the_first_days_is_forgotten():
    """100 payments of a cold start, all very strange; 400 later a payment as strange as they were is rare."""
    made = taught([6.0] * 100 + exponential(400, 3, scale=0.5))
    assert made.rank(5.0).p < 0.005


def test_a_rank_goes_on_falling_beyond_the_data():
    """Where nothing as strange was ever seen, each nat more is rarer; never 0."""
    made = taught(exponential(500, 4))
    found = [made.rank(strangeness).p for strangeness in (8.0, 9.0, 10.0, 12.0, 30.0)]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 5
    assert found[0] < 1 / 501
    assert found[-1] >= FINEST


@given(st.lists(STRANGE, max_size=120), STRANGE, STRANGE)
def test_a_stranger_payment_is_never_less_rare(values, one, other):
    """Over all bins and whatever was learned; always above 0 and at most 1."""
    made = taught(values, size=60)
    low, high = sorted((one, other))
    assert FINEST <= made.rank(high).p <= made.rank(low).p <= 1.0


@pytest.mark.parametrize("size", [1, 2, 3, 50, 10_000])
@given(values=st.lists(STRANGE, max_size=80))
def test_state_round_trips_bit_for_bit(size, values):
    """A loaded calibration gives the same ranks, and goes on to the same bytes."""
    made = taught(values, size=size)
    loaded = Calibration.from_state(size, made.to_state())
    assert loaded.to_state() == made.to_state()
    for one in (0.0, 1.0, 5.0):
        assert loaded.rank(one) == made.rank(one)
        made.learn(one)
        loaded.learn(one)
    assert loaded.to_state() == made.to_state()


def test_foreign_or_damaged_state_is_refused():
    """Of another size, torn, or with a bin that is none."""
    state = taught([1.0]).to_state()
    with pytest.raises(ValueError, match="another size; got: 10000; expected: 9"):
        Calibration.from_state(9, state)
    with pytest.raises(msgspec.DecodeError):
        Calibration.from_state(10_000, state[:-1])
    for bad in ({BINS: 1}, {0: 0}, {-1: 1}):
        with pytest.raises(ValueError, match="damaged"):
            Calibration.from_state(9, msgspec.msgpack.encode((9, (32, {}, {}), (32, bad, {}))))


def kolmogorov(ranks):
    """The largest distance between the ranks' distribution and the uniform one."""
    ordered = sorted(ranks)
    whole = len(ordered)
    return max(max((i + 1) / whole - p, p - i / whole) for i, p in enumerate(ordered))


@pytest.mark.parametrize("members", ["independent", "alike", "mixed"])
def test_ranks_are_uniform_on_an_honest_stream(members):
    """Kolmogorov distance at most .03 (measured .013 to .018), and no more of the rarest than there should be.

    20 000 payments, after the first 500.
    """
    rng = random.Random(5)

    def strangeness():
        if members == "alike" or (members == "mixed" and rng.random() < 0.1):
            return rng.expovariate(1.0)
        return sum(rng.expovariate(1.0) for _ in range(3)) / 3

    made, ranks = Calibration(10_000), []
    for _ in range(20_000):
        one = strangeness()
        ranks.append(made.rank(one).p)
        made.learn(one)
    ranks = ranks[500:]
    assert kolmogorov(ranks) < 0.03
    for rare, most in ((0.05, 1.15), (0.01, 1.25), (0.002, 1.6)):
        assert sum(rank <= rare for rank in ranks) <= rare * len(ranks) * most


def test_the_same_payments_in_1_4_or_12_partitions_are_ranked_alike():
    """Of 20 000 payments, the median |ln(rank / rank)| is under .12 and the 95th percentile under .6 for the last half.

    Ranks in one partition stand behind 10 000 payments, in twelve behind some 1 000 each.
    """
    rng = random.Random(6)
    payments = [(rng.randrange(10**6), rng.expovariate(1.0)) for _ in range(20_000)]
    ranks: dict[int, list[float]] = {}
    for partitions in (1, 4, 12):
        made = [Calibration(10_000) for _ in range(partitions)]
        ranks[partitions] = []
        for party, one in payments:
            own = made[party % partitions]
            ranks[partitions].append(own.rank(one).p)
            own.learn(one)
    for partitions in (4, 12):
        apart = sorted(
            abs(module.log(one / other))
            for one, other in zip(ranks[1][10_000:], ranks[partitions][10_000:], strict=True)
        )
        assert apart[len(apart) // 2] < 0.12
        assert apart[len(apart) * 95 // 100] < 0.6


def test_a_level_of_fewer_than_ten_has_no_tail():
    """It counts, and leaves what it has not seen to the prior."""
    level = Level(100)
    for _ in range(9):
        level.add(0)
    assert level.tail_count == 0
    assert p_value(level, 640) == pytest.approx(30 * prior(640) / 39)
    level.add(0)
    assert level.tail_count == 10


def told(strangeness):
    """The counts of a record that tells these."""
    counts = {}
    for one in strangeness:
        counts[bin_of(one)] = counts.get(bin_of(one), 0) + 1
    return counts


def test_what_partitions_told_ranks_a_partition_that_has_seen_nothing():
    """By what all have seen, as finely as they have; by the prior alone it would be too coarse."""
    new = Calibration(10_000)
    for record in range(40):
        new.hear(told(exponential(1_000, record, 0.5)))
    found = new.rank(2.0)
    assert found.p == pytest.approx(exp(-4.0), rel=0.1)
    assert found.among > 10_000
    assert Calibration(10_000).rank(2.0).p > 10 * found.p


def test_a_generation_ends_behind_a_record_and_never_in_the_midst_of_its_bins():
    """What is forgotten is whole records: else the low bins would go and the high ones stay."""
    level = Level(400)
    for record in range(30):
        level.merge(told(exponential(50, record)))
        assert level.counted % 50 == 0
    with pytest.raises(ValueError, match="a count of scores is none"):
        level.merge({3: 1, BINS: 1})
    assert level.counted % 50 == 0


def test_who_counted_more_says_the_rank():
    """The partition alone until the others told as much, then all of them."""
    made = taught([1.5] * 20)
    alone = made.rank(2.0)
    assert alone.among == 20
    made.hear({bin_of(2.0): 19})
    assert made.rank(2.0) == alone
    made.hear({bin_of(2.0): 1})
    # the twenty that all partitions told are all as strange as that
    assert made.rank(2.0) == (pytest.approx((20 + 30 * prior(bin_of(2.0))) / 50), 20)
    assert alone.p < made.rank(2.0).p


def test_enough_of_all_partitions_say_the_rank_whatever_the_partition_has_seen():
    """A partition of many payments has old ones too; those that all told are of the last weeks."""
    made = taught([1.0] * 4_000)
    assert made.level is made.whole
    made.hear({bin_of(3.0): ENOUGH - 1})
    assert made.level is made.whole
    made.hear({bin_of(3.0): 1})
    assert made.rank(3.0).among == ENOUGH


@pytest.mark.parametrize(
    ("days", "a_day", "counted"),
    [
        # the fourteenth generation has just ended
        (15 + 13 * 14, 250, 14 * 250),
        # fewer than 2 500 in 14 days: a generation takes as long as it takes to see them
        (100, 125, 2_500),
    ],
)
def test_a_generation_of_all_partitions_ends_after_two_weeks(days, a_day, counted):
    """If it has enough payments by then; the second before it is forgotten."""
    level = Level(1_000_000)
    level.limit = 1_000_000
    found = []
    for day in range(1, days + 1):
        level.merge({3: a_day}, day)
        found.append(level.counted)
    assert found[-1] == counted
    assert max(found[len(found) // 2 :]) <= 2 * max(15 * 250, 2_500)


def test_a_day_ahead_of_time_ends_no_generation_for_good():
    """One partition's clock is wrong by years; the next record that is not says when the generation began."""
    level = Level(1_000_000)
    level.limit = 1_000_000
    level.merge({3: 100}, 9_000)
    level.merge({3: ENOUGH}, 100)
    assert level.begun == 100
    level.merge({3: 10}, 113)
    assert level.seen == ENOUGH + 110
    level.merge({3: 10}, 114)
    assert (level.seen, level.counted, level.begun) == (0, ENOUGH + 120, 114)


def test_what_was_told_is_saved():
    """Ranks are the same after a load, bit for bit."""
    made = taught(exponential(500, 4))
    made.hear({3: 700, 900: 1}, 730_000)
    again = Calibration.from_state(10_000, made.to_state())
    assert again.to_state() == made.to_state()
    assert [again.rank(one / 10) for one in range(200)] == [made.rank(one / 10) for one in range(200)]


def test_a_payment_is_counted_for_all_partitions_when_it_comes_back():
    """Not when it is learned: else it would count twice there."""
    made = taught([1.0] * 5)
    assert made.everyone.counted == 0
    made.hear({bin_of(1.0): 5})
    assert (made.everyone.counted, made.whole.counted) == (5, 5)


def test_five_payments_a_day_in_each_of_twelve_partitions_are_ranked_by_all_sixty():
    """Ten days: 600 payments in all. How far ranks are from the true share, in nats, is halved at least."""

    def error(*, tell):
        errors = []
        for seed in range(6):
            parts, rng = [Calibration(10_000) for _ in range(12)], random.Random(seed)
            for _ in range(10):
                day = []
                for part in parts:
                    for strangeness in [rng.expovariate(1.0) * 0.6 for _ in range(5)]:
                        part.learn(strangeness)
                        day.append(strangeness)
                if tell:
                    for part in parts:
                        part.hear(told(day))
            errors += [module.log(part.rank(2.4).p) + 4.0 for part in parts]
        return (sum(one * one for one in errors) / len(errors)) ** 0.5

    alone, together = error(tell=False), error(tell=True)
    print(f"off by a factor of {exp(alone):.2f} alone, {exp(together):.2f} where partitions tell one another")
    assert together < alone / 2
