"""The baselines: what they see of a stream, and the scores they give, by hand or by another implementation."""

from typing import Any

import msgspec
import numpy as np
import pytest

from detectors.testbed.baselines import REGISTRY, Columns, partition_columns
from detectors.testbed.baselines.static_limits import running_sums
from tests.support.synthetic_result import ground, payment, sheet


def columns_of(*rows: dict[str, Any]) -> Columns:
    """The columns of these rows of one partition; local time is UTC."""
    (columns,) = partition_columns(sheet(rows), np.zeros(len(rows), np.int64))
    return columns


def limits(*rows: dict[str, Any]) -> list[float]:
    """The scores of the fixed table of limits."""
    return REGISTRY["static_limits"].score(columns_of(*rows), 1).tolist()


def past(ratio: float) -> Any:
    """The score of a payment so many times past a limit."""
    return pytest.approx(ratio / (1 + ratio))


def test_columns_are_by_partition_in_order_of_the_rows():
    """Partitions 1 and 4 have rows; each column has its own partition's."""
    rows = [
        payment("a", "a", 0, usd=12.34, partition=1),
        payment("b", "b", 1, usd=None, partition=1, direction="in", status="returned", deviation=-20.0),
        payment("c", "a", 2.5, partition=4, party_type="company", evidence="invoice", status="cancelled"),
        payment("d", "a", 2.5, partition=4, status="ordered"),
    ]
    one, four = partition_columns(sheet(rows), np.array([0, 0, 0, 3 * 3_600_000_000]))
    assert (one.partition, four.partition, len(one), len(four)) == (1, 4, 2, 2)
    assert (one.offset.tolist(), four.offset.tolist()) == ([0, 1], [2, 3])
    assert (one.usd.tolist(), one.deviation_bp.tolist()) == ([12.34, 0.0], [0.0, -20.0])
    assert (one.outgoing.tolist(), one.moved.tolist(), four.moved.tolist()) == (
        [True, False],
        [True, False],
        [False, True],
    )
    assert (four.person.tolist(), four.no_document.tolist(), one.no_document.tolist()) == (
        [False, True],
        [False, True],
        [True, True],
    )
    assert (one.party.tolist(), four.party.tolist()) == ([0, 1], [0, 0])
    assert (four.hour.tolist(), one.hour.tolist()) == ([12, 15], [0, 0])
    assert (one.weekday.tolist(), four.weekday.tolist(), (one.day - one.day[0]).tolist()) == ([0, 1], [2, 2], [0, 1])


def test_weekdays_and_hours_begin_anew():
    """Eight days in a row are Monday (0) to Monday, as Python's calendar has it; 23 o'clock is followed by 0."""
    columns = columns_of(*[payment(f"e{n}", "a", n + 23.5 / 24) for n in range(8)])
    assert columns.weekday.tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    assert columns.hour.tolist() == [23] * 8
    assert (columns.hour.dtype, columns.weekday.dtype) == (np.int64, np.int64)


def test_limits_on_sums_of_a_day_a_month_and_a_year():
    """A person's limits: 10 000 USD a day, 50 000 a month, 100 000 a year without documents; that one is firms' too."""
    assert limits(payment("a", "a", 0, usd=6000), payment("b", "a", 0.5, usd=5000)) == [0.0, past(1.1)]
    assert limits(payment("a", "a", 0, usd=6000), payment("b", "a", 1, usd=5000)) == [0.0, 0.0]
    month = [payment(f"e{n}", "a", n, usd=9000, evidence="invoice") for n in range(7)]
    assert limits(*month) == [0.0] * 5 + [past(54 / 50), past(63 / 50)]
    # 30 days on it is April
    assert limits(*month[:5], payment("e", "a", 30, usd=9000, evidence="invoice")) == [0.0] * 6
    year = [payment(f"e{n}", "a", n * 10, usd=9000) for n in range(12)]
    assert limits(*year)[-2:] == [0.0, past(1.08)]
    assert limits(*[{**row, "evidence": "invoice"} for row in year]) == [0.0] * 12
    assert limits(*[{**row, "direction": "in"} for row in year]) == [0.0] * 12
    assert limits(*[{**row, "party_type": "company"} for row in year])[-2:] == [0.0, past(1.08)]
    # every payment past it counts, however small
    assert limits(*year, payment("e", "a", 111, usd=0.5))[-1] == past(1.080005)
    # a documented payment is not past the limit that those without documents passed
    assert limits(*year, payment("e", "a", 111, usd=9, evidence="invoice"))[-1] == 0.0
    # 306 days on it is 2027
    assert limits(*year[:11], payment("e", "a", 306, usd=9000))[-1] == 0.0


def test_limits_of_firms():
    """One payment of a million, a day's two millions, a month's ten."""
    firm = {"party_type": "company", "evidence": "invoice"}
    assert limits(payment("a", "a", 0, usd=1_000_000, **firm)) == [0.5]
    assert limits(payment("a", "a", 0, usd=999_999.99, **firm)) == [0.0]
    day = [payment(f"e{n}", "a", n / 10, usd=900_000, **firm) for n in range(3)]
    assert limits(*day) == [0.0, 0.0, past(2.7 / 2)]
    month = [payment(f"e{n}", "a", n, usd=900_000, **firm) for n in range(12)]
    assert limits(*month) == [0.0] * 11 + [past(10.8 / 10)]


def test_limits_that_are_just_reached():
    """A limit is passed where it is reached, whichever way a rate is off; what did not move counts nothing."""
    assert limits(payment("a", "a", 0, usd=10_000)) == [0.5]
    assert limits(payment("a", "a", 0, usd=1, deviation=150.0), payment("b", "b", 0, usd=1, deviation=149.0)) == [
        0.5,
        0.0,
    ]
    for status in ("returned", "cancelled"):
        assert limits(payment("a", "a", 0, usd=90_000, status=status), payment("b", "a", 0, usd=9999.5)) == [0.0, 0.0]


def test_running_sums_are_exact_to_the_cent():
    """Ten times 0.1 is 1, and ten years of cents keep the last one; no rows have no sums."""
    sums = running_sums(np.full(10, 0.1), np.zeros(10, np.int32), np.zeros(10, np.int64))
    assert sums.tolist() == [n / 10 for n in range(1, 11)]
    # cents of one party beside so much of another that a float would lose them
    much = running_sums(np.array([2**53 / 100, 0.01, 0.01]), np.array([0, 1, 1], np.int32), np.array([7, 7, 7]))
    assert much.tolist() == [2**53 / 100, 0.01, 0.02]
    assert running_sums(np.array([]), np.array([], np.int32), np.array([], np.int64)).tolist() == []


def splitmix64(state: int) -> int:
    """The number SplitMix64 gives from a state, as its authors wrote it down."""
    mask = 2**64 - 1
    mixed = (state + 0x9E3779B97F4A7C15) & mask
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    return mixed ^ (mixed >> 31)


def test_lots_are_those_of_splitmix64():
    """Offset n is the n-th number of a stream of its own for each seed and partition; its 53 upper bits are the lot."""
    assert splitmix64(0) == 0xE220A8397B1DCDAF  # the reference implementation's first number from 0
    columns = msgspec.structs.replace(columns_of(*[payment(f"e{n}", "a", 0) for n in range(40)]), partition=5)
    start = 7 * 0x9E3779B97F4A7C15 + 5 * 0xD1342543DE82EF95
    expected = [((splitmix64(start + n * 0x9E3779B97F4A7C15) >> 11) + 0.5) / 2**53 for n in range(40)]
    assert REGISTRY["random"].score(columns, 7).tolist() == expected


def test_running_sums_by_hand():
    """Sums restart with the party and with the period, in the order of the rows, and never look ahead."""
    sums = running_sums(np.array([1.0, 10.0, 2.0, 3.0, 5.0]), np.array([0, 1, 0, 0, 0]), np.array([7, 7, 7, 8, 7]))
    assert sums.tolist() == [1.0, 10.0, 3.0, 3.0, 8.0]
    two = running_sums(np.ones(8), np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([7, 7, 8, 8, 7, 7, 8, 8]))
    assert two.tolist() == [1.0, 2.0] * 4


def test_static_limits_know_persons_from_firms():
    """25 000 USD is past a person's limit and nothing for a firm; under every limit there is nothing to say."""
    rows = [
        payment("a", "a", 0, usd=25_000),
        payment("b", "b", 0, usd=25_000, party_type="company"),
        payment("c", "c", 0, usd=500),
        payment("d", "d", 0, usd=500, deviation=-300.0),
    ]
    (columns,) = partition_columns(ground(rows).sheet, np.zeros(4, np.int64))
    person, firm, small, off_market = REGISTRY["static_limits"].score(columns, 1).tolist()
    assert person == pytest.approx(2.5 / 3.5)
    assert firm == small == 0.0
    assert off_market == pytest.approx(2 / 3)


def test_local_hour_and_weekday():
    """2 March 2026 is a Monday; with nine hours' shift 01:30 UTC is 10 o'clock."""
    (columns,) = partition_columns(ground([payment("a", "a", 1.5 / 24)]).sheet, np.array([9 * 3_600_000_000]))
    assert (columns.hour.tolist(), columns.weekday.tolist()) == ([10], [0])


@pytest.mark.parametrize("name", list(REGISTRY))
def test_baselines_are_deterministic_and_know_nothing_of_tomorrow(name):
    """Scores of the first rows are the same whether or not anything follows; two runs are equal."""
    rows = [payment(f"e{n}", f"p{n % 7}", n / 40, usd=float(100 + n * 37 % 9000)) for n in range(400)]
    whole, part = (
        partition_columns(ground(some).sheet, np.zeros(len(some), np.int64))[0] for some in (rows, rows[:300])
    )
    scores = REGISTRY[name].score(whole, 3)
    assert (REGISTRY[name].score(whole, 3) == scores).all()
    assert (REGISTRY[name].score(part, 3) == scores[:300]).all()


def test_chance_differs_by_partition_and_seed():
    """Equal offsets of two partitions are other payments, and another seed picks others."""
    rows = [payment(f"e{n}", "p", 0, partition=n % 2) for n in range(2)]
    even, odd = partition_columns(ground(rows).sheet, np.zeros(2, np.int64))
    odd = msgspec.structs.replace(odd, offset=even.offset)
    score = REGISTRY["random"].score
    assert score(even, 1)[0] != score(odd, 1)[0]
    assert score(even, 1)[0] != score(even, 2)[0]


def test_river_recipe_is_rivers_own():
    """The baseline's scores are those of River's pipeline on the same columns, event by event."""
    from river import anomaly, preprocessing

    rows = [
        payment(
            f"e{n}",
            "p",
            n / 40,
            usd=float(n * 37 % 9000),
            deviation=float(n % 11),
            direction="in" if n % 3 else "out",
            evidence="none" if n % 5 else "invoice",
            party_type="person" if n % 7 else "company",
        )
        for n in range(300)
    ]
    columns = columns_of(*rows)
    model, expected = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=9), []
    for row, given in enumerate(rows):
        event = {
            "amount_usd": given["usd"],
            "hour": int(columns.hour[row]),
            "weekday": int(columns.weekday[row]),
            "deal_deviation_bp": given["deviation"],
            "outgoing": int(given["direction"] == "out"),
            "no_document": int(given["evidence"] == "none"),
            "person": int(given["party_type"] == "person"),
        }
        expected.append(model.score_one(event))
        model.learn_one(event)
    assert REGISTRY["river_recipe"].score(columns, 9).tolist() == expected
    assert expected[-1] > 0.0
