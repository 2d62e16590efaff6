"""The gate's figures on replays built by hand, a row at a time."""

import msgspec
import numpy as np
import pytest

from detectors.testbed import gate_evidence
from detectors.testbed.draws import Draws
from detectors.testbed.figures.calibration import calibration
from detectors.testbed.figures.fairness import Fairness
from detectors.testbed.gate import Costs
from detectors.testbed.gate_evidence import Resampling, Version
from detectors.testbed.ground import lay_ground
from detectors.testbed.party_days import party_days
from detectors.testbed.truth import Truth
from streams.settings import overlay_configuration
from tests.support.synthetic_result import case, lookalike, payment, sheet

COSTS = Costs(cpu_us=(1.0, 1.0), state_bytes=(1.0, 1.0), bit_equal=(True, True))
HOW = Resampling(budget=2, resamples=400)
TRUTH = Truth(
    cases=(case("T01-1", "p1", ["e1", "e2"], (0.1, 0.2)), case("T16-1", "p2", ["e3"], (1.1, 1.1))),
    lookalikes=(lookalike("salary", "h1", ["a1"]),),
)
NAMES = {"p1": "p1", "p2": "p2", "h1": "h1"}


def version(rows: list[dict], members: dict[str, list[float]], tables: dict | None = None) -> Version:
    """A version whose replay gave these rows and member scores."""
    columns = {name: np.array(scores, np.float64) for name, scores in members.items()}
    told = msgspec.structs.replace(sheet(rows), members=columns)
    configuration = overlay_configuration(tables or {})
    kept = {name: {} for name in members}
    detectors = msgspec.structs.replace(configuration.detectors, members=kept)
    return Version(lay_ground(told, TRUTH, NAMES), msgspec.structs.replace(configuration, detectors=detectors))


def rows(scores: list[float], fired: tuple = ()) -> list[dict]:
    """Seven payments of two days: three planted, four honest (one a look-alike's), with these scores."""
    told = [
        ("e1", "p1", 0.1, "small"),
        ("e2", "p1", 0.2, "small"),
        ("a1", "h1", 0.3, "small"),
        ("a2", "h2", 0.4, "large"),
        ("e3", "p2", 1.1, "large"),
        ("a3", "h3", 1.2, "large"),
        ("a4", "h4", 1.3, "small"),
    ]
    return [
        payment(event, party, day, score, size=size, fired=fired if event == "e1" else ())
        for (event, party, day, size), score in zip(told, scores, strict=True)
    ]


def raising(told: list[dict], *events: str) -> list[dict]:
    """The rows, with an alert on these events and on no other."""
    return [row | {"alert_id": f"alert of {row['event_id']}" if row["event_id"] in events else None} for row in told]


FINDS = rows([0.9, 0.8, 0.1, 0.2, 0.7, 0.3, 0.1], fired=(("T01", 0.9),))
MISSES = rows([0.1, 0.1, 0.9, 0.8, 0.1, 0.7, 0.6])
# Honest payments a1 to a4 are scored 1, 2, 3, 4.
RANKS = {"robust_z": [5.0, 2.0, 1.0, 2.0, 2.5, 3.0, 4.0]}
FLAT = {"robust_z": [1.0] * 7}


def test_members_own_ranking_is_the_area_under_the_curve():
    """e1 lies above all four honest payments, e2 above one and level with one, e3 above two: 1, 3/8 and 1/2."""
    told = gate_evidence.figures(version(FINDS, RANKS), version(FINDS, FLAT), HOW, COSTS).members["robust_z"]
    assert told.b == pytest.approx(((1 + 3 / 8) / 2 + 1 / 2) / 2)
    assert told.a == pytest.approx(0.5)
    assert told.n == 2


def test_a_member_that_scores_nothing_any_more_is_measured_as_chance():
    """It would otherwise pass for want of anything to measure: the champion's 0.59 against a half."""
    silent = {"robust_z": [np.nan] * 7}
    told = gate_evidence.figures(version(FINDS, RANKS), version(FINDS, silent), HOW, COSTS).members["robust_z"]
    assert told.b == pytest.approx(0.59375)
    assert told.a == 0.5
    assert told.n == 2


def test_the_alerts_really_raised_are_of_both_versions():
    """One version raised an alert on both cases, the other none at all; that shows at the gate's own budget too."""
    told = gate_evidence.figures(version(raising(FINDS, "e1", "e3"), RANKS), version(raising(FINDS), RANKS), HOW, COSTS)
    assert told.shipped == (2, 0)
    assert (told.shipped_recall.b, told.shipped_recall.a) == (1.0, 0.0)
    assert (told.recall.b, told.recall.a) == (1.0, 0.0)


def test_the_gates_budget_is_a_ceiling():
    """Of three alerts of day 0 the two largest are compared; the third is shipped all the same."""
    many = [row | {"usd": 10.0 * len(row["event_id"]) + n} for n, row in enumerate(FINDS)]
    told = gate_evidence.figures(
        version(raising(many, "e1", "a1", "a2"), RANKS), version(raising(many, "e1"), RANKS), HOW, COSTS
    )
    assert (told.recall.b, told.recall.a) == (0.0, 0.5)
    assert told.shipped_recall.b == 0.5


def test_the_models_own_order_is_compared_whatever_was_raised():
    """The first version's ranks put the planted payments first (1), the other's last: (1/5 + 2/6 + 3/7) / 3."""
    told = gate_evidence.figures(version(FINDS, RANKS), version(MISSES, RANKS), HOW, COSTS).models_order
    assert told.b == pytest.approx(1.0)
    assert told.a == pytest.approx(3 / 7), "level with one another, behind every honest payment"


def test_recall_precision_and_look_alikes_are_of_both_versions():
    """One version alerts on both cases, the other on a look-alike and honest parties only."""
    finds, misses = raising(FINDS, "e1", "e2", "e3", "a3"), raising(MISSES, "a1", "a2", "a3", "a4")
    told = gate_evidence.figures(version(finds, RANKS), version(misses, RANKS), HOW, COSTS)
    assert (told.recall.b, told.recall.a) == (1.0, 0.0)
    assert (told.precision.b, told.precision.a) == (0.75, 0.0)
    assert (told.lookalikes.b, told.lookalikes.a) == (0.0, 1.0)
    found = {one.typology: one.found for one in told.typologies}
    assert found == dict.fromkeys(found, (0, 0)) | {"T01": (1, 0), "T16": (1, 0)}


def test_rules_firing_is_counted_at_cases_and_payments_and_by_configuration():
    """T01 fired at one payment of its case in the champion only; a rule switched off is told as such."""
    off = {"rules": {"T16": {"enabled": False}}}
    told = gate_evidence.figures(version(FINDS, RANKS), version(MISSES, RANKS, off), HOW, COSTS)
    found = {one.typology: one for one in told.typologies}
    assert (found["T01"].fired, found["T01"].payments, found["T01"].enabled) == ((1, 0), (1, 0), (True, True))
    assert (found["T16"].fired, found["T16"].enabled) == ((0, 0), (True, False))


def test_calibration_error_is_the_judges():
    """The error of each version is the one the judge's own figure gives, to a millionth."""
    versions = version(FINDS, RANKS), version(MISSES, RANKS)
    told = gate_evidence.figures(*versions, HOW, COSTS).calibration
    expected = [calibration(party_days(one.ground)).error for one in versions]
    assert [told.b, told.a] == pytest.approx(expected, abs=2e-6)
    assert told.a > told.b


def test_fairness_ratios_are_the_judges():
    """Each group's ratio to the overall rate is the judge's own, of both versions."""
    versions = version(FINDS, RANKS), version(MISSES, RANKS)
    told = gate_evidence.figures(*versions, HOW, COSTS).fairness
    for number, side in enumerate(versions):
        days = party_days(side.ground)
        alerts = gate_evidence._side(side, HOW).alerts
        judged = Fairness(side.ground, days, Draws(50, 1)).of(alerts)
        expected = {(name, one.group): one.ratio.value for name, groups in judged.items() for one in groups}
        found = {(one.dimension, one.group): (one.ratio.b, one.ratio.a)[number] for one in told}
        assert found == pytest.approx(expected)
        assert len(found) >= 5


def test_missing_member_is_told_and_a_new_one_is_not_held_against_it():
    """What the champion has and the challenger lacks is missing; what only the challenger has is no fall."""
    both = {**RANKS, "windowed_tails": RANKS["robust_z"]}
    assert gate_evidence.figures(version(FINDS, both), version(FINDS, RANKS), HOW, COSTS).missing_members == (
        "windowed_tails",
    )
    assert gate_evidence.figures(version(FINDS, RANKS), version(FINDS, both), HOW, COSTS).missing_members == ()


def test_different_truths_are_refused():
    """Two versions judged by different cases cannot be compared."""
    one, other = version(FINDS, RANKS), version(FINDS, RANKS)
    fewer = lay_ground(other.ground.sheet, Truth(cases=TRUTH.cases[:1]), NAMES)
    with pytest.raises(ValueError, match="same cases"):
        gate_evidence.figures(one, Version(fewer, other.configuration), HOW, COSTS)
