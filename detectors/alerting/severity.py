"""How severe an alert is, by its score and the USD at risk (cents).

Critical at score >= 0.9 and 100 000 USD; high at 0.75 and 20 000 USD, or at 0.5 and 100 000 USD; medium at 0.5; else
low. All are our judgement.
"""

from typing import get_args

from detectors.contracts.alert import Severity

# the mildest first
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
# severity: (least score, least USD cents at risk), first match wins
_LEAST: tuple[tuple[Severity, float, int], ...] = (
    ("critical", 0.9, 10_000_000),
    ("high", 0.75, 2_000_000),
    ("high", 0.5, 10_000_000),
    ("medium", 0.5, 0),
)


def severity(score: float, at_risk: int) -> Severity:
    """The severity of a score 0-1 and USD cents at risk."""
    for name, least, amount in _LEAST:
        if score >= least and at_risk >= amount:
            return name
    return "low"
