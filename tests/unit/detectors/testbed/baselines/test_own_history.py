"""The naive baseline: scores by hand."""

from math import log, sqrt
from typing import Any

import pytest

from detectors.testbed.baselines import REGISTRY
from tests.support.synthetic_result import columns_of, payment


def scores(*amounts: float | None, **more: Any) -> list[float]:
    """The scores of one party's payments of these amounts."""
    rows = [payment(f"e{n}", "a", n, usd=usd, **more) for n, usd in enumerate(amounts)]
    return REGISTRY["own_history"].score(columns_of(*rows), 1).tolist()


def test_how_far_above_ones_own_amounts() -> None:
    """100, 200, 300: mean 200, standard deviation 100; 700 is five of them above, times ln 700."""
    assert scores(100, 200, 300, 700) == [0.0, 0.0, 0.0, pytest.approx(5 * log(700))]


def test_the_history_grows_with_each_payment() -> None:
    """The fifth payment is compared with four."""
    mean, squares = 325.0, sum((each - 325.0) ** 2 for each in (100, 200, 300, 700))
    assert scores(100, 200, 300, 700, 900)[4] == pytest.approx((900 - mean) / sqrt(squares / 3) * log(900))


def test_less_than_usual_says_nothing() -> None:
    """One-sided."""
    assert scores(100, 200, 300, 10) == [0.0] * 4
    assert scores(100, 200, 300, 200) == [0.0] * 4


def test_a_party_that_always_pays_the_same() -> None:
    """Its spread is taken as a tenth of the mean: twice the usual amount is ten of them, a dollar more next to none."""
    assert scores(100, 100, 100, 200)[3] == pytest.approx(10 * log(200))
    assert scores(100, 100, 100, 101)[3] == pytest.approx(0.1 * log(101))


def test_other_parties_and_payments_without_a_rate_do_not_count() -> None:
    """An amount that is not known is no amount of 0; another party's history is not one's own."""
    assert scores(100, None, 200, 300)[3] == 0.0
    assert scores(100, None, 200, 300, 700)[4] == pytest.approx(5 * log(700))
    rows = [payment(f"e{n}", f"p{n}", n, usd=100.0 * (n + 1)) for n in range(5)]
    assert REGISTRY["own_history"].score(columns_of(*rows), 1).tolist() == [0.0] * 5


def test_history_is_learned_from() -> None:
    """The three payments of the history are the comparison for the first one after it."""
    rows = [payment(f"e{n}", "a", n, usd=100.0 * (n + 1), history=True) for n in range(3)]
    told = REGISTRY["own_history"].score(columns_of(*rows, payment("e3", "a", 3, usd=700)), 1).tolist()
    assert told[3] == pytest.approx(5 * log(700))
