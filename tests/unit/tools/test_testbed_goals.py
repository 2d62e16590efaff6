"""The table of goals: figures of several streams together, and what is missed is said."""

from typing import Any

import pytest

from tests.support.testbed_goals import goals, table


def judgement(true: int, alerts: int, found: int, models: float | None, naive: float, models_rate: float = 1.0) -> Any:
    """A judgement of ten cases at 20 a day."""

    def share(hits: int, of: int) -> dict:
        return {"value": hits / of if of else None, "n": of}

    def order(name: str, value: float | None) -> dict:
        return {"name": name, "by_payment": {"average_precision": {"value": value}}}

    figures = {"budget": 20, "precision": {"share": share(true, alerts)}, "recall": {"on_events": share(found, 10)}}
    return {
        "systems": [{"name": "fxwatch", "budgets": [figures]}],
        "statistical": {"orders": [order("models", models), order("own_history", naive)]},
        "kinds": [{"kind": "rules", "per_3000_payments": 9.0}, {"kind": "models", "per_3000_payments": models_rate}],
    }


def test_streams_are_taken_together() -> None:
    """40 true of 100 alerts, 17 of 20 cases; mean average precisions of 0.3 and 0.2: half better."""
    told = goals([judgement(10, 60, 8, 0.2, 0.1), judgement(30, 40, 9, 0.4, 0.3)])
    assert [one.measured for one in told] == pytest.approx([0.4, 0.85, 0.5])
    assert [one.met for one in told] == [True, True, True]


def test_what_is_missed_is_said() -> None:
    """Each by itself, and the clean stream's rate beside them."""
    told = goals([judgement(3, 10, 8, 0.1, 0.1)], judgement(0, 0, 0, None, 0.0, models_rate=2.5))
    assert [one.met for one in told] == [False, False, False, False]
    assert table(told).count("MISSED") == 4
    assert "wanted <= 2 for 3 000 payments" in table(told)
    assert "30.0 %" in table(told)


def test_what_cannot_be_measured_is_no_goal_met() -> None:
    """No alert, no rank: neither met nor missed. A report of other budgets is refused."""
    told = goals([judgement(0, 0, 9, None, 0.1)])
    assert [one.met for one in told] == [None, True, None]
    assert table(told).count("not measured") == 2
    other = judgement(1, 1, 1, 0.1, 0.1)
    other["systems"][0]["budgets"][0]["budget"] = 50
    with pytest.raises(KeyError, match="judge with --budgets 20"):
        goals([other])
