"""Fixed limits: scores by hand, of sums of a day, a month and a year."""

from typing import Any

import numpy as np
import pytest

from detectors.testbed.baselines import REGISTRY, partition_columns
from tests.support.synthetic_result import columns_of, ground, payment


def limits(*rows: dict[str, Any]) -> list[float]:
    """The scores of the fixed table of limits."""
    return REGISTRY["static_limits"].score(columns_of(*rows), 1).tolist()


def past(ratio: float) -> Any:
    """The score of a payment so many times past a limit."""
    return pytest.approx(ratio / (1 + ratio))


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
