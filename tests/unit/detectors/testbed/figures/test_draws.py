"""What each figure resamples, and what it says of streams without anything to be measured."""

from typing import Any

import numpy as np
import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.delay import delay
from detectors.testbed.figures.lookalikes import lookalikes
from detectors.testbed.figures.money import illicit_leaked_cents, money
from detectors.testbed.figures.precision import precision
from detectors.testbed.figures.recall import NEVER_US, first_alerts, recall
from detectors.testbed.ground import Ground, Mask, lay_ground
from detectors.testbed.truth import Truth
from tests.support.draws_asked import Asked
from tests.support.synthetic_result import case, ground, lookalike, mask, payment, sheet


def mixed() -> tuple[Ground, Mask]:
    """Two typologies and two variants of two cases each, and two names of two look-alikes each, half of each alerted.

    Each case has two payments on its day, of which the second of a found one is alerted on.
    """
    rows = [
        payment(f"{kind}{n}{part}", f"{kind}{n}", n + part / 2) for kind in "ab" for n in range(3) for part in range(2)
    ]
    rows += [payment(f"{name}{n}", f"{name}{n}", n) for name in ("rent", "gift") for n in range(2)]
    cases = [
        case(
            f"T0{1 + (kind == 'b')}-{kind}{n}",
            f"{kind}{n}",
            [f"{kind}{n}0", f"{kind}{n}1"],
            (n, n + 0.5),
            variant="slow" if n else "fast",
        )
        for kind in "ab"
        for n in range(3)
    ]
    told = ground(rows, cases, [lookalike(name, f"{name}{n}") for name in ("rent", "gift") for n in range(2)])
    # a0, a1 and b0, b1 are found; a2 and b2 are not; so are the first of each look-alike
    return told, mask(16, 1, 3, 7, 9, 12, 14)


CASES = ("cases", 6)


def test_figures_of_cases_resample_the_same_cases() -> None:
    """Recall, money and delay are of the same resamples of all cases; each group of cases has its own."""
    told, alerts = mixed()
    first = first_alerts(told, alerts)
    asked = Asked()
    money(told, first != NEVER_US, first, asked)
    assert asked.names == {CASES}
    asked = Asked()
    delay(told, first, asked)
    assert asked.names == {CASES, ("cases of T01", 3), ("cases of T02", 3)}
    asked = Asked()
    figures = recall(told, alerts, first != NEVER_US, asked)
    assert asked.names == {
        CASES,
        ("cases of T01", 3),
        ("cases of T02", 3),
        ("cases of slow", 4),
        ("cases of T01/slow", 2),
        ("cases of T02/slow", 2),
    }
    assert {name: one.value for name, one in figures.on_events_by_typology.items()} == {
        "T01": pytest.approx(2 / 3),
        "T02": pytest.approx(2 / 3),
    }


def test_precision_resamples_days_and_look_alikes_resample_themselves() -> None:
    """Three days; four look-alikes, two of each name."""
    told, alerts = mixed()
    asked = Asked()
    precision(told, alerts, asked)
    assert asked.names == {("days", 3)}
    asked = Asked()
    lookalikes(told, alerts, asked)
    assert asked.names == {("look-alikes", 4), ("look-alikes rent", 2), ("look-alikes gift", 2)}


def nothing() -> tuple[Ground, Mask]:
    """One payment of history, and nothing planted."""
    return ground([payment("a", "a", 0, history=True)]), mask(1)


def test_nothing_is_told_of_nothing() -> None:
    """Without days, cases, look-alikes or alerts there is no figure, and no error."""
    told, alerts = nothing()
    draws, first = Draws(20, 1), first_alerts(told, alerts)
    assert (len(first), first.dtype) == (0, np.int64)
    days = precision(told, alerts, draws)
    assert (days.alerts, days.alerts_per_day, days.share.value, days.on_parties.value) == (0, None, None, None)
    alike = lookalikes(told, alerts, draws)
    assert (alike.rate.value, alike.by_name, alike.alerts_share) == (None, {}, None)
    cases = recall(told, alerts, np.zeros(0, np.bool_), draws)
    assert (cases.overall.value, cases.by_typology, cases.by_typology_variant) == (None, {}, {})
    usd = money(told, np.zeros(0, np.bool_), first, draws)
    assert (usd.total, usd.moved, usd.found.value, usd.found_share.value) == (0.0, 0.0, None, None)
    assert illicit_leaked_cents(told, first).dtype == np.int64
    late = delay(told, first, draws)
    assert (late.median.value, late.median.n, late.median_of_all, late.by_typology) == (None, 0, None, {})


def test_money_keeps_the_last_cent() -> None:
    """Of 2^53 + 1 cents all left before the alert on the party; nothing is rounded but down to the cent."""
    rows: list[dict[str, Any]] = [payment("a0", "a", 0), payment("a1", "a", 1), payment("a2", "a", 2, usd=1)]
    columns = sheet(rows)
    columns.usd_cents[:] = [2**53, 1, 100]
    planted = case("T01-0001", "a", ["a0", "a1"], (0, 1), illicit_usd="90071992547409.93")
    told = lay_ground(columns, Truth(cases=(planted,)), {"a": "a"})
    first = first_alerts(told, mask(3, 2))
    assert illicit_leaked_cents(told, first).tolist() == [2**53 + 1]
    # half of it, and half a cent: rounded down
    columns.usd_cents[:] = [1, 1, 100]
    halved = lay_ground(columns, Truth(cases=(planted,)), {"a": "a"})
    assert illicit_leaked_cents(halved, first_alerts(halved, mask(3, 1))).tolist() == [2**52]
