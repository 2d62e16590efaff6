"""What reading an alert is expected to bring: the chance that it is right times the amount at risk.

An order of the queue, beside the desk's own (most severe first). Pure; nothing of it is in an alert.
"""

from collections.abc import Sequence
from decimal import Decimal

# Of one alert no more than this counts, USD. Failure prevented: a trading firm's weakest alert on ten millions came
# before every certain one on a person's transfers, and the queue was one of firms by size. Half of the planted cases of
# the generated streams are worth less than 100 000 USD, one in twenty more than this (our judgement).
MOST_USD = Decimal(1_000_000)
# The share of alerts of the models alone that fall on an event of a case: 14 of 106 on the generated stream of
# docs/TESTBED.md (100 000 records, seed 1), lots among them. A rank says how rare a payment is and nothing of how often
# that is a crime. With the budget as a quota it was 20 of 1 045.
UNEXPLAINED = Decimal("0.13")


def chance(strengths: Sequence[float], probability: float | None = None) -> Decimal:
    """The chance 0-1 that the alert is right.

    `probability` is what was learned from verdicts; while it is None, the largest of the `strengths` of the typologies
    that the alert names stands for it, and `UNEXPLAINED` where it names none. A strength says how sure its finding is;
    no verdict stands behind it. Raises `ValueError` for what lies outside 0-1.

    >>> chance([0.4, 0.9]), chance([]), chance([0.9], 0.25)
    (Decimal('0.9'), Decimal('0.13'), Decimal('0.25'))
    """
    told = (*strengths, *(() if probability is None else (probability,)))
    if not all(0.0 <= one <= 1.0 for one in told):
        raise ValueError(f"a chance is out of range; got: {list(told)}; expected: 0 to 1")
    if probability is not None:
        return Decimal(str(probability))
    return Decimal(str(max(strengths))) if strengths else UNEXPLAINED


def expected_usd(right: Decimal, at_risk_usd: Decimal | None) -> Decimal:
    """USD, 0 to `MOST_USD`: the chance times the amount at risk, of which at most `MOST_USD` counts.

    0 where the amount is not known: such alerts come last in this order, and in the desk's own they do not.

    >>> expected_usd(Decimal("0.9"), Decimal(20_000)), expected_usd(Decimal("0.02"), Decimal(90_000_000))
    (Decimal('18000.0'), Decimal('20000.00'))
    """
    return right * min(max(at_risk_usd or Decimal(0), Decimal(0)), MOST_USD)
