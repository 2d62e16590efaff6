"""T04 over nodes: what some residents pay one foreign party, others get from it."""

import numpy as np
import pytest

from detectors.books.payments import ROW
from detectors.typologies.t04_mirror import pairs_of
from tests.support.ledger import later
from tests.support.leg_log import PAYEE, LegLog, resident


def mirror(log: LegLog, sides=(5, 5), *, kept: float = 0.01, lag: float = 0.5, days: float = 0.4, **fields):
    """Residents 0, 1, ... pay, and residents 20, 21, ... get as much less a fee a while later; T04's alerts."""
    steps = [(days * number, "out", number, 1_500 + 250 * number) for number in range(sides[0])]
    steps += [
        (days * number + lag, "in", 20 + number, (1_500 + 250 * number) * (1 - kept)) for number in range(sides[1])
    ]
    raised = []
    for number, (day, direction, who, amount) in enumerate(sorted(steps)):
        for outputs in log.pay(f"e{number}", later(days=day), f"{amount:.2f}", who, direction=direction, **fields):
            raised += [alert for alert in outputs.alerts if "T04" in [hit.id for hit in alert.typologies]]
    return raised


def hit_of(alert):
    """T04's part of an alert."""
    return next(hit for hit in alert.typologies if hit.id == "T04")


def test_five_that_pay_and_five_that_are_paid_mirror_each_other():
    """Both sides, the difference, the pairs with their lag and fee, and all ten residents."""
    (alert,) = mirror(LegLog())
    hit = hit_of(alert)
    assert (hit.window, alert.counterparty) == ("3 days", PAYEE)
    assert {one.name: one.value for one in hit.measured} == {
        "payers": 5,
        "payees": 5,
        "mirror_sent": "10000.00",
        "mirror_received": "9900.00",
        "mirror_residual": "100.00",
        "mirror_balance": 0.99,
        "paired_legs": 5,
        "pair_lag_hours": 12.0,
        "implied_fee": 0.01,
        "mirror_days": 3,
        "sample_of": 1,
    }
    assert set(alert.parties) == {resident(number) for number in (*range(5), *range(20, 25))}
    assert alert.party == resident(4)
    assert alert.amount_usd == "19900.00"
    assert {test.id: test.outcome for test in hit.tests} == {
        "both_sides": "met",
        "volumes_match": "met",
        "legs_match": "met",
        "no_documents": "met",
        "business_without_registration": "cannot_tell",
    }
    text = next(one for one in alert.reasons if one.feature == "T04")
    assert (
        "5 payments out have a payment in of a like amount, 12.0 hours after it in the middle; 1.0 % less"
        in text.text_en
    )
    assert "지급 후 12.0시간" in text.text_ko


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("four payees", {"sides": (5, 4)}),
        ("four payers", {"sides": (4, 5)}),
        ("documents shown", {"evidence": "shown"}),
        ("a fifth less came", {"kept": 0.2}),
        ("far more came", {"kept": -0.2}),
        ("over a quarter", {"days": 18.0}),
    ],
)
def test_what_is_no_mirror(case, fields):
    """Each lacks one thing that is asked for."""
    assert mirror(LegLog(), **fields) == [], case


def test_residents_on_both_sides_are_customers_of_a_market():
    """Who sells and buys at one place mirrors nobody."""
    log = LegLog()
    for number in range(24):
        direction = "out" if number % 2 else "in"
        outputs = log.pay(f"e{number}", later(hours=number), "2000", number % 8 // 2, direction=direction)
        assert not [alert for one in outputs for alert in one.alerts]


def test_weeks_of_slow_answers_are_found_in_a_month():
    """Each answered five days later."""
    (alert,) = mirror(LegLog(), lag=5.0, days=4.0)
    assert hit_of(alert).window == "30 days"


def test_a_side_that_comes_back_takes_the_mirror_back():
    """A cancelled payment leaves four."""
    log = LegLog()
    (alert,) = mirror(log)
    outputs = log.pay("x", later(days=5), "1500", 0, status="cancelled", original_event_id="e0")
    (back,) = [one for out in outputs for one in out.alerts if one.supersedes == alert.alert_id]
    assert back.status == "retracted"


def test_one_more_payment_takes_no_mirror_back():
    """A hundred thousand that another bank tells of, to a resident of its own: the five on each side have been paid."""
    log = LegLog()
    (alert,) = mirror(log)
    at = later(days=1)
    outputs = log.pay("big", at, "100000", 77, direction="in", institution="EVILKRSE", evidence="none")
    assert [one.alert_id for out in outputs for one in out.alerts if one.supersedes == alert.alert_id] == []


def test_the_order_of_arrival_changes_nothing_at_the_end():
    """The last leg completes it, whichever it is."""
    log = LegLog()
    raised = []
    for number, (direction, who) in enumerate(
        [("in", 20 + each) for each in range(5)] + [("out", each) for each in range(5)]
    ):
        for outputs in log.pay(f"e{number}", later(hours=30 - number), "2000", who, direction=direction):
            raised += outputs.alerts
    assert [hit_of(alert).window for alert in raised if "T04" in [hit.id for hit in alert.typologies]] == ["1 days"]


def side(*legs: tuple[int, int]) -> np.ndarray:
    """Rows of (hour, cents)."""
    rows = np.zeros(len(legs), ROW)
    rows["time"] = [hour * 3_600_000_000 for hour, _ in legs]
    rows["usd"] = [cents for _, cents in legs]
    rows["event"] = range(len(legs))
    return rows


@pytest.mark.parametrize(
    ("out", "back", "pairs"),
    [
        (side((0, 100_00)), side((5, 99_00)), (1, 5.0, 0.01)),
        (side((0, 100_00)), side((5, 89_00)), (0, 0.0, 0.0)),
        (side((0, 100_00), (1, 100_00)), side((2, 100_00)), (1, 2.0, 0.0)),
        (side((9, 100_00)), side((1, 100_00), (11, 100_00)), (1, 2.0, 0.0)),
        (side((9, 100_00)), side((5, 100_00)), (1, -4.0, 0.0)),
        (side((0, 100_00), (10, 200_00)), side((3, 198_00), (4, 99_00)), (2, 4.0, 0.01)),
    ],
)
def test_legs_are_paired_by_amount_and_then_by_time(out, back, pairs):
    """Each leg once; the nearest of a like amount."""
    assert tuple(pairs_of(out, back))[1:] == pairs


def test_of_many_legs_the_newest_are_paired():
    """Bounded: what is older is no pair, and not counted as one that could be."""
    out = side(*((hour, 100_00) for hour in range(70)))
    back = side(*((hour, 100_00) for hour in range(70)))
    assert tuple(pairs_of(out, back)) == (64, 64, 0.0, 0.0)
    assert tuple(pairs_of(out, side((0, 100_00)))) == (1, 1, -6.0, 0.0)


def test_absurd_amounts_on_both_sides_are_a_mirror_and_no_fault():
    """Cents of 62 bits; sums are exact."""
    log, raised = LegLog(), []
    for number in range(12):
        direction = "out" if number % 2 else "in"
        for outputs in log.pay(f"e{number}", later(hours=number), "1" + "0" * 17, number, direction=direction):
            raised += [hit_of(alert) for alert in outputs.alerts if "T04" in [hit.id for hit in alert.typologies]]
    assert {one.name: one.value for one in raised[0].measured}["mirror_sent"] == "230584300921369395.20"


def both_sides(sent: int, came: int, log: LegLog | None = None) -> int:
    """How many alerts of T04 come of five payments out and five in, each of one amount."""
    log, count = log or LegLog(), 0
    for number in range(10):
        direction, amount = ("out", sent) if number < 5 else ("in", came)
        for outputs in log.pay(f"e{number}", later(hours=number), str(amount), number, direction=direction):
            count += sum("T04" in [hit.id for hit in alert.typologies] for alert in outputs.alerts)
    return count


@pytest.mark.parametrize(
    ("sent", "came", "alerts"),
    [(2000, 1700, 1), (2000, 1699, 0), (2000, 2300, 1), (2000, 2301, 0), (1000, 1000, 1), (1000, 999, 0)],
)
def test_balance_and_sum_at_their_limits(sent, came, alerts):
    """From 0.85 to 1.15 of what was sent, and ten thousand dollars together, all included."""
    assert both_sides(sent, came) == alerts


def test_a_resident_on_both_sides_counts_on_neither():
    """Five payers of whom one was paid before are four."""
    log = LegLog()
    log.pay("before", later(), "300", 0, direction="in")
    assert both_sides(2000, 2000, log) == 0
