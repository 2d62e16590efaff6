"""The raised alerts by kind, counted by hand."""

import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.alert_kinds import MODELS, RULES, KindFigures, SeverityFigures, alert_kinds
from detectors.testbed.ground import lay_ground
from detectors.testbed.loose_alerts import AlertSaid
from detectors.testbed.truth import Truth
from tests.support.synthetic_result import case, lookalike, payment, sheet

DRAWS = Draws(40, 3)


def kinds(*, raised: bool = True) -> dict[str, KindFigures]:
    """Six payments of two days, the last of them history: a rule's alert on a0, the models' on a1, b0 and c0."""
    alerts = {"a0": "1", "a1": "2", "b0": "3", "c0": "4", "h0": "5"} if raised else {}
    rows = [
        payment(event, event[0], day, alert_id=alerts.get(event), history=event == "h0")
        for event, day in (("a0", 0), ("a1", 1), ("b0", 1), ("c0", 1), ("d0", 1), ("h0", 1))
    ]
    said = {
        "1": AlertSaid(3, rule=True),
        "2": AlertSaid(1),
        "3": AlertSaid(0, explored=True),
        "4": AlertSaid(1),
        "5": AlertSaid(2),
    }
    truth = Truth(cases=(case("T01-1", "a", ["a0", "a1"], (0, 1)),), lookalikes=(lookalike("rent", "b"),))
    laid = lay_ground(sheet(rows), truth, {"a": "a", "b": "b"}, (), said)
    return {one.kind: one for one in alert_kinds(laid, DRAWS)}


def test_rules_and_models_are_told_apart() -> None:
    """One alert of a rule, true; three of the models, one true, one on a look-alike and drawn by lot."""
    told = kinds()
    assert list(told) == [RULES, MODELS]
    rules, models = told[RULES], told[MODELS]
    assert (rules.alerts, rules.per_day, rules.explored, rules.true.value) == (1, 0.5, 0, 1.0)
    assert rules.lookalikes.value == 0.0
    assert (models.alerts, models.per_day, models.explored) == (3, 1.5, 1)
    assert models.true.value == pytest.approx(1 / 3)
    assert models.on_parties.value == pytest.approx(1 / 3)
    assert models.lookalikes.value == 1.0


def test_volume_is_told_for_three_thousand_payments() -> None:
    """Three alerts on five payments outside history."""
    assert kinds()[MODELS].per_3000_payments == 1800.0


def test_severities_are_counted_with_their_true_alerts() -> None:
    """History's alert is in none."""
    told = kinds()
    assert told[RULES].by_severity[3] == SeverityFigures(severity="critical", alerts=1, true=1)
    assert [(one.severity, one.alerts, one.true) for one in told[MODELS].by_severity] == [
        ("low", 1, 0),
        ("medium", 2, 1),
        ("high", 0, 0),
        ("critical", 0, 0),
    ]


def test_without_an_alert_there_is_no_share() -> None:
    """Nothing raised: no share of true ones, none a day."""
    told = kinds(raised=False)[MODELS]
    assert (told.alerts, told.per_day, told.true.value) == (0, 0.0, None)
