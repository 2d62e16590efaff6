"""What a judgement is put together of: the stream it tells of, its systems and budgets, and each figure's alerts."""

import hashlib
from typing import Any

import msgspec
import numpy as np
import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.calibration import calibration
from detectors.testbed.figures.chance import chance
from detectors.testbed.figures.delay import delay
from detectors.testbed.figures.fairness import Fairness
from detectors.testbed.figures.fidelity import TopReasons
from detectors.testbed.figures.lookalikes import lookalikes
from detectors.testbed.figures.money import money
from detectors.testbed.figures.precision import precision
from detectors.testbed.figures.recall import first_alerts, recall
from detectors.testbed.ground import Ground, lay_ground
from detectors.testbed.judgement import (
    AS_SHIPPED,
    BY_VALUE,
    FILLED_UP,
    PRODUCT,
    JudgedResult,
    Settings,
    Stream,
    System,
    canonical_hash,
    cold_share,
    filled_up,
    judge,
    product,
)
from detectors.testbed.loose_alerts import AlertSaid
from detectors.testbed.party_days import party_days
from detectors.testbed.truth import Regime, Truth
from tests.support.synthetic_result import case, lookalike, mask, payment, sheet

FEW = Settings(budgets=(2, 1), resamples=20, seed=3, lots=4)
FLAT = System("flat", "Says nothing.", np.zeros(9))


def stream(said: dict[str, AlertSaid] | None = None) -> Ground:
    """Nine payments of six parties over three days, row 8 (all of party f) in history; two cases, one unseen.

    Alerts were raised on rows 0, 3 and 8. Filled up, the queue of day 0 is a (row 0), b (row 1), c (row 2); of day 1 d
    (row 3, which was raised), a (row 4); of day 2 e (row 6), b (row 5), a (row 7) says nothing.
    """
    rows = [
        payment("a0", "a", 0, score=0.9, alert_id="1", fired=[("T01", 0.5)]),
        payment("b0", "b", 0, score=0.8),
        payment("c0", "c", 0, score=0.7),
        payment("d0", "d", 1, score=0.4, alert_id="2", reasons=[("hour", 1.0)]),
        payment("a1", "a", 1, score=0.6, usd=20, reasons=[("sum_7d", 1.0)]),
        payment("b1", "b", 2, score=0.2),
        payment("e0", "e", 2, score=0.3),
        payment("a2", "a", 2, score=0.0),
        payment("f0", "f", 2, score=0.9, alert_id="3", history=True),
    ]
    cases = (
        case("T01-0001", "a", ["a0", "a1"], (0, 1)),
        case("T99-0002", "g", ["g0"], (0, 0)),
        case("T01-0003", "d", ["d0"], (1, 1)),
    )
    alike = (lookalike("rent", "b"), lookalike("tuition", "nobody"), lookalike("gift", "nobody"))
    truth = Truth(cases=cases, lookalikes=alike, regimes=(Regime(name="growth"), Regime(name="new_bank")))
    return lay_ground(sheet(rows), truth, {name: name for name in ("a", "b", "d", "g", "nobody")}, (), said or {})


def judged(**more: Any) -> JudgedResult:
    """The stream judged, beside a system that says nothing."""
    return judge(stream(), (FLAT,), msgspec.structs.replace(FEW, **more))


def test_the_stream_that_was_judged() -> None:
    """Counts by hand: transactions with history, parties and days without; no rule looks for T99."""
    assert judged().judgement.stream == Stream(
        transactions=9, history=1, parties=5, days=3, party_days=8, illicit_party_days=3, cold_share=0.0,
        cases={"T01": 2, "T99": 1}, unseen_cases=1, lookalikes=3, unseen_lookalikes=2, regimes=("growth", "new_bank"),
        without_rule=("T99",), loose_alerts=0, shared_alerts=0,
        rule_alerts=0, hard_line_alerts=0, rule_alerts_per_day_100k=0.0,
    )  # fmt: skip


def test_the_rule_alerts_beyond_hard_lines_are_told_for_a_day_and_100_000_parties() -> None:
    """Row 8 is history; of the rules' alerts on rows 0 and 3 one is on a hard line: one on 5 parties in 3 days."""
    said = {"1": AlertSaid(1, rule=True), "2": AlertSaid(2, rule=True, line=True), "3": AlertSaid(3, rule=True)}
    told = judge(stream(said), (), FEW).judgement.stream
    assert (told.rule_alerts, told.hard_line_alerts) == (2, 1)
    assert told.rule_alerts_per_day_100k == pytest.approx(100_000 / 15)


def test_budgets_are_each_once_from_the_smallest_on() -> None:
    """However they were given; what was shipped comes last, and for the product alone."""
    told = judged(budgets=(2, 1, 2)).judgement
    assert told.settings == msgspec.structs.replace(FEW, budgets=(1, 2))
    assert [one.name for one in told.systems] == [PRODUCT, BY_VALUE, FILLED_UP, "flat"]
    assert [one.name for one in told.orders] == [FILLED_UP, "flat"]
    assert [one.name for one in told.baselines] == ["flat"]
    assert [one.budget for one in told.system(PRODUCT).budgets] == [1, 2, AS_SHIPPED]
    assert [one.budget for one in told.system(FILLED_UP).budgets] == [1, 2]
    assert [one.budget for one in told.system("flat").budgets] == [1, 2]
    assert (told.format, told.system("flat").describes) == (2, "Says nothing.")
    assert told.system(PRODUCT).describes == "The alerts that the replayed version raised, up to the budget."
    assert product(stream()).name == PRODUCT == "fxwatch"
    assert filled_up(stream()).name == FILLED_UP == "fxwatch, filled up"


def test_what_was_not_judged_is_not_found() -> None:
    """Another system, and another budget, are faults of the caller; of chance there is simply nothing."""
    told = judged().judgement
    assert told.system(PRODUCT).at(2).budget == 2
    with pytest.raises(KeyError, match="'perfect'"):
        told.system("perfect")
    with pytest.raises(KeyError, match="50"):
        told.system(PRODUCT).at(50)
    assert [told.as_many(budget).budget for budget in (1, 2, AS_SHIPPED)] == [1, 2, AS_SHIPPED]
    assert told.as_many(50) is None
    assert judged(lots=0).judgement.chance == ()


def test_the_rows_that_alert_at_a_budget() -> None:
    """A budget is a ceiling: of the product what was raised, and nothing where nothing was. Filled up, it is used."""
    outcomes = judged().outcomes
    assert {key: np.flatnonzero(one.alerts).tolist() for key, one in outcomes.items()} == {
        (PRODUCT, 1): [0, 3],
        (PRODUCT, 2): [0, 3],
        (PRODUCT, AS_SHIPPED): [0, 3],
        (BY_VALUE, 1): [0, 3],
        (BY_VALUE, 2): [0, 3],
        (FILLED_UP, 1): [0, 3, 6],
        (FILLED_UP, 2): [0, 1, 3, 4, 5, 6],
        ("flat", 1): [],
        ("flat", 2): [],
    }
    assert outcomes[PRODUCT, 1].found.tolist() == [True, False, True]
    assert outcomes[PRODUCT, 2].found.tolist() == [True, False, True]
    assert (outcomes[FILLED_UP, 2].first_us == first_alerts(stream(), mask(9, 0, 1, 3, 4, 5, 6))).all()


def test_of_more_alerts_than_the_budget_the_most_severe_are_taken() -> None:
    """Three alerts on one day: the severe one, then the newest; the least of them is not read at a budget of 2."""
    rows = [payment(f"e{n}", f"p{n}", n / 4, alert_id=str(n)) for n in range(3)]
    laid = lay_ground(sheet(rows), Truth(), {}, (), {"0": AlertSaid(2), "1": AlertSaid(0), "2": AlertSaid(0)})
    outcomes = judge(laid, (), FEW).outcomes
    assert [np.flatnonzero(outcomes[PRODUCT, budget].alerts).tolist() for budget in (1, 2)] == [[0], [0, 2]]


def test_by_expected_value_the_most_valuable_alerts_are_read_first() -> None:
    """Three alerts on one day, the mildest worth most; one without an amount comes last."""
    rows = [payment(f"e{n}", f"p{n}", n / 4, alert_id=str(n)) for n in range(3)]
    said = {"0": AlertSaid(2, expected_cents=500), "1": AlertSaid(0, expected_cents=900), "2": AlertSaid(3)}
    outcomes = judge(
        lay_ground(sheet(rows), Truth(), {}, (), said), (), msgspec.structs.replace(FEW, budgets=(1, 2, 3))
    )
    told = {key: np.flatnonzero(one.alerts).tolist() for key, one in outcomes.outcomes.items()}
    assert [told[BY_VALUE, budget] for budget in (1, 2, 3)] == [[1], [0, 1], [0, 1, 2]]
    assert [told[PRODUCT, budget] for budget in (1, 2, 3)] == [[2], [0, 2], [0, 1, 2]]


def test_a_tie_of_priorities_goes_to_the_larger_amount() -> None:
    """Equal priorities of a baseline: of day 1 the payment of 1 000 USD comes before that of 20."""
    told = judge(stream(), (System("even", "Everybody alike.", np.ones(9)),), FEW)
    assert np.flatnonzero(told.outcomes["even", 1].alerts).tolist() == [0, 3, 5]


@pytest.mark.parametrize(
    ("system", "budget", "rows"),
    [
        (PRODUCT, 1, [0, 3]),
        (PRODUCT, AS_SHIPPED, [0, 3]),
        (FILLED_UP, 1, [0, 3, 6]),
        (FILLED_UP, 2, [0, 1, 3, 4, 5, 6]),
        ("flat", 2, []),
    ],
)
def test_each_figure_is_of_the_budgets_own_alerts(system: str, budget: int | str, rows: list[int]) -> None:
    """Every figure is what it is of these alerts, with the settings' draws; reasons are the product's alone."""
    ground, alerts, draws = stream(), mask(9, *rows), Draws(20, 3)
    first = first_alerts(ground, alerts)
    told, found, days = judged().judgement.system(system).at(budget), first < np.iinfo(np.int64).max, party_days(ground)
    assert told.precision == precision(ground, alerts, draws)
    assert told.recall == recall(ground, alerts, found, draws)
    assert told.money == money(ground, found, first, draws)
    assert told.delay == delay(ground, first, draws)
    assert told.lookalikes == lookalikes(ground, alerts, draws)
    assert told.fairness == Fairness(ground, days, draws).of(alerts)
    assert told.fidelity == (TopReasons(ground).of(alerts, draws) if system == PRODUCT else None)


def test_calibration_and_chance_are_of_the_product() -> None:
    """Chance has as many alerts as the product at each of its budgets, drawn by the settings' lots and seed."""
    ground, told = stream(), judged().judgement
    days = party_days(ground)
    own: dict[int | str, np.ndarray] = {
        1: mask(9, 0, 3), 2: mask(9, 0, 3), AS_SHIPPED: mask(9, 0, 3)}  # fmt: skip
    assert told.calibration == calibration(days)
    assert told.chance == chance(ground, days, own, 4, 3)
    assert judged().ground.cases == ground.cases


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"budgets": ()}, "got: budgets [], 20 resamples, 4 lots; expected: 1 or more of each, lots 0 or more"),
        ({"budgets": (5, 0)}, "got: budgets [5, 0], 20 resamples, 4 lots; "),
        ({"resamples": 0}, "got: budgets [2, 1], 0 resamples, 4 lots; "),
        ({"lots": -1}, "got: budgets [2, 1], 20 resamples, -1 lots; "),
    ],
    ids=["none", "budget", "resamples", "lots"],
)
def test_settings_out_of_range_are_refused(more: dict[str, Any], told: str) -> None:
    """Each is named with what was got."""
    with pytest.raises(ValueError, match="settings are out of range") as refused:
        judged(**more)
    assert told in str(refused.value)


def test_the_smallest_settings_are_judged_by() -> None:
    """One alert a day, one resample."""
    assert judged(budgets=(1,), resamples=1, lots=1).judgement.system(PRODUCT).at(1).precision.alerts == 2


def test_priorities_that_do_not_fit_are_refused() -> None:
    """A priority is given for each row."""
    with pytest.raises(ValueError, match="odd does not fit the result; got: 3 priorities; expected: 9"):
        judge(stream(), (System("odd", "", np.zeros(3)),), FEW)


def test_the_share_of_payments_without_a_rank() -> None:
    """Of rows 1 to 3 (0 is history, 4 no payment that is scored) one has no rank; of nothing there is no share."""
    told = sheet([payment(f"e{n}", "a", 0, history=n == 0) for n in range(5)])
    told.scored[4] = False
    told.rank[[0, 2, 4]] = np.nan
    assert cold_share(told) == pytest.approx(1 / 3)
    assert cold_share(told.take(np.array([0, 4]))) is None


def test_the_hash_of_a_report_is_of_its_canonical_json() -> None:
    """SHA-256 over sorted keys without blanks, without timings and the hash itself."""
    report = {"b": {"d": 0.5, "c": [1, None]}, "timings": {"us": 3}, "report_hash": "x", "a": "y"}
    assert canonical_hash(report) == hashlib.sha256(b'{"a":"y","b":{"c":[1,null],"d":0.5}}').hexdigest()
