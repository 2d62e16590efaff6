"""The expected value of an alert, by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.alerting.expected_value import MOST_USD, UNEXPLAINED, chance, expected_usd

SHARES = st.floats(0.0, 1.0)


def test_the_chance_is_the_surest_findings_until_verdicts_say_better() -> None:
    """The largest strength; a constant without any; what was learned goes before both."""
    assert chance([0.4, 0.9]) == Decimal("0.9")
    assert chance([]) == UNEXPLAINED
    assert chance([0.9], 0.25) == chance([], 0.25) == Decimal("0.25")
    assert chance([0.9], 0.0) == 0


@pytest.mark.parametrize(("strengths", "probability"), [([1.1], None), ([-0.1], None), ([0.5], 1.5), ([], -0.5)])
def test_what_is_no_chance_is_refused(strengths: list[float], probability: float | None) -> None:
    """With what was got."""
    with pytest.raises(ValueError, match="out of range; got: "):
        chance(strengths, probability)


def test_the_amount_counts_up_to_a_ceiling() -> None:
    """Ten millions are as one; an amount that is not known, or none, brings nothing."""
    assert expected_usd(Decimal("0.5"), Decimal("2000.10")) == Decimal("1000.05")
    assert expected_usd(Decimal("0.5"), MOST_USD * 10) == expected_usd(Decimal("0.5"), MOST_USD) == MOST_USD / 2
    assert expected_usd(Decimal("0.5"), None) == expected_usd(Decimal("0.5"), Decimal(-1)) == 0


@given(SHARES, SHARES, st.decimals(0, 10**9, places=2), st.decimals(0, 10**9, places=2))
def test_more_chance_or_more_at_risk_is_never_worth_less(one: float, other: float, a: Decimal, b: Decimal) -> None:
    """In either argument, and never above the ceiling."""
    low, high = sorted((chance([one]), chance([other])))
    little, much = sorted((a, b))
    assert expected_usd(low, little) <= expected_usd(high, little) <= expected_usd(high, much) <= MOST_USD
