"""Sums of floats are the same bits on every Python, everywhere in the core."""

import builtins
import random
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from detectors.models import REGISTRY
from detectors.values.float_sums import add_up
from tests.support.ledger import Ledger, configuration, later

CORE = Path(__file__).parents[4] / "detectors"


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([], 0.0),
        ([0.1] * 10, 0.9999999999999999),
        ([1e16, 1.0, -1e16], 0.0),
        ([1.0, 1e16, -1e16], 0.0),
        ([-0.0], 0.0),
    ],
)
def test_each_step_is_rounded_from_left_to_right(values: list[float], total: float) -> None:
    """As Python 3.11's `sum`; a compensated one gives 1.0 for ten tenths, and 1.0 for the third."""
    assert add_up(values) == total
    assert add_up(iter(values)) == total


def everyday(ledger: Ledger, days: int) -> None:
    """Payments of thirty parties, some of them rare, some of firms that deal and trade."""
    lots = random.Random(7)
    for day in range(days):
        ledger.rate(later(days=day))
        for number in range(30):
            at = later(days=day) + timedelta(hours=1 + 8 * lots.random())
            usd = 300 * 2 ** lots.gauss(number % 5, 1.0) * (40 if lots.random() < 0.01 else 1)
            more: dict[str, Any] = {"party_type": "company", "deal_rate": "1401", "settled_currency": "KRW"}
            ledger.pay(
                f"{day}-{number}",
                at,
                f"{usd:.2f}",
                party=f"k1.0a3.p{number}",
                counterparty=f"k1.111.c{number}{lots.randrange(4)}",
                **(more if number % 3 == 0 else {}),
            )


def test_nothing_in_the_core_adds_floats_by_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Since Python 3.12 it compensates for what is rounded, so that its bits depend on who runs it.

    Looked at while payments are scored and learned, and while every detector of the registry is.
    """
    found: Counter[str] = Counter()
    plain = builtins.sum

    def watched(values: Iterable[Any], *start: Any) -> Any:
        total = plain(values, *start)
        place = Path(sys._getframe(1).f_code.co_filename)
        if isinstance(total, float) and place.is_relative_to(CORE) and "testbed" not in place.parts:
            found[f"{place.relative_to(CORE)}:{sys._getframe(1).f_lineno}"] += 1
        return total

    monkeypatch.setattr(builtins, "sum", watched)
    ledger = Ledger(configuration(detectors={"warm_up": 30, "rank_ceiling": 1.0, "most_by_chance": 1e9}))
    everyday(ledger, 20)
    lots = random.Random(3)
    for name, kind in REGISTRY.items():
        model = kind.build({}, 1)
        for _ in range(120):
            model.score_then_learn_one({column: abs(lots.gauss(0, 1)) for column in ("hour", "weekday", "week_sum")})
        assert model.explain_one({"hour": 9.0, "week_sum": 9.0}), name
    monkeypatch.undo()
    assert ledger.state.counters["scored"] > 500
    assert not found, f"to do: detectors/values/float_sums.py; {dict(found)}"
