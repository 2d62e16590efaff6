"""How the report shows figures: shares, amounts, delays and ratios with their intervals, and its tables' form."""

from typing import NamedTuple

from detectors.testbed.judgement import AS_SHIPPED, Judgement
from detectors.testbed.statistics import Estimate, Reliability

NONE = "-"
# The budget that plots of one budget show, where it was judged.
USUAL_BUDGET = 50
_THOUSAND, _MILLION = 1e3, 1e6
Rows = list[tuple[str, ...]]


class FigureTable(NamedTuple):
    """A table with one sentence on how to read it."""

    title: str
    reading: str
    columns: tuple[str, ...]
    rows: Rows


def percent(estimate: Estimate) -> str:
    """A share with its interval, such as `93 % (85 to 97)`."""
    if estimate.value is None:
        return NONE
    if estimate.interval is None:
        return f"{_whole(estimate.value)} %"
    return f"{_whole(estimate.value)} % ({_whole(estimate.interval.low)} to {_whole(estimate.interval.high)})"


def _whole(share: float) -> str:
    """A share in per cent; one decimal below 10, so that a small rate is not shown as none."""
    value = 100 * share
    return f"{value:.1f}" if 0 < value < 10 else f"{value:.0f}"  # noqa: PLR2004


def usd(amount: float | None) -> str:
    """An amount for people, such as `1.24m`."""
    if amount is None:
        return NONE
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size >= _MILLION:
        return f"{sign}{size / _MILLION:,.2f}m"
    return f"{sign}{size / _THOUSAND:,.0f}k" if size >= 10 * _THOUSAND else f"{sign}{size:,.0f}"


def days(estimate: Estimate) -> str:
    """A delay with its interval, such as `1.3 d (0.9 to 2.0)`."""
    if estimate.value is None:
        return NONE
    interval = estimate.interval
    around = "" if interval is None else f" ({interval.low:.1f} to {interval.high:.1f})"
    return f"{estimate.value:.1f} d{around}"


def budget_text(budget: int | str) -> str:
    """A budget as a table shows it."""
    return "as shipped" if budget == AS_SHIPPED else str(budget)


def usual_budget(judgement: Judgement) -> int:
    """The budget that figures of one budget are shown at: 50, or the middle one."""
    budgets = judgement.settings.budgets
    return USUAL_BUDGET if USUAL_BUDGET in budgets else budgets[len(budgets) // 2]


def ratio(estimate: Estimate) -> str:
    """A ratio with its interval."""
    if estimate.value is None:
        return NONE
    interval = estimate.interval
    return f"{estimate.value:.2f}" + ("" if interval is None else f" ({interval.low:.2f} to {interval.high:.2f})")


def reliability_rows(told: Reliability) -> Rows:
    """A row a bin: what was told, of how many, their mean, and the share that came true with Wilson's interval."""
    return [
        (
            f"{one.low:.1f} to {one.high:.1f}",
            f"{one.n:,}",
            NONE if one.mean is None else f"{one.mean:.3f}",
            percent(Estimate(one.share, one.n, one.interval)),
        )
        for one in told.bins
    ]
